"""ELF files: what is written can be read, by this reader and by binutils; damaged files are refused."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from taipan.compiler import elf
from taipan.errors import MalformedError

TEXT = bytes(range(256)) * 20
SECTIONS = [(".one", b"first"), (".two", b""), (".three", bytes(1000))]
SYMBOLS = [("start", 0, 16), ("größer", 16, 100), ("a\0b", 200, 1), ("start", 300, 1)]


def make() -> bytearray:
    return elf.write("x86_64", TEXT, SECTIONS, SYMBOLS, 4096)


def test_sections_come_back() -> None:
    data = make()
    machine, sections = elf.read(data)
    assert machine == "x86_64"
    found = {section.name: bytes(data[section.offset : section.offset + section.size]) for section in sections}
    assert found[".text"] == TEXT
    assert all(found[name] == content for name, content in SECTIONS)
    assert next(section for section in sections if section.name == ".text").offset % 4096 == 0


def test_equal_arguments_give_equal_bytes() -> None:
    assert make() == make()


def test_nothing_shares_pages_with_the_text() -> None:
    data = make()
    sections = {section.name: section for section in elf.read(data)[1]}
    text_end = -(-(sections[".text"].offset + sections[".text"].size) // 4096) * 4096
    assert all(s.offset >= text_end or not s.size for n, s in sections.items() if n not in ("", ".text"))


@pytest.mark.skipif(shutil.which("readelf") is None, reason="binutils are not installed")
def test_binutils_read_it(tmp_path: Path) -> None:
    path = tmp_path / "file.elf"
    path.write_bytes(make())

    def output(*command: str) -> str:
        done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True)
        assert not done.stderr
        return done.stdout

    assert "X86-64" in output("readelf", "-h")
    assert "no relocations" in output("readelf", "-r")
    assert ".three" in output("readelf", "-S", "-W")
    symbols = output("nm")
    assert "T start" in symbols
    assert "größer" in symbols
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["strip", "--strip-all", "-o", str(stripped), str(path)], check=True)
    data = stripped.read_bytes()
    sections = {section.name: section for section in elf.read(data)[1]}
    assert data[sections[".text"].offset :][: len(TEXT)] == TEXT
    assert sections[".text"].offset % 4096 == 0


def test_every_truncation_is_refused() -> None:
    data = make()
    for size in range(0, len(data), 61):
        with pytest.raises(MalformedError, match="damaged ELF file"):
            elf.read(data[:size])


def test_no_damage_breaks_the_reader() -> None:
    """Whatever is read after damage, sections lie inside the file."""
    rng = random.Random(1)
    whole = make()
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.choice((rng.randrange(64), rng.randrange(len(data) - 640, len(data)), rng.randrange(len(data))))
            data[at] = rng.randrange(256)
        try:
            _, sections = elf.read(data)
        except MalformedError:
            continue
        assert all(section.offset + section.size <= len(data) or section.size == 0 for section in sections)


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\0asm\1\0\0\0", bytes(64)])
def test_other_files(data: bytes) -> None:
    with pytest.raises(MalformedError):
        elf.read(data)
