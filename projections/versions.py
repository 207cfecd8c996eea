"""Versions of what is said with a day from which it holds: what held on a day, as known at a position.

A table of versions has a row for each stretch of days (`valid_from` to before `valid_to`) and each stretch of the log
(`known_from` to before `known_to`, positions) in which a version held. At any position the stretches of a key are
disjoint and reach from its first day to the end of the calendar. It must not know what the versions are about.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from projections.columns import Integers
from projections.kernel import Write

BEGINNING: Final = "0001-01-01"
END: Final = int(np.datetime64("9999-12-31").astype(int))  # days are numbers here, counted from 1970-01-01
ALWAYS: Final = 2**63 - 1  # the position at which the last thing known is known no more
_STRETCH: Final = ("valid_from", "valid_to", "known_from", "known_to")


def days_from(texts: Sequence[str]) -> Integers:
    """Days from which something holds, as numbers; the empty text is the beginning."""
    days = np.array([text or BEGINNING for text in texts], dtype="datetime64[D]")
    return days.astype(np.int64)


@dataclass(slots=True)
class _Span:
    """A version in force: `stored` is its row in the table, or -1 for one to be written with the content of `said`."""

    valid_from: int
    valid_to: int
    known_from: int
    said: int = -1
    stored: int = -1
    copy: bool = False  # the content of `stored`, over other days than it has there


@dataclass(slots=True)
class _Row:
    """A row to write: the stretches, and where its content is: `said` in this batch, else the row `stored`."""

    valid_from: int
    valid_to: int
    known_from: int
    known_to: int
    said: int
    stored: int


class Timelines:
    """What is in force for some keys, and the rows that come of saying more. Pure: no database."""

    def __init__(self) -> None:
        self._spans: dict[str, list[_Span]] = {}
        self.rows: list[_Row] = []
        self.ended: dict[int, int] = {}  # rows of the table, and the position from which they are known no more

    def load(self, key: str, valid_from: int, valid_to: int, known_from: int, stored: int) -> None:
        """A stretch in force before this batch; those of a key come in the order of their days."""
        self._spans.setdefault(key, []).append(_Span(valid_from, valid_to, known_from, stored=stored))

    def hold(self, key: str, day: int, position: int, said: int) -> None:
        """From `position` on it is known that `said` holds from `day`, until the next day something is said for."""
        spans = self._spans.setdefault(key, [])
        place = bisect_right(spans, day, key=lambda span: span.valid_from) - 1
        if place < 0:
            end = spans[0].valid_from if spans else END
            spans.insert(0, _Span(day, end, position, said))
            return
        before = spans[place]
        self._end(before, position)
        spans[place] = _Span(day, before.valid_to, position, said)
        if before.valid_from < day:
            shorter = _Span(before.valid_from, day, position, before.said, before.stored, copy=before.stored >= 0)
            spans.insert(place, shorter)

    def finish(self) -> None:
        """What is in force now stays so for all that is known; called once, when all has been said."""
        for spans in self._spans.values():
            for span in spans:
                if span.copy or span.stored < 0:
                    self._write(span, ALWAYS)

    def _end(self, span: _Span, position: int) -> None:
        if span.stored >= 0 and not span.copy:
            self.ended[span.stored] = position
        elif span.known_from < position:  # else it was said and said otherwise in one fact: nobody ever knew it
            self._write(span, position)

    def _write(self, span: _Span, known_to: int) -> None:
        self.rows.append(_Row(span.valid_from, span.valid_to, span.known_from, known_to, span.said, span.stored))


def hold(write: Write, table: str, key: str, valid_from: Integers, known_from: Integers, said: pa.Table) -> None:
    """Write that each row of `said` (the key and the content) holds from its day on, known from its position on.

    Of two rows for one key and day, the later one replaces the earlier for all later knowledge. The positions of a key
    never fall from batch to batch.
    """
    keys: list[str] = said[key].to_pylist()
    held = write.execute(
        f"SELECT {key}, valid_from - DATE '1970-01-01', valid_to - DATE '1970-01-01', known_from, rowid FROM {table} "
        f"WHERE known_to = {ALWAYS} AND {key} IN (SELECT unnest($keys::VARCHAR[])) ORDER BY {key}, valid_from",
        {"keys": keys},
    )
    troubled = {name for name, _, _, _, _ in held}
    if len(set(keys)) < len(keys):
        troubled.update(name for name, times in Counter(keys).items() if times > 1)
    if not troubled:
        _insert(write, table, said, valid_from, np.full(len(keys), END), known_from, np.full(len(keys), ALWAYS))
        return
    timelines = Timelines()
    for stretch in held:
        timelines.load(*stretch)
    for place, name in enumerate(keys):
        timelines.hold(name, int(valid_from[place]), int(known_from[place]), place)
    timelines.finish()
    _write(write, table, said, timelines)


def _write(write: Write, table: str, said: pa.Table, timelines: Timelines) -> None:
    new = [row for row in timelines.rows if row.stored < 0]
    stretches = ([getattr(row, name) for row in new] for name in _STRETCH)
    arrays = [np.array(column, dtype=np.int64) for column in stretches]
    _insert(write, table, said.take(pa.array([row.said for row in new], pa.int64())), *arrays)
    copies = [row for row in timelines.rows if row.stored >= 0]
    if copies:
        content = ", ".join(said.column_names)
        write.execute(
            f"INSERT INTO {table} (valid_from, valid_to, known_from, known_to, {content}) "
            "SELECT DATE '1970-01-01' + f, DATE '1970-01-01' + t, kf, kt, "
            + ", ".join(f"held.{name}" for name in said.column_names)
            + f" FROM {table} held JOIN (SELECT unnest($valid_from::INTEGER[]) f, unnest($valid_to::INTEGER[]) t, "
            "unnest($known_from::UBIGINT[]) kf, unnest($known_to::UBIGINT[]) kt, unnest($stored::BIGINT[]) r) "
            "ON held.rowid = r",
            {name: [getattr(row, name) for row in copies] for name in (*_STRETCH, "stored")},
        )
    if timelines.ended:
        write.execute(
            f"UPDATE {table} SET known_to = kt FROM "
            "(SELECT unnest($stored::BIGINT[]) r, unnest($known_to::UBIGINT[]) kt) WHERE rowid = r",
            {"stored": list(timelines.ended), "known_to": list(timelines.ended.values())},
        )


def _insert(
    write: Write,
    table: str,
    content: pa.Table,
    valid_from: Integers,
    valid_to: Integers,
    known_from: Integers,
    known_to: Integers,
) -> None:
    """Rows with their stretches beside their content."""
    stretches = (
        pa.array(valid_from.astype("datetime64[D]")),
        pa.array(valid_to.astype("datetime64[D]")),
        pa.array(known_from),
        pa.array(known_to),
    )
    for name, column in zip(_STRETCH, stretches, strict=True):
        content = content.append_column(name, column)
    write.insert(table, content)
