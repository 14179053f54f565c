/* dirs: one=/:ro */
/* files: f=content d/g=more */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void refused(const char *what, int result) { printf("%s %d %d\n", what, result, errno == EPERM); }

int main(void) {
    char buf[16] = {0};
    struct stat st;
    int fd = open("f", O_RDONLY);
    printf("%zd %s %d\n", read(fd, buf, 15), buf, stat("d/g", &st));
    refused("write", open("f", O_WRONLY));
    refused("update", open("f", O_RDWR));
    refused("truncate", open("f", O_RDONLY | O_TRUNC));
    refused("create", open("new", O_CREAT | O_WRONLY, 0666));
    refused("create existing", open("f", O_CREAT | O_RDONLY, 0666));
    refused("mkdir", mkdir("new", 0777));
    refused("rmdir", rmdir("d"));
    refused("unlink", unlink("f"));
    refused("rename", rename("f", "new"));
    refused("link", link("f", "new"));
    refused("symlink", symlink("f", "new"));
    struct timespec t[2] = {{1, 0}, {1, 0}};
    refused("utimensat", utimensat(AT_FDCWD, "f", t, 0));
    refused("futimens", futimens(fd, t));
    refused("ftruncate", ftruncate(fd, 0));
    stat("f", &st);
    printf("%d\n", (int)st.st_size);
    return 0;
}

/* output:
7 content 0
write -1 1
update -1 1
truncate -1 1
create -1 1
create existing -1 1
mkdir -1 1
rmdir -1 1
unlink -1 1
rename -1 1
link -1 1
symlink -1 1
utimensat -1 1
futimens -1 1
ftruncate -1 1
7
*/
