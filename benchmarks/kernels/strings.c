/* Strings: split a generated text into words, count and compare them by insertion into a sorted list. */
#include "kernel.h"

#define TEXT 200000
static char text[TEXT + 1];
static struct { const char *at; uint32_t length, count; } words[4096];

static int compare(const char *a, uint32_t la, const char *b, uint32_t lb) {
    for (uint32_t i = 0; i < la && i < lb; i++)
        if (a[i] != b[i]) return (uint8_t)a[i] < (uint8_t)b[i] ? -1 : 1;
    return la == lb ? 0 : la < lb ? -1 : 1;
}

EXPORT(run) uint64_t run(uint32_t n) {
    uint64_t check = 0;
    for (uint32_t round = 0; round < n; round++) {
        uint32_t seed = 17 + round, at = 0, count = 0;
        while (at < TEXT - 8) {
            uint32_t length = 1 + next_random(&seed) % 3;
            for (uint32_t i = 0; i < length; i++) text[at++] = (char)('a' + next_random(&seed) % 8);
            text[at++] = ' ';
        }
        text[at] = 0;
        for (const char *p = text; *p;) {
            const char *start = p;
            while (*p && *p != ' ') p++;
            uint32_t length = (uint32_t)(p - start), low = 0, high = count;
            while (*p == ' ') p++;
            while (low < high) {
                uint32_t middle = (low + high) / 2;
                int order = compare(words[middle].at, words[middle].length, start, length);
                if (order == 0) { words[middle].count++; break; }
                if (order < 0) low = middle + 1;
                else high = middle;
            }
            if (low >= high) {
                for (uint32_t i = count; i > low; i--) words[i] = words[i - 1];
                words[low].at = start, words[low].length = length, words[low].count = 1;
                count++;
            }
        }
        for (uint32_t i = 0; i < count; i++) check = check * 31 + words[i].count * words[i].length;
    }
    return check;
}
