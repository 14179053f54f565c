/* Floats: escape times of the Mandelbrot set, n lines of 512 points; tight loops with two exits. */
#include "kernel.h"

EXPORT(run) uint64_t run(uint32_t n) {
    uint64_t check = 0;
    for (uint32_t y = 0; y < n; y++)
        for (uint32_t x = 0; x < 512; x++) {
            double cr = (double)x / 256.0 - 1.5, ci = (double)(y % 512) / 256.0 - 1.0, zr = 0, zi = 0;
            uint32_t i = 0;
            while (i < 200 && zr * zr + zi * zi < 4.0) {
                double next = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci;
                zr = next;
                i++;
            }
            check = check * 31 + i;
        }
    return check;
}
