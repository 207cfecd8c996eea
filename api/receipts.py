"""What doors answer with when all is well. It must not know how an answer comes about."""

from __future__ import annotations

from typing import Any

import msgspec

from services.intake import Listed

Row = dict[str, Any]


class Receipt(msgspec.Struct, frozen=True):
    """A command was taken in. `changed` is false where things stood so already. `position` waits for it when read."""

    changed: bool
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
