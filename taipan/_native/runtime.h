/* Internal header of the native runtime: structures shared by its files, and who owns what.

   store.c          StoreBase: owner lists, ids, entering and leaving
   externref.c      externrefs that wasm frames hold, and their collection
   code.c           CodeRegion: code memory, pc -> function, sites; fork
   native_module.c  NativeModule: what instances are made from, publishing, lazy entries
   signals.c        signal handlers, alternate stacks           trap.c   unwinding, stack walking, backtraces
   tier.c           samples for tier-up, leaving loops
   poll.c           interrupts, ticker, GIL policy              builtins.c  the helpers that generated code calls
   value.c          Signature, value conversion                 arch_x64_stubs.S  the stubs; .h: everything that names a register
   call.c           FuncBase: Python -> wasm                    host_call.c  wasm -> Python, CallerBase
   handle.c         what the handles of memory.c, table.c, global.c and instance.c share
   module.c         module init, register()

   Threads: a Store is used by one thread at a time (`owner`); its fields are only touched by that thread or with the
   GIL held, except those marked "any thread". Wasm may run without the GIL, see `gil_released`.

   "abi_generated.h" comes from taipan/abi by `python -m tools gen`. */
#ifndef TAIPAN_RUNTIME_H
#define TAIPAN_RUNTIME_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <structmember.h>

#include "abi_generated.h"

typedef struct Store Store;               /* the Python object StoreBase itself */
typedef struct Instance Instance;         /* owned by its store, never freed before it; begins with an InstanceHead */
typedef struct NativeModule NativeModule; /* a Python object */
typedef struct Signature Signature;       /* a Python object */
typedef struct CodeRegion CodeRegion;     /* a Python object */
typedef struct HostFunc HostFunc;
typedef struct Activation Activation;
typedef struct Thread Thread;
#define LOAD_RELAXED(cell) atomic_load_explicit(cell, memory_order_relaxed)
#define STORE_RELAXED(cell, value) atomic_store_explicit(cell, value, memory_order_relaxed)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- layouts that generated code reads, defined in abi_generated.h from abi/layout.py ---- */
typedef VMContextHeader VMContext; /* followed by what VMOffsets describes */
/* VMFuncRef.flags: FUNCREF_HOST: vmctx is a HostFunc; else the function index of its module is above the low byte. */
#define FUNCREF_HOST 1u
#define FUNCREF_FLAGS(func_index) ((uint32_t)(func_index) << 8) /* of a wasm function; indices are below 1,000,000 */
#define FUNCREF_INDEX(ref) ((ref)->flags >> 8)
static inline bool tp_is_ref_kind(int kind) { return kind >= KIND_FUNCREF && kind <= KIND_OPAQUE; }

/* ---- module.c: what register() was given; strong references, never NULL after register() ---- */
typedef struct Registry {
    PyObject *Func, *Memory, *Table, *Global, *Caller, *Val, *ExternRef, *make_trap, *ask_limiter, *tell_limiter;
    PyObject *StoreClosedError, *StoreBusyError, *WrongStoreError, *WasmError, *UnsupportedError, *InternalError;
    bool complete;
} Registry;
extern Registry tp_registry;
extern PyTypeObject *tp_store_type, *tp_signature_type, *tp_native_module_type, *tp_code_region_type, *tp_handle_type;
extern PyTypeObject *tp_func_type, *tp_caller_type, *tp_memory_type, *tp_table_type, *tp_global_type;
/* Set an exception. Always -1, for `return`; `!tp_error(...)` is false. */
#define tp_error(...) (PyErr_Format(__VA_ARGS__), -1)
#define tp_no_memory() (PyErr_NoMemory(), -1)

/* Each file adds its types and functions to the module (called once, from module.c). 0 or -1 with an exception. */
int tp_init_poll(PyObject *), tp_init_signals(PyObject *), tp_init_store(PyObject *), tp_init_code(PyObject *);
int tp_init_native_module(PyObject *), tp_init_value(PyObject *), tp_init_call(PyObject *);
int tp_init_host_call(PyObject *), tp_init_handle(PyObject *), tp_init_memory(PyObject *), tp_init_table(PyObject *);
int tp_init_global(PyObject *), tp_init_instance(PyObject *);
/* Functions of the module, see _native.pyi. */
PyObject *tp_sample_into(PyObject *, PyObject *), *tp_take_samples(PyObject *, PyObject *);
PyObject *tp_end_despite(PyObject *, PyObject *);
PyObject *tp_debug_null_funcref(PyObject *, PyObject *), *tp_debug_gc_stress(PyObject *, PyObject *);
/* Makes a type (base may be NULL) and adds it; NULL with an exception. The reference is kept for ever. */
#define TP_BASE_FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE)
PyTypeObject *tp_add_type(PyObject *module, PyType_Spec *spec, PyTypeObject *base);
#define TP_TYPE(part, name, Object, flags, slots, type, base)                                   \
    static PyType_Spec part##_spec = {"taipan._native." name, sizeof(Object), 0, flags, slots}; \
    int tp_init_##part(PyObject *module) { return (type = tp_add_type(module, &part##_spec, base)) == NULL ? -1 : 0; }

/* ---- store.c ---- */
/* First member of everything that a store owns. Freed newest first when the store closes: `clear` of all first (drops
   Python references; may run arbitrary Python code, which finds the store closed), then `free` of all. */
typedef struct Owned Owned;
typedef struct OwnedKind {
    int (*traverse)(Owned *self, visitproc visit, void *arg); /* Python references; may be NULL */
    void (*clear)(Owned *self);                               /* may be NULL; called at most once */
    void (*free)(Owned *self);
} OwnedKind;
struct Owned {
    Owned *next; /* older */
    const OwnedKind *kind;
};

#define INTERRUPT_ONCE 1
enum { GIL_ADAPTIVE, GIL_RELEASE, GIL_HOLD };
/* Set of the externrefs that entered wasm frames; it owns one count of each object (open addressing). */
typedef struct ActivationsTable {
    PyObject **slots;
    uint64_t mask, used;
} ActivationsTable;

/* Polls that follow a tick, see tier.c. */
typedef struct Burst {
    unsigned left; /* how many are still looked at; 0: none */
    uintptr_t pc, fp, outer_pc;
    uint64_t calls;
    const struct CodeExtent *extent;
} Burst;

struct Store {
    PyObject_HEAD
    /* Where wasm was left for the runtime: written by the asm thunks, at fixed offsets (arch_x64.h). */
    uintptr_t exit_pc, exit_fp;

    uint64_t live_id; /* id while open, 0 once closed: one compare answers "this store and open" */
    uint64_t id;
    int depth;               /* nested entries into wasm; 0 = idle */
    int gil_policy;          /* GIL_* */
    Thread *owner;           /* the thread inside, while depth > 0 */
    Activation *activations; /* innermost entry of this store */
    size_t max_wasm_stack;
    uintptr_t true_limit; /* lowest stack address that wasm may use now; what stack_limit cells hold when quiet */
    unsigned ticks;       /* handled by polls */
    unsigned taken;       /* `ticks` when the GIL was last taken back */
    bool gil_released;    /* by poll or entry; only the owner reads and writes it */
    PyThreadState *thread_state; /* to take the GIL back */

    _Atomic(uint64_t) calls;           /* outermost entries begun; the ticker compares. any thread */
    _Atomic(int) running;              /* 1 between outermost entry and leave. any thread */
    _Atomic(bool) sample;              /* this tick only asks where the store is. any thread */
    _Atomic(bool) tick;                /* the running call has lasted a tick. any thread */
    _Atomic(unsigned char) interrupt;  /* INTERRUPT_ONCE, or bits that stay until they are cleared. any thread */
    Store *next_ticked, **prev_ticked; /* list of all open stores, under the ticker's lock */
    uint64_t ticked_calls;             /* `calls` at the last tick, under the ticker's lock */
    Burst burst;

    Owned *owned; /* newest first */
    _Atomic(Instance *) first_instance;
    Instance *last_instance;
    PyObject *limiter;                   /* NULL or an object, see _native.pyi */
    ActivationsTable externrefs, marked; /* marked: what frames hold, during a collection */
    uint64_t gc_threshold;               /* `used` at which a collection is due; 0: as soon as possible */
    int no_gc;                           /* not 0: references are where no stack map tells, see externref.c */
    int64_t fuel;                        /* the cell that VMContext.fuel points to: what is left, negative */

    /* Counters of _stats(); GIL held. */
    uint64_t num_instances, num_funcrefs, externref_increments, externref_decrements, bytes_moved;
    uint64_t gc_collections, gc_deferred, gc_skipped, gc_strays; /* strays: references that were not in the table */
    uint64_t gc_table, gc_live;                                  /* sizes of table and precise set at the last one */
};
#define STORE_OF(vmctx) ((vmctx)->store)
#define INSTANCE_OF(vmctx) ((vmctx)->instance)

/* The store behind a Store or Caller argument if it is open, owned by `store_id` (0: any) and may be used by this
   thread now; NULL with an exception set otherwise (TypeError, StoreClosedError, StoreBusyError, WrongStoreError). */
Store *tp_store_for(PyObject *store_or_caller, uint64_t store_id);
/* Give `item` to the store. Never fails. */
void tp_store_own(Store *store, Owned *item, const OwnedKind *kind);
/* Give a complete instance (head and VMContextHeader.stack_limit are filled in here, all else by the caller). */
void tp_store_add_instance(Store *store, Instance *instance, const OwnedKind *kind);

/* ---- value.c ---- */
struct Signature {
    PyObject_HEAD
    PyObject *type;
    uint32_t type_id;
    uint32_t num_params, num_results;
    uint8_t *params, *results; /* KIND_*, one allocation */
    struct CallPlan *plan;     /* where the arguments go (abi/calls.py) */
};
/* Python value -> two little-endian words as generated code sees them (i32 zero-extended; a funcref is a VMFuncRef*,
   null is the shared null record; an externref is a PyObject*, None is 0, entered into the activations table). -1 with
   TypeError, ValueError or WasmError ("cross-`Store` values are not supported") set. */
int tp_value_from_python(Store *store, int kind, PyObject *value, uint64_t out[2]);
PyObject *tp_value_to_python(Store *store, int kind, const uint64_t value[2]); /* new reference or NULL */

/* The shared null record of R-10. */
extern VMFuncRef tp_null_funcref;
/* Deferred reference counting of externrefs. A reference that enters wasm frames goes into the store's activations
   table, which then owns a count; tables and globals own counts of their own. GIL held for all of them (helpers
   take it when needed). -1 with MemoryError. `object` is NULL for ref.null (nothing happens). */
int tp_externref_enter(Store *store, PyObject *object);

/* ---- native_module.c ---- */
typedef struct DataSegment {
    uint32_t start, end; /* in data_buffer */
} DataSegment;
/* Sites and stack maps of published code. */
typedef struct Blob {
    struct Blob *next;
    uint32_t words[];
} Blob;
/* Better code for the rest of a call that is at a loop header of older code. */
typedef struct Continuation {
    struct Continuation *next;
    uintptr_t pc, code; /* return address of the header's poll; where to go instead, with the same registers */
} Continuation;
#define NOT_ESCAPED UINT32_MAX /* in escaped_places */
struct NativeModule {
    PyObject_HEAD
    CodeRegion *region;       /* strong */
    PyObject *info, *compile; /* strong; compile may be NULL */
    uint32_t num_imported_funcs, num_imported_tables, num_imported_memories, num_imported_globals;
    uint32_t num_funcs, num_defined_funcs; /* index space; without imports */
    uint32_t num_types, num_escaped, num_memories, num_tables, num_globals, num_data, num_elements; /* own items */
    uint32_t *func_type_indices, *type_ids; /* [num_funcs], [num_types] */
    PyObject *signatures;                   /* tuple [num_types]: Signature or None */
    uint32_t *escaped, *escaped_places;     /* [num_escaped] function indices, ascending; [num_funcs] places in there */
    MemoryPlan *memories;
    TablePlan *tables;
    GlobalPlan *globals;
    Py_buffer data_buffer; /* what all segments lie in */
    DataSegment *data;
    VMGlobal *globals_template;
    VMOffsets offsets;
    uint64_t counted;           /* by StoreBase._stats */
    struct Instance *instances; /* newest first */

    /* Code; private to native_module.c. */
    struct Arena *arenas, *stub_arenas; /* newest first */
    uint8_t *stubs; /* [num_defined_funcs * ARCH_STUB_BYTES], then the tail; NULL while there are none */
    uint64_t *cells;
    uint8_t **entries; /* [num_defined_funcs] newest code, NULL if not compiled */
    uint32_t *sizes, num_compiled;
    uint64_t code_bytes;
    struct Blob *blobs;
    char counting;                         /* every call goes to `compile` first, until `settle` */
    _Atomic(Continuation *) continuations; /* of loops, newest first */
    Py_buffer mapped[2];                   /* sites and stack maps of a mapped image; without objects: none */
};
/* What VMFuncRef.code and VMImportedFunc.code of a defined function hold: its code, or the stub of a function that is to
   be compiled lazily (the stub always jumps to the newest code). NULL with InternalError if there is neither. */
void *tp_module_entry(NativeModule *module, uint32_t defined_index);
/* A defined function has new code: calls through the references of newer instances go there without the stub. */
void tp_instances_renew(const NativeModule *module, uint32_t defined_index, void *code);
static inline Signature *tp_func_signature(const NativeModule *module, uint32_t func_index) {
    return (Signature *)PyTuple_GET_ITEM(module->signatures, module->func_type_indices[func_index]);
}

/* ---- handle.c, call.c, host_call.c ---- */
/* A Python object that stands for something of a store. Equal to another that stands for the same. */
typedef struct Handle {
    PyObject_HEAD
    uint64_t store_id;
    void *target;
} Handle;
PyObject *tp_handle_new(PyTypeObject *type, Store *store, void *target);
void tp_owned_free(Owned *owned);                            /* of records that begin with it and own nothing */
PyObject *tp_no_new(PyTypeObject *, PyObject *, PyObject *); /* for types that only the runtime makes objects of */
void tp_plain_dealloc(PyObject *self);                       /* of objects that own nothing (more) */

/* A function handle. */
typedef struct FuncObject {
    Handle handle; /* of a VMFuncRef */
    vectorcallfunc vectorcall;
    Signature *signature; /* strong */
} FuncObject;
/* Make calls of a subclass's instances vectorcalls. */
void tp_func_class_calls(PyTypeObject *type);
/* What a host function's VMFuncRef.vmctx points to; owned by its store. */
struct HostFunc {
    Owned owned;
    VMFuncRef ref;
    Store *store;
    Signature *signature; /* strong */
    PyObject *callback;   /* strong; NULL once the store is closed */
    bool access_caller;
};
/* A handle for a function record of this store (new reference or NULL); None for the null record or NULL. */
PyObject *tp_func_handle(Store *store, VMFuncRef *ref);
/* The record behind a Func of this store or None (= the null record); NULL with TypeError or WasmError
   ("cross-`Store` values are not supported"). */
VMFuncRef *tp_funcref_from_python(Store *store, PyObject *func);
/* asm entry of each helper, in the order of abi/builtins.py: VMContextHeader.builtins. */
extern void *tp_builtin_table[BUILTIN_COUNT];

/* ---- trap.c ---- */
/* Leave the running wasm from inside a helper called by generated code; never return. No C frame between the
   generated code and the call may own anything (locks, references, buffers). */
_Noreturn void tp_trap(Store *store, int trap);
_Noreturn void tp_unwind_with_python_error(Store *store); /* the Python exception is set, GIL held */

/* Set a Trap exception from a Python method that is not inside a helper; always -1. GIL held. */
int tp_raise_trap(int trap);

/* ---- poll.c ---- */
void tp_gil_take_slow(Store *store);
void tp_gil_release_for_call(Store *store);
/* In helpers, before anything that needs Python: the GIL may have been released (adaptive policy). It stays with the
   call until the next poll that releases it. */
static inline void tp_gil_take(Store *store) {
    if (UNLIKELY(store->gil_released)) tp_gil_take_slow(store);
}
/* In helpers that last: handle signals and interrupts as loop headers do; does not return when the call has to end. */
void tp_check_interrupts(Store *store);

/* ---- instance.c ---- */
/* The InstanceBase handle of an instance (new reference or NULL): Caller._instance. */
PyObject *tp_instance_handle(Instance *instance);

/* ==== below: what only the files around calls, code and signals need ==== */

#include "arch_x64.h" /* which stops the build on any other machine */

/* ---- threads and activations ---- */
/* One entry from C into wasm; lives in the C frame that makes it. */
struct Activation {
    uintptr_t entry_sp;         /* written by the entry stub */
    bool unwound;               /* the callee was left by unwinding: a Python exception is set, the GIL is held */
    Activation *outer;          /* of this thread */
    Activation *outer_of_store; /* of the same store (same thread) */
    Store *store;
    uintptr_t outer_exit_pc, outer_exit_fp; /* the store's exit_*, restored when this activation ends */
    uintptr_t fault_pc, fault_fp;           /* written by the signal handler */
    int fault_trap;
};

struct Thread {
    Activation *top;       /* innermost entry of this thread; the signal handler believes nothing without one */
    uintptr_t stack_floor; /* below it there is no stack for wasm; 0: thread not prepared yet */
    size_t reserve;        /* what there is below the floor, for host functions and the runtime */
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
int tp_store_interrupted(Store *store); /* takes an interrupt before wasm is entered: -1 with a trap */

/* ---- externref.c ---- */
#define GC_THRESHOLD 512                                /* the smallest; as many as Wasmtime's first chunk */
bool tp_externref_mark(Store *store, PyObject *object); /* a frame holds it (or NULL); false without memory */
/* Release what no frame holds, unless `no_gc` defers that. May run Python code. Before the first of several values is converted;
   outside wasm or at a call site (exit_pc and exit_fp are set). Takes the GIL. */
void tp_gc(Store *store);
static inline void tp_gc_if_due(Store *store) {
    if (UNLIKELY(store->externrefs.used >= store->gc_threshold)) tp_gc(store);
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
void tp_signals_check(void);
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
        if (UNLIKELY(LOAD_RELAXED(&store->interrupt))) return tp_store_interrupted(store);
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
        if (UNLIKELY(LOAD_RELAXED(&store->interrupt))) return tp_store_interrupted(store);
        store->owner = thread;
        STORE_RELAXED(&store->calls, LOAD_RELAXED(&store->calls) + 1);
        STORE_RELAXED(&store->running, 1);
        if (UNLIKELY(!LOAD_RELAXED(&tp_ticker_awake))) tp_ticker_wake();
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
        STORE_RELAXED(&store->running, 0);
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
/* Of a stack map's first word. */
#define MAP_SLOTS(word) ((word) & ((1U << MAP_FRAMES_SHIFT) - 1))
#define MAP_FRAMES(word) ((word) >> MAP_FRAMES_SHIFT)
/* One published function. Never changes while its code can run. */
typedef struct CodeExtent {
    uint32_t start, size;                      /* bytes from the region's base */
    uint32_t defined_index : 31, is_first : 1; /* is_first: published as the first code, better may follow */
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

uint8_t *tp_region_base(CodeRegion *region);
/* Room for code of `module`, 16-byte aligned, in its newest arena or a new one; NULL with MemoryError. count: functions it
   makes, 1 if there will be more. `*arena` receives where it lies. */
uint8_t *tp_region_alloc(
    CodeRegion *region, NativeModule *module, Arena **arenas, size_t size, uint32_t count, Arena **arena);
/* Write into room that was allocated and that no thread executes yet. -1 with OSError. */
int tp_region_write(CodeRegion *region, uint8_t *address, const void *bytes, size_t size);
/* Map the code of a whole arena from a file instead. -1 with OSError. */
int tp_region_map(CodeRegion *region, Arena *arena, int fd, long long file_offset);
/* Append functions; tp_region_alloc has made room. */
void tp_arena_append(Arena *arena, const CodeExtent *extents, uint32_t count);
void tp_region_free_arenas(CodeRegion *region, Arena *arenas);
uint64_t *tp_region_alloc_cells(CodeRegion *region, uint32_t count); /* NULL with MemoryError; not zeroed */
void tp_region_free_cells(CodeRegion *region, uint64_t *cells, uint32_t count);

/* ---- native_module.c ---- */
void *tp_lazy_compile(VMContext *vmctx, NativeModule *self, uint32_t defined_index, uintptr_t fp);

/* ---- tier.c ---- */
bool tp_sampling(void);
uintptr_t tp_tier_poll(Store *store, bool ticked, uintptr_t pc, uintptr_t fp);

/* ---- trap.c ---- */
_Noreturn void tp_fault(void);
_Noreturn void tp_trap_at_site(uintptr_t pc, uintptr_t fp);
bool tp_mark_frames(Store *store); /* tp_externref_mark of every reference in its frames; false if some have no map */

/* ---- call.c, host_call.c ---- */
size_t tp_host_call(HostFunc *func, VMContext *caller, HostArgs *args, uintptr_t fp);
uintptr_t tp_poll(VMContext *vmctx, uintptr_t address, uintptr_t pc, uintptr_t fp);
/* Where arguments and results go: abi/calls.py CallLayout. */
enum { PLACE_STACK, PLACE_INT, PLACE_FLOAT };
typedef struct Place {
    uint8_t place, kind;
    uint32_t index; /* register number, or byte offset in the stack arguments */
} Place;
/* How little work a call needs: only i32 and i64 in registers, at most one such result; only f64, at most 4, one f64
   result; everything else. */
enum { PLAN_INTS, PLAN_DOUBLES, PLAN_GENERAL };
typedef struct CallPlan {
    int shape;
    uint32_t stack_bytes, result_bytes;
    bool has_out;
    Place out;
    uint32_t *result_offsets; /* [num_results], the first unused */
    Place params[];
} CallPlan;

typedef struct CallerObject {
    PyObject_HEAD
    Store *store;      /* borrowed: whoever called holds it; NULL once the call has ended */
    VMContext *caller; /* NULL: called by the host */
} CallerObject;

/* ---- value.c: conversions that call.c and host_call.c have inline ---- */
/* Integers beyond the inline case, and everything that is none: as tp_value_from_python. */
int tp_value_slow_integer(int kind, PyObject *value, uint64_t *out);
/* The value of an int of one digit (30 bits) or zero, any of the common ones; false: use the slow way. */
static inline bool value_small_int(PyObject *value, int64_t *out) {
    if (UNLIKELY(!PyLong_CheckExact(value))) return false;
#if PY_VERSION_HEX >= 0x030C0000
    if (UNLIKELY(!PyUnstable_Long_IsCompact((PyLongObject *)value))) return false;
    *out = PyUnstable_Long_CompactValue((PyLongObject *)value);
    return true;
#else
    Py_ssize_t size = Py_SIZE(value);
    if (UNLIKELY(size < -1 || size > 1)) return false;
    *out = (int64_t)size * ((PyLongObject *)value)->ob_digit[0]; /* zero: size 0, whatever the digit */
    return true;
#endif
}
static inline int value_to_int(int kind, PyObject *value, uint64_t *out) {
    int64_t small;
    if (UNLIKELY(!value_small_int(value, &small))) return tp_value_slow_integer(kind, value, out);
    *out = kind == KIND_I32 ? (uint32_t)small : (uint64_t)small;
    return 0;
}
/* What a call returns: None, a value, or a list. area: the results after the first, as the plan says. */
PyObject *tp_results_to_python(Store *store, const Signature *signature, const uint64_t first[2], const uint8_t *area);
/* A result after the first: with its own width. */
void tp_value_store_result(int kind, uint8_t *area, const uint64_t value[2]);

/* ==== memories, tables, globals and instances: what they look like, and what their files offer each other ====

   Everything here is owned by one store and lives until it closes. Handles (the *Base objects) hold the store's
   id and a pointer, which is followed only after tp_store_for has checked the id. The exception is VMMemory: exported
   buffers may outlive the store, so memories are reference counted (by the store, by handles, by operations).

   The GIL is held in every function below unless it says otherwise. Python code may run wherever an object is released
   or the limiter is asked, and may re-enter the store (not close it while wasm runs, but from a host call at depth 0):
   so releases come last, and state is read again after the limiter was asked. */
#define WASM_PAGE_LOG2 16
#define MAX_TABLE_ELEMENTS 10000000u /* limits.py */
#define NULL_FUNC_INDEX 0xFFFFFFFFu  /* in element segments given as function indices */

#define TP_CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

/* ---- structures ---- */
typedef struct VMMemory {
    /* read by generated code */
    uint8_t *base;   /* never NULL while the store is open, even with length 0 */
    uint64_t length; /* bytes */
    /* private */
    Owned owned;
    Store *store;     /* NULL once the store is closed */
    uint8_t *mapping; /* start of everything mapped: [guard before] reservation [guard after] */
    uint64_t mapping_bytes;
    uint64_t reservation;    /* bytes from base that may become accessible without moving; a multiple of host pages */
    uint64_t accessible;     /* bytes from base that are readable and writable: at least `length`, whole host pages */
    uint64_t refs;           /* store, handles, operations */
    uint64_t exports;        /* buffers now exported: while not 0 the memory neither moves nor is unmapped */
    Instance *memory0_users; /* contexts that cache `base`, linked by Instance.next_memory0_user; if may_move */
    MemoryPlan plan;         /* sizes rounded to host pages */
} VMMemory;

typedef struct VMTable {
    /* read by generated code */
    uint64_t *elements; /* one word each: VMFuncRef* (null: &tp_null_funcref) or PyObject* (counted; null: 0) */
    uint64_t length;
    /* private */
    uint64_t capacity;
    TablePlan plan;
} VMTable;
/* Contents of an element segment: function indices in `view`, or values of `kind` in the tuple `items`. */
typedef struct ElementSegment {
    Py_buffer view; /* u32 function indices; without an object: use items */
    PyObject *items;
    uint32_t length; /* 0 once dropped */
    uint8_t kind;
} ElementSegment;

struct Instance {
    Owned owned;
    _Atomic(Instance *) next_instance; /* append-only list in order of creation; any thread may walk it */
    Store *store;
    NativeModule *module;                  /* strong reference */
    Instance *next_of_module, **of_module; /* and what points here; of_module is NULL while nothing does */
    VMContext *vmctx;
    Instance *next_memory0_user;
    VMTable *own_tables;               /* in the same allocation */
    GlobalPlan *imported_global_types; /* of each imported global; in the same allocation */
    uint8_t *data_dropped;             /* a byte per data segment; in the same allocation */
    ElementSegment *elements;          /* NULL until the first segment is set */
    VMFuncRef **func_records;          /* by defined function: records made on demand; NULL until the first */
    uint32_t num_func_records;
};
#define TP_ASSERT_OFFSET(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field);
ABI_FIELDS(TP_ASSERT_OFFSET)

/* ---- the parts of a context; indices count imports first and must be valid ---- */
#define TP_PART(name, Type, part)                                                  \
    static inline Type *name(const Instance *instance) {                           \
        return (Type *)((char *)instance->vmctx + instance->module->offsets.part); \
    }
TP_PART(tp_imported_funcs, VMImportedFunc, imported_funcs)
TP_PART(tp_memories, VMMemory *, memories)
TP_PART(tp_tables, VMTable *, tables)
TP_PART(tp_imported_globals, VMGlobal *, imported_globals)
TP_PART(tp_own_globals, VMGlobal, globals)
TP_PART(tp_own_funcrefs, VMFuncRef, funcrefs)

static inline VMGlobal *tp_instance_global(const Instance *instance, uint32_t index) {
    uint32_t imported = instance->module->num_imported_globals;
    return index < imported ? tp_imported_globals(instance)[index] : tp_own_globals(instance) + (index - imported);
}

/* ---- handle.c ---- */
typedef struct GlobalObject {
    Handle handle; /* of a VMGlobal */
    GlobalPlan plan;
} GlobalObject;
/* Begins a method: its target and its store (args[0]), or NULL with an exception. format: a letter for each argument after
   the store: 'o' any object, 'i' an index, 's' a size; the last two take a uint64_t pointer. */
void *tp_begin(PyObject *self, const char *method, const char *format, PyObject *const *args, Py_ssize_t given,
    Store **store, ...);
#define TP_BEGIN(method, format, ...) tp_begin(self, method, format, args, count, __VA_ARGS__)
/* A method without arguments that reads `target`. */
#define TP_GETTER(function, method, Target, expression)                                  \
    static PyObject *function(PyObject *self, PyObject *const *args, Py_ssize_t count) { \
        Store *store;                                                                    \
        const Target *target = TP_BEGIN(method, "", &store);                             \
        return target == NULL ? NULL : expression;                                       \
    }
#define TP_METHOD(name, function) {name, (PyCFunction)(void (*)(void))function, METH_FASTCALL, NULL}
int tp_integer_arg(PyObject *object, bool is_size, uint64_t *out);
static inline PyObject *tp_maximum_to_python(bool has_max, uint64_t maximum) {
    return has_max ? PyLong_FromUnsignedLongLong(maximum) : PyLong_FromLong(-1);
}
/* After Python code ran that may have closed the store: 0, or -1 with StoreClosedError. */
int tp_check_open(Store *store);
/* The limiter, about a creation (current 0) or growth, bytes or elements: 1 yes, 0 no, -1 with an exception. After a yes
   the store is still open. */
int tp_limiter_ask(Store *store, bool is_table, uint64_t current, uint64_t desired, bool has_max, uint64_t maximum);
#define LIMITER_TIMES 2 /* asked again, for it grew the very thing: then the growth fails */
#define LIMITER_GROWS "the limiter keeps growing it"
/* Why an allowed growth failed. 0, or -1 if the limiter raised. */
int tp_limiter_grow_failed(Store *store, bool is_table, uint64_t delta, const char *why);

/* ---- instance.c ---- */
/* The record of a function: imported, in the context, or made now; always the same one for the same function of an
   instance. NULL with MemoryError or InternalError. */
VMFuncRef *tp_instance_funcref(Instance *instance, uint32_t func_index);
/* As the instructions; shared by the helpers and InstanceBase. TP_DONE, TP_ERROR (exception set), or a trap number. */
enum { TP_DONE = -1, TP_ERROR = -2 };
int tp_memory_init(Instance *instance, uint32_t memory, uint32_t segment, uint64_t dst, uint32_t src, uint32_t length);
int tp_table_init(Instance *instance, uint32_t table, uint32_t segment, uint64_t dst, uint32_t src, uint32_t length);
void tp_elem_drop(Instance *instance, uint32_t segment);

/* ---- memory.c ---- */
/* Asks the limiter first. NULL with an exception. */
VMMemory *tp_memory_new(Store *store, const MemoryPlan *plan);
/* Old size in pages, -1 if refused, -2 with an exception (from the limiter). Without `ask_limiter` and for a memory that
   does not move, the GIL is not needed. */
int64_t tp_memory_grow(Store *store, VMMemory *memory, uint64_t delta, bool ask_limiter);
/* Gives the address space of a memory back. */
void tp_memory_discard(VMMemory *memory);
/* `instance` has it as memory 0: sets the context's memory0_base and keeps it right. */
void tp_memory_add_user(VMMemory *memory, Instance *instance);
PyObject *tp_memory_handle(PyTypeObject *type, Store *store, VMMemory *memory);

/* ---- table.c ---- */
/* Fills in *table with nulls after asking the limiter. -1 with an exception. */
int tp_table_create(Store *store, VMTable *table, const TablePlan *plan);
int tp_table_traverse(VMTable *table, visitproc visit, void *arg);
void tp_table_clear(VMTable *table); /* drops references and storage: the table is then empty */
/* Old size, -1 if refused, -2 with an exception. `value`: a word as stored, borrowed. */
int64_t tp_table_grow(Store *store, VMTable *table, uint64_t delta, uint64_t value);
/* Bounds were checked, words are borrowed. -1 with MemoryError before anything changed. */
int tp_table_fill(Store *store, VMTable *table, uint64_t start, uint64_t value, uint64_t length);
int tp_table_write(Store *store, VMTable *table, uint64_t dst, const uint64_t *values, uint64_t length);
void tp_table_set(Store *store, VMTable *table, uint64_t index, uint64_t value);

/* ---- global.c ---- */
static inline uint64_t tp_null_word(int kind) {
    return kind == KIND_FUNCREF ? (uint64_t)(uintptr_t)&tp_null_funcref : 0;
}
static inline PyObject *tp_externref(uint64_t word) { return (PyObject *)(uintptr_t)word; }
static inline void tp_externref_clear(uint64_t *slot) {
    PyObject *old = tp_externref(*slot);
    *slot = 0;
    Py_XDECREF(old);
}
/* Overwrites a counted externref; the old one is released last. */
void tp_externref_store(Store *store, uint64_t *slot, uint64_t value);
static inline bool tp_in_bounds(uint64_t start, uint64_t length, uint64_t size) {
    return length <= size && start <= size - length;
}
/* A Python value as it is stored in a table, global or segment: an externref is borrowed from `value` and does not enter
   the activations table, so that overwriting it releases it at once. -1 with an exception. */
int tp_stored_from_python(Store *store, int kind, PyObject *value, uint64_t out[2]);
/* Moves counts of externrefs; the old value is released last. */
void tp_global_store(Store *store, VMGlobal *global, int kind, const uint64_t value[2]);
PyObject *tp_global_handle(PyTypeObject *type, Store *store, VMGlobal *global, GlobalPlan plan);

#endif
