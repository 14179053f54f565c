/* Memories, tables, globals and instances: what they look like, and what their files offer each other.

   Everything here is owned by one store and lives until it closes. Handles (the *Base objects) hold the store's
   id and a pointer, which is followed only after tp_store_for has checked the id. The exception is VMMemory: exported
   buffers may outlive the store, so memories are reference counted (by the store, by handles, by operations).

   The GIL is held in every function below unless it says otherwise. Python code may run wherever an object is released
   or the limiter is asked, and may re-enter the store (not close it while wasm runs, but from a host call at depth 0):
   so releases come last, and state is read again after the limiter was asked. */
#ifndef TAIPAN_OBJECTS_H
#define TAIPAN_OBJECTS_H

#include "runtime.h"

#include <structmember.h>

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

/* Contents of an element segment: function indices in `view`, or references in `refs` (counted if externref). */
typedef struct ElementSegment {
    Py_buffer view; /* u32 function indices; without an object: use refs */
    uint64_t *refs;
    uint32_t length; /* 0 once dropped */
    uint8_t kind;
} ElementSegment;

struct Instance {
    InstanceHead head;
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
_Static_assert(sizeof(VMImportedFunc) == VMIMPORTEDFUNC_SIZE, "abi/layout.py");
_Static_assert(sizeof(VMGlobal) == VMGLOBAL_SIZE, "abi/layout.py");
_Static_assert(offsetof(Instance, head) == 0, "runtime.h: an Instance begins with its head");

/* ---- the parts of a context; indices count imports first and must be valid ---- */

static inline VMImportedFunc *tp_imported_funcs(const Instance *instance) {
    return (VMImportedFunc *)((char *)instance->head.vmctx + instance->head.module->offsets.imported_funcs);
}
static inline VMMemory **tp_memories(const Instance *instance) {
    return (VMMemory **)((char *)instance->head.vmctx + instance->head.module->offsets.memories);
}
static inline VMTable **tp_tables(const Instance *instance) {
    return (VMTable **)((char *)instance->head.vmctx + instance->head.module->offsets.tables);
}
static inline VMGlobal **tp_imported_globals(const Instance *instance) {
    return (VMGlobal **)((char *)instance->head.vmctx + instance->head.module->offsets.imported_globals);
}
static inline VMGlobal *tp_own_globals(const Instance *instance) {
    return (VMGlobal *)((char *)instance->head.vmctx + instance->head.module->offsets.globals);
}
static inline VMFuncRef *tp_own_funcrefs(const Instance *instance) {
    return (VMFuncRef *)((char *)instance->head.vmctx + instance->head.module->offsets.funcrefs);
}
static inline VMGlobal *tp_instance_global(const Instance *instance, uint32_t index) {
    uint32_t imported = instance->head.module->num_imported_globals;
    return index < imported ? tp_imported_globals(instance)[index] : tp_own_globals(instance) + (index - imported);
}

/* ---- handle.c; struct Handle: runtime.h ---- */

typedef struct GlobalObject {
    Handle handle; /* of a VMGlobal */
    GlobalPlan plan;
} GlobalObject;
extern PyTypeObject *tp_memory_type, *tp_table_type, *tp_global_type;

/* Begins a method: its target and its store (args[0]), or NULL with an exception. format: a letter for each argument after
   the store: 'o' any object, 'i' an index, 's' a size; the last two take a uint64_t pointer. */
void *tp_begin(PyObject *self, const char *method, const char *format, PyObject *const *args, Py_ssize_t given,
               Store **store, ...);
#define TP_BEGIN(method, format, ...) tp_begin(self, method, format, args, count, __VA_ARGS__)
#define TP_METHOD(name, function) {name, (PyCFunction)(void (*)(void))function, METH_FASTCALL, NULL}
int tp_size_arg(PyObject *object, uint64_t *out);
static inline PyObject *tp_maximum_to_python(uint64_t maximum) {
    return maximum == UINT64_MAX ? PyLong_FromLong(-1) : PyLong_FromUnsignedLongLong(maximum);
}
/* After Python code ran that may have closed the store: 0, or -1 with StoreClosedError. */
int tp_check_open(Store *store);

/* The limiter, about a creation (current 0) or growth, bytes or elements: 1 yes, 0 no, -1 with an exception. maximum:
   UINT64_MAX = none. After a yes the store is still open. */
int tp_limiter_ask(Store *store, bool is_table, uint64_t current, uint64_t desired, uint64_t maximum);
/* Why an allowed growth failed. 0, or -1 if the limiter raised. */
int tp_limiter_grow_failed(Store *store, bool is_table, uint64_t delta, const char *why);

/* ---- instance.c ---- */

/* The record of a function: imported, in the context, or made now; always the same one for the same function of an
   instance. NULL with MemoryError or InternalError. `hint` (may be NULL, starts as 0) makes ascending lookups cheap. */
VMFuncRef *tp_instance_funcref(Instance *instance, uint32_t func_index, uint32_t *hint);
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
/* Gives the address space of a memory back that nothing refers to: its instance could not be completed. */
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
/* Gives up the counts of these words; store (may be NULL) counts it. */
void tp_externrefs_release(Store *store, const uint64_t *words, uint64_t length);
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
