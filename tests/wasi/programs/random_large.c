#include <stdio.h>
#include <stdlib.h>
#include <wasi/api.h>

int main(void) {
    size_t size = 3000001;
    unsigned char *p = calloc(1, size + 8);
    printf("%d\n", __wasi_random_get(p, size));
    size_t zeros = 0;
    for (size_t i = 0; i < size; i++) zeros += p[i] == 0;
    printf("%d\n", zeros > 9000 && zeros < 14500);
    printf("%d%d%d\n", p[size], p[size + 1], p[size + 7]);
    printf("%d\n", __wasi_random_get(p, 0));
    return 0;
}

/* output:
0
1
000
0
*/
