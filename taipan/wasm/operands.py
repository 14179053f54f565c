"""The immediates that are not single numbers: memargs, label lists, select types, handlers; and a visitor's errors.

Hand-written base of the generated `Visitor`: what its decode loop does rarely, or not in one line.
"""

from __future__ import annotations

from typing import Final

from librt.vecs import vec
from mypy_extensions import i64, mypyc_attr

from taipan.errors import MalformedError, UnsupportedError, WasmError
from taipan.wasm.cursor import Cursor, feature_of_bit

# try_table's handlers: `Operands.clauses` holds HANDLER_WORDS integers for each, (kind, tag or -1, label).
CATCH: Final = 0
CATCH_REF: Final = 1
CATCH_ALL: Final = 2
CATCH_ALL_REF: Final = 3
HANDLER_WORDS: Final = 3


@mypyc_attr(allow_interpreted_subclasses=True)
class Operands(Cursor):
    """pos: offset in `code` of the current instruction's opcode.

    The lists below keep their capacity: only as many entries count as the visitor's method is told.
    targets: labels of br_table, the default last.  types: of select.  clauses: of try_table, see HANDLER_WORDS.
    align, offset, memory: the memarg that `read_memarg` read last.
    """

    pos: i64 = 0
    align: i64 = 0
    offset: i64 = 0
    memory: i64 = 0
    targets: vec[i64]
    types: vec[i64]
    clauses: vec[i64]
    # Capacities, because mypyc has no default values for vecs and subclasses need no __init__ of ours this way.
    _max_targets: i64 = 0
    _max_types: i64 = 0
    _max_clauses: i64 = 0

    def read_memarg(self) -> None:
        """Alignment (log2) and memory index share a number: bit 6 tells that an index follows."""
        at: i64 = self.next
        flags: i64 = self.read_u32()
        if flags >= 0x80:
            raise self.malformed(f"malformed memop flags: {flags:#x}", at)
        self.align = flags & 0x3F
        self.memory = self.read_u32() if flags & 0x40 else 0
        self.offset = self.read_u64()

    def read_labels(self) -> i64:
        """Read br_table's labels into `targets`; how many there are without the default."""
        count: i64 = self._read_count()
        if self._max_targets <= count:
            self._max_targets = count + 1
            self.targets = vec[i64]([0] * (count + 1))
        targets = self.targets
        i: i64 = 0
        while i <= count:
            targets[i] = self.read_u32()
            i += 1
        return count

    def read_valtypes(self) -> i64:
        """Read select's types into `types`; how many there are."""
        count: i64 = self._read_count()
        if self._max_types <= count:
            self._max_types = count + 1
            self.types = vec[i64]([0] * (count + 1))
        types = self.types
        i: i64 = 0
        while i < count:
            types[i] = self.read_valtype()
            i += 1
        return count

    def read_catches(self) -> i64:
        """Read try_table's handlers into `clauses`; how many there are."""
        count: i64 = self._read_count()
        if self._max_clauses <= count:
            self._max_clauses = count + 1
            self.clauses = vec[i64]([0] * (HANDLER_WORDS * (count + 1)))
        clauses = self.clauses
        i: i64 = 0
        while i < HANDLER_WORDS * count:
            at: i64 = self.next
            kind: i64 = self.read_byte()
            if kind > CATCH_ALL_REF:
                raise self.malformed(f"malformed catch clause: kind {kind:#x}", at)
            clauses[i] = kind
            clauses[i + 1] = self.read_u32() if kind < CATCH_ALL else -1
            clauses[i + 2] = self.read_u32()
            i += HANDLER_WORDS
        return count

    def _read_count(self) -> i64:
        """The length of a list; its elements take at least a byte each, so that a false length allocates nothing."""
        count: i64 = self.read_u32()
        if count > self.limit - self.next:
            raise self.unexpected_end()
        return count

    def read_castflags(self) -> i64:
        """Nullability of br_on_cast's types: bit 0 of the source, bit 1 of the target."""
        at: i64 = self.next
        flags: i64 = self.read_byte()
        if flags > 3:
            raise self.malformed(f"malformed br_on_cast flags: {flags:#x}", at)
        return flags

    def read_reserved(self) -> None:
        """The zero byte of atomic.fence."""
        at: i64 = self.next
        if self.read_byte():
            raise self.malformed("zero byte expected", at)

    # -- errors -------------------------------------------------------------------------------------------------

    def illegal(self, prefix: i64, opcode: i64) -> MalformedError:
        """The error about an opcode that no instruction has; prefix: the byte before it, or 0."""
        if prefix:
            return self.malformed(f"illegal opcode {prefix:02x} {opcode:02x}", self.pos)
        return self.malformed(f"illegal opcode {opcode:02x}", self.pos)

    def off(self, opcode: i64, disabled_bits: i64) -> MalformedError:
        """The error about an instruction whose feature is off."""
        from taipan.wasm.instructions import BY_OPCODE

        row = BY_OPCODE[opcode]
        feature = feature_of_bit(disabled_bits)
        code = f"{row.prefix:02x} {row.sub:02x}" if row.prefix else f"{row.sub:02x}"
        return self.malformed(f"illegal opcode {code}: {row.name} needs the feature {feature}", self.pos)

    def other(self, opcode: i64) -> None:
        """An instruction that this visitor has no method for."""
        raise self.unsupported(opcode)

    def unsupported(self, opcode: i64) -> WasmError:
        """The error about an instruction that this visitor has no method for."""
        from taipan.wasm.instructions import BY_OPCODE

        row = BY_OPCODE[opcode]
        what = f"{row.name} (feature {row.feature})" if row.feature else row.name
        return UnsupportedError(f"unsupported instruction: {type(self).__name__} has no {what}")
