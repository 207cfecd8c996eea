"""The library's SQLite recorder with what we keep beside the facts: refused bytes and the compression dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

KEPT_BYTES = """CREATE TABLE IF NOT EXISTS kept_bytes (
    hash TEXT PRIMARY KEY, length INTEGER NOT NULL, data BLOB, why TEXT NOT NULL, kept_at TEXT NOT NULL, purged_at TEXT
) WITHOUT ROWID"""


class KeptBytes(msgspec.Struct, frozen=True):
    """Bytes that were refused or quarantined: SHA-256 in hex, the true length, and the bytes, perhaps cut."""

    hash: str
    length: int
    data: bytes
    why: str = ""


class LogRecorder(SQLiteApplicationRecorder):
    """The library's recorder with the kept bytes in the same transaction and one statement for many rows."""

    def construct_create_table_statements(self) -> list[str]:
        return [
            *super().construct_create_table_statements(),
            KEPT_BYTES,
            "CREATE TABLE IF NOT EXISTS compression (dictionary BLOB NOT NULL)",
        ]

    def dictionary(self, for_new: bytes) -> bytes:
        """The compression dictionary of this log; a new log takes `for_new` for good."""
        with self.datastore.transaction(commit=True) as c:
            c.execute("SELECT dictionary FROM compression")
            row = c.fetchone()
            if row is None:
                c.execute("INSERT INTO compression VALUES (?)", (for_new,))
            return for_new if row is None else bytes(row[0])

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        c.execute(self.select_max_notification_id_statement)
        head = c.fetchone()[0] or 0
        rows = [
            (head + place, s.originator_id, s.originator_version, s.topic, s.state)
            for place, s in enumerate(stored_events, 1)
        ]
        c.executemany(
            f"INSERT INTO {self.events_table_name} (rowid, originator_id, originator_version, topic, state) "
            "VALUES (?,?,?,?,?)",
            rows,
        )
        purged: Sequence[str] = kwargs.get("purged", ())
        if purged:
            c.execute("PRAGMA secure_delete = ON")  # or the bytes might stay in pages that nobody uses
            c.executemany(
                "UPDATE kept_bytes SET data = NULL, purged_at = ? WHERE hash = ? AND data IS NOT NULL",
                [(kwargs["at"], hash_) for hash_ in purged],
            )
        kept: Sequence[KeptBytes] = kwargs.get("kept", ())
        if kept:
            c.executemany(
                "INSERT INTO kept_bytes VALUES (?,?,?,?,?,NULL) ON CONFLICT (hash) DO UPDATE SET "
                "data = excluded.data, why = excluded.why, kept_at = excluded.kept_at, purged_at = NULL "
                "WHERE data IS NULL",  # purged before, and now needed again
                [(k.hash, k.length, k.data, k.why, kwargs["at"]) for k in kept],
            )
        return range(head + 1, head + 1 + len(rows))
