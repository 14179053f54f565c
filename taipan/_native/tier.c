/* What tier-up needs of running code: samples of where it is, and the way out of a loop into better code.

   Baseline code carries no counters. While wasm runs, each tick (poll.c) leaves the address of one poll, at a loop header or
   a function's entry, in a small array; a Python thread sleeps in a read of a pipe until there is one. When it
   has made a continuation of a function that begins at a loop, the next tick near that loop returns into it.

   "Near": the poll at which a tick is noticed and those that follow, a burst, are all looked at. They also tell which loop
   to leave. Code lies in the order of the source, so when an activation gets from one poll to an earlier one, it went
   back to the header of a loop around both. So the lowest of an activation's polls in a burst is the header of the
   outermost loop that it reaches often; a continuation from there enters the loops inside as the source does. An
   activation that ends within a burst is not worth moving: its function is called often. */
#include "runtime.h"
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_SAMPLES 256 /* a second's worth: nobody collects them faster than they come */
#define BURST_POLLS 256 /* 30 us of 4 ms */
static struct {
    _Atomic(uintptr_t) pc, outer_pc; /* written last and first */
} samples[MAX_SAMPLES];
static _Atomic(uint32_t) num_samples;
static _Atomic(int) wake_fd = -1;

static void add_sample(uintptr_t pc, uintptr_t outer_pc) {
    uint32_t place = atomic_fetch_add(&num_samples, 1);
    if (place < MAX_SAMPLES) {
        atomic_store(&samples[place].outer_pc, outer_pc);
        atomic_store(&samples[place].pc, pc);
    }
    int fd = atomic_load(&wake_fd);
    if (place == 0 && fd >= 0 && write(fd, "", 1) < 0) atomic_store(&num_samples, 0); /* the next one tries again */
}

bool tp_sampling(void) { return LOAD_RELAXED(&wake_fd) >= 0; }

/* One more poll of a burst, with the GIL or without. Returns whether that is the last one. */
static bool look_at(Store *store, const CodePlace *place, uintptr_t pc, uintptr_t fp) {
    Burst *burst = &store->burst;
    bool same_frame = fp == burst->fp;
    if (fp > burst->fp || (same_frame && place->extent != burst->extent) ||
        burst->calls != LOAD_RELAXED(&store->calls)) {
        burst->outer_pc = 0;
        return true;
    }
    if (same_frame && pc < burst->outer_pc) burst->outer_pc = pc;
    return --burst->left == 0;
}

/* At a tick or later in its burst, without or with the GIL: where the poll at `pc` continues, or 0 for behind the poll as
   usual. */
uintptr_t tp_tier_poll(Store *store, bool ticked, uintptr_t pc, uintptr_t fp) {
    Burst *burst = &store->burst;
    CodePlace place;
    if (ticked) burst->left = 0;
    if (!tp_sampling() || !tp_code_lookup(pc, &place)) return 0;
    for (Continuation *one = atomic_load(&place.module->continuations); one != NULL; one = one->next)
        if (one->pc == pc) {
            burst->left = 0;
            add_sample(pc, pc);
            return one->code;
        }
    if (ticked) {
        if (!place.extent->is_first || place.module->compile == NULL) return 0;
        *burst = (Burst){BURST_POLLS, pc, fp, pc, LOAD_RELAXED(&store->calls), place.extent};
    } else if (look_at(store, &place, pc, fp)) {
        burst->left = 0;
        add_sample(burst->pc, burst->outer_pc);
        return 0;
    }
    tp_store_set_cells(store, UINTPTR_MAX);
    return 0;
}

/* The file descriptor to write a byte to when there are samples; -1: take none. Returns the one before. */
PyObject *tp_sample_into(PyObject *Py_UNUSED(module), PyObject *fd) {
    long value = PyLong_AsLong(fd);
    if (value == -1 && PyErr_Occurred()) return NULL;
    atomic_store(&num_samples, 0); /* nobody was woken for them, or, after a fork, another process was */
    return PyLong_FromLong(atomic_exchange(&wake_fd, (int)value));
}

PyObject *tp_take_samples(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    PyObject *list = PyList_New(0);
    uint32_t count = atomic_exchange(&num_samples, 0);
    for (uint32_t i = 0; list != NULL && i < count && i < MAX_SAMPLES; i++) {
        uintptr_t pc = atomic_exchange(&samples[i].pc, 0), outer_pc = atomic_load(&samples[i].outer_pc);
        CodePlace place; /* maybe of other code by now: then that seems hot for once */
        const Site *outer = tp_code_lookup(outer_pc, &place) ? tp_code_site(&place) : NULL;
        const Site *site = tp_code_lookup(pc, &place) ? tp_code_site(&place) : NULL;
        if (site == NULL) continue;
        if (outer == NULL) outer_pc = 0;
        /* Held before anything is allocated: a collection might free it. It may be garbage that one is clearing just
           now, in another thread; so who uses it has to ask a weak reference first. */
        PyObject *item = Py_NewRef(place.module);
        item = Py_BuildValue("NIIKIK", item, place.extent->defined_index, site->wasm_offset, (unsigned long long)pc,
            outer == NULL ? 0 : outer->wasm_offset, (unsigned long long)outer_pc);
        if (item == NULL || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

/* ---- the end of the process ---- */
static long thread_at_work;

/* LLVM is still at work in a thread: its library must not be taken apart under it. */
static void end_now(int status, void *Py_UNUSED(ignored)) {
    if (syscall(SYS_tgkill, getpid(), thread_at_work, 0) != 0) return; /* there is no such thread any more */
    fflush(NULL);
    _exit(status);
}

PyObject *tp_end_despite(PyObject *Py_UNUSED(module), PyObject *thread) {
    thread_at_work = PyLong_AsLong(thread);
    if (thread_at_work == -1 && PyErr_Occurred()) return NULL;
#ifdef __GLIBC__
    return PyBool_FromLong(on_exit(end_now, NULL) == 0);
#else
    (void)end_now; /* nothing else tells handlers the status */
    Py_RETURN_FALSE;
#endif
}
