/* Floats: planets of the solar system, symplectic steps; square root and division. */
#include "kernel.h"

typedef struct { double x[3], v[3], mass; } Body;
#define BODIES 5
static Body bodies[BODIES];

static void reset(void) {
    uint32_t seed = 99;
    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++) {
            bodies[i].x[k] = (double)(next_random(&seed) % 3000) / 100.0 - 15.0;
            bodies[i].v[k] = (double)(next_random(&seed) % 1000) / 500.0 - 1.0;
        }
        bodies[i].mass = i ? 0.01 / (i + 1) : 39.5;
    }
}

static void step(double dt) {
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            double dx = bodies[i].x[0] - bodies[j].x[0], dy = bodies[i].x[1] - bodies[j].x[1];
            double dz = bodies[i].x[2] - bodies[j].x[2];
            double square = dx * dx + dy * dy + dz * dz;
            double mag = dt / (square * __builtin_sqrt(square));
            double mi = bodies[i].mass * mag, mj = bodies[j].mass * mag;
            bodies[i].v[0] -= dx * mj, bodies[i].v[1] -= dy * mj, bodies[i].v[2] -= dz * mj;
            bodies[j].v[0] += dx * mi, bodies[j].v[1] += dy * mi, bodies[j].v[2] += dz * mi;
        }
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++) bodies[i].x[k] += dt * bodies[i].v[k];
}

EXPORT(run) uint64_t run(uint32_t n) {
    reset();
    for (uint32_t i = 0; i < n; i++) step(0.001);
    uint64_t check = 0;
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++) check = check * 31 + double_bits(bodies[i].x[k]);
    return check;
}
