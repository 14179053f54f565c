#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    unsigned char a[256], b[256];
    printf("%d %d\n", getentropy(a, sizeof a), getentropy(b, sizeof b));
    printf("%d\n", memcmp(a, b, sizeof a) != 0);
    int seen[256] = {0}, distinct = 0;
    for (int i = 0; i < 256; i++) distinct += !seen[a[i]]++;
    printf("%d\n", distinct > 100);
    printf("%d\n", getentropy(a, 257));
    return 0;
}

/* output:
0 0
1
1
-1
*/
