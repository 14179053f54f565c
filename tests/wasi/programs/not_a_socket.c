#include <stdio.h>
#include <wasi/api.h>

int main(void) {
    unsigned char b[8];
    __wasi_iovec_t in = {b, 8};
    __wasi_ciovec_t out = {b, 8};
    __wasi_size_t n;
    __wasi_roflags_t ro;
    __wasi_fd_t fd;
    printf("%d %d %d %d\n", __wasi_sock_accept(1, 0, &fd), __wasi_sock_recv(3, &in, 1, 0, &n, &ro),
           __wasi_sock_send(0, &out, 1, 0, &n), __wasi_sock_shutdown(3, __WASI_SDFLAGS_RD));
    return 0;
}

/* output:
57 57 57 57
*/
