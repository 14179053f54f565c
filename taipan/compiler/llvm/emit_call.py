"""Calls: to functions of the module, imports, function references and helpers; tail calls; returning.

The convention is C's, except that the callee takes its stack arguments away (`abi/calls.py`), which LLVM cannot
express. So calls *with stack arguments* are inline assembly that pushes them; a function that *has* some returns by a
tail call to a stub that `link.py` adds, `ret_<type>_<bytes>`, and makes its own tail calls through `tail_<bytes>`,
which removes them first. Other calls are marked "notail": as jumps they would be missing in backtraces.
"""

from __future__ import annotations

from typing import Final

from taipan.abi import builtins, traps
from taipan.abi.calls import INT_REG, STACK
from taipan.abi.layout import NULL_TYPE_ID, field_offsets
from taipan.compiler.environ import T_F32, T_F64, T_FUNCREF, T_I32, FlatLayout
from taipan.compiler.llvm.emit_control import COLUMN_CALL, COLUMN_CHECK, COLUMN_TAIL
from taipan.compiler.llvm.emit_convert import Convert
from taipan.compiler.llvm.text import INVARIANT, TYPES, UNLIKELY, result_type, signature
from taipan.compiler.llvm.values import HEADER, Value
from taipan.errors import UnsupportedError

FUNCREF: Final = field_offsets("VMFuncRef")[0]
IMPORTED: Final = field_offsets("VMImportedFunc")[0]
TABLE: Final = field_offsets("VMTable")[0]

INT_REGISTERS: Final = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
SCRATCH: Final = ("rax", *INT_REGISTERS, "r10", "r11")
NEW_LINE: Final = "\\0A"  # as LLVM's strings have it
SIDE_EFFECTS: Final = "~{memory},~{dirflag},~{fpsr},~{flags}"


class Calls(Convert):
    own_layout: FlatLayout
    own_index: int
    result_area = 0
    """Bytes for results after the first of any call here."""
    makes_tail_calls = False
    stack_area = 0
    """Bytes for the stack arguments of any call here."""

    # --- helpers --------------------------------------------------------------------------------------------------
    def helper(self, name: str, immediates: tuple[int, ...], count: int) -> str:
        """Call a helper with vmctx, the immediates, then the top `count` operands; the text of its result, if any."""
        _, types, _ = builtins.BUILTINS[builtins.INDEX[name]]
        kinds, _, result = types.partition("->")
        operands = [self.pop_value() for _ in range(count)][::-1]
        return self.helper_call(
            name, [*((str(i), T_I32) for i in immediates), *operands], kinds.split(), result.strip()
        )

    def helper_call(
        self, name: str, operands: list[Value], kinds: list[str], result: str, column: int = COLUMN_CALL
    ) -> str:
        arguments = ["ptr %vm"]
        for (text, type), kind in zip(operands, kinds, strict=True):
            if kind == "ref":
                arguments.append(f"ptr {text}")
            elif kind == "i32":
                arguments.append(f"i32 zeroext {text}")
            elif type == T_I32:
                arguments.append(f"i64 {self.emit(f'zext i32 {text} to i64')}")
            else:
                arguments.append(f"i64 {text}")
        site = self.call_site(column)
        code = self.builtin(name)
        if not result:
            self.do(f"notail call void {code}({', '.join(arguments)}) #2{site}")
            return ""
        return self.emit(f"notail call {'ptr' if result == 'ref' else 'i64'} {code}({', '.join(arguments)}) #2{site}")

    # --- arguments and results ------------------------------------------------------------------------------------
    def layout_of(self, type: int) -> FlatLayout:
        layout = self.env.layout(type)
        self.result_area = max(self.result_area, layout.result_area_bytes)
        return layout

    def pop_arguments(self, layout: FlatLayout) -> list[Value]:
        """The top operands, for a call that is neither made nor recorded yet."""
        return [self.pop_value() for _ in range(layout.param_count)][::-1]

    def call_code(self, code: str, context: str, caller: str, layout: FlatLayout, arguments: list[Value]) -> None:
        """Call code by name (@...) or pointer, and push its results."""
        site = self.call_site()
        out: list[Value] = [("%results", T_FUNCREF)] if len(layout.results) > 1 else []
        if layout.stack_arg_bytes:
            result = self.call_with_stack(code, context, caller, layout, [*arguments, *out], site)
        else:
            texts = [f"ptr {context}", f"ptr {caller}", *(f"{TYPES[type]} {text}" for text, type in [*arguments, *out])]
            call = f"notail call {result_type(layout)} {code}({', '.join(texts)}) #2{site}"
            if layout.results:
                result = self.emit(call)
            else:
                self.do(call)
        for i, type in enumerate(layout.results):
            if i == 0:
                self.push(result, type)
            else:
                self.push(self.load(TYPES[type], "%results", layout.result_offsets[i - 1]), type)

    def call_with_stack(
        self, code: str, context: str, caller: str, layout: FlatLayout, arguments: list[Value], site: str
    ) -> str:
        """The same as inline assembly; the first result.

        Stack arguments go to an area of the frame, and are pushed from there: nobody but the assembly moves the stack
        pointer. The registers of arguments are outputs, too, since the callee may change them.
        """
        words = layout.stack_arg_bytes // 8
        self.stack_area = max(self.stack_area, layout.stack_arg_bytes)
        registers = {"rdi": f"ptr {context}", "rsi": f"ptr {caller}", "r10": "ptr %arguments"}
        places = [*zip(layout.places, layout.where, strict=True), (layout.out_place, layout.out_where)]
        for (place, where), (text, type) in zip(places, arguments, strict=False):
            if place == STACK:
                self.do(f"store {TYPES[type]} {text}, ptr {self.place('%arguments', where)}")
            elif place == INT_REG:
                registers[INT_REGISTERS[2 + where]] = f"{TYPES[type]} {text}"
            else:
                registers[f"xmm{where}"] = f"{TYPES[type]} {text}"
        target = code[1:]
        if code.startswith("%"):
            registers["r11"] = f"ptr {code}"
            target = "*%r11"
        if not layout.results:
            result, result_register = "", ""
        else:
            result, result_register = TYPES[layout.results[0]], "rax"
            if layout.results[0] == T_F32 or layout.results[0] == T_F64:
                result_register = "xmm0"
        # As an output, the result's register cannot be tied to an input of another type: it is listed first.
        outputs, inputs, types, values = [], [], [], []
        if result:
            outputs.append(f"={{{result_register}}}")
            types.append(result)
        for register, value in registers.items():
            values.append(value)
            if register == result_register:
                inputs.append(f"{{{register}}}")
                continue
            inputs.append(str(len(outputs)))
            outputs.append(f"={{{register}}}")
            types.append(value.partition(" ")[0])
        clobbers = [
            f"~{{{r}}}"
            for r in (*SCRATCH, *(f"xmm{i}" for i in range(16)))
            if r not in registers and r != result_register
        ]
        lines = [f"pushq {8 * i}(%r10)" for i in reversed(range(words))]
        lines.append(f"callq {target}")
        constraints = ",".join([*outputs, *inputs, *clobbers, SIDE_EFFECTS])
        struct = f"{{ {', '.join(types)} }}"
        code = f'asm sideeffect alignstack "{NEW_LINE.join(lines)}", "{constraints}"'
        made = self.emit(f"call {struct} {code}({', '.join(values)}){site}")
        return self.emit(f"extractvalue {struct} {made}, 0") if result else ""

    # --- direct calls ---------------------------------------------------------------------------------------------
    def call(self, func: int) -> None:
        layout = self.layout_of(self.env.func_types[func])
        arguments = self.pop_arguments(layout)
        code, context, caller = self.callee(func, layout)
        self.call_code(code, context, caller, layout, arguments)

    def callee(self, func: int, layout: FlatLayout) -> tuple[str, str, str]:
        """Code, own context and caller's context for a call to a function by its index."""
        env = self.env
        imported = env.num_imported_funcs
        if func < imported:
            record = env.offsets.imported_func(func)
            code = self.load("ptr", "%vm", record + IMPORTED["code"])
            return code, self.load("ptr", "%vm", record + IMPORTED["vmctx"]), "%vm"
        if env.lazy and func != self.own_index:
            slot = f"@slot_{func - imported}"
            self.ir.declare(slot, f"{slot} = external hidden global ptr")
            return self.emit(f"load ptr, ptr {slot}"), "%vm", "poison"
        name = f"@f{func - imported}"
        result, params = signature(layout)
        self.ir.declare(name, f"declare hidden {result} {name}({params})")
        return name, "%vm", "poison"

    # --- calls through references ---------------------------------------------------------------------------------
    def call_indirect(self, type: int, table: int) -> None:
        layout = self.layout_of(type)
        self.call_reference(self.load_callee(type, table), layout)

    def call_ref(self, type: int) -> None:
        layout = self.layout_of(type)
        self.call_reference(self.pop_not_null(), layout)

    def pop_not_null(self) -> str:
        reference = self.pop()
        self.trap_if(self.emit(f"icmp eq ptr {reference}, {self.null_funcref()}"), traps.NULL_REFERENCE)
        return reference

    def call_reference(self, reference: str, layout: FlatLayout) -> None:
        arguments = self.pop_arguments(layout)
        code = self.load("ptr", reference, FUNCREF["code"])
        self.call_code(code, self.load("ptr", reference, FUNCREF["vmctx"]), "%vm", layout, arguments)

    def load_callee(self, type: int, table: int) -> str:
        """Pop a table index; the function reference there, checked to have the type."""
        env = self.env
        index = self.pop()
        if not env.table_is_64[table]:
            index = self.emit(f"zext i32 {index} to i64")
        record = self.load("ptr", "%vm", env.table_offsets[table], INVARIANT)
        length = self.load("i64", record, TABLE["length"])
        self.trap_if(self.emit(f"icmp uge i64 {index}, {length}"), traps.TABLE_OUT_OF_BOUNDS)
        elements = self.load("ptr", record, TABLE["elements"])
        reference = self.emit(f"load ptr, ptr {self.emit(f'getelementptr ptr, ptr {elements}, i64 {index}')}")
        ids = self.load("ptr", "%vm", HEADER["type_ids"], INVARIANT)
        expected = self.load("i32", ids, 4 * type, INVARIANT)
        actual = self.load("i32", reference, FUNCREF["type_id"])
        differs = self.emit(f"icmp ne i32 {actual}, {expected}")
        wrong, good = self.new_block(), self.new_block()
        self.do(f"br i1 {differs}, label %{wrong}, label %{good}, {UNLIKELY}")
        self.mismatch(wrong, actual, type, reference, good)
        self.start(good)
        return reference

    def mismatch(self, block: str, actual: str, type: int, reference: str, good: str) -> None:
        """Cold code for a function reference that has not the expected type id."""
        before = self.begin_cold(block)
        null = self.emit(f"icmp eq i32 {actual}, {NULL_TYPE_ID - (1 << 32)}")
        if self.env.final_types[type]:
            other = self.trap_block(traps.BAD_SIGNATURE)
            self.do(f"br i1 {null}, label %{self.trap_block(traps.INDIRECT_CALL_TO_NULL)}, label %{other}")
        else:
            # A type with subtypes may differ and still be right.
            self.trap_if(null, traps.INDIRECT_CALL_TO_NULL)
            operands = [(str(type), T_I32), (reference, T_FUNCREF)]
            self.helper_call("call_indirect_slow", operands, ["i32", "ref"], "", COLUMN_CHECK)
            self.do(f"br label %{good}")
        self.end_cold(before)

    # --- leaving --------------------------------------------------------------------------------------------------
    def return_results(self) -> None:
        """Return the operands on the stack."""
        layout = self.own_layout
        count = len(layout.results)
        for i in range(1, count):
            text, type = self.stack[i]
            self.do(f"store {TYPES[type]} {text}, ptr {self.place('%out', layout.result_offsets[i - 1])}")
        result = f"{TYPES[layout.results[0]]} {self.stack[0][0]}" if count else ""
        if layout.stack_arg_bytes:
            returned = result_type(layout)
            stub = f"@ret_{returned}_{layout.stack_arg_bytes}"
            self.ir.declare(stub, f"declare hidden {returned} {stub}({returned if count else ''})")
            self.tail_call(f"{returned} {stub}({result})", count > 0)
        elif count:
            self.do(f"ret {result}")
        else:
            self.do("ret void")

    def tail_call(self, call: str, has_result: bool) -> None:
        """A call that LLVM makes a jump, since nothing but a return follows and all arguments are in registers."""
        call = f"tail call {call} #2{self.site(COLUMN_TAIL)}"
        if has_result:
            self.do(f"ret {call.split()[2]} {self.emit(call)}")
        else:
            self.do(call)
            self.do("ret void")

    def tail_call_code(self, code: str, context: str, caller: str, layout: FlatLayout) -> None:
        if layout.stack_arg_bytes:
            raise UnsupportedError("the LLVM compiler does not support tail calls with arguments on the stack")
        self.makes_tail_calls = True
        arguments = self.pop_arguments(layout)
        texts = [f"ptr {context}", f"ptr {caller}", *(f"{TYPES[type]} {text}" for text, type in arguments)]
        if len(layout.results) > 1:
            texts.append("ptr %out")
        own = self.own_layout.stack_arg_bytes
        if own:
            result, params = signature(layout)
            # A name for each signature, since LLVM wants calls to agree with declarations.
            stub = f"@tail_{own}_{''.join(map(str, layout.params))}_{''.join(map(str, layout.results))}"
            self.ir.declare(stub, f"declare hidden {result} {stub}(ptr nest, {params})")
            texts.insert(0, f"ptr nest {code}")
            code = stub
        self.tail_call(f"{result_type(layout)} {code}({', '.join(texts)})", len(layout.results) > 0)
        self.leave()

    def return_call(self, func: int) -> None:
        layout = self.env.layout(self.env.func_types[func])
        self.tail_call_code(*self.callee(func, layout), layout)

    def return_call_indirect(self, type: int, table: int) -> None:
        layout = self.env.layout(type)
        self.tail_call_reference(self.load_callee(type, table), layout)

    def return_call_ref(self, type: int) -> None:
        layout = self.env.layout(type)
        self.tail_call_reference(self.pop_not_null(), layout)

    def tail_call_reference(self, reference: str, layout: FlatLayout) -> None:
        code = self.load("ptr", reference, FUNCREF["code"])
        self.tail_call_code(code, self.load("ptr", reference, FUNCREF["vmctx"]), "%vm", layout)
