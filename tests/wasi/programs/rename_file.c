#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void make(const char *path, const char *text) {
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0666);
    write(fd, text, 1);
    close(fd);
}

static char first(const char *path) {
    char c = '-';
    int fd = open(path, O_RDONLY);
    if (fd >= 0) read(fd, &c, 1), close(fd);
    return c;
}

int main(void) {
    make("a", "A");
    make("b", "B");
    mkdir("d", 0777);
    printf("%d %c%c\n", rename("a", "c"), first("a"), first("c"));
    printf("%d %c%c\n", rename("c", "b"), first("c"), first("b"));
    printf("%d %c\n", rename("b", "d/b"), first("d/b"));
    printf("%d %d\n", rename("missing", "x"), errno == ENOENT);
    make("a", "A");
    printf("%d %d\n", rename("a", "d"), errno == EISDIR);
    printf("%d %d\n", rename("a", "x/"), errno == ENOTDIR);
    printf("%d %d\n", rename("a", "no/x"), errno == ENOENT);
    printf("%d %c\n", rename("a", "a"), first("a"));
    int fd = open("a", O_RDONLY);
    rename("a", "z");
    char c;
    printf("%zd %c\n", read(fd, &c, 1), c);
    return 0;
}

/* output:
0 -A
0 -A
0 A
-1 1
-1 1
-1 1
-1 1
0 A
1 A
*/
