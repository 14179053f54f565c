/* What every kernel shares: exact integer types, the export marker, a small random generator. A kernel exports
   `run(n)`, does work that grows with n, and returns a checksum of everything it computed. */
#ifndef KERNEL_H
#define KERNEL_H
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name), visibility("default")))
#define NOINLINE __attribute__((noinline))

static inline uint32_t next_random(uint32_t *state) {
    uint32_t x = *state; /* xorshift32 */
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static inline uint64_t double_bits(double value) {
    uint64_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}
#endif
