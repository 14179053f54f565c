"""`python -m tools bless [WORD...]`: rewrite the expectations of golden tests; a WORD picks paths that contain it."""

from __future__ import annotations

from tools import golden


def main(arguments: list[str]) -> int:
    for path in golden.files():
        if arguments and not any(word in str(path) for word in arguments):
            continue
        old = path.read_text()
        source, _ = golden.split(old)
        new = golden.join(source, golden.KINDS[golden.kind_of(path)](source))
        if new != old:
            path.write_text(new)
            print(path.relative_to(golden.GOLDEN))
    return 0
