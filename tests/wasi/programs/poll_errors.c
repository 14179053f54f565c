#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

int main(void) {
    __wasi_subscription_t in[2];
    __wasi_event_t out[2];
    __wasi_size_t n = 0;
    memset(in, 0, sizeof in);
    in[0].userdata = 1;
    in[0].u.tag = __WASI_EVENTTYPE_FD_READ;
    in[0].u.u.fd_read.file_descriptor = 99;
    in[1].userdata = 2;
    in[1].u.tag = __WASI_EVENTTYPE_CLOCK;
    in[1].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
    in[1].u.u.clock.timeout = 3600000000000ULL;
    int code = __wasi_poll_oneoff(in, out, 2, &n);
    printf("%d %zu %llu %d %d\n", code, n, out[0].userdata, out[0].error, out[0].type);
    in[0].u.u.fd_read.file_descriptor = 1; /* stdout cannot be read */
    code = __wasi_poll_oneoff(in, out, 2, &n);
    printf("%d %zu %llu %d\n", code, n, out[0].userdata, out[0].error);
    in[1].u.u.clock.id = __WASI_CLOCKID_THREAD_CPUTIME_ID;
    code = __wasi_poll_oneoff(in + 1, out, 1, &n);
    printf("%d %zu %d\n", code, n, out[0].error);
    return 0;
}

/* output:
0 1 1 8 1
0 1 1 8
0 1 28
*/
/* differs: Wasmtime fails the whole call where preview 1 reports the error in the event */
