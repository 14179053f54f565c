/* Host functions: wasm calls arch_host_stub, which calls tp_host_call here; and CallerBase, what they see of the caller.

   Whatever the callback raises is left set and wasm is unwound to the innermost entry stub, so that the exception comes
   out of the outermost call as it was raised. */
#include "runtime.h"

/* A Caller nobody kept, for the next call; only of types without a dictionary or weak references, which would show. */
static CallerObject *spare_caller;

/* ---- Caller ---- */
static CallerObject *caller_begin(Store *store, VMContext *caller) {
    PyTypeObject *type = (PyTypeObject *)tp_registry.Caller;
    CallerObject *self = spare_caller != NULL ? spare_caller : (CallerObject *)type->tp_alloc(type, 0);
    spare_caller = NULL;
    if (self == NULL) return NULL;
    self->store = store;
    self->caller = caller;
    return self;
}

static void caller_end(CallerObject *self) {
    const PyTypeObject *type = Py_TYPE((PyObject *)self);
    self->store = NULL;
    self->caller = NULL;
    if (Py_REFCNT((PyObject *)self) == 1 && spare_caller == NULL && type->tp_dictoffset == 0 &&
        type->tp_weaklistoffset == 0)
        spare_caller = self;
    else Py_DECREF((PyObject *)self);
}

static PyObject *caller_get_store(PyObject *object, void *Py_UNUSED(closure)) {
    return (PyObject *)Py_XNewRef(tp_store_for(object, 0));
}

static PyObject *caller_get_instance(PyObject *object, void *Py_UNUSED(closure)) {
    if (tp_store_for(object, 0) == NULL) return NULL;
    VMContext *caller = ((CallerObject *)object)->caller;
    return caller == NULL ? Py_NewRef(Py_None) : tp_instance_handle(INSTANCE_OF(caller));
}

static PyGetSetDef caller_getset[] = {
    {"_store", caller_get_store, NULL, NULL, NULL}, {"_instance", caller_get_instance, NULL, NULL, NULL}, {0}};
static PyType_Slot caller_slots[] = {
    {Py_tp_new, tp_no_new}, {Py_tp_dealloc, tp_plain_dealloc}, {Py_tp_getset, caller_getset}, {0, NULL}};

/* ---- the callback ---- */
#define SMALL_ARGS 8 /* arguments whose array lies on the C stack */

/* Calls the callback. argv has two free slots in front of the arguments: for the interpreter and for the Caller. */
static PyObject *call_back(HostFunc *func, VMContext *caller, PyObject **argv, uint32_t count) {
    PyObject *callback = func->callback;
    if (!func->access_caller)
        return PyObject_Vectorcall(callback, argv + 2, count | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    CallerObject *context = caller_begin(func->store, caller);
    if (context == NULL) return NULL;
    argv[1] = (PyObject *)context;
    PyObject *result = PyObject_Vectorcall(callback, argv + 1, (count + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    caller_end(context);
    return result;
}

#define INCOMPATIBLE "function attempted to return an incompatible value: "

/* Puts wasm's point of view in front of the message of a conversion error. */
static int incompatible_result(void) {
    PyObject *type, *error, *traceback;
    if (!PyErr_ExceptionMatches(PyExc_TypeError) && !PyErr_ExceptionMatches(PyExc_ValueError)) return -1;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_Format(type, INCOMPATIBLE "%S", error != NULL ? error : type);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
    return -1;
}

static int convert_result(Store *store, int kind, PyObject *item, uint64_t out[2]) {
    return LIKELY(tp_value_from_python(store, kind, item, out) == 0) ? 0 : incompatible_result();
}

/* area: where the results after the first go, as the plan says. -1 with an exception. */
static int convert_results(HostFunc *func, PyObject *value, uint64_t *first, uint8_t *area) {
    const Signature *signature = func->signature;
    uint32_t count = signature->num_results;
    if (count == 0) {
        first[0] = first[1] = 0;
        if (value == Py_None) return 0;
        return tp_error(tp_registry.WasmError, INCOMPATIBLE "callback produced results when it shouldn't");
    }
    if (count == 1) return convert_result(func->store, signature->results[0], value, first);
    PyObject *items = PySequence_Fast(value, INCOMPATIBLE "expected a tuple or list");
    if (items == NULL) return -1;
    int result = 0;
    if (PySequence_Fast_GET_SIZE(items) != (Py_ssize_t)count)
        result = tp_error(tp_registry.WasmError,
            INCOMPATIBLE "callback produced wrong number of results: expected %u, got %zd", count,
            PySequence_Fast_GET_SIZE(items));
    for (uint32_t i = 0; result == 0 && i < count; i++) {
        uint64_t word[2];
        result = convert_result(func->store, signature->results[i], PySequence_Fast_GET_ITEM(items, i), word);
        if (result < 0) break;
        if (i == 0) memcpy(first, word, sizeof word);
        else tp_value_store_result(signature->results[i], area + signature->plan->result_offsets[i], word);
    }
    Py_DECREF(items);
    return result;
}

/* ---- from wasm ---- */
static void load_argument(const HostArgs *args, const uint8_t *stack, const Place *place, uint64_t out[2]) {
    out[1] = 0;
    if (place->place == PLACE_INT) out[0] = args->ints[place->index];
    else if (place->place == PLACE_FLOAT) memcpy(out, &args->floats[place->index], 16);
    else memcpy(out, stack + place->index, place->kind == KIND_V128 ? 16 : 8);
}

static int run_callback(HostFunc *func, VMContext *caller, HostArgs *args, const uint8_t *stack) {
    const Signature *signature = func->signature;
    const CallPlan *plan = signature->plan;
    uint32_t count = signature->num_params, made = 0;
    PyObject *small[SMALL_ARGS + 2], **argv = small, *value = NULL;
    if (UNLIKELY(count > SMALL_ARGS)) {
        argv = PyMem_Malloc((count + 2) * sizeof *argv);
        if (argv == NULL) return tp_no_memory();
    }
    Store *store = func->store;
    store->no_gc++; /* no stack map lists the arguments any more, nor the results before they are all there */
    for (; made < count; made++) {
        uint64_t word[2];
        load_argument(args, stack, &plan->params[made], word);
        argv[made + 2] = tp_value_to_python(store, signature->params[made], word);
        if (UNLIKELY(argv[made + 2] == NULL)) break;
    }
    store->no_gc--;
    if (LIKELY(made == count)) value = call_back(func, caller, argv, count);
    while (made > 0) Py_DECREF(argv[--made + 2]);
    if (UNLIKELY(argv != small)) PyMem_Free(argv);
    if (UNLIKELY(value == NULL)) return -1;
    uint64_t pointer[2] = {0};
    if (plan->has_out) load_argument(args, stack, &plan->out, pointer);
    tp_gc_if_due(store);
    store->no_gc++;
    int result = convert_results(func, value, args->result, (uint8_t *)(uintptr_t)pointer[0]);
    Py_DECREF(value);
    store->no_gc--;
    return result;
}

/* Called by arch_host_stub. fp: the stub's frame. Returns how many bytes of stack arguments to pop. */
size_t tp_host_call(HostFunc *func, VMContext *caller, HostArgs *args, uintptr_t fp) {
    Store *store = func->store;
    store->exit_pc = arch_frame_return(fp);
    store->exit_fp = arch_frame_caller(fp);
    tp_gil_take(store);
    if (UNLIKELY(run_callback(func, caller, args, ARCH_FRAME_ARGS(fp)) < 0)) tp_unwind_with_python_error(store);
    /* The interrupt may have ended a wait in the callback; wasm may have no check before it returns. */
    if (UNLIKELY(LOAD_RELAXED(&store->interrupt)) && tp_store_interrupted(store) < 0)
        tp_unwind_with_python_error(store);
    if (UNLIKELY(!LOAD_RELAXED(&tp_ticker_awake))) /* the callback has forked */
        tp_ticker_wake();
    if (UNLIKELY(store->gil_policy == GIL_RELEASE)) tp_gil_release_for_call(store);
    return func->signature->plan->stack_bytes;
}

TP_TYPE(host_call, "CallerBase", CallerObject, TP_BASE_FLAGS, caller_slots, tp_caller_type, NULL)
