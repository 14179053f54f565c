#include <stdio.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void) {
    long long start = now();
    struct timespec t = {0, 30000000};
    printf("%d\n", nanosleep(&t, NULL));
    long long passed = now() - start;
    printf("%d\n", passed >= 30000000 && passed < 20000000000LL);
    start = now();
    printf("%d\n", usleep(10000));
    printf("%d\n", now() - start >= 10000000);
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += 20000000;
    if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
    struct timespec after;
    printf("%d\n", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    clock_gettime(CLOCK_REALTIME, &after);
    printf("%d\n", after.tv_sec > t.tv_sec || (after.tv_sec == t.tv_sec && after.tv_nsec >= t.tv_nsec));
    return 0;
}

/* output:
0
1
0
1
0
1
*/
/* differs: Wasmtime subtracts the wrong way round for an absolute time of the realtime clock */
