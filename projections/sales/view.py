"""How the facts of trading days become rows that only add up. It must not know who decided them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from domain.columns import spread
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
)
from projections.kernel import Write, ddl_beside

EFFECTIVE: Final = frozenset({"sale", "return", "post_void"})  # kinds that have receipts, lines and money (rules.md 1)
_NEW_SKUS: Final = """
INSERT INTO sales_skus
SELECT min(position), sku
FROM sales_lines AS line
WHERE position BETWEEN ? AND ?
  AND NOT EXISTS (FROM sales_skus AS known WHERE known.sku = line.sku AND known.position <= line.position)
GROUP BY sku
"""


class SalesView:
    """Lines, receipts and tenders as reported; what is taken back is there again with the opposite sign."""

    name = "sales"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = (SalesReported, ConflictResolved, TransactionReversed)

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """Rows of all transactions that the facts bring or take back."""
        blocks = [block for item in recorded if (block := _block(item)) is not None]
        if blocks:
            rows = _Rows(blocks)
            write.insert("sales_lines", rows.lines())
            write.insert("sales_receipts", rows.receipts())
            write.insert("sales_tenders", rows.tenders())
            write.execute(_NEW_SKUS, (blocks[0].position, blocks[-1].position))


class _Block(NamedTuple):
    """The transactions of one fact and what holds for all of them; `sign` -1 takes them back."""

    position: int
    business_day: str
    store: str
    currency: str
    includes_tax: bool
    sign: int
    transactions: Transactions


def _block(item: Recorded) -> _Block | None:
    fact = item.fact
    if isinstance(fact, ConflictResolved):
        transactions, sign = fact.accepted, 1
    elif isinstance(fact, TransactionReversed):
        transactions, sign = fact.transactions, -1
    else:
        assert isinstance(fact, SalesReported)
        transactions, sign = fact.transactions, 1
    if not transactions:
        return None
    meta = item.meta
    return _Block(
        item.position, meta.business_day, meta.owner, fact.currency, fact.prices_include_tax, sign, transactions
    )


class _Rows:
    """The blocks of a batch end to end, from which the rows of each table are cut.

    Three levels: a value per transaction, per line, per tender; `line_of` and `tender_of` say of which transaction.
    """

    def __init__(self, blocks: Sequence[_Block]) -> None:
        self.all = [block.transactions for block in blocks]
        self.sizes = [len(t) for t in self.all]
        self.line_sizes = [len(t.sku) for t in self.all]
        self.tender_sizes = [len(t.tender) for t in self.all]
        count = sum(self.sizes)
        self.line_counts = integers((t.line_count for t in self.all), count)
        self.tender_counts = integers((t.tender_count for t in self.all), count)
        self.line_of = np.repeat(np.arange(count), self.line_counts)
        self.tender_of = np.repeat(np.arange(count), self.tender_counts)
        self.sign = np.repeat(np.array([block.sign for block in blocks], np.int64), self.sizes)
        factors = [minor_factor(MINOR_UNITS[block.currency]) for block in blocks]
        self.factor = np.repeat(np.array(factors, np.int64), self.sizes)
        self.includes_tax = np.repeat(np.array([block.includes_tax for block in blocks], np.int64), self.sizes)
        kinds = self._texts("kind", "sale")
        self.effective: Integers = np.fromiter((kind in EFFECTIVE for kind in kinds), np.int64, count)
        times = integers((t.time for t in self.all), count)
        self.shared = {
            "position": positions([block.position for block in blocks], self.sizes),
            "business_day": days([block.business_day for block in blocks], self.sizes),
            "store": repeated([block.store for block in blocks], self.sizes),
            "currency": repeated([block.currency for block in blocks], self.sizes),
            "hour": pa.array((times // 3600 % 24).astype(np.uint8)),
            "register": codes(self._texts("register", "")),
            "number": pa.array(integers((t.number for t in self.all), count).astype(np.uint64)),
            "epoch": pa.array(self._integers("epoch", self.sizes).astype(np.uint32)),
            "kind": codes(kinds),
            "cashier": codes(self._texts("cashier", "")),
        }

    # -- the tables

    def receipts(self) -> pa.Table:
        """A row for every transaction, with the sums of its lines that count."""
        counted = self.effective * self.sign
        sums = {
            name: self._money(_summed(getattr(self, name), self.line_counts))
            for name in ("gross", "discounts", "net", "tax")
        }
        return pa.table(
            {
                **self.shared,
                "customer": codes(self._texts("customer", "")),
                "receipts": pa.array(counted.astype(np.int8)),
                "transactions": pa.array(self.sign.astype(np.int8)),
                "lines": pa.array(_summed(self.line_sign, self.line_counts).astype(np.int32)),
                "quantity": quantities(_summed(self.quantity, self.line_counts)),
                **sums,
                "charges": self._money(self._integers("charges", self.sizes) * counted),
                "rounding": self._money(self._integers("rounding", self.sizes) * counted),
                "tendered": self._money(_summed(self.tendered - self.change, self.tender_counts) * counted),
            }
        )

    def lines(self) -> pa.Table:
        """A row for every line that counts, and one for each further kind of discount on it."""
        kept = np.flatnonzero(self.line_sign)
        kind = np.full(self.line_of.size, -1, np.int32)
        amount = np.zeros(self.line_of.size, np.int64)
        further: list[tuple[Integers, int, Integers]] = []
        for code, (at, given) in enumerate(self.discounts_by_kind.values()):
            own = kind[at] < 0
            amount[at[own]], kind[at[own]] = given[own], code
            if not own.all():
                further.append((at[~own], code, given[~own]))
        line = np.concatenate([kept, *(rest for rest, _, _ in further)])
        own_row = np.arange(line.size) < kept.size
        kinds = np.concatenate([kind[kept], *(np.full(rest.size, code, np.int32) for rest, code, _ in further)])
        amounts = np.concatenate([amount[kept], *(part for _, _, part in further)])
        of = self.line_of[line]
        figures = ("gross", "net", "tax", "cost")
        values = {name: self._money(getattr(self, name)[line] * own_row, of) for name in figures}
        return pa.table(
            {
                **self._taken(of),
                "sku": codes(list(chain.from_iterable(t.sku for t in self.all))).take(pa.array(line)),
                "sign": pa.array(self.line_sign[line].astype(np.int8)),
                "lines": pa.array((self.line_sign[line] * own_row).astype(np.int8)),
                "quantity": quantities(self.quantity[line] * own_row),
                **values,
                "discounts": self._money(amounts, of),
                "discount_kind": pa.DictionaryArray.from_arrays(
                    pa.array(kinds, mask=kinds < 0), pa.array(list(self.discounts_by_kind), pa.string())
                ),
            }
        )

    def tenders(self) -> pa.Table:
        """A row for every tender, of whatever kind of transaction."""
        of, sign = self.tender_of, self.sign[self.tender_of]
        return pa.table(
            {
                **self._taken(of),
                "tender": codes(list(chain.from_iterable(t.tender for t in self.all))),
                "receipts": pa.array((sign * self.effective[of]).astype(np.int8)),
                "amount": self._money(self.tendered * sign, of),
                "change": self._money(self.change * sign, of),
            }
        )

    # -- values per tender, as they are in the facts

    @cached_property
    def tendered(self) -> Integers:
        return self._integers("tendered", self.tender_sizes)

    @cached_property
    def change(self) -> Integers:
        return self._integers("change", self.tender_sizes)

    # -- values per line, zero where the line does not count, with the sign of its transaction

    @cached_property
    def line_sign(self) -> Integers:
        """1 for a line that counts, -1 when it is taken back, 0 when it does not count."""
        sign: Integers = (self.effective * self.sign)[self.line_of]
        start = 0
        for t in self.all:
            for place in t.voided:
                sign[start + place] = 0
            start += len(t.sku)
        return sign

    @cached_property
    def quantity(self) -> Integers:
        return self._integers("quantity", self.line_sizes) * self.line_sign

    @cached_property
    def net(self) -> Integers:
        return self._integers("net", self.line_sizes) * self.line_sign

    @cached_property
    def tax(self) -> Integers:
        return self._integers("tax", self.line_sizes) * self.line_sign

    @cached_property
    def cost(self) -> Integers:
        return self._integers("cost", self.line_sizes) * self.line_sign

    @cached_property
    def discounts_by_kind(self) -> dict[str, tuple[Integers, Integers]]:
        """For each kind of discount, in the order of their names: the lines that have it and what it took off.

        Only the facts that name a kind are looked at for it: each may name kinds of its own.
        """
        facts: dict[str, list[int]] = {}
        for place, t in enumerate(self.all):
            for kind in t.discounts:
                facts.setdefault(kind, []).append(place)
        sizes = np.array(self.line_sizes, np.int64)
        starts = np.cumsum(sizes) - sizes
        found: dict[str, tuple[Integers, Integers]] = {}
        for kind in sorted(facts):
            places = np.array(facts[kind])
            count = int(sizes[places].sum())
            given = integers((self.all[place].discounts[kind] for place in facts[kind]), count)
            begins = np.cumsum(sizes[places]) - sizes[places]
            at = np.arange(count) + np.repeat(starts[places] - begins, sizes[places])
            given *= self.line_sign[at]
            some = given != 0
            found[kind] = (at[some], given[some])
        return found

    @cached_property
    def discounts(self) -> Integers:
        total: Integers = np.zeros(self.line_of.size, np.int64)
        for at, given in self.discounts_by_kind.values():
            total[at] += given  # a line has a kind once
        return total

    @cached_property
    def gross(self) -> Integers:
        """The amount at list price: it always foots, so no fact holds it (rules.md 1)."""
        gross: Integers = self.net + self.discounts + self.tax * self.includes_tax[self.line_of]
        return gross

    # -- inside

    def _texts(self, name: str, default: str) -> list[str]:
        """A column of texts per transaction."""
        columns = (spread(getattr(t, name), size, default) for t, size in zip(self.all, self.sizes, strict=True))
        return list(chain.from_iterable(columns))

    def _integers(self, name: str, sizes: Sequence[int]) -> Integers:
        return _spread([getattr(t, name) for t in self.all], sizes)

    def _taken(self, of: Integers) -> dict[str, pa.Array]:
        """What lines or tenders share with their transaction."""
        rows = pa.array(of)
        return {name: column.take(rows) for name, column in self.shared.items()}

    def _money(self, minor: Integers, of: Integers | None = None) -> pa.Array:
        return money(minor, self.factor if of is None else self.factor[of])


def _summed(values: Integers, counts: Integers) -> Integers:
    """Values of lines or tenders added up per transaction; one that has none gets 0."""
    running = np.concatenate([[0], np.cumsum(values)])
    ends = np.cumsum(counts)
    sums: Integers = running[ends] - running[ends - counts]
    return sums


def _spread(columns: Sequence[list[int]], sizes: Sequence[int]) -> Integers:
    """Columns of integers end to end, each with a value for every row."""
    if not any(columns):
        return np.zeros(sum(sizes), np.int64)
    return integers((spread(column, size, 0) for column, size in zip(columns, sizes, strict=True)), sum(sizes))


VIEW: Final = SalesView()
