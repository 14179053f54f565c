/* FuncBase: calling functions of a store from Python.

   A handle is created with the entry (vectorcall function) that fits its signature, so that a call of the common kind
   only compares the store's id, converts small integers, and enters wasm. */
#include "runtime.h"

#define FUNC_REF(self) ((VMFuncRef *)(self)->handle.target)

/* The first type of stores seen here, in practice the only one: an exact match saves a walk through the bases. Strong. */
static PyTypeObject *usual_store_type;
static inline uintptr_t stack_pointer(void) { return (uintptr_t)__builtin_frame_address(0); }

/* ---- arguments that every kind of call checks ---- */
static Store *store_argument_slow(FuncObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    if (kwnames != NULL && PyTuple_GET_SIZE(kwnames) != 0)
        return (void *)PyErr_Format(PyExc_TypeError, "wasm functions take no keyword arguments");
    if (nargs == 0) return (void *)PyErr_Format(PyExc_TypeError, "the first argument must be a Store or a Caller");
    Store *store = tp_store_for(args[0], self->handle.store_id);
    if (store == NULL) return NULL;
    if (usual_store_type == NULL) usual_store_type = (PyTypeObject *)Py_NewRef((PyObject *)Py_TYPE((PyObject *)store));
    if ((size_t)(nargs - 1) != self->signature->num_params)
        return (void *)PyErr_Format(tp_registry.WasmError, "too %s parameters provided: expected %u arguments, got %zd",
            (size_t)nargs <= self->signature->num_params ? "few" : "many", self->signature->num_params, nargs - 1);
    return store;
}

/* The store, if it is open, owns the function and the number of arguments is right; NULL with an exception. */
static inline Store *store_argument(FuncObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    if (LIKELY(nargs > 0 && kwnames == NULL && Py_TYPE(args[0]) == usual_store_type)) {
        Store *store = (Store *)args[0];
        if (LIKELY(store->live_id == self->handle.store_id && (size_t)(nargs - 1) == self->signature->num_params))
            return store; /* tp_enter checks the thread */
    }
    return store_argument_slow(self, args, nargs, kwnames);
}

/* ---- integers in registers ---- */
static PyObject *call_ints(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    FuncObject *self = (FuncObject *)callable;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    Store *store = store_argument(self, args, nargs, kwnames);
    if (UNLIKELY(store == NULL)) return NULL;
    const uint8_t *kinds = self->signature->params;
    uint64_t a[ARCH_INT_ARGS] = {0};
#pragma GCC unroll 4
    for (Py_ssize_t i = 0; i < ARCH_INT_ARGS; i++) { /* the plan says that these are all */
        if (i == nargs - 1) break;
        if (UNLIKELY(value_to_int(kinds[i], args[i + 1], &a[i]) < 0)) return NULL;
    }
    Activation activation;
    if (UNLIKELY(tp_enter(store, &activation, stack_pointer()) < 0)) return NULL;
    const VMFuncRef *ref = FUNC_REF(self);
    uint64_t result = arch_enter_ints(ref->vmctx, NULL, a[0], a[1], a[2], a[3], ref->code, &activation);
    tp_leave(store, &activation);
    if (UNLIKELY(activation.unwound)) return NULL;
    if (self->signature->num_results == 0) Py_RETURN_NONE;
    if (self->signature->results[0] == KIND_I32) return PyLong_FromLong((int32_t)result);
    return PyLong_FromLongLong((int64_t)result);
}

/* ---- at most four f64, one f64 result ---- */
static PyObject *call_doubles(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    FuncObject *self = (FuncObject *)callable;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    Store *store = store_argument(self, args, nargs, kwnames);
    if (UNLIKELY(store == NULL)) return NULL;
    double x[4] = {0};
    for (Py_ssize_t i = 0; i < nargs - 1 && i < 4; i++) { /* the plan says at most 4 */
        uint64_t bits[2];
        if (LIKELY(PyFloat_CheckExact(args[i + 1]))) {
            x[i] = PyFloat_AS_DOUBLE(args[i + 1]);
            continue;
        }
        if (tp_value_from_python(store, KIND_F64, args[i + 1], bits) < 0) return NULL;
        memcpy(&x[i], &bits[0], 8);
    }
    Activation activation;
    if (UNLIKELY(tp_enter(store, &activation, stack_pointer()) < 0)) return NULL;
    const VMFuncRef *ref = FUNC_REF(self);
    double result = arch_enter_doubles(ref->vmctx, NULL, 0, 0, 0, 0, x[0], x[1], x[2], x[3], ref->code, &activation);
    tp_leave(store, &activation);
    return UNLIKELY(activation.unwound) ? NULL : PyFloat_FromDouble(result);
}

/* ---- everything else ---- */
/* Arguments and results of one call in machine form. */
typedef struct Frame {
    uint64_t ints[ARCH_INT_ARGS];
    ArchVector floats[ARCH_FLOAT_ARGS];
    uint64_t first[2]; /* first result */
    uint8_t *stack, *results;
    uint8_t *heap; /* of stack and results, if they do not fit into `small` */
    _Alignas(16) uint8_t small[256];
} Frame;

static int frame_init(Frame *frame, const CallPlan *plan) {
    size_t bytes = (size_t)plan->stack_bytes + plan->result_bytes;
    frame->heap = NULL;
    frame->stack = frame->small;
    if (bytes > sizeof frame->small) {
        frame->heap = PyMem_RawMalloc(bytes);
        if (frame->heap == NULL) return tp_no_memory();
        frame->stack = frame->heap;
    }
    frame->results = frame->stack + plan->stack_bytes;
    return 0;
}

static void frame_put(Frame *frame, const Place *place, const uint64_t value[2]) {
    if (place->place == PLACE_INT) frame->ints[place->index] = value[0];
    else if (place->place == PLACE_FLOAT) memcpy(&frame->floats[place->index], value, 16);
    else memcpy(frame->stack + place->index, value, place->kind == KIND_V128 ? 16 : 8);
}

static int frame_arguments(Frame *frame, Store *store, const Signature *signature, PyObject *const *args) {
    const CallPlan *plan = signature->plan;
    for (uint32_t i = 0; i < signature->num_params; i++) {
        uint64_t value[2];
        if (tp_value_from_python(store, signature->params[i], args[i], value) < 0) return -1;
        frame_put(frame, &plan->params[i], value);
    }
    if (plan->has_out) {
        uint64_t pointer[2] = {(uintptr_t)frame->results, 0};
        frame_put(frame, &plan->out, pointer);
    }
    return 0;
}

static void frame_enter(Frame *frame, const VMFuncRef *ref, const Signature *signature, Activation *activation) {
    const uint64_t *a = frame->ints;
    const ArchVector *x = frame->floats;
    uint32_t bytes = signature->plan->stack_bytes;
    int kind = signature->num_results ? signature->results[0] : KIND_I32;
#define ARGS \
    ref->vmctx, NULL, a[0], a[1], a[2], a[3], x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], ref->code, activation
    if (kind == KIND_F32 || kind == KIND_F64 || kind == KIND_V128) {
        ArchVector result = bytes ? arch_enter_stack_vector(ARGS, frame->stack, bytes) : arch_enter_vector(ARGS);
        memcpy(frame->first, &result, 16);
    } else {
        frame->first[0] = bytes ? arch_enter_stack(ARGS, frame->stack, bytes) : arch_enter(ARGS);
        frame->first[1] = 0;
    }
#undef ARGS
}

static PyObject *call_general(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    FuncObject *self = (FuncObject *)callable;
    Store *store = store_argument(self, args, PyVectorcall_NARGS(nargsf), kwnames);
    const Signature *signature = self->signature;
    Frame frame;
    Activation activation;
    PyObject *result = NULL;
    if (store == NULL) return NULL;
    tp_gc_if_due(store);       /* before the first argument enters, never between two */
    if (store->live_id == 0) { /* closed by a finaliser */
        tp_store_for(args[0], self->handle.store_id);
        return NULL;
    }
    if (frame_init(&frame, signature->plan) < 0) return NULL;
    store->no_gc++; /* from the first argument until all are in wasm's hands, and from there until all are results */
    int converted = frame_arguments(&frame, store, signature, args + 1);
    store->no_gc--;
    if (converted == 0 && tp_enter(store, &activation, stack_pointer()) == 0) {
        frame_enter(&frame, FUNC_REF(self), signature, &activation);
        tp_gil_take(store);
        store->no_gc++;
        /* Before leaving: nothing may be closed under the results. */
        if (!activation.unwound) result = tp_results_to_python(store, signature, frame.first, frame.results);
        store->no_gc--;
        tp_leave(store, &activation);
    }
    PyMem_RawFree(frame.heap);
    return result;
}

/* Of typed handles with several results: a tuple. */
static PyObject *call_several(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyObject *list = call_general(callable, args, nargsf, kwnames);
    PyObject *tuple = list == NULL ? NULL : PyList_AsTuple(list);
    Py_XDECREF(list);
    return tuple;
}

/* ---- handles ---- */
static FuncObject *new_handle(PyTypeObject *type, uint64_t store_id, VMFuncRef *ref, Signature *signature) {
    static const vectorcallfunc by_shape[] = {
        [PLAN_INTS] = call_ints, [PLAN_DOUBLES] = call_doubles, [PLAN_GENERAL] = call_general};
    FuncObject *self = (FuncObject *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->handle.store_id = store_id;
    self->handle.target = ref;
    self->signature = (Signature *)Py_NewRef((PyObject *)signature);
    /* A host function is entered through its stub like any other, but may leave externrefs behind. */
    self->vectorcall = ref->flags & FUNCREF_HOST ? call_general : by_shape[signature->plan->shape];
    return self;
}

PyObject *tp_func_handle(Store *store, VMFuncRef *ref) {
    if (ref == NULL || ref == &tp_null_funcref) Py_RETURN_NONE;
    Signature *signature;
    if (ref->flags & FUNCREF_HOST) signature = ((HostFunc *)ref->vmctx)->signature;
    else signature = tp_func_signature(INSTANCE_OF((VMContext *)ref->vmctx)->module, FUNCREF_INDEX(ref));
    return (PyObject *)new_handle((PyTypeObject *)tp_registry.Func, store->id, ref, signature);
}

VMFuncRef *tp_funcref_from_python(Store *store, PyObject *func) {
    if (func == Py_None) return &tp_null_funcref;
    if (!PyObject_TypeCheck(func, tp_func_type))
        return (void *)PyErr_Format(PyExc_TypeError, "don't know how to convert %.200R to funcref", func);
    FuncObject *self = (FuncObject *)func;
    if (self->handle.store_id != store->id)
        return (void *)PyErr_Format(tp_registry.WasmError, "cross-`Store` values are not supported");
    return FUNC_REF(self);
}

/* ---- host functions ---- */
static int host_traverse(Owned *owned, visitproc visit, void *arg) {
    HostFunc *self = (HostFunc *)owned;
    Py_VISIT(self->callback);
    Py_VISIT(self->signature);
    return 0;
}

static void host_clear(Owned *owned) { Py_CLEAR(((HostFunc *)owned)->callback); }

static void host_free(Owned *owned) {
    HostFunc *self = (HostFunc *)owned;
    Py_DECREF(self->signature);
    PyMem_Free(self);
}

static const OwnedKind host_kind = {host_traverse, host_clear, host_free};

static PyObject *func_host(PyObject *cls, PyObject *args) {
    PyObject *store_object, *signature, *callback;
    int access_caller;
    if (!PyArg_ParseTuple(args, "OO!Op:_host", &store_object, tp_signature_type, &signature, &callback, &access_caller))
        return NULL;
    if (!PyCallable_Check(callback)) return PyErr_Format(PyExc_TypeError, "_host() needs a callable");
    Store *store = tp_store_for(store_object, 0);
    if (store == NULL) return NULL;
    HostFunc *func = PyMem_Calloc(1, sizeof *func);
    if (func == NULL) return PyErr_NoMemory();
    func->store = store;
    func->signature = (Signature *)Py_NewRef(signature);
    func->callback = Py_NewRef(callback);
    func->access_caller = access_caller;
    func->ref = (VMFuncRef){
        .code = (void *)arch_host_stub, .type_id = func->signature->type_id, .flags = FUNCREF_HOST, .vmctx = func};
    tp_store_own(store, &func->owned, &host_kind);
    store->num_funcrefs++;
    return (PyObject *)new_handle((PyTypeObject *)cls, store->id, &func->ref, func->signature);
}

/* ---- the Python type ---- */
static void func_dealloc(PyObject *object) {
    Py_XDECREF(((FuncObject *)object)->signature);
    tp_plain_dealloc(object);
}

static PyObject *func_signature(PyObject *object, PyObject *store) {
    FuncObject *self = (FuncObject *)object;
    if (tp_store_for(store, self->handle.store_id) == NULL) return NULL;
    return Py_NewRef((PyObject *)self->signature);
}

void tp_func_class_calls(PyTypeObject *type) {
    if (type->tp_call == tp_func_type->tp_call) {
        type->tp_vectorcall_offset = tp_func_type->tp_vectorcall_offset;
        type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
        PyType_Modified(type);
    }
}

static PyObject *func_typed(PyObject *object, PyObject *cls) {
    FuncObject *self = (FuncObject *)object;
    if (!PyType_Check(cls) || !PyType_IsSubtype((PyTypeObject *)cls, tp_func_type))
        return PyErr_Format(PyExc_TypeError, "_typed() needs a subclass of FuncBase");
    PyTypeObject *type = (PyTypeObject *)cls;
    if (!PyType_HasFeature(type, Py_TPFLAGS_HAVE_VECTORCALL)) tp_func_class_calls(type);
    FuncObject *typed = new_handle(type, self->handle.store_id, FUNC_REF(self), self->signature);
    if (typed != NULL && cls != tp_registry.Func && self->signature->num_results > 1) typed->vectorcall = call_several;
    return (PyObject *)typed;
}

static PyMethodDef func_methods[] = {{"_host", func_host, METH_VARARGS | METH_CLASS, NULL},
    {"_signature", func_signature, METH_O, NULL}, {"_typed", func_typed, METH_O, NULL}, {0}};

static PyMemberDef func_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(FuncObject, vectorcall), READONLY, NULL}, {0}};
static PyType_Slot func_slots[] = {{Py_tp_dealloc, func_dealloc}, {Py_tp_call, PyVectorcall_Call},
    {Py_tp_methods, func_methods}, {Py_tp_members, func_members}, {0, NULL}};

PyObject *tp_debug_null_funcref(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    return Py_BuildValue("NN", PyLong_FromVoidPtr(&tp_null_funcref), PyLong_FromVoidPtr(tp_null_funcref.code));
}

TP_TYPE(
    call, "FuncBase", FuncObject, TP_BASE_FLAGS | Py_TPFLAGS_HAVE_VECTORCALL, func_slots, tp_func_type, tp_handle_type)
