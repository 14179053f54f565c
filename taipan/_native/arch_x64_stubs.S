/* The x86-64 stubs. They keep the chain of rbp intact, so that the stack walker and debuggers pass through them.

   abi/calls.py: rdi callee vmctx, rsi caller vmctx, rdx rcx r8 r9 and xmm0-7 arguments, the callee pops stack arguments;
   rbx rbp r12-r15 are preserved. The numbers are offsets and sizes of HostArgs; arch_x64.c asserts them. */
#include "abi_generated.h"
#include "arch_x64.h"

.macro FUNCTION name
    .p2align 4
    .hidden \name
    .globl \name
    .type \name,@function
\name:
    .cfi_startproc
.endm

.macro END name
    .cfi_endproc
    .size \name,.-\name
.endm

.macro ALIAS alias, name
    .hidden \alias
    .globl \alias
    .set \alias,\name
.endm

.macro FRAME bytes
    push %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp,-16
    mov %rsp,%rbp
    .cfi_def_cfa_register %rbp
    sub $\bytes,%rsp
.endm

.macro END_FRAME
    leave
    .cfi_def_cfa %rsp,8
.endm

/* Store or load xmm registers, 16 bytes each from rsp + at on. */
.macro SAVE_FLOATS at, registers:vararg
    .irp i,\registers
    movaps %xmm\i,\at+16*\i(%rsp)
    .endr
.endm
.macro LOAD_FLOATS at, registers:vararg
    .irp i,\registers
    movaps \at+16*\i(%rsp),%xmm\i
    .endr
.endm
#define ARGUMENTS 0, 1, 2, 3, 4, 5, 6, 7
#define ALL ARGUMENTS, 8, 9, 10, 11, 12, 13, 14, 15

/* Pushes what unwinding must restore: 5 registers and 8 bytes, so that rsp is 16-byte aligned, 48 bytes below rbp.
   [rbp+16] code, [rbp+24] activation, [rbp+32] stack arguments, [rbp+40] their bytes. */
.macro SAVE_HOST
    push %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp,-16
    mov %rsp,%rbp
    .cfi_def_cfa_register %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    sub $8,%rsp
    .cfi_offset %rbx,-24
    .cfi_offset %r12,-32
    .cfi_offset %r13,-40
    .cfi_offset %r14,-48
    .cfi_offset %r15,-56
    mov 24(%rbp),%rax
    mov %rsp,ARCH_ACTIVATION_SP(%rax)
.endm
.macro RETURN_TO_HOST
    lea -40(%rbp),%rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    .cfi_def_cfa %rsp,8
    ret
.endm

    .text

    FUNCTION arch_enter
    SAVE_HOST
    call *16(%rbp)
    RETURN_TO_HOST
    END arch_enter
    ALIAS arch_enter_vector, arch_enter
    ALIAS arch_enter_ints, arch_enter
    ALIAS arch_enter_doubles, arch_enter

    FUNCTION arch_enter_stack
    SAVE_HOST
    mov 32(%rbp),%r10
    mov 40(%rbp),%r11
1:  sub $8,%r11
    jb 2f
    push (%r10,%r11) /* from the last to the first */
    jmp 1b
2:  call *16(%rbp)
    RETURN_TO_HOST
    END arch_enter_stack
    ALIAS arch_enter_stack_vector, arch_enter_stack

/* The stack pointer is the one that SAVE_HOST left; rbp follows from it. */
    FUNCTION arch_unwind
    lea 48(%rdi),%rbp
    RETURN_TO_HOST
    END arch_unwind

/* rdi HostFunc*, rsi caller vmctx. */
    FUNCTION arch_host_stub
    FRAME 176
    mov %rdx,(%rsp)
    mov %rcx,8(%rsp)
    mov %r8,16(%rsp)
    mov %r9,24(%rsp)
    SAVE_FLOATS 32, ARGUMENTS
    mov %rsp,%rdx
    mov %rbp,%rcx
    call tp_host_call /* returns the bytes of stack arguments */
    mov %rax,%rcx
    mov 160(%rsp),%rax
    movq 160(%rsp),%xmm0
    movhps 168(%rsp),%xmm0
    END_FRAME
    test %rcx,%rcx
    jnz 1f
    ret
1:  pop %rdx
    add %rcx,%rsp
    jmp *%rdx
    END arch_host_stub

/* Entered from the signal handler's context with the registers of the faulting instruction. */
    FUNCTION arch_fault_stub
    and $-16,%rsp
    call tp_fault
    END arch_fault_stub

/* The builtin `trap`: called like a function from anywhere; the site of the return address says why. */
    FUNCTION tp_thunk_trap
    mov (%rsp),%rdi
    mov %rbp,%rsi
    and $-16,%rsp
    call tp_trap_at_site
    END tp_thunk_trap

/* The builtin `poll`: rax = tested address, r15 = vmctx; keeps everything but rax and the flags. */
    FUNCTION tp_thunk_poll
    FRAME 320
    and $-16,%rsp
    mov %rcx,(%rsp)
    mov %rdx,8(%rsp)
    mov %rsi,16(%rsp)
    mov %rdi,24(%rsp)
    mov %r8,32(%rsp)
    mov %r9,40(%rsp)
    mov %r10,48(%rsp)
    mov %r11,56(%rsp)
    SAVE_FLOATS 64, ALL
    mov %r15,%rdi
    mov %rax,%rsi
    mov 8(%rbp),%rdx
    mov (%rbp),%rcx
    call tp_poll
    mov (%rsp),%rcx
    mov 8(%rsp),%rdx
    mov 16(%rsp),%rsi
    mov 24(%rsp),%rdi
    mov 32(%rsp),%r8
    mov 40(%rsp),%r9
    mov 48(%rsp),%r10
    mov 56(%rsp),%r11
    LOAD_FLOATS 64, ALL
    END_FRAME
    ret
    END tp_thunk_poll

/* An uncompiled function was called: eax = its index, r11 = NativeModule*, argument registers live. */
    FUNCTION arch_lazy_stub
    FRAME 176
    mov %rdi,(%rsp)
    mov %rsi,8(%rsp)
    mov %rdx,16(%rsp)
    mov %rcx,24(%rsp)
    mov %r8,32(%rsp)
    mov %r9,40(%rsp)
    SAVE_FLOATS 48, ARGUMENTS
    mov %r11,%rsi
    mov %eax,%edx
    mov %rbp,%rcx
    call tp_lazy_compile /* the code's address */
    mov (%rsp),%rdi
    mov 8(%rsp),%rsi
    mov 16(%rsp),%rdx
    mov 24(%rsp),%rcx
    mov 32(%rsp),%r8
    mov 40(%rsp),%r9
    LOAD_FLOATS 48, ARGUMENTS
    END_FRAME
    jmp *%rax
    END arch_lazy_stub

/* Every other helper: note where wasm was left (call of the stack walker), then go on in C with the same arguments. */
.macro THUNK name
    .ifndef tp_thunk_\name /* `trap` and `poll` have their own above */
    FUNCTION tp_thunk_\name
    mov VMCONTEXTHEADER_STORE(%rdi),%r11
    mov (%rsp),%rax
    mov %rax,ARCH_STORE_EXIT_PC(%r11)
    mov %rbp,ARCH_STORE_EXIT_FP(%r11)
    jmp tp_builtin_\name
    END tp_thunk_\name
    .endif
.endm
#define BUILTIN_THUNK(name, number) THUNK name;
BUILTINS(BUILTIN_THUNK)

    .section .note.GNU-stack,"",@progbits
