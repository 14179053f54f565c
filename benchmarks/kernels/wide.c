/* 64-bit integers: modular exponentiation by multiply, divide and remainder. */
#include "kernel.h"

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus) {
    uint64_t result = 1;
    for (base %= modulus; exponent; exponent >>= 1) {
        if (exponent & 1) result = result * base % modulus;
        base = base * base % modulus;
    }
    return result;
}

EXPORT(run) uint64_t run(uint32_t n) {
    uint64_t check = 0;
    for (uint64_t p = 3; p < 3 + 2 * (uint64_t)n; p += 2)
        for (uint64_t a = 2; a < 6; a++) check = check * 31 + (power(a, p - 1, p) == 1) + power(a, p >> 1, p + 2);
    return check;
}
