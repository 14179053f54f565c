/* What tier-up needs of running code: samples of where it is, and the way out of a loop into better code.

   Baseline code carries no counters. While wasm runs, each tick (poll.c) leaves the address of one poll, at a loop header or
   a function's entry, in a small array; a Python thread sleeps in a read of a pipe until there is one. When it
   has made a continuation of a function that begins at a loop, the next tick in that loop returns into it. */
#include "runtime.h"
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_SAMPLES 256 /* a second's worth: nobody collects them faster than they come */
static _Atomic(uintptr_t) samples[MAX_SAMPLES];
static _Atomic(uint32_t) num_samples;
static _Atomic(int) wake_fd = -1;

static void add_sample(uintptr_t pc) {
    uint32_t place = atomic_fetch_add(&num_samples, 1);
    if (place < MAX_SAMPLES) atomic_store(&samples[place], pc);
    int fd = atomic_load(&wake_fd);
    if (place == 0 && fd >= 0 && write(fd, "", 1) < 0) atomic_store(&num_samples, 0); /* the next one tries again */
}

bool tp_sampling(void) { return LOAD_RELAXED(&wake_fd) >= 0; }

/* At a tick, without or with the GIL: where the poll at `pc` continues, or 0 for behind the poll as usual. */
uintptr_t tp_tier_tick(uintptr_t pc) {
    CodePlace place;
    if (!tp_sampling() || !tp_code_lookup(pc, &place) || place.module->compile == NULL) return 0;
    for (Continuation *one = atomic_load(&place.module->continuations); one != NULL; one = one->next)
        if (one->pc == pc) return one->code;
    add_sample(pc);
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
        uintptr_t pc = atomic_exchange(&samples[i], 0);
        CodePlace place; /* maybe of other code by now: then that seems hot for once */
        const Site *site = tp_code_lookup(pc, &place) ? tp_code_site(&place) : NULL;
        if (site == NULL) continue;
        /* Held before anything is allocated: a collection might free it. It may be garbage that one is clearing just
           now, in another thread; so who uses it has to ask a weak reference first. */
        PyObject *item = Py_NewRef(place.module);
        item = Py_BuildValue("NIIK", item, place.extent->defined_index, site->wasm_offset, (unsigned long long)pc);
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
