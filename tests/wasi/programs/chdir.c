#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    char cwd[64];
    mkdir("a", 0777);
    mkdir("a/b", 0777);
    printf("%s\n", getcwd(cwd, sizeof cwd));
    printf("%d %s\n", chdir("a/b"), getcwd(cwd, sizeof cwd));
    int fd = open("file", O_CREAT | O_WRONLY, 0666);
    struct stat st;
    printf("%d %d\n", fd > 2, stat("/a/b/file", &st));
    printf("%d\n", chdir("missing"));
    int dir = open("/a", O_RDONLY | O_DIRECTORY);
    printf("%d\n", fstatat(dir, "b/file", &st, 0));
    printf("%d %d\n", openat(dir, "../a", O_RDONLY), mkdirat(dir, "c", 0777));
    return 0;
}

/* output:
/
0 /a/b
1 0
-1
0
-1 0
*/
