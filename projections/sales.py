"""What was sold: how the facts of trading days become rows that add up. It must not know who decided them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from domain.kernel import Fact, Recorded
from domain.sales.facts import ConflictResolved, SalesReported, TransactionReversed, Transactions
from domain.values import MINOR_UNITS
from projections.columns import (
    Integers,
    codes,
    days,
    integers,
    minor_factor,
    money,
    positions,
    quantities,
    repeated,
    spread,
)
from projections.kernel import Write, ddl_beside

EFFECTIVE: Final = frozenset({"sale", "return", "post_void"})  # the kinds with receipts, lines and money (rules.md 1)


class Block(NamedTuple):
    """The transactions of one fact, with what holds for all of them; `sign` -1 takes them back."""

    position: int
    business_day: str
    store: str
    currency: str
    includes_tax: bool
    sign: int
    transactions: Transactions


def blocks_of(recorded: Sequence[Recorded]) -> Iterator[Block]:
    """The transactions that facts bring or take back."""
    for position, _, _, meta, fact in map(_fields, recorded):
        match fact:
            case SalesReported():
                t, sign = fact.transactions, 1
            case ConflictResolved(accepted=Transactions() as t):
                sign = 1
            case TransactionReversed():
                t, sign = fact.transactions, -1
            case _:
                continue
        if len(t):
            yield Block(position, meta.business_day, meta.owner, fact.currency, fact.prices_include_tax, sign, t)
