/* Linear memories: address space, growth, and the buffer protocol.

   One mapping per memory, without access except for the pages that hold its bytes:

       mapping                base                base+length           base+reservation
       [guard, if guard_before][ accessible pages ][ not yet accessible ][ guard ]

   Growth within the reservation only changes protection. A memory that may not move (generated code holds its base as a
   constant of the call, or elides bounds checks on the strength of the guard) ends there. A memory that may move gets a
   new mapping, which again has the growth reserve behind it. */
#include "runtime.h"
#include <errno.h>
#include <sys/mman.h>

#define HOST_PAGE ((uint64_t)4096) /* larger on no x86-64 Linux */

/* ---- sizes ---- */
/* Each gives false if the result does not fit. */
static bool add(uint64_t a, uint64_t b, uint64_t *sum) { return !__builtin_add_overflow(a, b, sum); }

static bool round_to_host_pages(uint64_t bytes, uint64_t *rounded) {
    if (!add(bytes, HOST_PAGE - 1, rounded)) return false;
    *rounded &= ~(HOST_PAGE - 1);
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

/* ---- mappings ---- */
#define MAP_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* Released reservations of memories that do not move, kept for the next one of the same shape: their accessible pages
   stay accessible and have been given back to the system, so they read as zero. Saves the address space set-up of
   an 8 GiB reservation on the way in and out; see tests/unit/native/test_memory.py. GIL held. */
#define CACHE_SLOTS 16
#define CACHE_MAX_ACCESSIBLE ((uint64_t)16 << 20) /* bytes; bounds what the cache adds to RLIMIT_DATA */

typedef struct Reservation {
    uint8_t *mapping;
    uint64_t mapping_bytes, base_offset, accessible;
} Reservation;

static Reservation cache[CACHE_SLOTS];
static int cache_used;

static void flush_cache(void) {
    while (cache_used > 0) {
        cache_used--;
        munmap(cache[cache_used].mapping, cache[cache_used].mapping_bytes);
    }
}

/* The newest of this shape. */
static bool take_from_cache(Reservation *wanted) {
    int i = cache_used - 1;
    while (i >= 0 && (cache[i].mapping_bytes != wanted->mapping_bytes || cache[i].base_offset != wanted->base_offset))
        i--;
    if (i < 0) return false;
    Reservation found = cache[i];
    cache_used--;
    memmove(&cache[i], &cache[i + 1], (size_t)(cache_used - i) * sizeof(Reservation));
    uint8_t *base = found.mapping + found.base_offset;
    int failed = 0;
    if (found.accessible < wanted->accessible)
        failed = mprotect(base + found.accessible, wanted->accessible - found.accessible, PROT_READ | PROT_WRITE);
    else if (found.accessible > wanted->accessible)
        failed = mprotect(base + wanted->accessible, found.accessible - wanted->accessible, PROT_NONE);
    if (failed) {
        munmap(found.mapping, found.mapping_bytes);
        return false;
    }
    wanted->mapping = found.mapping;
    return true;
}

static bool give_to_cache(const Reservation *released) {
    if (released->accessible > CACHE_MAX_ACCESSIBLE) return false;
    /* Fails on locked pages; they would keep their contents. */
    if (released->accessible != 0 &&
        madvise(released->mapping + released->base_offset, released->accessible, MADV_DONTNEED) != 0)
        return false;
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
            wanted->mapping = mapping;
            if (wanted->accessible == 0 || mprotect(base, wanted->accessible, PROT_READ | PROT_WRITE) == 0) return true;
            munmap(mapping, wanted->mapping_bytes); /* succeeds, which leaves errno alone */
        }
        if (cache_used == 0) return false;
        flush_cache(); /* its address space or its pages may be what is missing */
    }
    return false;
}

/* Shape of a mapping for these sizes; all of them are multiples of host pages. False if it does not fit. */
static bool plan_reservation(Reservation *out, const MemoryPlan *plan, uint64_t reserved, uint64_t accessible) {
    *out = (Reservation){.base_offset = plan->guard_before ? plan->guard_bytes : 0, .accessible = accessible};
    if (!add(reserved, plan->guard_bytes, &out->mapping_bytes)) return false;
    if (!add(out->mapping_bytes, out->base_offset, &out->mapping_bytes)) return false;
    if (out->mapping_bytes == 0) out->mapping_bytes = HOST_PAGE; /* a base that is a valid pointer */
    return out->mapping_bytes <= (uint64_t)PTRDIFF_MAX;
}

static void use_reservation(VMMemory *memory, const Reservation *reservation, uint64_t reserved) {
    memory->mapping = reservation->mapping;
    memory->mapping_bytes = reservation->mapping_bytes;
    memory->base = reservation->mapping + reservation->base_offset;
    memory->accessible = reservation->accessible;
    memory->reservation = reserved;
}

void tp_memory_discard(VMMemory *memory) {
    if (memory->mapping == NULL) return; /* the store is closed, and this was done then */
    Reservation released = {
        memory->mapping, memory->mapping_bytes, (uint64_t)(memory->base - memory->mapping), memory->accessible};
    if (memory->plan.may_move || !give_to_cache(&released)) munmap(memory->mapping, memory->mapping_bytes);
    memory->mapping = NULL;
    memory->base = NULL;
    memory->length = 0;
}

/* Bytes that a memory which may move reserves when it has this many: a growth reserve more, but never more than it can
   use. */
static uint64_t movable_reservation(const MemoryPlan *plan, uint64_t accessible) {
    uint64_t reserved, bound;
    if (!add(accessible, plan->growth_reserve_bytes, &reserved)) reserved = UINT64_MAX & ~(HOST_PAGE - 1);
    if (round_to_host_pages(plan->bound_bytes, &bound) && reserved > bound)
        reserved = bound > accessible ? bound : accessible;
    return reserved;
}

/* ---- creation and release ---- */
static void *allocation_error(const MemoryPlan *plan, const char *why) {
    return PyErr_Format(tp_registry.WasmError, "failed to allocate memory: minimum of %llu pages: %s",
        (unsigned long long)plan->min_pages, why);
}

static void memory_unref(VMMemory *memory) {
    if (--memory->refs > 0) return;
    tp_memory_discard(memory);
    PyMem_Free(memory);
}

static void memory_free(Owned *owned) {
    VMMemory *memory = TP_CONTAINER_OF(owned, VMMemory, owned);
    memory->store = NULL;
    memory->memory0_users = NULL;
    if (memory->exports == 0) tp_memory_discard(memory);
    memory_unref(memory);
}

static const OwnedKind memory_kind = {.free = memory_free};

VMMemory *tp_memory_new(Store *store, const MemoryPlan *plan) {
    int log2 = plan->page_size_log2;
    if (log2 != 0 && log2 != WASM_PAGE_LOG2)
        return (void *)PyErr_Format(PyExc_ValueError, "invalid custom page size: 2^%d", log2);
    /* The limiter hears of impossible sizes, too. */
    int allowed = tp_limiter_ask(
        store, false, 0, pages_to_bytes_saturating(plan->min_pages, log2), plan->has_max, plan->max_bytes);
    if (allowed < 0) return NULL;
    if (!allowed)
        return (void *)PyErr_Format(tp_registry.WasmError, "memory minimum size of %llu pages exceeds memory limits",
            (unsigned long long)plan->min_pages);
    uint64_t length, accessible;
    if (!pages_to_bytes(plan->min_pages, log2, &length) || length > plan->bound_bytes ||
        !round_to_host_pages(length, &accessible))
        return allocation_error(plan, "more than can be addressed");
    uint64_t reserved = plan->reservation_bytes;
    if (plan->may_move && movable_reservation(plan, accessible) > reserved)
        reserved = movable_reservation(plan, accessible);
    if (accessible > reserved) return allocation_error(plan, "larger than the reserved address space");
    VMMemory *memory = PyMem_Calloc(1, sizeof *memory);
    if (memory == NULL) return (void *)PyErr_NoMemory();
    Reservation reservation;
    bool fits = plan_reservation(&reservation, plan, reserved, accessible);
    if (!fits || !map_reservation(&reservation)) {
        PyMem_Free(memory);
        return allocation_error(plan, fits ? strerror(errno) : "more than can be addressed");
    }
    memory->length = length;
    memory->plan = *plan;
    use_reservation(memory, &reservation, reserved);
    memory->refs = 1;
    memory->store = store;
    tp_store_own(store, &memory->owned, &memory_kind);
    return memory;
}

void tp_memory_add_user(VMMemory *memory, Instance *instance) {
    instance->vmctx->memory0_base = memory->base;
    if (memory->plan.may_move) {
        instance->next_memory0_user = memory->memory0_users;
        memory->memory0_users = instance;
    }
}

/* ---- growth ---- */
/* Takes the contents to `to`, which has the first `bytes` accessible and zero. Moves page tables instead of bytes where
   the system can; false if the target was lost on the way, which leaves the source as it was. */
static bool move_contents(uint8_t *from, uint8_t *to, uint64_t bytes) {
    if (bytes == 0) return true;
    if (mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to) return true;
    if (errno != ENOSYS && errno != EPERM) return false; /* else a sandbox forbids the call, and nothing was done */
    memcpy(to, from, bytes);
    return true;
}

/* NULL, or why the memory could not move; it is then as it was. */
static const char *move(Store *store, VMMemory *memory, uint64_t accessible) {
    if (memory->exports != 0) return "its buffer is exported, so it must not move";
    if (store->no_gc != 0)
        return "wasm has its address in a register, so it must not move"; /* a signal handler grows it */
    uint64_t reserved = movable_reservation(&memory->plan, accessible);
    Reservation plan;
    if (!plan_reservation(&plan, &memory->plan, reserved, accessible)) return "more than can be addressed";
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
    for (Instance *user = memory->memory0_users; user != NULL; user = user->next_memory0_user)
        user->vmctx->memory0_base = base;
    return NULL;
}

/* NULL, or why not. */
static const char *resize(Store *store, VMMemory *memory, uint64_t length) {
    uint64_t accessible;
    if (!round_to_host_pages(length, &accessible)) return "more than can be addressed";
    if (accessible > memory->accessible) {
        if (accessible <= memory->reservation) {
            /* Protection first: other threads may export [base, base+length) at any time. */
            if (mprotect(memory->base + memory->accessible, accessible - memory->accessible, PROT_READ | PROT_WRITE))
                return strerror(errno);
            memory->accessible = accessible;
        } else if (!memory->plan.may_move) {
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
    int log2 = memory->plan.page_size_log2;
    if (delta == 0) return (int64_t)(memory->length >> log2);
    uint64_t old, pages, length = 0;
    bool fits;
    int times = LIMITER_TIMES;
    do {
        old = memory->length;
        if (!add(old >> log2, delta, &pages)) pages = UINT64_MAX;
        fits = pages_to_bytes(pages, log2, &length);
        if (!ask_limiter) break;
        int allowed = tp_limiter_ask(
            store, false, old, pages_to_bytes_saturating(pages, log2), memory->plan.has_max, memory->plan.max_bytes);
        if (allowed <= 0) return allowed - 1;
    } while (memory->length != old && --times > 0); /* the limiter grew it: it has to be asked about the true sizes */
    const char *error = times > 0 ? "memory maximum size exceeded" : LIMITER_GROWS;
    if (times > 0 && fits && length <= memory->plan.bound_bytes) error = resize(store, memory, length);
    if (error == NULL) return (int64_t)(old >> log2);
    return ask_limiter && tp_limiter_grow_failed(store, false, delta, error) < 0 ? -2 : -1;
}

/* ---- MemoryBase ---- */
/* A handle owns a count of its memory, which buffers rely on. */
PyObject *tp_memory_handle(PyTypeObject *type, Store *store, VMMemory *memory) {
    PyObject *self = tp_handle_new(type, store, memory);
    if (self != NULL) memory->refs++;
    return self;
}

static PyObject *memory_create(PyObject *cls, PyObject *args) {
    PyObject *store_object;
    const char *bytes;
    Py_ssize_t size;
    MemoryPlan plan;
    if (!PyArg_ParseTuple(args, "Oy#:_create", &store_object, &bytes, &size)) return NULL;
    if (size != sizeof plan) return PyErr_Format(PyExc_ValueError, "not a memory plan");
    memcpy(&plan, bytes, sizeof plan);
    Store *store = tp_store_for(store_object, 0);
    VMMemory *memory = store == NULL ? NULL : tp_memory_new(store, &plan);
    return memory == NULL ? NULL : tp_memory_handle((PyTypeObject *)cls, store, memory);
}

TP_GETTER(memory_size, "_size", VMMemory, PyLong_FromUnsignedLongLong(target->length >> target->plan.page_size_log2))
TP_GETTER(memory_length, "_length", VMMemory, PyLong_FromUnsignedLongLong(target->length))
TP_GETTER(memory_address, "_address", VMMemory, PyLong_FromVoidPtr(target->base))
TP_GETTER(memory_get_type, "_type", VMMemory,
    Py_BuildValue("KNNiN", target->plan.min_pages, tp_maximum_to_python(target->plan.has_max, target->plan.max_pages),
        PyBool_FromLong(target->plan.is_64), target->plan.page_size_log2, PyBool_FromLong(target->plan.shared)))

static PyObject *memory_grow(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t delta;
    VMMemory *memory = TP_BEGIN("_grow", "s", &store, &delta);
    int64_t old = memory == NULL ? -2 : tp_memory_grow(store, memory, delta, true);
    return old == -2 ? NULL : PyLong_FromLongLong(old);
}

static PyObject *memory_read(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t start, stop;
    const VMMemory *memory = TP_BEGIN("_read", "ii", &store, &start, &stop);
    if (memory == NULL) return NULL;
    if (start > stop || stop > memory->length)
        return PyErr_Format(PyExc_IndexError, "memory read out of bounds: bytes %S to %S of %llu", args[1], args[2],
            (unsigned long long)memory->length);
    return PyByteArray_FromStringAndSize((char *)memory->base + start, (Py_ssize_t)(stop - start));
}

static PyObject *memory_write(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    Store *store;
    uint64_t start;
    Py_buffer source;
    VMMemory *memory = TP_BEGIN("_write", "oi", &store, &start);
    if (memory == NULL || PyObject_GetBuffer(args[1], &source, PyBUF_SIMPLE) < 0) return NULL;
    int result = tp_check_open(store); /* exporting a buffer may run Python code */
    if (result == 0 && !tp_in_bounds(start, (uint64_t)source.len, memory->length))
        result = tp_error(PyExc_IndexError, "index out of range: %zd bytes at %S of %llu", source.len, args[2],
            (unsigned long long)memory->length);
    if (result == 0)
        memmove(memory->base + start, source.buf, (size_t)source.len); /* it may be a view of this memory */
    PyBuffer_Release(&source);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

/* A view holds the handle, the handle its count, and `exports` the mapping: views stay valid when the memory grows
   (they keep their length) and when the store closes. */
static int memory_getbuffer(PyObject *self, Py_buffer *view, int flags) {
    VMMemory *memory = ((Handle *)self)->target;
    if (memory == NULL || memory->store == NULL) {
        view->obj = NULL;
        return tp_error(tp_registry.StoreClosedError, "store is closed: its memories have no bytes any more");
    }
    if (PyBuffer_FillInfo(view, self, memory->base, (Py_ssize_t)memory->length, 0, flags) < 0) return -1;
    memory->exports++;
    return 0;
}

static void memory_releasebuffer(PyObject *self, Py_buffer *Py_UNUSED(view)) {
    VMMemory *memory = ((Handle *)self)->target;
    if (--memory->exports == 0 && memory->store == NULL) tp_memory_discard(memory);
}

static void memory_dealloc(PyObject *self) {
    memory_unref(((Handle *)self)->target);
    tp_plain_dealloc(self);
}

static PyMethodDef memory_methods[] = {{"_create", memory_create, METH_VARARGS | METH_CLASS, NULL},
    TP_METHOD("_type", memory_get_type), TP_METHOD("_size", memory_size), TP_METHOD("_grow", memory_grow),
    TP_METHOD("_address", memory_address), TP_METHOD("_length", memory_length), TP_METHOD("_read", memory_read),
    TP_METHOD("_write", memory_write), {0}};
static PyType_Slot memory_slots[] = {{Py_tp_dealloc, memory_dealloc}, {Py_tp_methods, memory_methods},
    {Py_bf_getbuffer, memory_getbuffer}, {Py_bf_releasebuffer, memory_releasebuffer}, {0, NULL}};
TP_TYPE(memory, "MemoryBase", Handle, TP_BASE_FLAGS, memory_slots, tp_memory_type, tp_handle_type)
