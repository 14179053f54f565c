/* stdin: 12 -7 3.5 word 0x1f */
#include <stdio.h>

int main(void) {
    int a, b;
    unsigned x;
    double d;
    char w[16];
    int n = scanf("%d %d %lf %15s %x", &a, &b, &d, w, &x);
    printf("%d: %d %d %.3f %s %u\n", n, a, b, d, w, x);
    printf("%5d|%-5d|%05d|%+d|%e|%g|%c|%%|%llx\n", 42, 42, 42, 42, 12345.678, 0.0001, 'z', 0x123456789abcULL);
    char buf[8];
    printf("%d %s\n", snprintf(buf, sizeof buf, "%s", "too long for it"), buf);
    ungetc('q', stdin);
    printf("%c\n", getchar());
    return 0;
}

/* output:
5: 12 -7 3.500 word 31
   42|42   |00042|+42|1.234568e+04|0.0001|z|%|123456789abc
15 too lon
q
*/
