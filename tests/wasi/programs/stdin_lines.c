/* stdin: first line\nsecond\n\nno newline */
#include <stdio.h>
#include <string.h>

int main(void) {
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        printf("[%s]\n", line);
    }
    printf("%d %d\n", feof(stdin) != 0, ferror(stdin) != 0);
    return 0;
}

/* output:
[first line]
[second]
[]
[no newline]
1 0
*/
