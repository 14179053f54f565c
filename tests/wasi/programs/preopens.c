/* dirs: one=/data two=/data/inner three=relative */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/api.h>

static void put(const char *path) {
    int fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0666);
    printf("%s %d\n", path, fd > 2 && write(fd, path, strlen(path)) > 0);
    close(fd);
}

int main(void) {
    put("/data/a");
    put("/data/inner/a");
    put("relative/a");
    put("/elsewhere/a");
    struct stat st;
    printf("%d %d %d\n", stat("/data/inner/a", &st), (int)st.st_size, stat("/data/./inner/a", &st));
    for (__wasi_fd_t fd = 3; fd < 7; fd++) {
        __wasi_prestat_t p;
        int code = __wasi_fd_prestat_get(fd, &p);
        char name[32] = {0};
        if (!code) code = __wasi_fd_prestat_dir_name(fd, (unsigned char *)name, p.u.dir.pr_name_len);
        printf("%d %s\n", code, name);
    }
    printf("%d %d\n", rename("/data/a", "/data/inner/b"), stat("/data/inner/b", &st));
    return 0;
}

/* output:
/data/a 1
/data/inner/a 1
relative/a 1
/elsewhere/a 0
0 13 -1
0 /data
0 /data/inner
0 relative
8 
0 0
*/
