/* Generated from taipan/abi by `python -m tools gen`; do not edit. */
#ifndef TAIPAN_ABI_GENERATED_H
#define TAIPAN_ABI_GENERATED_H

#if __SIZEOF_POINTER__ == 8

#define VMFUNCREF_CODE 0
#define VMFUNCREF_TYPE_ID 8
#define VMFUNCREF_FLAGS 12
#define VMFUNCREF_VMCTX 16
#define VMFUNCREF_SIZE 24

#define VMMEMORY_BASE 0
#define VMMEMORY_LENGTH 8
#define VMMEMORY_SIZE 16

#define VMTABLE_ELEMENTS 0
#define VMTABLE_LENGTH 8
#define VMTABLE_SIZE 16

#define VMIMPORTEDFUNC_CODE 0
#define VMIMPORTEDFUNC_VMCTX 8
#define VMIMPORTEDFUNC_FUNCREF 16
#define VMIMPORTEDFUNC_SIZE 24

#define VMGLOBAL_LOW 0
#define VMGLOBAL_HIGH 8
#define VMGLOBAL_SIZE 16

#define VMCONTEXTHEADER_STACK_LIMIT 0
#define VMCONTEXTHEADER_MEMORY0_BASE 8
#define VMCONTEXTHEADER_BUILTINS 16
#define VMCONTEXTHEADER_TYPE_IDS 24
#define VMCONTEXTHEADER_NULL_FUNCREF 32
#define VMCONTEXTHEADER_STORE 40
#define VMCONTEXTHEADER_INSTANCE 48
#define VMCONTEXTHEADER_FUEL 56
#define VMCONTEXTHEADER_RESERVED0 64
#define VMCONTEXTHEADER_RESERVED1 72
#define VMCONTEXTHEADER_SIZE 80

#else

#define VMFUNCREF_CODE 0
#define VMFUNCREF_TYPE_ID 4
#define VMFUNCREF_FLAGS 8
#define VMFUNCREF_VMCTX 12
#define VMFUNCREF_SIZE 16

#define VMMEMORY_BASE 0
#define VMMEMORY_LENGTH 8
#define VMMEMORY_SIZE 16

#define VMTABLE_ELEMENTS 0
#define VMTABLE_LENGTH 8
#define VMTABLE_SIZE 16

#define VMIMPORTEDFUNC_CODE 0
#define VMIMPORTEDFUNC_VMCTX 4
#define VMIMPORTEDFUNC_FUNCREF 8
#define VMIMPORTEDFUNC_SIZE 12

#define VMGLOBAL_LOW 0
#define VMGLOBAL_HIGH 8
#define VMGLOBAL_SIZE 16

#define VMCONTEXTHEADER_STACK_LIMIT 0
#define VMCONTEXTHEADER_MEMORY0_BASE 4
#define VMCONTEXTHEADER_BUILTINS 8
#define VMCONTEXTHEADER_TYPE_IDS 12
#define VMCONTEXTHEADER_NULL_FUNCREF 16
#define VMCONTEXTHEADER_STORE 20
#define VMCONTEXTHEADER_INSTANCE 24
#define VMCONTEXTHEADER_FUEL 28
#define VMCONTEXTHEADER_RESERVED0 32
#define VMCONTEXTHEADER_RESERVED1 36
#define VMCONTEXTHEADER_SIZE 40

#endif

/* For offsetof assertions: X(struct, field, offset). */
#define ABI_FIELDS(X) \
    X(VMFuncRef, code, VMFUNCREF_CODE) \
    X(VMFuncRef, type_id, VMFUNCREF_TYPE_ID) \
    X(VMFuncRef, flags, VMFUNCREF_FLAGS) \
    X(VMFuncRef, vmctx, VMFUNCREF_VMCTX) \
    X(VMMemory, base, VMMEMORY_BASE) \
    X(VMMemory, length, VMMEMORY_LENGTH) \
    X(VMTable, elements, VMTABLE_ELEMENTS) \
    X(VMTable, length, VMTABLE_LENGTH) \
    X(VMImportedFunc, code, VMIMPORTEDFUNC_CODE) \
    X(VMImportedFunc, vmctx, VMIMPORTEDFUNC_VMCTX) \
    X(VMImportedFunc, funcref, VMIMPORTEDFUNC_FUNCREF) \
    X(VMGlobal, low, VMGLOBAL_LOW) \
    X(VMGlobal, high, VMGLOBAL_HIGH) \
    X(VMContextHeader, stack_limit, VMCONTEXTHEADER_STACK_LIMIT) \
    X(VMContextHeader, memory0_base, VMCONTEXTHEADER_MEMORY0_BASE) \
    X(VMContextHeader, builtins, VMCONTEXTHEADER_BUILTINS) \
    X(VMContextHeader, type_ids, VMCONTEXTHEADER_TYPE_IDS) \
    X(VMContextHeader, null_funcref, VMCONTEXTHEADER_NULL_FUNCREF) \
    X(VMContextHeader, store, VMCONTEXTHEADER_STORE) \
    X(VMContextHeader, instance, VMCONTEXTHEADER_INSTANCE) \
    X(VMContextHeader, fuel, VMCONTEXTHEADER_FUEL) \
    X(VMContextHeader, reserved0, VMCONTEXTHEADER_RESERVED0) \
    X(VMContextHeader, reserved1, VMCONTEXTHEADER_RESERVED1)

#define NULL_TYPE_ID 0xffffffffu
#define SITE_BYTES 16
#define SITE_CALL 0
#define SITE_TRAP 1
#define SITE_FAULT 2
#define SITE_CONTINUED 3
#define SITE_FUEL_SHIFT 16
#define SITE_FUEL_IN_REGISTER 32768
#define SITE_FUEL_MAX 32767
#define MAP_FRAMES_SHIFT 24
#define RELOC_BYTES 12
#define RELOC_CALL 0
#define RELOC_SLOT 1

/* Trap kinds; TRAPS lists X(name, number, message). */
#define TRAP_STACK_OVERFLOW 0
#define TRAP_MEMORY_OUT_OF_BOUNDS 1
#define TRAP_HEAP_MISALIGNED 2
#define TRAP_TABLE_OUT_OF_BOUNDS 3
#define TRAP_INDIRECT_CALL_TO_NULL 4
#define TRAP_BAD_SIGNATURE 5
#define TRAP_INTEGER_OVERFLOW 6
#define TRAP_INTEGER_DIVISION_BY_ZERO 7
#define TRAP_BAD_CONVERSION_TO_INTEGER 8
#define TRAP_UNREACHABLE 9
#define TRAP_INTERRUPT 10
#define TRAP_OUT_OF_FUEL 11
#define TRAP_ATOMIC_WAIT_NON_SHARED_MEMORY 12
#define TRAP_NULL_REFERENCE 13
#define TRAP_ARRAY_OUT_OF_BOUNDS 14
#define TRAP_ALLOCATION_TOO_LARGE 15
#define TRAP_CAST_FAILURE 16
#define TRAP_UNCAUGHT_EXCEPTION 49
#define TRAP_TABLE_ACCESS_OUT_OF_BOUNDS 64
#define TRAP_LIMIT 65
#define TRAPS(X) \
    X(STACK_OVERFLOW, 0, "call stack exhausted") \
    X(MEMORY_OUT_OF_BOUNDS, 1, "out of bounds memory access") \
    X(HEAP_MISALIGNED, 2, "unaligned atomic") \
    X(TABLE_OUT_OF_BOUNDS, 3, "undefined element: out of bounds table access") \
    X(INDIRECT_CALL_TO_NULL, 4, "uninitialized element") \
    X(BAD_SIGNATURE, 5, "indirect call type mismatch") \
    X(INTEGER_OVERFLOW, 6, "integer overflow") \
    X(INTEGER_DIVISION_BY_ZERO, 7, "integer divide by zero") \
    X(BAD_CONVERSION_TO_INTEGER, 8, "invalid conversion to integer") \
    X(UNREACHABLE, 9, "wasm `unreachable` instruction executed") \
    X(INTERRUPT, 10, "interrupt") \
    X(OUT_OF_FUEL, 11, "all fuel consumed by WebAssembly") \
    X(ATOMIC_WAIT_NON_SHARED_MEMORY, 12, "atomic wait on non-shared memory") \
    X(NULL_REFERENCE, 13, "null reference") \
    X(ARRAY_OUT_OF_BOUNDS, 14, "out of bounds array access") \
    X(ALLOCATION_TOO_LARGE, 15, "allocation size too large") \
    X(CAST_FAILURE, 16, "cast failure") \
    X(UNCAUGHT_EXCEPTION, 49, "uncaught exception") \
    X(TABLE_ACCESS_OUT_OF_BOUNDS, 64, "out of bounds table access")

/* Helpers called by generated code; BUILTINS lists X(name, number) in the order of the table. */
#define BUILTIN_TRAP 0
#define BUILTIN_POLL 1
#define BUILTIN_MEMORY_GROW 2
#define BUILTIN_MEMORY_FILL 3
#define BUILTIN_MEMORY_COPY 4
#define BUILTIN_MEMORY_INIT 5
#define BUILTIN_DATA_DROP 6
#define BUILTIN_TABLE_GROW 7
#define BUILTIN_TABLE_GET 8
#define BUILTIN_TABLE_SET 9
#define BUILTIN_TABLE_FILL 10
#define BUILTIN_TABLE_COPY 11
#define BUILTIN_TABLE_INIT 12
#define BUILTIN_ELEM_DROP 13
#define BUILTIN_GLOBAL_GET_REF 14
#define BUILTIN_GLOBAL_SET_REF 15
#define BUILTIN_CALL_INDIRECT_SLOW 16
#define BUILTIN_OUT_OF_FUEL 17
#define BUILTIN_COUNT 18
#define BUILTINS(X) \
    X(trap, 0) /* * */ \
    X(poll, 1) /* * */ \
    X(memory_grow, 2) /* i32 size -> size */ \
    X(memory_fill, 3) /* i32 size i32 size -> */ \
    X(memory_copy, 4) /* i32 i32 size size size -> */ \
    X(memory_init, 5) /* i32 i32 size i32 i32 -> */ \
    X(data_drop, 6) /* i32 -> */ \
    X(table_grow, 7) /* i32 size ref -> size */ \
    X(table_get, 8) /* i32 size -> ref */ \
    X(table_set, 9) /* i32 size ref -> */ \
    X(table_fill, 10) /* i32 size ref size -> */ \
    X(table_copy, 11) /* i32 i32 size size size -> */ \
    X(table_init, 12) /* i32 i32 size i32 i32 -> */ \
    X(elem_drop, 13) /* i32 -> */ \
    X(global_get_ref, 14) /* i32 -> ref */ \
    X(global_set_ref, 15) /* i32 ref -> */ \
    X(call_indirect_slow, 16) /* i32 ref -> */ \
    X(out_of_fuel, 17) /* -> */

/* Kinds of values; KINDS lists X(name). */
#define KINDS(X) \
    X(I32) \
    X(I64) \
    X(F32) \
    X(F64) \
    X(V128) \
    X(FUNCREF) \
    X(EXTERNREF) \
    X(OPAQUE) \
    X(FUNC) \
    X(EXTERN)

#ifndef __ASSEMBLER__
enum {
    KIND_I32,
    KIND_I64,
    KIND_F32,
    KIND_F64,
    KIND_V128,
    KIND_FUNCREF,
    KIND_EXTERNREF,
    KIND_OPAQUE,
    KIND_FUNC,
    KIND_EXTERN,
    KIND_COUNT
};
typedef struct VMFuncRef {
    void *code;
    uint32_t type_id;
    uint32_t flags;
    void *vmctx;
} VMFuncRef;
_Static_assert(sizeof(VMFuncRef) == VMFUNCREF_SIZE, "VMFuncRef");
typedef struct VMImportedFunc {
    void *code;
    void *vmctx;
    VMFuncRef *funcref;
} VMImportedFunc;
_Static_assert(sizeof(VMImportedFunc) == VMIMPORTEDFUNC_SIZE, "VMImportedFunc");
typedef struct VMGlobal {
    uint64_t low;
    uint64_t high;
} VMGlobal;
_Static_assert(sizeof(VMGlobal) == VMGLOBAL_SIZE, "VMGlobal");
typedef struct VMContextHeader {
    _Atomic(uintptr_t) stack_limit;
    uint8_t *memory0_base;
    void **builtins;
    const uint32_t *type_ids;
    VMFuncRef *null_funcref;
    struct Store *store;
    struct Instance *instance;
    int64_t *fuel;
    void *reserved0;
    void *reserved1;
} VMContextHeader;
_Static_assert(sizeof(VMContextHeader) == VMCONTEXTHEADER_SIZE, "VMContextHeader");
typedef struct MemoryPlan {
    uint64_t min_pages;
    uint64_t max_pages;
    uint64_t max_bytes;
    uint64_t bound_bytes;
    uint64_t reservation_bytes;
    uint64_t guard_bytes;
    uint64_t growth_reserve_bytes;
    uint8_t page_size_log2;
    uint8_t is_64;
    uint8_t shared;
    uint8_t guard_before;
    uint8_t may_move;
    uint8_t has_max;
    uint8_t unused[2];
} MemoryPlan;
_Static_assert(sizeof(MemoryPlan) == 64, "MemoryPlan");
typedef struct TablePlan {
    uint64_t min;
    uint64_t max;
    uint8_t is_64;
    uint8_t kind;
    uint8_t has_max;
    uint8_t unused[5];
} TablePlan;
_Static_assert(sizeof(TablePlan) == 24, "TablePlan");
typedef struct GlobalPlan {
    uint8_t kind;
    uint8_t is_mutable;
} GlobalPlan;
_Static_assert(sizeof(GlobalPlan) == 2, "GlobalPlan");
typedef struct VMOffsets {
    uint32_t imported_funcs, memories, tables, imported_globals, globals, funcrefs, size;
} VMOffsets;
/* Byte offsets in the VMContext of a module with these counts; the size, which may exceed 32 bits. */
static inline uint64_t abi_vm_offsets(VMOffsets *out,
    uint64_t imported_funcs, uint64_t memories, uint64_t tables, uint64_t imported_globals, uint64_t globals, uint64_t funcrefs) {
    uint64_t at = VMCONTEXTHEADER_SIZE;
    out->imported_funcs = (uint32_t)at;
    at += imported_funcs * VMIMPORTEDFUNC_SIZE;
    out->memories = (uint32_t)at;
    at += memories * sizeof(void *);
    out->tables = (uint32_t)at;
    at += tables * sizeof(void *);
    out->imported_globals = (uint32_t)at;
    at += imported_globals * sizeof(void *);
    at = (at + 15) & ~(uint64_t)15;
    out->globals = (uint32_t)at;
    at += globals * VMGLOBAL_SIZE;
    out->funcrefs = (uint32_t)at;
    at += funcrefs * VMFUNCREF_SIZE;
    at = (at + 15) & ~(uint64_t)15;
    out->size = (uint32_t)at;
    return at;
}
#endif

#endif
