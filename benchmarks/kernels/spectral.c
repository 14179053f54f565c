/* Floats with divisions and calls: the spectral norm of an infinite matrix. */
#include "kernel.h"

#define N 100
static double u[N], v[N], t[N];

static double entry(uint32_t i, uint32_t j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

NOINLINE static void multiply(const double *x, double *y, int transposed) {
    for (uint32_t i = 0; i < N; i++) {
        double sum = 0;
        for (uint32_t j = 0; j < N; j++) sum += (transposed ? entry(j, i) : entry(i, j)) * x[j];
        y[i] = sum;
    }
}

EXPORT(run) uint64_t run(uint32_t n) {
    for (int i = 0; i < N; i++) u[i] = 1;
    for (uint32_t i = 0; i < n; i++) {
        multiply(u, t, 0), multiply(t, v, 1);
        multiply(v, t, 0), multiply(t, u, 1);
        double scale = 1.0 / u[i % N];
        for (int k = 0; k < N; k++) u[k] *= scale;
    }
    uint64_t check = 0;
    for (int i = 0; i < N; i++) check = check * 31 + double_bits(u[i]);
    return check;
}
