/* Solves a sudoku: `sudoku [81 cells, 0 or . for empty]`. A real program in 3 KB of WebAssembly.

   Built with: zig cc -target wasm32-wasi -Os -s -o sudoku.wasm sudoku.c */
#include <string.h>
#include <unistd.h>

static const char *puzzle = "..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9";
static int rows[9], columns[9], boxes[9];
static char grid[81];
static long tries;

static void put(int cell, int digit, int sign) {
    int bit = sign << digit;
    rows[cell / 9] += bit, columns[cell % 9] += bit, boxes[cell / 27 * 3 + cell % 9 / 3] += bit;
    grid[cell] = sign > 0 ? (char)('0' + digit) : '.';
}

static int used(int cell) { return rows[cell / 9] | columns[cell % 9] | boxes[cell / 27 * 3 + cell % 9 / 3]; }

/* Fill the empty cell with the fewest candidates first. */
static int solve(void) {
    int best = -1, fewest = 10;
    for (int cell = 0; cell < 81 && fewest > 1; cell++) {
        if (grid[cell] != '.') continue;
        int free = 9 - __builtin_popcount((unsigned)used(cell));
        if (free < fewest) fewest = free, best = cell;
    }
    if (best < 0) return 1;
    for (int digit = 1; digit <= 9; digit++) {
        if (used(best) >> digit & 1) continue;
        tries++;
        put(best, digit, 1);
        if (solve()) return 1;
        put(best, digit, -1);
    }
    return 0;
}

static void say(const char *text) { write(1, text, strlen(text)); }

int main(int argc, char **argv) {
    if (argc > 1) puzzle = argv[1];
    if (strlen(puzzle) != 81) {
        say("usage: sudoku [81 cells, left to right, top to bottom; 0 or . is an empty cell]\n");
        return 2;
    }
    memset(grid, '.', sizeof grid);
    for (int cell = 0; cell < 81; cell++) {
        int digit = puzzle[cell] - '0';
        if (digit < 1 || digit > 9) continue;
        if (used(cell) >> digit & 1) {
            say("the puzzle contradicts itself\n");
            return 1;
        }
        put(cell, digit, 1);
    }
    int solved = solve();
    for (int row = 0; row < 9; row++) {
        char line[] = "  . . . | . . . | . . .\n";
        for (int column = 0; column < 9; column++) line[2 + column * 2 + column / 3 * 2] = grid[row * 9 + column];
        if (row == 3 || row == 6) say("  ------+-------+------\n");
        say(line);
    }
    char number[24], *digits = number + sizeof number;
    *--digits = 0;
    for (long rest = tries; rest || !*digits; rest /= 10) *--digits = (char)('0' + rest % 10);
    say(solved ? "solved after " : "no solution after ");
    say(digits);
    say(" tries\n");
    return !solved;
}
