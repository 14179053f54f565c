#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT, 0666);
    write(fd, "aaaaaaaaaa", 10);
    printf("%zd\n", pwrite(fd, "BB", 2, 4));
    printf("%zd\n", pwrite(fd, "CC", 2, 12));
    printf("%lld\n", (long long)lseek(fd, 0, SEEK_CUR));
    char buf[32];
    memset(buf, 0, sizeof buf);
    printf("%zd %.8s\n", pread(fd, buf, 8, 2), buf);
    printf("%zd\n", pread(fd, buf, 8, 100));
    printf("%zd %d\n", pread(fd, buf, 8, -1), errno == EINVAL);
    printf("%zd %d\n", pread(0, buf, 8, 0), errno == ESPIPE);
    printf("%zd %d\n", pwrite(1, buf, 8, 0), errno == ESPIPE);
    int ro = open("f", O_RDONLY);
    printf("%zd %d\n", pwrite(ro, "x", 1, 0), errno == EBADF);
    printf("%zd %d\n", write(ro, "x", 1), errno == EBADF);
    int wo = open("f", O_WRONLY);
    printf("%zd %d\n", read(wo, buf, 1), errno == EBADF);
    return 0;
}

/* output:
2
2
10
8 aaBBaaaa
0
-1 1
-1 1
-1 1
-1 1
-1 1
-1 1
*/
