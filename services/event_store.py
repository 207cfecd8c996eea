"""The log of facts: keeps, loads and hands on. The only module that knows the eventsourcing library.

A stored fact is JSON `{"meta":…,"fact":…}` compressed with zstd; the hash for proofs is over the JSON. The bytes of
what was refused lie in a table beside the log and are written in the same transaction. It must not know any area.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec
import zstandard
from eventsourcing.application import Application
from eventsourcing.persistence import IntegrityError, Mapper, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from domain.kernel import Aggregate, Fact, Meta, Pending, Recorded
from domain.registry import FACTS, upcast

F = TypeVar("F")
A = TypeVar("A", bound=Aggregate)
Clock = Callable[[], dt.datetime]
AHEAD_LIMIT: Final = dt.timedelta(minutes=1)


class Conflict(Exception):  # noqa: N818 - the caller tries again from a fresh load
    """Somebody else kept facts of the same stream first; nothing of this save was stored."""


class ClockBehind(RuntimeError):
    """The last fact was recorded after what the clock says now; keeping more would tangle the order of time."""


class UnreadableFact(RuntimeError):
    """A stored fact that this version cannot read: an unknown topic or broken bytes. Names position and topic."""


class KeptBytes(msgspec.Struct, frozen=True):
    """Bytes that were refused or quarantined: SHA-256 in hex, the true length, and the bytes themselves (perhaps cut)."""

    hash: str
    length: int
    data: bytes
    why: str = ""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A fact on its way into the log."""

    originator_id: str
    originator_version: int
    meta: Meta
    fact: Fact


class Envelope(msgspec.Struct, Generic[F], frozen=True, gc=False):
    """The stored form."""

    meta: Meta
    fact: F


class FactMapper(Mapper[str]):
    """Facts to stored rows and back. Made for one writing thread; reading threads have decompressors of their own."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._compress = zstandard.ZstdCompressor(level=1, write_content_size=True, write_checksum=False).compress
        self._decoders = {topic: msgspec.json.Decoder(Envelope[fact]) for topic, fact in FACTS.items()}  # type: ignore[valid-type]
        self._local = threading.local()
        self.written: list[bytes] = []

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        body = self._encode(Envelope(domain_event.meta, domain_event.fact))
        self.written.append(body)
        return StoredEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            domain_event.fact.TOPIC,
            self._compress(body),
        )

    def body(self, state: bytes) -> bytes:
        """The JSON of a stored row."""
        try:
            decompress = self._local.decompress
        except AttributeError:
            decompress = self._local.decompress = zstandard.ZstdDecompressor().decompress
        return bytes(decompress(state))

    def read(self, topic: str, body: bytes) -> Envelope[Any]:
        """A fact from its JSON, through the upcasts its topic needs."""
        decoder = self._decoders.get(topic)
        if decoder is not None:
            return decoder.decode(body)
        raw = msgspec.json.decode(body)
        topic, raw["fact"] = upcast(topic, raw["fact"])
        return msgspec.convert(raw, Envelope[FACTS[topic]])  # type: ignore[misc, no-any-return]


class LogRecorder(SQLiteApplicationRecorder):
    """The library's recorder with the kept bytes in the same transaction and one statement for many rows."""

    def construct_create_table_statements(self) -> list[str]:
        return [
            *super().construct_create_table_statements(),
            "CREATE TABLE IF NOT EXISTS kept_bytes (hash TEXT PRIMARY KEY, length INTEGER NOT NULL, data BLOB, "
            "why TEXT NOT NULL, kept_at TEXT NOT NULL, purged_at TEXT) WITHOUT ROWID",
        ]

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
        kept: Sequence[KeptBytes] = kwargs.get("kept", ())
        if kept:
            c.executemany(
                "INSERT OR IGNORE INTO kept_bytes VALUES (?,?,?,?,?,NULL)",
                [(k.hash, k.length, k.data, k.why, kwargs["at"]) for k in kept],
            )
        return range(head + 1, head + 1 + len(rows))


class Log(Application[str]):
    """The library's application, told to use our mapper and recorder and text ids."""

    def construct_mapper(self) -> Mapper[str]:
        return FactMapper()


class EventStore:
    """Keeps facts in one SQLite file. One thread keeps; any thread reads."""

    def __init__(self, path: Path, clock: Clock, software: str) -> None:
        self._log: Log = Log(
            {
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": str(path),
                "ORIGINATOR_ID_TYPE": "text",
                "APPLICATION_RECORDER_TOPIC": f"{__name__}:LogRecorder",
            }
        )
        self._mapper: FactMapper = self._log.mapper  # type: ignore[assignment]
        self._recorder: LogRecorder = self._log.recorder  # type: ignore[assignment]
        self._clock = clock
        self._software = software
        self.path = path
        head = self.head()
        newest = self.after(head - 1, 1) if head else []
        self._last_stamp = newest[-1].meta.recorded_at if newest else ""

    # -- keeping

    def keep(self, pending: Sequence[tuple[Pending, Meta]], kept: Sequence[KeptBytes] = ()) -> list[Recorded]:
        """Store facts and kept bytes in one transaction and give each fact its position.

        Raises:
            Conflict: a stream has moved on; nothing was stored.
            ClockBehind: the clock is more than a minute before the last fact.
        """
        stamp = self._stamp()
        entries = [
            Entry(p.stream, p.version, msgspec.structs.replace(meta, recorded_at=stamp, software=self._software), p.fact)
            for p, meta in pending
        ]
        self._mapper.written.clear()
        try:
            recordings = self._log.events.put(entries, kept=kept, at=stamp)
        except IntegrityError as taken:
            raise Conflict(str(taken)) from taken
        self._last_stamp = stamp
        return [
            Recorded(r.notification.id, e.originator_id, e.originator_version, e.meta, e.fact)
            for r, e in zip(recordings, entries, strict=True)
        ]

    def bodies(self) -> list[bytes]:
        """The JSON of the facts of the last `keep`, in order: what their hashes are over."""
        return self._mapper.written

    def _stamp(self) -> str:
        now = self._clock().astimezone(dt.timezone.utc)
        stamp = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
        if stamp < self._last_stamp:
            last = dt.datetime.fromisoformat(self._last_stamp)
            if last - now > AHEAD_LIMIT:
                raise ClockBehind(
                    f"the clock says {stamp}, but the last fact was recorded at {self._last_stamp}: set the clock right"
                )
            return self._last_stamp
        return stamp

    # -- reading

    def head(self) -> int:
        """The position of the last fact, 0 for an empty log."""
        return self._recorder.max_notification_id() or 0

    def after(self, position: int, limit: int) -> list[Recorded]:
        """Up to `limit` facts above a position, in order."""
        return [
            self._recorded(n.id, n)
            for n in self._recorder.select_notifications(position, limit, inclusive_of_start=False)
        ]

    def stream(self, stream: str, after_version: int = 0) -> Iterator[tuple[Recorded, bytes]]:
        """The facts of one stream with their JSON, from a version on. Their position is not known here (0)."""
        for stored in self._recorder.select_events(stream, gt=after_version):
            body = self._mapper.body(stored.state)
            yield self._read(0, stored, body), body

    def _recorded(self, position: int, stored: StoredEvent) -> Recorded:
        try:
            body = self._mapper.body(stored.state)
        except zstandard.ZstdError as broken:
            raise UnreadableFact(f"position {position}, {stored.topic}: {broken}") from broken
        return self._read(position, stored, body)

    def _read(self, position: int, stored: StoredEvent, body: bytes) -> Recorded:
        try:
            envelope = self._mapper.read(stored.topic, body)
        except (msgspec.MsgspecError, KeyError) as broken:
            raise UnreadableFact(
                f"{stored.originator_id} version {stored.originator_version}, position {position}, "
                f"{stored.topic}: {broken}"
            ) from broken
        return Recorded(position, str(stored.originator_id), stored.originator_version, envelope.meta, envelope.fact)

    def load(self, aggregate: A) -> A:
        """Bring an aggregate up to the log, from whatever version it stands at."""
        keeps_digest = getattr(aggregate, "keeps_digest", False)
        for recorded, body in self.stream(aggregate.stream, aggregate.version):
            aggregate.replay(recorded.fact)
            if keeps_digest:
                aggregate.digest = next_digest(aggregate.digest, body)
        return aggregate

    def streams(self, prefix: str) -> set[str]:
        """The streams whose id begins with `prefix` and goes on without another slash."""
        with self._recorder.datastore.transaction(commit=False) as c:
            c.execute(
                "SELECT originator_id FROM stored_events WHERE originator_id > ? AND originator_id < ? "
                "AND originator_version = 1",
                (prefix, prefix + "\U0010ffff"),
            )
            return {row[0] for row in c.fetchall()}

    def with_topic(self, topic: str) -> list[str]:
        """The streams that hold a fact of a topic."""
        with self._recorder.datastore.transaction(commit=False) as c:
            c.execute("SELECT DISTINCT originator_id FROM stored_events WHERE topic = ?", (topic,))
            return [row[0] for row in c.fetchall()]

    # -- the bytes of what was refused

    def kept(self, hash_: str) -> KeptBytes | None:
        """The kept bytes of a hash, unless they were never kept or have been purged."""
        with self._recorder.datastore.transaction(commit=False) as c:
            c.execute("SELECT hash, length, data, why FROM kept_bytes WHERE hash = ? AND data IS NOT NULL", (hash_,))
            row = c.fetchone()
        return KeptBytes(*row) if row else None

    def purge(self, hashes: Sequence[str]) -> None:
        """Forget the bytes of these hashes; that they were kept, their hash and their length stay."""
        at = self._stamp()
        with self._recorder.datastore.transaction(commit=True) as c:
            c.executemany(
                "UPDATE kept_bytes SET data = NULL, purged_at = ? WHERE hash = ? AND data IS NOT NULL",
                [(at, hash_) for hash_ in hashes],
            )

    # -- housekeeping

    def checkpoint(self) -> None:
        """Bring everything from the write-ahead log into the file."""
        self._pragma("wal_checkpoint(TRUNCATE)")

    def integrity(self) -> str:
        """SQLite's own verdict on the file: `ok`, or what is wrong."""
        return str(self._pragma("quick_check")[0][0])

    def _pragma(self, pragma: str) -> list[Any]:
        connection = self._recorder.datastore.pool.get_connection(is_writer=True)
        try:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA {pragma}")
            return list(cursor.fetchall())
        finally:
            self._recorder.datastore.pool.put_connection(connection)

    def close(self) -> None:
        self._log.close()


def next_digest(digest: bytes, body: bytes) -> bytes:
    """The hash chain over a stream: SHA-256 of the hash so far and the stored JSON of the next fact."""
    return hashlib.sha256(digest + body).digest()
