#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <wasi/api.h>
#include <wasi/libc.h>

int main(void) {
    int a = open("a", O_CREAT | O_RDWR, 0666), b = open("b", O_CREAT | O_RDWR, 0666);
    write(a, "A", 1);
    write(b, "B", 1);
    char c;
    printf("%d\n", __wasi_fd_renumber(a, b));
    printf("%zd %c\n", pread(b, &c, 1, 0), c);
    printf("%d %d\n", close(a), __wasi_fd_renumber(a, b));
    printf("%d\n", __wasi_fd_renumber(b, 77));
    printf("%d\n", __wasi_fd_renumber(b, b));
    printf("%zd\n", pread(b, &c, 1, 0));
    fflush(stdout);
    printf("%d\n", __wasi_fd_renumber(b, 1));
    fflush(stdout);
    int fd = open("a", O_RDONLY);
    char text[8] = {0};
    read(fd, text, 7);
    fprintf(stderr, "[%s]\n", text);
    return 0;
}

/* output:
0
1 A
-1 8
8
0
1
*/
/* errors:
[A0
]
*/
