/* error: exit with invalid exit status outside of [0..126) */
#include <unistd.h>

int main(void) { _exit(126); }
