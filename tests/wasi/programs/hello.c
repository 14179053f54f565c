#include <stdio.h>

int main(void) {
    printf("hello from %s\n", "wasm");
    fprintf(stderr, "and an error\n");
    return 0;
}

/* output:
hello from wasm
*/
/* errors:
and an error
*/
