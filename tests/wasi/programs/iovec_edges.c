#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wasi/api.h>

int main(void) {
    int fd = open("f", O_CREAT | O_RDWR, 0666);
    static __wasi_ciovec_t out[3000];
    for (int i = 0; i < 3000; i++) out[i] = (__wasi_ciovec_t){(const unsigned char *)"ab", 2};
    size_t total = 0, n;
    /* A host may take fewer buffers than it is given. */
    for (size_t i = 0; i < 3000; i += n / 2, total += n)
        if (__wasi_fd_write(fd, out + i, 3000 - i, &n) || !n) return 1;
    printf("%zu\n", total);
    lseek(fd, 0, SEEK_SET);
    static unsigned char buf[6000];
    static __wasi_iovec_t in[3000];
    total = 0;
    for (int i = 0; i < 3000; i++) in[i] = (__wasi_iovec_t){buf + 2 * i, 2};
    for (size_t i = 0; i < 3000; i += n / 2, total += n)
        if (__wasi_fd_read(fd, in + i, 3000 - i, &n) || !n) return 2;
    size_t same = 0;
    for (int i = 0; i < 6000; i++) same += buf[i] == "ab"[i % 2];
    printf("%zu %zu\n", total, same);
    in[0].buf_len = 0;
    printf("%d", __wasi_fd_read(fd, in, 1, &n));
    printf(" %zu\n", n);
    out[0].buf_len = 0;
    printf("%d", __wasi_fd_write(fd, out, 1, &n));
    printf(" %zu\n", n);
    return 0;
}

/* output:
6000
6000 6000
0 0
0 0
*/
