#include <stdio.h>
#include <string.h>

int main(void) {
    FILE *f = fopen("data.txt", "w");
    for (int i = 0; i < 5; i++) fprintf(f, "line %d\n", i);
    fclose(f);
    f = fopen("/data.txt", "r");
    char line[32];
    int n = 0;
    while (fgets(line, sizeof line, f)) n += (int)strlen(line);
    printf("%d %ld\n", n, ftell(f));
    fseek(f, -7, SEEK_END);
    printf("%s", fgets(line, sizeof line, f));
    fclose(f);
    printf("%d\n", fopen("missing", "r") == NULL);
    printf("%d\n", remove("data.txt"));
    printf("%d\n", fopen("data.txt", "r") == NULL);
    return 0;
}

/* output:
35 35
line 4
1
0
1
*/
