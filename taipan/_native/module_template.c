/* The template half of NativeModule: what instances are made from, copied out of the constructor's Python objects. */
#include "core.h"
#include "objects.h"

/* ---- arrays ---- */

/* A copy of an array of u32; its length in *count. NULL with an exception (an empty array is not NULL). */
static uint32_t *copy_words(PyObject *object, const char *name, uint32_t *count) {
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    uint32_t *words = NULL;
    if (view.len % 4 != 0 || view.len / 4 > INT32_MAX) {
        PyErr_Format(PyExc_ValueError, "%s is not an array of u32", name);
    } else if ((words = PyMem_Malloc(view.len ? (size_t)view.len : 1)) == NULL) {
        PyErr_NoMemory();
    } else {
        memcpy(words, view.buf, (size_t)view.len);
        *count = (uint32_t)(view.len / 4);
    }
    PyBuffer_Release(&view);
    return words;
}

/* Parses one object into the zeroed record at `out`. -1 with an exception; what the record then holds is freed with the
   module like that of complete ones. */
typedef int (*ParseItem)(PyObject *item, void *out);

/* An array of records from a sequence; *array and *count are right for freeing even after an error. */
static int parse_items(PyObject *object, const char *name, ParseItem parse, size_t size, void *array, uint32_t *count) {
    PyObject *fast = PySequence_Fast(object, name);
    if (fast == NULL)
        return -1;
    size_t length = (size_t)PySequence_Fast_GET_SIZE(fast);
    uint8_t *records = length > INT32_MAX ? NULL : PyMem_Calloc(length ? length : 1, size);
    int result = 0;
    if (records == NULL) {
        PyErr_NoMemory();
        result = -1;
    } else {
        *(void **)array = records;
        *count = (uint32_t)length;
    }
    for (size_t i = 0; result == 0 && i < length; i++)
        result = parse(PySequence_Fast_GET_ITEM(fast, i), records + i * size);
    Py_DECREF(fast);
    return result;
}

static bool is_tuple(PyObject *item, const char *shape) {
    if (PyTuple_Check(item))
        return true;
    PyErr_Format(PyExc_TypeError, "expected %s", shape);
    return false;
}

static int out_of_range(const char *what) {
    PyErr_Format(PyExc_ValueError, "%s is out of range", what);
    return -1;
}

/* ---- the records ---- */

/* For "O&": limits take all 64 bits. */
static int minimum_converter(PyObject *object, void *out) { return tp_size_arg(object, "a minimum", out) == 0; }
static int maximum_converter(PyObject *object, void *out) { return tp_maximum_arg(object, "a maximum", out) == 0; }

static int parse_memory(PyObject *item, void *out) {
    MemoryPlan *plan = out;
    unsigned long long reservation, guard, growth;
    int is_64, page_size_log2, shared, guard_before, may_move;
    if (!is_tuple(item, "a memory: (min, max, is_64, page_size_log2, shared, reservation, guard, growth, before, may_move)") ||
        !PyArg_ParseTuple(item, "O&O&pipKKKpp:memory", minimum_converter, &plan->min_pages, maximum_converter,
                          &plan->max_pages, &is_64, &page_size_log2, &shared, &reservation, &guard, &growth, &guard_before,
                          &may_move))
        return -1;
    if (page_size_log2 < 0 || page_size_log2 > 16)
        return out_of_range("a memory's page size");
    *plan = (MemoryPlan){plan->min_pages, plan->max_pages, reservation, guard, growth, (uint8_t)page_size_log2, is_64,
                         shared, guard_before, may_move};
    return 0;
}

static int parse_table(PyObject *item, void *out) {
    TablePlan *plan = out;
    int is_64, kind;
    if (!is_tuple(item, "a table: (min, max, is_64, kind)") ||
        !PyArg_ParseTuple(item, "O&O&pi:table", minimum_converter, &plan->min, maximum_converter, &plan->max, &is_64, &kind))
        return -1;
    plan->is_64 = is_64;
    plan->kind = (uint8_t)kind;
    return kind < KIND_FUNCREF || kind > KIND_OPAQUE ? out_of_range("a table's kind") : 0;
}

static int parse_global(PyObject *item, void *out) {
    GlobalPlan *plan = out;
    int kind, mutable;
    if (!is_tuple(item, "a global: (kind, mutable)") || !PyArg_ParseTuple(item, "ip:global", &kind, &mutable))
        return -1;
    *plan = (GlobalPlan){(uint8_t)kind, mutable};
    return kind < 0 || kind >= KIND_COUNT ? out_of_range("a global's kind") : 0;
}

/* data: what all segments lie in; ranges: u32 pairs (start, end), one per segment. */
static int parse_segments(NativeModule *self, PyObject *data, PyObject *ranges) {
    uint32_t words;
    uint32_t *pairs = copy_words(ranges, "data_ranges", &words);
    if (pairs == NULL)
        return -1;
    uint32_t count = words / 2;
    int result = -1;
    self->data = PyMem_Calloc(count ? count : 1, sizeof *self->data);
    if (self->data == NULL)
        PyErr_NoMemory();
    else if (words % 2 != 0)
        out_of_range("the length of data_ranges");
    else if (count == 0 || PyObject_GetBuffer(data, &self->data_buffer, PyBUF_SIMPLE) == 0)
        result = 0;
    for (uint32_t i = 0; result == 0 && i < count; i++) {
        uint32_t start = pairs[2 * i], end = pairs[2 * i + 1];
        if (start > end || end > (size_t)self->data_buffer.len)
            result = out_of_range("a data segment");
        else
            self->data[i] = (DataSegment){(const uint8_t *)self->data_buffer.buf + start, end - start};
    }
    self->num_data = result == 0 ? count : 0;
    PyMem_Free(pairs);
    return result;
}

static int parse_signature(PyObject *item, void *out) {
    if (item == Py_None)
        return 0;
    if (!PyObject_TypeCheck(item, tp_signature_type)) {
        PyErr_SetString(PyExc_TypeError, "signatures must hold Signature objects and None");
        return -1;
    }
    *(PyObject **)out = Py_NewRef(item);
    return 0;
}

/* ---- the whole ---- */

/* Indices point to what is there; generated code and instances rely on it. */
static int check_indices(const NativeModule *self, uint32_t num_signatures) {
    if (num_signatures != self->num_types) {
        PyErr_SetString(PyExc_ValueError, "signatures and type_ids differ in length");
        return -1;
    }
    for (uint32_t i = 0; i < self->num_funcs; i++)
        if (self->func_type_indices[i] >= num_signatures || self->signatures[self->func_type_indices[i]] == NULL) {
            PyErr_Format(PyExc_ValueError, "function %u has no signature", i);
            return -1;
        }
    for (uint32_t i = 0; i < self->num_escaped; i++)
        if (self->escaped[i] < self->num_imported_funcs || self->escaped[i] >= self->num_funcs ||
            (i > 0 && self->escaped[i] <= self->escaped[i - 1])) {
            PyErr_SetString(PyExc_ValueError, "escaped must hold indices of own functions in ascending order");
            return -1;
        }
    return 0;
}

/* abi/layout.py: VMOffsets. */
static int compute_offsets(NativeModule *self) {
    uint64_t at = VMCONTEXTHEADER_SIZE;
    VMOffsets *offsets = &self->offsets;
    offsets->imported_funcs = (uint32_t)at;
    at += (uint64_t)self->num_imported_funcs * VMIMPORTEDFUNC_SIZE;
    offsets->memories = (uint32_t)at;
    at += ((uint64_t)self->num_imported_memories + self->num_memories) * sizeof(void *);
    offsets->tables = (uint32_t)at;
    at += ((uint64_t)self->num_imported_tables + self->num_tables) * sizeof(void *);
    offsets->imported_globals = (uint32_t)at;
    at += (uint64_t)self->num_imported_globals * sizeof(void *);
    at = (at + 15) & ~(uint64_t)15;
    offsets->globals = (uint32_t)at;
    at += (uint64_t)self->num_globals * VMGLOBAL_SIZE;
    offsets->funcrefs = (uint32_t)at;
    at += (uint64_t)self->num_escaped * VMFUNCREF_SIZE;
    at = (at + 15) & ~(uint64_t)15;
    offsets->size = (uint32_t)at;
    if (at > INT32_MAX) {
        PyErr_SetString(tp_registry.complete ? tp_registry.UnsupportedError : PyExc_ValueError,
                        "the module's imports, globals and functions need a context of more than 2 GiB");
        return -1;
    }
    return 0;
}

int tp_template_parse(NativeModule *self, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"region", "info", "func_type_indices", "type_ids", "signatures", "escaped", "counts", "memories",
                            "tables", "globals", "data", "data_ranges", "num_elements", "globals_template", "compile", NULL};
    PyObject *region, *info, *func_type_indices, *type_ids, *signatures, *escaped, *memories, *tables, *globals, *data, *ranges, *compile;
    const char *template;
    Py_ssize_t template_size;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O$OOOO(IIII)OOOOOIy#O:NativeModule", names, tp_code_region_type, &region,
                                     &info, &func_type_indices, &type_ids, &signatures, &escaped, &self->num_imported_funcs,
                                     &self->num_imported_tables, &self->num_imported_memories, &self->num_imported_globals,
                                     &memories, &tables, &globals, &data, &ranges, &self->num_elements, &template, &template_size,
                                     &compile))
        return -1;
    self->region = (CodeRegion *)Py_NewRef(region);
    self->info = Py_NewRef(info);
    self->compile = compile == Py_None ? NULL : Py_NewRef(compile);
    uint32_t num_signatures;
    if ((self->func_type_indices = copy_words(func_type_indices, "func_type_indices", &self->num_funcs)) == NULL ||
        (self->type_ids = copy_words(type_ids, "type_ids", &self->num_types)) == NULL ||
        (self->escaped = copy_words(escaped, "escaped", &self->num_escaped)) == NULL)
        return -1;
    if (self->num_funcs < self->num_imported_funcs || self->num_funcs >= 1u << 24)
        return out_of_range("the number of functions");
    self->num_defined_funcs = self->num_funcs - self->num_imported_funcs;
#define ITEMS(name, parse, count) parse_items(name, #name, parse, sizeof *self->name, &self->name, count)
    if (ITEMS(signatures, parse_signature, &num_signatures) < 0 || ITEMS(memories, parse_memory, &self->num_memories) < 0 ||
        ITEMS(tables, parse_table, &self->num_tables) < 0 || ITEMS(globals, parse_global, &self->num_globals) < 0 ||
        parse_segments(self, data, ranges) < 0)
        return -1;
#undef ITEMS
    if ((size_t)template_size != (size_t)self->num_globals * VMGLOBAL_SIZE)
        return out_of_range("the size of globals_template");
    self->globals_template = PyMem_Malloc(template_size ? (size_t)template_size : 1);
    if (self->globals_template == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(self->globals_template, template, (size_t)template_size);
    return check_indices(self, num_signatures) < 0 ? -1 : compute_offsets(self);
}

int tp_template_traverse(NativeModule *self, visitproc visit, void *arg) {
    Py_VISIT(self->info);
    Py_VISIT(self->compile);
    for (uint32_t i = 0; self->signatures != NULL && i < self->num_types; i++)
        Py_VISIT(self->signatures[i]);
    Py_VISIT(self->data_buffer.obj);
    return 0;
}

void tp_template_free(NativeModule *self) {
    PyBuffer_Release(&self->data_buffer); /* does nothing if there is none */
    for (uint32_t i = 0; self->signatures != NULL && i < self->num_types; i++)
        Py_XDECREF(self->signatures[i]);
    PyMem_Free(self->func_type_indices);
    PyMem_Free(self->type_ids);
    PyMem_Free(self->signatures);
    PyMem_Free(self->escaped);
    PyMem_Free(self->memories);
    PyMem_Free(self->tables);
    PyMem_Free(self->globals);
    PyMem_Free(self->globals_template);
    PyMem_Free(self->data);
    Py_XDECREF(self->info);
    Py_XDECREF(self->compile);
    Py_XDECREF(self->region);
}
