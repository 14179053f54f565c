/* Values between Python and generated code, and Signature: the function types they are checked against.

   wasmtime-py's rules: integers wrap, bool is an int, floats only from floats (an int or an object with __index__ is a
   TypeError), funcrefs are Func or None, externrefs any object; v128 also as an int or 16 bytes. */
#include "runtime.h"

VMFuncRef tp_null_funcref = {.code = NULL, .type_id = NULL_TYPE_ID};

static const char *const kind_names[KIND_COUNT] = {
    "i32", "i64", "f32", "f64", "v128", "funcref", "externref", "a reference"};

static int cannot_convert(int kind, PyObject *value) {
    return tp_error(PyExc_TypeError, "don't know how to convert %.200R to %s", value, kind_names[kind]);
}

/* What a `Val` or `ExternRef` holds, if it has the kind asked for. Borrowed: the Val keeps it. NULL with TypeError. */
static PyObject *unwrap(int kind, PyObject *val) {
    PyObject *number = PyObject_GetAttrString(val, "_kind");
    if (number == NULL) return NULL;
    bool same = PyLong_AsLong(number) == kind;
    Py_DECREF(number);
    if (!same) return PyErr_Format(PyExc_TypeError, "wrong type of `Val` provided");
    PyObject *value = PyObject_GetAttrString(val, "_value");
    Py_XDECREF(value);
    return value;
}

static inline bool is_val(PyObject *value) {
    PyObject *type = (PyObject *)Py_TYPE(value);
    return type == tp_registry.Val || type == tp_registry.ExternRef;
}

static int v128_from_python(PyObject *value, uint64_t out[2]) {
    if (PyBytes_Check(value)) {
        if (PyBytes_GET_SIZE(value) != 16)
            return tp_error(PyExc_ValueError, "a v128 has 16 bytes, got %zd", PyBytes_GET_SIZE(value));
        memcpy(out, PyBytes_AS_STRING(value), 16);
        return 0;
    }
    if (!PyLong_Check(value)) return cannot_convert(KIND_V128, value);
    PyObject *shift = PyLong_FromLong(64);
    PyObject *high = shift == NULL ? NULL : PyNumber_Rshift(value, shift);
    Py_XDECREF(shift);
    if (high == NULL) return -1;
    out[0] = PyLong_AsUnsignedLongLongMask(value);
    out[1] = PyLong_AsUnsignedLongLongMask(high);
    Py_DECREF(high);
    return PyErr_Occurred() ? -1 : 0;
}

static int nullable(int kind) { return kind == KIND_FUNC ? KIND_FUNCREF : kind == KIND_EXTERN ? KIND_EXTERNREF : kind; }

int tp_value_from_python(Store *store, int kind, PyObject *value, uint64_t out[2]) {
    out[0] = out[1] = 0;
    bool non_null = kind > KIND_OPAQUE;
    kind = nullable(kind);
    if (UNLIKELY(is_val(value))) {
        value = unwrap(kind, value);
        if (value == NULL) return -1;
    }
    if (UNLIKELY(non_null && value == Py_None))
        return tp_error(PyExc_TypeError, "null is not a value of a non-nullable reference type");
    switch (kind) {
    case KIND_I32:
    case KIND_I64: return value_to_int(kind, value, &out[0]);
    case KIND_F32: {
        if (!PyFloat_Check(value)) return cannot_convert(kind, value);
        float single = (float)PyFloat_AS_DOUBLE(value);
        memcpy(out, &single, 4);
        return 0;
    }
    case KIND_F64: {
        if (!PyFloat_Check(value)) return cannot_convert(kind, value);
        double number = PyFloat_AS_DOUBLE(value);
        memcpy(out, &number, 8);
        return 0;
    }
    case KIND_V128: return v128_from_python(value, out);
    case KIND_FUNCREF: {
        VMFuncRef *ref = tp_funcref_from_python(store, value);
        out[0] = (uintptr_t)ref;
        return ref == NULL ? -1 : 0;
    }
    case KIND_EXTERNREF:
        out[0] = value == Py_None ? 0 : (uintptr_t)value;
        return value == Py_None ? 0 : tp_externref_enter(store, value);
    default: /* not even None: the null of a function type is a record, that of other types 0 */
        return cannot_convert(kind, value);
    }
}

PyObject *tp_value_to_python(Store *store, int kind, const uint64_t value[2]) {
    switch (nullable(kind)) {
    case KIND_I32: return PyLong_FromLong((int32_t)value[0]);
    case KIND_I64: return PyLong_FromLongLong((int64_t)value[0]);
    case KIND_F32: {
        float single;
        memcpy(&single, value, 4);
        return PyFloat_FromDouble(single);
    }
    case KIND_F64: {
        double number;
        memcpy(&number, value, 8);
        return PyFloat_FromDouble(number);
    }
    case KIND_V128: return _PyLong_FromByteArray((const uint8_t *)value, 16, 1, 0);
    case KIND_FUNCREF: return tp_func_handle(store, (VMFuncRef *)(uintptr_t)value[0]);
    case KIND_EXTERNREF: return Py_NewRef(value[0] == 0 ? Py_None : (PyObject *)(uintptr_t)value[0]);
    default:
        if (value[0] == 0) Py_RETURN_NONE;
        return PyErr_Format(
            tp_registry.UnsupportedError, "values of this reference type cannot be passed to Python yet");
    }
}

int tp_value_slow_integer(int kind, PyObject *value, uint64_t *out) {
    if (!PyLong_Check(value)) {
        PyObject *held = is_val(value) ? unwrap(kind, value) : value;
        if (held == NULL) return -1;
        if (!PyLong_Check(held)) return cannot_convert(kind, held);
        value = held;
    }
    *out = PyLong_AsUnsignedLongLongMask(value);
    if (kind == KIND_I32) *out = (uint32_t)*out;
    return 0;
}

/* ---- CallPlan: abi/calls.py CallLayout ---- */
static uint32_t kind_size(int kind) { return kind == KIND_I32 || kind == KIND_F32 ? 4 : kind == KIND_V128 ? 16 : 8; }
static bool kind_is_float(int kind) { return kind == KIND_F32 || kind == KIND_F64 || kind == KIND_V128; }
static bool kind_is_int(int kind) { return kind == KIND_I32 || kind == KIND_I64; }

static int plan_shape(const Signature *self, bool all_in_registers) {
    bool ints = true, doubles = true;
    for (uint32_t i = 0; i < self->num_params; i++) {
        ints &= kind_is_int(self->params[i]);
        doubles &= self->params[i] == KIND_F64;
    }
    if (self->num_results > 1) return PLAN_GENERAL;
    if (ints && all_in_registers && (self->num_results == 0 || kind_is_int(self->results[0]))) return PLAN_INTS;
    if (doubles && self->num_params <= 4 && self->num_results == 1 && self->results[0] == KIND_F64) return PLAN_DOUBLES;
    return PLAN_GENERAL;
}

/* What has been given out so far. */
typedef struct Used {
    uint32_t ints, floats, stack;
} Used;

static Place next_place(Used *used, uint8_t kind) {
    if (kind_is_float(kind) && used->floats < ARCH_FLOAT_ARGS) return (Place){PLACE_FLOAT, kind, used->floats++};
    if (!kind_is_float(kind) && used->ints < ARCH_INT_ARGS) return (Place){PLACE_INT, kind, used->ints++};
    uint32_t size = kind == KIND_V128 ? 16 : 8, at = (used->stack + size - 1) & ~(size - 1);
    used->stack = at + size;
    return (Place){PLACE_STACK, kind, at};
}

static CallPlan *make_plan(const Signature *self) {
    size_t places = self->num_params * sizeof(Place);
    CallPlan *plan = PyMem_Calloc(1, sizeof *plan + places + self->num_results * sizeof(uint32_t));
    Used used = {0};
    uint32_t offset = 0;
    if (plan == NULL) return NULL;
    plan->result_offsets = (uint32_t *)((uint8_t *)plan + sizeof *plan + places);
    for (uint32_t i = 0; i < self->num_params; i++) plan->params[i] = next_place(&used, self->params[i]);
    plan->shape = plan_shape(self, used.stack == 0);
    plan->has_out = self->num_results > 1;
    if (plan->has_out) plan->out = next_place(&used, KIND_I64);
    for (uint32_t i = 1; i < self->num_results; i++) {
        uint32_t size = kind_size(self->results[i]);
        plan->result_offsets[i] = (offset + size - 1) & ~(size - 1);
        offset = plan->result_offsets[i] + size;
    }
    plan->stack_bytes = (used.stack + 15) & ~15u;
    plan->result_bytes = (offset + 15) & ~15u;
    return plan;
}

PyObject *tp_results_to_python(Store *store, const Signature *signature, const uint64_t first[2], const uint8_t *area) {
    uint32_t count = signature->num_results;
    if (count == 0) Py_RETURN_NONE;
    if (count == 1) return tp_value_to_python(store, signature->results[0], first);
    PyObject *list = PyList_New(count);
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        uint64_t word[2] = {0, 0};
        int kind = signature->results[i];
        if (i > 0) memcpy(word, area + signature->plan->result_offsets[i], kind_size(kind));
        PyObject *item = tp_value_to_python(store, kind, i == 0 ? first : word);
        if (item == NULL) Py_CLEAR(list);
        else PyList_SET_ITEM(list, i, item);
    }
    return list;
}

void tp_value_store_result(int kind, uint8_t *area, const uint64_t value[2]) { memcpy(area, value, kind_size(kind)); }

/* ---- Signature: its type refers to nothing that could refer to it, so it is no part of cycles ---- */
static PyObject *signature_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs)) {
    const char *params, *results;
    Py_ssize_t num_params, num_results;
    unsigned int type_id;
    PyObject *functype;
    if (!PyArg_ParseTuple(args, "y#y#IO:Signature", &params, &num_params, &results, &num_results, &type_id, &functype))
        return NULL;
    if (num_params > 100000 || num_results > 100000) /* limits.py has 1,000 */
        return PyErr_Format(PyExc_ValueError, "too many parameters or results");
    Signature *self = (Signature *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->type = Py_NewRef(functype);
    self->type_id = type_id;
    self->num_params = (uint32_t)num_params;
    self->num_results = (uint32_t)num_results;
    bool good = true;
    if ((self->params = PyMem_Malloc((size_t)(num_params + num_results) + 1)) != NULL) {
        self->results = self->params + num_params;
        memcpy(self->params, params, (size_t)num_params);
        memcpy(self->results, results, (size_t)num_results);
        for (Py_ssize_t i = 0; good && i < num_params + num_results; i++) good = self->params[i] < KIND_COUNT;
        if (good) self->plan = make_plan(self);
    }
    if (self->plan != NULL) return (PyObject *)self;
    Py_DECREF(self);
    return good ? PyErr_NoMemory() : PyErr_Format(PyExc_ValueError, "a signature consists of KIND_* bytes");
}

static void signature_dealloc(PyObject *object) {
    Signature *self = (Signature *)object;
    Py_XDECREF(self->type);
    PyMem_Free(self->params);
    PyMem_Free(self->plan);
    tp_plain_dealloc(object);
}

static PyMemberDef signature_members[] = {{"type", T_OBJECT, offsetof(Signature, type), READONLY, NULL},
    {"type_id", T_UINT, offsetof(Signature, type_id), READONLY, NULL}, {0}};
static PyType_Slot signature_slots[] = {
    {Py_tp_new, signature_new}, {Py_tp_dealloc, signature_dealloc}, {Py_tp_members, signature_members}, {0, NULL}};
TP_TYPE(value, "Signature", Signature, Py_TPFLAGS_DEFAULT, signature_slots, tp_signature_type, NULL)
