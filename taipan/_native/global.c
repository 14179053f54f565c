/* Globals. Own globals of an instance lie in its VMContext, host-made ones in a record of the store; a handle points to
   the value and says how to read it. An i32 is kept zero-extended, an externref owns a count. */
#include "runtime.h"

typedef struct HostGlobal {
    Owned owned;
    VMGlobal value;
    uint8_t kind;
} HostGlobal;
_Static_assert(offsetof(HostGlobal, value) % 16 == 0, "v128 globals are 16-byte aligned");

/* ---- values at rest ---- */
int tp_stored_from_python(Store *store, int kind, PyObject *value, uint64_t out[2]) {
    if (kind != KIND_EXTERNREF) return tp_value_from_python(store, kind, value, out) < 0 ? -1 : tp_check_open(store);
    out[0] = value == Py_None ? 0 : (uint64_t)(uintptr_t)value;
    out[1] = 0;
    return 0;
}

void tp_externref_store(Store *store, uint64_t *slot, uint64_t value) {
    PyObject *old = tp_externref(*slot);
    if (value != 0) store->externref_increments++;
    if (old != NULL) store->externref_decrements++;
    Py_XINCREF(tp_externref(value));
    *slot = value;
    Py_XDECREF(old); /* last: its finalizer may do anything */
}

void tp_global_store(Store *store, VMGlobal *global, int kind, const uint64_t value[2]) {
    if (kind == KIND_EXTERNREF) tp_externref_store(store, &global->low, value[0]);
    else *global = (VMGlobal){value[0], value[1]};
}

/* ---- records of the store ---- */
static int host_global_traverse(Owned *owned, visitproc visit, void *arg) {
    HostGlobal *global = TP_CONTAINER_OF(owned, HostGlobal, owned);
    if (global->kind == KIND_EXTERNREF) Py_VISIT(tp_externref(global->value.low));
    return 0;
}

static void host_global_clear(Owned *owned) {
    HostGlobal *global = TP_CONTAINER_OF(owned, HostGlobal, owned);
    if (global->kind == KIND_EXTERNREF) tp_externref_clear(&global->value.low);
}

static const OwnedKind host_global_kind = {host_global_traverse, host_global_clear, tp_owned_free};

/* ---- GlobalBase ---- */
PyObject *tp_global_handle(PyTypeObject *type, Store *store, VMGlobal *global, GlobalPlan plan) {
    GlobalObject *self = (GlobalObject *)tp_handle_new(type, store, global);
    if (self != NULL) self->plan = plan;
    return (PyObject *)self;
}

static PyObject *global_create(PyObject *cls, PyObject *args) {
    PyObject *store_object, *value_object;
    uint64_t value[2];
    int kind, is_mutable;
    if (!PyArg_ParseTuple(args, "OipO:_create", &store_object, &kind, &is_mutable, &value_object)) return NULL;
    if (kind < 0 || kind > KIND_OPAQUE) return PyErr_Format(PyExc_ValueError, "no such kind of value: %d", kind);
    Store *store = tp_store_for(store_object, 0);
    if (store == NULL || tp_stored_from_python(store, kind, value_object, value) < 0) return NULL;
    HostGlobal *global = PyMem_Calloc(1, sizeof *global);
    if (global == NULL) return PyErr_NoMemory();
    global->kind = (uint8_t)kind;
    tp_global_store(store, &global->value, kind, value);
    tp_store_own(store, &global->owned, &host_global_kind);
    return tp_global_handle((PyTypeObject *)cls, store, &global->value, (GlobalPlan){(uint8_t)kind, is_mutable});
}

#define PLAN_OF(handle) (((GlobalObject *)handle)->plan)
TP_GETTER(global_get_type, "_type", VMGlobal,
    Py_BuildValue("iN", PLAN_OF(self).kind, PyBool_FromLong(PLAN_OF(self).is_mutable)))
TP_GETTER(global_get, "_get", VMGlobal,
    tp_value_to_python(store, PLAN_OF(self).kind, (uint64_t[]){target->low, target->high}))

static PyObject *global_set(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t value[2];
    GlobalPlan plan = PLAN_OF(self);
    VMGlobal *global = TP_BEGIN("_set", "o", &store);
    if (global == NULL) return NULL;
    if (!plan.is_mutable) return PyErr_Format(tp_registry.WasmError, "global is immutable: it cannot be set");
    if (tp_stored_from_python(store, plan.kind, args[1], value) < 0) return NULL;
    tp_global_store(store, global, plan.kind, value);
    Py_RETURN_NONE;
}

static PyMethodDef global_methods[] = {{"_create", global_create, METH_VARARGS | METH_CLASS, NULL},
    TP_METHOD("_type", global_get_type), TP_METHOD("_get", global_get), TP_METHOD("_set", global_set), {0}};
static PyType_Slot global_slots[] = {{Py_tp_methods, global_methods}, {0, NULL}};
TP_TYPE(global, "GlobalBase", GlobalObject, TP_BASE_FLAGS, global_slots, tp_global_type, tp_handle_type)
