#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void show(const char *what, int result) {
    printf("%s: %s\n", what, result == 0 ? "ok" : errno == EEXIST ? "EEXIST" : errno == ENOENT ? "ENOENT"
        : errno == ENOTDIR ? "ENOTDIR" : errno == ENOTEMPTY ? "ENOTEMPTY" : errno == EINVAL ? "EINVAL" : "other");
}

int main(void) {
    show("mkdir", mkdir("d", 0777));
    show("mkdir again", mkdir("d", 0777));
    show("mkdir slash", mkdir("d/e/", 0777));
    show("mkdir no parent", mkdir("x/y", 0777));
    close(open("file", O_CREAT | O_WRONLY, 0666));
    show("mkdir below file", mkdir("file/d", 0777));
    show("mkdir over file", mkdir("file", 0777));
    show("rmdir full", rmdir("d"));
    show("rmdir file", rmdir("file"));
    show("rmdir dot", rmdir("d/."));
    show("rmdir", rmdir("d/e"));
    show("rmdir parent", rmdir("d"));
    show("rmdir again", rmdir("d"));
    struct stat st;
    show("stat", stat("d", &st));
    return 0;
}

/* output:
mkdir: ok
mkdir again: EEXIST
mkdir slash: ok
mkdir no parent: ENOENT
mkdir below file: ENOTDIR
mkdir over file: EEXIST
rmdir full: ENOTEMPTY
rmdir file: ENOTDIR
rmdir dot: EINVAL
rmdir: ok
rmdir parent: ok
rmdir again: ENOENT
stat: ENOENT
*/
