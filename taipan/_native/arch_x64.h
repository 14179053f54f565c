/* x86-64, System V: registers, stubs and frame layout of abi/calls.py. Everything that names a register is here, in
   arch_x64.c and arch_x64_stubs.S. Another architecture provides the same names in its own header. */
/* clang-format off */
#ifndef TAIPAN_ARCH_X64_H
#define TAIPAN_ARCH_X64_H

#if !defined(__x86_64__) || !defined(__linux__)
#error "taipan's native runtime has stubs for x86-64 Linux only: add arch_<name>.h and arch_<name>.c for this machine"
#endif

/* Offsets that the stubs use, asserted in arch_x64.c. */
#define ARCH_ACTIVATION_SP 0
#include <pyconfig.h>
#ifdef Py_GIL_DISABLED
#define ARCH_STORE_EXIT_PC 32
#else
#define ARCH_STORE_EXIT_PC 16
#endif
#define ARCH_STORE_EXIT_FP (ARCH_STORE_EXIT_PC + 8)

#ifndef __ASSEMBLER__
#include "runtime.h" /* first: Python.h chooses what the system headers show */

#include <emmintrin.h>
#include <signal.h>
#include <ucontext.h>

/* Arguments in registers after the two contexts (abi/calls.py). */
#define ARCH_INT_ARGS 4
#define ARCH_FLOAT_ARGS 8
typedef __m128i ArchVector;

/* A generated frame: [fp] = caller's fp, [fp + 8] = return address, stack arguments from fp + 16. */
static inline uintptr_t arch_frame_caller(uintptr_t fp) { return ((const uintptr_t *)fp)[0]; }
static inline uintptr_t arch_frame_return(uintptr_t fp) { return ((const uintptr_t *)fp)[1]; }
#define ARCH_FRAME_ARGS(fp) ((const uint8_t *)(fp) + 16)

/* C -> wasm. The stub keeps the argument registers, records the stack pointer that unwinding returns to in
   activation, and calls `code`. The result is what the callee left in rax or xmm0: the two names of each stub are one
   address. After unwinding the result is meaningless and activation->unwound is set. */
#define ARCH_ENTER_ARGS                                                                                                    \
    void *callee, void *caller, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, ArchVector x0, ArchVector x1,      \
        ArchVector x2, ArchVector x3, ArchVector x4, ArchVector x5, ArchVector x6, ArchVector x7, void *code,          \
        Activation *activation
uint64_t arch_enter(ARCH_ENTER_ARGS);
ArchVector arch_enter_vector(ARCH_ENTER_ARGS);
/* The same with stack arguments: bytes is a multiple of 16, the callee pops them. */
uint64_t arch_enter_stack(ARCH_ENTER_ARGS, const uint8_t *stack, size_t bytes);
ArchVector arch_enter_stack_vector(ARCH_ENTER_ARGS, const uint8_t *stack, size_t bytes);
/* The same for functions without float arguments. */
uint64_t arch_enter_ints(void *callee, void *caller, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, void *code,
                         Activation *activation);
/* ... and for functions whose only arguments are floats. */
double arch_enter_doubles(void *callee, void *caller, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, double x0, double x1,
                          double x2, double x3, void *code, Activation *activation);

/* From the saved stack pointer of an entry stub to the frame pointer that its callee has saved. */
static inline uintptr_t arch_entry_fp(uintptr_t entry_sp) { return entry_sp + 48; }

/* Return from the entry stub whose stack pointer this is. */
_Noreturn void arch_unwind(uintptr_t entry_sp);

/* wasm -> C: VMFuncRef.code of every host function. The stub spills this record and calls tp_host_call. */
typedef struct HostArgs {
    uint64_t ints[ARCH_INT_ARGS];
    ArchVector floats[ARCH_FLOAT_ARGS];
    uint64_t result[2]; /* written by tp_host_call, loaded into rax and xmm0 */
} HostArgs;
void arch_host_stub(void);

/* Where a fault in generated code continues: calls tp_fault. */
void arch_fault_stub(void);

/* Lazy entries (native_module.c): 16 bytes of code per function, and a common tail per module. */
#define ARCH_STUB_BYTES 16
#define ARCH_STUB_TAIL_BYTES 32
/* `jmp [cell]`; `mov index; jmp tail`. Returns the offset in the stub that the cell holds while nothing is compiled. */
size_t arch_write_stub(uint8_t *out, uintptr_t address, uintptr_t cell, uint32_t index, uintptr_t tail);
void arch_write_stub_tail(uint8_t *out, NativeModule *module);

/* Code was written at addresses that may have held other code. Instruction fetch is coherent with stores here, even
   through another mapping; and whoever is about to jump there learnt the address after the GIL changed hands. */
static inline void arch_code_written(const void *address, size_t size) { (void)address, (void)size; }

/* ---- the context of a signal ---- */
static inline uintptr_t arch_context_pc(const ucontext_t *context) { return (uintptr_t)context->uc_mcontext.gregs[REG_RIP]; }
static inline uintptr_t arch_context_fp(const ucontext_t *context) { return (uintptr_t)context->uc_mcontext.gregs[REG_RBP]; }
/* The counter of metered code (compiler/baseline/x64/registers.py). */
static inline int64_t arch_context_fuel(const ucontext_t *context) { return context->uc_mcontext.gregs[REG_R10]; }
static inline void arch_context_redirect(ucontext_t *context, void (*target)(void)) {
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)target;
}

#endif
#endif
