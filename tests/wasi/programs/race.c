/* files: target/file=inside */
/* args: 200 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The host may swap `target` for a link to a directory outside meanwhile (test_race.py). */
int main(int argc, char **argv) {
    (void)argc;
    int wrong = 0, opened = 0;
    for (int i = 0, rounds = atoi(argv[1]); i < rounds; i++) {
        char buf[16] = {0};
        int fd = open("target/file", O_RDWR);
        if (fd >= 0) {
            opened++;
            if (read(fd, buf, 15) != 6 || strcmp(buf, "inside")) wrong++;
            if (pwrite(fd, "inside", 6, 0) != 6) wrong++;
            close(fd);
        }
        struct stat st;
        if (!stat("target/file", &st) && st.st_size != 6) wrong++;
        if ((fd = open("target/made", O_CREAT | O_WRONLY, 0666)) >= 0) close(fd);
        mkdir("target/made_dir", 0777);
        rename("target/made", "made");
        rename("made", "target/made");
        link("target/made", "target/linked");
        unlink("target/linked");
        unlink("target/made");
        rmdir("target/made_dir");
    }
    printf("%d %d\n", wrong, opened > 0);
    return 0;
}

/* output:
0 1
*/
