#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/api.h>

int main(void) {
    __wasi_fdstat_t s;
    int fd = open("f", O_CREAT | O_RDWR, 0666);
    write(fd, "x", 1);
    int code = __wasi_fd_fdstat_get(fd, &s);
    printf("%d\n", __wasi_fd_fdstat_set_rights(fd, s.fs_rights_base & ~__WASI_RIGHTS_FD_WRITE, s.fs_rights_inheriting));
    __wasi_ciovec_t out = {(const unsigned char *)"y", 1};
    __wasi_size_t n;
    printf("%d\n", __wasi_fd_write(fd, &out, 1, &n));
    char c;
    printf("%zd %c\n", pread(fd, &c, 1, 0), c);
    printf("%d\n", __wasi_fd_fdstat_set_rights(fd, s.fs_rights_base, s.fs_rights_inheriting));
    mkdir("d", 0777);
    __wasi_fd_t dir, sub;
    code = __wasi_path_open(3, 0, "d", __WASI_OFLAGS_DIRECTORY, 0, 0, 0, &dir);
    code = __wasi_fd_fdstat_get(dir, &s);
    printf("%d\n", __wasi_fd_fdstat_set_rights(dir, s.fs_rights_base & ~__WASI_RIGHTS_PATH_CREATE_DIRECTORY,
                                               s.fs_rights_inheriting & ~__WASI_RIGHTS_FD_WRITE));
    printf("%d\n", __wasi_path_create_directory(dir, "x"));
    printf("%d\n", __wasi_path_open(dir, 0, "x", __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_WRITE, 0, 0, &sub));
    printf("%d\n", __wasi_path_open(dir, 0, "x", __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_READ, 0, 0, &sub));
    (void)code;
    return 0;
}

/* output:
0
76
1 x
76
0
76
76
0
*/
/* differs: Wasmtime does not support changing rights */
