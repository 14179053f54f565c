#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    mkdir("d", 0777);
    int fd = open("f", O_CREAT | O_RDWR, 0666);
    write(fd, "still here", 10);
    printf("%d %d\n", unlink("d"), errno == EISDIR);
    printf("%d %d\n", unlink("d/"), errno == EISDIR);
    printf("%d %d\n", unlink("f/"), errno == ENOTDIR);
    printf("%d\n", unlink("f"));
    printf("%d %d\n", unlink("f"), errno == ENOENT);
    printf("%d %d\n", unlink("no/f"), errno == ENOENT);
    char buf[16] = {0};
    printf("%zd %s\n", pread(fd, buf, 15, 0), buf);
    struct stat st;
    fstat(fd, &st);
    printf("%d\n", (int)st.st_nlink);
    symlink("d", "l");
    printf("%d %d\n", unlink("l"), stat("d", &st));
    printf("%d %d\n", remove("d"), stat("d", &st));
    return 0;
}

/* output:
-1 1
-1 1
-1 1
0
-1 1
-1 1
10 still here
0
0 0
0 -1
*/
