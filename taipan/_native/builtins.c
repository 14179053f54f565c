/* The helpers that generated code calls (abi/builtins.py). Indices were validated; addresses, lengths and sizes were not.
   Everything is checked before anything changes. Helpers run with or without the GIL (poll.c) and take it when they need it.
   A trap or a Python exception leaves by unwinding: nothing may be owned at that point. */
#include "runtime.h"

static _Noreturn void out_of_bounds(VMContext *vmctx, int trap) { tp_trap(STORE_OF(vmctx), trap); }

/* ---- memories ---- */
static VMMemory *memory_at(VMContext *vmctx, uint32_t index) { return tp_memories(INSTANCE_OF(vmctx))[index]; }

/* Long operations look for Ctrl-C and interrupts after each part, which takes a few milliseconds. A signal handler may run
   Python code that moves a memory, so bases are read again for each part. */
#define PART_BYTES ((uint64_t)4 << 20)
static uint64_t next_part(uint64_t rest) { return rest < PART_BYTES ? rest : PART_BYTES; }

uint64_t tp_builtin_memory_grow(VMContext *vmctx, uint32_t memory, uint64_t delta) {
    Store *store = STORE_OF(vmctx);
    VMMemory *grown = memory_at(vmctx, memory);
    /* Without a limiter, growth of a memory that stays where it is needs no Python. Looked at once: another thread may
       set a limiter meanwhile. */
    bool python = store->limiter != NULL || grown->plan.may_move;
    if (python) tp_gil_take(store);
    int64_t old_pages = tp_memory_grow(store, grown, delta, python);
    if (old_pages == -2) tp_unwind_with_python_error(store);
    return (uint64_t)old_pages;
}

void tp_builtin_memory_fill(VMContext *vmctx, uint32_t memory, uint64_t address, uint32_t byte, uint64_t length) {
    VMMemory *filled = memory_at(vmctx, memory);
    if (!tp_in_bounds(address, length, filled->length)) out_of_bounds(vmctx, TRAP_MEMORY_OUT_OF_BOUNDS);
    for (uint64_t done = 0, part; done < length; done += part) {
        if (done != 0) tp_check_interrupts(STORE_OF(vmctx));
        part = next_part(length - done);
        memset(filled->base + address + done, (int)(byte & 0xFF), part);
    }
}

void tp_builtin_memory_copy(VMContext *vmctx, uint32_t to, uint32_t from, uint64_t dst, uint64_t src, uint64_t length) {
    VMMemory *target = memory_at(vmctx, to), *source = memory_at(vmctx, from);
    if (!tp_in_bounds(dst, length, target->length) || !tp_in_bounds(src, length, source->length))
        out_of_bounds(vmctx, TRAP_MEMORY_OUT_OF_BOUNDS);
    /* Parts that overlap must be read before they are written: from the end if the target lies behind the source. */
    bool backwards = target == source && dst > src;
    for (uint64_t done = 0, part; done < length; done += part) {
        if (done != 0) tp_check_interrupts(STORE_OF(vmctx));
        part = next_part(length - done);
        uint64_t at = backwards ? length - done - part : done;
        memmove(target->base + dst + at, source->base + src + at, part);
    }
}

void tp_builtin_memory_init(
    VMContext *vmctx, uint32_t memory, uint32_t segment, uint64_t dst, uint32_t src, uint32_t length) {
    int result = tp_memory_init(INSTANCE_OF(vmctx), memory, segment, dst, src, length);
    if (result != TP_DONE) out_of_bounds(vmctx, result);
}

void tp_builtin_data_drop(VMContext *vmctx, uint32_t segment) { INSTANCE_OF(vmctx)->data_dropped[segment] = 1; }

/* ---- tables ---- */
static VMTable *table_at(VMContext *vmctx, uint32_t index) { return tp_tables(INSTANCE_OF(vmctx))[index]; }

static void take_gil_for_counts(VMContext *vmctx, const VMTable *table) {
    if (table->plan.kind == KIND_EXTERNREF) tp_gil_take(STORE_OF(vmctx));
}

uint64_t tp_builtin_table_grow(VMContext *vmctx, uint32_t table, uint64_t delta, uint64_t value) {
    Store *store = STORE_OF(vmctx);
    VMTable *grown = table_at(vmctx, table);
    tp_gil_take(store); /* for the limiter, and to count externrefs */
    /* The value is no longer in the caller's frame: the limiter must not collect it. */
    PyObject *held = grown->plan.kind == KIND_EXTERNREF ? tp_externref(value) : NULL;
    Py_XINCREF(held);
    int64_t old_length = tp_table_grow(store, grown, delta, value);
    Py_XDECREF(held);
    if (old_length == -2) tp_unwind_with_python_error(store);
    return (uint64_t)old_length;
}

/* A reference from a table or global, which was read after the collection. */
static uint64_t enter_frames(VMContext *vmctx, uint64_t value) {
    if (value == 0) return 0;
    tp_gil_take(STORE_OF(vmctx));
    if (tp_externref_enter(STORE_OF(vmctx), tp_externref(value)) < 0) tp_unwind_with_python_error(STORE_OF(vmctx));
    return value;
}

uint64_t tp_builtin_table_get(VMContext *vmctx, uint32_t table, uint64_t index) {
    VMTable *read = table_at(vmctx, table);
    bool counted = read->plan.kind == KIND_EXTERNREF;
    if (counted) tp_gc_if_due(STORE_OF(vmctx));
    if (index >= read->length) out_of_bounds(vmctx, TRAP_TABLE_ACCESS_OUT_OF_BOUNDS);
    return counted ? enter_frames(vmctx, read->elements[index]) : read->elements[index];
}

void tp_builtin_table_set(VMContext *vmctx, uint32_t table, uint64_t index, uint64_t value) {
    VMTable *written = table_at(vmctx, table);
    if (index >= written->length) out_of_bounds(vmctx, TRAP_TABLE_ACCESS_OUT_OF_BOUNDS);
    take_gil_for_counts(vmctx, written);
    tp_table_set(STORE_OF(vmctx), written, index, value);
}

void tp_builtin_table_fill(VMContext *vmctx, uint32_t table, uint64_t start, uint64_t value, uint64_t length) {
    VMTable *filled = table_at(vmctx, table);
    if (!tp_in_bounds(start, length, filled->length)) out_of_bounds(vmctx, TRAP_TABLE_ACCESS_OUT_OF_BOUNDS);
    take_gil_for_counts(vmctx, filled);
    if (tp_table_fill(STORE_OF(vmctx), filled, start, value, length) < 0) tp_unwind_with_python_error(STORE_OF(vmctx));
}

void tp_builtin_table_copy(VMContext *vmctx, uint32_t to, uint32_t from, uint64_t dst, uint64_t src, uint64_t length) {
    VMTable *target = table_at(vmctx, to), *source = table_at(vmctx, from);
    if (!tp_in_bounds(dst, length, target->length) || !tp_in_bounds(src, length, source->length))
        out_of_bounds(vmctx, TRAP_TABLE_ACCESS_OUT_OF_BOUNDS);
    take_gil_for_counts(vmctx, target);
    if (tp_table_write(STORE_OF(vmctx), target, dst, source->elements + src, length) < 0)
        tp_unwind_with_python_error(STORE_OF(vmctx));
}

void tp_builtin_table_init(
    VMContext *vmctx, uint32_t table, uint32_t segment, uint64_t dst, uint32_t src, uint32_t length) {
    tp_gil_take(STORE_OF(vmctx)); /* counts, or records that are made now */
    int result = tp_table_init(INSTANCE_OF(vmctx), table, segment, dst, src, length);
    if (result == TP_ERROR) tp_unwind_with_python_error(STORE_OF(vmctx));
    if (result != TP_DONE) out_of_bounds(vmctx, result);
}

void tp_builtin_elem_drop(VMContext *vmctx, uint32_t segment) {
    tp_gil_take(STORE_OF(vmctx));
    tp_elem_drop(INSTANCE_OF(vmctx), segment);
}

/* ---- references ---- */
uint64_t tp_builtin_global_get_ref(VMContext *vmctx, uint32_t global) {
    tp_gc_if_due(STORE_OF(vmctx));
    return enter_frames(vmctx, tp_instance_global(INSTANCE_OF(vmctx), global)->low);
}

void tp_builtin_global_set_ref(VMContext *vmctx, uint32_t global, uint64_t value) {
    tp_gil_take(STORE_OF(vmctx));
    const uint64_t words[2] = {value, 0};
    tp_global_store(STORE_OF(vmctx), tp_instance_global(INSTANCE_OF(vmctx), global), KIND_EXTERNREF, words);
}

void tp_builtin_call_indirect_slow(VMContext *vmctx, uint32_t type_index, VMFuncRef *ref) {
    if (ref->code == NULL) tp_trap(STORE_OF(vmctx), TRAP_INDIRECT_CALL_TO_NULL);
    uint32_t wanted = vmctx->type_ids[type_index];
    if (ref->type_id == wanted) return;
    Store *store = STORE_OF(vmctx);
    tp_gil_take(store);
    PyObject *info = INSTANCE_OF(vmctx)->module->info;
    store->no_gc++; /* the arguments are in registers */
    PyObject *answer = PyObject_CallMethod(info, "is_subtype", "II", ref->type_id, wanted);
    int allowed = answer == NULL ? -1 : PyObject_IsTrue(answer);
    Py_XDECREF(answer);
    store->no_gc--;
    if (allowed < 0) tp_unwind_with_python_error(store);
    if (!allowed) tp_trap(store, TRAP_BAD_SIGNATURE);
}

/* ---- fuel ---- */
void tp_builtin_out_of_fuel(VMContext *vmctx) { tp_trap(STORE_OF(vmctx), TRAP_OUT_OF_FUEL); }
