#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int fds[100], lowest = 1 << 30, highest = 0;
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "f%d", i);
        fds[i] = open(name, O_CREAT | O_RDWR, 0666);
        write(fds[i], name, 3);
        if (fds[i] < lowest) lowest = fds[i];
        if (fds[i] > highest) highest = fds[i];
    }
    printf("%d\n", highest - lowest);
    int ok = 0;
    for (int i = 0; i < 100; i++) {
        char buf[3];
        snprintf(name, sizeof name, "f%d", i);
        ok += pread(fds[i], buf, 3, 0) == 3 && buf[1] == name[1];
    }
    printf("%d\n", ok);
    for (int i = 0; i < 100; i += 2) close(fds[i]);
    printf("%d\n", open("f0", O_RDONLY) <= highest);
    printf("%d %d\n", close(fds[2]), close(12345));
    return 0;
}

/* output:
99
100
1
-1 -1
*/
