/* The store's limiter: asked before memories and tables are made or grow, and told when an allowed growth fails. It is
   Python code: it may raise, re-enter the store, replace itself or close the store. */
#include "objects.h"

int tp_limiter_ask(Store *store, bool is_table, uint64_t current, uint64_t desired, uint64_t maximum) {
    PyObject *limiter = store->limiter;
    if (limiter == NULL) return 1;
    PyObject *answer;
    const char *method = is_table ? "table_growing" : "memory_growing";
    Py_INCREF(limiter); /* it may replace itself */
    if (maximum == UINT64_MAX) {
        answer = PyObject_CallMethod(limiter, method, "KKO", current, desired, Py_None);
    } else {
        answer = PyObject_CallMethod(limiter, method, "KKK", current, desired, maximum);
    }
    Py_DECREF(limiter);
    if (answer == NULL) return -1;
    int yes = PyObject_IsTrue(answer);
    Py_DECREF(answer);
    return yes >= 0 && tp_check_open(store) < 0 ? -1 : yes;
}

int tp_limiter_grow_failed(Store *store, bool is_table, const char *message) {
    PyObject *limiter = store->limiter;
    if (limiter == NULL) return 0;
    Py_INCREF(limiter);
    int result = -1;
    PyObject *told = NULL, *error = NULL;
    PyObject *method = PyObject_GetAttrString(limiter, is_table ? "table_grow_failed" : "memory_grow_failed");
    if (method == NULL) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) { /* being told is optional */
            PyErr_Clear();
            result = 0;
        }
        goto done;
    }
    error = PyObject_CallFunction(tp_registry.WasmError, "s", message);
    if (error == NULL) goto done;
    told = PyObject_CallOneArg(method, error);
    result = told == NULL ? -1 : 0;
done:
    Py_XDECREF(told);
    Py_XDECREF(error);
    Py_XDECREF(method);
    Py_DECREF(limiter);
    return result;
}
