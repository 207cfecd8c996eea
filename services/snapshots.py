"""Snapshots of aggregates whose streams grow long: the latest of each, in a file of its own beside the log.

A snapshot only saves time. It may be deleted at any moment, and one that cannot be read is passed over.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final, Protocol, TypeVar

from domain.kernel import Aggregate

A = TypeVar("A", bound=Aggregate)
EVERY: Final = 200  # facts since the last snapshot: below that a replay is as quick


class Places(Protocol):
    """The log, as far as a snapshot has to know it."""

    def last_place(self) -> tuple[int, str]: ...

    def holds(self, position: int, recorded_at: str) -> bool: ...


class Snapshots:
    """Keeps and finds snapshots. Used by the writing thread alone.

    `log` gives the place of the last fact and says whether it holds such a fact: snapshots of a log that was since
    replaced by an older copy are thrown away.
    """

    def __init__(self, path: Path, log: Places) -> None:
        self._path = path
        self._log = log
        self._taken: dict[str, int] = {}
        self._db: sqlite3.Connection | None = None

    def load(self, kind: type[A], stream: str, owner: str, business_day: str) -> A:
        """A new aggregate, brought to its latest snapshot where there is one."""
        aggregate = kind(stream, owner, business_day)
        if kind.snapshot is Aggregate.snapshot:
            return aggregate
        row = self._open().execute("SELECT state FROM snapshots WHERE stream = ?", (stream,)).fetchone()
        if row is not None:
            try:
                aggregate.restore(row[0])
                self._taken[stream] = aggregate.version
            except ValueError:  # of an older layout: the log has it all
                aggregate = kind(stream, owner, business_day)
        return aggregate

    def offer(self, aggregate: Aggregate) -> None:
        """Take a snapshot when enough has happened since the last."""
        if aggregate.version - self._taken.get(aggregate.stream, 0) < EVERY:
            return
        state = aggregate.snapshot()
        if state is not None:
            with self._open() as db:
                db.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?)", (aggregate.stream, state))
                db.execute("DELETE FROM taken_at")
                db.execute("INSERT INTO taken_at VALUES (?, ?)", self._log.last_place())
            self._taken[aggregate.stream] = aggregate.version

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = sqlite3.connect(self._path, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("CREATE TABLE IF NOT EXISTS snapshots (stream TEXT PRIMARY KEY, state BLOB) WITHOUT ROWID")
            self._db.execute("CREATE TABLE IF NOT EXISTS taken_at (position INTEGER, recorded_at TEXT)")
            taken_at = self._db.execute("SELECT position, recorded_at FROM taken_at").fetchone()
            if taken_at is not None and not self._log.holds(*taken_at):
                with self._db:
                    self._db.execute("DELETE FROM snapshots")
        return self._db
