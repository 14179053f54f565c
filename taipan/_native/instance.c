/* Instances: one allocation holds the record, the VMContext that generated code sees, and own tables. The record is
   given to the store before anything outside it is changed, and stays there until the store closes. */
#include "runtime.h"

typedef struct InstanceObject {
    Handle handle;        /* of an Instance */
    NativeModule *module; /* strong: also there when the store is closed */
} InstanceObject;

#define MAX_RENEWED 64 /* instances whose function records are changed for each new code: there may be 100,000 */

static PyTypeObject *instance_type;
static uint32_t total_funcs(const NativeModule *module) { return module->num_funcs; }
static uint32_t total_elements(const NativeModule *module) { return module->num_elements; }
static uint32_t total_memories(const NativeModule *module) {
    return module->num_imported_memories + module->num_memories;
}
static uint32_t total_tables(const NativeModule *module) { return module->num_imported_tables + module->num_tables; }
static uint32_t total_globals(const NativeModule *module) { return module->num_imported_globals + module->num_globals; }

/* ---- function records ---- */
static bool fill_in_record(VMFuncRef *record, Instance *instance, uint32_t func_index) {
    NativeModule *module = instance->module;
    record->code = tp_module_entry(module, func_index - module->num_imported_funcs);
    record->type_id = module->type_ids[module->func_type_indices[func_index]];
    record->flags = FUNCREF_FLAGS(func_index);
    record->vmctx = instance->vmctx;
    return record->code != NULL;
}

VMFuncRef *tp_instance_funcref(Instance *instance, uint32_t func_index) {
    const NativeModule *module = instance->module;
    if (func_index < module->num_imported_funcs) return tp_imported_funcs(instance)[func_index].funcref;
    uint32_t place = module->escaped_places[func_index];
    if (place != NOT_ESCAPED) return tp_own_funcrefs(instance) + place;
    if (instance->func_records == NULL) {
        instance->func_records = PyMem_RawCalloc(module->num_defined_funcs, sizeof(VMFuncRef *));
        if (instance->func_records == NULL) return (void *)PyErr_NoMemory();
        instance->num_func_records = module->num_defined_funcs;
    }
    VMFuncRef **slot = &instance->func_records[func_index - module->num_imported_funcs];
    if (*slot != NULL) return *slot;
    VMFuncRef *record = PyMem_RawMalloc(sizeof *record);
    if (record == NULL) return (void *)PyErr_NoMemory();
    if (!fill_in_record(record, instance, func_index)) {
        PyMem_RawFree(record);
        return NULL;
    }
    instance->store->num_funcrefs++;
    return *slot = record;
}

void tp_instances_renew(const NativeModule *module, uint32_t defined_index, void *code) {
    uint32_t place = module->escaped_places[module->num_imported_funcs + defined_index];
    if (place == NOT_ESCAPED) return; /* records made on demand stay as they are */
    int left = MAX_RENEWED;
    for (Instance *instance = module->instances; instance != NULL && left > 0; instance = instance->next_of_module) {
        /* Wasm of another thread may read it: both the old and the new code are there. */
        __atomic_store_n(&tp_own_funcrefs(instance)[place].code, code, __ATOMIC_RELEASE);
        left--;
    }
}

static void join_module(Instance *instance) {
    NativeModule *module = instance->module;
    instance->next_of_module = module->instances;
    instance->of_module = &module->instances;
    if (module->instances != NULL) module->instances->of_module = &instance->next_of_module;
    module->instances = instance;
}

static void leave_module(Instance *instance) {
    if (instance->of_module == NULL) return;
    *instance->of_module = instance->next_of_module;
    if (instance->next_of_module != NULL) instance->next_of_module->of_module = instance->of_module;
    instance->of_module = NULL;
}

/* ---- segments ---- */
static void clear_segment(ElementSegment *segment) {
    ElementSegment old = *segment;
    *segment = (ElementSegment){0}; /* first: finalizers may use the instance */
    PyBuffer_Release(&old.view);
    Py_XDECREF(old.items);
}

void tp_elem_drop(Instance *instance, uint32_t segment) {
    if (instance->elements != NULL) clear_segment(&instance->elements[segment]);
}

int tp_memory_init(Instance *instance, uint32_t memory, uint32_t segment, uint64_t dst, uint32_t src, uint32_t length) {
    const NativeModule *module = instance->module;
    VMMemory *to = tp_memories(instance)[memory];
    DataSegment data = module->data[segment];
    uint64_t size = instance->data_dropped[segment] ? 0 : data.end - data.start;
    if (!tp_in_bounds(src, length, size) || !tp_in_bounds(dst, length, to->length)) return TRAP_MEMORY_OUT_OF_BOUNDS;
    if (length != 0) memcpy(to->base + dst, (const char *)module->data_buffer.buf + data.start + src, length);
    return TP_DONE;
}

static int init_from_values(
    Store *store, VMTable *to, uint64_t dst, const ElementSegment *from, uint32_t src, uint32_t length) {
    uint64_t *words = PyMem_RawMalloc(length * sizeof *words + 1), value[2];
    int result = words == NULL ? tp_no_memory() : 0;
    for (uint32_t i = 0; result == 0 && i < length; i++) {
        result = tp_stored_from_python(store, from->kind, PyTuple_GET_ITEM(from->items, src + i), value);
        words[i] = value[0];
    }
    if (result == 0) result = tp_table_write(store, to, dst, words, length);
    PyMem_RawFree(words);
    return result < 0 ? TP_ERROR : TP_DONE;
}

int tp_table_init(Instance *instance, uint32_t table, uint32_t segment, uint64_t dst, uint32_t src, uint32_t length) {
    static const ElementSegment empty;
    VMTable *to = tp_tables(instance)[table];
    const ElementSegment *from = instance->elements == NULL ? &empty : &instance->elements[segment];
    if (!tp_in_bounds(src, length, from->length) || !tp_in_bounds(dst, length, to->length))
        return TRAP_TABLE_ACCESS_OUT_OF_BOUNDS;
    if (from->view.obj == NULL) return init_from_values(instance->store, to, dst, from, src, length);
    const char *indices = (const char *)from->view.buf + (size_t)src * sizeof(uint32_t);
    for (uint32_t i = 0; i < length; i++) {
        uint32_t func_index;
        memcpy(&func_index, indices + (size_t)i * sizeof func_index, sizeof func_index); /* may be unaligned */
        VMFuncRef *record = &tp_null_funcref;
        if (func_index != NULL_FUNC_INDEX) record = tp_instance_funcref(instance, func_index);
        if (record == NULL) return TP_ERROR;
        to->elements[dst + i] = (uint64_t)(uintptr_t)record;
    }
    return TP_DONE;
}

/* Function indices as they come from the module, kept in its buffer. */
static int set_segment_indices(Instance *instance, ElementSegment *segment, PyObject *items) {
    if (PyObject_GetBuffer(items, &segment->view, PyBUF_SIMPLE) < 0) return -1;
    size_t length = (size_t)segment->view.len / sizeof(uint32_t);
    bool valid = (size_t)segment->view.len % sizeof(uint32_t) == 0 && length <= UINT32_MAX;
    for (size_t i = 0; valid && i < length; i++) {
        uint32_t func_index;
        memcpy(&func_index, (char *)segment->view.buf + i * sizeof func_index, sizeof func_index);
        valid = func_index < instance->module->num_funcs || func_index == NULL_FUNC_INDEX;
    }
    segment->kind = KIND_FUNCREF;
    segment->length = (uint32_t)length;
    if (valid) return 0;
    PyBuffer_Release(&segment->view);
    return tp_error(PyExc_ValueError, "items of an element segment must be u32 function indices of the module");
}

/* Values as Python has them, converted once for the errors that there may be. */
static int set_segment_values(Store *store, ElementSegment *segment, int kind, PyObject *items) {
    segment->items = PySequence_Tuple(items); /* a copy: conversion may run Python code */
    if (segment->items == NULL) return -1;
    segment->kind = (uint8_t)kind;
    segment->length = (uint32_t)PyTuple_GET_SIZE(segment->items);
    uint64_t value[2];
    for (uint32_t i = 0; i < segment->length; i++)
        if (tp_stored_from_python(store, kind, PyTuple_GET_ITEM(segment->items, i), value) < 0) {
            clear_segment(segment);
            return -1;
        }
    return 0;
}

/* ---- records of the store ---- */
#define INSTANCE_OF_OWNED(owned) TP_CONTAINER_OF(owned, Instance, owned)

static int instance_owned_traverse(Owned *owned, visitproc visit, void *arg) {
    Instance *instance = INSTANCE_OF_OWNED(owned);
    NativeModule *module = instance->module;
    int result = 0;
    if (module == NULL) return 0;
    Py_VISIT(module);
    for (uint32_t i = 0; result == 0 && i < module->num_tables; i++)
        result = tp_table_traverse(&instance->own_tables[i], visit, arg);
    for (uint32_t i = 0; i < module->num_globals; i++)
        if (module->globals[i].kind == KIND_EXTERNREF) Py_VISIT(tp_externref(tp_own_globals(instance)[i].low));
    for (uint32_t i = 0; instance->elements != NULL && i < module->num_elements; i++) {
        Py_VISIT(instance->elements[i].view.obj);
        Py_VISIT(instance->elements[i].items);
    }
    return result;
}

static void instance_owned_clear(Owned *owned) {
    Instance *instance = INSTANCE_OF_OWNED(owned);
    NativeModule *module = instance->module;
    for (uint32_t i = 0; i < module->num_tables; i++) tp_table_clear(&instance->own_tables[i]);
    for (uint32_t i = 0; i < module->num_globals; i++)
        if (module->globals[i].kind == KIND_EXTERNREF) tp_externref_clear(&tp_own_globals(instance)[i].low);
    for (uint32_t i = 0; instance->elements != NULL && i < module->num_elements; i++)
        clear_segment(&instance->elements[i]);
    leave_module(instance);
    instance->module = NULL;
    Py_DECREF(module);
}

static void instance_owned_free(Owned *owned) {
    Instance *instance = INSTANCE_OF_OWNED(owned);
    for (uint32_t i = 0; i < instance->num_func_records; i++) PyMem_RawFree(instance->func_records[i]);
    PyMem_RawFree(instance->func_records);
    PyMem_RawFree(instance->elements);
    PyMem_RawFree(instance);
}

static const OwnedKind instance_kind = {instance_owned_traverse, instance_owned_clear, instance_owned_free};

/* ---- creation ---- */
/* The record with everything zero and its parts placed; NULL with MemoryError. */
static Instance *allocate(Store *store, NativeModule *module) {
    const size_t record_bytes = (sizeof(Instance) + 15) &
        ~(size_t)15; /* VMContexts are 16-byte aligned, as malloc is */
    size_t tables_at = record_bytes + module->offsets.size;
    size_t types_at = tables_at + module->num_tables * sizeof(VMTable); /* counts are 32-bit: sums fit into 64 */
    size_t dropped_at = types_at + module->num_imported_globals * sizeof(GlobalPlan);
    char *memory = PyMem_RawCalloc(1, dropped_at + module->num_data);
    if (memory == NULL) return (void *)PyErr_NoMemory();
    Instance *instance = (Instance *)memory;
    instance->store = store;
    instance->module = module;
    instance->vmctx = (VMContext *)(memory + record_bytes);
    instance->own_tables = (VMTable *)(memory + tables_at);
    instance->imported_global_types = (GlobalPlan *)(memory + types_at);
    instance->data_dropped = (uint8_t *)memory + dropped_at;
    return instance;
}

enum { FUNCS, TABLES, MEMORIES, GLOBALS, IMPORT_KINDS };

/* Takes imports of one kind, already checked for their wasm types, into the context. -1 with an exception. */
static int bind(Instance *instance, int kind, PyObject *sequence) {
    const NativeModule *module = instance->module;
    Store *store = instance->store;
    static const char *const names[IMPORT_KINDS] = {"Func", "Table", "Memory", "Global"};
    PyTypeObject *const types[IMPORT_KINDS] = {tp_func_type, tp_table_type, tp_memory_type, tp_global_type};
    const uint32_t wanted[IMPORT_KINDS] = {module->num_imported_funcs, module->num_imported_tables,
        module->num_imported_memories, module->num_imported_globals};
    if (PySequence_Fast_GET_SIZE(sequence) != (Py_ssize_t)wanted[kind])
        return tp_error(PyExc_ValueError, "%u imports of type %s expected, got %zd", wanted[kind], names[kind],
            PySequence_Fast_GET_SIZE(sequence));
    for (uint32_t i = 0; i < wanted[kind]; i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(sequence, i);
        if (!PyObject_TypeCheck(item, types[kind]))
            return tp_error(PyExc_TypeError, "expected a %s, got %.100s", names[kind], Py_TYPE(item)->tp_name);
        void *target = ((Handle *)item)->target;
        if (((Handle *)item)->store_id != store->id)
            return tp_error(
                tp_registry.WrongStoreError, "cross-`Store` values are not supported: imported %s %u", names[kind], i);
        if (kind == FUNCS)
            tp_imported_funcs(instance)[i] = (VMImportedFunc){
                ((VMFuncRef *)target)->code, ((VMFuncRef *)target)->vmctx, target};
        else if (kind == TABLES) tp_tables(instance)[i] = target;
        else if (kind == MEMORIES) tp_memories(instance)[i] = target;
        else {
            tp_imported_globals(instance)[i] = target;
            instance->imported_global_types[i] = ((GlobalObject *)item)->plan;
        }
    }
    return 0;
}

/* Own memories and tables. The limiter may run Python code and refuse; what exists then is given back. */
static int create_own(Store *store, Instance *instance) {
    const NativeModule *module = instance->module;
    VMMemory **memories = tp_memories(instance) + module->num_imported_memories;
    VMTable **tables = tp_tables(instance) + module->num_imported_tables;
    uint32_t memory_count = 0, table_count = 0;
    for (; memory_count < module->num_memories; memory_count++) {
        memories[memory_count] = tp_memory_new(store, &module->memories[memory_count]);
        if (memories[memory_count] == NULL) goto failed;
    }
    for (; table_count < module->num_tables; table_count++) {
        tables[table_count] = &instance->own_tables[table_count];
        if (tp_table_create(store, tables[table_count], &module->tables[table_count]) < 0) goto failed;
    }
    return 0;
failed:
    while (table_count > 0) tp_table_clear(tables[--table_count]);
    while (memory_count > 0 && store->live_id != 0) /* else the store has freed them */
        tp_memory_discard(memories[--memory_count]);
    return -1;
}

/* Everything that needs no Python code and, but for the entries, cannot fail. */
static int fill_in_context(Store *store, Instance *instance) {
    const NativeModule *module = instance->module;
    VMContext *vmctx = instance->vmctx;
    VMGlobal *globals = tp_own_globals(instance);
    for (uint32_t i = 0; i < module->num_escaped; i++)
        if (!fill_in_record(&tp_own_funcrefs(instance)[i], instance, module->escaped[i])) return -1;
    memcpy(globals, module->globals_template, module->num_globals * sizeof(VMGlobal));
    for (uint32_t i = 0; i < module->num_globals; i++)
        if (module->globals[i].kind == KIND_FUNCREF) globals[i].low = tp_null_word(KIND_FUNCREF);
    vmctx->builtins = tp_builtin_table;
    vmctx->type_ids = module->type_ids;
    vmctx->null_funcref = &tp_null_funcref;
    vmctx->store = store;
    vmctx->instance = instance;
    vmctx->fuel = &store->fuel;
    return 0;
}

/* An instance that the store owns, or NULL with an exception. imports: fast sequences by kind. */
static Instance *create(Store *store, NativeModule *module, PyObject *imports[IMPORT_KINDS]) {
    Instance *instance = allocate(store, module);
    if (instance == NULL) return NULL;
    int result = 0;
    for (int kind = 0; result == 0 && kind < IMPORT_KINDS; kind++) result = bind(instance, kind, imports[kind]);
    if (result < 0 || fill_in_context(store, instance) < 0 || create_own(store, instance) < 0) {
        PyMem_RawFree(instance);
        return NULL;
    }
    Py_INCREF(module);
    join_module(instance);
    tp_store_add_instance(store, instance, &instance_kind);
    if (total_memories(module) != 0) tp_memory_add_user(tp_memories(instance)[0], instance);
    return instance;
}

static PyObject *new_handle(PyTypeObject *type, Instance *instance) {
    InstanceObject *self = (InstanceObject *)tp_handle_new(type, instance->store, instance);
    if (self != NULL) self->module = (NativeModule *)Py_NewRef((PyObject *)instance->module);
    return (PyObject *)self;
}

PyObject *tp_instance_handle(Instance *instance) { return new_handle(instance_type, instance); }

/* ---- InstanceBase ---- */
static PyObject *instance_create(PyObject *cls, PyObject *const *args, Py_ssize_t count) {
    PyObject *imports[IMPORT_KINDS] = {NULL};
    if (count != 2 + IMPORT_KINDS)
        return PyErr_Format(PyExc_TypeError, "_create takes %d arguments, got %zd", 2 + IMPORT_KINDS, count);
    if (!PyObject_TypeCheck(args[1], tp_native_module_type))
        return PyErr_Format(PyExc_TypeError, "expected a NativeModule, got %.100s", Py_TYPE(args[1])->tp_name);
    bool good = true;
    for (int i = 0; good && i < IMPORT_KINDS; i++)
        good = (imports[i] = PySequence_Fast(args[2 + i], "imports must be sequences")) != NULL;
    Store *store = good ? tp_store_for(args[0], 0) : NULL;
    Instance *instance = store == NULL ? NULL : create(store, (NativeModule *)args[1], imports);
    for (int i = 0; i < IMPORT_KINDS; i++) Py_XDECREF(imports[i]);
    return instance == NULL ? NULL : new_handle((PyTypeObject *)cls, instance);
}

/* Whether an index argument lies in an index space of the module. */
static bool within(uint64_t index, uint32_t length, const char *space) {
    return index < length || !tp_error(PyExc_IndexError, "%s index out of range: the module has %u", space, length);
}

static GlobalPlan global_plan(const Instance *instance, uint64_t index) {
    uint32_t imported = instance->module->num_imported_globals;
    return index < imported ? instance->imported_global_types[index] : instance->module->globals[index - imported];
}

static PyObject *func_handle(Instance *instance, uint32_t index) {
    VMFuncRef *record = tp_instance_funcref(instance, index);
    return record == NULL ? NULL : tp_func_handle(instance->store, record);
}

/* A handle of an item of an index space, which has `length` items in this module. */
#define TP_ITEM(function, method, space, length, expression)                                  \
    static PyObject *function(PyObject *self, PyObject *const *args, Py_ssize_t count) {      \
        Store *store;                                                                         \
        uint64_t index;                                                                       \
        Instance *instance = TP_BEGIN(method, "i", &store, &index);                           \
        if (instance == NULL || !within(index, length(instance->module), space)) return NULL; \
        return expression;                                                                    \
    }
TP_ITEM(instance_func, "_func", "function", total_funcs, func_handle(instance, (uint32_t)index))
TP_ITEM(instance_table, "_table", "table", total_tables,
    tp_handle_new((PyTypeObject *)tp_registry.Table, store, tp_tables(instance)[index]))
TP_ITEM(instance_memory, "_memory", "memory", total_memories,
    tp_memory_handle((PyTypeObject *)tp_registry.Memory, store, tp_memories(instance)[index]))
TP_ITEM(instance_global, "_global", "global", total_globals,
    tp_global_handle((PyTypeObject *)tp_registry.Global, store, tp_instance_global(instance, (uint32_t)index),
        global_plan(instance, index)))

static PyObject *instance_set_global_bits(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t index, value[2];
    Instance *instance = TP_BEGIN("_set_global_bits", "io", &store, &index);
    if (instance == NULL || !within(index, instance->module->num_globals, "own global")) return NULL;
    int kind = instance->module->globals[index].kind;
    if (tp_stored_from_python(store, kind, args[2], value) < 0) return NULL;
    tp_global_store(store, tp_own_globals(instance) + index, kind, value);
    Py_RETURN_NONE;
}

/* Bits, not values: Python's floats would change signalling NaNs. */
static PyObject *instance_copy_global(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t index, from_index;
    Instance *instance = TP_BEGIN("_copy_global", "ii", &store, &index, &from_index);
    if (instance == NULL || !within(index, instance->module->num_globals, "own global") ||
        !within(from_index, total_globals(instance->module), "global"))
        return NULL;
    const VMGlobal *from = tp_instance_global(instance, (uint32_t)from_index);
    int kind = instance->module->globals[index].kind, from_kind = global_plan(instance, from_index).kind;
    if (kind != from_kind)
        return PyErr_Format(PyExc_TypeError, "globals of different kinds: %d and %d", kind, from_kind);
    tp_global_store(store, tp_own_globals(instance) + index, kind, (uint64_t[]){from->low, from->high});
    Py_RETURN_NONE;
}

static PyObject *instance_set_element_segment(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t index, kind;
    Instance *instance = TP_BEGIN("_set_element_segment", "iio", &store, &index, &kind);
    if (instance == NULL || !within(index, instance->module->num_elements, "element segment") ||
        !within(kind, KIND_OPAQUE + 1, "kind"))
        return NULL;
    if (instance->elements == NULL)
        instance->elements = PyMem_RawCalloc(instance->module->num_elements, sizeof(ElementSegment));
    if (instance->elements == NULL) return PyErr_NoMemory();
    ElementSegment segment = {0};
    if ((PyObject_CheckBuffer(args[3]) ? set_segment_indices(instance, &segment, args[3])
                                       : set_segment_values(store, &segment, (int)kind, args[3])) < 0)
        return NULL;
    ElementSegment old = instance->elements[index];
    instance->elements[index] = segment;
    clear_segment(&old);
    Py_RETURN_NONE;
}

static PyObject *init_result(int result) {
    if (result == TP_DONE) Py_RETURN_NONE;
    if (result != TP_ERROR) tp_raise_trap(result);
    return NULL;
}

/* What is beyond 32 bits becomes 2^32-1, which no segment reaches. */
static uint32_t saturated(uint64_t value) { return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value; }

static PyObject *instance_table_init(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t table, segment, dst, src, length;
    Instance *instance = TP_BEGIN("_table_init", "iiiii", &store, &table, &segment, &dst, &src, &length);
    if (instance == NULL || !within(table, total_tables(instance->module), "table") ||
        !within(segment, instance->module->num_elements, "element segment"))
        return NULL;
    return init_result(
        tp_table_init(instance, (uint32_t)table, (uint32_t)segment, dst, saturated(src), saturated(length)));
}

static PyObject *elem_drop(Instance *instance, uint32_t segment) {
    tp_elem_drop(instance, segment);
    Py_RETURN_NONE;
}
TP_ITEM(instance_elem_drop, "_elem_drop", "element segment", total_elements, elem_drop(instance, (uint32_t)index))
/* Rows of the array that _init_data takes. */
typedef struct DataPlan {
    uint64_t address;
    uint32_t memory, segment;
} DataPlan;

static PyObject *instance_init_data(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    Py_buffer view;
    Instance *instance = TP_BEGIN("_init_data", "o", &store);
    if (instance == NULL || PyObject_GetBuffer(args[1], &view, PyBUF_SIMPLE) < 0) return NULL;
    const NativeModule *module = instance->module;
    int result = tp_check_open(store) < 0 ? TP_ERROR : TP_DONE; /* exporting a buffer may run Python code */
    for (size_t at = 0; result == TP_DONE && at + sizeof(DataPlan) <= (size_t)view.len; at += sizeof(DataPlan)) {
        DataPlan plan;
        memcpy(&plan, (const char *)view.buf + at, sizeof plan);
        if (!within(plan.memory, total_memories(module), "memory") ||
            !within(plan.segment, module->num_data, "data segment")) {
            result = TP_ERROR;
            break;
        }
        uint32_t size = module->data[plan.segment].end - module->data[plan.segment].start;
        result = tp_memory_init(instance, plan.memory, plan.segment, plan.address, 0, size);
        if (result == TP_DONE) instance->data_dropped[plan.segment] = 1;
    }
    PyBuffer_Release(&view);
    return init_result(result);
}

static int instance_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((InstanceObject *)self)->module);
    return 0;
}

static int instance_clear(PyObject *self) {
    Py_CLEAR(((InstanceObject *)self)->module);
    return 0;
}

static void instance_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    instance_clear(self);
    tp_plain_dealloc(self);
}

static PyMemberDef instance_members[] = {{"_module", T_OBJECT, offsetof(InstanceObject, module), READONLY, NULL}, {0}};

static PyMethodDef instance_methods[] = {
    {"_create", (PyCFunction)(void (*)(void))instance_create, METH_FASTCALL | METH_CLASS, NULL},
    TP_METHOD("_func", instance_func), TP_METHOD("_table", instance_table), TP_METHOD("_memory", instance_memory),
    TP_METHOD("_global", instance_global), TP_METHOD("_set_global_bits", instance_set_global_bits),
    TP_METHOD("_copy_global", instance_copy_global), TP_METHOD("_set_element_segment", instance_set_element_segment),
    TP_METHOD("_table_init", instance_table_init), TP_METHOD("_elem_drop", instance_elem_drop),
    TP_METHOD("_init_data", instance_init_data), {0}};
static PyType_Slot instance_slots[] = {{Py_tp_dealloc, instance_dealloc}, {Py_tp_traverse, instance_traverse},
    {Py_tp_clear, instance_clear}, {Py_tp_methods, instance_methods}, {Py_tp_members, instance_members}, {0, NULL}};
TP_TYPE(instance, "InstanceBase", InstanceObject, TP_BASE_FLAGS | Py_TPFLAGS_HAVE_GC, instance_slots, instance_type,
    tp_handle_type)
