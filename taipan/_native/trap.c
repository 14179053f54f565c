/* Leaving wasm other than by returning: traps, Python exceptions, and the backtrace taken before the stack goes.

   A trap becomes a Python exception while the wasm frames are still there; then the innermost entry stub returns as if
   its callee had, with activation->unwound set. Generated frames own nothing, so nothing is skipped that would need
   cleaning up. Frames are found by the chain of rbp: from where wasm was left (exit_pc, exit_fp) to the entry stub, then
   on from where the outer entry of the same store was left. */
#include "runtime.h"

#define MAX_FRAMES 256 /* of a backtrace, innermost first; call stack exhaustion would have 100,000 */

/* ---- the stack ---- */
typedef struct Walk {
    const Activation *activation;
    uintptr_t pc, fp;
    bool broken; /* the chain did not lead to the entry stub */
} Walk;

/* The next frame of generated code, innermost first: pc (of a call, its return address) and frame pointer. */
static bool walk_next(Walk *walk, uintptr_t *pc, uintptr_t *fp) {
    while (walk->activation != NULL && !walk->broken) {
        uintptr_t end = arch_entry_fp(walk->activation->entry_sp);
        if (walk->fp < end) {
            *pc = walk->pc;
            *fp = walk->fp;
            walk->pc = arch_frame_return(walk->fp);
            walk->fp = arch_frame_caller(walk->fp);
            walk->broken = walk->fp <= *fp || walk->fp > end;
            return true;
        }
        const Activation *ended = walk->activation;
        walk->broken = walk->fp != end;
        walk->activation = ended->outer_of_store;
        if (walk->activation != NULL) {
            walk->pc = ended->outer_exit_pc;
            walk->fp = ended->outer_exit_fp;
        }
    }
    return false;
}

static const uint32_t *stack_map(const CodePlace *place, const Site *site) {
    static const uint32_t empty = 0;
    return site == NULL || site->stack_map == 0 ? &empty : place->extent->stack_maps + (site->stack_map - 1);
}

/* The functions that one frame of generated code is running: the inlined ones, then its own. */
static int append_frames(PyObject *frames, const CodePlace *place, const Site *site) {
    const uint32_t *map = stack_map(place, site), *inlined = map + 1 + MAP_SLOTS(*map);
    int wasm_offset = site == NULL ? -1 : (int)site->wasm_offset;
    for (uint32_t left = MAP_FRAMES(*map);; left--, inlined += 2) {
        uint32_t index = left == 0 ? place->extent->defined_index : inlined[0];
        PyObject *frame = Py_BuildValue(
            "OIIi", place->module->info, place->module->num_imported_funcs + index, place->code_offset, wasm_offset);
        int result = frame == NULL ? -1 : PyList_Append(frames, frame);
        Py_XDECREF(frame);
        if (result < 0 || left == 0 || PyList_GET_SIZE(frames) >= MAX_FRAMES) return result;
        wasm_offset = (int)inlined[1];
    }
}

static PyObject *backtrace(const Store *store) {
    PyObject *frames = PyList_New(0);
    if (frames == NULL || store == NULL) return frames;
    Walk walk = {.activation = store->activations, .pc = store->exit_pc, .fp = store->exit_fp};
    CodePlace place;
    uintptr_t pc, fp;
    while (PyList_GET_SIZE(frames) < MAX_FRAMES && walk_next(&walk, &pc, &fp)) {
        if (!tp_code_lookup(pc, &place)) continue;
        const Site *site = tp_code_site(&place);
        if (site != NULL && site->kind == SITE_CONTINUED) continue; /* shown already, as its callee */
        if (append_frames(frames, &place, site) < 0) {
            Py_DECREF(frames);
            return NULL;
        }
    }
    return frames;
}

bool tp_mark_frames(Store *store) {
    Walk walk = {.activation = store->activations, .pc = store->exit_pc, .fp = store->exit_fp};
    CodePlace place;
    uintptr_t pc, fp;
    while (walk_next(&walk, &pc, &fp)) {
        const Site *site = tp_code_lookup(pc, &place) ? tp_code_site(&place) : NULL;
        if (site == NULL) return false;
        const uint32_t *map = stack_map(&place, site);
        for (uint32_t i = 1; i <= MAP_SLOTS(*map); i++)
            if (!tp_externref_mark(store, *(PyObject *const *)(fp - (uintptr_t)(intptr_t)(int32_t)map[i])))
                return false;
    }
    return !walk.broken;
}

/* ---- exceptions ---- */
#define MESSAGE(name, number, message) [number] = message,
static const char *const messages[] = {TRAPS(MESSAGE)};

/* Sets the exception; store: whose stack is the backtrace, or NULL. */
static void set_trap(const Store *store, int trap) {
    const char *message = (size_t)trap < sizeof messages / sizeof messages[0] ? messages[trap] : NULL;
    if (message == NULL) {
        PyErr_Format(tp_registry.InternalError, "bug: generated code raised unknown trap %d", trap);
        return;
    }
    PyObject *frames = backtrace(store);
    if (frames == NULL) return;
    PyObject *exception = PyObject_CallFunction(tp_registry.make_trap, "iOs", trap, frames, message);
    Py_DECREF(frames);
    if (exception == NULL) return;
    if (PyExceptionInstance_Check(exception)) PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    else PyErr_Format(tp_registry.InternalError, "bug: make_trap returned %.100s", Py_TYPE(exception)->tp_name);
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
    if (site != NULL && (site->kind & 0xFF) == SITE_TRAP) tp_trap(store, (int)(site->kind >> 8));
    tp_gil_take(store);
    PyErr_SetString(tp_registry.InternalError, "bug: a trap without a site in generated code");
    tp_unwind_with_python_error(store);
}
