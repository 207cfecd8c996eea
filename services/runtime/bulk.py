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
from typing import Any, Final

import msgspec

from domain.kernel import Context
from domain.products.aggregate import DescribeOutcome
from domain.sales.outcomes import Answer
from services.intake import ARTICLE, BATCH, Refused
from services.runtime.house import House
from services.writer import GROUP, Kept

ON_THE_WAY: Final = 3
ARTICLES_AT_ONCE: Final = 1_000
FACTS_WAITING: Final = 24_000
COLLECT_EVERY: Final = 200  # groups

Line = tuple[bytes, str]  # the bytes, and where they came from, for people
Progress = Callable[[str, int], None]


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


class Loader:
    """Feeds lines to a house's writer, keeping a few groups on their way so that all threads have work."""

    def __init__(self, house: House, context: Context, progress: Progress = lambda schema, lines: None) -> None:
        self.tally = Tally()
        self._house = house
        self._context = context
        self._progress = progress
        self._waiting: deque[tuple[str, list[str], Future[list[Any]], int]] = deque()
        self._groups = 0

    def load(self, schema: str, lines: Iterable[Line]) -> None:
        """Submit lines of one schema, in order."""
        if schema == ARTICLE:
            for chunk in chunks(lines, ARTICLES_AT_ONCE):
                command = self._house.intake.articles(chunk)
                self._submit(schema, [""], [(command, self._context)], len(chunk))
            return
        take = self._house.intake.line
        for chunk in chunks(lines, GROUP):
            commands = [(take(raw, source, schema), self._context) for raw, source in chunk]
            self._submit(schema, [source for _, source in chunk], commands, len(chunk))

    def drain(self) -> None:
        """Wait for all outcomes."""
        while self._waiting:
            self._settle_one()

    def _submit(self, schema: str, sources: list[str], commands: list[Any], lines: int) -> None:
        self._waiting.append((schema, sources, self._house.writer.submit_all(commands), lines))
        while len(self._waiting) > ON_THE_WAY:
            self._settle_one()
        self._groups += 1
        if self._groups % COLLECT_EVERY == 0:
            gc.collect()
        if self._house.feed.waiting() > FACTS_WAITING:
            self._house.feed.relax(FACTS_WAITING)

    def _settle_one(self) -> None:
        schema, sources, future, lines = self._waiting.popleft()
        for source, outcome in zip(sources, future.result(), strict=True):
            self.tally.count(schema, outcome.result if isinstance(outcome, Kept) else outcome, source)
        self._progress(schema, lines)


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
