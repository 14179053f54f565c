/* SIGSEGV, SIGBUS, SIGFPE: faults of generated code become traps, all others stay what they were.

   The handler acts only when this thread is inside wasm and the faulting pc is a recorded SITE_FAULT; it then lets the
   thread continue in arch_fault_stub, outside the signal. Everything else goes to whoever was installed before.

   Others install handlers too, most of all faulthandler: enabled before us it is the previous handler; enabled after us
   it would report each trap as a crash, so ours goes on top again: at every entry after faulthandler.enable() or
   disable(), and for anybody else's handlers at the ticker's pace. Each handler found is kept in a list. A handler
   that gives up typically restores what it had found (perhaps ours) and raises the signal again: such a second
   delivery goes one step down the list, so that the chain ends in the default action instead of a circle. */
#include "runtime.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int our_signals[] = {SIGSEGV, SIGBUS, SIGFPE};
#define NUM_SIGNALS 3
#define MAX_PREVIOUS 8

/* Handlers found, oldest first. Grows under `install_lock`; the handler reads entries below `count`. */
static struct {
    struct sigaction previous[MAX_PREVIOUS];
    _Atomic(int) count;
} chains[NUM_SIGNALS];
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;

PyCFunction tp_faulthandler_is_enabled;
PyObject *tp_faulthandler_module, *tp_faulthandler_state;

__thread Thread tp_thread __attribute__((tls_model("initial-exec")));

/* ---- in the handler: only async-signal-safe calls, no locks ---- */
static void default_action(int signal_number, const siginfo_t *info) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
    /* A fault comes again when its instruction is repeated; a signal that was sent has to be sent again. */
    if (info->si_code <= 0) raise(signal_number);
}

static void pass_on(int signal_number, siginfo_t *info, void *context) {
    int slot = 0;
    while (our_signals[slot] != signal_number) slot++;
    int level = atomic_load_explicit(&chains[slot].count, memory_order_acquire) - 1;
    /* chain_level - 1 is the level that was last called on this thread (0: none). */
    if (info->si_code <= 0 && tp_thread.chain_level > 0) level = tp_thread.chain_level - 2;
    tp_thread.chain_level = level + 1;
    if (level < 0) {
        default_action(signal_number, info);
        return;
    }
    const struct sigaction *action = &chains[slot].previous[level];
    if (action->sa_flags & SA_SIGINFO) action->sa_sigaction(signal_number, info, context);
    else if (action->sa_handler == SIG_IGN && info->si_code <= 0) return;
    else if (action->sa_handler == SIG_DFL || action->sa_handler == SIG_IGN) default_action(signal_number, info);
    else action->sa_handler(signal_number);
}

/* Whether a fault lies in the address range of a memory that the faulting function can access. If not, generated code is
   wrong, and the fault must look like one. */
static bool in_memory(const Store *store, const NativeModule *module, uintptr_t address) {
    const Instance *instance = atomic_load_explicit(&store->first_instance, memory_order_acquire);
    for (; instance != NULL; instance = atomic_load_explicit(&instance->next_instance, memory_order_acquire)) {
        if (instance->module != module) continue;
        for (uint32_t i = 0; i < module->num_imported_memories + module->num_memories; i++) {
            const VMMemory *memory = tp_memories(instance)[i];
            if (address - (uintptr_t)memory->mapping < memory->mapping_bytes) return true;
        }
    }
    return false;
}

static void handle_fault(int signal_number, siginfo_t *info, void *context) {
    Activation *activation = tp_thread.top;
    CodePlace place;
    uintptr_t pc = arch_context_pc(context) + 1; /* as SITE_FAULT has it */
    const Site *site = NULL;
    if (activation != NULL && info->si_code > 0 && tp_code_lookup(pc, &place)) site = tp_code_site(&place);
    if (site != NULL && (site->kind & 0xFF) == SITE_FAULT) {
        int trap = (int)(site->kind >> 8 & 0xFF);
        if (trap == 0) trap = TRAP_MEMORY_OUT_OF_BOUNDS;
        if (trap != TRAP_MEMORY_OUT_OF_BOUNDS || in_memory(activation->store, place.module, (uintptr_t)info->si_addr)) {
            activation->fault_pc = pc;
            activation->fault_fp = arch_context_fp(context);
            activation->fault_trap = trap;
            uint32_t fuel = site->kind >> SITE_FUEL_SHIFT;
            if (fuel & SITE_FUEL_IN_REGISTER) activation->store->fuel = arch_context_fuel(context);
            activation->store->fuel += fuel & SITE_FUEL_MAX;
            arch_context_redirect(context, arch_fault_stub);
            return;
        }
    }
    pass_on(signal_number, info, context);
}

/* ---- installation ---- */
static bool same_handler(const struct sigaction *a, const struct sigaction *b) {
    return (a->sa_flags & SA_SIGINFO) == (b->sa_flags & SA_SIGINFO) && a->sa_handler == b->sa_handler;
}

static void remember(int slot, const struct sigaction *found) {
    int count = atomic_load_explicit(&chains[slot].count, memory_order_relaxed);
    if (count > 0 && same_handler(&chains[slot].previous[count - 1], found)) return; /* switched off and on again */
    if (count == MAX_PREVIOUS) {
        /* Handlers come and go: forget the oldest but one. The first is what the process started with. */
        memmove(&chains[slot].previous[1], &chains[slot].previous[2], (MAX_PREVIOUS - 2) * sizeof *found);
        count--;
    }
    chains[slot].previous[count] = *found;
    atomic_store_explicit(&chains[slot].count, count + 1, memory_order_release);
}

void tp_signals_check(void) {
    struct sigaction ours = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&ours.sa_mask);
    pthread_mutex_lock(&install_lock);
    for (int slot = 0; slot < NUM_SIGNALS; slot++) {
        struct sigaction found;
        if (sigaction(our_signals[slot], NULL, &found) == 0 && !same_handler(&found, &ours)) {
            remember(slot, &found);
            sigaction(our_signals[slot], &ours, NULL);
        }
    }
    pthread_mutex_unlock(&install_lock);
}

void tp_signals_after_fork(void) { pthread_mutex_init(&install_lock, NULL); }

int tp_signals_check_faulthandler(void) {
    PyObject *state = tp_faulthandler_is_enabled(tp_faulthandler_module, NULL);
    if (state == NULL) return -1;
    Py_XSETREF(tp_faulthandler_state, state);
    tp_signals_check();
    return 0;
}

/* The C function behind faulthandler.is_enabled, if it looks as expected; else the ticker's pace has to do. */
static void find_faulthandler(void) {
    PyObject *module = PyImport_ImportModule("faulthandler");
    PyObject *function = module == NULL ? NULL : PyObject_GetAttrString(module, "is_enabled");
    if (function != NULL && PyCFunction_CheckExact(function) && PyCFunction_GET_FLAGS(function) == METH_NOARGS) {
        tp_faulthandler_is_enabled = PyCFunction_GET_FUNCTION(function);
        tp_faulthandler_module = Py_NewRef(module);
        tp_faulthandler_state = tp_faulthandler_is_enabled(module, NULL);
    }
    PyErr_Clear(); /* a Python without faulthandler needs no care */
    Py_XDECREF(function);
    Py_XDECREF(module);
}

/* ---- threads ---- */
#define ALTSTACK_BYTES ((size_t)64 << 10)
/* What host functions called by wasm find at least, and our own needs (handlers, trap construction) on top. */
#define HOST_RESERVE ((size_t)128 << 10)
#define OWN_RESERVE ((size_t)64 << 10)
static pthread_key_t thread_key;
static rlim_t main_stack_limit;

static void free_altstack(void *mapping) {
    stack_t current, none = {.ss_flags = SS_DISABLE};
    if (sigaltstack(NULL, &current) == 0 && current.ss_sp == mapping) sigaltstack(&none, NULL);
    munmap(mapping, ALTSTACK_BYTES);
}

static int install_altstack(void) {
    stack_t current;
    if (sigaltstack(NULL, &current) == 0 && !(current.ss_flags & SS_DISABLE))
        return 0; /* faulthandler's, say: ours would need no more */
    void *mapping = mmap(NULL, ALTSTACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (mapping == MAP_FAILED) return -1;
    stack_t own = {.ss_sp = mapping, .ss_size = ALTSTACK_BYTES};
    if (sigaltstack(&own, NULL) != 0 || pthread_setspecific(thread_key, mapping) != 0) {
        munmap(mapping, ALTSTACK_BYTES);
        return -1;
    }
    tp_thread.own_altstack = mapping;
    return 0;
}

/* Sets stack_floor from this thread's stack; for the main thread glibc answers from RLIMIT_STACK. */
static int find_stack_floor(void) {
    pthread_attr_t attributes;
    void *lowest;
    size_t size, guard = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return -1;
    int result = pthread_attr_getstack(&attributes, &lowest, &size);
    pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_destroy(&attributes);
    if (result != 0) return -1;
    size_t reserve = HOST_RESERVE + OWN_RESERVE;
    if (reserve > size / 2) /* a thread with a tiny stack: share it */
        reserve = size / 2;
    tp_thread.stack_floor = (uintptr_t)lowest + guard + reserve;
    tp_thread.reserve = reserve;
    return 0;
}

int tp_thread_prepare(void) {
    tp_thread.is_main = tp_thread.is_main || (pid_t)syscall(SYS_gettid) == getpid();
    if (install_altstack() < 0 || find_stack_floor() < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    if (tp_thread.is_main) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_STACK, &limit) == 0) main_stack_limit = limit.rlim_cur;
    }
    return 0;
}

void tp_thread_recheck(void) {
    struct rlimit limit;
    if (tp_thread.is_main && tp_thread.stack_floor != 0 && getrlimit(RLIMIT_STACK, &limit) == 0 &&
        limit.rlim_cur != main_stack_limit)
        tp_thread.stack_floor = 0; /* the next entry measures again */
}

int tp_init_signals(PyObject *Py_UNUSED(module)) {
    if (pthread_key_create(&thread_key, free_altstack) != 0) return tp_no_memory();
    find_faulthandler();
    tp_signals_check();
    return 0;
}
