#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/api.h>

static void at(const char *path) {
    __wasi_fd_t fd;
    printf("%s: %d %d\n", path, __wasi_path_open(3, 1, path, 0, 2, 0, 0, &fd), __wasi_path_create_directory(3, path));
}

int main(void) {
    mkdir("d", 0777);
    at("..");
    at("../x");
    at("d/../..");
    at("/");
    at("/etc/passwd");
    at("d/../../d");
    symlink("..", "up");
    symlink("../../x", "d/out");
    at("up/x");
    at("d/out");
    printf("%d %d\n", symlink("/etc", "abs"), errno == EPERM);
    printf("%d %d\n", rename("d", "../d"), errno == EPERM || errno == ENOENT || errno == EBUSY);
    __wasi_fd_t dir, fd;
    printf("%d\n", __wasi_path_open(3, 0, "d", __WASI_OFLAGS_DIRECTORY, 2, 2, 0, &dir));
    printf("%d\n", __wasi_path_open(dir, 0, "../d", 0, 2, 0, 0, &fd));
    return 0;
}

/* output:
..: 63 63
../x: 63 63
d/../..: 63 63
/: 63 63
/etc/passwd: 63 63
d/../../d: 63 63
up/x: 63 63
d/out: 63 20
-1 1
-1 1
0
63
*/
