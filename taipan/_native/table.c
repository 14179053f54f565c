/* Tables: arrays of one word per element. Function references are pointers to records that live as long as the store and
   cost nothing to copy; externrefs are counted, and released as soon as they are overwritten. */
#include "objects.h"

#include <string.h>

typedef struct HostTable {
    Owned owned;
    VMTable table;
} HostTable;

static PyTypeObject *table_type;

/* ---- references ---- */

/* Overwritten externrefs, kept until nothing of the table is touched any more: their finalizers may do anything. */
typedef struct Overwritten {
    PyObject **objects, *few[16];
    size_t count;
} Overwritten;

/* Takes the counts of `length` elements. -1 with MemoryError, nothing taken. */
static int take_counts(Overwritten *old, const uint64_t *elements, uint64_t length) {
    old->objects = old->few;
    old->count = 0;
    size_t count = 0;
    for (uint64_t i = 0; i < length; i++) count += elements[i] != 0;
    if (count > sizeof old->few / sizeof old->few[0]) {
        old->objects = PyMem_RawMalloc(count * sizeof(PyObject *));
        if (old->objects == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    }
    for (uint64_t i = 0; i < length; i++) {
        if (elements[i] != 0) old->objects[old->count++] = tp_externref(elements[i]);
    }
    return 0;
}

static void drop_counts(Overwritten *old) {
    for (size_t i = 0; i < old->count; i++) Py_DECREF(old->objects[i]);
    if (old->objects != old->few) PyMem_RawFree(old->objects);
}

static void fill_words(uint64_t *elements, uint64_t value, uint64_t length) {
    for (uint64_t i = 0; i < length; i++) elements[i] = value;
}

int tp_table_fill(Store *store, VMTable *table, uint64_t start, uint64_t value, uint64_t length) {
    uint64_t *elements = table->elements + start;
    if (table->kind != KIND_EXTERNREF) {
        fill_words(elements, value, length);
        return 0;
    }
    Overwritten old;
    if (take_counts(&old, elements, length) < 0) return -1;
    store->externref_decrements += old.count;
    if (value != 0) {
        store->externref_increments += length;
        for (uint64_t i = 0; i < length; i++) Py_INCREF(tp_externref(value));
    }
    fill_words(elements, value, length);
    drop_counts(&old);
    return 0;
}

int tp_table_write(Store *store, VMTable *table, uint64_t dst, const uint64_t *values, uint64_t length) {
    uint64_t *elements = table->elements + dst;
    if (length == 0) return 0; /* either pointer may be NULL */
    if (table->kind != KIND_EXTERNREF) {
        memmove(elements, values, length * sizeof *elements);
        return 0;
    }
    Overwritten old;
    if (take_counts(&old, elements, length) < 0) return -1;
    store->externref_decrements += old.count;
    for (uint64_t i = 0; i < length; i++) {
        if (values[i] == 0) continue;
        Py_INCREF(tp_externref(values[i]));
        store->externref_increments++;
    }
    memmove(elements, values, length * sizeof *elements);
    drop_counts(&old);
    return 0;
}

void tp_table_set(Store *store, VMTable *table, uint64_t index, uint64_t value) {
    uint64_t old = table->elements[index];
    if (table->kind != KIND_EXTERNREF) {
        table->elements[index] = value;
        return;
    }
    if (value != 0) store->externref_increments++;
    if (old != 0) store->externref_decrements++;
    Py_XINCREF(tp_externref(value));
    table->elements[index] = value;
    Py_XDECREF(tp_externref(old));
}

/* ---- creation and growth ---- */

int tp_table_create(Store *store, VMTable *table, uint64_t min, uint64_t max, bool is_64, int kind) {
    memset(table, 0, sizeof *table);
    int allowed = tp_limiter_ask(store, true, 0, min, max);
    if (allowed < 0) return -1;
    if (!allowed) {
        PyErr_Format(tp_registry.WasmError, "table minimum size of %llu elements exceeds table limits",
                     (unsigned long long)min);
        return -1;
    }
    if (min > MAX_TABLE_ELEMENTS) {
        PyErr_Format(tp_registry.UnsupportedError, "table minimum size of %llu elements: tables have at most %u",
                     (unsigned long long)min, MAX_TABLE_ELEMENTS);
        return -1;
    }
    if (min != 0) {
        table->elements = PyMem_RawMalloc(min * sizeof *table->elements);
        if (table->elements == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        fill_words(table->elements, tp_null_word(kind), min);
    }
    table->length = table->capacity = table->min = min;
    table->max = max;
    table->is_64 = is_64;
    table->kind = (uint8_t)kind;
    return 0;
}

int tp_table_traverse(VMTable *table, visitproc visit, void *arg) {
    if (table->kind != KIND_EXTERNREF) return 0;
    for (uint64_t i = 0; i < table->length; i++) Py_VISIT(tp_externref(table->elements[i]));
    return 0;
}

void tp_table_clear(VMTable *table) {
    uint64_t *elements = table->elements, length = table->length;
    table->elements = NULL;
    table->length = table->capacity = 0;
    if (table->kind == KIND_EXTERNREF) {
        for (uint64_t i = 0; i < length; i++) Py_XDECREF(tp_externref(elements[i]));
    }
    PyMem_RawFree(elements);
}

/* NULL, or why the table cannot have `length` elements. */
static const char *ensure_capacity(VMTable *table, uint64_t length) {
    if (length > table->max) return "table maximum size exceeded";
    if (length > MAX_TABLE_ELEMENTS) return "tables have at most 10000000 elements";
    if (length <= table->capacity) return NULL;
    /* Twice the old size, so that growing one by one copies each element a constant number of times. */
    uint64_t capacity = table->capacity * 2 > length ? table->capacity * 2 : length;
    if (capacity > MAX_TABLE_ELEMENTS) capacity = MAX_TABLE_ELEMENTS;
    if (capacity > table->max) capacity = table->max;
    uint64_t *elements = PyMem_RawRealloc(table->elements, capacity * sizeof *elements);
    if (elements == NULL) return "out of memory";
    table->elements = elements;
    table->capacity = capacity;
    return NULL;
}

int64_t tp_table_grow(Store *store, VMTable *table, uint64_t delta, uint64_t value) {
    if (delta == 0) return (int64_t)table->length;
    uint64_t old, length;
    do {
        old = table->length;
        if (__builtin_add_overflow(old, delta, &length)) length = UINT64_MAX;
        int allowed = tp_limiter_ask(store, true, old, length, table->max);
        if (allowed <= 0) return allowed - 1;
    } while (table->length != old); /* the limiter grew it: it has to be asked about the true sizes */
    const char *error = ensure_capacity(table, length);
    if (error != NULL) {
        char message[160];
        snprintf(message, sizeof message, "failed to grow table by `%llu`: %s", (unsigned long long)delta, error);
        return tp_limiter_grow_failed(store, true, message) < 0 ? -2 : -1;
    }
    if (table->kind == KIND_EXTERNREF && value != 0) {
        store->externref_increments += delta;
        for (uint64_t i = 0; i < delta; i++) Py_INCREF(tp_externref(value));
    }
    fill_words(table->elements + old, value, delta);
    table->length = length;
    return (int64_t)old;
}

/* ---- records of the store ---- */

static int host_table_traverse(Owned *owned, visitproc visit, void *arg) {
    return tp_table_traverse(&TP_CONTAINER_OF(owned, HostTable, owned)->table, visit, arg);
}

static void host_table_clear(Owned *owned) { tp_table_clear(&TP_CONTAINER_OF(owned, HostTable, owned)->table); }

static void host_table_free(Owned *owned) { PyMem_Free(TP_CONTAINER_OF(owned, HostTable, owned)); }

static const OwnedKind host_table_kind = {host_table_traverse, host_table_clear, host_table_free};

/* ---- TableBase ---- */

PyObject *tp_table_handle(Store *store, VMTable *table) {
    return tp_handle_new((PyTypeObject *)tp_registry.Table, store, table);
}

VMTable *tp_table_of(PyObject *handle, uint64_t *store_id) {
    return tp_handle_target(handle, table_type, "Table", store_id);
}

/* An element for `table`; false with an exception. Conversion may run Python code. */
static bool element_from_python(Store *store, const VMTable *table, PyObject *object, uint64_t *word) {
    uint64_t value[2];
    if (tp_stored_from_python(store, table->kind, object, value) < 0 || tp_check_open(store) < 0) return false;
    *word = value[0];
    return true;
}

static PyObject *out_of_bounds(PyObject *index, const VMTable *table) {
    return PyErr_Format(PyExc_IndexError, "out of bounds table access: element %S of %llu", index,
                        (unsigned long long)table->length);
}

static PyObject *table_create(PyObject *cls, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"store", "min", "max", "is_64", "kind", "init", NULL};
    PyObject *store_object, *min_object, *max_object, *init;
    int is_64, kind;
    uint64_t min, max, word;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOpiO", names, &store_object, &min_object, &max_object, &is_64, &kind,
                                     &init) ||
        tp_size_arg(min_object, "min", &min) < 0 || tp_maximum_arg(max_object, "max", &max) < 0) {
        return NULL;
    }
    if (kind < KIND_FUNCREF || kind >= KIND_COUNT) {
        return PyErr_Format(PyExc_ValueError, "not a kind of reference: %d", kind);
    }
    Store *store = tp_store_for(store_object, 0);
    if (store == NULL) return NULL;
    HostTable *record = PyMem_Calloc(1, sizeof *record);
    if (record == NULL) return PyErr_NoMemory();
    record->table.kind = (uint8_t)kind;
    if (!element_from_python(store, &record->table, init, &word) ||
        tp_table_create(store, &record->table, min, max, is_64, kind) < 0) {
        PyMem_Free(record);
        return NULL;
    }
    tp_store_own(store, &record->owned, &host_table_kind);
    if (tp_table_fill(store, &record->table, 0, word, min) < 0) return NULL;
    return tp_handle_new((PyTypeObject *)cls, store, &record->table);
}

static PyObject *table_get_type(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    VMTable *table = tp_handle_enter(self, "_type", args, count, 1, &store);
    if (table == NULL) return NULL;
    return Py_BuildValue("KNNi", table->min, tp_maximum_to_python(table->max), PyBool_FromLong(table->is_64), (int)table->kind);
}

static PyObject *table_size(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    VMTable *table = tp_handle_enter(self, "_size", args, count, 1, &store);
    return table == NULL ? NULL : PyLong_FromUnsignedLongLong(table->length);
}

static PyObject *table_get(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t index;
    VMTable *table = tp_handle_enter(self, "_get", args, count, 2, &store);
    if (table == NULL || tp_index_arg(args[1], &index) < 0) return NULL;
    if (index >= table->length) return out_of_bounds(args[1], table);
    uint64_t value[2] = {table->elements[index], 0};
    return tp_value_to_python(store, table->kind, value);
}

static PyObject *table_set(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t index, word;
    VMTable *table = tp_handle_enter(self, "_set", args, count, 3, &store);
    if (table == NULL || tp_index_arg(args[1], &index) < 0 || !element_from_python(store, table, args[2], &word)) {
        return NULL;
    }
    if (index >= table->length) return out_of_bounds(args[1], table);
    tp_table_set(store, table, index, word);
    Py_RETURN_NONE;
}

static PyObject *table_grow(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t delta, word;
    VMTable *table = tp_handle_enter(self, "_grow", args, count, 3, &store);
    if (table == NULL || tp_size_arg(args[1], "delta", &delta) < 0 ||
        !element_from_python(store, table, args[2], &word)) {
        return NULL;
    }
    int64_t old = tp_table_grow(store, table, delta, word);
    return old == -2 ? NULL : PyLong_FromLongLong(old);
}

static PyObject *table_fill(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t start, length, word;
    VMTable *table = tp_handle_enter(self, "_fill", args, count, 4, &store);
    if (table == NULL || tp_index_arg(args[1], &start) < 0 || tp_size_arg(args[3], "length", &length) < 0 ||
        !element_from_python(store, table, args[2], &word)) {
        return NULL;
    }
    if (start > table->length || length > table->length - start) {
        return PyErr_Format(PyExc_IndexError, "out of bounds table access: %llu elements from %S of %llu",
                            (unsigned long long)length, args[1], (unsigned long long)table->length);
    }
    if (tp_table_fill(store, table, start, word, length) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef table_methods[] = {
    {"_create", (PyCFunction)(void (*)(void))table_create, METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    TP_METHOD("_type", table_get_type),
    TP_METHOD("_size", table_size),
    TP_METHOD("_get", table_get),
    TP_METHOD("_set", table_set),
    TP_METHOD("_grow", table_grow),
    TP_METHOD("_fill", table_fill),
    {NULL, NULL, 0, NULL},
};

static PyType_Slot table_slots[] = {{Py_tp_methods, table_methods}, {0, NULL}};

static PyType_Spec table_spec = {
    .name = "taipan._native.TableBase",
    .basicsize = sizeof(Handle),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = table_slots,
};

int tp_init_table(PyObject *module) {
    table_type = tp_add_handle_type(module, &table_spec);
    return table_type == NULL ? -1 : 0;
}
