#include <stdio.h>

int main(void) {
    for (int i = 0; i < 20000; i++) printf("%d%c", i % 10, i % 100 == 99 ? '\n' : ' ');
    fflush(stdout);
    fprintf(stderr, "%ld\n", ftell(stdout) == -1 ? 0L : 1L);
    return 0;
}

/* output-size: 40000 */
/* errors:
0
*/
