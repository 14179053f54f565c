/* Recursion and bit tricks: number of ways to place n queens. */
#include "kernel.h"

NOINLINE static uint32_t place(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
    if (columns == all) return 1;
    uint32_t count = 0, free = all & ~(columns | left | right);
    while (free) {
        uint32_t bit = free & -free;
        free ^= bit;
        count += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

EXPORT(run) uint64_t run(uint32_t n) { return place((1u << n) - 1, 0, 0, 0); }
