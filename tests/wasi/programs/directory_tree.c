#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void tree(const char *path, int depth, int delete) {
    struct dirent **list;
    int n = scandir(path, &list, NULL, by_name);
    for (int i = 0; i < n; i++) {
        if (list[i]->d_name[0] == '.') continue;
        char child[256];
        snprintf(child, sizeof child, "%s/%s", path, list[i]->d_name);
        if (!delete) printf("%*s%s\n", depth * 2, "", list[i]->d_name);
        if (list[i]->d_type == DT_DIR) tree(child, depth + 1, delete);
        if (delete && remove(child)) printf("left: %s\n", child);
    }
}

int main(void) {
    mkdir("root", 0777);
    char path[64];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "root/dir%d", i);
        mkdir(path, 0777);
        for (int j = 0; j < i; j++) {
            snprintf(path, sizeof path, "root/dir%d/file%d", i, j);
            close(open(path, O_CREAT | O_WRONLY, 0666));
        }
    }
    tree("root", 0, 0);
    tree("root", 0, 1);
    printf("%d\n", rmdir("root"));
    return 0;
}

/* output:
dir0
dir1
  file0
dir2
  file0
  file1
0
*/
