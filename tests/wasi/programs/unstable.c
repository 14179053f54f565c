/* differs: wasmtime-py does not define wasi_unstable */
#include <stdio.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define UNSTABLE(name) __attribute__((import_module("wasi_unstable"), import_name(#name)))

struct filestat {
    unsigned long long dev, ino;
    unsigned char type;
    unsigned nlink;
    unsigned long long size, atim, mtim, ctim;
};
struct subscription {
    unsigned long long userdata;
    unsigned char type;
    unsigned long long identifier;
    unsigned clock;
    unsigned long long timeout, precision;
    unsigned short flags;
};
_Static_assert(sizeof(struct filestat) == 56 && sizeof(struct subscription) == 56, "layout");

UNSTABLE(fd_filestat_get) int old_fd_filestat_get(int fd, struct filestat *st);
UNSTABLE(path_filestat_get) int old_path_filestat_get(int fd, int flags, const char *path, unsigned size, struct filestat *st);
UNSTABLE(fd_seek) int old_fd_seek(int fd, long long offset, int whence, unsigned long long *at);
UNSTABLE(poll_oneoff) int old_poll_oneoff(struct subscription *in, void *out, unsigned count, unsigned *n);
UNSTABLE(args_sizes_get) int old_args_sizes_get(unsigned *count, unsigned *size);

int main(void) {
    int fd = open("f", O_CREAT | O_RDWR, 0666);
    write(fd, "0123456789", 10);
    struct filestat st, st2;
    printf("%d %d %u %llu\n", old_fd_filestat_get(fd, &st), st.type, st.nlink, st.size);
    printf("%d %d\n", old_path_filestat_get(3, 1, "f", 1, &st2), st.ino == st2.ino && st.mtim == st2.mtim && st2.nlink == 1);
    unsigned long long at;
    printf("%d %llu", old_fd_seek(fd, -4, 0, &at), at);
    printf(" %d %llu", old_fd_seek(fd, -1, 1, &at), at);
    printf(" %d %llu\n", old_fd_seek(fd, 2, 2, &at), at);
    struct subscription in[2] = {{5, 0, 0, 1, 3600000000000ULL, 0, 0}, {6, 2, 1, 0, 0, 0, 0}};
    unsigned char out[64];
    unsigned n;
    int code = old_poll_oneoff(in, out, 2, &n);
    unsigned long long who;
    memcpy(&who, out, 8);
    printf("%d %u %llu\n", code, n, who);
    unsigned count, size;
    printf("%d %u\n", old_args_sizes_get(&count, &size), count);
    return 0;
}

/* output:
0 4 1 10
0 1
0 6 0 9 0 2
0 1 6
0 1
*/
