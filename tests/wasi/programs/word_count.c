/* args: input.txt */
/* files: input.txt=the\squick\sbrown\sfox\njumps\sover\nthe\slazy\sdog\n */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word {
    char *text;
    int count;
};

static int by_count(const void *a, const void *b) {
    const struct word *x = a, *y = b;
    return y->count != x->count ? y->count - x->count : strcmp(x->text, y->text);
}

int main(int argc, char **argv) {
    FILE *f = fopen(argv[argc - 1], "r");
    if (!f) return 1;
    struct word *words = NULL;
    int n = 0, lines = 0, c, used = 0;
    char buf[64];
    while ((c = getc(f)) != EOF) {
        lines += c == '\n';
        if (isalpha(c)) {
            buf[used++] = (char)c;
            continue;
        }
        if (!used) continue;
        buf[used] = 0, used = 0;
        int i = 0;
        while (i < n && strcmp(words[i].text, buf)) i++;
        if (i == n) words = realloc(words, (size_t)++n * sizeof *words), words[i] = (struct word){strdup(buf), 0};
        words[i].count++;
    }
    qsort(words, (size_t)n, sizeof *words, by_count);
    FILE *out = fopen("counts.txt", "w");
    for (int i = 0; i < n; i++) fprintf(out, "%d %s\n", words[i].count, words[i].text);
    fclose(out);
    out = fopen("counts.txt", "r");
    while ((c = getc(out)) != EOF) putchar(c);
    printf("%d lines\n", lines);
    return 0;
}

/* output:
2 the
1 brown
1 dog
1 fox
1 jumps
1 lazy
1 over
1 quick
3 lines
*/
