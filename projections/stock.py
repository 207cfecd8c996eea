"""The view of stock: what moved in each location's ledger, and what is on hand. It must not know what was sold.

On hand is the sum of all that moved, in quantity and in value: nothing is averaged again when it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from domain.columns import spread
from domain.kernel import Fact, Recorded
from domain.stock.facts import GoodsReceived, StockIssued, StockMoved, StockOpened, StockReturned, StockReversed
from domain.values import MINOR_UNITS
from projections.attributes import (
    ARTICLE_ATTRIBUTES,
    ARTICLE_DIMENSIONS,
    BUSINESS_DAY,
    CURRENCY,
    MONTH,
    REGION,
    REGION_JOIN,
    STORE,
    UNITS_BESIDE,
    of_one_unit,
    with_articles,
)
from projections.columns import Integers, days, integers, minor_factor, money, positions, quantities, repeated
from projections.kernel import Write, ddl_beside
from projections.questions import Dimension, Measure, Question, Source

MOVEMENTS: Final[dict[type[Fact], str]] = {
    StockOpened: "opening",
    GoodsReceived: "receipt",
    StockIssued: "issue",
    StockReturned: "return",
    StockReversed: "reversal",
}


class StockView:
    """One row for each article that a fact moves."""

    name = "stock"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = tuple(MOVEMENTS)

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """The rows of the facts, as they are."""
        facts = [cast(StockMoved, item.fact) for item in recorded]
        counts = np.array([len(fact.sku) for fact in facts], np.int64)
        total = int(counts.sum())
        factor = np.repeat([minor_factor(MINOR_UNITS[fact.currency]) for fact in facts], counts)
        rows = {
            "position": positions([item.position for item in recorded], counts),
            "business_day": days([item.meta.business_day for item in recorded], counts),
            "store": repeated([item.meta.owner for item in recorded], counts),
            "currency": repeated([fact.currency for fact in facts], counts),
            "movement": repeated([MOVEMENTS[type(fact)] for fact in facts], counts),
            "sku": pa.array(list(chain.from_iterable(fact.sku for fact in facts)), pa.string()),
            "quantity": quantities(integers((fact.quantity for fact in facts), total)),
            "value": money(_amounts(facts, "value", total), factor),
            "catch_up": money(_amounts(facts, "catch_up", total), factor),
            "unknown": pa.array(_unknown(facts, counts)),
        }
        write.insert("stock_movements", pa.table(rows))


def _amounts(facts: Sequence[StockMoved], name: str, total: int) -> Integers:
    """A column of amounts. Most chains know no cost when they begin, so that it is empty throughout."""
    if not any(getattr(fact, name) for fact in facts):
        return np.zeros(total, np.int64)
    return integers((spread(getattr(fact, name), len(fact.sku), 0) for fact in facts), total)


def _unknown(facts: Sequence[StockMoved], counts: Integers) -> npt.NDArray[np.bool_]:
    unknown = np.repeat(np.array([fact.all_unknown for fact in facts], np.bool_), counts)
    begins = np.cumsum(counts) - counts
    for begin, fact in zip(begins, facts, strict=True):
        if fact.unknown_cost:
            unknown[begin + np.array(fact.unknown_cost)] = True
    return unknown


VIEW = StockView()

_SOLD: Final = "r.movement IN ('issue', 'return', 'reversal')"

STOCK: Final = Question(
    name="stock",
    title="Stock on hand and what moved it: the sum of all movements up to a day, or of those between two days",
    areas=("stock",),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        REGION,
        Dimension("movement", "opening, receipt, issue (a sale), return (a refund) or reversal", "r.movement"),
        Dimension("sku", "the article", "r.sku"),
        *ARTICLE_DIMENSIONS,
        CURRENCY,
    ),
    measures=(
        Measure(
            "quantity",
            "quantity that moved, in is positive; up to a day: on hand. Empty where units of measure are mixed",
            "quantity",
            beside="unit",
            may_be_empty=True,
        ),
        Measure("value", "value that moved at moving average; up to a day: value on hand", "money", arrival=True),
        Measure(
            "issued_cost", "cost of what was issued less what came back, as it was known then", "money", arrival=True
        ),
        Measure("catch_up", "cost of goods sold that receipts have corrected since", "money", arrival=True),
        Measure("rows_without_cost", "movements whose cost nobody has ever known", arrival=True),
    ),
    sources=(
        Source(
            with_articles("stock_movements"),
            ("store", "business_day", "month", "region", "movement", "sku", "currency", *ARTICLE_ATTRIBUTES),
            {
                "quantity": of_one_unit("r.quantity"),
                "unit": UNITS_BESIDE,
                "value": "sum(r.value)",
                "issued_cost": f"coalesce(-sum(r.value + r.catch_up) FILTER ({_SOLD}), 0)",
                "catch_up": "sum(r.catch_up)",
                "rows_without_cost": "count(*) FILTER (r.unknown)",
            },
        ),
    ),
    joins={"region": REGION_JOIN},
)
