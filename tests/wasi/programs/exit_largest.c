/* exit: 125 */
#include <unistd.h>

int main(void) { _exit(125); }
