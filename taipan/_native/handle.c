/* What the handles of functions, memories, tables, globals and instances share; how their methods read arguments; and
   the store's limiter. */
#include "runtime.h"

/* ---- handles ---- */
PyObject *tp_handle_new(PyTypeObject *type, Store *store, void *target) {
    Handle *self = (Handle *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->store_id = store->id;
    self->target = target;
    return (PyObject *)self;
}

PyObject *tp_no_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    return PyErr_Format(PyExc_TypeError, "%.100s objects cannot be made by calling their type", type->tp_name);
}

static PyObject *handle_richcompare(PyObject *self, PyObject *other, int op) {
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, tp_handle_type)) Py_RETURN_NOTIMPLEMENTED;
    const Handle *a = (Handle *)self, *b = (Handle *)other;
    /* Addresses are used again after a store is gone, ids are not. */
    return PyBool_FromLong((a->target == b->target && a->store_id == b->store_id) == (op == Py_EQ));
}

static Py_hash_t handle_hash(PyObject *object) {
    const Handle *self = (Handle *)object;
    return (Py_hash_t)(((uintptr_t)self->target >> 4) ^ (self->store_id << 44)) & PY_SSIZE_T_MAX;
}

void tp_plain_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef handle_members[] = {{"_store_id", T_ULONGLONG, offsetof(Handle, store_id), READONLY, NULL}, {0}};
static PyType_Slot handle_slots[] = {{Py_tp_new, tp_no_new}, {Py_tp_dealloc, tp_plain_dealloc},
    {Py_tp_richcompare, handle_richcompare}, {Py_tp_hash, handle_hash}, {Py_tp_members, handle_members}, {0, NULL}};
TP_TYPE(handle, "Handle", Handle, TP_BASE_FLAGS, handle_slots, tp_handle_type, NULL)
void tp_owned_free(Owned *owned) { PyMem_Free(owned); }

/* ---- arguments ---- */
int tp_check_open(Store *store) {
    return store->live_id != 0 ? 0 : tp_error(tp_registry.StoreClosedError, "the store is closed");
}

/* A size: non-negative and below 2^64, else ValueError or OverflowError. An index: every integer is accepted, those
   outside 63 bits become UINT64_MAX, which is out of bounds of everything that fits into an address space. */
int tp_integer_arg(PyObject *object, bool is_size, uint64_t *out) {
    PyObject *number = PyNumber_Index(object);
    if (number == NULL) return -1;
    int overflow, result = 0;
    long long small = PyLong_AsLongLongAndOverflow(number, &overflow);
    *out = overflow != 0 || small < 0 ? UINT64_MAX : (uint64_t)small;
    if (is_size && (overflow < 0 || (overflow == 0 && small < 0)))
        result = tp_error(PyExc_ValueError, "a size must not be negative, got %R", number);
    else if (is_size && overflow > 0 && (*out = PyLong_AsUnsignedLongLong(number)) == UINT64_MAX && PyErr_Occurred())
        result = -1;
    Py_DECREF(number);
    return result;
}

void *tp_begin(PyObject *self, const char *method, const char *format, PyObject *const *args, Py_ssize_t given,
    Store **store, ...) {
    Handle *handle = (Handle *)self;
    Py_ssize_t wanted = 1 + (Py_ssize_t)strlen(format);
    if (given != wanted)
        return (void *)PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, got %zd", method, wanted, given);
    bool good = true;
    va_list outs;
    va_start(outs, store);
    for (Py_ssize_t i = 1; good && i < wanted; i++)
        if (format[i - 1] != 'o') good = tp_integer_arg(args[i], format[i - 1] == 's', va_arg(outs, uint64_t *)) == 0;
    va_end(outs);
    /* Last: conversion may have run Python code that closed the store. */
    *store = good ? tp_store_for(args[0], handle->store_id) : NULL;
    return *store == NULL ? NULL : handle->target;
}

/* ---- the limiter: Python code, which may raise, re-enter the store, replace itself or close the store ---- */
int tp_limiter_ask(Store *store, bool is_table, uint64_t current, uint64_t desired, bool has_max, uint64_t maximum) {
    if (store->limiter == NULL || store->limiter == Py_None) return 1;
    PyObject *answer = PyObject_CallFunction(tp_registry.ask_limiter, "OiKKN", store->limiter, is_table, current,
        desired, tp_maximum_to_python(has_max, maximum));
    int yes = answer == NULL ? -1 : PyObject_IsTrue(answer);
    Py_XDECREF(answer);
    return yes >= 0 && tp_check_open(store) < 0 ? -1 : yes;
}

int tp_limiter_grow_failed(Store *store, bool is_table, uint64_t delta, const char *why) {
    if (store->limiter == NULL || store->limiter == Py_None) return 0;
    PyObject *told = PyObject_CallFunction(tp_registry.tell_limiter, "OiKs", store->limiter, is_table, delta, why);
    Py_XDECREF(told);
    return told == NULL ? -1 : 0;
}
