#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    struct stat st;
    mkdir("d", 0777);
    close(open("d/f", O_CREAT | O_WRONLY, 0666));
    printf("%d %d\n", rename("d", "e"), stat("e/f", &st));
    printf("%d\n", rename("e/", "g/"));
    mkdir("empty", 0777);
    printf("%d %d\n", rename("g", "empty"), stat("empty/f", &st));
    mkdir("other", 0777);
    printf("%d %d\n", rename("other", "empty"), errno == ENOTEMPTY);
    printf("%d %d\n", rename("other", "empty/f"), errno == ENOTDIR);
    printf("%d %d\n", rename("other", "other/below"), errno == EINVAL);
    printf("%d %d\n", rename("empty/..", "x"), errno == EBUSY || errno == EINVAL);
    printf("%d %d\n", rename("other", "empty/other"), stat("empty/other", &st));
    return 0;
}

/* output:
0 0
0
0 0
-1 1
-1 1
-1 1
-1 1
0 0
*/
