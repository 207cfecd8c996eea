"""What doors answer with when all is well. It must not know how an answer comes about."""

from __future__ import annotations

from typing import Any

import msgspec

from services.intake import Listed
from services.runtime.trail import About, Step

Row = dict[str, Any]


class Receipt(msgspec.Struct, frozen=True):
    """A command was taken in. `changed` is false where things stood so already. `position` waits for it when read."""

    changed: bool
    position: str


class RefusedLine(msgspec.Struct, frozen=True):
    """A line that was not taken in: its number, beginning with 1, and why."""

    line: int
    code: str
    field: str
    reason: str


class BulkReceipt(msgspec.Struct, frozen=True):
    """What became of many lines: new, standing so already, refused; the first refused ones one by one."""

    recorded: int
    unchanged: int
    refused: int
    listed: list[RefusedLine]
    position: str


class BatchReceipt(msgspec.Struct, frozen=True):
    """What became of a batch, by outcome, and a list of what needs a look. `accepted` leaves out those `after_close`.

    `replayed` says that the same batch came before and this is its answer again.
    """

    batch_id: str
    accepted: int
    duplicate: int
    conflict: int
    rejected: int
    after_close: int
    listed: list[Listed]
    replayed: bool
    position: str


class TrailPage(msgspec.Struct, frozen=True):
    """Some facts of a trail in the order of the log. Give `next` back as `cursor` for what follows, unless it is empty.

    A page may be short, or empty, and still have a next. All pages are of one `position`.
    """

    about: About
    position: str
    steps: list[Step]
    next: str


class QuestionList(msgspec.Struct, frozen=True):
    """What there is to ask, in the order in which it is listed everywhere."""

    questions: list[Row]


class DayAnswer(msgspec.Struct, frozen=True):
    """How a trading day stands, all of it as known at one position.

    `state` is that of the coverage: closed or restated, reported, overdue, no_sales, missing, expected, no_data. Of a
    drawer nothing is expected here before it is declared.
    """

    store: str
    business_day: str
    position: str
    state: str
    outcomes: list[Row]
    gaps: list[Row]
    exceptions: list[Row]
    conflicts: list[Row]
    drawers: list[Row]
    sealed: list[Row]
