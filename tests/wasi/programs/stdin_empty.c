#include <stdio.h>
#include <unistd.h>

int main(void) {
    char c;
    printf("%zd %d %d\n", read(0, &c, 1), getchar(), feof(stdin) != 0);
    return 0;
}

/* output:
0 -1 1
*/
