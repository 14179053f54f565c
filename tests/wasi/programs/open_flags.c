#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void try(const char *what, const char *path, int flags) {
    int fd = open(path, flags, 0666);
    printf("%s: %s\n", what, fd > 2 ? "ok" : errno == EEXIST ? "EEXIST" : errno == ENOENT ? "ENOENT" : errno == EISDIR ? "EISDIR"
        : errno == ENOTDIR ? "ENOTDIR" : errno == EINVAL ? "EINVAL" : errno == ELOOP ? "ELOOP" : "other");
    if (fd > 2) close(fd);
}

int main(void) {
    mkdir("d", 0777);
    try("missing", "f", O_RDONLY);
    try("exclusive", "f", O_CREAT | O_EXCL | O_WRONLY);
    try("exclusive again", "f", O_CREAT | O_EXCL | O_WRONLY);
    try("create existing", "f", O_CREAT | O_RDWR);
    try("directory", "d", O_RDONLY | O_DIRECTORY);
    try("directory without flag", "d", O_RDONLY);
    try("directory for writing", "d", O_RDWR);
    try("file as directory", "f", O_RDONLY | O_DIRECTORY);
    try("slash after file", "f/", O_RDONLY);
    try("slash after new", "n/", O_CREAT | O_WRONLY);
    try("slash after directory", "d/", O_RDONLY);
    try("below file", "f/x", O_RDONLY);
    try("below nothing", "no/x", O_CREAT | O_WRONLY);
    try("nonblock", "f", O_RDONLY | O_NONBLOCK);
    return 0;
}

/* output:
missing: ENOENT
exclusive: ok
exclusive again: EEXIST
create existing: ok
directory: ok
directory without flag: ok
directory for writing: EISDIR
file as directory: ENOTDIR
slash after file: ENOTDIR
slash after new: EISDIR
slash after directory: ok
below file: ENOTDIR
below nothing: ENOENT
nonblock: ok
*/
