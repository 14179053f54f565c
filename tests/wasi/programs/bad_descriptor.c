#include <stdio.h>
#include <wasi/api.h>

int main(void) {
    unsigned char b[64];
    __wasi_iovec_t in = {b, 8};
    __wasi_ciovec_t out = {b, 8};
    __wasi_size_t n;
    __wasi_filesize_t at;
    __wasi_roflags_t ro;
    __wasi_fd_t new;
    for (int i = 0; i < 2; i++) {
        int fd = i ? -1 : 99;
        printf("%d %d %d %d %d %d ", __wasi_fd_advise(fd, 0, 0, 0), __wasi_fd_allocate(fd, 0, 1), __wasi_fd_close(fd),
               __wasi_fd_datasync(fd), __wasi_fd_fdstat_get(fd, (void *)b), __wasi_fd_fdstat_set_flags(fd, 0));
        printf("%d %d %d %d %d ", __wasi_fd_fdstat_set_rights(fd, 0, 0), __wasi_fd_filestat_get(fd, (void *)b),
               __wasi_fd_filestat_set_size(fd, 0), __wasi_fd_filestat_set_times(fd, 0, 0, 0), __wasi_fd_pread(fd, &in, 1, 0, &n));
        printf("%d %d %d %d %d %d %d\n", __wasi_fd_prestat_get(fd, (void *)b), __wasi_fd_prestat_dir_name(fd, b, 9),
               __wasi_fd_pwrite(fd, &out, 1, 0, &n), __wasi_fd_read(fd, &in, 1, &n), __wasi_fd_readdir(fd, b, 9, 0, &n),
               __wasi_fd_renumber(fd, 1), __wasi_fd_seek(fd, 0, 0, &at));
        printf("%d %d %d ", __wasi_fd_sync(fd), __wasi_fd_tell(fd, &at), __wasi_fd_write(fd, &out, 1, &n));
        printf("%d %d %d %d ", __wasi_path_create_directory(fd, "x"), __wasi_path_filestat_get(fd, 0, "x", (void *)b),
               __wasi_path_filestat_set_times(fd, 0, "x", 0, 0, 0), __wasi_path_link(fd, 0, "x", 3, "y"));
        printf("%d %d %d %d ", __wasi_path_open(fd, 0, "x", 0, 2, 0, 0, &new), __wasi_path_readlink(fd, "x", b, 9, &n),
               __wasi_path_remove_directory(fd, "x"), __wasi_path_rename(fd, "x", 3, "y"));
        printf("%d %d %d %d\n", __wasi_path_symlink("x", fd, "y"), __wasi_path_unlink_file(fd, "x"),
               __wasi_path_link(3, 0, "x", fd, "y"), __wasi_path_rename(3, "x", fd, "y"));
        printf("%d %d %d %d\n", __wasi_sock_accept(fd, 0, &new), __wasi_sock_recv(fd, &in, 1, 0, &n, &ro),
               __wasi_sock_send(fd, &out, 1, 0, &n), __wasi_sock_shutdown(fd, 1));
    }
    return 0;
}

/* output:
8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8
8 8 8 8 8 8 8 8 8 8 8 8 8 8 8
8 8 8 8
8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8 8
8 8 8 8 8 8 8 8 8 8 8 8 8 8 8
8 8 8 8
*/
