/* Internal header of the native runtime: structures shared by its files, and who owns what.

   store.c          StoreBase: owner lists, ids, entering and leaving, externrefs that wasm frames hold
   code.c           CodeRegion: code memory, pc -> function, sites; fork
   native_module.c  NativeModule: publishing, lazy entries      module_template.c  NativeModule: what instances are made from
   signals.c        signal handlers, alternate stacks           trap.c   unwinding, stack walking, backtraces
   poll.c           interrupts, ticker, GIL policy              builtins.c  the helpers that generated code calls
   value.c          Signature, value conversion                 arch_x64.c  the asm stubs; .h: everything that names a register
   call.c           FuncBase: Python -> wasm                    host_call.c  wasm -> Python, CallerBase
   handle.c         what the handles of memory.c, table.c, global.c and instance.c share; objects.h: their structures
   module.c         module init, register()

   Threads: a Store is used by one thread at a time (`owner`); its fields are only touched by that thread or with the
   GIL held, except those marked "any thread". Wasm may run without the GIL, see `gil_released`.

   "abi_generated.h" comes from taipan/abi by `python -m tools gen`. */
#ifndef TAIPAN_RUNTIME_H
#define TAIPAN_RUNTIME_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi_generated.h"

typedef struct Store Store;               /* the Python object StoreBase itself */
typedef struct Instance Instance;         /* owned by its store, never freed before it; begins with an InstanceHead */
typedef struct NativeModule NativeModule; /* a Python object */
typedef struct Signature Signature;       /* a Python object */
typedef struct CodeRegion CodeRegion;     /* a Python object */
typedef struct HostFunc HostFunc;
typedef struct Activation Activation;
typedef struct Thread Thread;

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- layouts that generated code reads (abi/layout.py); objects.h asserts all of ABI_FIELDS ---- */

/* A VMContext is this header followed by what VMOffsets describes. */
typedef struct VMContextHeader {
    _Atomic(uintptr_t) stack_limit; /* any thread: UINTPTR_MAX = take the poll's slow path; else the true limit */
    uint8_t *memory0_base;
    void **builtins;
    const uint32_t *type_ids;
    struct VMFuncRef *null_funcref;
    Store *store;
    Instance *instance;
    int64_t *fuel;
    uint64_t *epoch;
    void *reserved;
} VMContextHeader;
typedef VMContextHeader VMContext;
_Static_assert(sizeof(VMContextHeader) == VMCONTEXTHEADER_SIZE, "abi/layout.py");

typedef struct VMFuncRef {
    void *code;
    uint32_t type_id;
    uint32_t flags; /* FUNCREF_HOST: vmctx is a HostFunc; else the function index of its module is above the low byte */
    void *vmctx;
} VMFuncRef;
#define FUNCREF_HOST 1u
#define FUNCREF_FLAGS(func_index) ((uint32_t)(func_index) << 8) /* of a wasm function; indices are below 1,000,000 */
#define FUNCREF_INDEX(ref) ((ref)->flags >> 8)
_Static_assert(sizeof(VMFuncRef) == VMFUNCREF_SIZE, "abi/layout.py");

typedef struct VMImportedFunc {
    void *code;
    void *vmctx;
    VMFuncRef *funcref;
} VMImportedFunc;

typedef struct VMGlobal {
    uint64_t low, high;
} VMGlobal;

/* ---- kinds of values (_native.pyi) ---- */
enum {
    /* KIND_OPAQUE: any other reference, handled as a raw word that Python code does not see yet. */
    KIND_I32,
    KIND_I64,
    KIND_F32,
    KIND_F64,
    KIND_V128,
    KIND_FUNCREF,
    KIND_EXTERNREF,
    KIND_OPAQUE,
    KIND_FUNC,
    KIND_EXTERN, /* the same without null: in signatures only */
    KIND_COUNT
};
static inline bool tp_is_ref_kind(int kind) { return kind >= KIND_FUNCREF && kind <= KIND_OPAQUE; }

/* ---- module.c: what register() was given; strong references, never NULL after register() ---- */
typedef struct Registry {
    PyObject *Func, *Memory, *Table, *Global, *Caller, *Val, *make_trap, *ask_limiter, *tell_limiter;
    PyObject *StoreClosedError, *StoreBusyError, *WrongStoreError, *WasmError, *UnsupportedError, *InternalError;
    bool complete;
} Registry;
extern Registry tp_registry;
/* Set an exception. Always -1, for `return`; `!tp_error(...)` is false. */
#define tp_error(...) (PyErr_Format(__VA_ARGS__), -1)
#define tp_no_memory() (PyErr_NoMemory(), -1)

/* Each file adds its types and functions to the module (called once, from module.c). 0 or -1 with an exception. */
int tp_init_poll(PyObject *), tp_init_signals(PyObject *), tp_init_store(PyObject *), tp_init_code(PyObject *);
int tp_init_trap(PyObject *), tp_init_native_module(PyObject *), tp_init_value(PyObject *), tp_init_call(PyObject *);
int tp_init_host_call(PyObject *), tp_init_handle(PyObject *), tp_init_memory(PyObject *), tp_init_table(PyObject *);
int tp_init_global(PyObject *), tp_init_instance(PyObject *);
/* Makes a type (base may be NULL) and adds it; NULL with an exception. The reference is kept for ever. */
#define TP_BASE_FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE)
PyTypeObject *tp_add_type(PyObject *module, PyType_Spec *spec, PyTypeObject *base);

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

/* First member of struct Instance. */
typedef struct InstanceHead {
    Owned owned;
    _Atomic(Instance *) next_instance; /* append-only list in order of creation; any thread may walk it */
    Store *store;
    NativeModule *module; /* strong reference */
    VMContext *vmctx;
} InstanceHead;
#define INSTANCE_HEAD(instance) ((InstanceHead *)(instance))

enum { GIL_ADAPTIVE, GIL_RELEASE, GIL_HOLD };

/* Set of the externrefs that entered wasm frames; it owns one count of each object (open addressing). */
typedef struct ActivationsTable {
    PyObject **slots;
    size_t mask, used;
} ActivationsTable;

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
    bool gil_released;    /* by poll or entry; only the owner reads and writes it */
    PyThreadState *thread_state; /* to take the GIL back */

    _Atomic(uint64_t) calls;           /* outermost entries begun; the ticker compares. any thread */
    _Atomic(int) running;              /* 1 between outermost entry and leave. any thread */
    _Atomic(bool) tick;                /* the running call has lasted a tick. any thread */
    _Atomic(bool) interrupt;           /* _interrupt() was called. any thread */
    Store *next_ticked, **prev_ticked; /* list of all open stores, under the ticker's lock */
    uint64_t ticked_calls;             /* `calls` at the last tick, under the ticker's lock */

    Owned *owned; /* newest first */
    _Atomic(Instance *) first_instance;
    Instance *last_instance;
    PyObject *limiter; /* NULL or an object, see _native.pyi */
    ActivationsTable externrefs;
    int64_t fuel;       /* the cell that VMContext.fuel points to */
    uint64_t own_epoch; /* the cell that VMContext.epoch points to */

    /* Counters of _stats(); GIL held. */
    uint64_t num_instances, num_funcrefs, externref_increments, externref_decrements, bytes_moved;
};
#define STORE_OF(vmctx) ((vmctx)->store)
#define INSTANCE_OF(vmctx) ((vmctx)->instance)

extern PyTypeObject *tp_store_type;

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
extern PyTypeObject *tp_signature_type;

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

/* Packed by abi/plans.py. */
typedef struct MemoryPlan {
    uint64_t min_pages, max_pages; /* UINT64_MAX: no maximum */
    uint64_t reservation_bytes, guard_bytes, growth_reserve_bytes;
    uint8_t page_size_log2, is_64, shared, guard_before, may_move, unused[3];
} MemoryPlan;
typedef struct TablePlan {
    uint64_t min, max; /* UINT64_MAX: no maximum */
    uint8_t is_64, kind, unused[6];
} TablePlan;
typedef struct GlobalPlan {
    uint8_t kind, is_mutable;
} GlobalPlan;
_Static_assert(sizeof(MemoryPlan) == 48 && sizeof(TablePlan) == 24 && sizeof(GlobalPlan) == 2, "abi/plans.py");
typedef struct DataSegment {
    uint32_t start, end; /* in data_buffer */
} DataSegment;

/* abi/layout.py VMOffsets: byte offsets in the VMContext. */
typedef struct VMOffsets {
    uint32_t imported_funcs, memories, tables, imported_globals, globals, funcrefs, size;
} VMOffsets;

struct NativeModule {
    PyObject_HEAD
    CodeRegion *region;       /* strong */
    PyObject *info, *compile; /* strong; compile may be NULL */
    uint32_t num_imported_funcs, num_imported_tables, num_imported_memories, num_imported_globals;
    uint32_t num_funcs, num_defined_funcs; /* index space; without imports */
    uint32_t num_types, num_escaped, num_memories, num_tables, num_globals, num_data, num_elements; /* own items */
    uint32_t *func_type_indices, *type_ids; /* [num_funcs], [num_types] */
    PyObject *signatures;                   /* tuple [num_types]: Signature or None */
    uint32_t *escaped;                      /* [num_escaped] function indices, ascending */
    MemoryPlan *memories;
    TablePlan *tables;
    GlobalPlan *globals;
    Py_buffer data_buffer; /* what all segments lie in */
    DataSegment *data;
    VMGlobal *globals_template;
    VMOffsets offsets;
    uint64_t counted;        /* by StoreBase._stats */
    struct ModuleCode *code; /* private to native_module.c */
};
extern PyTypeObject *tp_native_module_type;

/* What VMFuncRef.code and VMImportedFunc.code of a defined function hold: its code, or its stub while functions are
   compiled lazily (the stub always jumps to the newest code). NULL with InternalError if there is neither. */
void *tp_module_entry(NativeModule *module, uint32_t defined_index);

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
extern PyTypeObject *tp_handle_type;
PyObject *tp_handle_new(PyTypeObject *type, Store *store, void *target);
void tp_plain_dealloc(PyObject *self); /* of objects that own nothing (more) */

/* A function handle. */
typedef struct FuncObject {
    Handle handle; /* of a VMFuncRef */
    vectorcallfunc vectorcall;
    Signature *signature; /* strong */
} FuncObject;
extern PyTypeObject *tp_func_type; /* FuncBase; instances are of tp_registry.Func */

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

#endif
