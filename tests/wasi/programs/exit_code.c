/* exit: 42 */
#include <stdio.h>
#include <stdlib.h>

static void last(void) { printf("at exit\n"); }

int main(void) {
    atexit(last);
    printf("buffered");
    exit(42);
}

/* output:
bufferedat exit
*/
