/* Linear memories: address space, growth, and the buffer protocol.

   One mapping per memory, without access except for the pages that hold its bytes:

       mapping                base                base+length           base+reservation
       [guard, if guard_before][ accessible pages ][ not yet accessible ][ guard ]

   Growth within the reservation only changes protection. A memory that may not move (generated code holds its base as a
   constant of the call, or elides bounds checks on the strength of the guard) ends there. A memory that may move gets a
   new mapping, which again has the growth reserve behind it. */
#include "objects.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static PyTypeObject *memory_type;
static uint64_t host_page = 4096;

/* ---- sizes ---- */

/* Each gives false if the result does not fit. */
static bool add(uint64_t a, uint64_t b, uint64_t *sum) { return !__builtin_add_overflow(a, b, sum); }

static bool round_to_host_pages(uint64_t bytes, uint64_t *rounded) {
    if (!add(bytes, host_page - 1, rounded)) return false;
    *rounded &= ~(host_page - 1);
    return true;
}

static bool pages_to_bytes(uint64_t pages, int page_size_log2, uint64_t *bytes) {
    if (pages > UINT64_MAX >> page_size_log2) return false;
    *bytes = pages << page_size_log2;
    return true;
}

/* For the limiter: what does not fit is "almost everything". */
static uint64_t pages_to_bytes_saturating(uint64_t pages, int page_size_log2) {
    uint64_t bytes;
    return pages_to_bytes(pages, page_size_log2, &bytes) ? bytes : UINT64_MAX << page_size_log2;
}

static uint64_t maximum_bytes(uint64_t max_pages, int page_size_log2) {
    return max_pages == UINT64_MAX ? UINT64_MAX : pages_to_bytes_saturating(max_pages, page_size_log2);
}

/* Most bytes a memory can ever have: its maximum and what its index type can count. A memory with 1-byte pages has to
   keep its size in pages below 2^32 so that memory.size can return it. */
static uint64_t length_bound(uint64_t max_pages, bool is_64, int page_size_log2) {
    uint64_t bound = maximum_bytes(max_pages, page_size_log2);
    if (is_64) return bound;
    uint64_t index_bound = page_size_log2 == 0 ? UINT32_MAX : (uint64_t)1 << 32;
    return bound < index_bound ? bound : index_bound;
}

/* ---- mappings ---- */

#define MAP_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* Released reservations of memories that do not move, kept for the next one of the same shape: their accessible pages
   stay accessible and have been given back to the system, so they read as zero. Saves the address space set-up of
   an 8 GiB reservation on the way in and out; see tests/unit/native/test_memory.py. GIL held. */
#ifdef __linux__
#define CACHE_SLOTS 16
#else
#define CACHE_SLOTS 0 /* MADV_DONTNEED promises zeroes on Linux only */
#endif
#define CACHE_MAX_ACCESSIBLE ((uint64_t)16 << 20) /* bytes; bounds what the cache adds to RLIMIT_DATA */

typedef struct Reservation {
    uint8_t *mapping;
    uint64_t mapping_bytes, base_offset, accessible;
} Reservation;

static Reservation cache[CACHE_SLOTS + 1];
static int cache_used;

static void flush_cache(void) {
    while (cache_used > 0) {
        cache_used--;
        munmap(cache[cache_used].mapping, cache[cache_used].mapping_bytes);
    }
}

/* Newest of this shape, one with the wanted accessible part if possible. */
static bool take_from_cache(Reservation *wanted) {
    int best = -1;
    for (int i = cache_used - 1; i >= 0; i--) {
        if (cache[i].mapping_bytes != wanted->mapping_bytes || cache[i].base_offset != wanted->base_offset) continue;
        if (best < 0) best = i;
        if (cache[i].accessible == wanted->accessible) {
            best = i;
            break;
        }
    }
    if (best < 0) return false;
    Reservation found = cache[best];
    cache_used--;
    memmove(&cache[best], &cache[best + 1], (size_t)(cache_used - best) * sizeof(Reservation));
    uint8_t *base = found.mapping + found.base_offset;
    int failed = 0;
    if (found.accessible < wanted->accessible) {
        failed = mprotect(base + found.accessible, wanted->accessible - found.accessible, PROT_READ | PROT_WRITE);
    } else if (found.accessible > wanted->accessible) {
        failed = mprotect(base + wanted->accessible, found.accessible - wanted->accessible, PROT_NONE);
    }
    if (failed) {
        munmap(found.mapping, found.mapping_bytes);
        return false;
    }
    wanted->mapping = found.mapping;
    return true;
}

static bool give_to_cache(const Reservation *released) {
    if (CACHE_SLOTS == 0 || released->accessible > CACHE_MAX_ACCESSIBLE) return false;
    /* Fails on locked pages; they would keep their contents. */
    if (released->accessible != 0 &&
        madvise(released->mapping + released->base_offset, released->accessible, MADV_DONTNEED) != 0) {
        return false;
    }
    if (cache_used == CACHE_SLOTS) { /* the oldest shape goes */
        munmap(cache[0].mapping, cache[0].mapping_bytes);
        cache_used--;
        memmove(&cache[0], &cache[1], (size_t)cache_used * sizeof(Reservation));
    }
    cache[cache_used++] = *released;
    return true;
}

/* Maps mapping_bytes without access and makes `accessible` bytes from the base accessible. False with errno. */
static bool map_reservation(Reservation *wanted) {
    if (take_from_cache(wanted)) return true;
    for (int attempt = 0; attempt < 2; attempt++) {
        void *mapping = mmap(NULL, wanted->mapping_bytes, PROT_NONE, MAP_FLAGS, -1, 0);
        if (mapping != MAP_FAILED) {
            uint8_t *base = (uint8_t *)mapping + wanted->base_offset;
            if (wanted->accessible == 0 || mprotect(base, wanted->accessible, PROT_READ | PROT_WRITE) == 0) {
                wanted->mapping = mapping;
                return true;
            }
            int error = errno;
            munmap(mapping, wanted->mapping_bytes);
            errno = error;
        }
        if (cache_used == 0) return false;
        int error = errno;
        flush_cache(); /* its address space or its pages may be what is missing */
        errno = error;
    }
    return false;
}

/* Shape of a mapping for these sizes; all of them are multiples of host pages. False if it does not fit. */
static bool plan_reservation(Reservation *plan, uint64_t reservation, uint64_t guard, bool guard_before,
                             uint64_t accessible) {
    plan->mapping = NULL;
    plan->base_offset = guard_before ? guard : 0;
    plan->accessible = accessible;
    if (!add(reservation, guard, &plan->mapping_bytes)) return false;
    if (!add(plan->mapping_bytes, plan->base_offset, &plan->mapping_bytes)) return false;
    if (plan->mapping_bytes == 0) plan->mapping_bytes = host_page; /* a base that is a valid pointer */
    return plan->mapping_bytes <= (uint64_t)PTRDIFF_MAX;
}

static void use_reservation(VMMemory *memory, const Reservation *reservation, uint64_t reserved) {
    memory->mapping = reservation->mapping;
    memory->mapping_bytes = reservation->mapping_bytes;
    memory->base = reservation->mapping + reservation->base_offset;
    memory->accessible = reservation->accessible;
    memory->reservation = reserved;
}

static void unmap(VMMemory *memory) {
    if (memory->mapping == NULL) return; /* the store is closed, and this was done then */
    Reservation released = {memory->mapping, memory->mapping_bytes, (uint64_t)(memory->base - memory->mapping),
                            memory->accessible};
    if (memory->may_move || !give_to_cache(&released)) munmap(memory->mapping, memory->mapping_bytes);
    memory->mapping = NULL;
    memory->base = NULL;
    memory->length = 0;
}

/* Bytes that a memory which may move reserves when it has this many: a growth reserve more, but never more than it can
   use. */
static uint64_t movable_reservation(const VMMemory *memory, uint64_t accessible) {
    uint64_t reserved, bound;
    if (!add(accessible, memory->growth_reserve, &reserved)) reserved = UINT64_MAX & ~(host_page - 1);
    if (round_to_host_pages(length_bound(memory->max_pages, memory->is_64, memory->page_size_log2), &bound) &&
        reserved > bound) {
        reserved = bound > accessible ? bound : accessible;
    }
    return reserved;
}

/* ---- creation and release ---- */

static PyObject *allocation_error(uint64_t pages, const char *why) {
    return PyErr_Format(tp_registry.WasmError, "failed to allocate memory: minimum of %llu pages: %s",
                        (unsigned long long)pages, why);
}

static void memory_unref(VMMemory *memory) {
    if (--memory->refs == 0) {
        unmap(memory);
        PyMem_Free(memory);
    }
}

static void memory_free(Owned *owned) {
    VMMemory *memory = TP_CONTAINER_OF(owned, VMMemory, owned);
    memory->store = NULL;
    memory->memory0_users = NULL;
    if (memory->exports == 0) unmap(memory);
    memory_unref(memory);
}

static const OwnedKind memory_kind = {.free = memory_free};

VMMemory *tp_memory_new(Store *store, uint64_t min_pages, uint64_t max_pages, bool is_64, int page_size_log2,
                        bool shared, uint64_t reservation, uint64_t guard_bytes, uint64_t growth_reserve,
                        bool guard_before, bool may_move) {
    if (page_size_log2 != 0 && page_size_log2 != WASM_PAGE_LOG2) {
        PyErr_Format(PyExc_ValueError, "invalid custom page size: 2^%d", page_size_log2);
        return NULL;
    }
    /* The limiter hears of impossible sizes, too. */
    int allowed = tp_limiter_ask(store, false, 0, pages_to_bytes_saturating(min_pages, page_size_log2),
                                 maximum_bytes(max_pages, page_size_log2));
    if (allowed < 0) return NULL;
    if (!allowed) {
        PyErr_Format(tp_registry.WasmError, "memory minimum size of %llu pages exceeds memory limits",
                     (unsigned long long)min_pages);
        return NULL;
    }
    uint64_t length, accessible;
    if (!pages_to_bytes(min_pages, page_size_log2, &length) || length > length_bound(max_pages, is_64, page_size_log2) ||
        !round_to_host_pages(length, &accessible) || !round_to_host_pages(guard_bytes, &guard_bytes) ||
        !round_to_host_pages(growth_reserve, &growth_reserve) || !round_to_host_pages(reservation, &reservation)) {
        allocation_error(min_pages, "more than can be addressed");
        return NULL;
    }
    VMMemory *memory = PyMem_Calloc(1, sizeof *memory);
    if (memory == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    memory->length = length;
    memory->guard_bytes = guard_bytes;
    memory->growth_reserve = growth_reserve;
    memory->min_pages = min_pages;
    memory->max_pages = max_pages;
    memory->page_size_log2 = (uint8_t)page_size_log2;
    memory->is_64 = is_64;
    memory->shared = shared;
    memory->guard_before = guard_before;
    memory->may_move = may_move;
    if (may_move) {
        uint64_t movable = movable_reservation(memory, accessible);
        if (movable > reservation) reservation = movable;
    } else if (accessible > reservation) {
        allocation_error(min_pages, "larger than the reserved address space");
        PyMem_Free(memory);
        return NULL;
    }
    Reservation plan;
    bool fits = plan_reservation(&plan, reservation, guard_bytes, guard_before, accessible);
    if (!fits || !map_reservation(&plan)) {
        allocation_error(min_pages, fits ? strerror(errno) : "more than can be addressed");
        PyMem_Free(memory);
        return NULL;
    }
    use_reservation(memory, &plan, reservation);
    memory->refs = 1;
    memory->store = store;
    tp_store_own(store, &memory->owned, &memory_kind);
    return memory;
}

void tp_memory_discard(VMMemory *memory) { unmap(memory); }

void tp_memory_add_user(VMMemory *memory, Instance *instance) {
    instance->head.vmctx->memory0_base = memory->base;
    if (memory->may_move) {
        instance->next_memory0_user = memory->memory0_users;
        memory->memory0_users = instance;
    }
}

/* ---- growth ---- */

/* Takes the contents to `to`, which has the first `bytes` accessible and zero. Moves page tables instead of bytes where
   the system can; false if the target was lost on the way, which leaves the source as it was. */
static bool move_contents(uint8_t *from, uint8_t *to, uint64_t bytes) {
    if (bytes == 0) return true;
#ifdef __linux__
    if (mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to) return true;
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
    if (errno != ENOSYS && errno != EPERM) { /* these: a sandbox forbids the call, nothing was done */
        /* Before Linux 6.17 the source must be one area; by the time this is found out the target is unmapped. Another
           thread may have mapped something there since: then it is not ours any more. */
        void *again = mmap(to, bytes, PROT_READ | PROT_WRITE, MAP_FLAGS | MAP_FIXED_NOREPLACE, -1, 0);
        if (again != to) {
            if (again != MAP_FAILED) munmap(again, bytes);
            return false;
        }
    }
#endif
    memcpy(to, from, bytes);
    return true;
}

/* NULL, or why the memory could not move; it is then as it was. */
static const char *move(Store *store, VMMemory *memory, uint64_t accessible) {
    if (memory->exports != 0) return "its buffer is exported, so it must not move";
    uint64_t reserved = movable_reservation(memory, accessible);
    Reservation plan;
    if (!plan_reservation(&plan, reserved, memory->guard_bytes, memory->guard_before, accessible)) {
        return "more than can be addressed";
    }
    if (!map_reservation(&plan)) return strerror(errno);
    uint8_t *base = plan.mapping + plan.base_offset;
    if (!move_contents(memory->base, base, memory->accessible)) {
        /* Give back what is certainly still ours: all but the target of the move. */
        if (plan.base_offset != 0) munmap(plan.mapping, plan.base_offset);
        uint8_t *rest = base + memory->accessible;
        munmap(rest, (uint64_t)(plan.mapping + plan.mapping_bytes - rest));
        return "the new address range was lost";
    }
    store->bytes_moved += memory->length;
    munmap(memory->mapping, memory->mapping_bytes);
    use_reservation(memory, &plan, reserved);
    for (Instance *user = memory->memory0_users; user != NULL; user = user->next_memory0_user) {
        user->head.vmctx->memory0_base = base;
    }
    return NULL;
}

/* NULL, or why not. */
static const char *resize(Store *store, VMMemory *memory, uint64_t length) {
    uint64_t accessible;
    if (!round_to_host_pages(length, &accessible)) return "more than can be addressed";
    if (accessible > memory->accessible) {
        if (accessible <= memory->reservation) {
            /* Protection first: other threads may export [base, base+length) at any time. */
            if (mprotect(memory->base + memory->accessible, accessible - memory->accessible, PROT_READ | PROT_WRITE)) {
                return strerror(errno);
            }
            memory->accessible = accessible;
        } else if (!memory->may_move) {
            return "the reserved address space is used up";
        } else {
            const char *error = move(store, memory, accessible);
            if (error != NULL) return error;
        }
    }
    memory->length = length;
    return NULL;
}

int64_t tp_memory_grow(Store *store, VMMemory *memory, uint64_t delta, bool ask_limiter) {
    int log2 = memory->page_size_log2;
    if (delta == 0) return (int64_t)(memory->length >> log2);
    uint64_t old, pages, length = 0;
    bool fits;
    do {
        old = memory->length;
        if (!add(old >> log2, delta, &pages)) pages = UINT64_MAX;
        fits = pages_to_bytes(pages, log2, &length);
        if (!ask_limiter) break;
        int allowed = tp_limiter_ask(store, false, old, pages_to_bytes_saturating(pages, log2),
                                     maximum_bytes(memory->max_pages, log2));
        if (allowed <= 0) return allowed - 1;
    } while (memory->length != old); /* the limiter grew it: it has to be asked about the true sizes */
    const char *error;
    if (!fits || length > length_bound(memory->max_pages, memory->is_64, log2)) {
        error = "memory maximum size exceeded";
    } else {
        error = resize(store, memory, length);
    }
    if (error == NULL) return (int64_t)(old >> log2);
    if (!ask_limiter) return -1;
    char message[160];
    snprintf(message, sizeof message, "failed to grow memory by `%llu`: %s", (unsigned long long)delta, error);
    return tp_limiter_grow_failed(store, false, message) < 0 ? -2 : -1;
}

/* ---- MemoryBase ---- */

/* A handle owns a count of its memory, which buffers rely on. */
static PyObject *new_handle(PyTypeObject *type, Store *store, VMMemory *memory) {
    PyObject *self = tp_handle_new(type, store, memory);
    if (self != NULL) memory->refs++;
    return self;
}

PyObject *tp_memory_handle(Store *store, VMMemory *memory) {
    return new_handle((PyTypeObject *)tp_registry.Memory, store, memory);
}

VMMemory *tp_memory_of(PyObject *handle, uint64_t *store_id) {
    return tp_handle_target(handle, memory_type, "Memory", store_id);
}

static PyObject *memory_create(PyObject *cls, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"store", "min_pages", "max_pages", "is_64", "page_size_log2", "shared", "reservation_bytes",
                            "guard_bytes", "growth_reserve_bytes", "guard_before", "may_move", NULL};
    PyObject *store_object, *min_object, *max_object, *reservation_object, *guard_object, *reserve_object;
    int is_64, page_size_log2, shared, guard_before, may_move;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOpipOOOpp", names, &store_object, &min_object, &max_object, &is_64,
                                     &page_size_log2, &shared, &reservation_object, &guard_object, &reserve_object,
                                     &guard_before, &may_move)) {
        return NULL;
    }
    uint64_t min_pages, max_pages, reservation, guard, reserve;
    if (tp_size_arg(min_object, "min_pages", &min_pages) < 0 || tp_maximum_arg(max_object, "max_pages", &max_pages) < 0 ||
        tp_size_arg(reservation_object, "reservation_bytes", &reservation) < 0 ||
        tp_size_arg(guard_object, "guard_bytes", &guard) < 0 ||
        tp_size_arg(reserve_object, "growth_reserve_bytes", &reserve) < 0) {
        return NULL;
    }
    Store *store = tp_store_for(store_object, 0);
    if (store == NULL) return NULL;
    VMMemory *memory = tp_memory_new(store, min_pages, max_pages, is_64, page_size_log2, shared, reservation, guard,
                                     reserve, guard_before, may_move);
    return memory == NULL ? NULL : new_handle((PyTypeObject *)cls, store, memory);
}

static PyObject *memory_get_type(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    VMMemory *memory = tp_handle_enter(self, "_type", args, count, 1, &store);
    if (memory == NULL) return NULL;
    return Py_BuildValue("KNNiN", memory->min_pages, tp_maximum_to_python(memory->max_pages), PyBool_FromLong(memory->is_64),
                         (int)memory->page_size_log2, PyBool_FromLong(memory->shared));
}

static PyObject *memory_size(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    VMMemory *memory = tp_handle_enter(self, "_size", args, count, 1, &store);
    return memory == NULL ? NULL : PyLong_FromUnsignedLongLong(memory->length >> memory->page_size_log2);
}

static PyObject *memory_grow(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t delta;
    VMMemory *memory = tp_handle_enter(self, "_grow", args, count, 2, &store);
    if (memory == NULL || tp_size_arg(args[1], "delta", &delta) < 0) return NULL;
    int64_t old = tp_memory_grow(store, memory, delta, true);
    return old == -2 ? NULL : PyLong_FromLongLong(old);
}

static PyObject *memory_address(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    VMMemory *memory = tp_handle_enter(self, "_address", args, count, 1, &store);
    return memory == NULL ? NULL : PyLong_FromVoidPtr(memory->base);
}

static PyObject *memory_length(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    VMMemory *memory = tp_handle_enter(self, "_length", args, count, 1, &store);
    return memory == NULL ? NULL : PyLong_FromUnsignedLongLong(memory->length);
}

static PyObject *memory_read(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t start, stop;
    VMMemory *memory = tp_handle_enter(self, "_read", args, count, 3, &store);
    if (memory == NULL || tp_index_arg(args[1], &start) < 0 || tp_index_arg(args[2], &stop) < 0) return NULL;
    if (start > stop || stop > memory->length) {
        return PyErr_Format(PyExc_IndexError, "memory read out of bounds: bytes %S to %S of %llu", args[1], args[2],
                            (unsigned long long)memory->length);
    }
    return PyByteArray_FromStringAndSize((char *)memory->base + start, (Py_ssize_t)(stop - start));
}

static PyObject *memory_write(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t start;
    Py_buffer source;
    VMMemory *memory = tp_handle_enter(self, "_write", args, count, 3, &store);
    if (memory == NULL || tp_index_arg(args[2], &start) < 0) return NULL;
    if (PyObject_GetBuffer(args[1], &source, PyBUF_SIMPLE) < 0) return NULL;
    PyObject *result = NULL;
    if (tp_check_open(store) < 0) goto done; /* exporting a buffer may run Python code */
    if (start > memory->length || (uint64_t)source.len > memory->length - start) {
        PyErr_Format(PyExc_IndexError, "memory write out of bounds: %zd bytes at %S of %llu", source.len, args[2],
                     (unsigned long long)memory->length);
        goto done;
    }
    memmove(memory->base + start, source.buf, (size_t)source.len); /* the source may be a view of this memory */
    result = Py_NewRef(Py_None);
done:
    PyBuffer_Release(&source);
    return result;
}

/* A view holds the handle, the handle its count, and `exports` the mapping: views stay valid when the memory grows
   (they keep their length) and when the store closes. */
static int memory_getbuffer(PyObject *self, Py_buffer *view, int flags) {
    VMMemory *memory = ((Handle *)self)->target;
    if (memory == NULL || memory->store == NULL) {
        view->obj = NULL;
        PyErr_SetString(tp_registry.StoreClosedError, "store is closed: its memories have no bytes any more");
        return -1;
    }
    if (PyBuffer_FillInfo(view, self, memory->base, (Py_ssize_t)memory->length, 0, flags) < 0) return -1;
    memory->exports++;
    return 0;
}

static void memory_releasebuffer(PyObject *self, Py_buffer *Py_UNUSED(view)) {
    VMMemory *memory = ((Handle *)self)->target;
    if (--memory->exports == 0 && memory->store == NULL) unmap(memory);
}

static void memory_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    VMMemory *memory = ((Handle *)self)->target;
    if (memory != NULL) memory_unref(memory);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef memory_methods[] = {
    {"_create", (PyCFunction)(void (*)(void))memory_create, METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    TP_METHOD("_type", memory_get_type),
    TP_METHOD("_size", memory_size),
    TP_METHOD("_grow", memory_grow),
    TP_METHOD("_address", memory_address),
    TP_METHOD("_length", memory_length),
    TP_METHOD("_read", memory_read),
    TP_METHOD("_write", memory_write),
    {NULL, NULL, 0, NULL},
};

static PyType_Slot memory_slots[] = {
    {Py_tp_dealloc, memory_dealloc},
    {Py_tp_methods, memory_methods},
    {Py_bf_getbuffer, memory_getbuffer},
    {Py_bf_releasebuffer, memory_releasebuffer},
    {0, NULL},
};

static PyType_Spec memory_spec = {
    .name = "taipan._native.MemoryBase",
    .basicsize = sizeof(Handle),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = memory_slots,
};

static PyObject *reserve_probe(PyObject *Py_UNUSED(module), PyObject *argument) {
    uint64_t bytes;
    if (tp_size_arg(argument, "size_bytes", &bytes) < 0) return NULL;
    if (bytes == 0) Py_RETURN_TRUE;
    if (!round_to_host_pages(bytes, &bytes) || bytes > (uint64_t)PTRDIFF_MAX) Py_RETURN_FALSE;
    void *mapping = mmap(NULL, bytes, PROT_NONE, MAP_FLAGS, -1, 0);
    if (mapping == MAP_FAILED) Py_RETURN_FALSE;
    munmap(mapping, bytes);
    Py_RETURN_TRUE;
}

static PyMethodDef module_functions[] = {
    {"reserve_probe", reserve_probe, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

int tp_init_memory(PyObject *module) {
    long page = sysconf(_SC_PAGESIZE);
    if (page > 0) host_page = (uint64_t)page;
    memory_type = tp_add_handle_type(module, &memory_spec);
    return memory_type == NULL ? -1 : PyModule_AddFunctions(module, module_functions);
}
