"""Keeping, loading and handing on facts, with one transaction for each save."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import zstandard
from eventsourcing.application import Application
from eventsourcing.persistence import IntegrityError, Mapper, Notification, StoredEvent

from domain.kernel import Aggregate, Context, Meta, Pending, Recorded
from services.event_store.mapper import FactMapper, typical_facts
from services.event_store.recorder import KeptBytes, LogRecorder

A = TypeVar("A", bound=Aggregate)
S = TypeVar("S", bound=StoredEvent)
Clock = Callable[[], dt.datetime]
AHEAD_LIMIT: Final = dt.timedelta(minutes=1)
EARLIER: Final = """WITH RECURSIVE last(id) AS (
    SELECT max(originator_id) FROM stored_events WHERE originator_id < :group
    UNION ALL
    SELECT (SELECT max(originator_id) FROM stored_events WHERE originator_id < substr(id, 1, :begins))
    FROM last WHERE id > :root
)
SELECT originator_id FROM last CROSS JOIN stored_events
    ON originator_id = substr(id, 1, :begins) || :name AND originator_version = 1
WHERE id > :root LIMIT :limit"""


class Conflict(Exception):
    """Somebody else kept facts of the same stream first; nothing of this save was stored."""


class ClockBehind(RuntimeError):
    """The last fact was recorded after what the clock says now; keeping more would tangle the order of time."""


class UnreadableFact(RuntimeError):
    """A stored fact that this version cannot read: an unknown topic or broken bytes. Names position and topic."""


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
                "APPLICATION_RECORDER_TOPIC": f"{LogRecorder.__module__}:{LogRecorder.__qualname__}",
            }
        )
        self._mapper: FactMapper = self._log.mapper  # type: ignore[assignment]
        self._recorder: LogRecorder = self._log.recorder  # type: ignore[assignment]
        self._mapper.use(self._recorder.dictionary(typical_facts()))
        self._clock = clock
        self._software = software
        self.path = path
        head = self.head()
        newest = self.after(head - 1, 1) if head else []
        self._last_stamp = newest[-1].meta.recorded_at if newest else ""

    # -- keeping

    def keep(
        self,
        pending: Sequence[tuple[Pending, Context]],
        kept: Sequence[KeptBytes] = (),
        purged: Sequence[str] = (),
    ) -> list[tuple[Recorded, bytes]]:
        """Store facts and kept bytes, and forget those of the hashes `purged`, in one transaction; gives each fact with
        its position, and its JSON. Of what is forgotten, hash and length stay.

        Raises:
            Conflict: a stream has moved on; nothing was stored.
            ClockBehind: the clock is more than a minute before the last fact.
        """
        stamp = self._stamp()
        entries = self._mapper.written([(fact, self._meta(fact, context, stamp)) for fact, context in pending])
        try:
            recordings = self._log.events.put(entries, kept=kept, purged=purged, at=stamp)
        except IntegrityError as taken:
            raise Conflict(str(taken)) from taken
        self._last_stamp = stamp
        return [
            (Recorded(r.notification.id, e.originator_id, e.originator_version, e.meta, e.fact), e.body)
            for r, e in zip(recordings, entries, strict=True)
        ]

    def _meta(self, fact: Pending, context: Context, stamp: str) -> Meta:
        return Meta(
            fact.owner,
            stamp,
            fact.business_day,
            "",
            context.actor,
            context.role,
            context.device,
            context.on_behalf_of,
            fact.reason,
            fact.causation,
            context.correlation,
            self._software,
            context.origin,
        )

    def _stamp(self) -> str:
        now = self._clock().astimezone(dt.UTC)
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

    def last_place(self) -> tuple[int, str]:
        """The position of the last fact and when it was recorded; (0, "") for an empty log."""
        return self.head(), self._last_stamp

    def holds(self, position: int, recorded_at: str) -> bool:
        """Whether the fact at a position was recorded at that time: it tells a log from its older copy."""
        if position == 0:
            return True
        found = self.after(position - 1, 1)
        return bool(found) and found[0].position == position and found[0].meta.recorded_at == recorded_at

    def after(self, position: int, limit: int) -> list[Recorded]:
        """Up to `limit` facts above a position, in order.

        Raises:
            UnreadableFact: the first of them cannot be read; those before one that cannot are given.
        """
        rows = self._recorder.select_notifications(position, limit, inclusive_of_start=False)
        found: list[Recorded] = []
        try:
            for row, recorded, _ in self._read(rows):
                found.append(msgspec.structs.replace(recorded, position=row.id))
        except UnreadableFact:
            if not found:
                raise
        return found

    def at(self, positions: Iterable[int]) -> Iterator[tuple[Recorded, bytes]]:
        """The facts at some positions, with their JSON, read as they are taken.

        Raises:
            UnreadableFact: at the first that cannot be read.
        """
        for position in positions:
            rows = self._recorder.select_notifications(position, 1, inclusive_of_start=True)
            for row, recorded, body in self._read(rows):
                if row.id == position:
                    yield msgspec.structs.replace(recorded, position=position), body

    def named(self, stream: str, version: int) -> Recorded | None:
        """The fact of a stream and version, without its position (0); None where there is none."""
        rows = self._recorder.select_events(stream, gt=version - 1, lte=version)
        return next((recorded for _, recorded, _ in self._read(rows)), None)

    def stream(self, stream: str, after_version: int = 0) -> Iterator[tuple[Recorded, bytes]]:
        """The facts of one stream with their JSON, from a version on. Their position is not known here (0)."""
        for _, recorded, body in self._read(self._recorder.select_events(stream, gt=after_version)):
            yield recorded, body

    def _read(self, rows: Sequence[S]) -> Iterator[tuple[S, Recorded, bytes]]:
        """Stored rows with what they say and their JSON.

        Raises:
            UnreadableFact: at the first that cannot be read.
        """
        for row, body in zip(rows, self._bodies(rows), strict=True):
            try:
                said = self._mapper.read(row.topic, body)
            except (msgspec.MsgspecError, UnicodeDecodeError, KeyError) as broken:
                raise UnreadableFact(f"{_named(row)}: {broken}") from broken
            yield row, Recorded(0, str(row.originator_id), row.originator_version, said.meta, said.fact), body

    def _bodies(self, rows: Sequence[S]) -> Iterator[bytes]:
        try:
            yield from self._mapper.bodies([row.state for row in rows])
        except zstandard.ZstdError:
            for row in rows:  # one by one, to give those before the broken one and to name it
                try:
                    yield from self._mapper.bodies([row.state])
                except zstandard.ZstdError as broken:
                    raise UnreadableFact(f"{_named(row)}: {broken}") from broken

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

    def earlier(self, stream: str, limit: int) -> list[str]:
        """Up to `limit` streams of the same last part before this one: of `day/2017-03-05/367` the days before it of
        store 367, the latest first. Steps from day to day along the index, whatever other stores keep on each."""
        begins = stream.rindex("/") + 1
        with self._recorder.datastore.transaction(commit=False) as c:
            c.execute(
                EARLIER,
                {
                    "group": stream[:begins],
                    "begins": begins,
                    "root": stream[: stream.index("/") + 1],
                    "name": stream[begins:],
                    "limit": limit,
                },
            )
            return [row[0] for row in c.fetchall()]

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


def _named(row: StoredEvent) -> str:
    position = f", position {row.id}" if isinstance(row, Notification) else ""
    return f"{row.originator_id} version {row.originator_version}{position}, {row.topic}"


def next_digest(digest: bytes, body: bytes) -> bytes:
    """The hash chain over a stream: SHA-256 of the hash so far and the stored JSON of the next fact."""
    return hashlib.sha256(digest + body).digest()
