#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static long long size(const char *path) {
    struct stat st;
    return stat(path, &st) ? -1 : (long long)st.st_size;
}

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0666);
    write(fd, "0123456789", 10);
    printf("%d %lld\n", ftruncate(fd, 4), size("f"));
    printf("%lld\n", (long long)lseek(fd, 0, SEEK_CUR));
    printf("%d %lld\n", ftruncate(fd, 20), size("f"));
    char buf[20];
    printf("%zd", pread(fd, buf, 20, 0));
    for (int i = 2; i < 6; i++) printf(" %d", buf[i]);
    printf("\n%d %lld\n", truncate("f", 1), size("f"));
    close(fd);
    fd = open("f", O_WRONLY | O_TRUNC);
    printf("%lld\n", size("f"));
    printf("%d\n", ftruncate(open("f", O_RDONLY), 5));
    printf("%d\n", ftruncate(fd, -1));
    return 0;
}

/* output:
0 4
10
0 20
20 50 51 0 0
0 1
0
-1
-1
*/
