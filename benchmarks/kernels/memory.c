/* Memory: word copies with overlap, fills and strided reads in plain loops. */
#include "kernel.h"

#define WORDS 65536
static uint64_t from[WORDS], to[WORDS];

EXPORT(run) uint64_t run(uint32_t n) {
    uint64_t check = 0;
    for (uint32_t i = 0; i < WORDS; i++) from[i] = i * 0x9E3779B97F4A7C15ull;
    for (uint32_t round = 0; round < n; round++) {
        for (uint32_t i = 0; i < WORDS; i++) to[i] = from[i] + round;
        for (uint32_t i = WORDS - 1; i > 0; i--) from[i] = from[i - 1] ^ to[i];
        for (uint32_t start = 0; start < 64; start++)
            for (uint32_t i = start; i < WORDS; i += 64) check += to[i];
    }
    return check;
}
