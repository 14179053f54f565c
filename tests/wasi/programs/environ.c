/* env: FIRST=1 EMPTY= EQUALS=a=b */
#include <stdio.h>
#include <stdlib.h>

extern char **environ;

int main(void) {
    for (char **e = environ; *e; e++) printf("%s\n", *e);
    printf("[%s] [%s] %d\n", getenv("EMPTY"), getenv("EQUALS"), getenv("HOME") == NULL);
    setenv("NEW", "x", 1);
    printf("%s\n", getenv("NEW"));
    return 0;
}

/* output:
FIRST=1
EMPTY=
EQUALS=a=b
[] [a=b] 1
x
*/
