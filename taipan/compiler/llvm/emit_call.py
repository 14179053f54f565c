"""Calls: to functions of the module, imports, function references and helpers; tail calls; returning.

The convention is C's, except that the callee takes its stack arguments away (`abi/calls.py`), which LLVM cannot
express for every machine. Where it cannot (`Machine.POPS_BY_HAND`), calls *with stack arguments* are inline assembly
that pushes them; a function that *has* some returns by a tail call to a stub that `link.py` adds, `ret_<type>_<bytes>`,
and makes its own tail calls through `tail_<bytes>`, which removes them first. Other calls are marked "notail": as jumps
they would be missing in backtraces.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.abi import builtins, traps
from taipan.abi.layout import NULL_TYPE_ID, field_offsets
from taipan.compiler.environ import T_FUNCREF, T_I32, FlatLayout
from taipan.compiler.llvm.emit_control import COLUMN_CALL, COLUMN_CHECK, COLUMN_TAIL
from taipan.compiler.llvm.emit_convert import Convert
from taipan.compiler.llvm.text import INVARIANT, TYPES, UNLIKELY, in_order, register_results, result_type, signature
from taipan.compiler.llvm.values import HEADER, Value
from taipan.errors import UnsupportedError

FUNCREF: Final = field_offsets("VMFuncRef")[0]
IMPORTED: Final = field_offsets("VMImportedFunc")[0]
TABLE: Final = field_offsets("VMTable")[0]


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
    def call_layout(self, layout: FlatLayout) -> FlatLayout:
        """There will be a call with this layout, which is returned."""
        self.result_area = max(self.result_area, layout.result_area_bytes)
        return layout

    def pop_arguments(self, layout: FlatLayout) -> list[Value]:
        """The top operands, for a call that is neither made nor recorded yet."""
        return [self.pop_value() for _ in range(layout.param_count)][::-1]

    def call_code(self, code: str, context: str, caller: str, layout: FlatLayout, arguments: list[Value]) -> None:
        """Call code by name (@...) or pointer, and push its results."""
        site = self.call_site()
        out: list[Value] = [("%results", T_FUNCREF)] if layout.out_place >= 0 else []
        machine = self.ir.machine
        if layout.stack_arg_bytes and machine.POPS_BY_HAND:
            result = machine.call_with_stack(self, code, context, caller, layout, [*arguments, *out], site)
        else:
            texts = [f"{TYPES[type]} {text}" for text, type in [*arguments, *out]]
            texts = in_order(layout, f"ptr {context}", f"ptr {caller}", texts)
            call = f"notail call {machine.CONVENTION}{result_type(layout)} {code}({', '.join(texts)}) #2{site}"
            if layout.results:
                result = self.emit(call)
            else:
                self.do(call)
                result = ""
        self.push_results(layout, result)

    def push_results(self, layout: FlatLayout, returned: str) -> None:
        """returned: the value of the call: the result in a register, or a structure of several."""
        numbers = register_results(layout)
        for i, type in enumerate(layout.results):
            if i not in numbers:
                self.push(self.load(TYPES[type], "%results", layout.result_where[i]), type)
            elif len(numbers) == 1:
                self.push(returned, type)
            else:
                value = self.emit(f"extractvalue {result_type(layout)} {returned}, {numbers.index(i)}")
                self.push(value, type)

    # --- direct calls ---------------------------------------------------------------------------------------------
    def call(self, func: i64) -> None:
        layout = self.call_layout(self.env.layout_of(func))
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
        self.ir.declare(name, f"declare hidden {self.ir.machine.CONVENTION}{result} {name}({params})")
        return name, "%vm", "poison"

    # --- calls through references ---------------------------------------------------------------------------------
    def call_indirect(self, type: i64, table: i64) -> None:
        layout = self.call_layout(self.env.layout(type))
        self.call_reference(self.load_callee(type, table), layout)

    def call_ref(self, type: i64) -> None:
        layout = self.call_layout(self.env.layout(type))
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
        place = self.element_place(table, record, index, traps.TABLE_OUT_OF_BOUNDS)
        reference = self.emit(f"load ptr, ptr {place}")
        ids = self.load("ptr", "%vm", HEADER["type_ids"], INVARIANT)
        expected = self.load("i32", ids, 4 * type, INVARIANT)
        actual = self.load("i32", reference, FUNCREF["type_id"])
        differs = self.emit(f"icmp ne i32 {actual}, {expected}")
        wrong, good = self.new_block(), self.new_block()
        self.do(f"br i1 {differs}, label %{wrong}, label %{good}, {UNLIKELY}")
        self.mismatch(wrong, actual, type, reference, good)
        self.start(good)
        return reference

    def element_place(self, table: int, record: str, index: str, trap: int) -> str:
        """Where a table's element is, after a check. A table that cannot grow stays where it is."""
        limits = self.env.module.table_space[table].limits
        fixed = limits.min == limits.max and limits.min < 1 << 31
        length = str(limits.min) if fixed else self.load("i64", record, TABLE["length"])
        self.trap_if(self.emit(f"icmp uge i64 {index}, {length}"), trap)
        elements = self.load("ptr", record, TABLE["elements"], INVARIANT if fixed and limits.min else "")
        return self.emit(f"getelementptr ptr, ptr {elements}, i64 {index}")

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
        numbers = register_results(layout)
        for i, (text, type) in enumerate(self.stack):
            if i not in numbers:
                self.do(f"store {TYPES[type]} {text}, ptr {self.place('%out', layout.result_where[i])}")
        result = self.returned(layout, [self.stack[i] for i in numbers])
        if layout.stack_arg_bytes and self.ir.machine.POPS_BY_HAND:
            returned = result_type(layout)
            stub = f"@ret_{returned}_{layout.stack_arg_bytes}"
            self.ir.declare(stub, f"declare hidden {returned} {stub}({returned if result else ''})")
            self.tail_call(returned, f"{stub}({result})")
        else:
            self.do(f"ret {result or 'void'}")

    def returned(self, layout: FlatLayout, values: list[Value]) -> str:
        """Type and value of what is returned in registers; "" for nothing."""
        type = result_type(layout)
        if len(values) < 2:
            return "".join(f"{type} {text}" for text, _ in values)
        structure = "poison"
        for i, (text, part) in enumerate(values):
            structure = self.emit(f"insertvalue {type} {structure}, {TYPES[part]} {text}, {i}")
        return f"{type} {structure}"

    def tail_call(self, result: str, call: str) -> None:
        """A call that LLVM makes a jump, since nothing but a return follows and all arguments are in registers."""
        call = f"tail call {self.ir.machine.CONVENTION}{result} {call} #2{self.site(COLUMN_TAIL)}"
        if result == "void":
            self.do(call)
            self.do("ret void")
        else:
            self.do(f"ret {result} {self.emit(call)}")

    def tail_call_code(self, code: str, context: str, caller: str, layout: FlatLayout) -> None:
        by_hand = self.ir.machine.POPS_BY_HAND
        if layout.stack_arg_bytes and by_hand:
            raise UnsupportedError("the LLVM compiler does not support tail calls with arguments on the stack")
        self.makes_tail_calls = True
        arguments = self.pop_arguments(layout)
        texts = [f"ptr {context}", f"ptr {caller}", *(f"{TYPES[type]} {text}" for text, type in arguments)]
        if layout.out_place >= 0:
            texts.append("ptr %out")
        own = self.own_layout.stack_arg_bytes
        if own and by_hand:
            result, params = signature(layout)
            # A name for each signature, since LLVM wants calls to agree with declarations.
            stub = f"@tail_{own}_{''.join(map(str, layout.params))}_{''.join(map(str, layout.results))}"
            self.ir.declare(stub, f"declare hidden {result} {stub}(ptr nest, {params})")
            texts.insert(0, f"ptr nest {code}")
            code = stub
        self.tail_call(result_type(layout), f"{code}({', '.join(texts)})")
        self.leave()

    def return_call(self, func: i64) -> None:
        layout = self.env.layout(self.env.func_types[func])
        self.tail_call_code(*self.callee(func, layout), layout)

    def return_call_indirect(self, type: i64, table: i64) -> None:
        layout = self.env.layout(type)
        self.tail_call_reference(self.load_callee(type, table), layout)

    def return_call_ref(self, type: i64) -> None:
        layout = self.env.layout(type)
        self.tail_call_reference(self.pop_not_null(), layout)

    def tail_call_reference(self, reference: str, layout: FlatLayout) -> None:
        code = self.load("ptr", reference, FUNCREF["code"])
        self.tail_call_code(code, self.load("ptr", reference, FUNCREF["vmctx"]), "%vm", layout)
