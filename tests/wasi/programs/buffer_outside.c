/* error: ut of bounds */
/* differs: Wasmtime refuses the size before it looks at the address */
#include <stdio.h>
#include <wasi/api.h>

int main(void) {
    __wasi_ciovec_t out = {(const unsigned char *)1024, 0xfffffff0};
    __wasi_size_t n;
    printf("%d\n", __wasi_fd_write(1, &out, 1, &n));
    return 0;
}
