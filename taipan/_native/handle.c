/* What the handles of memories, tables, globals and instances share, and how their methods read arguments. */
#include "objects.h"

static PyTypeObject *handle_type;

/* ---- handles ---- */

PyObject *tp_handle_new(PyTypeObject *type, Store *store, void *target) {
    Handle *self = (Handle *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->store_id = store->id;
    self->target = target;
    return (PyObject *)self;
}

void *tp_handle_target(PyObject *object, PyTypeObject *type, const char *what, uint64_t *store_id) {
    if (!PyObject_TypeCheck(object, type) || ((Handle *)object)->target == NULL) {
        PyErr_Format(PyExc_TypeError, "expected a %s, got %.100s", what, Py_TYPE(object)->tp_name);
        return NULL;
    }
    *store_id = ((Handle *)object)->store_id;
    return ((Handle *)object)->target;
}

void *tp_handle_enter(PyObject *self, const char *method, PyObject *const *args, Py_ssize_t given, Py_ssize_t wanted,
                      Store **store) {
    Handle *handle = (Handle *)self;
    if (given != wanted) {
        PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, got %zd", method, wanted, given);
        return NULL;
    }
    if (handle->target == NULL) {
        PyErr_Format(PyExc_TypeError, "this %.100s was not made by _create", Py_TYPE(self)->tp_name);
        return NULL;
    }
    *store = tp_store_for(args[0], handle->store_id);
    return *store == NULL ? NULL : handle->target;
}

int tp_check_open(Store *store) {
    if (store->live_id != 0) return 0;
    PyErr_SetString(tp_registry.StoreClosedError, "the store is closed");
    return -1;
}

static PyObject *handle_richcompare(PyObject *self, PyObject *other, int op) {
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, handle_type)) Py_RETURN_NOTIMPLEMENTED;
    /* Addresses are used again after a store is gone, ids are not. */
    bool same = ((Handle *)self)->target == ((Handle *)other)->target &&
                ((Handle *)self)->store_id == ((Handle *)other)->store_id;
    return PyBool_FromLong(same == (op == Py_EQ));
}

static Py_hash_t handle_hash(PyObject *self) { return (Py_hash_t)((uintptr_t)((Handle *)self)->target >> 4); }

static PyObject *handle_get_store_id(PyObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromUnsignedLongLong(((Handle *)self)->store_id);
}

static void handle_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyGetSetDef handle_getset[] = {
    {"_store_id", handle_get_store_id, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot handle_slots[] = {
    {Py_tp_dealloc, handle_dealloc}, {Py_tp_richcompare, handle_richcompare}, {Py_tp_hash, handle_hash},
    {Py_tp_getset, handle_getset},   {0, NULL},
};

static PyType_Spec handle_spec = {
    .name = "taipan._native.Handle",
    .basicsize = sizeof(Handle),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = handle_slots,
};

PyTypeObject *tp_add_handle_type(PyObject *module, PyType_Spec *spec) {
    if (handle_type == NULL) handle_type = (PyTypeObject *)PyType_FromSpec(&handle_spec);
    if (handle_type == NULL) return NULL;
    PyTypeObject *type = (PyTypeObject *)PyType_FromSpecWithBases(spec, (PyObject *)handle_type);
    if (type != NULL && PyModule_AddType(module, type) < 0) Py_CLEAR(type);
    return type;
}

/* ---- arguments ---- */

int tp_size_arg(PyObject *object, const char *name, uint64_t *out) {
    PyObject *number = PyNumber_Index(object);
    if (number == NULL) return -1;
    int overflow;
    long long small = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow < 0 || (overflow == 0 && small < 0)) {
        PyErr_Format(PyExc_ValueError, "%s must not be negative, got %R", name, number);
        Py_DECREF(number);
        return -1;
    }
    *out = overflow == 0 ? (uint64_t)small : PyLong_AsUnsignedLongLong(number);
    Py_DECREF(number);
    return PyErr_Occurred() ? -1 : 0;
}

int tp_index_arg(PyObject *object, uint64_t *out) {
    PyObject *number = PyNumber_Index(object);
    if (number == NULL) return -1;
    int overflow;
    long long small = PyLong_AsLongLongAndOverflow(number, &overflow);
    Py_DECREF(number);
    /* What does not fit into 63 bits is out of bounds of everything that fits into an address space. */
    *out = overflow != 0 || small < 0 ? UINT64_MAX : (uint64_t)small;
    return 0;
}

int tp_maximum_arg(PyObject *object, const char *name, uint64_t *out) {
    int overflow = 0;
    if (PyLong_Check(object) && PyLong_AsLongLongAndOverflow(object, &overflow) == -1 && overflow == 0) {
        *out = UINT64_MAX;
        return 0;
    }
    return tp_size_arg(object, name, out);
}

PyObject *tp_maximum_to_python(uint64_t maximum) {
    return maximum == UINT64_MAX ? PyLong_FromLong(-1) : PyLong_FromUnsignedLongLong(maximum);
}
