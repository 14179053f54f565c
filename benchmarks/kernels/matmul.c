/* Floats and memory: dense matrix product. */
#include "kernel.h"

#define N 160
static double a[N][N], b[N][N], c[N][N];

EXPORT(run) uint64_t run(uint32_t n) {
    uint32_t seed = 12345;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (double)(next_random(&seed) & 1023) / 512.0;
            b[i][j] = (double)(next_random(&seed) & 1023) / 512.0 - 1.0;
        }
    uint64_t check = 0;
    for (uint32_t round = 0; round < n; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double sum = 0;
                for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        a[round % N][(round * 7) % N] += 0.25;
        check = check * 31 + double_bits(c[round % N][(round * 3) % N]);
    }
    return check;
}
