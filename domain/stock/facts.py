"""What moved in a location's ledger: quantity in thousandths and value in minor units, both signed (in is positive).

*A column of one value holds for every row; an empty column means zero for every row.* Views only add them.
"""

from __future__ import annotations

from typing import ClassVar

from domain.kernel import Fact


class StockMoved(Fact, frozen=True):
    """What every stock fact says. `unknown_cost` lists the rows whose cost nobody has ever known, or whose value is
    beyond what a row can hold (value 0).

    `catch_up` is the cost of goods sold that a receipt corrects, because they were issued at a provisional cost
    or at none; the row's `value` is already net of it, so value on hand is the sum of `value`.
    `cause` names the stream and version of the fact in the same save that this one follows from.
    """

    currency: str
    sku: list[str]
    quantity: list[int]
    value: list[int] = []
    catch_up: list[int] = []
    unknown_cost: list[int] | None = None
    all_unknown: bool = False
    cause: str = ""
    movement_id: str = ""
    bytes_hash: str = ""
    reason: str = ""


class StockOpened(StockMoved, frozen=True):
    """The stock that was there when the books began."""

    TOPIC: ClassVar[str] = "stock.StockOpened.1"


class GoodsReceived(StockMoved, frozen=True):
    """Goods came in at a cost."""

    TOPIC: ClassVar[str] = "stock.GoodsReceived.1"


class StockIssued(StockMoved, frozen=True):
    """Goods left by sale."""

    TOPIC: ClassVar[str] = "stock.StockIssued.1"


class StockReturned(StockMoved, frozen=True):
    """Goods came back by refund, at the cost of their own issue where it is known."""

    TOPIC: ClassVar[str] = "stock.StockReturned.1"


class StockReversed(StockMoved, frozen=True):
    """A transaction's movements taken back at their own values."""

    TOPIC: ClassVar[str] = "stock.StockReversed.1"


FACTS = (StockOpened, GoodsReceived, StockIssued, StockReturned, StockReversed)
