"""The limits: what the same bytes and rows cost when they are only stored. It must not know the house."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from services.demo.complete_journey import ChainYear
from tests.benchmarks.loading import Days

BODIES_AT_ONCE: Final = 64  # as many store-days as the writer keeps in one transaction
TRANSACTIONS: Final = 10
QUICKEST: Final[dict[str, str | bool | int | float | list[str]]] = {"threads": "1", "checkpoint_threshold": "1GB"}
OUR_OWN: Final = ("about", "positions")


def raw(data: Path, days: Days) -> dict[str, Any]:
    """The batch bodies as blobs into SQLite, the sale lines into one DuckDB table.

    The lines are those of our own `sales_lines`, read back: the same rows, columns and types, in the order of the log,
    and in Arrow as our own view hands them over, with a dictionary for each column of texts. DuckDB has one thread:
    with two it takes nearly twice the processor time, and a limit is the quickest way. As in a bulk
    load, one checkpoint.
    """
    bodies = [body for _, _, body in ChainYear(days).batches()]
    lines = _tables(data, ("sales_lines",))
    begin = time.perf_counter()
    _insert_bodies(data / "raw.sqlite", bodies)
    middle = time.perf_counter()
    _insert_rows(data / "raw.duckdb", lines)
    end = time.perf_counter()
    return {"seconds": end - begin, "sqlite_seconds": middle - begin, "duckdb_seconds": end - middle}


def raw_rows(data: Path, days: Days) -> dict[str, Any]:
    """All rows of all tables of our views, read back, into an empty DuckDB file."""
    tables = _tables(data, ())
    begin = time.perf_counter()
    _insert_rows(data / "raw.duckdb", tables)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "rows": sum(table.num_rows for _, table in tables.values())}


def _tables(data: Path, names: Sequence[str]) -> dict[str, tuple[str, pa.Table]]:
    """Tables of the views by name, all without names: the statement that makes it, and its rows in memory."""
    with duckdb.connect(str(data / "views.duckdb"), read_only=True) as views:
        found = views.execute("SELECT table_name, sql FROM duckdb_tables()").fetchall()
        return {
            name: (sql, _with_dictionaries(views.execute(f"SELECT * FROM {name} ORDER BY rowid").to_arrow_table()))
            for name, sql in found
            if name not in OUR_OWN and (not names or name in names)
        }


def _with_dictionaries(table: pa.Table) -> pa.Table:
    columns = [column.dictionary_encode() if pa.types.is_string(column.type) else column for column in table.columns]
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _insert_bodies(path: Path, bodies: Sequence[bytes]) -> None:
    _remove(path)
    log = sqlite3.connect(path, isolation_level=None)
    log.execute("PRAGMA journal_mode = WAL")
    log.execute("PRAGMA synchronous = FULL")
    log.execute("CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    for begin in range(0, len(bodies), BODIES_AT_ONCE):
        log.execute("BEGIN")
        some = bodies[begin : begin + BODIES_AT_ONCE]
        log.executemany("INSERT INTO bodies (body) VALUES (?)", [(body,) for body in some])
        log.execute("COMMIT")
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    log.close()


def _insert_rows(path: Path, tables: dict[str, tuple[str, pa.Table]]) -> None:
    _remove(path)
    with duckdb.connect(str(path), config=QUICKEST) as file:
        for sql, _ in tables.values():
            file.execute(sql)
        for number in range(TRANSACTIONS):
            file.begin()
            for name, (_, table) in tables.items():
                first, last = (table.num_rows * place // TRANSACTIONS for place in (number, number + 1))
                rows = table.slice(first, last - first)
                file.execute(f"INSERT INTO {name} SELECT * FROM rows")
                del rows
            file.commit()
        file.execute("CHECKPOINT")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".wal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
