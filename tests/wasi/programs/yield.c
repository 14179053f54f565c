#include <sched.h>
#include <stdio.h>

int main(void) {
    int sum = 0;
    for (int i = 0; i < 1000; i++) sum += sched_yield();
    printf("%d\n", sum);
    return 0;
}

/* output:
0
*/
