#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

static __wasi_subscription_t clock_in(__wasi_userdata_t id, __wasi_timestamp_t ns) {
    __wasi_subscription_t s;
    memset(&s, 0, sizeof s);
    s.userdata = id;
    s.u.tag = __WASI_EVENTTYPE_CLOCK;
    s.u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
    s.u.u.clock.timeout = ns;
    return s;
}

int main(void) {
    __wasi_subscription_t in[3] = {clock_in(7, 3600000000000ULL), clock_in(8, 5000000), clock_in(9, 3600000000000ULL)};
    __wasi_event_t out[3];
    __wasi_size_t n;
    int code = __wasi_poll_oneoff(in, out, 3, &n);
    printf("%d %zu %llu %d %d\n", code, n, out[0].userdata, out[0].error, out[0].type);
    __wasi_timestamp_t now;
    code = __wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &now);
    in[0].u.u.clock.timeout = now > 1000 ? now - 1000 : 0;
    in[0].u.u.clock.flags = __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME;
    code = __wasi_poll_oneoff(in, out, 1, &n);
    printf("%d %zu %llu\n", code, n, out[0].userdata);
    printf("%d\n", __wasi_poll_oneoff(in, out, 0, &n));
    return 0;
}

/* output:
0 1 8 0 0
0 1 7
28
*/
