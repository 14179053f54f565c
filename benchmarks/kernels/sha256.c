/* Integers: SHA-256 compression; rotates, adds, many live locals. */
#include "kernel.h"

static uint32_t constants[64], state[8];

static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

/* The constants are the fractional parts of cube roots of primes, found by bisection in integers. */
static void prepare(void) {
    int count = 0;
    for (uint32_t p = 2; count < 64; p++) {
        int prime = 1;
        for (uint32_t d = 2; d * d <= p; d++)
            if (p % d == 0) prime = 0;
        if (!prime) continue;
        double low = 1, high = 8;
        for (int i = 0; i < 100; i++) {
            double middle = (low + high) / 2;
            if (middle * middle * middle <= p) low = middle;
            else high = middle;
        }
        constants[count++] = (uint32_t)((low - (double)(uint32_t)low) * 4294967296.0);
    }
}

static void compress(const uint32_t *block) {
    uint32_t w[64], a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 16; i++) w[i] = block[i];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

EXPORT(run) uint64_t run(uint32_t n) {
    prepare();
    for (uint32_t i = 0; i < 8; i++) state[i] = constants[i] ^ 0x5bd1e995u * i;
    uint32_t block[16], seed = 7;
    for (uint32_t i = 0; i < n; i++) {
        for (int k = 0; k < 16; k++) block[k] = next_random(&seed);
        compress(block);
    }
    uint64_t check = 0;
    for (int i = 0; i < 8; i++) check = check * 1000003 + state[i];
    return check;
}
