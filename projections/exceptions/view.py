"""What is odd about sales that count nevertheless: as noted with them, or found by setting facts beside each other.

What needs another fact (an article, a price, an original, a cost) is found when it is asked, as known at a position, so
that a later fact clears it. It must not know who judged a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

from domain.columns import spread
from domain.kernel import Fact, Recorded
from domain.sales.facts import ConflictResolved, SalesReported, TransactionReversed, Transactions
from domain.values import MINOR_UNITS
from projections.columns import minor_factor
from projections.kernel import Write, ddl_beside
from projections.rows import COUNT, DAY, MONEY, POSITION, QUANTITY, TEXT, table_of

_EFFECTIVE: Final = frozenset({"sale", "return", "post_void"})
_TRANSACTION: Final = {
    "position": POSITION, "business_day": DAY, "store": TEXT, "currency": TEXT, "register": TEXT, "number": COUNT,
    "epoch": COUNT, "cashier": TEXT,
}  # fmt: skip
_NOTED: Final = _TRANSACTION | {
    "code": TEXT, "line": COUNT, "sku": TEXT, "detail": TEXT, "count": COUNT, "amount": MONEY,
}  # fmt: skip
_RETURNS: Final = _TRANSACTION | {
    "sku": TEXT, "count": COUNT, "quantity": QUANTITY, "net": MONEY, "original_store": TEXT, "original_day": DAY,
    "original_register": TEXT, "original_number": COUNT, "original_epoch": COUNT,
}  # fmt: skip


class ExceptionsView:
    """One row for each note, and for each line of a return that names its original."""

    name = "exceptions"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = (SalesReported, ConflictResolved, TransactionReversed)

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """The notes and the linked returns of the transactions that come or are taken back."""
        noted: list[tuple[Any, ...]] = []
        returns: list[tuple[Any, ...]] = []
        for item in recorded:
            fact = item.fact
            t = fact.accepted if isinstance(fact, ConflictResolved) else fact.transactions  # type: ignore[attr-defined]
            if t is None or not (t.notes or t.original):
                continue
            some = _Some(item, t, fact.currency)  # type: ignore[attr-defined]
            noted += some.notes()
            returns += some.linked()
        if noted:
            write.insert("exceptions_noted", table_of(_NOTED, noted))
        if returns:
            write.insert("sales_returns", table_of(_RETURNS, returns))


class _Some:
    """The few transactions of a fact that rows are made of."""

    def __init__(self, item: Recorded, t: Transactions, currency: str) -> None:
        count = len(t)
        self.t = t
        self.item = item
        self.currency = currency
        self.factor = minor_factor(MINOR_UNITS[currency])
        self.sign = -1 if isinstance(item.fact, TransactionReversed) else 1
        self.kinds = spread(t.kind, count, "sale")
        self.columns = (
            spread(t.register, count, ""),
            t.number,
            spread(t.epoch, count, 0),
            spread(t.cashier, count, ""),
        )
        self.ends = list(accumulate(t.line_count))
        self.voided = frozenset(t.voided)

    def notes(self) -> Iterator[tuple[Any, ...]]:
        """A row for each note."""
        t = self.t
        for note in t.notes:
            begin = self.ends[note.of] - t.line_count[note.of]
            whole = note.line < 0
            places = self._counting(note.of) if whole else [begin + note.line]
            net = self.sign * sum(t.net[place] for place in places)
            sku = "" if whole else t.sku[places[0]]
            yield (*self._keys(note.of), note.code, note.line, sku, note.detail, self.sign, net * self.factor)

    def linked(self) -> Iterator[tuple[Any, ...]]:
        """A row for each counting line of a return or post-void that names its original."""
        t, sign = self.t, self.sign
        for original in t.original:
            if self.kinds[original.of] not in _EFFECTIVE:
                continue
            named = (original.store, original.business_day, original.register, original.number, original.epoch)
            places = self._counting(original.of)
            if not places:
                yield (*self._keys(original.of), "", sign, 0, 0, *named)
            for place in places:
                quantity, net = sign * t.quantity[place], sign * t.net[place] * self.factor
                yield (*self._keys(original.of), t.sku[place], sign, quantity, net, *named)

    def _counting(self, of: int) -> list[int]:
        """The places of the lines of a transaction that are not voided."""
        end = self.ends[of]
        return [place for place in range(end - self.t.line_count[of], end) if place not in self.voided]

    def _keys(self, of: int) -> tuple[Any, ...]:
        register, number, epoch, cashier = (column[of] for column in self.columns)
        meta = self.item.meta
        return (self.item.position, meta.business_day, meta.owner, self.currency, register, number, epoch, cashier)


VIEW = ExceptionsView()
