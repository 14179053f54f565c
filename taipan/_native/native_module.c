/* NativeModule: the code of one compiled module in a region. (The template for instances: module_template.c.)

   Functions arrive one by one (`publish`, lazily or not) or as one image (`load`). With `publish`, every defined function
   has a stub (16 bytes of code) and a cell (8 bytes of data behind the code):

       stub:  jmp [cell]            always the newest code: what function references and imports hold
       stub+6: mov eax, index; jmp tail      where the cell points at first; the tail calls tp_lazy_compile

   Publishing writes code that nobody runs yet, then stores its address in the cell: other threads see the old entry
   or the new one. Calls between functions are direct where the callee is already placed. */
#include "core.h"

PyTypeObject *tp_native_module_type;

/* What the functions of a module leave behind, freed with it. */
typedef struct Blob {
    struct Blob *next;
    uint32_t words[];
} Blob;

typedef struct ModuleCode {
    Arena *arenas; /* newest first */
    Arena *stub_arenas;
    uint8_t *stubs; /* [num_defined_funcs * ARCH_STUB_BYTES], then the tail; NULL while there are none */
    uint64_t *cells;
    uint8_t **entries; /* [num_defined_funcs] newest code, NULL if not compiled */
    uint32_t *sizes;
    uint32_t num_compiled;
    size_t code_bytes;
    Blob *blobs;
} ModuleCode;

/* ---- stubs and cells ---- */

static int make_stubs(NativeModule *self) {
    ModuleCode *code = self->code;
    uint32_t count = self->num_defined_funcs;
    size_t bytes = (size_t)count * ARCH_STUB_BYTES + ARCH_STUB_TAIL_BYTES;
    if (code->stubs != NULL)
        return 0;
    uint8_t *buffer = PyMem_Malloc(bytes);
    if (buffer == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    Arena *arena;
    uint64_t *cells = tp_region_alloc_cells(self->region, count);
    uint8_t *stubs = cells == NULL ? NULL : tp_region_alloc(self->region, self, &code->stub_arenas, bytes, bytes, &arena);
    int result = -1;
    if (stubs != NULL) {
        uintptr_t tail = (uintptr_t)stubs + (size_t)count * ARCH_STUB_BYTES;
        for (uint32_t i = 0; i < count; i++) {
            uint8_t *out = buffer + (size_t)i * ARCH_STUB_BYTES;
            uintptr_t address = (uintptr_t)stubs + (size_t)i * ARCH_STUB_BYTES;
            size_t first = arch_write_stub(out, address, (uintptr_t)&cells[i], i, tail);
            cells[i] = code->entries[i] != NULL ? (uintptr_t)code->entries[i] : address + first;
        }
        arch_write_stub_tail(buffer + (size_t)count * ARCH_STUB_BYTES, self);
        result = tp_region_write(self->region, stubs, buffer, bytes);
    }
    PyMem_Free(buffer);
    if (result == 0) {
        code->stubs = stubs;
        code->cells = cells;
    } else if (cells != NULL) {
        tp_region_free_cells(self->region, cells, count);
    }
    return result;
}

static uintptr_t stub_address(const ModuleCode *code, uint32_t defined_index) {
    return (uintptr_t)code->stubs + (size_t)defined_index * ARCH_STUB_BYTES;
}

void *tp_module_entry(NativeModule *module, uint32_t defined_index) {
    ModuleCode *code = module->code;
    if (code->stubs != NULL)
        return (void *)stub_address(code, defined_index);
    if (code->entries[defined_index] != NULL)
        return code->entries[defined_index];
    PyErr_Format(tp_registry.InternalError, "bug: function %u has neither code nor a stub",
                 module->num_imported_funcs + defined_index);
    return NULL;
}

uint64_t tp_module_code_bytes(const NativeModule *module) { return module->code->code_bytes; }

/* Called by a lazy stub with wasm's argument registers saved; fp: the stub's frame. Returns the code. */
void *tp_lazy_compile(VMContext *vmctx, NativeModule *module, uint32_t defined_index, uintptr_t fp) {
    Store *store = STORE_OF(vmctx);
    store->exit_pc = arch_frame_return(fp);
    store->exit_fp = arch_frame_caller(fp);
    tp_gil_take(store);
    ModuleCode *code = module->code;
    if (code->entries[defined_index] == NULL) { /* another thread may have been faster */
        if (module->compile == NULL) {
            PyErr_Format(tp_registry.InternalError, "bug: function %u was called before it was compiled",
                         module->num_imported_funcs + defined_index);
            tp_unwind_with_python_error(store);
        }
        PyObject *compile = Py_NewRef(module->compile);
        PyObject *result = PyObject_CallFunction(compile, "OI", module, defined_index);
        Py_DECREF(compile);
        if (result == NULL)
            tp_unwind_with_python_error(store);
        Py_DECREF(result);
        if (code->entries[defined_index] == NULL) {
            PyErr_Format(tp_registry.InternalError, "bug: function %u was not published when it was compiled",
                         module->num_imported_funcs + defined_index);
            tp_unwind_with_python_error(store);
        }
    }
    return code->entries[defined_index];
}

/* ---- publishing ---- */

/* A blob with copies of these byte ranges, one after the other (each a multiple of 4 bytes). */
static Blob *add_blob(ModuleCode *code, const Py_buffer *first, const Py_buffer *second) {
    Blob *blob = PyMem_RawMalloc(sizeof *blob + (size_t)first->len + (size_t)second->len);
    if (blob == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    memcpy(blob->words, first->buf, (size_t)first->len);
    memcpy((uint8_t *)blob->words + first->len, second->buf, (size_t)second->len);
    blob->next = code->blobs;
    code->blobs = blob;
    return blob;
}

static int check_sites(const Site *sites, size_t count, size_t code_size, const uint32_t *maps, size_t map_words) {
    for (size_t i = 0; i < count; i++) {
        size_t map = sites[i].stack_map;
        bool good = sites[i].code_offset <= code_size && (i == 0 || sites[i].code_offset > sites[i - 1].code_offset);
        if (map != 0)
            good = good && map <= map_words && maps[map - 1] <= map_words - map;
        if (!good) {
            PyErr_SetString(PyExc_ValueError, "sites must be ascending, and inside the code and the stack maps");
            return -1;
        }
    }
    return 0;
}

static int apply_relocations(const NativeModule *self, uint32_t own_index, uint8_t *bytes, size_t size, uintptr_t address,
                             const uint32_t *relocs, size_t count) {
    ModuleCode *code = self->code;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = relocs[3 * i], kind = relocs[3 * i + 1], target = relocs[3 * i + 2];
        if (size < 4 || at > size - 4 || target >= self->num_defined_funcs || kind > RELOC_SLOT) {
            PyErr_SetString(PyExc_ValueError, "a relocation is out of range");
            return -1;
        }
        uintptr_t value;
        if (kind == RELOC_SLOT)
            value = (uintptr_t)&code->cells[target];
        else if (target == own_index)
            value = address;
        else if (code->entries[target] != NULL)
            value = (uintptr_t)code->entries[target];
        else
            value = stub_address(code, target);
        int64_t distance = (int64_t)(value - (address + at + 4));
        int32_t field = (int32_t)distance; /* the whole region is below 2 GiB */
        memcpy(bytes + at, &field, 4);
    }
    return 0;
}

static void set_entry(ModuleCode *code, uint32_t defined_index, uint8_t *address, uint32_t size) {
    if (code->entries[defined_index] == NULL)
        code->num_compiled++;
    code->entries[defined_index] = address;
    code->sizes[defined_index] = size;
    if (code->cells != NULL)
        atomic_store_explicit((_Atomic(uint64_t) *)&code->cells[defined_index], (uint64_t)(uintptr_t)address,
                              memory_order_release);
}

static int publish(NativeModule *self, unsigned int index, const Py_buffer *bytes, const Py_buffer *relocs,
                   const Py_buffer *sites, const Py_buffer *maps) {
    ModuleCode *code = self->code;
    size_t size = (size_t)bytes->len;
    if (index >= self->num_defined_funcs) {
        PyErr_SetString(PyExc_IndexError, "no such function");
        return -1;
    }
    if (size == 0 || size > INT32_MAX || relocs->len % RELOC_BYTES || sites->len % SITE_BYTES || maps->len % 4) {
        PyErr_SetString(PyExc_ValueError, "code, relocs, sites or stack_maps have an impossible size");
        return -1;
    }
    if (make_stubs(self) < 0)
        return -1;
    Blob *blob = add_blob(code, sites, maps);
    uint8_t *copy = PyMem_Malloc(size);
    if (blob == NULL || copy == NULL) {
        PyMem_Free(copy);
        PyErr_NoMemory();
        return -1;
    }
    memcpy(copy, bytes->buf, size);
    CodeExtent extent = {
        .size = (uint32_t)size,
        .defined_index = index,
        .num_sites = (uint32_t)(sites->len / SITE_BYTES),
        .sites = (const Site *)blob->words,
        .stack_maps = blob->words + sites->len / 4,
    };
    Arena *arena;
    int result = -1;
    if (check_sites(extent.sites, extent.num_sites, size, extent.stack_maps, (size_t)maps->len / 4) == 0) {
        uint8_t *address = tp_region_alloc(self->region, self, &code->arenas, size, 0, &arena);
        if (address != NULL &&
            apply_relocations(self, index, copy, size, (uintptr_t)address, relocs->buf, (size_t)relocs->len / RELOC_BYTES) ==
                0 &&
            tp_region_write(self->region, address, copy, size) == 0) {
            extent.start = (uint32_t)(address - tp_region_base(self->region));
            result = tp_arena_append(arena, &extent, 1);
            if (result == 0) {
                code->code_bytes += size;
                set_entry(code, index, address, (uint32_t)size);
            }
        }
    }
    PyMem_Free(copy);
    return result;
}

static PyObject *module_publish(PyObject *object, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"defined_index", "code", "relocs", "sites", "stack_maps", NULL};
    unsigned int index;
    Py_buffer views[4];
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Iy*y*y*y*:publish", names, &index, &views[0], &views[1], &views[2],
                                     &views[3]))
        return NULL;
    int result = publish((NativeModule *)object, index, &views[0], &views[1], &views[2], &views[3]);
    for (int i = 0; i < 4; i++)
        PyBuffer_Release(&views[i]);
    if (result < 0)
        return NULL;
    Py_RETURN_NONE;
}

static int compare_extents(const void *a, const void *b) {
    uint32_t x = ((const CodeExtent *)a)->start, y = ((const CodeExtent *)b)->start;
    return (x > y) - (x < y);
}

/* starts: [count + 1] ascending, the last at most `limit`. */
static bool good_starts(const Py_buffer *starts, uint32_t count, size_t limit) {
    const uint32_t *words = starts->buf;
    if (starts->len != (Py_ssize_t)(count + 1) * 4 || words[count] > limit)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (words[i] > words[i + 1])
            return false;
    return true;
}

/* views: image, offsets, sites, site_starts, stack_maps, stack_map_starts */
static int load(NativeModule *self, const Py_buffer *views) {
    const Py_buffer *image = &views[0], *sites = &views[2], *maps = &views[4];
    ModuleCode *code = self->code;
    uint32_t count = self->num_defined_funcs;
    size_t size = (size_t)image->len;
    if (size > INT32_MAX || views[1].len != (Py_ssize_t)count * 8 || sites->len % SITE_BYTES || maps->len % 4 ||
        !good_starts(&views[3], count, (size_t)sites->len / SITE_BYTES) || !good_starts(&views[5], count, (size_t)maps->len / 4)) {
        PyErr_SetString(PyExc_ValueError, "image, offsets, sites or stack maps do not fit together");
        return -1;
    }
    if (count == 0)
        return 0;
    const uint32_t *offsets = views[1].buf, *site_starts = views[3].buf, *map_starts = views[5].buf;
    Blob *blob = add_blob(code, sites, maps);
    if (blob == NULL)
        return -1;
    const Site *all_sites = (const Site *)blob->words;
    const uint32_t *all_maps = blob->words + sites->len / 4;
    CodeExtent *extents = PyMem_Malloc(count * sizeof *extents);
    if (extents == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    int result = -1;
    Arena *arena;
    uint8_t *address = NULL;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t start = offsets[2 * i], bytes = offsets[2 * i + 1];
        if (start > size || bytes > size - start || bytes == 0) {
            PyErr_Format(PyExc_ValueError, "function %u lies outside the image", i);
            goto done;
        }
        extents[i] = (CodeExtent){
            .start = start,
            .size = bytes,
            .defined_index = i,
            .num_sites = site_starts[i + 1] - site_starts[i],
            .sites = all_sites + site_starts[i],
            .stack_maps = all_maps + map_starts[i],
        };
        if (check_sites(extents[i].sites, extents[i].num_sites, bytes, extents[i].stack_maps,
                        map_starts[i + 1] - map_starts[i]) < 0)
            goto done;
    }
    address = tp_region_alloc(self->region, self, &code->arenas, size, size, &arena);
    if (address == NULL || tp_region_write(self->region, address, image->buf, size) < 0)
        goto done;
    for (uint32_t i = 0; i < count; i++)
        extents[i].start += (uint32_t)(address - tp_region_base(self->region));
    qsort(extents, count, sizeof *extents, compare_extents);
    result = tp_arena_append(arena, extents, count);
    if (result == 0) {
        code->code_bytes += size;
        for (uint32_t i = 0; i < count; i++)
            set_entry(code, i, address + offsets[2 * i], offsets[2 * i + 1]);
    }
done:
    PyMem_Free(extents);
    return result;
}

static PyObject *module_load(PyObject *object, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"image", "offsets", "sites", "site_starts", "stack_maps", "stack_map_starts", NULL};
    Py_buffer views[6];
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y*y*y*y*y*y*:load", names, &views[0], &views[1], &views[2], &views[3],
                                     &views[4], &views[5]))
        return NULL;
    int result = load((NativeModule *)object, views);
    for (int i = 0; i < 6; i++)
        PyBuffer_Release(&views[i]);
    if (result < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- the Python type ---- */

static int defined_index_arg(const NativeModule *self, PyObject *arg, uint32_t *index) {
    unsigned long value = PyLong_AsUnsignedLong(arg);
    if (value == (unsigned long)-1 && PyErr_Occurred())
        return -1;
    if (value >= self->num_defined_funcs) {
        PyErr_SetString(PyExc_IndexError, "no such function");
        return -1;
    }
    *index = (uint32_t)value;
    return 0;
}

static PyObject *module_entry(PyObject *object, PyObject *arg) {
    const NativeModule *self = (NativeModule *)object;
    uint32_t index;
    if (defined_index_arg(self, arg, &index) < 0)
        return NULL;
    return PyLong_FromVoidPtr(self->code->entries[index]);
}

static PyObject *module_code(PyObject *object, PyObject *arg) {
    const NativeModule *self = (NativeModule *)object;
    uint32_t index;
    if (defined_index_arg(self, arg, &index) < 0)
        return NULL;
    return PyBytes_FromStringAndSize((const char *)self->code->entries[index], self->code->sizes[index]);
}

static PyObject *module_num_compiled(PyObject *object, void *closure) {
    (void)closure;
    return PyLong_FromUnsignedLong(((NativeModule *)object)->code->num_compiled);
}

static PyObject *module_get_info(PyObject *object, void *closure) {
    (void)closure;
    return Py_NewRef(((NativeModule *)object)->info);
}

static int module_init(NativeModule *self, PyObject *args, PyObject *kwargs) {
    if (tp_template_parse(self, args, kwargs) < 0)
        return -1;
    ModuleCode *code = self->code;
    size_t count = self->num_defined_funcs ? self->num_defined_funcs : 1;
    code->entries = PyMem_Calloc(count, sizeof *code->entries);
    code->sizes = PyMem_Calloc(count, sizeof *code->sizes);
    if (code->entries == NULL || code->sizes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    return self->compile != NULL && self->num_defined_funcs > 0 ? make_stubs(self) : 0;
}

static PyObject *module_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    NativeModule *self = (NativeModule *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->code = PyMem_Calloc(1, sizeof *self->code);
    if (self->code == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    if (module_init(self, args, kwargs) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int module_traverse(PyObject *object, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(object));
    return tp_template_traverse((NativeModule *)object, visit, arg);
}

static int module_clear(PyObject *object) {
    NativeModule *self = (NativeModule *)object;
    PyObject *info = self->info;
    if (info != NULL) {
        self->info = Py_NewRef(Py_None);
        Py_DECREF(info);
    }
    Py_CLEAR(self->compile);
    return 0;
}

static void module_dealloc(PyObject *object) {
    NativeModule *self = (NativeModule *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    ModuleCode *code = self->code;
    if (code != NULL) {
        if (self->region != NULL) {
            tp_region_free_arenas(self->region, code->arenas);
            tp_region_free_arenas(self->region, code->stub_arenas);
            if (code->cells != NULL)
                tp_region_free_cells(self->region, code->cells, self->num_defined_funcs);
        }
        while (code->blobs != NULL) {
            Blob *blob = code->blobs;
            code->blobs = blob->next;
            PyMem_RawFree(blob);
        }
        PyMem_Free(code->entries);
        PyMem_Free(code->sizes);
        PyMem_Free(code);
    }
    tp_template_free(self);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMethodDef module_methods[] = {
    {"publish", (PyCFunction)(void (*)(void))module_publish, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("Place one function's code and make it the function's entry.")},
    {"load", (PyCFunction)(void (*)(void))module_load, METH_VARARGS | METH_KEYWORDS, PyDoc_STR("Place a whole image at once.")},
    {"entry", module_entry, METH_O, PyDoc_STR("Address of the published code, 0 if it is not compiled yet.")},
    {"code", module_code, METH_O, PyDoc_STR("Machine code as published.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef module_getset[] = {
    {"num_compiled", module_num_compiled, NULL, PyDoc_STR("Functions that have code."), NULL},
    {"info", module_get_info, NULL, PyDoc_STR("As given."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot module_slots[] = {
    {Py_tp_new, module_new},           {Py_tp_dealloc, module_dealloc}, {Py_tp_traverse, module_traverse},
    {Py_tp_clear, module_clear},       {Py_tp_methods, module_methods}, {Py_tp_getset, module_getset},
    {0, NULL},
};

static PyType_Spec module_spec = {
    .name = "taipan._native.NativeModule",
    .basicsize = sizeof(NativeModule),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = module_slots,
};

int tp_init_native_module(PyObject *module) {
    tp_native_module_type = tp_add_type(module, &module_spec);
    return tp_native_module_type == NULL ? -1 : 0;
}
