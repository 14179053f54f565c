/* A byte-code machine: one switch (br_table) in a loop, running a program that counts Collatz steps. */
#include "kernel.h"

enum { PUSH, ADD, MUL, DUP, SWAP, AND, SHR, JZ, JMP, LOAD, STORE, SUB, HALT };

static const int32_t program[] = {
    /*  0 */ PUSH, 0, STORE, 1,                                   /* steps = 0 */
    /*  4 */ LOAD, 0, PUSH, 1, SUB, JZ, 46,                       /* while (x != 1) */
    /* 11 */ LOAD, 1, PUSH, 1, ADD, STORE, 1,                     /*   steps++ */
    /* 18 */ LOAD, 0, PUSH, 1, AND, JZ, 37,                       /*   if (x is odd) */
    /* 25 */ LOAD, 0, PUSH, 3, MUL, PUSH, 1, ADD, STORE, 0, JMP, 4, /*     x = 3 * x + 1 */
    /* 37 */ LOAD, 0, PUSH, 1, SHR, STORE, 0, JMP, 4,             /*   else x >>= 1 */
    /* 46 */ HALT,
};

NOINLINE static uint64_t interpret(uint64_t x, const int32_t *code) {
    uint64_t stack[16], vars[2] = {x, 0};
    int sp = 0, pc = 0;
    for (;;) {
        switch (code[pc++]) {
        case PUSH: stack[sp++] = (uint64_t)code[pc++]; break;
        case ADD: sp--, stack[sp - 1] += stack[sp]; break;
        case SUB: sp--, stack[sp - 1] -= stack[sp]; break;
        case MUL: sp--, stack[sp - 1] *= stack[sp]; break;
        case DUP: stack[sp] = stack[sp - 1], sp++; break;
        case SWAP: { uint64_t t = stack[sp - 1]; stack[sp - 1] = stack[sp - 2], stack[sp - 2] = t; break; }
        case AND: sp--, stack[sp - 1] &= stack[sp]; break;
        case SHR: sp--, stack[sp - 1] >>= stack[sp]; break;
        case JZ: if (stack[--sp]) pc++; else pc = code[pc]; break;
        case JMP: pc = code[pc]; break;
        case LOAD: stack[sp++] = vars[code[pc++]]; break;
        case STORE: vars[code[pc++]] = stack[--sp]; break;
        default: return vars[1];
        }
    }
}

EXPORT(run) uint64_t run(uint32_t n) {
    uint64_t check = 0;
    for (uint32_t i = 1; i <= n; i++) check = check * 31 + interpret(i, program);
    return check;
}
