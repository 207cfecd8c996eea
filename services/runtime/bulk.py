"""Loading many lines: in groups, a few of them on their way at a time, with the outcomes counted.

It must not know where lines come from.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec

from domain.kernel import Aggregate, Context, Refusal
from domain.products.aggregate import DescribeOutcome
from domain.sales.outcomes import Answer
from domain.sales.reading import Terms
from services.intake import ARTICLE, BATCH, Refused, place_of
from services.runtime.house import House
from services.runtime.reading import ReadingRoom
from services.sales import Sales
from services.writer import GROUP, Command, Kept

A = TypeVar("A", bound=Aggregate)

ON_THE_WAY: Final = 3
READ_AHEAD: Final = 4
ARTICLES_AT_ONCE: Final = 1_000
FACTS_WAITING: Final = 8_192
COLLECT_EVERY: Final = 200  # groups

Line = tuple[bytes, str]  # the bytes, and where they came from, for people
Progress = Callable[[str, int], None]


def _quietly(schema: str, lines: int) -> None:
    """No progress shown."""


class Group(msgspec.Struct, frozen=True):
    """Lines that are submitted together; `commands` makes their commands when their turn comes."""

    schema: str
    sources: list[str]
    lines: int
    commands: Callable[[], list[Command[Any]]]


class Tally(msgspec.Struct):
    """Outcomes of transactions, of batches, of all other lines, and the lines refused as a whole."""

    accepted: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    after_close: int = 0
    batches: int = 0
    replayed: int = 0
    recorded: dict[str, int] = msgspec.field(default_factory=dict)
    unchanged: dict[str, int] = msgspec.field(default_factory=dict)
    refused: list[Refused] = msgspec.field(default_factory=list)
    listed: list[tuple[str, Any]] = msgspec.field(default_factory=list)

    def count(self, schema: str, outcome: Any, source: str) -> None:
        """Take note of the outcome of one line."""
        match outcome:
            case Answer():
                self._answer(outcome, source)
            case Refused():
                self.rejected += 1
                self.refused.append(outcome)
            case DescribeOutcome():
                self._add(self.recorded, schema, outcome.accepted)
                self._add(self.unchanged, schema, outcome.duplicate)
            case list():
                for each in outcome:
                    self.count(schema, each, source)
            case Exception():
                raise outcome
            case _:
                self._add(self.recorded if outcome else self.unchanged, schema, 1)

    def _answer(self, answer: Answer, source: str) -> None:
        self.batches += 1
        if answer.replayed:
            self.replayed += 1
            return
        self.accepted += answer.accepted
        self.duplicate += answer.duplicate
        self.conflict += answer.conflict
        self.rejected += answer.rejected
        self.after_close += answer.after_close
        self.listed.extend((source, listed) for listed in answer.listed)

    @staticmethod
    def _add(counts: dict[str, int], schema: str, more: int) -> None:
        if more:
            counts[schema] = counts.get(schema, 0) + more


class TermsAhead:
    """The terms of stores and days as the log has them, asked for outside the writer.

    They may be old by the time a batch is decided, which is why the decision compares them.
    """

    def __init__(self, house: House) -> None:
        self._sales = Sales(house.clock)
        self._store = house.store
        self._held: dict[str, Any] = {}

    def of(self, raw: bytes) -> Terms | None:
        """The terms for the batch in `raw`; None when it cannot be reported, which the decision will say."""
        store, business_day = place_of(raw)
        try:
            return self._sales.terms(self, store, business_day)
        except (Refusal, ValueError):
            return None

    def peek(self, kind: type[A], stream: str, owner: str, business_day: str = "") -> A:
        """An aggregate as the log had it when it was first asked for."""
        held: A | None = self._held.get(stream)
        if held is None:
            held = self._held[stream] = self._store.load(kind(stream, owner, business_day))
        return held


class Loader:
    """Feeds lines to a house's writer, keeping a few groups on their way so that all threads have work.

    With a reading room, batches are read ahead by a second process. The order of lines is kept in either case.
    """

    def __init__(
        self, house: House, context: Context, progress: Progress = _quietly, room: ReadingRoom | None = None
    ) -> None:
        self.tally = Tally()
        self._house = house
        self._context = context
        self._progress = progress
        self._room = room
        self._terms = TermsAhead(house)
        self._ahead: deque[Group] = deque()
        self._waiting: deque[tuple[Group, Future[list[Any]]]] = deque()
        self._groups = 0

    def load(self, schema: str, lines: Iterable[Line]) -> None:
        """Submit lines of one schema, in order."""
        for chunk in chunks(lines, ARTICLES_AT_ONCE if schema == ARTICLE else GROUP):
            self._ahead.append(self._group(schema, chunk))
            while len(self._ahead) > (READ_AHEAD if self._room else 0):
                self._submit(self._ahead.popleft())
        if schema == ARTICLE:
            self.drain()
            self._house.settle()  # their texts are large: they shall not wait until enough batches have gathered

    def drain(self) -> None:
        """Wait for all outcomes."""
        while self._ahead:
            self._submit(self._ahead.popleft())
        while self._waiting:
            self._settle_one()

    def _group(self, schema: str, chunk: list[Line]) -> Group:
        intake = self._house.intake
        if schema == ARTICLE:
            return Group(schema, [""], len(chunk), lambda: [intake.articles(chunk)])
        sources = [source for _, source in chunk]
        if schema != BATCH or self._room is None:
            return Group(
                schema, sources, len(chunk), lambda: [intake.line(raw, source, schema) for raw, source in chunk]
            )
        room = self._room
        reading = room.read([(raw, self._terms.of(raw)) for raw, _ in chunk])
        return Group(
            schema,
            sources,
            len(chunk),
            lambda: [
                intake.batch(raw, source, ahead)
                for (raw, source), ahead in zip(chunk, room.result(reading), strict=True)
            ],
        )

    def _submit(self, group: Group) -> None:
        commands = [(command, self._context) for command in group.commands()]
        self._waiting.append((group, self._house.writer.submit_all(commands)))
        while len(self._waiting) > ON_THE_WAY:
            self._settle_one()
        self._groups += 1
        if self._groups % COLLECT_EVERY == 0:
            gc.collect()
        if self._house.feed.waiting() > FACTS_WAITING:
            self._house.feed.relax(FACTS_WAITING)

    def _settle_one(self) -> None:
        group, future = self._waiting.popleft()
        for source, outcome in zip(group.sources, future.result(), strict=True):
            self.tally.count(group.schema, outcome.result if isinstance(outcome, Kept) else outcome, source)
        self._progress(group.schema, group.lines)


def chunks(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    """Lists of up to `size`."""
    source = iter(lines)
    while chunk := list(islice(source, size)):
        yield chunk


@contextmanager
def without_collection() -> Iterator[None]:
    """Garbage collection costs a quarter of a bulk load: within, it runs only when asked to."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
        gc.collect()
