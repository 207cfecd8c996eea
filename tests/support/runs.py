"""Whole runs of the house for tests: a cut of the chain-year or lines by hand into a folder, and every question asked.

Two runs are equal when the sorted answers of every registered question are byte-identical (without the columns of
position and recorded time). It must not know any area.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from domain.kernel import Context, Recorded
from projections.questions import Asked, Question, QuestionRefused, canonical
from projections.registry import QUESTIONS, Views
from services.decoding import schema_of
from services.demo.complete_journey import ChainYear, DemoDataMissing
from services.runtime.bulk import Loader, Tally, without_collection
from services.runtime.house import House
from services.runtime.settings import Settings

STORE: Final = "counterfoil/store/1"
ARTICLE: Final = "counterfoil/article/1"
BATCH: Final = "counterfoil/batch/1"
CLOSING: Final = "counterfoil/closing/1"
TODAY: Final = dt.date(2018, 1, 1)
CONTEXT: Final = Context(actor="test", origin="panel")
_SOLD: Final = re.compile(rb'"sku":"([^"]+)"')
_SHOWN: Final = 3

Answers = Mapping[str, bytes]


def demo_is_installed() -> bool:
    """Whether the chain-year is there to be cut from."""
    try:
        ChainYear()
    except DemoDataMissing:
        return False
    return True


@dataclass(frozen=True)
class Batch:
    """A store-day's batch and its closing."""

    store: str
    business_day: str
    body: bytes
    closing: bytes


@dataclass(frozen=True)
class Cut:
    """Some days of the chain-year, with the stores and articles that occur in them."""

    stores: list[bytes]
    articles: list[bytes]
    batches: list[Batch]

    def days(self) -> Iterator[list[Batch]]:
        """The batches of each business day."""
        for _, batches in groupby(self.batches, key=lambda batch: batch.business_day):
            yield list(batches)

    def lines(self) -> Iterator[bytes]:
        """Every line in the order of the demo: stores, articles, then day by day the batches and the closings."""
        yield from self.stores
        yield from self.articles
        for batches in self.days():
            yield from (batch.body for batch in batches)
            yield from (batch.closing for batch in batches)


def cut(first: dt.date, last: dt.date, stores: int | None = None) -> Cut:
    """The business days from..to of the chain-year; `stores` keeps the first so many that report."""
    year = ChainYear((first, last))
    batches = [
        Batch(store, day, body, closing)
        for (store, day, body), closing in zip(year.batches(), year.closings(), strict=True)
    ]
    kept = list(dict.fromkeys(batch.store for batch in batches))[:stores]
    batches = [batch for batch in batches if batch.store in kept]
    sold = {sku for batch in batches for sku in _SOLD.findall(batch.body)}
    return Cut(
        [line for line in year.stores() if any(f'"store":"{store}"'.encode() in line for store in kept)],
        [line for line in year.articles() if (named := _SOLD.search(line)) and named[1] in sold],
        batches,
    )


def open_house(folder: Path, *, cache: int = 6_000) -> House:
    """A house on a folder; the caller closes it."""
    return House(Settings(data=folder, cache=cache), "a test")


def load(house: House, lines: Iterable[bytes]) -> Tally:
    """Bring lines in through the loader, as in a bulk load, in the order given; the views are settled afterwards."""
    loader = Loader(house, CONTEXT)
    with without_collection(), house.bulk():
        for schema, group in groupby(lines, key=schema_of):
            loader.load(schema, ((line, "") for line in group))
        loader.drain()
    return loader.tally


def facts_of(house: House, until: int | None = None) -> Iterator[list[Recorded]]:
    """The log in batches, up to a position."""
    position = 0
    while batch := house.store.after(position, 1_000):
        position = batch[-1].position
        yield [fact for fact in batch if until is None or fact.position <= until]
        if until is not None and position >= until:
            return


# -- every question


def cuts(question: Question, *, finest: bool = False) -> list[tuple[str, ...]]:
    """The cuts in which a question is compared: all that each source offers, nothing, and each dimension alone."""
    found: dict[tuple[str, ...], None] = {}
    for source in question.sources:
        found[tuple(source.dimensions)] = None
        if finest:
            continue
        found[tuple(source.needs)] = None
        for dimension in source.dimensions:
            found[tuple(dict.fromkeys((*source.needs, dimension)))] = None
    return list(found)


def answers(
    views: Views,
    *,
    known_at: int | dt.datetime | None = None,
    as_of: dt.date | None = None,
    arrival: bool = True,
    finest: bool = False,
) -> dict[str, bytes]:
    """The sorted answer of every registered question in all its cuts, without times and positions.

    `arrival=False` leaves out what each question declares to depend on the order in which facts arrived; `finest` asks
    only for the cuts by all that a source offers, which is many times quicker.
    """
    found: dict[str, bytes] = {}
    for name, question in QUESTIONS.items():
        without = question.time_columns | (frozenset() if arrival else question.arrival_columns)
        for by in cuts(question, finest=finest):
            if without.issuperset(by) and by:
                continue  # nothing but what is left out
            asked = Asked(name, by=by, known_at=known_at, as_of=as_of, today=TODAY)
            try:
                found[f"{name} by {', '.join(by) or 'nothing'}"] = canonical(views.ask(asked), without)
            except QuestionRefused as why:
                raise AssertionError(f"{name} offers {by} and refuses it: {why}") from why
    return found


def assert_equal(ours: Answers, theirs: Answers, ours_are: str = "ours", theirs_are: str = "theirs") -> None:
    """The same answers to the same questions, byte for byte; says in which lines they differ."""
    assert ours.keys() == theirs.keys()
    different = [difference(name, ours[name], theirs[name], ours_are, theirs_are) for name in ours]
    told = [difference for difference in different if difference]
    assert not told, f"{len(told)} of {len(ours)} answers differ, among them\n" + "\n".join(told[:_SHOWN])


def difference(name: str, ours: bytes, theirs: bytes, ours_are: str, theirs_are: str) -> str:
    """Which lines only one of two answers has; empty when they are equal."""
    if ours == theirs:
        return ""
    mine, other = ours.decode().split("\n"), theirs.decode().split("\n")
    shown = [f"{name}: {mine[0].replace(chr(31), ' | ')}"]
    for whose, left, right in ((ours_are, mine, other), (theirs_are, other, mine)):
        alone = sorted(set(left) - set(right))
        shown += [f"  {len(alone)} lines only in {whose}"]
        shown += [f"    {line.replace(chr(31), ' | ')}" for line in alone[:_SHOWN]]
    if len(shown) == 3:
        shown.append("  the same lines, not as often")
    return "\n".join(shown)
