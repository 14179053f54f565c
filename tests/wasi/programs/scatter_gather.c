#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void) {
    int fd = open("f", O_RDWR | O_CREAT, 0666);
    struct iovec out[4] = {{"ab", 2}, {"", 0}, {"cde", 3}, {"f", 1}};
    ssize_t put = writev(fd, out, 4);
    if (put == 2) put += writev(fd, out + 2, 2);
    if (put == 5) put += writev(fd, out + 3, 1);
    printf("%zd\n", put);
    char a[3] = {0}, b[10] = {0};
    lseek(fd, 0, SEEK_SET);
    /* A host may fill only the first buffer that is not empty. */
    size_t total = 0;
    while (total < 6) {
        struct iovec in[3] = {{a, 0}, {a + total, total < 2 ? 2 - total : 0}, {b + (total < 2 ? 0 : total - 2), 9 - total}};
        ssize_t n = readv(fd, in, 3);
        if (n <= 0) break;
        total += (size_t)n;
    }
    printf("%zu %s %s\n", total, a, b);
    fflush(stdout);
    struct iovec text[2] = {{"gathered ", 9}, {"output\n", 7}};
    ssize_t written = writev(1, text, 2);
    if (written == 9) write(1, "output\n", 7);
    return 0;
}

/* output:
6
6 ab cdef
gathered output
*/
