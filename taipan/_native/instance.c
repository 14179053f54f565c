/* Instances: one allocation holds the record, the VMContext that generated code sees, and own tables. The record is
   given to the store before anything outside it is changed, and stays there until the store closes. */
#include "objects.h"

#include <string.h>

typedef struct InstanceObject {
    Handle handle;        /* of an Instance */
    NativeModule *module; /* strong: also there when the store is closed */
} InstanceObject;

static PyTypeObject *instance_type;

static uint32_t total_memories(const NativeModule *module) { return module->num_imported_memories + module->num_memories; }
static uint32_t total_tables(const NativeModule *module) { return module->num_imported_tables + module->num_tables; }
static uint32_t total_globals(const NativeModule *module) { return module->num_imported_globals + module->num_globals; }

/* ---- function records ---- */

/* Position of a function among the escaped ones, or num_escaped. `hint`: where to look first. */
static uint32_t escaped_position(const NativeModule *module, uint32_t func_index, uint32_t *hint) {
    const uint32_t *escaped = module->escaped;
    uint32_t low = 0, high = module->num_escaped;
    if (hint != NULL && *hint < high && escaped[*hint] == func_index) return (*hint)++;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (escaped[middle] < func_index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == module->num_escaped || escaped[low] != func_index) return module->num_escaped;
    if (hint != NULL) *hint = low + 1;
    return low;
}

static bool fill_in_record(VMFuncRef *record, Instance *instance, uint32_t func_index) {
    NativeModule *module = instance->head.module;
    record->code = tp_module_entry(module, func_index - module->num_imported_funcs);
    record->type_id = module->type_ids[module->func_type_indices[func_index]];
    record->flags = FUNCREF_FLAGS(func_index);
    record->vmctx = instance->head.vmctx;
    return record->code != NULL;
}

/* The slot of a function in an open-addressing table of `size` (a power of two) slots: its record or a free one. */
static VMFuncRef **record_slot(VMFuncRef **slots, uint32_t size, uint32_t func_index) {
    uint32_t i = (func_index * 0x9E3779B1u) & (size - 1);
    while (slots[i] != NULL && FUNCREF_INDEX(slots[i]) != func_index) i = (i + 1) & (size - 1);
    return &slots[i];
}

/* Room for one more record, at most half full. */
static bool grow_records(Instance *instance) {
    if (instance->func_records_used * 2 < instance->func_records_size) return true;
    uint32_t size = instance->func_records_size == 0 ? 8 : instance->func_records_size * 2;
    VMFuncRef **slots = PyMem_RawCalloc(size, sizeof *slots);
    if (slots == NULL) return false;
    for (uint32_t i = 0; i < instance->func_records_size; i++) {
        VMFuncRef *record = instance->func_records[i];
        if (record != NULL) *record_slot(slots, size, FUNCREF_INDEX(record)) = record;
    }
    PyMem_RawFree(instance->func_records);
    instance->func_records = slots;
    instance->func_records_size = size;
    return true;
}

VMFuncRef *tp_instance_funcref(Instance *instance, uint32_t func_index, uint32_t *hint) {
    const NativeModule *module = instance->head.module;
    if (func_index < module->num_imported_funcs) return tp_imported_funcs(instance)[func_index].funcref;
    uint32_t position = escaped_position(module, func_index, hint);
    if (position < module->num_escaped) return tp_own_funcrefs(instance) + position;
    if (instance->func_records_size != 0) {
        VMFuncRef *known = *record_slot(instance->func_records, instance->func_records_size, func_index);
        if (known != NULL) return known;
    }
    VMFuncRef *record = PyMem_RawMalloc(sizeof *record);
    if (record == NULL || !grow_records(instance)) {
        PyMem_RawFree(record);
        PyErr_NoMemory();
        return NULL;
    }
    if (!fill_in_record(record, instance, func_index)) {
        PyMem_RawFree(record);
        return NULL;
    }
    *record_slot(instance->func_records, instance->func_records_size, func_index) = record;
    instance->func_records_used++;
    instance->head.store->num_funcrefs++;
    return record;
}

/* ---- segments ---- */

static void clear_segment(ElementSegment *segment) {
    ElementSegment old = *segment;
    memset(segment, 0, sizeof *segment); /* first: finalizers may use the instance */
    if (old.view != NULL) {
        PyBuffer_Release(old.view);
        PyMem_RawFree(old.view);
    }
    if (old.refs != NULL && old.kind == KIND_EXTERNREF) {
        for (uint32_t i = 0; i < old.length; i++) Py_XDECREF(tp_externref(old.refs[i]));
    }
    PyMem_RawFree(old.refs);
}

void tp_elem_drop(Instance *instance, uint32_t segment) {
    if (instance->elements == NULL) return;
    ElementSegment *dropped = &instance->elements[segment];
    if (dropped->kind == KIND_EXTERNREF) {
        for (uint32_t i = 0; i < dropped->length; i++) {
            if (dropped->refs[i] != 0) instance->head.store->externref_decrements++;
        }
    }
    clear_segment(dropped);
}

int tp_memory_init(Instance *instance, uint32_t memory, uint32_t segment, uint64_t dst, uint32_t src,
                   uint32_t length) {
    VMMemory *to = tp_memories(instance)[memory];
    const DataSegment *data = &instance->head.module->data[segment];
    uint64_t size = instance->data_dropped[segment] ? 0 : data->size;
    if (src > size || length > size - src || dst > to->length || length > to->length - dst) {
        return TRAP_MEMORY_OUT_OF_BOUNDS;
    }
    if (length != 0) memcpy(to->base + dst, data->bytes + src, length);
    return TP_DONE;
}

int tp_table_init(Instance *instance, uint32_t table, uint32_t segment, uint64_t dst, uint32_t src, uint32_t length) {
    static const ElementSegment empty;
    VMTable *to = tp_tables(instance)[table];
    const ElementSegment *from = instance->elements == NULL ? &empty : &instance->elements[segment];
    if (src > from->length || length > from->length - src || dst > to->length || length > to->length - dst) {
        return TRAP_TABLE_ACCESS_OUT_OF_BOUNDS;
    }
    if (length == 0) return TP_DONE;
    if (from->view == NULL) {
        return tp_table_write(instance->head.store, to, dst, from->refs + src, length) < 0 ? TP_ERROR : TP_DONE;
    }
    const char *indices = (const char *)from->view->buf + (size_t)src * sizeof(uint32_t);
    uint32_t hint = 0;
    for (uint32_t i = 0; i < length; i++) {
        uint32_t func_index;
        memcpy(&func_index, indices + (size_t)i * sizeof func_index, sizeof func_index); /* may be unaligned */
        VMFuncRef *record = &tp_null_funcref;
        if (func_index != NULL_FUNC_INDEX) record = tp_instance_funcref(instance, func_index, &hint);
        if (record == NULL) return TP_ERROR;
        to->elements[dst + i] = (uint64_t)(uintptr_t)record;
    }
    return TP_DONE;
}

/* Function indices as they come from the module, kept in its buffer. */
static bool set_segment_indices(Instance *instance, ElementSegment *segment, PyObject *items) {
    Py_buffer *view = PyMem_RawMalloc(sizeof *view);
    if (view == NULL) {
        PyErr_NoMemory();
        return false;
    }
    if (PyObject_GetBuffer(items, view, PyBUF_SIMPLE) < 0) {
        PyMem_RawFree(view);
        return false;
    }
    size_t length = (size_t)view->len / sizeof(uint32_t);
    bool valid = (size_t)view->len % sizeof(uint32_t) == 0 && length <= UINT32_MAX;
    for (size_t i = 0; valid && i < length; i++) {
        uint32_t func_index;
        memcpy(&func_index, (char *)view->buf + i * sizeof func_index, sizeof func_index);
        valid = func_index < instance->head.module->num_funcs || func_index == NULL_FUNC_INDEX;
    }
    if (!valid) {
        PyErr_SetString(PyExc_ValueError, "items of an element segment must be u32 function indices of the module");
        PyBuffer_Release(view);
        PyMem_RawFree(view);
        return false;
    }
    segment->view = view;
    segment->kind = KIND_FUNCREF;
    segment->length = (uint32_t)length;
    return true;
}

static bool set_segment_refs(Store *store, ElementSegment *segment, int kind, PyObject *items) {
    PyObject *list = PySequence_Tuple(items); /* a copy: conversion may run Python code */
    if (list == NULL) return false;
    size_t length = (size_t)PyTuple_GET_SIZE(list);
    uint64_t *refs = PyMem_RawMalloc(length == 0 ? 1 : length * sizeof *refs);
    bool ok = refs != NULL && length <= UINT32_MAX;
    if (!ok) PyErr_NoMemory();
    for (size_t i = 0; ok && i < length; i++) {
        uint64_t value[2];
        ok = tp_stored_from_python(store, kind, PyTuple_GET_ITEM(list, (Py_ssize_t)i), value) == 0;
        if (ok) refs[i] = value[0];
    }
    ok = ok && tp_check_open(store) == 0;
    if (ok) {
        for (size_t i = 0; kind == KIND_EXTERNREF && i < length; i++) {
            if (refs[i] == 0) continue;
            Py_INCREF(tp_externref(refs[i]));
            store->externref_increments++;
        }
        segment->refs = refs;
        segment->kind = (uint8_t)kind;
        segment->length = (uint32_t)length;
    } else {
        PyMem_RawFree(refs);
    }
    Py_DECREF(list);
    return ok;
}

/* ---- records of the store ---- */

static int instance_owned_traverse(Owned *owned, visitproc visit, void *arg) {
    Instance *instance = (Instance *)TP_CONTAINER_OF(owned, InstanceHead, owned);
    NativeModule *module = instance->head.module;
    if (module == NULL) return 0;
    Py_VISIT(module);
    for (uint32_t i = 0; i < module->num_tables; i++) {
        int result = tp_table_traverse(&instance->own_tables[i], visit, arg);
        if (result != 0) return result;
    }
    for (uint32_t i = 0; i < module->num_globals; i++) {
        if (module->globals[i].kind == KIND_EXTERNREF) Py_VISIT(tp_externref(tp_own_globals(instance)[i].low));
    }
    for (uint32_t i = 0; instance->elements != NULL && i < module->num_elements; i++) {
        const ElementSegment *segment = &instance->elements[i];
        if (segment->view != NULL) Py_VISIT(segment->view->obj);
        if (segment->kind != KIND_EXTERNREF) continue;
        for (uint32_t k = 0; k < segment->length; k++) Py_VISIT(tp_externref(segment->refs[k]));
    }
    return 0;
}

static void instance_owned_clear(Owned *owned) {
    Instance *instance = (Instance *)TP_CONTAINER_OF(owned, InstanceHead, owned);
    NativeModule *module = instance->head.module;
    for (uint32_t i = 0; i < module->num_tables; i++) tp_table_clear(&instance->own_tables[i]);
    for (uint32_t i = 0; i < module->num_globals; i++) {
        if (module->globals[i].kind != KIND_EXTERNREF) continue;
        VMGlobal *global = &tp_own_globals(instance)[i];
        PyObject *old = tp_externref(global->low);
        global->low = 0;
        Py_XDECREF(old);
    }
    for (uint32_t i = 0; instance->elements != NULL && i < module->num_elements; i++) {
        clear_segment(&instance->elements[i]);
    }
    instance->head.module = NULL;
    Py_DECREF(module);
}

static void instance_owned_free(Owned *owned) {
    Instance *instance = (Instance *)TP_CONTAINER_OF(owned, InstanceHead, owned);
    for (uint32_t i = 0; i < instance->func_records_size; i++) PyMem_RawFree(instance->func_records[i]);
    PyMem_RawFree(instance->func_records);
    PyMem_RawFree(instance->elements);
    PyMem_RawFree(instance);
}

static const OwnedKind instance_kind = {instance_owned_traverse, instance_owned_clear, instance_owned_free};

/* ---- creation ---- */

/* The record with everything zero and its parts placed; NULL with MemoryError. */
static Instance *allocate(NativeModule *module) {
    const size_t record_bytes = (sizeof(Instance) + 15) & ~(size_t)15; /* VMContexts are 16-byte aligned, as malloc is */
    size_t vmctx_bytes = module->offsets.size;
    size_t tables_bytes = module->num_tables * sizeof(VMTable); /* counts are 32-bit: sums fit into 64 */
    size_t bytes = record_bytes + vmctx_bytes + tables_bytes + module->num_imported_globals + module->num_data;
    char *memory = PyMem_RawCalloc(1, bytes);
    if (memory == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    Instance *instance = (Instance *)memory;
    memory += record_bytes;
    instance->head.vmctx = (VMContext *)memory;
    memory += vmctx_bytes;
    instance->own_tables = (VMTable *)memory;
    memory += tables_bytes;
    instance->imported_global_types = (uint8_t *)memory;
    instance->data_dropped = (uint8_t *)memory + module->num_imported_globals;
    return instance;
}

/* The imports of one kind as an array (NULL if there are none). `sequence` gets a reference. False with an exception. */
static bool import_list(PyObject *object, uint32_t wanted, const char *what, PyObject **sequence, PyObject ***items) {
    *sequence = PySequence_Fast(object, "imports must be sequences");
    if (*sequence == NULL) return false;
    if (PySequence_Fast_GET_SIZE(*sequence) != (Py_ssize_t)wanted) {
        PyErr_Format(PyExc_ValueError, "module imports %u %s, got %zd", wanted, what,
                     PySequence_Fast_GET_SIZE(*sequence));
        return false;
    }
    *items = PySequence_Fast_ITEMS(*sequence);
    return true;
}

static bool owned_by(Store *store, uint64_t store_id, const char *what, uint32_t index) {
    if (store_id == store->id) return true;
    PyErr_Format(tp_registry.WrongStoreError, "cross-`Store` values are not supported: imported %s %u", what, index);
    return false;
}

enum { FUNCS, TABLES, MEMORIES, GLOBALS, IMPORT_KINDS };

static bool bind_funcs(Store *store, Instance *instance, PyObject **funcs) {
    VMImportedFunc *imported = tp_imported_funcs(instance);
    for (uint32_t i = 0; i < instance->head.module->num_imported_funcs; i++) {
        FuncObject *func = (FuncObject *)funcs[i];
        if (!PyObject_TypeCheck(funcs[i], tp_func_type) || func->ref == NULL) {
            PyErr_Format(PyExc_TypeError, "expected a Func, got %.100s", Py_TYPE(funcs[i])->tp_name);
            return false;
        }
        if (!owned_by(store, func->store_id, "function", i)) return false;
        imported[i].code = func->ref->code;
        imported[i].vmctx = func->ref->vmctx;
        imported[i].funcref = func->ref;
    }
    return true;
}

static bool bind_others(Store *store, Instance *instance, PyObject **imports[IMPORT_KINDS]) {
    const NativeModule *module = instance->head.module;
    uint64_t store_id;
    for (uint32_t i = 0; i < module->num_imported_tables; i++) {
        VMTable *table = tp_table_of(imports[TABLES][i], &store_id);
        if (table == NULL || !owned_by(store, store_id, "table", i)) return false;
        tp_tables(instance)[i] = table;
    }
    for (uint32_t i = 0; i < module->num_imported_memories; i++) {
        VMMemory *memory = tp_memory_of(imports[MEMORIES][i], &store_id);
        if (memory == NULL || !owned_by(store, store_id, "memory", i)) return false;
        tp_memories(instance)[i] = memory;
    }
    for (uint32_t i = 0; i < module->num_imported_globals; i++) {
        int kind;
        bool is_mutable;
        VMGlobal *global = tp_global_of(imports[GLOBALS][i], &store_id, &kind, &is_mutable);
        if (global == NULL || !owned_by(store, store_id, "global", i)) return false;
        tp_imported_globals(instance)[i] = global;
        instance->imported_global_types[i] = (uint8_t)(kind | is_mutable << 7);
    }
    return true;
}

/* Own memories and tables. The limiter may run Python code and refuse; what exists then is given back. */
static bool create_own(Store *store, Instance *instance) {
    const NativeModule *module = instance->head.module;
    VMMemory **memories = tp_memories(instance) + module->num_imported_memories;
    VMTable **tables = tp_tables(instance) + module->num_imported_tables;
    uint32_t memory_count = 0, table_count = 0;
    for (; memory_count < module->num_memories; memory_count++) {
        const MemoryPlan *plan = &module->memories[memory_count];
        memories[memory_count] =
            tp_memory_new(store, plan->min_pages, plan->max_pages, plan->is_64, plan->page_size_log2, plan->shared,
                          plan->reservation_bytes, plan->guard_bytes, plan->growth_reserve_bytes, plan->guard_before,
                          plan->may_move);
        if (memories[memory_count] == NULL) goto failed;
    }
    for (; table_count < module->num_tables; table_count++) {
        const TablePlan *plan = &module->tables[table_count];
        tables[table_count] = &instance->own_tables[table_count];
        if (tp_table_create(store, tables[table_count], plan->min, plan->max, plan->is_64, plan->kind) < 0) goto failed;
    }
    return true;
failed:
    while (table_count > 0) tp_table_clear(tables[--table_count]);
    if (store->live_id != 0) { /* else the store has freed them */
        while (memory_count > 0) tp_memory_discard(memories[--memory_count]);
    }
    return false;
}

static void initialise_globals(Instance *instance) {
    const NativeModule *module = instance->head.module;
    VMGlobal *globals = tp_own_globals(instance);
    if (module->num_globals == 0) return;
    memcpy(globals, module->globals_template, module->num_globals * sizeof(VMGlobal));
    for (uint32_t i = 0; i < module->num_globals; i++) {
        if (module->globals[i].kind == KIND_FUNCREF) globals[i].low = tp_null_word(KIND_FUNCREF);
    }
}

/* Everything that needs no Python code and, but for the entries, cannot fail. */
static bool fill_in_context(Store *store, Instance *instance) {
    NativeModule *module = instance->head.module;
    VMContext *vmctx = instance->head.vmctx;
    VMFuncRef *records = tp_own_funcrefs(instance);
    for (uint32_t i = 0; i < module->num_escaped; i++) {
        if (!fill_in_record(&records[i], instance, module->escaped[i])) return false;
    }
    initialise_globals(instance);
    vmctx->builtins = tp_builtin_table;
    vmctx->type_ids = module->type_ids;
    vmctx->null_funcref = &tp_null_funcref;
    vmctx->store = store;
    vmctx->instance = instance;
    vmctx->fuel = &store->fuel;
    vmctx->epoch = &store->own_epoch;
    return true;
}

/* An instance that the store owns, or NULL with an exception. */
static Instance *create(Store *store, NativeModule *module, PyObject **imports[IMPORT_KINDS]) {
    Instance *instance = allocate(module);
    if (instance == NULL) return NULL;
    instance->head.store = store;
    instance->head.module = module;
    if (!bind_funcs(store, instance, imports[FUNCS]) || !bind_others(store, instance, imports) ||
        !fill_in_context(store, instance) || !create_own(store, instance)) {
        PyMem_RawFree(instance);
        return NULL;
    }
    Py_INCREF(module);
    tp_store_add_instance(store, instance, &instance_kind);
    if (total_memories(module) != 0) tp_memory_add_user(tp_memories(instance)[0], instance);
    return instance;
}

static PyObject *new_handle(PyTypeObject *type, Instance *instance) {
    InstanceObject *self = (InstanceObject *)tp_handle_new(type, instance->head.store, instance);
    if (self == NULL) return NULL;
    self->module = (NativeModule *)Py_NewRef((PyObject *)instance->head.module);
    return (PyObject *)self;
}

PyObject *tp_instance_handle(Instance *instance) { return new_handle(instance_type, instance); }

/* ---- InstanceBase ---- */

static PyObject *instance_create(PyObject *cls, PyObject *const *args, Py_ssize_t count) {
    static const char *const kind_names[IMPORT_KINDS] = {"functions", "tables", "memories", "globals"};
    if (count != 2 + IMPORT_KINDS) {
        return PyErr_Format(PyExc_TypeError, "_create takes %d arguments, got %zd", 2 + IMPORT_KINDS, count);
    }
    if (!PyObject_TypeCheck(args[1], tp_native_module_type)) {
        return PyErr_Format(PyExc_TypeError, "expected a NativeModule, got %.100s", Py_TYPE(args[1])->tp_name);
    }
    NativeModule *module = (NativeModule *)args[1];
    const uint32_t wanted[IMPORT_KINDS] = {module->num_imported_funcs, module->num_imported_tables,
                                           module->num_imported_memories, module->num_imported_globals};
    PyObject *sequences[IMPORT_KINDS] = {NULL}, **imports[IMPORT_KINDS], *result = NULL;
    for (int i = 0; i < IMPORT_KINDS; i++) {
        if (!import_list(args[2 + i], wanted[i], kind_names[i], &sequences[i], &imports[i])) goto done;
    }
    Store *store = tp_store_for(args[0], 0);
    if (store == NULL) goto done;
    Instance *instance = create(store, module, imports);
    if (instance != NULL) result = new_handle((PyTypeObject *)cls, instance);
done:
    for (int i = 0; i < IMPORT_KINDS; i++) Py_XDECREF(sequences[i]);
    return result;
}

static Instance *enter(PyObject *self, const char *method, PyObject *const *args, Py_ssize_t given, Py_ssize_t wanted) {
    Store *store;
    return tp_handle_enter(self, method, args, given, wanted, &store);
}

/* An index into one of the instance's index spaces. */
static bool index_arg(PyObject *object, const char *space, uint32_t length, uint32_t *index) {
    uint64_t value;
    if (tp_index_arg(object, &value) < 0) return false;
    if (value >= length) {
        PyErr_Format(PyExc_IndexError, "%s index %S out of range: the module has %u", space, object, length);
        return false;
    }
    *index = (uint32_t)value;
    return true;
}

static PyObject *instance_func(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_func", args, count, 2);
    uint32_t index;
    if (instance == NULL || !index_arg(args[1], "function", instance->head.module->num_funcs, &index)) return NULL;
    VMFuncRef *record = tp_instance_funcref(instance, index, NULL);
    return record == NULL ? NULL : tp_func_handle(instance->head.store, record);
}

static PyObject *instance_table(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_table", args, count, 2);
    uint32_t index;
    if (instance == NULL || !index_arg(args[1], "table", total_tables(instance->head.module), &index)) return NULL;
    return tp_table_handle(instance->head.store, tp_tables(instance)[index]);
}

static PyObject *instance_memory(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_memory", args, count, 2);
    uint32_t index;
    if (instance == NULL || !index_arg(args[1], "memory", total_memories(instance->head.module), &index)) return NULL;
    return tp_memory_handle(instance->head.store, tp_memories(instance)[index]);
}

static PyObject *instance_global(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_global", args, count, 2);
    uint32_t index;
    if (instance == NULL || !index_arg(args[1], "global", total_globals(instance->head.module), &index)) return NULL;
    const NativeModule *module = instance->head.module;
    int kind;
    bool is_mutable;
    if (index < module->num_imported_globals) {
        kind = instance->imported_global_types[index] & 0x7F;
        is_mutable = instance->imported_global_types[index] >> 7;
    } else {
        const GlobalPlan *plan = &module->globals[index - module->num_imported_globals];
        kind = plan->kind;
        is_mutable = plan->mutable_;
    }
    return tp_global_handle(instance->head.store, tp_instance_global(instance, index), kind, is_mutable);
}

static PyObject *instance_set_global_bits(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_set_global_bits", args, count, 3);
    uint32_t index;
    uint64_t value[2];
    if (instance == NULL || !index_arg(args[1], "own global", instance->head.module->num_globals, &index)) return NULL;
    Store *store = instance->head.store;
    int kind = instance->head.module->globals[index].kind;
    if (tp_stored_from_python(store, kind, args[2], value) < 0 || tp_check_open(store) < 0) return NULL;
    tp_global_store(store, tp_own_globals(instance) + index, kind, value);
    Py_RETURN_NONE;
}

static PyObject *instance_set_element_segment(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_set_element_segment", args, count, 4);
    uint32_t index, kind;
    if (instance == NULL || !index_arg(args[1], "element segment", instance->head.module->num_elements, &index) ||
        !index_arg(args[2], "kind", KIND_COUNT, &kind)) {
        return NULL;
    }
    if (instance->elements == NULL) {
        instance->elements = PyMem_RawCalloc(instance->head.module->num_elements, sizeof(ElementSegment));
        if (instance->elements == NULL) return PyErr_NoMemory();
    }
    ElementSegment segment = {NULL, NULL, 0, 0};
    bool ok = PyObject_CheckBuffer(args[3]) ? set_segment_indices(instance, &segment, args[3])
                                            : set_segment_refs(instance->head.store, &segment, (int)kind, args[3]);
    if (!ok) return NULL;
    ElementSegment old = instance->elements[index];
    instance->elements[index] = segment;
    clear_segment(&old);
    Py_RETURN_NONE;
}

/* 0..2^32-1, larger values become 2^32-1, which no segment reaches. */
static bool u32_arg(PyObject *object, uint32_t *value) {
    uint64_t wide;
    if (tp_index_arg(object, &wide) < 0) return false;
    *value = wide > UINT32_MAX ? UINT32_MAX : (uint32_t)wide;
    return true;
}

static PyObject *init_result(int result) {
    if (result == TP_DONE) Py_RETURN_NONE;
    if (result != TP_ERROR) tp_raise_trap(result);
    return NULL;
}

static PyObject *instance_table_init(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_table_init", args, count, 6);
    uint32_t table, segment, src, length;
    uint64_t dst;
    if (instance == NULL || !index_arg(args[1], "table", total_tables(instance->head.module), &table) ||
        !index_arg(args[2], "element segment", instance->head.module->num_elements, &segment) ||
        tp_index_arg(args[3], &dst) < 0 || !u32_arg(args[4], &src) || !u32_arg(args[5], &length)) {
        return NULL;
    }
    return init_result(tp_table_init(instance, table, segment, dst, src, length));
}

static PyObject *instance_elem_drop(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_elem_drop", args, count, 2);
    uint32_t segment;
    if (instance == NULL || !index_arg(args[1], "element segment", instance->head.module->num_elements, &segment)) {
        return NULL;
    }
    tp_elem_drop(instance, segment);
    Py_RETURN_NONE;
}

static PyObject *instance_memory_init(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_memory_init", args, count, 6);
    uint32_t memory, segment, src, length;
    uint64_t dst;
    if (instance == NULL || !index_arg(args[1], "memory", total_memories(instance->head.module), &memory) ||
        !index_arg(args[2], "data segment", instance->head.module->num_data, &segment) ||
        tp_index_arg(args[3], &dst) < 0 || !u32_arg(args[4], &src) || !u32_arg(args[5], &length)) {
        return NULL;
    }
    return init_result(tp_memory_init(instance, memory, segment, dst, src, length));
}

/* A row of the array that _init_data takes. */
typedef struct DataPlan {
    uint64_t address;
    uint32_t memory, segment;
} DataPlan;

static PyObject *instance_init_data(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_init_data", args, count, 2);
    Py_buffer view;
    if (instance == NULL || PyObject_GetBuffer(args[1], &view, PyBUF_SIMPLE) < 0) return NULL;
    const NativeModule *module = instance->head.module;
    int result = TP_DONE;
    for (size_t at = 0; result == TP_DONE && at + sizeof(DataPlan) <= (size_t)view.len; at += sizeof(DataPlan)) {
        DataPlan plan;
        memcpy(&plan, (const char *)view.buf + at, sizeof plan);
        if (plan.memory >= total_memories(module) || plan.segment >= module->num_data) {
            PyErr_SetString(PyExc_IndexError, "memory or data segment index out of range");
            result = TP_ERROR;
            break;
        }
        uint32_t size = (uint32_t)module->data[plan.segment].size;
        result = tp_memory_init(instance, plan.memory, plan.segment, plan.address, 0, size);
        if (result == TP_DONE) instance->data_dropped[plan.segment] = 1;
    }
    PyBuffer_Release(&view);
    return init_result(result);
}

static PyObject *instance_data_drop(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Instance *instance = enter(self, "_data_drop", args, count, 2);
    uint32_t segment;
    if (instance == NULL || !index_arg(args[1], "data segment", instance->head.module->num_data, &segment)) return NULL;
    instance->data_dropped[segment] = 1;
    Py_RETURN_NONE;
}

static int instance_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((InstanceObject *)self)->module);
    return 0;
}

static int instance_clear(PyObject *self) {
    InstanceObject *handle = (InstanceObject *)self;
    handle->handle.target = NULL; /* a handle without its module is of no use */
    Py_CLEAR(handle->module);
    return 0;
}

static void instance_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    instance_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *instance_get_module(PyObject *self, void *Py_UNUSED(closure)) {
    PyObject *module = (PyObject *)((InstanceObject *)self)->module;
    return Py_NewRef(module != NULL ? module : Py_None);
}

static PyMethodDef instance_methods[] = {
    {"_create", (PyCFunction)(void (*)(void))instance_create, METH_FASTCALL | METH_CLASS, NULL},
    TP_METHOD("_func", instance_func),
    TP_METHOD("_table", instance_table),
    TP_METHOD("_memory", instance_memory),
    TP_METHOD("_global", instance_global),
    TP_METHOD("_set_global_bits", instance_set_global_bits),
    TP_METHOD("_set_element_segment", instance_set_element_segment),
    TP_METHOD("_table_init", instance_table_init),
    TP_METHOD("_elem_drop", instance_elem_drop),
    TP_METHOD("_memory_init", instance_memory_init),
    TP_METHOD("_data_drop", instance_data_drop),
    TP_METHOD("_init_data", instance_init_data),
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef instance_getset[] = {
    {"_module", instance_get_module, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot instance_slots[] = {
    {Py_tp_dealloc, instance_dealloc}, {Py_tp_traverse, instance_traverse}, {Py_tp_clear, instance_clear},
    {Py_tp_methods, instance_methods}, {Py_tp_getset, instance_getset},     {0, NULL},
};

static PyType_Spec instance_spec = {
    .name = "taipan._native.InstanceBase",
    .basicsize = sizeof(InstanceObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = instance_slots,
};

int tp_init_instance(PyObject *module) {
    instance_type = tp_add_handle_type(module, &instance_spec);
    return instance_type == NULL ? -1 : 0;
}
