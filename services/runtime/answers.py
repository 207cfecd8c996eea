"""Answers to commands that named an idempotency key, so that sending one again gives the same answer.

Kept beside the log for a day. A kill between a save and its answer loses only the answer: the command is decided again,
and commands that are sent twice change nothing twice. It must not know what was asked or answered.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from pathlib import Path
from typing import Final

import msgspec

from domain.kernel import Refusal

KEPT_FOR: Final = dt.timedelta(days=1)


class KeyTaken(Refusal):
    """The idempotency key stands for another command; a new command needs a new key."""

    code = "idempotency_key_taken"
    kind = "conflict"


class Remembered(msgspec.Struct, frozen=True):
    """An answer as it was given."""

    status: int
    headers: dict[str, str]
    body: bytes


class Answers:
    """Remembers answers by actor and key. Any thread may ask."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS answers (actor TEXT, key TEXT, request TEXT, answer BLOB, at TEXT, "
            "PRIMARY KEY (actor, key)) WITHOUT ROWID"
        )

    def find(self, actor: str, key: str, request: str, now: dt.datetime) -> Remembered | None:
        """The answer to the same request under this key, if there was one within a day.

        Raises:
            KeyTaken: the key stands for another request.
        """
        since = (now - KEPT_FOR).isoformat()
        with self._lock:
            row = self._db.execute(
                "SELECT request, answer FROM answers WHERE actor = ? AND key = ? AND at > ?", (actor, key, since)
            ).fetchone()
        if row is None:
            return None
        if row[0] != request:
            raise KeyTaken("this idempotency key was used for another command within the last day: use a new one")
        return msgspec.msgpack.decode(row[1], type=Remembered)

    def remember(self, actor: str, key: str, request: str, answer: Remembered, now: dt.datetime) -> None:
        """Keep an answer, and forget those that are too old."""
        with self._lock:
            self._db.execute("DELETE FROM answers WHERE at <= ?", ((now - KEPT_FOR).isoformat(),))
            self._db.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                (actor, key, request, msgspec.msgpack.encode(answer), now.isoformat()),
            )

    def close(self) -> None:
        self._db.close()
