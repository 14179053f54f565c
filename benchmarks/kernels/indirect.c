/* Indirect calls: a table of small functions chosen by data. */
#include "kernel.h"

typedef uint32_t Step(uint32_t);
static uint32_t add(uint32_t x) { return x + 0x9E3779B9u; }
static uint32_t xor(uint32_t x) { return x ^ x >> 15; }
static uint32_t mul(uint32_t x) { return x * 0x85EBCA6Bu; }
static uint32_t rot(uint32_t x) { return x << 13 | x >> 19; }
static uint32_t neg(uint32_t x) { return ~x; }
static uint32_t sub(uint32_t x) { return x - (x >> 3); }
static uint32_t inc(uint32_t x) { return x + 1; }
static uint32_t swp(uint32_t x) { return x >> 16 | x << 16; }
static Step *volatile steps[8] = {add, xor, mul, rot, neg, sub, inc, swp};

EXPORT(run) uint64_t run(uint32_t n) {
    uint32_t x = 1;
    uint64_t check = 0;
    for (uint32_t i = 0; i < n; i++) {
        x = steps[(i ^ i >> 3) & 7](x);
        check += x;
    }
    return check;
}
