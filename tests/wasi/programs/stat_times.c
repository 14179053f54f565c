#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    struct stat st, before;
    int fd = open("f", O_CREAT | O_RDWR, 0666);
    struct timespec t[2] = {{1000000000, 123456789}, {1500000000, 987654321}};
    printf("%d\n", futimens(fd, t));
    fstat(fd, &st);
    printf("%lld.%09ld %lld.%09ld\n", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec,
           st.st_mtim.tv_nsec);
    t[0].tv_nsec = UTIME_OMIT;
    t[1].tv_sec = 7, t[1].tv_nsec = 5;
    printf("%d\n", utimensat(AT_FDCWD, "f", t, 0));
    stat("f", &st);
    printf("%lld %lld.%09ld\n", (long long)st.st_atim.tv_sec, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    t[0].tv_nsec = UTIME_NOW;
    t[1].tv_nsec = UTIME_OMIT;
    utimensat(AT_FDCWD, "f", t, 0);
    before = st;
    stat("f", &st);
    printf("%d %lld\n", st.st_atim.tv_sec > before.st_atim.tv_sec, (long long)st.st_mtim.tv_sec);
    symlink("f", "l");
    t[0].tv_sec = t[1].tv_sec = 42, t[0].tv_nsec = t[1].tv_nsec = 0;
    printf("%d\n", utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
    lstat("l", &st);
    printf("%lld\n", (long long)st.st_mtim.tv_sec);
    stat("l", &st);
    printf("%lld\n", (long long)st.st_mtim.tv_sec);
    utimensat(AT_FDCWD, "l", t, 0);
    stat("f", &st);
    printf("%lld\n", (long long)st.st_mtim.tv_sec);
    mkdir("d", 0777);
    printf("%d\n", utimensat(AT_FDCWD, "d", t, 0));
    stat("d", &st);
    printf("%lld\n", (long long)st.st_mtim.tv_sec);
    printf("%d\n", utimensat(AT_FDCWD, "missing", t, 0));
    return 0;
}

/* output:
0
1000000000.123456789 1500000000.987654321
0
1000000000 7.000000005
1 7
0
42
7
42
0
42
-1
*/
