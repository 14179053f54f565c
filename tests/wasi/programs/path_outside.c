/* error: ut of bounds */
#include <stdio.h>
#include <wasi/api.h>

int __attribute__((import_module("wasi_snapshot_preview1"), import_name("path_create_directory")))
create(int fd, const char *path, unsigned size);

int main(void) {
    printf("%d\n", create(3, (const char *)0x80000000, 10));
    return 0;
}
