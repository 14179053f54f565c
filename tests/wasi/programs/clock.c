#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <sys/time.h>

int main(void) {
    struct timespec a, b, r;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (volatile int i = 0; i < 100000; i++) {}
    clock_gettime(CLOCK_MONOTONIC, &b);
    long long passed = (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec;
    printf("%d\n", passed > 0 && passed < 60000000000LL);
    clock_gettime(CLOCK_REALTIME, &a);
    printf("%d\n", a.tv_sec > 1700000000);
    struct timeval tv;
    gettimeofday(&tv, NULL);
    printf("%d\n", tv.tv_sec - a.tv_sec <= 1 && time(NULL) - a.tv_sec <= 1);
    clock_getres(CLOCK_REALTIME, &r);
    printf("%d\n", r.tv_sec == 0 && r.tv_nsec > 0);
    struct tm *tm = gmtime(&a.tv_sec);
    printf("%d\n", tm->tm_year > 120);
    return 0;
}

/* output:
1
1
1
1
1
*/
