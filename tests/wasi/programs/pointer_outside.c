/* error: ut of bounds */
#include <stdio.h>
#include <wasi/api.h>

int main(void) {
    printf("%d\n", __wasi_fd_fdstat_get(1, (__wasi_fdstat_t *)0xfffffff0));
    return 0;
}
