#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

int main(void) {
    mkdir("dir", 0777);
    mkdir("dir/sub", 0777);
    close(open("dir/file", O_CREAT | O_WRONLY, 0666));
    close(open("dir/a rather long name with spaces and ümläuts.txt", O_CREAT | O_WRONLY, 0666));
    symlink("file", "dir/link");
    DIR *d = opendir("dir");
    char *names[16];
    int n = 0;
    struct dirent *e;
    while ((e = readdir(d))) {
        const char *type = e->d_type == DT_DIR ? "dir" : e->d_type == DT_REG ? "file" : e->d_type == DT_LNK ? "link" : "?";
        struct stat st;
        int same = fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) || st.st_ino == e->d_ino;
        asprintf(&names[n++], "%s %s %d", e->d_name, type, same);
    }
    closedir(d);
    qsort(names, (size_t)n, sizeof *names, by_name);
    for (int i = 0; i < n; i++) printf("%s\n", names[i]);
    printf("%d %d\n", opendir("nope") == NULL, errno == ENOENT);
    printf("%d %d\n", opendir("dir/file") == NULL, errno == ENOTDIR);
    return 0;
}

/* output:
. dir 1
.. dir 1
a rather long name with spaces and ümläuts.txt file 1
file file 1
link link 1
sub dir 1
1 1
1 1
*/
