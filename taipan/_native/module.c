/* The extension module: its types, and the Python objects that the C side makes or raises. */
#include "runtime.h"

Registry tp_registry;
PyTypeObject *tp_store_type, *tp_signature_type, *tp_native_module_type, *tp_code_region_type, *tp_handle_type;
PyTypeObject *tp_func_type, *tp_caller_type, *tp_memory_type, *tp_table_type, *tp_global_type;

PyTypeObject *tp_add_type(PyObject *module, PyType_Spec *spec, PyTypeObject *base) {
    PyTypeObject *type = (PyTypeObject *)PyType_FromSpecWithBases(spec, (PyObject *)base);
    if (type != NULL && PyModule_AddType(module, type) < 0) Py_CLEAR(type);
    return type;
}

static PyObject *native_register(PyObject *module, PyObject *args, PyObject *kwargs) {
    /* In the order of Registry; the first ones are subclasses of the type here that is called so and "Base". */
    static char *names[] = {"Func", "Memory", "Table", "Global", "Caller", "Val", "ExternRef", "make_trap",
        "ask_limiter", "tell_limiter", "StoreClosedError", "StoreBusyError", "WrongStoreError", "WasmError",
        "UnsupportedError", "InternalError", NULL};
    PyObject *o[sizeof names / sizeof names[0] - 1];
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$OOOOOOOOOOOOOOOO:register", names, &o[0], &o[1], &o[2], &o[3],
            &o[4], &o[5], &o[6], &o[7], &o[8], &o[9], &o[10], &o[11], &o[12], &o[13], &o[14], &o[15]))
        return NULL;
    _Static_assert(offsetof(Registry, complete) == sizeof o, "each member of Registry has a name");
    for (int i = 0; i < 5; i++) {
        char base_name[16];
        snprintf(base_name, sizeof base_name, "%sBase", names[i]);
        PyObject *base = PyObject_GetAttrString(module, base_name);
        bool good = base != NULL && PyType_Check(o[i]) && PyType_IsSubtype((PyTypeObject *)o[i], (PyTypeObject *)base);
        Py_XDECREF(base);
        if (!good) return PyErr_Format(PyExc_TypeError, "register(): %s is not a subclass of %s", names[i], base_name);
    }
    PyObject **slots = (PyObject **)&tp_registry;
    for (size_t i = 0; i < sizeof o / sizeof o[0]; i++) Py_XSETREF(slots[i], Py_NewRef(o[i]));
    /* Heap types do not inherit the flag before CPython 3.12; without it every call would build a tuple. */
    tp_func_class_calls((PyTypeObject *)tp_registry.Func);
    tp_registry.complete = true;
    Py_RETURN_NONE;
}

static PyMethodDef native_methods[] = {
    {"register", (PyCFunction)(void (*)(void))native_register, METH_VARARGS | METH_KEYWORDS, NULL},
    {"sample_into", tp_sample_into, METH_O, NULL}, {"take_samples", tp_take_samples, METH_NOARGS, NULL},
    {"end_despite", tp_end_despite, METH_O, NULL}, {"debug_null_funcref", tp_debug_null_funcref, METH_NOARGS, NULL},
    {"debug_gc_stress", tp_debug_gc_stress, METH_O, NULL}, {0}};

static struct PyModuleDef native_module = {PyModuleDef_HEAD_INIT, .m_name = "taipan._native",
    .m_doc = PyDoc_STR("The native runtime: code memory, traps, calls, memories, tables, globals, instances."),
    .m_size = -1, /* signal handlers and code memory belong to the process: one interpreter only */
    .m_methods = native_methods};

PyMODINIT_FUNC PyInit__native(void) {
    static int (*const parts[])(PyObject *) = {tp_init_poll, tp_init_signals, tp_init_handle, tp_init_store,
        tp_init_code, tp_init_native_module, tp_init_value, tp_init_call, tp_init_host_call, tp_init_memory,
        tp_init_table, tp_init_global, tp_init_instance};
#define NAME(kind) "KIND_" #kind,
    static const char *const kinds[] = {KINDS(NAME)};
    PyObject *module = PyModule_Create(&native_module);
    int result = module == NULL ? -1 : 0;
    for (int i = 0; result == 0 && i < KIND_COUNT; i++) result = PyModule_AddIntConstant(module, kinds[i], i);
    for (size_t i = 0; result == 0 && i < sizeof parts / sizeof parts[0]; i++) result = parts[i](module);
    if (result < 0) Py_CLEAR(module);
    return module;
}
