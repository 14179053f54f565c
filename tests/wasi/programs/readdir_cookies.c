#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    char name[16];
    mkdir("d", 0777);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "d/f%02d", i);
        close(open(name, O_CREAT | O_WRONLY, 0666));
    }
    DIR *d = opendir("d");
    char names[22][16];
    long where[22];
    int n = 0;
    struct dirent *e;
    for (where[0] = telldir(d); (e = readdir(d)); where[++n] = telldir(d)) strcpy(names[n], e->d_name);
    printf("%d entries\n", n);
    int same = 0;
    for (int i = n - 1; i >= 0; i--) {
        seekdir(d, where[i]);
        e = readdir(d);
        same += e && !strcmp(e->d_name, names[i]);
    }
    printf("%d found again\n", same);
    rewinddir(d);
    e = readdir(d);
    printf("%d\n", !strcmp(e->d_name, names[0]));
    return 0;
}

/* output:
22 entries
22 found again
1
*/
