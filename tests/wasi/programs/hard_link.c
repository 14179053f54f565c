#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    struct stat a, b;
    int fd = open("a", O_CREAT | O_RDWR, 0666);
    printf("%d\n", link("a", "b"));
    stat("a", &a);
    stat("b", &b);
    printf("%d %d %d\n", a.st_ino == b.st_ino, (int)a.st_nlink, (int)b.st_nlink);
    write(fd, "shared", 6);
    stat("b", &b);
    printf("%d\n", (int)b.st_size);
    printf("%d %d\n", link("a", "b"), errno == EEXIST);
    printf("%d %d\n", link("missing", "c"), errno == ENOENT);
    mkdir("d", 0777);
    printf("%d %d\n", link("d", "e"), errno == EPERM);
    printf("%d\n", link("a", "d/a"));
    unlink("a");
    unlink("b");
    fstat(fd, &a);
    printf("%d\n", (int)a.st_nlink);
    symlink("nowhere", "dangling");
    printf("%d\n", link("dangling", "copy"));
    lstat("copy", &a);
    printf("%d\n", S_ISLNK(a.st_mode));
    return 0;
}

/* output:
0
1 2 2
6
-1 1
-1 1
-1 1
0
1
0
1
*/
