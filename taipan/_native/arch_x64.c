/* The x86-64 stubs. They keep the chain of rbp intact, so that the stack walker and debuggers pass through them.

   abi/calls.py: rdi callee vmctx, rsi caller vmctx, rdx rcx r8 r9 and xmm0-7 arguments, the callee pops stack arguments;
   rbx rbp r12-r15 are preserved. */
#include "runtime.h"

/* clang-format off */

_Static_assert(offsetof(Activation, entry_sp) == ARCH_ACTIVATION_SP, "entry stub");
_Static_assert(offsetof(Store, exit_pc) == ARCH_STORE_EXIT_PC && offsetof(Store, exit_fp) == ARCH_STORE_EXIT_FP, "thunks");
_Static_assert(sizeof(HostArgs) == 176 && offsetof(HostArgs, floats) == 32 && offsetof(HostArgs, result) == 160, "host stub");
_Static_assert(VMCONTEXTHEADER_STORE == 40, "thunks");

#define STR_(x) #x
#define STR(x) STR_(x)
#define FUNCTION(name) ".p2align 4\n.hidden " name "\n.globl " name "\n.type " name ",@function\n" name ":\n.cfi_startproc\n"
#define END(name) ".cfi_endproc\n.size " name ",.-" name "\n"
/* Store or load xmm registers at 16 bytes each from rsp + at. */
#define SAVE_FLOATS(registers, at) ".irp i," registers "\nmovaps %xmm\\i," at "+16*\\i(%rsp)\n.endr\n"
#define LOAD_FLOATS(registers, at) ".irp i," registers "\nmovaps " at "+16*\\i(%rsp),%xmm\\i\n.endr\n"
#define XMM0_7 "0,1,2,3,4,5,6,7"
#define XMM0_15 XMM0_7 ",8,9,10,11,12,13,14,15"
#define ALIAS(alias, name) ".hidden " alias "\n.globl " alias "\n.set " alias "," name "\n"

/* Pushes what unwinding must restore: 5 registers and 8 bytes, so that rsp is 16-byte aligned, 48 bytes below rbp. */
#define ENTER                                                                                                              \
    "push %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset %rbp,-16\n"                                                            \
    "mov %rsp,%rbp\n.cfi_def_cfa_register %rbp\n"                                                                          \
    "push %rbx\npush %r12\npush %r13\npush %r14\npush %r15\nsub $8,%rsp\n"                                                 \
    ".cfi_offset %rbx,-24\n.cfi_offset %r12,-32\n.cfi_offset %r13,-40\n.cfi_offset %r14,-48\n.cfi_offset %r15,-56\n"       \
    "mov 24(%rbp),%rax\nmov %rsp," STR(ARCH_ACTIVATION_SP) "(%rax)\n"
#define LEAVE                                                                                                              \
    "lea -40(%rbp),%rsp\npop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\n.cfi_def_cfa %rsp,8\nret\n"

/* [rbp+16] code, [rbp+24] activation, [rbp+32] stack arguments, [rbp+40] their bytes. */
__asm__(".text\n"
        FUNCTION("arch_enter")
        ENTER
        "call *16(%rbp)\n"
        LEAVE
        END("arch_enter")
        ALIAS("arch_enter_vector", "arch_enter")
        ALIAS("arch_enter_ints", "arch_enter")
        ALIAS("arch_enter_doubles", "arch_enter")

        FUNCTION("arch_enter_stack")
        ENTER
        "mov 32(%rbp),%r10\n"
        "mov 40(%rbp),%r11\n"
        "1: sub $8,%r11\n"
        "jb 2f\n"
        "push (%r10,%r11)\n" /* from the last to the first */
        "jmp 1b\n"
        "2: call *16(%rbp)\n"
        LEAVE
        END("arch_enter_stack")
        ALIAS("arch_enter_stack_vector", "arch_enter_stack")

        /* The stack pointer is the one that ENTER left; rbp follows from it. */
        FUNCTION("arch_unwind")
        "lea 48(%rdi),%rbp\n"
        LEAVE
        END("arch_unwind")

        /* rdi HostFunc*, rsi caller vmctx. */
        FUNCTION("arch_host_stub")
        "push %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset %rbp,-16\n"
        "mov %rsp,%rbp\n.cfi_def_cfa_register %rbp\n"
        "sub $176,%rsp\n"
        "mov %rdx,(%rsp)\nmov %rcx,8(%rsp)\nmov %r8,16(%rsp)\nmov %r9,24(%rsp)\n"
        SAVE_FLOATS(XMM0_7, "32")
        "mov %rsp,%rdx\n"
        "mov %rbp,%rcx\n"
        "call tp_host_call\n" /* returns the bytes of stack arguments */
        "mov %rax,%rcx\n"
        "mov 160(%rsp),%rax\n"
        "movq 160(%rsp),%xmm0\n"
        "movhps 168(%rsp),%xmm0\n"
        "leave\n.cfi_def_cfa %rsp,8\n"
        "test %rcx,%rcx\n"
        "jnz 1f\n"
        "ret\n"
        "1: pop %rdx\n"
        "add %rcx,%rsp\n"
        "jmp *%rdx\n"
        END("arch_host_stub")

        /* Entered from the signal handler's context with the registers of the faulting instruction. */
        FUNCTION("arch_fault_stub")
        "and $-16,%rsp\n"
        "call tp_fault\n"
        END("arch_fault_stub")

        /* The builtin `trap`: called like a function from anywhere; the site of the return address says why. */
        FUNCTION("tp_thunk_trap")
        "mov (%rsp),%rdi\n"
        "mov %rbp,%rsi\n"
        "and $-16,%rsp\n"
        "call tp_trap_at_site\n"
        END("tp_thunk_trap")

        /* The builtin `poll`: rax = tested address, r15 = vmctx; keeps everything but rax and the flags. */
        FUNCTION("tp_thunk_poll")
        "push %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset %rbp,-16\n"
        "mov %rsp,%rbp\n.cfi_def_cfa_register %rbp\n"
        "sub $320,%rsp\n"
        "and $-16,%rsp\n"
        "mov %rcx,(%rsp)\nmov %rdx,8(%rsp)\nmov %rsi,16(%rsp)\nmov %rdi,24(%rsp)\n"
        "mov %r8,32(%rsp)\nmov %r9,40(%rsp)\nmov %r10,48(%rsp)\nmov %r11,56(%rsp)\n"
        SAVE_FLOATS(XMM0_15, "64")
        "mov %r15,%rdi\n"
        "mov %rax,%rsi\n"
        "mov 8(%rbp),%rdx\n"
        "mov (%rbp),%rcx\n"
        "call tp_poll\n"
        "mov (%rsp),%rcx\nmov 8(%rsp),%rdx\nmov 16(%rsp),%rsi\nmov 24(%rsp),%rdi\n"
        "mov 32(%rsp),%r8\nmov 40(%rsp),%r9\nmov 48(%rsp),%r10\nmov 56(%rsp),%r11\n"
        LOAD_FLOATS(XMM0_15, "64")
        "leave\n.cfi_def_cfa %rsp,8\n"
        "ret\n"
        END("tp_thunk_poll")

        /* An uncompiled function was called: eax = its index, r11 = NativeModule*, argument registers live. */
        FUNCTION("arch_lazy_stub")
        "push %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset %rbp,-16\n"
        "mov %rsp,%rbp\n.cfi_def_cfa_register %rbp\n"
        "sub $176,%rsp\n"
        "mov %rdi,(%rsp)\nmov %rsi,8(%rsp)\nmov %rdx,16(%rsp)\nmov %rcx,24(%rsp)\nmov %r8,32(%rsp)\nmov %r9,40(%rsp)\n"
        SAVE_FLOATS(XMM0_7, "48")
        "mov %r11,%rsi\n"
        "mov %eax,%edx\n"
        "mov %rbp,%rcx\n"
        "call tp_lazy_compile\n" /* the code's address */
        "mov (%rsp),%rdi\nmov 8(%rsp),%rsi\nmov 16(%rsp),%rdx\nmov 24(%rsp),%rcx\nmov 32(%rsp),%r8\nmov 40(%rsp),%r9\n"
        LOAD_FLOATS(XMM0_7, "48")
        "leave\n.cfi_def_cfa %rsp,8\n"
        "jmp *%rax\n"
        END("arch_lazy_stub"));

/* Every other helper: note where wasm was left (call of the stack walker), then go on in C with the same arguments. */
#define THUNK(name, number)                                                                                                        \
    __asm__(".ifndef tp_thunk_" #name "\n" /* `trap` and `poll` have their own above */                                        \
            FUNCTION("tp_thunk_" #name)                                                                                    \
            "mov 40(%rdi),%r11\n"                                                                                          \
            "mov (%rsp),%rax\n"                                                                                            \
            "mov %rax," STR(ARCH_STORE_EXIT_PC) "(%r11)\n"                                                                 \
            "mov %rbp," STR(ARCH_STORE_EXIT_FP) "(%r11)\n"                                                                 \
            "jmp tp_builtin_" #name "\n"                                                                                   \
            END("tp_thunk_" #name) ".endif\n");
BUILTINS(THUNK)

#define DECLARE(name, number) void tp_thunk_##name(void);
BUILTINS(DECLARE)
#define ROW(name, number) [number] = (void *)tp_thunk_##name,
void *tp_builtin_table[BUILTIN_COUNT] = {BUILTINS(ROW)};
void arch_lazy_stub(void);
static void put(uint8_t *out, uint64_t value, int bytes) { memcpy(out, &value, (size_t)bytes); }

size_t arch_write_stub(uint8_t *out, uintptr_t address, uintptr_t cell, uint32_t index, uintptr_t tail) {
    out[0] = 0xFF, out[1] = 0x25; /* jmp *rel32(%rip) */
    put(out + 2, (uint32_t)(cell - (address + 6)), 4);
    out[6] = 0xB8; /* mov $index,%eax */
    put(out + 7, index, 4);
    out[11] = 0xE9; /* jmp rel32 */
    put(out + 12, (uint32_t)(tail - (address + 16)), 4);
    return 6;
}

void arch_write_stub_tail(uint8_t *out, NativeModule *module) {
    memset(out, 0xCC, ARCH_STUB_TAIL_BYTES);
    out[0] = 0x49, out[1] = 0xBB; /* mov $module,%r11 */
    put(out + 2, (uintptr_t)module, 8);
    out[10] = 0x49, out[11] = 0xBA; /* mov $stub,%r10 */
    put(out + 12, (uintptr_t)arch_lazy_stub, 8);
    out[20] = 0x41, out[21] = 0xFF, out[22] = 0xE2; /* jmp *%r10 */
}
