"""A real program: SQLite in wasm running a session of inserts, joins, indexes, updates and deletes."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks import corpus, peers
from benchmarks.measure import Table, cpu_time

SESSIONS: Final = 8
WARM: Final = 5
"""The last sessions, by which what is hot has been compiled again."""

SESSION = (
    "create table item(id integer primary key, name text, price real, stock integer)",
    "create table sale(id integer primary key, item integer, count integer, day integer)",
    """insert into item with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
       select i, 'item' || (i * 7919 % 10007), (i * 37 % 1000) / 4.0, i * 13 % 50 from n""",
    """insert into sale with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
       select i, i * 7907 % 2000 + 1, i % 9 + 1, i * 31 % 365 from n""",
    "select count(*), sum(price * count) from sale join item on item.id = sale.item",
    "create index sale_day on sale(day)",
    "create index item_name on item(name)",
    "select day, sum(count) as total from sale where day between 100 and 130 group by day order by total desc, day",
    """select name, sum(count) from sale join item on item.id = sale.item where name like 'item9%'
       group by name order by name limit 50""",
    "update item set stock = stock - (select coalesce(sum(count), 0) from sale where sale.item = item.id)",
    "delete from sale where day % 7 = 3",
    "select count(*), min(stock), max(stock), avg(stock) from item",
    """select a.name, b.name from item a join item b on a.stock = b.stock and a.id < b.id
       where a.id < 60 order by 1, 2 limit 100""",
    "select group_concat(name, ',') from (select name from item order by price desc, name limit 20)",
)


def example() -> Any:
    """The driver in examples/sqlite.py."""
    path = Path(__file__).resolve().parent.parent / "examples" / "sqlite.py"
    spec = importlib.util.spec_from_file_location("taipan_example_sqlite", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_session(database: Any) -> list[Any]:
    """The rows of every statement of `SESSION`; `database` has `execute(sql) -> rows`."""
    return [[tuple(row) for row in database.execute(statement)] for statement in SESSION]


def contestant(package: Any, path: Path) -> Callable[[], tuple[float, float, object]]:
    """Runs a session in a new database of one module: CPU seconds of this thread and of the process, and the rows."""
    driver = example()
    engine = package.Engine()
    module = package.Module.from_file(engine, str(path))

    def run() -> tuple[float, float, object]:
        database = driver.Database(str(path), package, engine, module)
        begin = time.thread_time()
        total, rows = cpu_time(lambda: run_session(database))
        return time.thread_time() - begin, total, rows

    return run


def main(only: str) -> None:
    table = Table("SQLite in wasm, one session after the other: CPU time ((process): of all threads)", "taipan")
    try:
        path = corpus.module("sqlite3")
        ours, theirs = contestant(peers.taipan(), path), contestant(peers.wasmtime(), path)
    except corpus.Missing as reason:
        table.skip("sqlite", str(reason))
        return
    theirs()
    found = [(ours(), theirs()) for _ in range(SESSIONS)]
    if any(mine[2] != other[2] for mine, other in found):
        raise AssertionError("rows differ")
    lines = [{"taipan": mine[0], "(process)": mine[1], "wasmtime": other[0]} for mine, other in found]
    for n, line in enumerate(lines, 1):
        table.line(f"session {n}", line)
    table = Table(f"SQLite after tier-up: medians of the last {WARM} sessions", "taipan")
    table.line("sqlite", {name: statistics.median(line[name] for line in lines[-WARM:]) for name in lines[0]})
    table.close()
