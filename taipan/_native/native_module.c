/* NativeModule: the code of one compiled module in a region.

   Functions arrive one by one (`publish`, lazily or not) or as one image (`load`). With `publish`, every defined function
   has a stub (16 bytes of code) and a cell (8 bytes of data behind the code):

       stub:  jmp [cell]            always the newest code: what function references and imports hold
       stub+6: mov eax, index; jmp tail      where the cell points at first; the tail calls tp_lazy_compile

   Publishing writes code that nobody runs yet, then stores its address in the cell: other threads see the old entry
   or the new one. Calls between functions are direct where the callee is already placed. */
#include "runtime.h"

/* ---- the template: what instances are made from ----

   Python packs it into arrays of the structs in runtime.h; here they are copied, and every index and size that C code or
   generated code relies on is checked. */
/* Copies a buffer as an array of records of `size` bytes; never NULL afterwards. -1 with an exception. */
static int copy_array(PyObject *object, const char *name, size_t size, void **array, uint32_t *count) {
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0) return -1;
    size_t bytes = (size_t)view.len;
    int result = 0;
    if (bytes % size != 0 || bytes / size > INT32_MAX)
        result = tp_error(PyExc_ValueError, "%s is not an array of records of %zu bytes", name, size);
    else if ((*array = PyMem_Malloc(bytes + 1)) == NULL) result = tp_no_memory();
    else {
        memcpy(*array, view.buf, bytes);
        *count = (uint32_t)(bytes / size);
    }
    PyBuffer_Release(&view);
    return result;
}

static int out_of_range(const char *what) { return tp_error(PyExc_ValueError, "%s out of range", what); }

static int check_functions(NativeModule *self) {
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
    self->escaped_places = PyMem_Malloc(self->num_funcs * sizeof *self->escaped_places + 1);
    if (self->escaped_places == NULL) return tp_no_memory();
    memset(self->escaped_places, 0xFF, self->num_funcs * sizeof *self->escaped_places); /* NOT_ESCAPED */
    for (uint32_t i = 0; i < self->num_escaped; i++) {
        uint32_t lowest = i == 0 ? self->num_imported_funcs : self->escaped[i - 1] + 1;
        if (self->escaped[i] < lowest || self->escaped[i] >= self->num_funcs)
            return out_of_range("an escaped function");
        self->escaped_places[self->escaped[i]] = i;
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

static int compute_offsets(NativeModule *self) {
    uint64_t size = abi_vm_offsets(&self->offsets, self->num_imported_funcs,
        (uint64_t)self->num_imported_memories + self->num_memories,
        (uint64_t)self->num_imported_tables + self->num_tables, self->num_imported_globals, self->num_globals,
        self->num_escaped);
    if (size <= INT32_MAX) return 0;
    return tp_error(tp_registry.complete ? tp_registry.UnsupportedError : PyExc_ValueError,
        "the module's imports, globals and functions need a context of more than 2 GiB");
}

static int parse_template(NativeModule *self, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"region", "info", "counts", "num_elements", "signatures", "compile", "data", "data_ranges",
        "func_type_indices", "type_ids", "escaped", "memories", "tables", "globals", "globals_template", NULL};
    PyObject *region, *info, *signatures, *compile, *data, *buffers[8];
    uint32_t num_template = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O$(IIII)IOOOOOOOOOOO:NativeModule", names, tp_code_region_type,
            &region, &info, &self->num_imported_funcs, &self->num_imported_tables, &self->num_imported_memories,
            &self->num_imported_globals, &self->num_elements, &signatures, &compile, &data, &buffers[0], &buffers[1],
            &buffers[2], &buffers[3], &buffers[4], &buffers[5], &buffers[6], &buffers[7]))
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

static int traverse_template(NativeModule *self, visitproc visit, void *arg) {
    Py_VISIT(self->info);
    Py_VISIT(self->compile);
    Py_VISIT(self->signatures);
    Py_VISIT(self->data_buffer.obj);
    return 0;
}

static void free_template(NativeModule *self) {
    void *const arrays[] = {self->escaped_places, self->data, self->func_type_indices, self->type_ids, self->escaped,
        self->memories, self->tables, self->globals, self->globals_template};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) PyMem_Free(arrays[i]);
    PyBuffer_Release(&self->data_buffer); /* does nothing if there is none */
    Py_XDECREF(self->signatures);
    Py_XDECREF(self->info);
    Py_XDECREF(self->compile);
    Py_XDECREF(self->region);
}

/* ---- stubs and cells ---- */
static int make_stubs(NativeModule *self) {
    uint32_t count = self->num_defined_funcs;
    size_t bytes = (size_t)count * ARCH_STUB_BYTES + ARCH_STUB_TAIL_BYTES;
    if (self->stubs != NULL) return 0;
    uint8_t *buffer = PyMem_Malloc(bytes);
    if (buffer == NULL) return tp_no_memory();
    Arena *arena;
    uint64_t *cells = tp_region_alloc_cells(self->region, count);
    uint8_t *stubs = cells == NULL ? NULL : tp_region_alloc(self->region, self, &self->stub_arenas, bytes, 0, &arena);
    int result = -1;
    if (stubs != NULL) {
        uintptr_t tail = (uintptr_t)stubs + (size_t)count * ARCH_STUB_BYTES;
        for (uint32_t i = 0; i < count; i++) {
            uint8_t *out = buffer + (size_t)i * ARCH_STUB_BYTES;
            uintptr_t address = (uintptr_t)stubs + (size_t)i * ARCH_STUB_BYTES;
            size_t first = arch_write_stub(out, address, (uintptr_t)&cells[i], i, tail);
            cells[i] = self->entries[i] != NULL ? (uintptr_t)self->entries[i] : address + first;
        }
        arch_write_stub_tail(buffer + (size_t)count * ARCH_STUB_BYTES, self);
        result = tp_region_write(self->region, stubs, buffer, bytes);
    }
    PyMem_Free(buffer);
    if (result == 0) {
        self->stubs = stubs;
        self->cells = cells;
    } else if (cells != NULL) {
        tp_region_free_cells(self->region, cells, count);
    }
    return result;
}

static uintptr_t stub_address(const NativeModule *self, uint32_t defined_index) {
    return (uintptr_t)self->stubs + (size_t)defined_index * ARCH_STUB_BYTES;
}

void *tp_module_entry(NativeModule *self, uint32_t defined_index) {
    if (self->entries[defined_index] != NULL && !self->counting) return self->entries[defined_index];
    if (self->stubs != NULL) return (void *)stub_address(self, defined_index);
    return (void *)PyErr_Format(tp_registry.InternalError, "bug: function %u has neither code nor a stub",
        self->num_imported_funcs + defined_index);
}

/* Called by a lazy stub with wasm's argument registers saved; fp: the stub's frame. Returns the code. */
void *tp_lazy_compile(VMContext *vmctx, NativeModule *self, uint32_t defined_index, uintptr_t fp) {
    Store *store = STORE_OF(vmctx);
    store->exit_pc = arch_frame_return(fp);
    store->exit_fp = arch_frame_caller(fp);
    tp_gil_take(store);
    /* Unless calls are counted, another thread may have been faster. */
    if (self->entries[defined_index] == NULL || self->counting) {
        if (self->compile == NULL) {
            PyErr_Format(tp_registry.InternalError, "bug: function %u was called before it was compiled",
                self->num_imported_funcs + defined_index);
            tp_unwind_with_python_error(store);
        }
        PyObject *compile = Py_NewRef(self->compile);
        store->no_gc++; /* the arguments are in registers */
        PyObject *result = PyObject_CallFunction(compile, "OI", self, defined_index);
        Py_DECREF(compile);
        store->no_gc--;
        if (result == NULL) tp_unwind_with_python_error(store);
        Py_DECREF(result);
        if (self->entries[defined_index] == NULL) {
            PyErr_Format(tp_registry.InternalError, "bug: function %u was not published when it was compiled",
                self->num_imported_funcs + defined_index);
            tp_unwind_with_python_error(store);
        }
    }
    return self->entries[defined_index];
}

/* ---- publishing ---- */
/* A blob with copies of these byte ranges, one after the other (each a multiple of 4 bytes). */
static Blob *add_blob(NativeModule *self, const Py_buffer *first, const Py_buffer *second) {
    Blob *blob = PyMem_RawMalloc(sizeof *blob + (size_t)first->len + (size_t)second->len);
    if (blob == NULL) return (void *)PyErr_NoMemory();
    memcpy(blob->words, first->buf, (size_t)first->len);
    memcpy((uint8_t *)blob->words + first->len, second->buf, (size_t)second->len);
    blob->next = self->blobs;
    self->blobs = blob;
    return blob;
}

static bool good_map(const NativeModule *self, const uint32_t *map, size_t words) {
    size_t slots = MAP_SLOTS(*map), frames = MAP_FRAMES(*map);
    if (1 + slots + 2 * frames > words) return false;
    for (size_t i = 0; i < frames; i++)
        if (map[1 + slots + 2 * i] >= self->num_defined_funcs) return false;
    return true;
}

static int check_sites(const NativeModule *self, const Site *sites, size_t count, size_t code_size,
    const uint32_t *maps, size_t map_words) {
    for (size_t i = 0; i < count; i++) {
        size_t map = sites[i].stack_map;
        bool good = sites[i].code_offset <= code_size && (i == 0 || sites[i].code_offset > sites[i - 1].code_offset);
        if (map != 0) good = good && map <= map_words && good_map(self, maps + (map - 1), map_words - (map - 1));
        if (!good) return tp_error(PyExc_ValueError, "sites must be ascending, and inside the code and the stack maps");
    }
    return 0;
}

static int apply_relocations(const NativeModule *self, uint32_t own_index, uint8_t *bytes, size_t size,
    uintptr_t address, const uint32_t *relocs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t at = relocs[3 * i], kind = relocs[3 * i + 1], target = relocs[3 * i + 2];
        if (size < 4 || at > size - 4 || target >= self->num_defined_funcs || kind > RELOC_SLOT)
            return tp_error(PyExc_ValueError, "a relocation is out of range");
        uintptr_t value;
        if (kind == RELOC_SLOT) value = (uintptr_t)&self->cells[target];
        else if (target == own_index) value = address;
        else if (self->entries[target] != NULL) value = (uintptr_t)self->entries[target];
        else value = stub_address(self, target);
        int64_t distance = (int64_t)(value - (address + at + 4));
        int32_t field = (int32_t)distance; /* the whole region is below 2 GiB */
        memcpy(bytes + at, &field, 4);
    }
    return 0;
}

static void set_entry(NativeModule *self, uint32_t defined_index, uint8_t *address, uint32_t size) {
    if (self->entries[defined_index] == NULL) self->num_compiled++;
    self->entries[defined_index] = address;
    self->sizes[defined_index] = size;
    if (self->cells == NULL || self->counting) return;
    atomic_store_explicit(
        (_Atomic(uint64_t) *)&self->cells[defined_index], (uint64_t)(uintptr_t)address, memory_order_release);
    tp_instances_renew(self, defined_index, address);
}

static int compare_extents(const void *a, const void *b) {
    uint32_t x = ((const CodeExtent *)a)->start, y = ((const CodeExtent *)b)->start;
    return (x > y) - (x < y);
}

/* Functions to place: `count` of them from index `first` on, in one image. */
typedef struct Image {
    uint32_t first, count;
    uintptr_t at_poll; /* 0: entries; else the function is a continuation from this poll on */
    bool is_first;     /* see CodeExtent */
    int fd; /* the image is this file's, from file_offset on, and sites and maps stay where they are; -1: copy all */
    long long file_offset;
    uint8_t *address; /* where the image was placed */
    const Py_buffer *bytes, *relocs, *sites, *maps;
    const uint32_t *offsets; /* [count]: start and size of each function */
    const uint32_t *site_starts,
        *map_starts; /* [count + 1]: ascending, into the arrays of sites and of stack map words */
} Image;

static bool good_starts(const uint32_t *starts, uint32_t count, size_t limit) {
    for (uint32_t i = 0; i < count; i++)
        if (starts[i] > starts[i + 1]) return false;
    return starts[count] <= limit;
}

/* Describes the functions, with positions in the image. -1 with ValueError. */
static int make_extents(
    const NativeModule *self, const Image *image, const Site *sites, const uint32_t *maps, CodeExtent *extents) {
    size_t size = (size_t)image->bytes->len;
    if (!good_starts(image->site_starts, image->count, (size_t)image->sites->len / SITE_BYTES) ||
        !good_starts(image->map_starts, image->count, (size_t)image->maps->len / 4))
        return tp_error(PyExc_ValueError, "sites or stack maps are not in ascending order");
    for (uint32_t i = 0; i < image->count; i++) {
        uint32_t start = image->offsets[2 * i], bytes = image->offsets[2 * i + 1], site = image->site_starts[i];
        if (start > size || bytes > size - start || bytes == 0)
            return tp_error(PyExc_ValueError, "function %u lies outside the image", i);
        extents[i] = (CodeExtent){.start = start,
            .size = bytes,
            .defined_index = image->first + i,
            .is_first = image->is_first,
            .num_sites = image->site_starts[i + 1] - site,
            .sites = sites + site,
            .stack_maps = maps + image->map_starts[i]};
        if (check_sites(self, sites + site, extents[i].num_sites, bytes, extents[i].stack_maps,
                image->map_starts[i + 1] - image->map_starts[i]) < 0)
            return -1;
    }
    return 0;
}

static int add_continuation(NativeModule *self, uintptr_t pc, uintptr_t code) {
    Continuation *one = PyMem_RawMalloc(sizeof *one);
    if (one == NULL) return tp_no_memory();
    *one = (Continuation){atomic_load(&self->continuations), pc, code};
    atomic_store(&self->continuations, one);
    return 0;
}

static int place(NativeModule *self, Image *image) {
    size_t size = (size_t)image->bytes->len, num_relocs = (size_t)image->relocs->len / RELOC_BYTES;
    if (size > INT32_MAX || image->relocs->len % RELOC_BYTES || image->sites->len % SITE_BYTES || image->maps->len % 4)
        return tp_error(PyExc_ValueError, "code, relocs, sites or stack_maps have an impossible size");
    Blob *blob = image->fd >= 0 ? NULL : add_blob(self, image->sites, image->maps);
    const Site *sites = blob == NULL ? image->sites->buf : (const Site *)blob->words;
    const uint32_t *maps = blob == NULL ? image->maps->buf : blob->words + image->sites->len / 4;
    CodeExtent *extents = PyMem_Malloc(image->count * sizeof *extents);
    uint8_t *relocated = num_relocs == 0 ? NULL : PyMem_Malloc(size), *address = NULL;
    const void *bytes = num_relocs == 0 ? image->bytes->buf : relocated;
    Arena *arena;
    bool good = (blob != NULL || image->fd >= 0) && extents != NULL && (num_relocs == 0 || relocated != NULL);
    int result = good ? make_extents(self, image, sites, maps, extents) : tp_no_memory();
    if (result == 0) {
        /* Mapped pages hold nothing else: "two functions" takes an exact number of new ones. */
        uint32_t count = image->fd >= 0 && image->count < 2 ? 2 : image->count;
        address = tp_region_alloc(self->region, self, &self->arenas, size, count, &arena);
        result = address == NULL ? -1 : 0;
    }
    if (result == 0 && num_relocs != 0) {
        memcpy(relocated, image->bytes->buf, size);
        uint32_t own = image->at_poll == 0 ? image->first : UINT32_MAX; /* a continuation is not its function */
        result = apply_relocations(self, own, relocated, size, (uintptr_t)address, image->relocs->buf, num_relocs);
    }
    if (result == 0)
        result = image->fd < 0 ? tp_region_write(self->region, address, bytes, size)
                               : tp_region_map(self->region, arena, image->fd, image->file_offset);
    if (result == 0) {
        bool ascending = true;
        for (uint32_t i = 0; i < image->count; i++) {
            extents[i].start += (uint32_t)(address - tp_region_base(self->region));
            ascending = ascending && (i == 0 || extents[i - 1].start <= extents[i].start);
        }
        if (!ascending) qsort(extents, image->count, sizeof *extents, compare_extents);
        tp_arena_append(arena, extents, image->count);
        self->code_bytes += size;
        image->address = address;
        if (image->at_poll != 0) result = add_continuation(self, image->at_poll, (uintptr_t)address);
        for (uint32_t i = 0; image->at_poll == 0 && i < image->count; i++)
            set_entry(self, image->first + i, address + image->offsets[2 * i], image->offsets[2 * i + 1]);
    }
    PyMem_Free(relocated);
    PyMem_Free(extents);
    return result;
}

/* Puts one function's code into place and makes it the function's entry. Returns the address; 0 if it is only wanted
   as first code and there is some. No other thread gets in between: nothing here lets the GIL go. */
static PyObject *module_publish(PyObject *object, PyObject *args) {
    NativeModule *self = (NativeModule *)object;
    unsigned int index;
    unsigned long long at_poll = 0;
    int only_first = 0;
    Py_buffer views[4];
    if (!PyArg_ParseTuple(
            args, "Iy*y*y*y*|Kp:publish", &index, &views[0], &views[1], &views[2], &views[3], &at_poll, &only_first))
        return NULL;
    const uint32_t offsets[2] = {0, (uint32_t)views[0].len};
    const uint32_t site_starts[2] = {0, (uint32_t)(views[2].len / SITE_BYTES)},
                   map_starts[2] = {0, (uint32_t)(views[3].len / 4)};
    Image image = {index, 1, (uintptr_t)at_poll, only_first != 0, -1, 0, NULL, &views[0], &views[1], &views[2],
        &views[3], offsets, site_starts, map_starts};
    int result = index < self->num_defined_funcs ? make_stubs(self) : tp_error(PyExc_IndexError, "no such function");
    if (result == 0 && !(only_first && self->entries[index] != NULL)) result = place(self, &image);
    for (int i = 0; i < 4; i++) PyBuffer_Release(&views[i]);
    return result < 0 ? NULL : PyLong_FromVoidPtr(image.address);
}

/* Puts all functions into place at once. */
static PyObject *module_load(PyObject *object, PyObject *args) {
    NativeModule *self = (NativeModule *)object;
    Py_buffer views[6]; /* image, offsets, sites, site_starts, stack_maps, stack_map_starts */
    const Py_buffer no_relocs = {0};
    int fd = -1;
    long long file_offset = 0;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*|iL:load", &views[0], &views[1], &views[2], &views[3], &views[4],
            &views[5], &fd, &file_offset))
        return NULL;
    Py_ssize_t count = self->num_defined_funcs;
    Image image = {0, self->num_defined_funcs, 0, false, fd, file_offset, NULL, &views[0], &no_relocs, &views[2],
        &views[4], views[1].buf, views[3].buf, views[5].buf};
    int result = 0;
    if (views[1].len != count * 8 || views[3].len != (count + 1) * 4 || views[5].len != (count + 1) * 4)
        result = tp_error(PyExc_ValueError, "image, offsets, sites or stack maps do not fit together");
    else if (count != 0) result = place(self, &image);
    if (result == 0 && fd >= 0) { /* sites and stack maps stay in use */
        Py_buffer unused[2] = {self->mapped[0], self->mapped[1]};
        self->mapped[0] = views[2], self->mapped[1] = views[4];
        views[2] = unused[0], views[4] = unused[1];
    }
    for (int i = 0; i < 6; i++) PyBuffer_Release(&views[i]);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

/* ---- the Python type ---- */
static int defined_index_arg(const NativeModule *self, PyObject *arg, uint32_t *index) {
    unsigned long value = PyLong_AsUnsignedLong(arg);
    if (value == (unsigned long)-1 && PyErr_Occurred()) return -1;
    if (value >= self->num_defined_funcs) return tp_error(PyExc_IndexError, "no such function");
    *index = (uint32_t)value;
    return 0;
}

static PyObject *module_entry(PyObject *object, PyObject *arg) {
    const NativeModule *self = (NativeModule *)object;
    uint32_t index;
    if (defined_index_arg(self, arg, &index) < 0) return NULL;
    return PyLong_FromVoidPtr(self->entries[index]);
}

/* While calls are counted, entries change nothing: from now on this one is called directly. */
static PyObject *module_settle(PyObject *object, PyObject *arg) {
    NativeModule *self = (NativeModule *)object;
    uint32_t index;
    if (defined_index_arg(self, arg, &index) < 0) return NULL;
    if (self->cells != NULL && self->entries[index] != NULL) self->cells[index] = (uint64_t)self->entries[index];
    Py_RETURN_NONE;
}

static PyObject *module_code(PyObject *object, PyObject *arg) {
    const NativeModule *self = (NativeModule *)object;
    uint32_t index;
    if (defined_index_arg(self, arg, &index) < 0) return NULL;
    return PyBytes_FromStringAndSize((const char *)self->entries[index], self->sizes[index]);
}

static int module_init(NativeModule *self, PyObject *args, PyObject *kwargs) {
    if (parse_template(self, args, kwargs) < 0) return -1;
    size_t count = self->num_defined_funcs ? self->num_defined_funcs : 1;
    self->entries = PyMem_Calloc(count, sizeof *self->entries);
    self->sizes = PyMem_Calloc(count, sizeof *self->sizes);
    if (self->entries == NULL || self->sizes == NULL) return tp_no_memory();
    return self->compile != NULL && self->num_defined_funcs > 0 ? make_stubs(self) : 0;
}

static PyObject *module_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    NativeModule *self = (NativeModule *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    if (module_init(self, args, kwargs) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int module_traverse(PyObject *object, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(object));
    return traverse_template((NativeModule *)object, visit, arg);
}

static int module_clear(PyObject *object) {
    NativeModule *self = (NativeModule *)object;
    Py_XSETREF(self->info, Py_NewRef(Py_None));
    Py_CLEAR(self->compile);
    return 0;
}

static void module_dealloc(PyObject *object) {
    NativeModule *self = (NativeModule *)object;
    PyObject_GC_UnTrack(object);
    if (self->region != NULL) {
        tp_region_free_arenas(self->region, self->arenas);
        tp_region_free_arenas(self->region, self->stub_arenas);
        if (self->cells != NULL) tp_region_free_cells(self->region, self->cells, self->num_defined_funcs);
    }
    for (int i = 0; i < 2; i++) PyBuffer_Release(&self->mapped[i]);
    for (Continuation *one = self->continuations, *next; one != NULL; one = next) {
        next = one->next;
        PyMem_RawFree(one);
    }
    while (self->blobs != NULL) {
        Blob *blob = self->blobs;
        self->blobs = blob->next;
        PyMem_RawFree(blob);
    }
    PyMem_Free(self->entries);
    PyMem_Free(self->sizes);
    free_template(self);
    tp_plain_dealloc(object);
}

static PyMethodDef module_methods[] = {{"publish", module_publish, METH_VARARGS, NULL},
    {"load", module_load, METH_VARARGS, NULL}, {"entry", module_entry, METH_O, NULL},
    {"code", module_code, METH_O, NULL}, {"settle", module_settle, METH_O, NULL}, {0}};

static PyMemberDef module_members[] = {{"num_compiled", T_UINT, offsetof(NativeModule, num_compiled), READONLY, NULL},
    {"info", T_OBJECT, offsetof(NativeModule, info), READONLY, NULL},
    {"compile", T_OBJECT, offsetof(NativeModule, compile), READONLY, NULL},
    {"counting", T_BOOL, offsetof(NativeModule, counting), 0, NULL}, {0}};
static PyType_Slot module_slots[] = {{Py_tp_new, module_new}, {Py_tp_dealloc, module_dealloc},
    {Py_tp_traverse, module_traverse}, {Py_tp_clear, module_clear}, {Py_tp_methods, module_methods},
    {Py_tp_members, module_members}, {0, NULL}};
TP_TYPE(native_module, "NativeModule", NativeModule, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, module_slots,
    tp_native_module_type, NULL)
