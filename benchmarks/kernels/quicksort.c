/* Sorting: recursive quicksort with an insertion sort below 16, on pseudo-random words. */
#include "kernel.h"

#define SIZE 200000
static uint32_t values[SIZE];

NOINLINE static void sort(uint32_t *v, int32_t low, int32_t high) {
    while (high - low > 16) {
        uint32_t pivot = v[low + (high - low) / 2];
        int32_t i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i <= j) {
                uint32_t swap = v[i];
                v[i++] = v[j];
                v[j--] = swap;
            }
        }
        sort(v, low, j);
        low = i;
    }
    for (int32_t i = low + 1; i <= high; i++) {
        uint32_t x = v[i];
        int32_t j = i - 1;
        for (; j >= low && v[j] > x; j--) v[j + 1] = v[j];
        v[j + 1] = x;
    }
}

EXPORT(run) uint64_t run(uint32_t n) {
    uint64_t check = 0;
    uint32_t seed = 42;
    for (uint32_t round = 0; round < n; round++) {
        for (int i = 0; i < SIZE; i++) values[i] = next_random(&seed);
        sort(values, 0, SIZE - 1);
        for (int i = 0; i < SIZE; i += 97) check = check * 31 + values[i];
    }
    return check;
}
