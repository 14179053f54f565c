#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    int fd = open("sparse", O_RDWR | O_CREAT, 0666);
    char c = 'x';
    printf("%lld\n", (long long)lseek(fd, 1000, SEEK_SET));
    printf("%zd\n", read(fd, &c, 1));
    struct stat st;
    fstat(fd, &st);
    printf("%lld\n", (long long)st.st_size);
    write(fd, "end", 3);
    fstat(fd, &st);
    printf("%lld\n", (long long)st.st_size);
    lseek(fd, 500, SEEK_SET);
    printf("%zd %d\n", read(fd, &c, 1), c);
    printf("%lld\n", (long long)lseek(fd, -3, SEEK_END));
    printf("%lld %d\n", (long long)lseek(fd, -2000, SEEK_END), errno == EINVAL);
    printf("%lld\n", (long long)lseek(fd, 0, SEEK_CUR));
    printf("%lld %d\n", (long long)lseek(1, 0, SEEK_CUR), errno == ESPIPE);
    printf("%lld %d\n", (long long)lseek(99, 0, SEEK_CUR), errno == EBADF);
    return 0;
}

/* output:
1000
0
0
1003
1 0
1000
-1 1
1000
-1 1
-1 1
*/
