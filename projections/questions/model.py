"""What a question is made of: dimensions, measures, sources; what is asked of it; and the refusal.

It must not know any area, nor SQL beyond the pieces it holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from domain.kernel import Refusal

Kind = Literal["text", "day", "number", "count", "money", "price", "quantity", "time"]


class QuestionRefused(Refusal):
    """A question that means nothing; the reason names what is allowed."""

    code = "question_refused"
    kind = "invalid"


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody wants to know. No `measures`: all that the dimensions allow.

    `where` keeps the rows whose dimension is one of the values given for it. `first` and `last` are business days,
    both included. `as_of` holds back later business days, `known_at` whatever was recorded later (a position, or a
    time with an offset). `today` is the caller's day, for what needs one when there is no `as_of`.
    """

    question: str
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    measures: tuple[str, ...] = ()
    first: dt.date | None = None
    last: dt.date | None = None
    as_of: dt.date | None = None
    known_at: int | dt.datetime | None = None
    articles: Literal["as-sold", "today"] = "as-sold"
    today: dt.date | None = None


@dataclass(frozen=True)
class Dimension:
    """What a question can be cut by. `sql` is its key, never NULL, over `r` and the `join` of the question it needs;
    `label` shows a key; `read` turns text into a key, or says with a ValueError how it must be written. `arrival` marks
    one that depends on the order in which facts arrived."""

    name: str
    says: str
    sql: str
    kind: Kind = "text"
    join: str = ""
    label: str = "{}"
    read: Callable[[str], object] = str
    arrival: bool = False


@dataclass(frozen=True)
class Measure:
    """A figure. `beside` is a second column that explains it (its unit). One that `may_be_empty` says when.

    It is a figure of a source by its own name; or, where a cut allows that, made by `sql` (and `beside_sql`) of several
    `figures` of sources, which may be NULL where a source has no row for a cell.

    `arrival` marks a figure that depends on the order in which facts arrived, `time` one that is a moment or position,
    or a hash over one.
    """

    name: str
    says: str
    kind: Kind = "count"
    unit: str = ""
    beside: str = ""
    figures: Sequence[str] = ()
    sql: str = ""
    beside_sql: str = ""
    may_be_empty: bool = False
    arrival: bool = False
    time: bool = False


@dataclass(frozen=True)
class Source:
    """A relation `r`, the dimensions it can be cut by, and its measures as aggregates over `r`.

    With a `grain` the rows are first added up (`partials`) by the cut and the grain, and the measures are aggregates
    over those. `needs` are dimensions without which its measures mean nothing. `day` is the business day that
    `first` and `last` apply to, empty where there is none. `relation` and the joins may name `{known}`, `{as_of}`,
    `{first}`, `{last}` (NULL when not given), `{on}` (`as_of`, else `today`) and `{article_day}`.
    """

    relation: str
    dimensions: Sequence[str]
    measures: Mapping[str, str]
    grain: Sequence[str] = ()
    partials: Sequence[str] = ()
    needs: Sequence[str] = ()
    where: str = ""
    day: str = "r.business_day"


@dataclass(frozen=True)
class Question:
    """A question anybody may ask, as of any day and as known at any position. `areas` are those whose facts it adds
    up; `joins` what a dimension may need, by name; sources stand in the order of preference."""

    name: str
    title: str
    areas: tuple[str, ...]
    dimensions: Sequence[Dimension]
    measures: Sequence[Measure]
    sources: Sequence[Source]
    joins: Mapping[str, str] = field(default_factory=dict)

    @property
    def arrival_columns(self) -> frozenset[str]:
        """Columns that depend on the order in which facts arrived."""
        columns: list[Dimension | Measure] = [*self.dimensions, *self.measures]
        return frozenset(column.name for column in columns if column.arrival)

    @property
    def time_columns(self) -> frozenset[str]:
        """Columns that are a position or a recorded time, or a hash over one."""
        return frozenset(measure.name for measure in self.measures if measure.time)

    def dimension(self, name: str, used: str) -> Dimension:
        """The dimension of that name.

        Raises:
            QuestionRefused: it has none; the reason names those there are.
        """
        for dimension in self.dimensions:
            if dimension.name == name:
                return dimension
        names = ", ".join(dimension.name for dimension in self.dimensions)
        raise QuestionRefused(f"{self.name} has no dimension {name!r}; it has {names}", used)

    def describe(self) -> dict[str, Any]:
        """The question for a reader: what it answers, its dimensions, and for each measure the cuts it allows."""
        return {
            "question": self.name,
            "title": self.title,
            "dimensions": [{"name": item.name, "says": item.says} for item in self.dimensions],
            "measures": [
                {
                    "name": item.name,
                    "unit": item.unit or item.kind,
                    "says": item.says,
                    "allows": [list(source.dimensions) for source in offering(self, item)],
                    "needs": sorted({name for source in offering(self, item) for name in source.needs}),
                }
                for item in self.measures
            ],
        }


@dataclass(frozen=True)
class Column:
    """A column of an answer."""

    name: str
    kind: Kind
    says: str
    unit: str = ""


def offering(question: Question, measure: Measure) -> list[Source]:
    """The sources that offer a measure, in the order of preference."""
    return [source for source in question.sources if measure.name in source.measures]
