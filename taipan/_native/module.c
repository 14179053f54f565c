/* The extension module: its types, and the Python objects that the C side makes or raises. */
#include "core.h"

Registry tp_registry;

PyTypeObject *tp_add_type(PyObject *module, PyType_Spec *spec) {
    PyTypeObject *type = (PyTypeObject *)PyType_FromSpec(spec);
    if (type == NULL)
        return NULL;
    if (PyModule_AddType(module, type) < 0) {
        Py_DECREF(type);
        return NULL;
    }
    return type;
}

/* The name in register(), where it goes, and the type that a class must derive from. */
typedef struct Registered {
    const char *name;
    PyObject **slot;
    const char *base; /* attribute of this module; NULL: an exception class; "": any callable */
} Registered;

static PyObject *native_register(PyObject *module, PyObject *args, PyObject *kwargs) {
    const Registered rows[] = {
        {"Func", &tp_registry.Func, "FuncBase"},
        {"Memory", &tp_registry.Memory, "MemoryBase"},
        {"Table", &tp_registry.Table, "TableBase"},
        {"Global", &tp_registry.Global, "GlobalBase"},
        {"Caller", &tp_registry.Caller, "CallerBase"},
        {"Val", &tp_registry.Val, ""},
        {"make_trap", &tp_registry.make_trap, ""},
        {"StoreClosedError", &tp_registry.StoreClosedError, NULL},
        {"StoreBusyError", &tp_registry.StoreBusyError, NULL},
        {"WrongStoreError", &tp_registry.WrongStoreError, NULL},
        {"WasmError", &tp_registry.WasmError, NULL},
        {"UnsupportedError", &tp_registry.UnsupportedError, NULL},
        {"InternalError", &tp_registry.InternalError, NULL},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    if (PyTuple_GET_SIZE(args) != 0) {
        PyErr_SetString(PyExc_TypeError, "register() takes keyword arguments only");
        return NULL;
    }
    if (kwargs == NULL || PyDict_GET_SIZE(kwargs) != (Py_ssize_t)count) {
        PyErr_Format(PyExc_TypeError, "register() needs exactly %zu objects", count);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) { /* check all before anything changes */
        PyObject *value = PyDict_GetItemString(kwargs, rows[i].name);
        if (value == NULL) {
            PyErr_Format(PyExc_TypeError, "register() misses %s", rows[i].name);
            return NULL;
        }
        int good;
        if (rows[i].base == NULL) {
            good = PyExceptionClass_Check(value);
        } else if (rows[i].base[0] == 0) {
            good = PyCallable_Check(value);
        } else {
            PyObject *base = PyObject_GetAttrString(module, rows[i].base);
            if (base == NULL)
                return NULL;
            good = PyType_Check(value) ? PyObject_IsSubclass(value, base) : 0;
            Py_DECREF(base);
        }
        if (good < 0)
            return NULL;
        if (!good) {
            PyErr_Format(PyExc_TypeError, "register(): %s is not of the expected kind", rows[i].name);
            return NULL;
        }
    }
    for (size_t i = 0; i < count; i++)
        Py_XSETREF(*rows[i].slot, Py_NewRef(PyDict_GetItemString(kwargs, rows[i].name)));
    /* Heap types do not inherit the flag before CPython 3.12; without it every call would build a tuple. */
    tp_func_class_calls((PyTypeObject *)tp_registry.Func);
    tp_registry.complete = true;
    Py_RETURN_NONE;
}

static PyMethodDef native_methods[] = {
    {"register", (PyCFunction)(void (*)(void))native_register, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("Tell the C side which Python objects it makes or raises.")},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef native_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "taipan._native",
    .m_doc = PyDoc_STR("The native runtime: code memory, traps, calls, memories, tables, globals, instances."),
    .m_size = -1, /* signal handlers and code memory belong to the process: one interpreter only */
    .m_methods = native_methods,
};

static int add_kinds(PyObject *module) {
    static const struct {
        const char *name;
        int value;
    } kinds[] = {
        {"KIND_I32", KIND_I32},   {"KIND_I64", KIND_I64},         {"KIND_F32", KIND_F32},
        {"KIND_F64", KIND_F64},   {"KIND_V128", KIND_V128},       {"KIND_FUNCREF", KIND_FUNCREF},
        {"KIND_EXTERNREF", KIND_EXTERNREF}, {"KIND_OPAQUE", KIND_OPAQUE},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (PyModule_AddIntConstant(module, kinds[i].name, kinds[i].value) < 0)
            return -1;
    return 0;
}

PyMODINIT_FUNC PyInit__native(void) {
    PyObject *module = PyModule_Create(&native_module);
    if (module == NULL)
        return NULL;
    if (add_kinds(module) < 0 || tp_init_poll() < 0 || tp_init_signals() < 0 || tp_init_store(module) < 0 ||
        tp_init_code(module) < 0 || tp_init_trap(module) < 0 || tp_init_native_module(module) < 0 || tp_init_value(module) < 0 ||
        tp_init_call(module) < 0 || tp_init_host_call(module) < 0 || tp_init_memory(module) < 0 ||
        tp_init_table(module) < 0 || tp_init_global(module) < 0 || tp_init_instance(module) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
