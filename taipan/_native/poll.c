/* Interrupting running wasm: the poll's slow path, the ticker that asks for it, and who holds the GIL meanwhile.

   Generated code compares an address with its context's stack_limit cell at function entries and loop headers. Writing
   all ones there sends it to tp_poll at the next check. Two parties do: `_interrupt()`, and a native thread, the
   ticker, for stores whose current call has lasted a full tick. So calls shorter than a tick (4 ms) never pay, and
   longer ones handle signals (Ctrl-C) and give up the GIL within two ticks.

   GIL policies: "adaptive": a call starts with the GIL; a tick releases it, the next host call, helper that needs
   Python, or return takes it back, a later tick releases it again. "release": the same, but released from the start,
   and again after each host call. "hold": wasm runs only with the GIL; every second tick offers it to other threads,
   as the bytecode interpreter does. In a loop of host calls "adaptive" does little else: see handle_tick.

   Lost and late writes. Resetting cells may overwrite the ticker's value: the next tick comes 4 ms later. It cannot
   overwrite an interrupt: see tp_poll. Cells left set after a call cost the next one a slow poll. */
#include "runtime.h"
#include <errno.h>
#include <time.h>

#define TICK_NS 4000000 /* below CPython's 5 ms switch interval, and Ctrl-C ends wasm within 10 ms */
#define IDLE_TICKS 25   /* 100 ms without any call: the ticker sleeps until the next one */
#define TICKER_STACK 131072

/* Whether the ticker looks at the stores. Entries read it without ordering: see ticker_idle. */
_Atomic(bool) tp_ticker_awake;

static pthread_mutex_t ticker_lock = PTHREAD_MUTEX_INITIALIZER; /* everything below */
static pthread_cond_t ticker_wanted;                            /* CLOCK_MONOTONIC */
static Store *ticker_stores;
static bool ticker_started;

/* ---- the ticker's thread: no Python API here ---- */
/* Returns whether any store has run since the last look. */
static bool tick_all(void) {
    bool active = false;
    for (Store *store = ticker_stores; store != NULL; store = store->next_ticked) {
        uint64_t calls = LOAD_RELAXED(&store->calls);
        bool running = LOAD_RELAXED(&store->running);
        if (running && calls == store->ticked_calls) {
            /* As tp_store_set_cells, but the interrupt flag stays alone: tick first, cells second. */
            atomic_store_explicit(&store->tick, true, memory_order_seq_cst);
            tp_store_set_cells(store, UINTPTR_MAX);
        } else if (calls != store->ticked_calls && tp_sampling()) { /* many short calls: only ask where */
            atomic_store_explicit(&store->sample, true, memory_order_seq_cst);
            tp_store_set_cells(store, UINTPTR_MAX);
        }
        active |= running || calls != store->ticked_calls;
        store->ticked_calls = calls;
    }
    return active;
}

static void wait_tick(void) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    /* Woken early: the interval still counts from its start. */
    while (pthread_cond_timedwait(&ticker_wanted, &ticker_lock, &until) == 0) continue;
}

static void *ticker_main(void *Py_UNUSED(ignored)) {
    int idle = 0;
    pthread_mutex_lock(&ticker_lock);
    for (;;) {
        wait_tick();
        tp_signals_check();
        if (tick_all()) {
            idle = 0;
            atomic_store(&tp_ticker_awake, true);
        } else if (++idle >= IDLE_TICKS) {
            /* A call may begin just now and still see `awake`: its counters are looked at a whole tick later, when its
               stores have long become visible. */
            if (atomic_load(&tp_ticker_awake)) {
                atomic_store(&tp_ticker_awake, false);
            } else {
                while (!atomic_load(&tp_ticker_awake)) pthread_cond_wait(&ticker_wanted, &ticker_lock);
                idle = 0;
            }
        }
    }
    return NULL;
}

static bool ticker_start(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, old;
    sigfillset(&all);
    if (pthread_attr_init(&attributes) != 0) return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, TICKER_STACK);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are for Python's threads */
    bool started = pthread_create(&thread, &attributes, ticker_main, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

/* Without threads to be had, wasm runs uninterrupted; the next call tries again. */
void tp_ticker_wake(void) {
    pthread_mutex_lock(&ticker_lock);
    if (!ticker_started) ticker_started = ticker_start();
    atomic_store(&tp_ticker_awake, ticker_started);
    pthread_cond_signal(&ticker_wanted);
    pthread_mutex_unlock(&ticker_lock);
    tp_signals_check();
    tp_thread_recheck();
}

void tp_ticker_add(Store *store) {
    pthread_mutex_lock(&ticker_lock);
    store->next_ticked = ticker_stores;
    store->prev_ticked = &ticker_stores;
    if (ticker_stores != NULL) ticker_stores->prev_ticked = &store->next_ticked;
    ticker_stores = store;
    pthread_mutex_unlock(&ticker_lock);
}

void tp_ticker_remove(Store *store) {
    pthread_mutex_lock(&ticker_lock);
    *store->prev_ticked = store->next_ticked;
    if (store->next_ticked != NULL) store->next_ticked->prev_ticked = store->prev_ticked;
    pthread_mutex_unlock(&ticker_lock);
}

/* ---- fork: the child has no ticker; its next call starts one ---- */
static void before_fork(void) { pthread_mutex_lock(&ticker_lock); }
static void after_fork_in_parent(void) { pthread_mutex_unlock(&ticker_lock); }

static bool init_condition(void) {
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) return false;
    bool good = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0;
    good = good && pthread_cond_init(&ticker_wanted, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return good;
}

static void after_fork_in_child(void) {
    ticker_started = false;
    atomic_store(&tp_ticker_awake, false);
    init_condition();
    pthread_mutex_unlock(&ticker_lock);
    tp_signals_after_fork();
    tp_thread.is_main = true; /* Python's main thread is the one that forked */
}

int tp_init_poll(PyObject *Py_UNUSED(module)) {
    bool good = init_condition() && pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
    return good ? 0 : tp_no_memory();
}

/* ---- the GIL ---- */
void tp_gil_release_for_call(Store *store) {
    store->thread_state = PyEval_SaveThread();
    store->gil_released = true;
}

void tp_gil_take_slow(Store *store) {
    store->gil_released = false;
    store->taken = store->ticks;
    PyEval_RestoreThread(store->thread_state);
}

/* ---- the slow path ---- */
#define SURE_CHECK_TICKS 12 /* 48 ms */
#define SURE_RELEASE_NS 200000

/* Signals that Python has not handled yet; the GIL is as the policy says afterwards. */
static void handle_tick(Store *store) {
    bool sure = ++store->ticks % SURE_CHECK_TICKS == 0, released = store->gil_released;
    if (released) {
        /* Only the main thread runs signal handlers; nobody else needs the GIL for nothing. */
        if (!tp_thread.is_main || (!tp_python_signals_pending() && !sure)) return;
        tp_gil_take_slow(store);
    }
    store->no_gc++; /* at a poll, references are in registers */
    int handled = PyErr_CheckSignals();
    store->no_gc--;
    if (handled < 0) tp_unwind_with_python_error(store);
    /* Whoever waits for the GIL asks for it after 5 ms without it being released (the switch interval), and is then
       served first. If it came back at once, by "hold" or a host call, releasing it at every tick would only wake the
       others too late, to start waiting anew. Now and then it stays free long enough for any switch interval. */
    if (!released && !sure && store->ticks - store->taken < 2) return;
    tp_gil_release_for_call(store);
    if (sure && !released) nanosleep(&(struct timespec){.tv_nsec = SURE_RELEASE_NS}, NULL);
    if (store->gil_policy == GIL_HOLD) tp_gil_take_slow(store);
}

/* Whether the ticker asked for it. */
static bool poll_store(Store *store) {
    tp_store_set_cells(store, store->true_limit);
    /* After the fence in there: an interrupt whose flag is not seen here writes its cells later than we wrote ours. */
    if (UNLIKELY(atomic_load(&store->interrupt))) {
        if (atomic_fetch_and(&store->interrupt, ~INTERRUPT_ONCE) != INTERRUPT_ONCE)
            tp_store_set_cells(store, UINTPTR_MAX); /* it stays, for calls around this one, too */
        tp_trap(store, TRAP_INTERRUPT);
    }
    bool ticked = atomic_exchange(&store->sample, false);
    if (atomic_load(&store->tick)) {
        atomic_store(&store->tick, false);
        handle_tick(store);
        ticked = true;
    }
    if (UNLIKELY(!LOAD_RELAXED(&tp_ticker_awake))) tp_ticker_wake();
    return ticked;
}

/* Called by the `poll` stub. address: lowest stack address that the code needs. Returns where to go on, 0: as usual. */
uintptr_t tp_poll(VMContext *vmctx, uintptr_t address, uintptr_t pc, uintptr_t fp) {
    Store *store = STORE_OF(vmctx);
    store->exit_pc = pc;
    store->exit_fp = fp;
    if (address < store->true_limit) tp_trap(store, TRAP_STACK_OVERFLOW);
    bool ticked = poll_store(store);
    return ticked || store->burst.left != 0 ? tp_tier_poll(store, ticked, pc, fp) : 0;
}

void tp_check_interrupts(Store *store) {
    if (atomic_load(&store->interrupt) || atomic_load(&store->tick)) poll_store(store);
}
