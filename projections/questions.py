"""One way to ask everything: a question's dimensions, measures and sources, and the one statement they compose to.

A *source* is a relation that can be cut by some dimensions and offers some measures. Each measure asked for is taken
from the first source that can be cut by every dimension asked for, so what allows what is not said a second time.
The statement reads tables as they were known (`Reading.ask`), groups each source by the cut, puts the parts together
and sorts by the cut. This module must not know any area; values that come from outside are only ever bound.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa

from domain.kernel import Refusal
from projections.kernel import Reading, ViewDatabase

Kind = Literal["text", "day", "number", "count", "money", "price", "quantity", "time"]
BATCH_ROWS: Final = 65_536
_SQL_TYPE: Final[dict[Kind, str]] = {
    "text": "VARCHAR",
    "day": "DATE",
    "number": "BIGINT",
    "count": "BIGINT",
    "money": "DECIMAL(38, 4)",
    "price": "DECIMAL(38, 4)",
    "quantity": "DECIMAL(38, 3)",
    "time": "TIMESTAMPTZ",
}
_OF_A_CURRENCY: Final = frozenset({"money", "price"})
_ADDS_UP: Final = frozenset({"count", "money", "quantity"})


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
    """What a question can be cut by. `sql` is its key over the source `r` and the `join` of the question it needs;
    `label` shows a key; `read` turns text into a key, or says with a ValueError how it must be written."""

    name: str
    says: str
    sql: str
    kind: Kind = "text"
    join: str = ""
    label: str = "{}"
    read: Callable[[str], object] = str


@dataclass(frozen=True)
class Measure:
    """A figure. `beside` is a second column that explains it (its unit). One that `may_be_empty` says when.

    `arrival` marks a figure that depends on the order in which facts arrived, `time` one that is a moment or position.
    """

    name: str
    says: str
    kind: Kind = "count"
    unit: str = ""
    beside: str = ""
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
    joins: Mapping[str, str] = msgspec.structs.frozendict() if False else None  # type: ignore[assignment]
