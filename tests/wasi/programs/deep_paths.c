#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    char path[400] = "";
    for (int i = 0; i < 60; i++) {
        strcat(path, i ? "/dir" : "dir");
        if (mkdir(path, 0777)) return 1;
    }
    strcat(path, "/file");
    int fd = open(path, O_CREAT | O_WRONLY, 0666);
    printf("%d\n", fd > 2);
    struct stat st;
    printf("%d\n", stat(path, &st));
    char back[1200];
    strcpy(back, path);
    *strrchr(back, '/') = 0;
    for (int i = 0; i < 60; i++) strcat(back, "/..");
    strcat(back, "/dir/dir");
    printf("%d %d\n", stat(back, &st), S_ISDIR(st.st_mode));
    printf("%d\n", stat("dir/./dir//dir/../dir/.", &st));
    char name[300];
    memset(name, 'n', 299);
    name[299] = 0;
    printf("%d %d\n", mkdir(name, 0777), errno == ENAMETOOLONG);
    name[255] = 0;
    printf("%d\n", mkdir(name, 0777));
    return 0;
}

/* output:
1
0
0 1
0
-1 1
0
*/
