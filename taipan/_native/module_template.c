/* The template half of NativeModule: what instances are made from. Python packs it into arrays of the structs in
   runtime.h; here they are copied, and every index and size that C code or generated code relies on is checked. */
#include "core.h"

/* Copies a buffer as an array of records of `size` bytes; never NULL afterwards. -1 with an exception. */
static int copy_array(PyObject *object, const char *name, size_t size, void **array, uint32_t *count) {
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0) return -1;
    size_t bytes = (size_t)view.len;
    int result = 0;
    if (bytes % size != 0 || bytes / size > INT32_MAX)
        result = tp_error(PyExc_ValueError, "%s is not an array of records of %zu bytes", name, size);
    else if ((*array = PyMem_Malloc(bytes + 1)) == NULL)
        result = tp_no_memory();
    else {
        memcpy(*array, view.buf, bytes);
        *count = (uint32_t)(bytes / size);
    }
    PyBuffer_Release(&view);
    return result;
}

static int out_of_range(const char *what) { return tp_error(PyExc_ValueError, "%s out of range", what); }

static int check_functions(const NativeModule *self) {
    if (self->num_funcs < self->num_imported_funcs || self->num_funcs >= 1u << 24)
        return out_of_range("function count");
    if (PyTuple_GET_SIZE(self->signatures) != (Py_ssize_t)self->num_types) return out_of_range("signature count");
    for (uint32_t i = 0; i < self->num_types; i++) {
        PyObject *item = PyTuple_GET_ITEM(self->signatures, i);
        if (item != Py_None && !PyObject_TypeCheck(item, tp_signature_type))
            return tp_error(PyExc_TypeError, "signatures must hold Signature objects and None");
    }
    for (uint32_t i = 0; i < self->num_funcs; i++)
        if (self->func_type_indices[i] >= self->num_types || (PyObject *)tp_func_signature(self, i) == Py_None)
            return tp_error(PyExc_ValueError, "function %u has no signature", i);
    for (uint32_t i = 0; i < self->num_escaped; i++) {
        uint32_t lowest = i == 0 ? self->num_imported_funcs : self->escaped[i - 1] + 1;
        if (self->escaped[i] < lowest || self->escaped[i] >= self->num_funcs)
            return out_of_range("an escaped function");
    }
    return 0;
}

static int check_others(const NativeModule *self, uint32_t num_template) {
    for (uint32_t i = 0; i < self->num_memories; i++)
        if (self->memories[i].page_size_log2 > 16) return out_of_range("a memory's page size");
    for (uint32_t i = 0; i < self->num_tables; i++)
        if (!tp_is_ref_kind(self->tables[i].kind)) return out_of_range("a table's kind");
    for (uint32_t i = 0; i < self->num_globals; i++)
        if (self->globals[i].kind > KIND_OPAQUE) return out_of_range("a global's kind");
    for (uint32_t i = 0; i < self->num_data; i++)
        if (self->data[i].start > self->data[i].end || self->data[i].end > (size_t)self->data_buffer.len)
            return out_of_range("a data segment");
    return num_template != self->num_globals ? out_of_range("the size of globals_template") : 0;
}

/* abi/layout.py: VMOffsets. */
static int compute_offsets(NativeModule *self) {
    uint64_t bytes[] = {(uint64_t)self->num_imported_funcs * VMIMPORTEDFUNC_SIZE,
                        ((uint64_t)self->num_imported_memories + self->num_memories) * sizeof(void *),
                        ((uint64_t)self->num_imported_tables + self->num_tables) * sizeof(void *),
                        (uint64_t)self->num_imported_globals * sizeof(void *),
                        (uint64_t)self->num_globals * VMGLOBAL_SIZE,
                        (uint64_t)self->num_escaped * VMFUNCREF_SIZE};
    VMOffsets *out = &self->offsets;
    uint32_t *offsets[] = {&out->imported_funcs,   &out->memories, &out->tables,
                           &out->imported_globals, &out->globals,  &out->funcrefs};
    uint64_t at = VMCONTEXTHEADER_SIZE;
    for (int i = 0; i < 6; i++) {
        if (offsets[i] == &out->globals) at = (at + 15) & ~(uint64_t)15;
        *offsets[i] = (uint32_t)at;
        at += bytes[i];
    }
    at = (at + 15) & ~(uint64_t)15;
    out->size = (uint32_t)at;
    if (at <= INT32_MAX) return 0;
    return tp_error(tp_registry.complete ? tp_registry.UnsupportedError : PyExc_ValueError,
                    "the module's imports, globals and functions need a context of more than 2 GiB");
}

int tp_template_parse(NativeModule *self, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"region",  "info",     "counts",      "num_elements",      "signatures",
                            "compile", "data",     "data_ranges", "func_type_indices", "type_ids",
                            "escaped", "memories", "tables",      "globals",           "globals_template",
                            NULL};
    PyObject *region, *info, *signatures, *compile, *data, *buffers[8];
    uint32_t num_template = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O$(IIII)IOOOOOOOOOOO:NativeModule", names, tp_code_region_type,
                                     &region, &info, &self->num_imported_funcs, &self->num_imported_tables,
                                     &self->num_imported_memories, &self->num_imported_globals, &self->num_elements,
                                     &signatures, &compile, &data, &buffers[0], &buffers[1], &buffers[2], &buffers[3],
                                     &buffers[4], &buffers[5], &buffers[6], &buffers[7]))
        return -1;
    self->region = (CodeRegion *)Py_NewRef(region);
    self->info = Py_NewRef(info);
    self->compile = compile == Py_None ? NULL : Py_NewRef(compile);
    const struct {
        size_t size;
        void *array;
        uint32_t *count;
    } arrays[8] = {
        {sizeof *self->data, &self->data, &self->num_data},
        {sizeof *self->func_type_indices, &self->func_type_indices, &self->num_funcs},
        {sizeof *self->type_ids, &self->type_ids, &self->num_types},
        {sizeof *self->escaped, &self->escaped, &self->num_escaped},
        {sizeof *self->memories, &self->memories, &self->num_memories},
        {sizeof *self->tables, &self->tables, &self->num_tables},
        {sizeof *self->globals, &self->globals, &self->num_globals},
        {sizeof *self->globals_template, &self->globals_template, &num_template},
    };
    for (int i = 0; i < 8; i++)
        if (copy_array(buffers[i], names[7 + i], arrays[i].size, (void **)arrays[i].array, arrays[i].count) < 0)
            return -1;
    if ((self->signatures = PySequence_Tuple(signatures)) == NULL) return -1;
    if (self->num_data != 0 && PyObject_GetBuffer(data, &self->data_buffer, PyBUF_SIMPLE) < 0) return -1;
    if (check_functions(self) < 0 || check_others(self, num_template) < 0) return -1;
    self->num_defined_funcs = self->num_funcs - self->num_imported_funcs;
    return compute_offsets(self);
}

int tp_template_traverse(NativeModule *self, visitproc visit, void *arg) {
    Py_VISIT(self->info);
    Py_VISIT(self->compile);
    Py_VISIT(self->signatures);
    Py_VISIT(self->data_buffer.obj);
    return 0;
}

void tp_template_free(NativeModule *self) {
    void *const arrays[] = {self->data,   self->func_type_indices, self->type_ids,        self->escaped, self->memories,
                            self->tables, self->globals,           self->globals_template};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) PyMem_Free(arrays[i]);
    PyBuffer_Release(&self->data_buffer); /* does nothing if there is none */
    Py_XDECREF(self->signatures);
    Py_XDECREF(self->info);
    Py_XDECREF(self->compile);
    Py_XDECREF(self->region);
}
