"""What is where in a data folder, and whether it is sound. Looks and never repairs.

The log is read through a connection that cannot write, so that it may be looked at while another process owns the
folder; the views may not. It must not know how the findings are shown.
"""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec

from domain.kernel import Refusal
from projections.kernel import tables_of
from projections.registry import VIEWS, Views
from services.event_store import Clock, EventStore
from services.runtime.folder import Folder, FolderInUse
from services.runtime.house import ViewsOfAnotherLog, software
from services.runtime.settings import Settings

PARTS: Final = ("counterfoil", "duckdb", "eventsourcing", "msgspec", "pyarrow")


class Health(msgspec.Struct):
    """The findings. `trouble` is empty for a folder that is sound; sizes are bytes, heads are positions."""

    folder: str
    holder: str = ""
    files: dict[str, int] = {}
    versions: dict[str, str] = {}
    log_head: int = 0
    views_position: int | None = None
    facts: dict[str, int] = {}
    log_integrity: str = ""
    views_integrity: str = ""
    trouble: list[str] = []


def examine(settings: Settings, clock: Clock) -> Health:
    """Look at everything that can be looked at now."""
    folder = Folder(settings.data)
    health = Health(str(folder.path.resolve()), versions=dict(versions()))
    if not folder.path.is_dir() or not folder.events.exists():
        health.trouble.append("there is no data here yet: counterfoil demo or counterfoil import brings some")
        return health
    health.files = {path.name: path.stat().st_size for path in sorted(folder.path.iterdir()) if path.is_file()}
    try:
        folder.own("doctor", clock())
    except FolderInUse:
        health.holder = folder.holder_text()
        _look_at_log(folder.events, health)
        health.views_integrity = "not looked at: only their owner can"
        return health
    try:
        _look_at_log(folder.events, health)
        _look_at_views(folder, health, settings, clock)
    finally:
        folder.release()
    return health


def versions() -> Iterator[tuple[str, str]]:
    """Of the language, the databases and what stands between."""
    yield "python", platform.python_version()
    yield "sqlite", sqlite3.sqlite_version
    for part in PARTS:
        yield part, version(part)


def _look_at_log(path: Path, health: Health) -> None:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as log:
            rows = log.execute("SELECT topic, count(*), max(rowid) FROM stored_events GROUP BY topic ORDER BY topic")
            found: list[Any] = rows.fetchall()
            health.log_integrity = str(log.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as problem:
        health.log_integrity = str(problem)
    else:
        health.facts = {topic: count for topic, count, _ in found}
        health.log_head = max((last for _, _, last in found), default=0)
    if health.log_integrity != "ok":
        health.trouble.append(f"the log is damaged: {health.log_integrity}")


def _look_at_views(folder: Folder, health: Health, settings: Settings, clock: Clock) -> None:
    if not folder.views.exists():
        health.views_integrity = "not there: they are made from the log when the folder is next used"
        return
    try:
        with closing(Views(folder.views, memory_limit=settings.views_memory, threads=settings.views_threads)) as views:
            health.views_position = views.position()
            read_every_block(views)
            if health.log_integrity == "ok":
                _compare(folder, views, clock)
        health.views_integrity = "ok"
    except Refusal as refusal:
        health.views_integrity = refusal.reason
        health.trouble.append(refusal.reason)
    except Exception as problem:  # noqa: BLE001 - a damaged file shows itself in many ways
        health.views_integrity = str(problem)
        health.trouble.append("the views are damaged: counterfoil rebuild makes them anew from the log")


def _compare(folder: Folder, views: Views, clock: Clock) -> None:
    """Raises: ViewsOfAnotherLog."""
    with closing(EventStore(folder.events, clock, software())) as log:
        if not log.holds(*views.newest()):
            raise ViewsOfAnotherLog(folder.path)


def read_every_block(views: Views) -> None:
    """Read all rows, whole; DuckDB compares the checksum of each block it reads."""
    reading = views.read()
    try:
        for view in VIEWS:
            for table in tables_of(view):
                sql = f"SELECT bit_xor(hash(r)) AS sum FROM {table} AS r"  # noqa: S608 - a name of our own list
                reading.ask(sql, {}, reading.position, None, 1).read_all()
    finally:
        reading.close()
