#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
    size_t size = 5 * 1024 * 1024 + 3;
    unsigned char *p = malloc(size), *q = malloc(size);
    unsigned x = 1;
    for (size_t i = 0; i < size; i++) p[i] = (unsigned char)((x = x * 1103515245 + 12345) >> 16);
    int fd = open("big", O_CREAT | O_RDWR, 0666);
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, p + done, size - done);
        if (n <= 0) return 1;
        done += (size_t)n;
    }
    lseek(fd, 0, SEEK_SET);
    size_t got = 0;
    for (ssize_t n; (n = read(fd, q + got, size - got)) > 0;) got += (size_t)n;
    size_t same = 0;
    for (size_t i = 0; i < got; i++) same += p[i] == q[i];
    struct stat st;
    fstat(fd, &st);
    printf("%d %d %lld\n", got == size, same == size, (long long)st.st_size);
    return 0;
}

/* output:
1 1 5242883
*/
