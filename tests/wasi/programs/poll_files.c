/* stdin: some input */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int fd = open("f", O_CREAT | O_RDWR, 0666);
    write(fd, "data", 4);
    lseek(fd, 0, SEEK_SET);
    struct pollfd p[3] = {{0, POLLIN, 0}, {1, POLLOUT, 0}, {fd, POLLIN | POLLOUT, 0}};
    int n = poll(p, 3, 10000);
    printf("%d %d %d %d\n", n >= 1, p[0].revents == 0 || (p[0].revents & POLLIN), p[1].revents & POLLOUT,
           (p[2].revents & (POLLIN | POLLOUT)) != 0);
    char buf[32];
    ssize_t got = read(0, buf, sizeof buf);
    printf("%zd %.*s\n", got, (int)got, buf);
    return 0;
}

/* output:
1 1 2 1
10 some input
*/
