/* Memory, bytes: the sieve of Eratosthenes, n times over a megabyte. */
#include "kernel.h"

#define SIZE 1000000
static uint8_t composite[SIZE];

EXPORT(run) uint64_t run(uint32_t n) {
    uint64_t sum = 0;
    for (uint32_t round = 0; round < n; round++) {
        for (uint32_t i = 0; i < SIZE; i++) composite[i] = (uint8_t)(i < 2);
        for (uint32_t i = 2; i * i < SIZE; i++)
            if (!composite[i])
                for (uint32_t j = i * i; j < SIZE; j += i) composite[j] = 1;
        for (uint32_t i = 0; i < SIZE; i++)
            if (!composite[i]) sum += i ^ round;
    }
    return sum;
}
