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
#include "runtime.h"
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
#define CELL_GRANULE 8                  /* cells per allocation unit: one cache line */
#define FIRST_ARENA ((size_t)16 << 10)
#define MAX_ARENA ((size_t)1 << 20)
#define CODE_ALIGN ((size_t)16)
#define USUAL_FUNCTION 64 /* bytes of code: an arena that functions are put into one by one has room for so many */

/* ---- runs of free units, first fit, sorted by start ---- */
typedef struct Run {
    struct Run *next;
    uint32_t start, count;
} Run;

/* Start of `count` units, or UINT32_MAX. */
static uint32_t runs_take(Run **list, uint32_t count) {
    for (Run **link = list; *link != NULL; link = &(*link)->next) {
        Run *run = *link;
        if (run->count < count) continue;
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
    while (*link != NULL && (*link)->start + (*link)->count < start) link = &(*link)->next;
    Run *run = *link; /* the first that does not end before */
    if (run != NULL && run->start + run->count == start) {
        run->count += count;
    } else {
        Run *made = PyMem_RawMalloc(sizeof *made);
        if (made == NULL) return;
        *made = (Run){.next = run, .start = start, .count = count};
        *link = run = made;
    }
    Run *next = run->next;
    if (next != NULL && run->start + run->count == next->start) {
        run->count += next->count;
        run->next = next->next;
        PyMem_RawFree(next);
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
    bool mapped;    /* from a file */
    uint32_t forks; /* the region's count when it was made: if that has grown, another process has these pages, too */
    size_t used;    /* bytes given out */
    _Atomic(uint32_t) count; /* readers load it before they look at the extents */
    uint32_t capacity;
    CodeExtent extents[];
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

/* All regions, for lookups without locks. A slot changes only while nobody runs code of its region; a reader that meets
   the change skips it (odd or changed version), since the region it is looking for does not change. */
typedef struct RegionSlot {
    _Atomic(uint32_t) version;
    _Atomic(uintptr_t) base;
    _Atomic(size_t) size; /* 0: free */
    _Atomic(_Atomic(Arena *) *) pages;
    CodeRegion *region;
    struct RegionSlot *next;
} RegionSlot;
static _Atomic(RegionSlot *) region_slots; /* as many as there ever were regions at once; used again, never freed */

static size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

/* ---- lookup ---- */
static bool lookup_in(const RegionSlot *slot, uintptr_t pc, CodePlace *place) {
    uint32_t version = atomic_load_explicit(&slot->version, memory_order_acquire);
    size_t offset = pc - LOAD_RELAXED(&slot->base);
    size_t size = LOAD_RELAXED(&slot->size);
    _Atomic(Arena *) *pages = LOAD_RELAXED(&slot->pages);
    atomic_thread_fence(memory_order_acquire);
    if (offset >= size || (version & 1) || LOAD_RELAXED(&slot->version) != version) return false;
    Arena *arena = atomic_load_explicit(&pages[offset / PAGE], memory_order_acquire);
    if (arena == NULL) return false;
    uint32_t low = 0, high = atomic_load_explicit(&arena->count, memory_order_acquire);
    const CodeExtent *extents = arena->extents;
    while (low < high) { /* the first extent that starts behind */
        uint32_t middle = low + (high - low) / 2;
        if (extents[middle].start <= offset) low = middle + 1;
        else high = middle;
    }
    /* A return address may lie just behind a function that ends with a call. */
    if (low == 0) return false;
    if (offset == extents[low - 1].start && low >= 2 && extents[low - 2].start + extents[low - 2].size == offset) {
        CodePlace before = {arena->module, &extents[low - 2], (uint32_t)(offset - extents[low - 2].start)};
        if (tp_code_site(&before) != NULL) {
            *place = before;
            return true;
        }
    }
    const CodeExtent *extent = &extents[low - 1];
    if (offset - extent->start > extent->size) return false;
    *place = (CodePlace){arena->module, extent, (uint32_t)(offset - extent->start)};
    return true;
}

bool tp_code_lookup(uintptr_t pc, CodePlace *place) {
    for (RegionSlot *slot = atomic_load_explicit(&region_slots, memory_order_acquire); slot != NULL; slot = slot->next)
        if (lookup_in(slot, pc, place)) return true;
    return false;
}

const Site *tp_code_site(const CodePlace *place) {
    const Site *sites = place->extent->sites;
    uint32_t low = 0, high = place->extent->num_sites;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sites[middle].code_offset < place->code_offset) low = middle + 1;
        else high = middle;
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

/* The slot of a region, or (NULL) a free one; NULL if there is none. */
static RegionSlot *find_slot(const CodeRegion *region) {
    RegionSlot *slot = atomic_load(&region_slots);
    while (slot != NULL && slot->region != region) slot = slot->next;
    return slot;
}

static int add_region(CodeRegion *region) {
    RegionSlot *slot = find_slot(NULL);
    if (slot == NULL) {
        slot = PyMem_RawCalloc(1, sizeof *slot);
        if (slot == NULL) return tp_no_memory();
        slot->next = atomic_load(&region_slots);
        atomic_store(&region_slots, slot);
    }
    set_slot(slot, region);
    return 0;
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
    if (self->memfd < 0) return false;
    void *writable = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, self->memfd, 0);
    if (writable != MAP_FAILED) {
        if (mmap(self->base, self->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, self->memfd,
                0) != MAP_FAILED) {
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
    if (base == MAP_FAILED) return false;
    self->base = base;
    self->cells = (uint64_t *)(self->base + self->size);
    void *pages = mmap(NULL, round_up(size / PAGE * sizeof *self->pages, PAGE), PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages != MAP_FAILED && mprotect(self->cells, self->data_size, PROT_READ | PROT_WRITE) == 0) {
        self->pages = pages;
        map_twice(self); /* else the pages are made accessible when they are written */
        return true;
    }
    if (pages != MAP_FAILED) munmap(pages, round_up(size / PAGE * sizeof *self->pages, PAGE));
    munmap(base, total);
    self->base = NULL;
    return false;
}

static void unmap_region(CodeRegion *self) {
    if (self->base == NULL) return;
    munmap(self->base, self->size + self->data_size);
    munmap(self->pages, round_up(self->size / PAGE * sizeof *self->pages, PAGE));
    if (self->writable != NULL) munmap(self->writable, self->size);
    if (self->memfd >= 0) close(self->memfd);
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
        if (fd >= 0) close(fd);
    }
}

static void after_fork(bool in_child) {
    for (RegionSlot *slot = atomic_load(&region_slots); slot != NULL; slot = slot->next) {
        CodeRegion *region = slot->region;
        if (region == NULL || region->writable == NULL) continue;
        region->forks++;
        if (in_child) unshare_region(region);
    }
}

static void after_fork_in_parent(void) { after_fork(false); }
static void after_fork_in_child(void) { after_fork(true); }

/* ---- allocation ---- */
uint8_t *tp_region_base(CodeRegion *region) { return region->base; }

static Arena *new_arena(CodeRegion *region, NativeModule *module, size_t bytes, uint32_t count) {
    uint32_t num_pages = (uint32_t)(bytes / PAGE), capacity = count == 1 ? (uint32_t)(bytes / USUAL_FUNCTION) : count;
    uint32_t first = bytes <= region->size ? runs_take(&region->free_pages, num_pages) : UINT32_MAX;
    if (first == UINT32_MAX) return NULL;
    Arena *arena = PyMem_RawMalloc(sizeof *arena + capacity * sizeof *arena->extents);
    if (arena == NULL) {
        runs_give(&region->free_pages, first, num_pages);
        return NULL;
    }
    *arena = (Arena){
        .module = module, .first_page = first, .num_pages = num_pages, .forks = region->forks, .capacity = capacity};
    for (uint32_t i = 0; i < num_pages; i++)
        atomic_store_explicit(&region->pages[first + i], arena, memory_order_release);
    region->used += num_pages * PAGE;
    return arena;
}

uint8_t *tp_region_alloc(
    CodeRegion *region, NativeModule *module, Arena **arenas, size_t size, uint32_t count, Arena **out) {
    /* Written in place: other code of the page may be running, so every allocation has pages of its own. */
    size_t align = region->writable != NULL ? CODE_ALIGN : PAGE;
    Arena *arena = *arenas;
    size_t start = arena == NULL ? 0 : round_up(arena->used, align);
    if (arena == NULL || arena->mapped || arena->forks != region->forks || size > (size_t)arena->num_pages * PAGE ||
        start > (size_t)arena->num_pages * PAGE - size || atomic_load(&arena->count) + count > arena->capacity) {
        size_t exact = size > MAX_REGION ? MAX_REGION : round_up(size, PAGE);
        size_t bytes = arena == NULL ? FIRST_ARENA : 2 * (size_t)arena->num_pages * PAGE;
        if (bytes > MAX_ARENA) bytes = MAX_ARENA;
        if (bytes < exact || count != 1) bytes = exact;
        arena = new_arena(region, module, bytes, count);
        if (arena == NULL && exact < bytes) arena = new_arena(region, module, exact, count); /* nearly full */
        if (arena == NULL)
            return (void *)PyErr_Format(PyExc_MemoryError,
                "code region of %zu bytes is full: no room for %zu bytes of code", region->size, size);
        arena->next = *arenas;
        *arenas = arena;
        start = 0;
    }
    arena->used = start + size;
    *out = arena;
    return region->base + arena->first_page * PAGE + start;
}

int tp_region_write(CodeRegion *region, uint8_t *address, const void *bytes, size_t size) {
    size_t offset = (size_t)(address - region->base);
    if (size == 0) return 0;
    if (region->writable != NULL) {
        memcpy(region->writable + offset, bytes, size);
    } else {
        uint8_t *first = region->base + offset / PAGE * PAGE;
        size_t length = round_up(offset % PAGE + size, PAGE);
        bool good = mprotect(first, length, PROT_READ | PROT_WRITE) == 0;
        if (good) memcpy(address, bytes, size);
        if (!good || mprotect(first, length, PROT_READ | PROT_EXEC) != 0) {
            PyErr_SetFromErrno(PyExc_OSError);
            return -1;
        }
    }
    arch_code_written(address, size);
    return 0;
}

static bool map_pages(CodeRegion *region, const Arena *arena, int flags, int fd, off_t offset) {
    const int protection = flags & MAP_ANONYMOUS ? PROT_NONE : PROT_READ | PROT_EXEC;
    size_t bytes = arena->num_pages * PAGE;
    return mmap(region->base + arena->first_page * PAGE, bytes, protection, flags | MAP_FIXED | MAP_NORESERVE, fd,
               offset) != MAP_FAILED;
}

int tp_region_map(CodeRegion *region, Arena *arena, int fd, long long file_offset) {
    arena->mapped = true; /* also if it fails half-way */
    if (map_pages(region, arena, MAP_PRIVATE, fd, file_offset)) return 0;
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
}

/* Whether the region's own pages are there again. */
static bool unmap_pages(CodeRegion *region, const Arena *arena) {
    if (region->writable == NULL) return map_pages(region, arena, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map_pages(region, arena, MAP_SHARED, region->memfd, (off_t)(arena->first_page * PAGE));
}

void tp_arena_append(Arena *arena, const CodeExtent *extents, uint32_t count) {
    uint32_t old_count = LOAD_RELAXED(&arena->count);
    memcpy(arena->extents + old_count, extents, count * sizeof *extents);
    atomic_store_explicit(&arena->count, old_count + count, memory_order_release);
}

void tp_region_free_arenas(CodeRegion *region, Arena *arenas) {
    while (arenas != NULL) {
        Arena *arena = arenas;
        arenas = arena->next;
        for (uint32_t i = 0; i < arena->num_pages; i++)
            atomic_store_explicit(&region->pages[arena->first_page + i], NULL, memory_order_release);
        size_t offset = arena->first_page * PAGE, bytes = arena->num_pages * PAGE;
        if (arena->mapped ? unmap_pages(region, arena) : arena->forks == region->forks) {
            if (region->writable != NULL)
                fallocate(region->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)bytes);
            else madvise(region->base + offset, bytes, MADV_DONTNEED);
            runs_give(&region->free_pages, arena->first_page, arena->num_pages);
            region->used -= bytes;
        }
        PyMem_RawFree(arena);
    }
}

static uint32_t cell_units(uint32_t count) { return (count + CELL_GRANULE - 1) / CELL_GRANULE; }

uint64_t *tp_region_alloc_cells(CodeRegion *region, uint32_t count) {
    uint32_t start = runs_take(&region->free_cells, cell_units(count));
    if (start == UINT32_MAX)
        return (void *)PyErr_Format(
            PyExc_MemoryError, "code region of %zu bytes has no room for %u function entries", region->size, count);
    return region->cells + (size_t)start * CELL_GRANULE;
}

void tp_region_free_cells(CodeRegion *region, uint64_t *cells, uint32_t count) {
    runs_give(&region->free_cells, (uint32_t)((cells - region->cells) / CELL_GRANULE), cell_units(count));
}

/* ---- the Python type ---- */
static PyObject *region_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"size_bytes", NULL};
    Py_ssize_t size_bytes;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "n:CodeRegion", names, &size_bytes)) return NULL;
    if (size_bytes <= 0 || (size_t)size_bytes >= (size_t)1 << 31)
        return PyErr_Format(PyExc_ValueError, "size_bytes must be positive and below 2 GiB");
    CodeRegion *self = (CodeRegion *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->memfd = -1;
    size_t limit = MAX_REGION / 9 * 8 / PAGE * PAGE; /* the cells need an eighth more */
    size_t size = round_up((size_t)size_bytes, PAGE);
    if (size > limit) size = limit;
    while (!map_region(self, size)) {
        if (size <= MIN_REGION) {
            Py_DECREF(self);
            return PyErr_Format(PyExc_MemoryError, "no address space for %zu bytes of code", MIN_REGION);
        }
        size = size / 2 < MIN_REGION ? MIN_REGION : round_up(size / 2, PAGE);
    }
    runs_give(&self->free_pages, 0, (uint32_t)(self->size / PAGE));
    runs_give(&self->free_cells, 0, (uint32_t)(self->data_size / 8 / CELL_GRANULE));
    if (self->free_pages == NULL || self->free_cells == NULL || add_region(self) < 0) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void region_dealloc(PyObject *object) {
    CodeRegion *self = (CodeRegion *)object;
    RegionSlot *slot = find_slot(self);
    if (slot != NULL) set_slot(slot, NULL);
    unmap_region(self);
    runs_drop(&self->free_pages);
    runs_drop(&self->free_cells);
    tp_plain_dealloc(object);
}

static PyMemberDef region_members[] = {{"size_bytes", T_PYSSIZET, offsetof(CodeRegion, size), READONLY, NULL},
    {"used_bytes", T_PYSSIZET, offsetof(CodeRegion, used), READONLY, NULL}, {0}};
static PyType_Slot region_type_slots[] = {
    {Py_tp_new, region_new}, {Py_tp_dealloc, region_dealloc}, {Py_tp_members, region_members}, {0, NULL}};

static PyType_Spec region_spec = {
    "taipan._native.CodeRegion", sizeof(CodeRegion), 0, Py_TPFLAGS_DEFAULT, region_type_slots};

int tp_init_code(PyObject *module) {
    tp_code_region_type = tp_add_type(module, &region_spec, NULL);
    if (tp_code_region_type == NULL) return -1;
    if (pthread_atfork(NULL, after_fork_in_parent, after_fork_in_child) != 0) return tp_no_memory();
    return 0;
}
