"""A small log of facts, the views of it, and figures out of them: tests of views read like the business.

    log = Log()
    log.add(StockIssued("USD", ["milk"], [-2000]), day="2017-03-05")
    assert log.figures("stock", "sku", "quantity") == {"milk": Decimal(-2)}

It must not know how a view keeps its rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec

from domain.kernel import Fact, Meta, Origin, Recorded
from projections.kernel import tables_of
from projections.questions import Asked, canonical
from projections.registry import QUESTIONS, VIEWS, Views
from tests.support.decisions import stored

TODAY = dt.date(2017, 3, 6)
BEGINS = dt.datetime(2017, 3, 5, 12, tzinfo=dt.UTC)


class Log:
    """Facts in the order in which they were recorded, a second apart, with gaps between the positions."""

    def __init__(self) -> None:
        self.recorded: list[Recorded] = []
        self._views: Views | None = None

    def add(self, fact: Fact, owner: str = "367", day: str = "2017-03-05", origin: Origin = "reported") -> int:
        """Record a fact, as it comes back from its JSON; gives its position."""
        position = 2 * len(self.recorded) + 1
        at = (BEGINS + dt.timedelta(seconds=len(self.recorded))).isoformat()
        meta = Meta(owner, recorded_at=at, business_day=day, origin=origin)
        self.recorded.append(Recorded(position, f"{owner}/{day}", len(self.recorded) + 1, meta, stored(fact)))
        self._views = None
        return position

    def views(self) -> Views:
        """The views of all facts, each handed over twice on purpose."""
        if self._views is None:
            self._views = views_of(self.recorded)
            self._views.apply(self.recorded)
        return self._views

    def figures(self, question: str, by: str, measures: str, **asked: Any) -> dict[Any, Any]:
        """What a question answers, by the dimensions: single values where one dimension or measure is asked for."""
        return figures(self.views(), question, by, measures, **asked)

    def the_past_is_what_it_was(self, *questions: str) -> None:
        """As known at each position, questions answer what views of no more than the facts up to it answer now."""
        everything = self.views()
        for count in range(1, len(self.recorded) + 1):
            then = views_of(self.recorded[:count])
            position = self.recorded[count - 1].position
            for question in questions:
                for asked in every_cut(question):
                    assert answer(everything, asked, position) == answer(then, asked), (asked, position)

    def any_order_gives_the_same(self, turns: Sequence[str]) -> None:
        """With a partition for each owner, whatever the interleaving (`turns` names whose next fact comes), the tables
        hold the same rows, as known at any position."""
        waiting: dict[str, list[Recorded]] = {}
        for item in self.recorded:
            waiting.setdefault(item.meta.owner, []).append(item)
        shuffled = Views(None, threads=1)
        for owner in turns:
            if waiting.get(owner):
                shuffled.apply([waiting[owner].pop(0)], partition=owner)
        for owner, rest in waiting.items():
            shuffled.apply(rest, partition=owner)
        for item in self.recorded:
            in_order = tables(self.views(), item.position)
            for table, rows in tables(shuffled, item.position).items():
                assert rows == in_order[table], (table, item.position)


def tables(views: Views, known: int) -> dict[str, list[dict[str, Any]]]:
    """Every row of every view, as known at a position. An article may be named to have been sold by several facts, of
    which the first counts."""
    reading = views.read()
    try:
        return {
            table: reading.ask(f"SELECT {columns} FROM {table} ORDER BY ALL", {}, known, None, 1_000)
            .read_all()
            .to_pylist()
            for view in VIEWS
            for table in tables_of(view)
            for columns in ["DISTINCT sku, min(position) OVER (PARTITION BY sku)" if table == "sales_skus" else "*"]
        }
    finally:
        reading.close()


def views_of(recorded: Sequence[Recorded]) -> Views:
    """Views in memory that hold some facts."""
    views = Views(None, threads=1)
    views.apply(recorded)
    return views


def figures(views: Views, question: str, by: str, measures: str, **asked: Any) -> dict[Any, Any]:
    """What a question answers, by the dimensions, without the currency where nobody asked for it.

    `measures` may also name a column that stands beside one of them.
    """
    dimensions, named = by.split(), measures.split()
    known = {measure.name for measure in QUESTIONS[question].measures}
    asked.setdefault("today", TODAY)
    asked_for = tuple(name for name in named if name in known)
    rows = views.ask(Asked(question, by=tuple(dimensions), measures=asked_for, **asked)).rows()
    return {_one([row[name] for name in dimensions]): _one([row[name] for name in named]) for row in rows}


def every_cut(question: str) -> list[Asked]:
    """A question with all it can be asked: as a whole, and by all its dimensions together."""
    dimensions = tuple(dimension.name for dimension in QUESTIONS[question].dimensions)
    return [Asked(question, by=cut, today=TODAY) for cut in ((), dimensions)]


def answer(views: Views, asked: Asked, known_at: int | None = None) -> bytes:
    """The rows of an answer, to be compared."""
    return canonical(views.ask(msgspec.structs.replace(asked, known_at=known_at)))


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else tuple(values)
