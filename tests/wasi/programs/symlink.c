#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    char buf[64];
    struct stat st;
    mkdir("d", 0777);
    int fd = open("d/file", O_CREAT | O_WRONLY, 0666);
    write(fd, "text", 4);
    close(fd);
    printf("%d %d %d\n", symlink("d/file", "to_file"), symlink("d", "to_dir"), symlink("../d/file", "d/round"));
    ssize_t n = readlink("to_file", buf, sizeof buf);
    printf("%zd %.*s\n", n, (int)n, buf);
    n = readlink("to_file", buf, 3);
    printf("%zd %.*s\n", n, (int)n, buf);
    printf("%d %lld %d\n", stat("to_file", &st), (long long)st.st_size, S_ISREG(st.st_mode));
    printf("%d %lld %d\n", lstat("to_file", &st), (long long)st.st_size, S_ISLNK(st.st_mode));
    printf("%d %d\n", stat("to_dir/file", &st), stat("d/round", &st));
    printf("%d %d\n", open("to_file", O_RDONLY | O_NOFOLLOW), errno == ELOOP);
    fd = open("to_dir/round", O_RDONLY);
    printf("%zd %.4s\n", read(fd, buf, 10), buf);
    printf("%zd %d\n", readlink("d", buf, sizeof buf), errno == EINVAL);
    printf("%d %d\n", symlink("x", "to_file"), errno == EEXIST);
    printf("%d %d\n", symlink("x", "no/link"), errno == ENOENT);
    symlink("new", "dangling");
    printf("%d %d\n", stat("dangling", &st), errno == ENOENT);
    printf("%d\n", open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0666));
    printf("%d %d\n", open("dangling", O_CREAT | O_WRONLY, 0666) > 2, stat("new", &st));
    unlink("to_file");
    printf("%d\n", stat("d/file", &st));
    return 0;
}

/* output:
0 0 0
6 d/file
3 d/f
0 4 1
0 6 1
0 0
-1 1
4 text
-1 1
-1 1
-1 1
-1 1
-1
1 0
0
*/
