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
    PyObject_HEAD
    uint64_t store_id;
    VMGlobal *value; /* NULL in objects made by calling the type */
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
    GlobalObject *self = (GlobalObject *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->store_id = store->id;
    self->value = value;
    self->kind = (uint8_t)kind;
    self->is_mutable = is_mutable;
    return (PyObject *)self;
}

PyObject *tp_global_handle(Store *store, VMGlobal *global, int kind, bool is_mutable) {
    PyTypeObject *type = tp_registry.Global != NULL ? (PyTypeObject *)tp_registry.Global : global_type;
    return new_handle(type, store, global, kind, is_mutable);
}

VMGlobal *tp_global_of(PyObject *handle, uint64_t *store_id, int *kind, bool *is_mutable) {
    GlobalObject *self = (GlobalObject *)handle;
    if (!PyObject_TypeCheck(handle, global_type) || self->value == NULL) {
        PyErr_Format(PyExc_TypeError, "expected a Global, got %.100s", Py_TYPE(handle)->tp_name);
        return NULL;
    }
    *store_id = self->store_id;
    *kind = self->kind;
    *is_mutable = self->is_mutable;
    return self->value;
}

/* The store of `self`, checked; NULL with an exception. */
static Store *enter(PyObject *self, const char *method, PyObject *const *args, Py_ssize_t given, Py_ssize_t wanted) {
    uint64_t store_id;
    int kind;
    bool is_mutable;
    if (tp_check_arg_count(method, given, wanted) < 0) return NULL;
    return tp_global_of(self, &store_id, &kind, &is_mutable) == NULL ? NULL : tp_store_for(args[0], store_id);
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
    if (enter(self, "_type", args, count, 1) == NULL) return NULL;
    GlobalObject *global = (GlobalObject *)self;
    return Py_BuildValue("iN", (int)global->kind, PyBool_FromLong(global->is_mutable));
}

static PyObject *global_get(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store = enter(self, "_get", args, count, 1);
    if (store == NULL) return NULL;
    GlobalObject *global = (GlobalObject *)self;
    uint64_t value[2] = {global->value->low, global->value->high};
    return tp_value_to_python(store, global->kind, value);
}

static PyObject *global_set(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store = enter(self, "_set", args, count, 2);
    if (store == NULL) return NULL;
    GlobalObject *global = (GlobalObject *)self;
    if (!global->is_mutable) {
        PyErr_SetString(tp_registry.WasmError, "global is immutable: it cannot be set");
        return NULL;
    }
    uint64_t value[2];
    if (tp_stored_from_python(store, global->kind, args[1], value) < 0) return NULL;
    if (tp_check_open(store) < 0) return NULL; /* conversion may run Python code */
    tp_global_store(store, global->value, global->kind, value);
    Py_RETURN_NONE;
}

static void global_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *global_richcompare(PyObject *self, PyObject *other, int op) {
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, global_type)) Py_RETURN_NOTIMPLEMENTED;
    /* Addresses are used again after a store is gone, ids are not. */
    bool same = ((GlobalObject *)self)->value == ((GlobalObject *)other)->value &&
                ((GlobalObject *)self)->store_id == ((GlobalObject *)other)->store_id;
    return PyBool_FromLong(same == (op == Py_EQ));
}

static Py_hash_t global_hash(PyObject *self) { return (Py_hash_t)((uintptr_t)((GlobalObject *)self)->value >> 4); }

static PyObject *global_get_store_id(PyObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromUnsignedLongLong(((GlobalObject *)self)->store_id);
}

#define METHOD(name, function) {name, (PyCFunction)(void (*)(void))function, METH_FASTCALL, NULL}
static PyMethodDef global_methods[] = {
    {"_create", (PyCFunction)(void (*)(void))global_create, METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    METHOD("_type", global_get_type),
    METHOD("_get", global_get),
    METHOD("_set", global_set),
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef global_getset[] = {
    {"_store_id", global_get_store_id, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot global_slots[] = {
    {Py_tp_dealloc, global_dealloc},   {Py_tp_richcompare, global_richcompare},
    {Py_tp_hash, global_hash},         {Py_tp_methods, global_methods},
    {Py_tp_getset, global_getset},     {0, NULL},
};

static PyType_Spec global_spec = {
    .name = "taipan._native.GlobalBase",
    .basicsize = sizeof(GlobalObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = global_slots,
};

int tp_init_global(PyObject *module) {
    global_type = tp_add_type(module, &global_spec);
    return global_type == NULL ? -1 : 0;
}
