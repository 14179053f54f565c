#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    char name[64];
    mkdir("d", 0777);
    for (int i = 0; i < 600; i++) {
        snprintf(name, sizeof name, "d/entry-with-a-name-of-some-length-%d", i);
        close(open(name, O_CREAT | O_WRONLY, 0666));
    }
    static char seen[600];
    DIR *d = opendir("d");
    struct dirent *e;
    int n = 0;
    while ((e = readdir(d))) {
        n++;
        char *dash = strrchr(e->d_name, '-');
        if (dash) seen[atoi(dash + 1)]++;
    }
    int once = 0;
    for (int i = 0; i < 600; i++) once += seen[i] == 1;
    printf("%d %d\n", n, once);
    /* Remove while listing: every entry must still come by. */
    rewinddir(d);
    int removed = 0;
    while ((e = readdir(d)))
        if (e->d_name[0] != '.') removed += unlinkat(dirfd(d), e->d_name, 0) == 0;
    printf("%d %d\n", removed, rmdir("d"));
    return 0;
}

/* output:
602 600
600 0
*/
/* differs: removed while it is listed, Wasmtime counts positions in a shrinking directory */
