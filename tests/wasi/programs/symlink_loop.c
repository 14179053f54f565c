#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    struct stat st;
    symlink("b", "a");
    symlink("a", "b");
    symlink("self/x", "self");
    printf("%d %d\n", open("a", O_RDONLY), errno == ELOOP);
    printf("%d %d\n", stat("a", &st), errno == ELOOP);
    printf("%d %d\n", open("self", O_RDONLY), errno == ELOOP);
    printf("%d %d\n", mkdir("a/d", 0777), errno == ELOOP);
    printf("%d\n", lstat("a", &st));
    char from[8], to[8];
    close(open("l0", O_CREAT | O_WRONLY, 0666));
    for (int i = 1; i <= 50; i++) {
        snprintf(from, sizeof from, "l%d", i);
        snprintf(to, sizeof to, "l%d", i - 1);
        symlink(to, from);
    }
    printf("%d\n", open("l30", O_RDONLY) > 2);
    printf("%d %d\n", open("l50", O_RDONLY), errno == ELOOP);
    printf("%d %d %d\n", unlink("a"), unlink("b"), unlink("self"));
    return 0;
}

/* output:
-1 1
-1 1
-1 1
-1 1
0
1
-1 1
0 0 0
*/
