"""A load in a process of its own, made to be killed: `python -m tests.faults.child PLAN.json`.

It brings lines into a folder through the loader, notes each acknowledged batch in a file that is synchronised before
anything else happens, and kills itself where its plan says. The product knows nothing of it: the places are wrapped
here. It must not know what is checked afterwards.
"""

from __future__ import annotations

import itertools
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, nullcontext
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import msgspec

from domain.sales.outcomes import Answer
from projections.kernel import ViewDatabase, Write
from services import snapshots
from services.decoding import schema_of
from services.event_store import EventStore
from services.event_store.recorder import LogRecorder
from services.intake import place_of
from services.runtime.bulk import ARTICLES_AT_ONCE, Loader, Tally, chunks, without_collection
from services.runtime.house import House
from services.runtime.reading import ReadingRoom
from services.runtime.settings import Settings
from services.snapshots import Snapshots
from tests.support.runs import ARTICLE, CONTEXT

Kind = Literal["making", "save", "answer", "apply", "position", "log_checkpoint", "views_checkpoint", "snapshot"]
AT_ONCE: Final = 16  # lines submitted together: more saves, so more moments at which to die
CACHE: Final = 60  # aggregates held: fewer than are in use, so that snapshots are taken and read
DUCKDB_BLOCK: Final = 262_144
DUCKDB_HEADER: Final = 4_096  # three of them stand before the blocks
BEGINS: Final = "begins"


class Plan(msgspec.Struct):
    """What to load, where, and at which call of which place to die (`kind` None: nowhere)."""

    lines: str
    folder: str
    acknowledged: str
    kind: Kind | None = None
    nth: int = 1
    bulk: bool = True
    room: bool = False


class Acknowledged(msgspec.Struct):
    """An answer that reached whoever sent the batch."""

    store: str
    business_day: str
    batch_id: str
    answer: Answer


# -- where to die


def die() -> NoReturn:
    """End at once, with nothing tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)
    while True:
        signal.pause()


def after(owner: type, name: str, nth: int, counts: Callable[..., bool] = lambda *_: True) -> None:
    """Die right after the `nth` call of a method that counts."""
    original = getattr(owner, name)
    calls = itertools.count(1)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        if counts(*arguments) and next(calls) == nth:
            die()
        return result

    setattr(owner, name, wrapped)


def within(owner: type, name: str, nth: int, wal: str, limit: Callable[[Path], int]) -> None:
    """Die inside the `nth` call of a method that has something to bring from a write-ahead log into its file.

    The kernel ends the process in the middle of the first write beyond `limit` bytes of the file, as SIGKILL would.
    """
    original = getattr(owner, name)
    calls = itertools.count(1)

    def wrapped(self: Any) -> Any:
        path: Path = self.path
        log = path.with_name(path.name + wal)
        if not log.exists() or not log.stat().st_size or next(calls) != nth:
            return original(self)
        die_beyond(limit(path))
        original(self)
        die()

    setattr(owner, name, wrapped)


def die_beyond(limit: int) -> None:
    """Die in the middle of the next write beyond `limit` bytes of any file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def _in_making() -> None:
    """Die while the file of the views is made."""
    original = ViewDatabase.__init__

    def wrapped(self: ViewDatabase, path: Path, *arguments: Any, **named: Any) -> None:
        if not path.exists():
            die_beyond(DUCKDB_HEADER + DUCKDB_HEADER // 2)
        original(self, path, *arguments, **named)

    ViewDatabase.__init__ = wrapped  # type: ignore[method-assign,assignment]


def _middle_of_log(path: Path) -> int:
    """A page in the middle of what the log's file will be after its checkpoint."""
    db = sqlite3.connect(path)
    (pages,), (size,) = db.execute("PRAGMA page_count").fetchone(), db.execute("PRAGMA page_size").fetchone()
    db.close()
    return int(max(1, pages // 2) * size)


def _first_new_block(path: Path) -> int:
    """Within the first block that a checkpoint adds to the views' file."""
    return path.stat().st_size + DUCKDB_BLOCK // 2


class DyingConnection:
    """A connection to the snapshots that dies inside the transaction of its `nth` snapshot."""

    def __init__(self, db: sqlite3.Connection, calls: Iterator[int], nth: int) -> None:
        self._db = db
        self._calls = calls
        self._nth = nth

    def __enter__(self) -> DyingConnection:
        self._db.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._db.__exit__(*error)

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        cursor = self._db.execute(sql, *parameters)
        if sql.startswith("INSERT") and next(self._calls) == self._nth:
            die()
        return cursor


def _in_snapshot(nth: int) -> None:
    original = Snapshots._open
    calls = itertools.count(1)
    Snapshots._open = lambda self: DyingConnection(original(self), calls, nth)  # type: ignore[method-assign,assignment,return-value]


def install(kind: Kind | None, nth: int) -> None:
    """Wrap the place at which to die."""
    match kind:
        case "making":
            _in_making()
        case "save":  # the rows are inserted, the transaction is open
            after(LogRecorder, "_insert_events", nth)
        case "answer":  # committed, and nobody has been told
            after(EventStore, "keep", nth)
        case "apply":  # some rows of some views are written, the transaction is open
            after(Write, "insert", nth)
        case "position":  # all rows and the position are written, the transaction is open
            after(Write, "execute", nth, lambda _, sql, *__: " positions " in sql)
        case "log_checkpoint":
            within(EventStore, "checkpoint", nth, "-wal", _middle_of_log)
        case "views_checkpoint":
            within(ViewDatabase, "checkpoint", nth, ".wal", _first_new_block)
        case "snapshot":
            _in_snapshot(nth)
        case None:
            pass


# -- what it does until then


class Acknowledging(Tally):
    """A tally that writes each answer to a file, synchronised before it goes on."""

    file: int = -1

    def count(self, schema: str, outcome: Any, source: str) -> None:
        super().count(schema, outcome, source)
        if isinstance(outcome, Answer):
            store, _, business_day = source.partition("/")
            note = Acknowledged(store, business_day, outcome.batch_id, outcome)
            os.write(self.file, msgspec.json.encode(note) + b"\n")
            os.fsync(self.file)


def load(plan: Plan) -> None:
    """Everything from the beginning: what came before is answered again."""
    lines = Path(plan.lines).read_bytes().splitlines()
    with ExitStack() as stack:
        acknowledged = os.open(plan.acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        stack.callback(os.close, acknowledged)
        room = ReadingRoom() if plan.room else None
        if room is not None:
            stack.callback(room.close)
        house = stack.enter_context(House(Settings(data=Path(plan.folder), cache=CACHE), "a load that is killed"))
        loader = Loader(house, CONTEXT, room=room)
        loader.tally = Acknowledging(file=acknowledged)
        stack.enter_context(without_collection())
        for part in _parts(lines):
            with house.bulk() if plan.bulk else nullcontext():
                for schema, group in part:
                    at_once = ARTICLES_AT_ONCE if schema == ARTICLE else AT_ONCE
                    for few in chunks(((line, "/".join(place_of(line))) for line in group), at_once):
                        loader.load(schema, few)
                loader.drain()
        house.settle()


def _parts(lines: Iterable[bytes]) -> Iterator[list[tuple[str, list[bytes]]]]:
    """Stores and articles, then day after day: each part ends with a checkpoint when it is loaded in bulk."""
    part: list[tuple[str, list[bytes]]] = []
    for schema, group in groupby(lines, key=schema_of):
        part.append((schema, list(group)))
        if schema.split("/")[1] in ("article", "closing"):
            yield part
            part = []
    if part:
        yield part


def main(path: str) -> None:
    plan = msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    vars(snapshots)["EVERY"] = 2  # a few days hardly ever ask for a snapshot otherwise
    install(plan.kind, plan.nth)
    print(BEGINS, flush=True)
    load(plan)


if __name__ == "__main__":
    main(sys.argv[1])
