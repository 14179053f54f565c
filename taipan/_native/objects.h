/* Memories, tables, globals and instances: what they look like and what the other half of the runtime calls.

   Everything here belongs to one store and lives until the store closes; handles (the *Base objects) hold the
   store's id and a pointer, which is followed only after the id was checked. The exception is VMMemory: exported
   buffers must outlive the store, so memories are reference counted (by the store, by handles, by operations).

   The GIL is held in every function below except the helpers that say otherwise. Python code may run wherever an
   object is released or the limiter is asked, and may re-enter the store: state is read again afterwards. */
#ifndef TAIPAN_OBJECTS_H
#define TAIPAN_OBJECTS_H

#include <stddef.h>

#include "runtime.h"

/* Must equal KIND_* of _native.pyi. */
enum {
    KIND_I32,
    KIND_I64,
    KIND_F32,
    KIND_F64,
    KIND_V128,
    KIND_FUNCREF,
    KIND_EXTERNREF,
    KIND_OPAQUE,
};

#define WASM_PAGE_LOG2 16
/* limits.py: MAX_TABLE_ELEMENTS */
#define MAX_TABLE_ELEMENTS 10000000u
#define NULL_FUNC_INDEX 0xFFFFFFFFu

/* ---- structures ---- */

typedef struct VMGlobal {
    uint64_t low, high;
} VMGlobal;

typedef struct VMImportedFunc {
    void *code;
    void *vmctx;
    VMFuncRef *funcref;
} VMImportedFunc;

typedef struct VMContextHeader {
    uintptr_t stack_limit;
    uint8_t *memory0_base;
    void **builtins;
    const uint32_t *type_ids;
    VMFuncRef *null_funcref;
    Store *store;
    Instance *instance;
    int64_t *fuel;
    uint64_t *epoch;
    void *reserved;
} VMContextHeader;

struct VMContext {
    VMContextHeader header; /* the rest as abi/layout.py: VMOffsets says */
};

typedef struct VMMemory {
    /* read by generated code */
    uint8_t *base;   /* never NULL, even with length 0 */
    uint64_t length; /* bytes */
    /* private */
    uint8_t *mapping; /* start of everything mapped: [guard before] reservation [guard after] */
    uint64_t mapping_bytes;
    uint64_t reservation; /* bytes from base that may become accessible without moving */
    uint64_t accessible;  /* bytes from base that are readable and writable: length rounded up to host pages */
    uint64_t guard_bytes, growth_reserve;
    uint64_t min_pages, max_pages; /* as declared; max_pages is UINT64_MAX if there is none */
    uint64_t refs;                 /* store, handles, operations */
    uint64_t exports;              /* buffers now exported: while not 0 the memory must not move or be unmapped */
    Store *store;                  /* NULL once the store is closed */
    Instance *memory0_users;       /* contexts that cache `base`; linked by Instance.next_memory0_user */
    struct VMMemory *next;
    uint8_t page_size_log2;
    bool is_64, shared, guard_before, may_move;
} VMMemory;

typedef struct VMTable {
    /* read by generated code */
    uint64_t *elements; /* VMFuncRef* (null: &tp_null_funcref) or PyObject* (owned; null: 0), one word each */
    uint64_t length;
    /* private */
    uint64_t capacity;
    uint64_t min, max; /* as declared; max is UINT64_MAX if there is none */
    Store *store;
    struct VMTable *next;
    uint8_t kind;
    bool is_64;
    bool embedded; /* part of its instance's allocation */
} VMTable;

/* A global made by the host. */
typedef struct HostGlobal {
    VMGlobal value;
    struct HostGlobal *next;
    uint8_t kind;
    bool is_mutable;
} HostGlobal;

/* Contents of an element segment: either indices (borrowed from `view`) or references (owned counts if externref). */
typedef struct ElementSegment {
    Py_buffer *view; /* u32 function indices; NULL: use refs */
    uint64_t *refs;
    uint32_t length; /* 0 once dropped */
    uint8_t kind;
} ElementSegment;

struct Instance {
    Store *store;
    NativeModule *module; /* a counted reference */
    VMContext *vmctx;     /* in the same allocation */
    Instance *next;
    Instance *next_memory0_user;
    VMTable *own_tables;            /* in the same allocation */
    uint8_t *imported_global_types; /* kind | mutable << 7, one per imported global; in the same allocation */
    uint8_t *data_dropped;          /* one byte per data segment; in the same allocation */
    ElementSegment *elements;       /* NULL until the first segment is set */
    VMFuncRef **func_records;       /* open-addressing hash of records made on demand, keyed by function index */
    uint32_t func_records_used, func_records_mask;
};

/* What a store owns of this file's kinds. `struct Store` holds a pointer to one. */
typedef struct StoreObjects {
    VMMemory *memories;
    VMTable *tables; /* host-made; own tables are found through their instances */
    HostGlobal *globals;
    Instance *instances;
    /* counters, for StoreBase._stats */
    uint64_t num_instances;
    uint64_t num_funcrefs; /* records made on demand (R-10: copies make none) */
    uint64_t bytes_moved;  /* by memories that had to move */
    uint64_t externref_increments, externref_decrements; /* by tables, globals and segments */
} StoreObjects;

#define TP_ASSERT_OFFSET(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field);
ABI_FIELDS(TP_ASSERT_OFFSET)
_Static_assert(sizeof(VMFuncRef) == VMFUNCREF_SIZE, "VMFuncRef");
_Static_assert(sizeof(VMImportedFunc) == VMIMPORTEDFUNC_SIZE, "VMImportedFunc");
_Static_assert(sizeof(VMGlobal) == VMGLOBAL_SIZE, "VMGlobal");
_Static_assert(sizeof(VMContextHeader) == VMCONTEXTHEADER_SIZE, "VMContextHeader");

/* ---- for module.c ---- */

/* Adds MemoryBase, TableBase, GlobalBase, InstanceBase, reserve_probe and debug_null_funcref. -1 with an exception. */
int tp_objects_add_to_module(PyObject *module);

/* ---- for store.c ---- */

StoreObjects *tp_objects_new(void); /* NULL with MemoryError */
/* At close, after the store was marked closed and no wasm of it runs. Frees `objects` itself; finalizers may run. */
void tp_objects_free(StoreObjects *objects);
/* For StoreBase's tp_traverse: externrefs that tables, globals and segments own, and modules. */
int tp_objects_traverse(StoreObjects *objects, visitproc visit, void *arg);

/* ---- for call.c ---- */

/* Python's view of a running context (CallerBase._instance): a new reference to an InstanceBase. */
PyObject *tp_instance_handle(Instance *instance);

/* ---- among the object files ---- */

static inline VMImportedFunc *tp_imported_funcs(const VMContext *vmctx) {
    return (VMImportedFunc *)((uint8_t *)vmctx + VMCONTEXTHEADER_SIZE);
}

/* The record of a function: in the context, imported, or made now. NULL with MemoryError. Gives the same record for
   the same function of an instance every time. `hint` (may be NULL) makes ascending runs of lookups cheap. */
VMFuncRef *tp_instance_funcref(Instance *instance, uint32_t func_index, uint32_t *hint);

/* The item of an instance's index space (imports first); the index must be valid. */
VMMemory *tp_instance_memory(const VMContext *vmctx, uint32_t index);
VMTable *tp_instance_table(const VMContext *vmctx, uint32_t index);
VMGlobal *tp_instance_global(const VMContext *vmctx, uint32_t index);

VMMemory *tp_memory_new(Store *store, uint64_t min_pages, uint64_t max_pages, bool is_64, int page_size_log2,
                        bool shared, uint64_t reservation, uint64_t guard_bytes, uint64_t growth_reserve,
                        bool guard_before, bool may_move); /* in the store's list; NULL with an exception */
void tp_memory_release(VMMemory *memory);
void tp_memory_close(VMMemory *memory); /* the store goes; releases the store's count */
/* Old size in pages; -1: refused; -2: the limiter raised (exception set). */
int64_t tp_memory_grow(Store *store, VMMemory *memory, uint64_t delta);
void tp_memory_add_user(VMMemory *memory, Instance *instance); /* as its memory 0 */
PyObject *tp_memory_handle(Store *store, VMMemory *memory);

/* Fills in *table (zeroed by the caller) with `min` nulls; the limiter was not asked yet. -1 with an exception. */
int tp_table_init_record(Store *store, VMTable *table, uint64_t min, uint64_t max, bool is_64, int kind);
/* Grows without consuming `value` (a word as stored). Old size; -1: refused; -2: exception set. */
int64_t tp_table_grow(Store *store, VMTable *table, uint64_t delta, uint64_t value);
/* The following assume that bounds were checked. They return -1 with MemoryError before anything changed. */
int tp_table_fill(Store *store, VMTable *table, uint64_t start, uint64_t value, uint64_t length);
int tp_table_copy(Store *store, VMTable *to, VMTable *from, uint64_t dst, uint64_t src, uint64_t length);
/* `values` are words as stored, borrowed. */
int tp_table_write(Store *store, VMTable *table, uint64_t dst, const uint64_t *values, uint64_t length);
void tp_table_set(Store *store, VMTable *table, uint64_t index, uint64_t value);
void tp_table_free_contents(VMTable *table); /* the store goes */
PyObject *tp_table_handle(Store *store, VMTable *table);

/* A Python value as a word to store in a table, global or segment: unlike tp_value_from_python an externref does not
   enter the activations table, and is borrowed from `value`. */
int tp_stored_from_python(Store *store, int kind, PyObject *value, uint64_t out[2]);
static inline uint64_t tp_null_word(int kind) {
    return kind == KIND_FUNCREF ? (uint64_t)(uintptr_t)&tp_null_funcref : 0;
}

/* Replace a global's value; takes counts for externrefs. */
void tp_global_store(Store *store, VMGlobal *global, int kind, const uint64_t value[2]);
PyObject *tp_global_handle(Store *store, VMGlobal *global, int kind, bool is_mutable);

/* Shared by the instructions and InstanceBase: 0, or the trap number + 1, or -1 with a Python exception set. */
int tp_memory_init(Instance *instance, uint32_t memory, uint32_t segment, uint64_t dst, uint32_t src, uint32_t length);
int tp_table_init(Instance *instance, uint32_t table, uint32_t segment, uint64_t dst, uint32_t src, uint32_t length);
void tp_data_drop(Instance *instance, uint32_t segment);
void tp_elem_drop(Instance *instance, uint32_t segment);

/* Object arguments of the four handle types; NULL with TypeError. */
VMMemory *tp_memory_of(PyObject *handle, uint64_t *store_id);
VMTable *tp_table_of(PyObject *handle, uint64_t *store_id);
VMGlobal *tp_global_of(PyObject *handle, uint64_t *store_id, int *kind, bool *is_mutable);

extern PyTypeObject tp_memory_type, tp_table_type, tp_global_type, tp_instance_type; /* the *Base classes */

/* Non-negative integer argument below 2^64. -1 with TypeError or OverflowError. */
int tp_u64_arg(PyObject *object, const char *name, uint64_t *out);

/* ---- builtins.c: what the asm entries of tp_builtin_table call; vmctx first, see abi/builtins.py ---- */

uint64_t tp_builtin_memory_grow(VMContext *, uint32_t memory, uint64_t delta);
void tp_builtin_memory_fill(VMContext *, uint32_t memory, uint64_t address, uint32_t byte, uint64_t length);
void tp_builtin_memory_copy(VMContext *, uint32_t to, uint32_t from, uint64_t dst, uint64_t src, uint64_t length);
void tp_builtin_memory_init(VMContext *, uint32_t memory, uint32_t segment, uint64_t dst, uint32_t src,
                            uint32_t length);
void tp_builtin_data_drop(VMContext *, uint32_t segment);
uint64_t tp_builtin_table_grow(VMContext *, uint32_t table, uint64_t delta, uint64_t value);
uint64_t tp_builtin_table_get(VMContext *, uint32_t table, uint64_t index);
void tp_builtin_table_set(VMContext *, uint32_t table, uint64_t index, uint64_t value);
void tp_builtin_table_fill(VMContext *, uint32_t table, uint64_t index, uint64_t value, uint64_t length);
void tp_builtin_table_copy(VMContext *, uint32_t to, uint32_t from, uint64_t dst, uint64_t src, uint64_t length);
void tp_builtin_table_init(VMContext *, uint32_t table, uint32_t segment, uint64_t dst, uint32_t src,
                           uint32_t length);
void tp_builtin_elem_drop(VMContext *, uint32_t segment);
uint64_t tp_builtin_ref_func(VMContext *, uint32_t func);
uint64_t tp_builtin_global_get_ref(VMContext *, uint32_t global);
void tp_builtin_global_set_ref(VMContext *, uint32_t global, uint64_t value);
void tp_builtin_call_indirect_slow(VMContext *, uint32_t type_index, VMFuncRef *ref);
uint64_t tp_builtin_memory_atomic_notify(VMContext *, uint32_t memory, uint64_t address, uint32_t count);
uint64_t tp_builtin_memory_atomic_wait32(VMContext *, uint32_t memory, uint64_t address, uint32_t expected,
                                         int64_t timeout_ns);
uint64_t tp_builtin_memory_atomic_wait64(VMContext *, uint32_t memory, uint64_t address, uint64_t expected,
                                         int64_t timeout_ns);
_Noreturn void tp_builtin_out_of_fuel(VMContext *);

#endif
