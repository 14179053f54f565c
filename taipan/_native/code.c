/* CodeRegion: reserved addresses for the code of one engine, and the way from an address back to a function.

       base                        base + size                     base + size + data size
       | code and rodata: r-x      | cells: rw-                    |

   Code pages belong to a memfd that is mapped a second time, elsewhere, for writing: no page is writable and executable at
   one address, and no protection changes while other threads run code. Where that fails (no memfd, or mapped files may
   not be executed) the pages are private and each run of pages is written once before it becomes executable; functions
   then start on fresh pages. Cells (8 bytes: where a function's newest code is) are plain private memory behind the
   code, so that 32-bit PC-relative fields reach all of it.

   Pages are given to modules in runs ("arenas"); `pages` maps a page to its arena. An arena's functions are
   appended in ascending order, so lookups are a table access and a binary search, without locks: whoever asks about an
   address is running that code or has it on the stack, so its arena stays. Allocation, publishing and freeing happen
   with the GIL held, which is the lock here.

   A module's pages and cells are free again when the module is gone, which its instances prevent.

   fork: both processes go on executing the pages that existed, from the same memfd; so neither writes into them again,
   nor uses them again once they are free. For all other pages the child maps a memfd of its own. */
#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

#define PAGE ((size_t)4096) /* allocation granule; host pages are larger on no x86-64 Linux */
#define MIN_REGION ((size_t)1 << 20)
#define MAX_REGION ((size_t)0x7FFF0000) /* code and cells together: below 2 GiB */
#define CELL_GRANULE 8 /* cells per allocation unit: one cache line */
#define FIRST_ARENA ((size_t)16 << 10)
#define MAX_ARENA ((size_t)1 << 20)
#define CODE_ALIGN ((size_t)16)

/* ---- runs of free units, first fit, sorted by start ---- */

typedef struct Run {
    struct Run *next;
    uint32_t start, count;
} Run;

/* Start of `count` units, or UINT32_MAX. */
static uint32_t runs_take(Run **list, uint32_t count) {
    for (Run **link = list; *link != NULL; link = &(*link)->next) {
        Run *run = *link;
        if (run->count < count)
            continue;
        uint32_t start = run->start;
        run->start += count;
        run->count -= count;
        if (run->count == 0) {
            *link = run->next;
            PyMem_RawFree(run);
        }
        return start;
    }
    return UINT32_MAX;
}

/* Never fails from the caller's view: without memory for the record the units stay unused. */
static void runs_give(Run **list, uint32_t start, uint32_t count) {
    Run **link = list;
    Run *previous = NULL;
    while (*link != NULL && (*link)->start < start) {
        previous = *link;
        link = &previous->next;
    }
    Run *next = *link;
    bool joins_next = next != NULL && start + count == next->start;
    if (previous != NULL && previous->start + previous->count == start) {
        previous->count += count;
        if (joins_next) {
            previous->count += next->count;
            previous->next = next->next;
            PyMem_RawFree(next);
        }
    } else if (joins_next) {
        next->start = start;
        next->count += count;
    } else {
        Run *run = PyMem_RawMalloc(sizeof *run);
        if (run != NULL) {
            *run = (Run){.next = next, .start = start, .count = count};
            *link = run;
        }
    }
}

static void runs_drop(Run **list) {
    while (*list != NULL) {
        Run *run = *list;
        *list = run->next;
        PyMem_RawFree(run);
    }
}

/* ---- the structures ---- */

struct Arena {
    Arena *next; /* of the same module */
    NativeModule *module;
    uint32_t first_page, num_pages;
    uint32_t forks; /* the region's count when it was made: if that has grown, another process has these pages, too */
    size_t used;    /* bytes given out */
    /* Readers load the count first: the array they then see holds at least that many. Arrays that became too small stay
       until the arena goes. */
    _Atomic(uint32_t) count;
    _Atomic(CodeExtent *) extents;
    uint32_t capacity;
    void *old_arrays; /* linked through their first word */
};

struct CodeRegion {
    PyObject_HEAD
    uint8_t *base;     /* executable view */
    uint8_t *writable; /* second view; NULL: pages are written in place before they become executable */
    uint64_t *cells;
    size_t size, data_size, used;
    int memfd; /* -1: none */
    uint32_t forks;
    Run *free_pages, *free_cells;
    _Atomic(Arena *) *pages; /* [size / PAGE] */
};

PyTypeObject *tp_code_region_type;

/* All regions, for lookups without locks. A slot changes only while nobody runs code of its region; a reader that meets
   the change skips it (odd or changed version), since the region it is looking for does not change. */
typedef struct RegionSlot {
    _Atomic(uint32_t) version;
    _Atomic(uintptr_t) base;
    _Atomic(size_t) size; /* 0: free */
    _Atomic(_Atomic(Arena *) *) pages;
    CodeRegion *region;
} RegionSlot;
#define REGION_SLOTS 256
typedef struct RegionTable {
    RegionSlot slots[REGION_SLOTS];
    _Atomic(int) used; /* slots ever used: the usual walk is short */
    _Atomic(struct RegionTable *) more;
} RegionTable;
static RegionTable regions;

static size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

/* ---- lookup ---- */

static bool lookup_in(const RegionSlot *slot, uintptr_t pc, CodePlace *place) {
    uint32_t version = atomic_load_explicit(&slot->version, memory_order_acquire);
    size_t offset = pc - atomic_load_explicit(&slot->base, memory_order_relaxed);
    size_t size = atomic_load_explicit(&slot->size, memory_order_relaxed);
    _Atomic(Arena *) *pages = atomic_load_explicit(&slot->pages, memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    if (offset >= size || (version & 1) || atomic_load_explicit(&slot->version, memory_order_relaxed) != version)
        return false;
    Arena *arena = atomic_load_explicit(&pages[offset / PAGE], memory_order_acquire);
    if (arena == NULL)
        return false;
    uint32_t low = 0, high = atomic_load_explicit(&arena->count, memory_order_acquire);
    const CodeExtent *extents = atomic_load_explicit(&arena->extents, memory_order_acquire);
    while (low < high) { /* the first extent that starts behind */
        uint32_t middle = low + (high - low) / 2;
        if (extents[middle].start <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    /* A return address may lie just behind a function that ends with a call. */
    if (low == 0)
        return false;
    if (offset == extents[low - 1].start && low >= 2 && extents[low - 2].start + extents[low - 2].size == offset) {
        CodePlace before = {arena->module, &extents[low - 2], (uint32_t)(offset - extents[low - 2].start)};
        if (tp_code_site(&before) != NULL) {
            *place = before;
            return true;
        }
    }
    const CodeExtent *extent = &extents[low - 1];
    if (offset - extent->start > extent->size)
        return false;
    *place = (CodePlace){arena->module, extent, (uint32_t)(offset - extent->start)};
    return true;
}

bool tp_code_lookup(uintptr_t pc, CodePlace *place) {
    for (RegionTable *table = &regions; table != NULL; table = atomic_load_explicit(&table->more, memory_order_acquire)) {
        int used = atomic_load_explicit(&table->used, memory_order_acquire);
        for (int i = 0; i < used; i++)
            if (lookup_in(&table->slots[i], pc, place))
                return true;
    }
    return false;
}

const Site *tp_code_site(const CodePlace *place) {
    const Site *sites = place->extent->sites;
    uint32_t low = 0, high = place->extent->num_sites;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sites[middle].code_offset < place->code_offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < place->extent->num_sites && sites[low].code_offset == place->code_offset ? &sites[low] : NULL;
}

static void set_slot(RegionSlot *slot, CodeRegion *region) {
    atomic_fetch_add(&slot->version, 1);
    atomic_store(&slot->base, region == NULL ? 0 : (uintptr_t)region->base);
    atomic_store(&slot->size, region == NULL ? 0 : region->size);
    atomic_store(&slot->pages, region == NULL ? NULL : region->pages);
    slot->region = region;
    atomic_fetch_add(&slot->version, 1);
}

static int add_region(CodeRegion *region) {
    for (RegionTable *table = &regions;; table = atomic_load(&table->more)) {
        for (int i = 0; i < REGION_SLOTS; i++)
            if (table->slots[i].region == NULL) {
                set_slot(&table->slots[i], region);
                if (i >= atomic_load(&table->used))
                    atomic_store(&table->used, i + 1);
                return 0;
            }
        if (atomic_load(&table->more) == NULL) {
            RegionTable *more = PyMem_RawCalloc(1, sizeof *more); /* for ever */
            if (more == NULL) {
                PyErr_NoMemory();
                return -1;
            }
            atomic_store(&table->more, more);
        }
    }
}

static void remove_region(const CodeRegion *region) {
    for (RegionTable *table = &regions; table != NULL; table = atomic_load(&table->more))
        for (int i = 0; i < REGION_SLOTS; i++)
            if (table->slots[i].region == region)
                set_slot(&table->slots[i], NULL);
}

/* ---- mapping ---- */

static int make_memfd(size_t size) {
    int fd = (int)syscall(SYS_memfd_create, "taipan-code", MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0 && errno == EINVAL) /* kernels before 6.3 do not know MFD_EXEC */
        fd = (int)syscall(SYS_memfd_create, "taipan-code", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, (off_t)size) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Both views of the code; false: use private pages. */
static bool map_twice(CodeRegion *self) {
    self->memfd = make_memfd(self->size);
    if (self->memfd < 0)
        return false;
    void *writable = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, self->memfd, 0);
    if (writable != MAP_FAILED) {
        if (mmap(self->base, self->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, self->memfd, 0) !=
            MAP_FAILED) {
            self->writable = writable;
            return true;
        }
        munmap(writable, self->size);
    }
    close(self->memfd);
    self->memfd = -1;
    return false;
}

/* Reserves and maps `size` bytes of code and the cells. False: nothing is mapped. */
static bool map_region(CodeRegion *self, size_t size) {
    self->size = size;
    self->data_size = round_up(size / 8, PAGE); /* a function takes at least a 16-byte stub and some code */
    size_t total = self->size + self->data_size;
    void *base = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return false;
    self->base = base;
    self->cells = (uint64_t *)(self->base + self->size);
    void *pages = mmap(NULL, round_up(size / PAGE * sizeof *self->pages, PAGE), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages != MAP_FAILED && mprotect(self->cells, self->data_size, PROT_READ | PROT_WRITE) == 0) {
        self->pages = pages;
        map_twice(self); /* else the pages are made accessible when they are written */
        return true;
    }
    if (pages != MAP_FAILED)
        munmap(pages, round_up(size / PAGE * sizeof *self->pages, PAGE));
    munmap(base, total);
    self->base = NULL;
    return false;
}

static void unmap_region(CodeRegion *self) {
    if (self->base == NULL)
        return;
    munmap(self->base, self->size + self->data_size);
    munmap(self->pages, round_up(self->size / PAGE * sizeof *self->pages, PAGE));
    if (self->writable != NULL)
        munmap(self->writable, self->size);
    if (self->memfd >= 0)
        close(self->memfd);
    self->base = NULL;
}

/* ---- fork ---- */

/* In the child: a memfd of its own behind the free pages, and behind all of the writable view. */
static void unshare_region(CodeRegion *region) {
    const int protection = PROT_READ | PROT_EXEC, flags = MAP_SHARED | MAP_FIXED | MAP_NORESERVE;
    int fd = make_memfd(region->size);
    bool good = fd >= 0;
    for (Run *run = region->free_pages; good && run != NULL; run = run->next) {
        size_t offset = run->start * PAGE, bytes = run->count * PAGE;
        good = mmap(region->base + offset, bytes, protection, flags, fd, (off_t)offset) != MAP_FAILED;
    }
    good = good && mmap(region->writable, region->size, PROT_READ | PROT_WRITE, flags, fd, 0) != MAP_FAILED;
    if (good) {
        close(region->memfd);
        region->memfd = fd;
    } else {
        /* What is compiled stays usable; there is just no room for more. */
        runs_drop(&region->free_pages);
        if (fd >= 0)
            close(fd);
    }
}

static void after_fork(bool in_child) {
    for (RegionTable *table = &regions; table != NULL; table = atomic_load(&table->more))
        for (int i = 0; i < REGION_SLOTS; i++) {
            CodeRegion *region = table->slots[i].region;
            if (region != NULL && region->writable != NULL) {
                region->forks++;
                if (in_child)
                    unshare_region(region);
            }
        }
}

static void after_fork_in_parent(void) { after_fork(false); }
static void after_fork_in_child(void) { after_fork(true); }

/* ---- allocation ---- */

uint8_t *tp_region_base(CodeRegion *region) { return region->base; }

static Arena *new_arena(CodeRegion *region, NativeModule *module, size_t bytes) {
    uint32_t num_pages = (uint32_t)(bytes / PAGE);
    uint32_t first = bytes <= region->size ? runs_take(&region->free_pages, num_pages) : UINT32_MAX;
    if (first == UINT32_MAX)
        return NULL;
    Arena *arena = PyMem_RawCalloc(1, sizeof *arena);
    if (arena == NULL) {
        runs_give(&region->free_pages, first, num_pages);
        return NULL;
    }
    arena->module = module;
    arena->first_page = first;
    arena->num_pages = num_pages;
    arena->forks = region->forks;
    for (uint32_t i = 0; i < num_pages; i++)
        atomic_store_explicit(&region->pages[first + i], arena, memory_order_release);
    region->used += num_pages * PAGE;
    return arena;
}

uint8_t *tp_region_alloc(CodeRegion *region, NativeModule *module, Arena **arenas, size_t size, size_t expected,
                         Arena **arena_out) {
    /* Written in place: other code of the page may be running, so every allocation has pages of its own. */
    size_t align = region->writable != NULL ? CODE_ALIGN : PAGE;
    Arena *arena = *arenas;
    size_t start = arena == NULL ? 0 : round_up(arena->used, align);
    if (size > MAX_REGION)
        arena = NULL;
    else if (arena == NULL || arena->forks != region->forks || start + size > (size_t)arena->num_pages * PAGE) {
        size_t last = arena == NULL ? FIRST_ARENA / 2 : (size_t)arena->num_pages * PAGE;
        size_t bytes = expected > 2 * last ? expected : 2 * last;
        bytes = round_up(bytes > MAX_ARENA ? MAX_ARENA : bytes, PAGE);
        if (bytes < size)
            bytes = round_up(size, PAGE);
        arena = new_arena(region, module, bytes);
        if (arena == NULL && round_up(size, PAGE) < bytes) /* nearly full: what is needed and no more */
            arena = new_arena(region, module, round_up(size, PAGE));
        if (arena != NULL) {
            arena->next = *arenas;
            *arenas = arena;
            start = 0;
        }
    }
    if (arena == NULL) {
        PyErr_Format(PyExc_MemoryError, "code region of %zu bytes is full: no room for %zu bytes of code", region->size, size);
        return NULL;
    }
    arena->used = start + size;
    *arena_out = arena;
    return region->base + arena->first_page * PAGE + start;
}

int tp_region_write(CodeRegion *region, uint8_t *address, const void *bytes, size_t size) {
    size_t offset = (size_t)(address - region->base);
    if (size == 0)
        return 0;
    if (region->writable != NULL) {
        memcpy(region->writable + offset, bytes, size);
    } else {
        uint8_t *first = region->base + offset / PAGE * PAGE;
        size_t length = round_up(offset % PAGE + size, PAGE);
        if (mprotect(first, length, PROT_READ | PROT_WRITE) != 0) {
            PyErr_SetFromErrno(PyExc_OSError);
            return -1;
        }
        memcpy(address, bytes, size);
        if (mprotect(first, length, PROT_READ | PROT_EXEC) != 0) {
            PyErr_SetFromErrno(PyExc_OSError);
            return -1;
        }
    }
    arch_code_written(address, size);
    return 0;
}

int tp_arena_append(Arena *arena, const CodeExtent *extents, uint32_t count) {
    uint32_t old_count = atomic_load_explicit(&arena->count, memory_order_relaxed);
    CodeExtent *array = atomic_load_explicit(&arena->extents, memory_order_relaxed);
    if (old_count + count > arena->capacity) {
        uint32_t capacity = 2 * arena->capacity > old_count + count ? 2 * arena->capacity : old_count + count;
        if (capacity < 8 && count == 1)
            capacity = 8;
        CodeExtent *larger = PyMem_RawMalloc(capacity * sizeof *larger);
        if (larger == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        if (array != NULL) {
            void **link = PyMem_RawMalloc(2 * sizeof *link);
            if (link == NULL) {
                PyMem_RawFree(larger);
                PyErr_NoMemory();
                return -1;
            }
            memcpy(larger, array, old_count * sizeof *larger);
            link[0] = arena->old_arrays;
            link[1] = array;
            arena->old_arrays = link;
        }
        atomic_store_explicit(&arena->extents, larger, memory_order_release);
        arena->capacity = capacity;
        array = larger;
    }
    memcpy(array + old_count, extents, count * sizeof *extents);
    atomic_store_explicit(&arena->count, old_count + count, memory_order_release);
    return 0;
}

void tp_region_free_arenas(CodeRegion *region, Arena *arenas) {
    while (arenas != NULL) {
        Arena *arena = arenas;
        arenas = arena->next;
        for (uint32_t i = 0; i < arena->num_pages; i++)
            atomic_store_explicit(&region->pages[arena->first_page + i], NULL, memory_order_release);
        size_t offset = arena->first_page * PAGE, bytes = arena->num_pages * PAGE;
        if (arena->forks == region->forks) {
            if (region->writable != NULL)
                fallocate(region->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)bytes);
            else
                madvise(region->base + offset, bytes, MADV_DONTNEED);
            runs_give(&region->free_pages, arena->first_page, arena->num_pages);
            region->used -= bytes;
        }
        while (arena->old_arrays != NULL) {
            void **link = arena->old_arrays;
            arena->old_arrays = link[0];
            PyMem_RawFree(link[1]);
            PyMem_RawFree(link);
        }
        PyMem_RawFree(atomic_load(&arena->extents));
        PyMem_RawFree(arena);
    }
}

static uint32_t cell_units(uint32_t count) { return (count + CELL_GRANULE - 1) / CELL_GRANULE; }

uint64_t *tp_region_alloc_cells(CodeRegion *region, uint32_t count) {
    uint32_t start = runs_take(&region->free_cells, cell_units(count));
    if (start == UINT32_MAX) {
        PyErr_Format(PyExc_MemoryError, "code region of %zu bytes has no room for %u function entries", region->size, count);
        return NULL;
    }
    return region->cells + (size_t)start * CELL_GRANULE;
}

void tp_region_free_cells(CodeRegion *region, uint64_t *cells, uint32_t count) {
    runs_give(&region->free_cells, (uint32_t)((cells - region->cells) / CELL_GRANULE), cell_units(count));
}

/* ---- the Python type ---- */

static PyObject *region_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"size_bytes", NULL};
    Py_ssize_t size_bytes;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "n:CodeRegion", names, &size_bytes))
        return NULL;
    if (size_bytes <= 0 || (size_t)size_bytes >= (size_t)1 << 31) {
        PyErr_SetString(PyExc_ValueError, "size_bytes must be positive and below 2 GiB");
        return NULL;
    }
    CodeRegion *self = (CodeRegion *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->memfd = -1;
    size_t limit = MAX_REGION / 9 * 8 / PAGE * PAGE; /* the cells need an eighth more */
    size_t size = round_up((size_t)size_bytes, PAGE);
    if (size > limit)
        size = limit;
    while (!map_region(self, size)) {
        if (size <= MIN_REGION) {
            Py_DECREF(self);
            return PyErr_Format(PyExc_MemoryError, "no address space for %zu bytes of code", MIN_REGION);
        }
        size = size / 2 < MIN_REGION ? MIN_REGION : round_up(size / 2, PAGE);
    }
    runs_give(&self->free_pages, 0, (uint32_t)(self->size / PAGE));
    runs_give(&self->free_cells, 0, (uint32_t)(self->data_size / 8 / CELL_GRANULE));
    if (self->free_pages == NULL || self->free_cells == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    if (add_region(self) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void region_dealloc(PyObject *object) {
    CodeRegion *self = (CodeRegion *)object;
    PyTypeObject *type = Py_TYPE(object);
    remove_region(self);
    unmap_region(self);
    runs_drop(&self->free_pages);
    runs_drop(&self->free_cells);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyObject *region_get_size(PyObject *self, void *closure) {
    (void)closure;
    return PyLong_FromSize_t(((CodeRegion *)self)->size);
}

static PyObject *region_get_used(PyObject *self, void *closure) {
    (void)closure;
    return PyLong_FromSize_t(((CodeRegion *)self)->used);
}

static PyGetSetDef region_getset[] = {
    {"size_bytes", region_get_size, NULL, PyDoc_STR("Bytes reserved for code."), NULL},
    {"used_bytes", region_get_used, NULL, PyDoc_STR("Bytes given to modules, whole pages."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot region_slots[] = {
    {Py_tp_new, region_new},
    {Py_tp_dealloc, region_dealloc},
    {Py_tp_getset, region_getset},
    {0, NULL},
};

static PyType_Spec region_spec = {
    .name = "taipan._native.CodeRegion",
    .basicsize = sizeof(CodeRegion),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = region_slots,
};

int tp_init_code(PyObject *module) {
    tp_code_region_type = tp_add_type(module, &region_spec);
    if (tp_code_region_type == NULL)
        return -1;
    if (pthread_atfork(NULL, after_fork_in_parent, after_fork_in_child) != 0) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}
