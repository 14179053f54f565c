"""A real program: SQLite in wasm running a session of inserts, joins, indexes, updates and deletes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import corpus, peers
from benchmarks.measure import Table, compare, cpu_time

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


def contestant(package: Any, path: Path) -> Callable[[], tuple[float, object]]:
    driver = example()
    engine = package.Engine()

    def run() -> tuple[float, object]:
        database = driver.Database(str(path), package, engine)
        return cpu_time(lambda: run_session(database))

    run()
    return run


def main(only: str) -> None:
    table = Table("SQLite session in wasm: CPU time (compile time left out)", "taipan")
    try:
        path = corpus.module("sqlite3")
        contestants = {"taipan": contestant(peers.taipan(), path), "wasmtime": contestant(peers.wasmtime(), path)}
    except corpus.Missing as reason:
        table.skip("sqlite", str(reason))
        return
    table.line("sqlite", compare(contestants))
    table.close()
