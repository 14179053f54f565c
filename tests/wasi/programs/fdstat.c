#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <wasi/api.h>

int main(void) {
    __wasi_fdstat_t s;
    int fd = open("f", O_CREAT | O_RDWR | O_APPEND | O_NONBLOCK, 0666);
    printf("%d %d\n", __wasi_fd_fdstat_get(fd, &s), s.fs_filetype);
    printf("%d %d\n", (fcntl(fd, F_GETFL) & O_APPEND) != 0, (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    printf("%d\n", (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    printf("%d\n", (fcntl(open("f", O_RDONLY), F_GETFL) & O_ACCMODE) == O_RDONLY);
    printf("%d\n", (fcntl(open("f", O_WRONLY), F_GETFL) & O_ACCMODE) == O_WRONLY);
    printf("%d\n", fcntl(fd, F_SETFL, O_NONBLOCK));
    printf("%d %d\n", __wasi_fd_fdstat_get(fd, &s), s.fs_flags);
    printf("%d %d\n", __wasi_fd_fdstat_get(3, &s), s.fs_filetype);
    printf("%d\n", (s.fs_rights_base & __WASI_RIGHTS_PATH_OPEN) != 0 && (s.fs_rights_inheriting & __WASI_RIGHTS_FD_READ) != 0);
    printf("%d\n", (s.fs_rights_base & (__WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE)) == 0);
    printf("%d %d\n", isatty(1), isatty(fd));
    printf("%d\n", __wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_SYNC));
    printf("%d %d\n", __wasi_fd_fdstat_get(99, &s), __wasi_fd_fdstat_set_flags(3, 0));
    return 0;
}

/* output:
0 4
1 1
1
1
1
0
0 4
0 3
1
1
0 0
28
8 8
*/
