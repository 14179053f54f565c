#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *type(const char *path) {
    struct stat st;
    if (lstat(path, &st)) return "none";
    return S_ISDIR(st.st_mode) ? "dir" : S_ISREG(st.st_mode) ? "file" : S_ISLNK(st.st_mode) ? "link" : "other";
}

int main(void) {
    struct stat a, b;
    close(open("f", O_CREAT | O_WRONLY, 0666));
    mkdir("d", 0777);
    symlink("f", "l");
    printf("%s %s %s %s %s %s\n", type("f"), type("d"), type("l"), type("x"), type("/"), type("."));
    stat("f", &a);
    stat("d/../f", &b);
    printf("%d %d\n", a.st_ino == b.st_ino, a.st_dev == b.st_dev);
    printf("%d\n", a.st_mtim.tv_sec > 1500000000 && a.st_mtim.tv_sec <= time(NULL) + 1);
    printf("%d %d\n", stat("f/", &a), errno == ENOTDIR);
    printf("%d\n", stat("d/", &a));
    printf("%d %d %d\n", access("f", R_OK), access("f", W_OK), access("x", F_OK));
    fstat(1, &a);
    printf("%d\n", S_ISREG(a.st_mode) || S_ISDIR(a.st_mode));
    return 0;
}

/* output:
file dir link none dir dir
1 1
1
-1 1
0
0 0 -1
0
*/
