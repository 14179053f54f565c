#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    struct stat st;
    int fd = open("f", O_CREAT | O_RDWR, 0666);
    write(fd, "x", 1);
    printf("%d %d\n", fsync(fd), fdatasync(fd));
    printf("%d %d\n", posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), posix_fadvise(fd, 10, 20, POSIX_FADV_DONTNEED));
    printf("%d\n", posix_fallocate(fd, 0, 100));
    fstat(fd, &st);
    printf("%d\n", (int)st.st_size);
    posix_fallocate(fd, 90, 20);
    fstat(fd, &st);
    printf("%d\n", (int)st.st_size);
    printf("%d %d\n", fsync(99), errno == EBADF);
    return 0;
}

/* output:
0 0
0 0
0
100
110
-1 1
*/
/* differs: Wasmtime does not support fd_allocate */
