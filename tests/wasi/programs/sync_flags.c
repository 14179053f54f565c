#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <wasi/api.h>

int main(void) {
    __wasi_fdstat_t s;
    int fd = open("f", O_CREAT | O_RDWR | O_SYNC, 0666);
    printf("%d\n", fd > 2);
    printf("%d %d\n", __wasi_fd_fdstat_get(fd, &s), (s.fs_flags & __WASI_FDFLAGS_SYNC) != 0);
    printf("%zd\n", write(fd, "abc", 3));
    fd = open("f", O_RDWR | O_DSYNC);
    printf("%d %d\n", __wasi_fd_fdstat_get(fd, &s), (s.fs_flags & __WASI_FDFLAGS_DSYNC) != 0);
    return 0;
}

/* output:
1
0 1
3
0 1
*/
/* differs: Wasmtime does not support the SYNC flags */
