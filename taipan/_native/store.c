/* StoreBase: the owner of instances, host functions, memories, tables and globals; entering and leaving.

   A store is used by one thread at a time. `depth` and `owner` are read and written with the GIL held; a thread that
   runs wasm without the GIL leaves them set, so that others find the store busy. Everything owned stays until `_close`
   or the store's end: code and handles therefore follow pointers into an open store without counting. */
#include "runtime.h"
#include <sys/resource.h>

static uint64_t next_store_id = 1;

/* ---- ownership ---- */
void tp_store_own(Store *store, Owned *item, const OwnedKind *kind) {
    item->kind = kind;
    item->next = store->owned;
    store->owned = item;
}

void tp_store_add_instance(Store *store, Instance *instance, const OwnedKind *kind) {
    instance->store = store;
    STORE_RELAXED(&instance->next_instance, NULL);
    STORE_RELAXED(&instance->vmctx->stack_limit, store->true_limit);
    tp_store_own(store, &instance->owned, kind);
    /* From here on other threads may set the new cell. */
    if (store->last_instance != NULL)
        atomic_store_explicit(&store->last_instance->next_instance, instance, memory_order_release);
    else atomic_store_explicit(&store->first_instance, instance, memory_order_release);
    store->last_instance = instance;
    store->num_instances++;
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&store->interrupt)) atomic_store(&instance->vmctx->stack_limit, UINTPTR_MAX);
}

void tp_store_set_cells(Store *store, uintptr_t value) {
    Instance *instance = atomic_load_explicit(&store->first_instance, memory_order_acquire);
    while (instance != NULL) {
        STORE_RELAXED(&instance->vmctx->stack_limit, value);
        instance = atomic_load_explicit(&instance->next_instance, memory_order_acquire);
    }
    atomic_thread_fence(memory_order_seq_cst);
}

/* Frees everything; no wasm of the store is running. Runs arbitrary Python code, which finds the store closed. */
static void store_close(Store *self) {
    if (self->live_id == 0) return;
    self->live_id = 0;
    tp_ticker_remove(self);
    for (Owned *item = self->owned; item != NULL; item = item->next)
        if (item->kind->clear != NULL) item->kind->clear(item);
    tp_gc(self); /* no frame holds anything now */
    Py_CLEAR(self->limiter);
    Owned *item = self->owned;
    self->owned = NULL;
    atomic_store(&self->first_instance, NULL);
    self->last_instance = NULL;
    while (item != NULL) {
        Owned *next = item->next;
        item->kind->free(item);
        item = next;
    }
}

/* ---- entering ---- */
int tp_store_busy_error(void) { return tp_error(tp_registry.StoreBusyError, "the store is in use by another thread"); }

int tp_store_interrupted(Store *store) {
    atomic_fetch_and(&store->interrupt, ~INTERRUPT_ONCE);
    return tp_raise_trap(TRAP_INTERRUPT);
}

int tp_store_enter_slow(Store *store, uintptr_t sp) {
    Thread *thread = &tp_thread;
    tp_thread_recheck();
    if (thread->stack_floor == 0 && tp_thread_prepare() < 0) return -1;
    uintptr_t wanted = sp > store->max_wasm_stack ? sp - store->max_wasm_stack : 0;
    if (wanted < thread->stack_floor) wanted = thread->stack_floor;
    /* The kernel will not let the main thread's stack grow below a limit that is lowered later: grow it now. It writes to
       the lowest address, so that a stack that cannot grow (no address space) is an error and no fault. */
    while (thread->is_main && getrlimit(RLIMIT_STACK, (struct rlimit *)(wanted - thread->reserve)) != 0)
        wanted += STACK_LIMIT_SLACK;
    if (sp < wanted) return tp_raise_trap(TRAP_STACK_OVERFLOW);
    if (store->true_limit != wanted) {
        store->true_limit = wanted;
        tp_store_set_cells(store, wanted);
        if (atomic_load(&store->interrupt)) tp_store_set_cells(store, UINTPTR_MAX);
    }
    return 0;
}

Store *tp_store_for(PyObject *object, uint64_t store_id) {
    Store *store;
    if (LIKELY(PyObject_TypeCheck(object, tp_store_type))) {
        store = (Store *)object;
    } else if (PyObject_TypeCheck(object, tp_caller_type)) {
        store = ((CallerObject *)object)->store;
        if (store == NULL)
            return (void *)PyErr_Format(
                tp_registry.StoreClosedError, "the caller is no longer valid: its call has ended");
    } else {
        return (void *)PyErr_Format(
            PyExc_TypeError, "expected a Store or a Caller, got %.100s", Py_TYPE(object)->tp_name);
    }
    if (UNLIKELY(store->live_id == 0)) return (void *)PyErr_Format(tp_registry.StoreClosedError, "the store is closed");
    if (UNLIKELY(store_id != 0 && store->live_id != store_id))
        return (void *)PyErr_Format(tp_registry.WrongStoreError, "object used with the wrong store");
    if (UNLIKELY(store->depth != 0 && store->owner != &tp_thread)) {
        tp_store_busy_error();
        return NULL;
    }
    return store;
}

/* ---- the Python type ---- */
static PyObject *store_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs)) {
    Store *self = (Store *)type->tp_alloc(type, 0);
    if (self != NULL) self->true_limit = UINTPTR_MAX; /* nothing may run before the first entry has set it */
    return (PyObject *)self;
}

static int store_init(PyObject *object, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"max_wasm_stack", "gil", NULL};
    static const char *const policies[] = {[GIL_ADAPTIVE] = "adaptive", [GIL_RELEASE] = "release", [GIL_HOLD] = "hold"};
    Store *self = (Store *)object;
    Py_ssize_t max_wasm_stack;
    const char *gil;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$ns:StoreBase", names, &max_wasm_stack, &gil)) return -1;
    if (self->id != 0) return tp_error(PyExc_TypeError, "a store is initialised once");
    if (!tp_registry.complete) return tp_error(PyExc_RuntimeError, "register() has not been called");
    if (max_wasm_stack <= 0) return tp_error(PyExc_ValueError, "max_wasm_stack must be positive");
    int policy = 0;
    while (policy < 3 && strcmp(gil, policies[policy]) != 0) policy++;
    if (policy == 3)
        return tp_error(PyExc_ValueError, "gil must be \"adaptive\", \"release\" or \"hold\", not \"%s\"", gil);
    self->gil_policy = policy;
    tp_signals_check();
    self->max_wasm_stack = (size_t)max_wasm_stack;
    self->id = self->live_id = next_store_id++;
    tp_ticker_add(self);
    return 0;
}

static int store_traverse(PyObject *object, visitproc visit, void *arg) {
    Store *self = (Store *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->limiter);
    for (size_t i = 0; self->externrefs.slots != NULL && i <= self->externrefs.mask; i++)
        Py_VISIT(self->externrefs.slots[i]);
    for (Owned *item = self->owned; item != NULL; item = item->next)
        if (item->kind->traverse != NULL) {
            int result = item->kind->traverse(item, visit, arg);
            if (result != 0) return result;
        }
    return 0;
}

static int store_clear(PyObject *object) {
    Store *self = (Store *)object;
    if (self->depth == 0) /* a running call holds a reference, so that garbage never runs */
        store_close(self);
    return 0;
}

static void store_dealloc(PyObject *object) {
    PyObject *error_type, *error, *traceback;
    PyObject_GC_UnTrack(object);
    PyErr_Fetch(&error_type, &error, &traceback);
    store_close((Store *)object);
    Py_XDECREF(((Store *)object)->limiter); /* set after closing */
    PyErr_Restore(error_type, error, traceback);
    tp_plain_dealloc(object);
}

static PyObject *store_close_method(PyObject *object, PyObject *Py_UNUSED(ignored)) {
    Store *self = (Store *)object;
    if (self->depth != 0 || self->no_gc != 0) /* or converts values for a call */
        return PyErr_Format(tp_registry.StoreBusyError, "a store cannot be closed while wasm runs in it");
    store_close(self);
    Py_RETURN_NONE;
}

static PyObject *store_interrupt(PyObject *object, PyObject *args) {
    Store *self = (Store *)object;
    int set = INTERRUPT_ONCE, clear = 0;
    if (!PyArg_ParseTuple(args, "|ii:_interrupt", &set, &clear)) return NULL;
    if (self->live_id != 0) {
        /* The flag before the cells: whoever resets a cell looks at the flag afterwards. */
        atomic_fetch_and(&self->interrupt, ~clear);
        if (atomic_fetch_or(&self->interrupt, set) | set) tp_store_set_cells(self, UINTPTR_MAX);
    }
    Py_RETURN_NONE;
}

static PyObject *store_fuel(PyObject *object, PyObject *value) {
    Store *self = tp_store_for(object, 0);
    if (self == NULL) return NULL;
    if (value != Py_None) self->fuel = PyLong_AsLongLong(value);
    return PyErr_Occurred() ? NULL : PyLong_FromLongLong(self->fuel);
}

static PyObject *store_gc(PyObject *object, PyObject *Py_UNUSED(ignored)) {
    Store *self = (Store *)object;
    if (self->live_id != 0 && tp_store_for(object, 0) == NULL) return NULL;
    tp_gc(self);
    Py_RETURN_NONE;
}

static PyObject *store_stats(PyObject *object, PyObject *Py_UNUSED(ignored)) {
    static uint64_t last_count; /* of calls here */
    Store *self = (Store *)object;
    uint64_t code_bytes = 0;
    last_count++;
    for (Instance *i = atomic_load(&self->first_instance); i != NULL; i = atomic_load(&i->next_instance)) {
        NativeModule *module = i->module;
        if (module->counted != last_count) code_bytes += module->code_bytes;
        module->counted = last_count;
    }
    return Py_BuildValue("{sKsKsKsKsKsKsKsKsKsKsKsKsK}", "instances", self->num_instances, "funcrefs",
        self->num_funcrefs, "externref_increments", self->externref_increments, "externref_decrements",
        self->externref_decrements, "activations_table", self->externrefs.used, "code_bytes", code_bytes, "bytes_moved",
        self->bytes_moved, "gc_collections", self->gc_collections, "gc_deferred", self->gc_deferred, "gc_skipped",
        self->gc_skipped, "gc_strays", self->gc_strays, "gc_table", self->gc_table, "gc_live", self->gc_live);
}

static PyObject *store_get_closed(PyObject *self, void *Py_UNUSED(closure)) {
    return PyBool_FromLong(((Store *)self)->live_id == 0);
}

static PyMethodDef store_methods[] = {{"_close", store_close_method, METH_NOARGS, NULL},
    {"_interrupt", store_interrupt, METH_VARARGS, NULL}, {"_fuel", store_fuel, METH_O, NULL},
    {"_gc", store_gc, METH_NOARGS, NULL}, {"_stats", store_stats, METH_NOARGS, NULL}, {0}};

static PyMemberDef store_members[] = {{"id", T_ULONGLONG, offsetof(Store, id), READONLY, NULL},
    {"_interrupted", T_BOOL, offsetof(Store, interrupt), READONLY, NULL},
    {"limiter", T_OBJECT, offsetof(Store, limiter), 0, NULL}, {0}};

static PyGetSetDef store_getset[] = {{"closed", store_get_closed, NULL, NULL, NULL}, {0}};
static PyType_Slot store_slots[] = {{Py_tp_new, store_new}, {Py_tp_init, store_init}, {Py_tp_dealloc, store_dealloc},
    {Py_tp_traverse, store_traverse}, {Py_tp_clear, store_clear}, {Py_tp_methods, store_methods},
    {Py_tp_members, store_members}, {Py_tp_getset, store_getset}, {0, NULL}};
TP_TYPE(store, "StoreBase", Store, TP_BASE_FLAGS | Py_TPFLAGS_HAVE_GC, store_slots, tp_store_type, NULL)
