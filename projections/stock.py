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
from projections.columns import Integers, days, integers, minor_factor, money, positions, quantities, repeated
from projections.kernel import Write, ddl_beside

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
