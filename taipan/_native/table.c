/* Tables: arrays of one word per element. Function references are pointers to records that live as long as the store and
   cost nothing to copy; externrefs are counted, and released as soon as they are overwritten. */
#include "runtime.h"

typedef struct HostTable {
    Owned owned;
    VMTable table;
} HostTable;

/* ---- references ---- */
static void fill_words(uint64_t *elements, uint64_t value, uint64_t length) {
    for (uint64_t i = 0; i < length; i++) elements[i] = value;
}

/* Gives up the counts of these words; store (may be NULL) counts it. */
static void release(Store *store, const uint64_t *words, uint64_t length) {
    for (uint64_t i = 0; i < length; i++) {
        if (words[i] != 0 && store != NULL) store->externref_decrements++;
        Py_XDECREF(tp_externref(words[i]));
    }
}

static void retain(Store *store, uint64_t word, uint64_t count) {
    if (word == 0) return;
    store->externref_increments += count;
    for (; count > 0; count--) Py_INCREF(tp_externref(word));
}

/* Overwritten externrefs are released when nothing of the table is touched any more: their finalizers may do anything. */
static int replace(Store *store, VMTable *table, uint64_t start, const uint64_t *words, bool same, uint64_t length) {
    uint64_t *elements = table->elements + start, *old = NULL;
    if (length == 0) return 0; /* pointers may be NULL */
    if (table->plan.kind == KIND_EXTERNREF) {
        if ((old = PyMem_RawMalloc(length * sizeof *old)) == NULL) return tp_no_memory();
        memcpy(old, elements, length * sizeof *old);
        for (uint64_t i = 0; !same && i < length; i++) retain(store, words[i], 1);
        if (same) retain(store, *words, length);
    }
    if (same) fill_words(elements, *words, length);
    else memmove(elements, words, length * sizeof *elements);
    if (old != NULL) release(store, old, length);
    PyMem_RawFree(old);
    return 0;
}

int tp_table_fill(Store *store, VMTable *table, uint64_t start, uint64_t value, uint64_t length) {
    return replace(store, table, start, &value, true, length);
}

int tp_table_write(Store *store, VMTable *table, uint64_t dst, const uint64_t *values, uint64_t length) {
    return replace(store, table, dst, values, false, length);
}

void tp_table_set(Store *store, VMTable *table, uint64_t index, uint64_t value) {
    if (table->plan.kind == KIND_EXTERNREF) tp_externref_store(store, &table->elements[index], value);
    else table->elements[index] = value;
}

/* ---- creation and growth ---- */
int tp_table_create(Store *store, VMTable *table, const TablePlan *plan) {
    *table = (VMTable){.plan = *plan};
    uint64_t min = plan->min;
    int allowed = tp_limiter_ask(store, true, 0, min, plan->has_max, plan->max);
    if (allowed < 0) return -1;
    if (!allowed)
        return tp_error(
            tp_registry.WasmError, "table minimum size of %llu elements exceeds table limits", (unsigned long long)min);
    if (min > MAX_TABLE_ELEMENTS)
        return tp_error(tp_registry.UnsupportedError, "table minimum size of %llu elements: tables have at most %u",
            (unsigned long long)min, MAX_TABLE_ELEMENTS);
    if (min != 0 && (table->elements = PyMem_RawMalloc(min * sizeof *table->elements)) == NULL) return tp_no_memory();
    fill_words(table->elements, tp_null_word(plan->kind), min);
    table->length = table->capacity = min;
    return 0;
}

int tp_table_traverse(VMTable *table, visitproc visit, void *arg) {
    for (uint64_t i = 0; table->plan.kind == KIND_EXTERNREF && i < table->length; i++)
        Py_VISIT(tp_externref(table->elements[i]));
    return 0;
}

void tp_table_clear(VMTable *table) {
    uint64_t *elements = table->elements, length = table->length;
    table->elements = NULL;
    table->length = table->capacity = 0;
    if (table->plan.kind == KIND_EXTERNREF) release(NULL, elements, length);
    PyMem_RawFree(elements);
}

/* NULL, or why the table cannot have `length` elements. */
static const char *ensure_capacity(VMTable *table, uint64_t length) {
    if (length > table->plan.max) return "table maximum size exceeded";
    if (length > MAX_TABLE_ELEMENTS) return "tables have at most 10000000 elements";
    if (length <= table->capacity) return NULL;
    /* Twice the old size, so that growing one by one copies each element a constant number of times. */
    uint64_t capacity = table->capacity * 2 > length ? table->capacity * 2 : length;
    if (capacity > MAX_TABLE_ELEMENTS) capacity = MAX_TABLE_ELEMENTS;
    if (capacity > table->plan.max) capacity = table->plan.max;
    uint64_t *elements = PyMem_RawRealloc(table->elements, capacity * sizeof *elements);
    if (elements == NULL) return "out of memory";
    table->elements = elements;
    table->capacity = capacity;
    return NULL;
}

int64_t tp_table_grow(Store *store, VMTable *table, uint64_t delta, uint64_t value) {
    if (delta == 0) return (int64_t)table->length;
    uint64_t old, length;
    int times = LIMITER_TIMES;
    do {
        old = table->length;
        if (__builtin_add_overflow(old, delta, &length)) length = UINT64_MAX;
        int allowed = tp_limiter_ask(store, true, old, length, table->plan.has_max, table->plan.max);
        if (allowed <= 0) return allowed - 1;
    } while (table->length != old && --times > 0); /* the limiter grew it: it has to be asked about the true sizes */
    const char *error = times > 0 ? ensure_capacity(table, length) : LIMITER_GROWS;
    if (error != NULL) return tp_limiter_grow_failed(store, true, delta, error) < 0 ? -2 : -1;
    if (table->plan.kind == KIND_EXTERNREF) retain(store, value, delta);
    fill_words(table->elements + old, value, delta);
    table->length = length;
    return (int64_t)old;
}

/* ---- records of the store ---- */
static int host_table_traverse(Owned *owned, visitproc visit, void *arg) {
    return tp_table_traverse(&TP_CONTAINER_OF(owned, HostTable, owned)->table, visit, arg);
}

static void host_table_clear(Owned *owned) { tp_table_clear(&TP_CONTAINER_OF(owned, HostTable, owned)->table); }
static const OwnedKind host_table_kind = {host_table_traverse, host_table_clear, tp_owned_free};

/* ---- TableBase ---- */
static PyObject *out_of_bounds(PyObject *index, const VMTable *table) {
    return PyErr_Format(
        PyExc_IndexError, "out of bounds table access: element %S of %llu", index, (unsigned long long)table->length);
}

static PyObject *table_create(PyObject *cls, PyObject *args) {
    PyObject *store_object, *init;
    const char *bytes;
    Py_ssize_t size;
    TablePlan plan;
    uint64_t value[2];
    if (!PyArg_ParseTuple(args, "Oy#O:_create", &store_object, &bytes, &size, &init)) return NULL;
    if (size != sizeof plan) return PyErr_Format(PyExc_ValueError, "not a table plan");
    memcpy(&plan, bytes, sizeof plan);
    if (!tp_is_ref_kind(plan.kind)) return PyErr_Format(PyExc_ValueError, "not a kind of reference: %d", plan.kind);
    Store *store = tp_store_for(store_object, 0);
    if (store == NULL || tp_stored_from_python(store, plan.kind, init, value) < 0) return NULL;
    HostTable *record = PyMem_Calloc(1, sizeof *record);
    if (record == NULL) return PyErr_NoMemory();
    if (tp_table_create(store, &record->table, &plan) < 0) {
        PyMem_Free(record);
        return NULL;
    }
    tp_store_own(store, &record->owned, &host_table_kind);
    if (tp_table_fill(store, &record->table, 0, value[0], plan.min) < 0) return NULL;
    return tp_handle_new((PyTypeObject *)cls, store, &record->table);
}

TP_GETTER(table_size, "_size", VMTable, PyLong_FromUnsignedLongLong(target->length))
TP_GETTER(table_get_type, "_type", VMTable,
    Py_BuildValue("KNNi", target->plan.min, tp_maximum_to_python(target->plan.has_max, target->plan.max),
        PyBool_FromLong(target->plan.is_64), target->plan.kind))

static PyObject *table_get(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t index;
    const VMTable *table = TP_BEGIN("_get", "i", &store, &index);
    if (table == NULL) return NULL;
    if (index >= table->length) return out_of_bounds(args[1], table);
    return tp_value_to_python(store, table->plan.kind, (uint64_t[]){table->elements[index], 0});
}

static PyObject *table_set(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t index, value[2];
    VMTable *table = TP_BEGIN("_set", "io", &store, &index);
    if (table == NULL || tp_stored_from_python(store, table->plan.kind, args[2], value) < 0) return NULL;
    if (index >= table->length) return out_of_bounds(args[1], table);
    tp_table_set(store, table, index, value[0]);
    Py_RETURN_NONE;
}

static PyObject *table_grow(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t delta, value[2];
    VMTable *table = TP_BEGIN("_grow", "so", &store, &delta);
    if (table == NULL || tp_stored_from_python(store, table->plan.kind, args[2], value) < 0) return NULL;
    int64_t old = tp_table_grow(store, table, delta, value[0]);
    return old == -2 ? NULL : PyLong_FromLongLong(old);
}

static PyObject *table_fill(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t start, length, value[2];
    VMTable *table = TP_BEGIN("_fill", "ios", &store, &start, &length);
    if (table == NULL || tp_stored_from_python(store, table->plan.kind, args[2], value) < 0) return NULL;
    if (start > table->length || length > table->length - start)
        return PyErr_Format(PyExc_IndexError, "out of bounds table access: %llu elements from %S of %llu",
            (unsigned long long)length, args[1], (unsigned long long)table->length);
    if (tp_table_fill(store, table, start, value[0], length) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef table_methods[] = {{"_create", table_create, METH_VARARGS | METH_CLASS, NULL},
    TP_METHOD("_type", table_get_type), TP_METHOD("_size", table_size), TP_METHOD("_get", table_get),
    TP_METHOD("_set", table_set), TP_METHOD("_grow", table_grow), TP_METHOD("_fill", table_fill), {0}};
static PyType_Slot table_slots[] = {{Py_tp_methods, table_methods}, {0, NULL}};
TP_TYPE(table, "TableBase", Handle, TP_BASE_FLAGS, table_slots, tp_table_type, tp_handle_type)
