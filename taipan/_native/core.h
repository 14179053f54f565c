/* What store.c code.c native_module.c value.c call.c host_call.c trap.c signals.c poll.c share among themselves. */
#ifndef TAIPAN_CORE_H
#define TAIPAN_CORE_H

#include "runtime.h" /* first: Python.h chooses what the system headers show */

#include <pthread.h>

#if defined(__x86_64__)
#include "arch_x64.h"
#else
#error "taipan's native runtime has stubs for x86-64 Linux only: add arch_<name>.h and arch_<name>.c for this machine"
#endif

/* ---- threads and activations ---- */

/* One entry from C into wasm; lives in the C frame that makes it. */
struct Activation {
    uintptr_t entry_sp;         /* written by the entry stub */
    bool unwound;               /* the callee was left by unwinding: a Python exception is set, the GIL is held */
    Activation *outer;          /* of this thread */
    Activation *outer_of_store; /* of the same store (same thread) */
    Store *store;
    uintptr_t outer_exit_pc,
        outer_exit_fp;            /* the store's exit_*, restored when this activation ends; if outer_of_store */
    uintptr_t fault_pc, fault_fp; /* written by the signal handler */
    int fault_trap;
};

struct Thread {
    Activation *top;       /* innermost entry of this thread; the signal handler believes nothing without one */
    uintptr_t stack_floor; /* below it there is no stack for wasm; 0: thread not prepared yet */
    bool is_main;
    void *own_altstack; /* NULL, or the mapping to free when the thread ends */
    int chain_level;    /* signals.c */
};
/* Initial-exec: a plain fs-relative access, also safe in signal handlers. */
extern __thread Thread tp_thread __attribute__((tls_model("initial-exec")));
/* Stack limits and the alternate stack of this thread. -1 with an exception. */
int tp_thread_prepare(void);
/* Now and then: has the main thread's stack limit been changed? */
void tp_thread_recheck(void);
/* Stack that wasm may use beyond max_wasm_stack, so that equal calls from slightly different depths need no new limit. */
#define STACK_LIMIT_SLACK ((uintptr_t)64 << 10)

/* ---- store.c: entering ---- */

/* Before calling wasm of an open store on this thread (GIL held). -1 with StoreBusyError, a Trap or another exception. */
int tp_store_enter_slow(Store *store, uintptr_t sp);
/* Write every instance's stack_limit cell, then a full fence. Any thread, as long as the store cannot close. */
void tp_store_set_cells(Store *store, uintptr_t value);
int tp_store_busy_error(void);
void tp_externrefs_sweep(Store *store);
#define EXTERNREFS_SWEEP 512 /* as many as Wasmtime's first chunk */
static inline void tp_externrefs_maybe_sweep(Store *store) {
    if (UNLIKELY(store->externrefs.used >= EXTERNREFS_SWEEP && store->depth == 0)) tp_externrefs_sweep(store);
}

/* ---- poll.c ---- */
extern _Atomic(bool) tp_ticker_awake;
void tp_ticker_wake(void); /* also the time for checks too slow for every entry */
void tp_ticker_add(Store *store);
void tp_ticker_remove(Store *store);

/* ---- python_signals.c ---- */

/* Whether PyErr_CheckSignals might have something to do. Needs no GIL; true if unknown. */
bool tp_python_signals_pending(void);

/* ---- signals.c ---- */
/* Install the handlers where something else is installed now. Cheap enough for slow paths: one system call each. */
int tp_signals_check(void);
void tp_signals_after_fork(void); /* in the child */
/* faulthandler.is_enabled as a C function: 2 ns. */
extern PyCFunction tp_faulthandler_is_enabled;
extern PyObject *tp_faulthandler_module, *tp_faulthandler_state;
int tp_signals_check_faulthandler(void);

/* Every entry: has faulthandler been switched on or off since the handlers were last looked at? */
static inline int tp_signals_still_ours(void) {
    if (LIKELY(tp_faulthandler_is_enabled != NULL)) {
        PyObject *state = tp_faulthandler_is_enabled(tp_faulthandler_module, NULL);
        Py_XDECREF(state); /* True or False: never the last reference */
        if (UNLIKELY(state != tp_faulthandler_state)) return tp_signals_check_faulthandler();
    }
    return 0;
}

/* Begin an activation. `sp`: an address in the caller's frame. GIL held; store open. 0, or -1 with an exception and
   nothing to undo. The caller then enters wasm through a stub. */
static inline int tp_enter(Store *store, Activation *activation, uintptr_t sp) {
    Thread *thread = &tp_thread;
    if (store->depth != 0) {
        if (UNLIKELY(store->owner != thread)) return tp_store_busy_error();
        if (UNLIKELY(sp < store->true_limit)) return tp_raise_trap(TRAP_STACK_OVERFLOW);
        activation->outer_exit_pc = store->exit_pc;
        activation->outer_exit_fp = store->exit_fp;
    } else {
        uintptr_t limit = store->true_limit, wanted = sp - store->max_wasm_stack;
        if (tp_signals_still_ours() < 0) return -1;
        /* The first comparison also sends unprepared threads away: their floor is 0, wanted - floor huge. */
        if (UNLIKELY(thread->stack_floor == 0 || limit < thread->stack_floor || limit > wanted ||
                     wanted - limit > STACK_LIMIT_SLACK)) {
            if (tp_store_enter_slow(store, sp) < 0) return -1;
        }
        store->owner = thread;
        atomic_store_explicit(&store->calls, atomic_load_explicit(&store->calls, memory_order_relaxed) + 1,
                              memory_order_relaxed);
        atomic_store_explicit(&store->running, 1, memory_order_relaxed);
        if (UNLIKELY(!atomic_load_explicit(&tp_ticker_awake, memory_order_relaxed))) tp_ticker_wake();
    }
    store->depth++;
    activation->unwound = false;
    activation->store = store;
    activation->outer = thread->top;
    activation->outer_of_store = store->activations;
    store->activations = activation;
    thread->top = activation;
    if (UNLIKELY(store->gil_policy == GIL_RELEASE)) tp_gil_release_for_call(store);
    return 0;
}

/* End it; the GIL is held afterwards. */
static inline void tp_leave(Store *store, Activation *activation) {
    tp_gil_take(store);
    store->activations = activation->outer_of_store;
    tp_thread.top = activation->outer;
    if (--store->depth == 0) {
        atomic_store_explicit(&store->running, 0, memory_order_relaxed);
    } else {
        store->exit_pc = activation->outer_exit_pc;
        store->exit_fp = activation->outer_exit_fp;
    }
}

/* ---- code.c ---- */

typedef struct Site { /* abi/layout.py: SITE_BYTES */
    uint32_t code_offset, wasm_offset, kind, stack_map;
} Site;
_Static_assert(sizeof(Site) == SITE_BYTES, "abi/layout.py");

/* One published function. Never changes while its code can run. */
typedef struct CodeExtent {
    uint32_t start, size; /* bytes from the region's base */
    uint32_t defined_index;
    uint32_t num_sites;
    const Site *sites; /* sorted by code_offset */
    const uint32_t *stack_maps;
} CodeExtent;

/* A run of pages of one module. Its functions lie in ascending order and are only ever appended. */
typedef struct Arena Arena;

typedef struct CodePlace {
    NativeModule *module;
    const CodeExtent *extent;
    uint32_t code_offset;
} CodePlace;

/* The function that contains this address. Takes no locks and allocates nothing: signal handlers use it too. Only
   meaningful for code that is running or on a stack: other code may go away meanwhile. */
bool tp_code_lookup(uintptr_t pc, CodePlace *place);
const Site *tp_code_site(const CodePlace *place); /* with exactly this code_offset, or NULL */

extern PyTypeObject *tp_code_region_type;
uint8_t *tp_region_base(CodeRegion *region);

/* Room for code of `module`, 16-byte aligned, in its newest arena or a new one; NULL with MemoryError. count: functions it
   makes, 1 if there will be more. `*arena` receives where it lies. */
uint8_t *tp_region_alloc(CodeRegion *region, NativeModule *module, Arena **arenas, size_t size, uint32_t count,
                         Arena **arena);
/* Write into room that was allocated and that no thread executes yet. -1 with OSError. */
int tp_region_write(CodeRegion *region, uint8_t *address, const void *bytes, size_t size);
/* Append functions; tp_region_alloc has made room. */
void tp_arena_append(Arena *arena, const CodeExtent *extents, uint32_t count);
void tp_region_free_arenas(CodeRegion *region, Arena *arenas);
uint64_t *tp_region_alloc_cells(CodeRegion *region, uint32_t count); /* NULL with MemoryError; not zeroed */
void tp_region_free_cells(CodeRegion *region, uint64_t *cells, uint32_t count);

/* ---- module_template.c, native_module.c ---- */

/* Fill in everything but `code`. -1 with an exception; what is there is freed by tp_template_free in any case. */
int tp_template_parse(NativeModule *self, PyObject *args, PyObject *kwargs);
int tp_template_traverse(NativeModule *self, visitproc visit, void *arg);
void tp_template_free(NativeModule *self);
uint64_t tp_module_code_bytes(const NativeModule *module);
void *tp_lazy_compile(VMContext *vmctx, NativeModule *module, uint32_t defined_index, uintptr_t fp);

/* ---- trap.c ---- */
_Noreturn void tp_fault(void);
_Noreturn void tp_trap_at_site(uintptr_t pc, uintptr_t fp);

/* ---- call.c, host_call.c ---- */
size_t tp_host_call(HostFunc *func, VMContext *caller, HostArgs *args, uintptr_t fp);
void tp_poll(VMContext *vmctx, uintptr_t address, uintptr_t pc, uintptr_t fp);
/* Where arguments and results go: abi/calls.py CallLayout. */
enum { PLACE_STACK, PLACE_INT, PLACE_FLOAT };
typedef struct Place {
    uint8_t place, kind;
    uint16_t reserved;
    uint32_t index; /* register number, or byte offset in the stack arguments */
} Place;
/* How little work a call needs. */
enum {
    PLAN_INTS,    /* only i32 and i64 in registers, at most one i32 or i64 result */
    PLAN_DOUBLES, /* only f64, at most 4, one f64 result */
    PLAN_GENERAL
};
typedef struct CallPlan {
    int shape;
    uint32_t stack_bytes, result_bytes;
    bool has_out;
    Place out;
    uint32_t *result_offsets; /* [num_results], the first unused */
    Place params[];
} CallPlan;

typedef struct CallerObject CallerObject;
Store *tp_caller_store(PyObject *caller); /* NULL without an exception when it is no longer valid */
bool tp_is_caller(PyObject *object);

#endif
