/* Hashing: open addressing with 64-bit keys; multiply-shift hashes, unpredictable loads. */
#include "kernel.h"

#define SLOTS (1u << 17)
static uint64_t keys[SLOTS];
static uint32_t counts[SLOTS];

static uint32_t find(uint64_t key) {
    uint32_t slot = (uint32_t)(key * 0x9E3779B97F4A7C15ull >> 47);
    while (keys[slot] && keys[slot] != key) slot = (slot + 1) & (SLOTS - 1);
    return slot;
}

EXPORT(run) uint64_t run(uint32_t n) {
    for (uint32_t i = 0; i < SLOTS; i++) keys[i] = 0, counts[i] = 0;
    uint32_t seed = 77;
    uint64_t check = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t key = (uint64_t)(next_random(&seed) % 60000 + 1) * 0x100000001b3ull;
        uint32_t slot = find(key);
        keys[slot] = key;
        check += ++counts[slot] * (uint64_t)slot;
    }
    return check;
}
