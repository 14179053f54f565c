/* Leaving wasm other than by returning: traps, Python exceptions, and the backtrace taken before the stack goes.

   A trap becomes a Python exception while the wasm frames are still there; then the innermost entry stub returns as if
   its callee had, with activation->unwound set. Generated frames own nothing, so nothing is skipped that would need
   cleaning up. Frames are found by the chain of rbp: from where wasm was left (exit_pc, exit_fp) to the entry stub, then
   on from where the outer entry of the same store was left. */
#include "core.h"

#define MAX_FRAMES 256 /* of a backtrace, innermost first; call stack exhaustion would have 100,000 */

/* ---- the stack ---- */

typedef struct Walk {
    const Activation *activation;
    uintptr_t pc, fp;
} Walk;

static Walk walk_start(const Store *store) {
    return (Walk){.activation = store->activations, .pc = store->exit_pc, .fp = store->exit_fp};
}

/* The next wasm frame, innermost first: the place its pc is in, and its frame pointer. */
static bool walk_next(Walk *walk, CodePlace *place, uintptr_t *fp) {
    while (walk->activation != NULL) {
        uintptr_t end = arch_entry_fp(walk->activation->entry_sp);
        if (walk->activation->entry_sp != 0 && walk->fp < end) {
            uintptr_t pc = walk->pc;
            *fp = walk->fp;
            walk->pc = arch_frame_return(walk->fp);
            walk->fp = arch_frame_caller(walk->fp);
            if (tp_code_lookup(pc, place))
                return true;
            continue;
        }
        const Activation *ended = walk->activation;
        walk->activation = ended->outer_of_store;
        if (walk->activation != NULL) {
            walk->pc = ended->outer_exit_pc;
            walk->fp = ended->outer_exit_fp;
        }
    }
    return false;
}

static PyObject *frame_tuple(const CodePlace *place) {
    const Site *site = tp_code_site(place);
    return Py_BuildValue("OIIi", place->module->info, place->module->num_imported_funcs + place->extent->defined_index,
                         place->code_offset, site == NULL ? -1 : (int)site->wasm_offset);
}

static PyObject *backtrace(const Store *store) {
    PyObject *frames = PyList_New(0);
    if (frames == NULL || store == NULL)
        return frames;
    Walk walk = walk_start(store);
    CodePlace place;
    uintptr_t fp;
    while (PyList_GET_SIZE(frames) < MAX_FRAMES && walk_next(&walk, &place, &fp)) {
        PyObject *frame = frame_tuple(&place);
        if (frame == NULL || PyList_Append(frames, frame) < 0) {
            Py_XDECREF(frame);
            Py_DECREF(frames);
            return NULL;
        }
        Py_DECREF(frame);
    }
    return frames;
}

int tp_stack_map(uintptr_t pc, const uint32_t **distances) {
    CodePlace place;
    if (!tp_code_lookup(pc, &place))
        return -1;
    const Site *site = tp_code_site(&place);
    if (site == NULL)
        return -1;
    if (site->stack_map == 0 || place.extent->stack_maps == NULL)
        return 0;
    const uint32_t *map = place.extent->stack_maps + (site->stack_map - 1);
    *distances = map + 1;
    return (int)map[0];
}

static PyObject *debug_stack_map(PyObject *module, PyObject *address) {
    const uint32_t *distances = NULL;
    uintptr_t pc = (uintptr_t)PyLong_AsVoidPtr(address);
    (void)module;
    if (PyErr_Occurred())
        return NULL;
    int count = tp_stack_map(pc, &distances);
    if (count < 0)
        Py_RETURN_NONE;
    PyObject *list = PyList_New(count);
    for (int i = 0; list != NULL && i < count; i++) {
        PyObject *distance = PyLong_FromUnsignedLong(distances[i]);
        if (distance == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, distance);
    }
    return list;
}

static PyMethodDef functions[] = {
    {"debug_stack_map", debug_stack_map, METH_O, PyDoc_STR("Distances below rbp of the live references at a return address.")},
    {NULL, NULL, 0, NULL},
};

int tp_init_trap(PyObject *module) { return PyModule_AddFunctions(module, functions); }

/* ---- exceptions ---- */

static const char *trap_message(int trap) {
    switch (trap) {
#define CASE(name, number, message)                                                                                        \
    case number:                                                                                                           \
        return message;
        TRAPS(CASE)
    default:
        return NULL;
    }
}

/* Sets the exception; store: whose stack is the backtrace, or NULL. */
static void set_trap(const Store *store, int trap) {
    const char *message = trap_message(trap);
    if (message == NULL) {
        PyErr_Format(tp_registry.InternalError, "bug: generated code raised unknown trap %d", trap);
        return;
    }
    PyObject *frames = backtrace(store);
    if (frames == NULL)
        return;
    PyObject *exception = PyObject_CallFunction(tp_registry.make_trap, "iOs", trap, frames, message);
    Py_DECREF(frames);
    if (exception == NULL)
        return;
    if (PyExceptionInstance_Check(exception))
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    else
        PyErr_Format(tp_registry.InternalError, "bug: make_trap returned %.100s", Py_TYPE(exception)->tp_name);
    Py_DECREF(exception);
}

int tp_raise_trap(int trap) {
    set_trap(NULL, trap);
    return -1;
}

/* ---- leaving ---- */

_Noreturn void tp_unwind_with_python_error(Store *store) {
    Activation *activation = store->activations;
    activation->unwound = true;
    arch_unwind(activation->entry_sp);
}

_Noreturn void tp_trap(Store *store, int trap) {
    tp_gil_take(store);
    set_trap(store, trap);
    tp_unwind_with_python_error(store);
}

/* After the signal handler found a fault that is a trap. */
_Noreturn void tp_fault(void) {
    Activation *activation = tp_thread.top;
    Store *store = activation->store;
    store->exit_pc = activation->fault_pc;
    store->exit_fp = activation->fault_fp;
    tp_trap(store, activation->fault_trap);
}

/* The builtin `trap` was called; pc is the return address. */
_Noreturn void tp_trap_at_site(uintptr_t pc, uintptr_t fp) {
    Store *store = tp_thread.top->store;
    CodePlace place;
    const Site *site = tp_code_lookup(pc, &place) ? tp_code_site(&place) : NULL;
    store->exit_pc = pc;
    store->exit_fp = fp;
    if (site != NULL && (site->kind & 0xFF) == SITE_TRAP)
        tp_trap(store, (int)(site->kind >> 8));
    tp_gil_take(store);
    PyErr_SetString(tp_registry.InternalError, "bug: a trap without a site in generated code");
    tp_unwind_with_python_error(store);
}
