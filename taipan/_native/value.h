/* Conversions that call.c and host_call.c have inline. */
#ifndef TAIPAN_VALUE_H
#define TAIPAN_VALUE_H

#include "core.h"

/* Integers beyond the inline case, and everything that is none: as tp_value_from_python. */
int tp_value_slow_integer(int kind, PyObject *value, uint64_t *out);

/* The value of an int of one digit (30 bits) or zero, any of the common ones; false: use the slow way. */
static inline bool value_small_int(PyObject *value, int64_t *out) {
    if (UNLIKELY(!PyLong_CheckExact(value))) return false;
#if PY_VERSION_HEX >= 0x030C0000
    if (UNLIKELY(!PyUnstable_Long_IsCompact((PyLongObject *)value))) return false;
    *out = PyUnstable_Long_CompactValue((PyLongObject *)value);
    return true;
#else
    Py_ssize_t size = Py_SIZE(value);
    if (UNLIKELY(size < -1 || size > 1)) return false;
    *out = (int64_t)size * ((PyLongObject *)value)->ob_digit[0]; /* zero: size 0, whatever the digit */
    return true;
#endif
}

static inline int value_to_i32(PyObject *value, uint64_t *out) {
    int64_t small;
    if (LIKELY(value_small_int(value, &small))) {
        *out = (uint32_t)small;
        return 0;
    }
    return tp_value_slow_integer(KIND_I32, value, out);
}

static inline int value_to_i64(PyObject *value, uint64_t *out) {
    int64_t small;
    if (LIKELY(value_small_int(value, &small))) {
        *out = (uint64_t)small;
        return 0;
    }
    return tp_value_slow_integer(KIND_I64, value, out);
}

static inline int value_to_int(int kind, PyObject *value, uint64_t *out) {
    return kind == KIND_I32 ? value_to_i32(value, out) : value_to_i64(value, out);
}

/* What a call returns: None, a value, or a list. area: the results after the first, as the plan says. */
PyObject *tp_results_to_python(Store *store, const Signature *signature, const uint64_t first[2], const uint8_t *area);
/* A result after the first: with its own width. */
void tp_value_store_result(int kind, uint8_t *area, const uint64_t value[2]);

#endif
