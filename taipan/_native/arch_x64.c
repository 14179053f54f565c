/* What arch_x64_stubs.S relies on, the table of its thunks, and the code of lazy entries. */
#include "runtime.h"

_Static_assert(offsetof(Activation, entry_sp) == ARCH_ACTIVATION_SP, "entry stub");
_Static_assert(
    offsetof(Store, exit_pc) == ARCH_STORE_EXIT_PC && offsetof(Store, exit_fp) == ARCH_STORE_EXIT_FP, "thunks");
_Static_assert(
    sizeof(HostArgs) == 176 && offsetof(HostArgs, floats) == 32 && offsetof(HostArgs, result) == 160, "host stub");
_Static_assert(VMCONTEXTHEADER_STORE == 40, "thunks");

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
