"""Transactions of tills in few words, as the facts of a trading day hold them. It must not know any view.

batch(till(1, ("milk", 2, 500), paid=("cash", 500)), registers=[register("1", last=3)])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from domain.sales.facts import (
    Conflict,
    DayClosed,
    DayRestated,
    MissingNumbers,
    Note,
    Reference,
    RegisterState,
    Rejected,
    SalesReported,
    Totals,
    Transactions,
)

Line = tuple[str, int, int]  # article, units, net in minor units
Paid = tuple[str, int] | tuple[str, int, int]  # tender, amount, change


class Till(NamedTuple):
    """One transaction."""

    number: int
    lines: tuple[Line, ...]
    paid: tuple[Paid, ...]
    kind: str
    register: str
    cashier: str
    original: tuple[str, str, str, int] | None
    notes: tuple[tuple[str, int], ...]


def till(
    number: int,
    *lines: Line,
    paid: Sequence[Paid] = (),
    kind: str = "sale",
    register: str = "1",
    cashier: str = "c1",
    original: tuple[str, str, str, int] | None = None,
    notes: Sequence[tuple[str, int]] = (),
) -> Till:
    """A transaction; `original` is store, day, register and number, `notes` are codes with the line (-1: the whole)."""
    return Till(number, lines, tuple(paid), kind, register, cashier, original, tuple(notes))


def transactions(*tills: Till) -> Transactions:
    """The columns of some transactions."""
    lines = [line for item in tills for line in item.lines]
    paid = [(*each, 0)[:3] for item in tills for each in item.paid]
    return Transactions(
        register=[item.register for item in tills],
        number=[item.number for item in tills],
        hash=[f"hash-{item.register}-{item.number}" for item in tills],
        time=[36_000 for _ in tills],
        offset=[-300],
        line_count=[len(item.lines) for item in tills],
        tender_count=[len(item.paid) for item in tills],
        kind=[item.kind for item in tills],
        cashier=[item.cashier for item in tills],
        original=[Reference(of, *item.original) for of, item in enumerate(tills) if item.original],
        sku=[sku for sku, _, _ in lines],
        quantity=[units * 1_000 for _, units, _ in lines],
        net=[net for _, _, net in lines],
        tender=[str(tender) for tender, _, _ in paid],
        tendered=[int(amount) for _, amount, _ in paid],
        change=[int(change) for _, _, change in paid],
        notes=[Note(code, of, line) for of, item in enumerate(tills) for code, line in item.notes],
    )


def register(
    code: str = "1", first: int = 1, last: int = -1, numbering: Any = "daily", drawer: bool = True
) -> RegisterState:
    """A register of the day, with the last number it declares (-1: none)."""
    return RegisterState(code, numbering, first, drawer, last_number=last)


def batch(
    *tills: Till,
    registers: Sequence[RegisterState] = (),
    currency: str = "USD",
    after_close: int = 0,
    duplicates: int = 0,
    conflicts: Sequence[Conflict] = (),
    rejected: Sequence[Rejected] = (),
) -> SalesReported:
    """A batch with its outcomes."""
    return SalesReported(
        "b-1", "bytes", currency, transactions(*tills), registers=list(registers), after_close=after_close,
        duplicates=duplicates, conflicts=list(conflicts), rejected=list(rejected),
    )  # fmt: skip


def sealed(net: int, count: int, *missing: MissingNumbers) -> DayClosed:
    """The seal of a day with so much net and so many receipts of one line."""
    totals = Totals("USD", transactions=count, receipts=count, lines=count, net=net)
    return DayClosed(totals, sealed_version=1, sealed_hash="ab" * 32, missing=list(missing))


def restated(number: int, net: int, total: int) -> DayRestated:
    """A restatement that adds one receipt of one line."""
    delta = Totals("USD", transactions=1, receipts=1, lines=1, net=net)
    return DayRestated(number, delta, Totals("USD", net=total), causes=["day/2017-03-05/367#3"])
