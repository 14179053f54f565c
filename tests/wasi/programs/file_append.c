#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int fd = open("log", O_WRONLY | O_CREAT, 0666);
    write(fd, "one ", 4);
    close(fd);
    fd = open("log", O_RDWR | O_APPEND);
    printf("%lld\n", (long long)lseek(fd, 0, SEEK_SET));
    write(fd, "two ", 4);
    printf("%lld\n", (long long)lseek(fd, 0, SEEK_CUR));
    int other = open("log", O_WRONLY | O_APPEND);
    write(other, "three ", 6);
    write(fd, "four", 4);
    printf("append %d\n", (fcntl(fd, F_GETFL) & O_APPEND) != 0);
    fcntl(fd, F_SETFL, 0);
    lseek(fd, 0, SEEK_SET);
    write(fd, "ONE", 3);
    lseek(fd, 0, SEEK_SET);
    char buf[64] = {0};
    read(fd, buf, sizeof buf - 1);
    printf("[%s]\n", buf);
    return 0;
}

/* output:
0
8
append 1
[ONE two three four]
*/
