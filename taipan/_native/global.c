/* Globals. Own globals of an instance lie in its VMContext, host-made ones in a record of the store; a handle points to
   the value and says how to read it. An i32 is kept zero-extended, an externref owns a count. */
#include "objects.h"

typedef struct HostGlobal {
    Owned owned;
    VMGlobal value;
    uint8_t kind;
} HostGlobal;
_Static_assert(offsetof(HostGlobal, value) % 16 == 0, "v128 globals are 16-byte aligned");

typedef struct GlobalObject {
    Handle handle; /* of a VMGlobal */
    uint8_t kind;
    bool is_mutable;
} GlobalObject;

static PyTypeObject *global_type;

/* ---- values at rest ---- */

int tp_stored_from_python(Store *store, int kind, PyObject *value, uint64_t out[2]) {
    if (kind != KIND_EXTERNREF) return tp_value_from_python(store, kind, value, out);
    out[0] = value == Py_None ? 0 : (uint64_t)(uintptr_t)value;
    out[1] = 0;
    return 0;
}

void tp_global_store(Store *store, VMGlobal *global, int kind, const uint64_t value[2]) {
    if (kind != KIND_EXTERNREF) {
        global->low = value[0];
        global->high = value[1];
        return;
    }
    PyObject *old = tp_externref(global->low), *new = tp_externref(value[0]);
    if (new != NULL) store->externref_increments++;
    if (old != NULL) store->externref_decrements++;
    global->low = (uint64_t)(uintptr_t)Py_XNewRef(new);
    Py_XDECREF(old); /* last: its finalizer may do anything */
}

/* ---- records of the store ---- */

static int host_global_traverse(Owned *owned, visitproc visit, void *arg) {
    HostGlobal *global = TP_CONTAINER_OF(owned, HostGlobal, owned);
    if (global->kind == KIND_EXTERNREF) Py_VISIT(tp_externref(global->value.low));
    return 0;
}

static void host_global_clear(Owned *owned) {
    HostGlobal *global = TP_CONTAINER_OF(owned, HostGlobal, owned);
    if (global->kind != KIND_EXTERNREF) return;
    PyObject *old = tp_externref(global->value.low);
    global->value.low = 0;
    Py_XDECREF(old);
}

static void host_global_free(Owned *owned) { PyMem_Free(TP_CONTAINER_OF(owned, HostGlobal, owned)); }

static const OwnedKind host_global_kind = {host_global_traverse, host_global_clear, host_global_free};

/* ---- GlobalBase ---- */

static PyObject *new_handle(PyTypeObject *type, Store *store, VMGlobal *value, int kind, bool is_mutable) {
    GlobalObject *self = (GlobalObject *)tp_handle_new(type, store, value);
    if (self == NULL) return NULL;
    self->kind = (uint8_t)kind;
    self->is_mutable = is_mutable;
    return (PyObject *)self;
}

PyObject *tp_global_handle(Store *store, VMGlobal *global, int kind, bool is_mutable) {
    return new_handle((PyTypeObject *)tp_registry.Global, store, global, kind, is_mutable);
}

VMGlobal *tp_global_of(PyObject *handle, uint64_t *store_id, int *kind, bool *is_mutable) {
    VMGlobal *global = tp_handle_target(handle, global_type, "Global", store_id);
    if (global == NULL) return NULL;
    *kind = ((GlobalObject *)handle)->kind;
    *is_mutable = ((GlobalObject *)handle)->is_mutable;
    return global;
}

static PyObject *global_create(PyObject *cls, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"store", "kind", "mutable", "value", NULL};
    PyObject *store_object, *value_object;
    int kind, is_mutable;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OipO", names, &store_object, &kind, &is_mutable, &value_object)) {
        return NULL;
    }
    if (kind < 0 || kind >= KIND_COUNT) return PyErr_Format(PyExc_ValueError, "no such kind of value: %d", kind);
    Store *store = tp_store_for(store_object, 0);
    if (store == NULL) return NULL;
    uint64_t value[2];
    if (tp_stored_from_python(store, kind, value_object, value) < 0) return NULL;
    if (tp_check_open(store) < 0) return NULL; /* conversion may run Python code */
    HostGlobal *global = PyMem_Calloc(1, sizeof *global);
    if (global == NULL) return PyErr_NoMemory();
    global->kind = (uint8_t)kind;
    tp_global_store(store, &global->value, kind, value);
    tp_store_own(store, &global->owned, &host_global_kind);
    return new_handle((PyTypeObject *)cls, store, &global->value, kind, is_mutable);
}

static PyObject *global_get_type(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    if (tp_handle_enter(self, "_type", args, count, 1, &store) == NULL) return NULL;
    GlobalObject *global = (GlobalObject *)self;
    return Py_BuildValue("iN", (int)global->kind, PyBool_FromLong(global->is_mutable));
}

static PyObject *global_get(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    const VMGlobal *global = tp_handle_enter(self, "_get", args, count, 1, &store);
    if (global == NULL) return NULL;
    const uint64_t value[2] = {global->low, global->high};
    return tp_value_to_python(store, ((GlobalObject *)self)->kind, value);
}

static PyObject *global_set(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    VMGlobal *global = tp_handle_enter(self, "_set", args, count, 2, &store);
    if (global == NULL) return NULL;
    if (!((GlobalObject *)self)->is_mutable) {
        PyErr_SetString(tp_registry.WasmError, "global is immutable: it cannot be set");
        return NULL;
    }
    int kind = ((GlobalObject *)self)->kind;
    uint64_t value[2];
    if (tp_stored_from_python(store, kind, args[1], value) < 0) return NULL;
    if (tp_check_open(store) < 0) return NULL; /* conversion may run Python code */
    tp_global_store(store, global, kind, value);
    Py_RETURN_NONE;
}

static PyMethodDef global_methods[] = {
    {"_create", (PyCFunction)(void (*)(void))global_create, METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    TP_METHOD("_type", global_get_type),
    TP_METHOD("_get", global_get),
    TP_METHOD("_set", global_set),
    {NULL, NULL, 0, NULL},
};

static PyType_Slot global_slots[] = {{Py_tp_methods, global_methods}, {0, NULL}};

static PyType_Spec global_spec = {
    .name = "taipan._native.GlobalBase",
    .basicsize = sizeof(GlobalObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = global_slots,
};

int tp_init_global(PyObject *module) {
    global_type = tp_add_handle_type(module, &global_spec);
    return global_type == NULL ? -1 : 0;
}
