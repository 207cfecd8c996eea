"""The goods behind a day's sales: what they cost when they leave the store's ledger, and at what they come back.

Sales and stock are two areas that must agree at once; this is where a sale asks the ledger, in the same save.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import msgspec

from domain.columns import spread
from domain.kernel import Fact
from domain.sales.facts import ConflictResolved, Reference, SalesReported, Transactions
from domain.sales.judging import Key, keys_of
from domain.sales.reading import Terms
from domain.sales.rules import EFFECTIVE
from domain.sales.selection import select
from domain.sales.trading_day import TradingDay, day_stream
from domain.stock.ledger import Ledger
from domain.values import round_half_even
from services.writer import NotSettled, Unit


def ledger_of(unit: Unit, store: str) -> Ledger:
    """The ledger of a store, to be decided on."""
    return unit.load(Ledger, f"ledger/{store}", store)


Name = tuple[str, int]  # register and number, whatever the epoch
Issued = dict[str, tuple[int, int]]
"""What one transaction moved of each article: quantity and cost, out is positive."""


class Originals:
    """What the originals of a command's refunds cost, found once for all of them: in its own batch or in the books.

    An original in the books counts when it is in the same currency. One that names no epoch means any.
    """

    def __init__(self, unit: Unit, terms: Terms, t: Transactions) -> None:
        """Look up what `t`, all that the command takes in, refers to. To be made before anything is recorded.

        Raises:
            NotSettled: the facts of an original are still on their way to the log.
        """
        self._own = (terms.store, terms.day)
        self._named: dict[tuple[str, str], set[Name]] = {}
        for link in t.original:
            self._named.setdefault((link.store, link.business_day), set()).add((link.register, link.number))
        self._in_batch: dict[Name, dict[int, Issued]] = {}
        self._in_books: dict[tuple[str, str], dict[Name, dict[int, Issued]]] = {}
        for (store, business_day), names in self._named.items():
            day = unit.peek(TradingDay, day_stream(store, business_day), store, business_day)
            keys = [key for key in day.keys if (key[0], key[2]) in names]
            if keys and not unit.is_settled(day):
                raise NotSettled
            if keys and day.totals.currency == terms.currency:
                self._in_books[store, business_day] = _issued_under(unit, day, keys)

    def add(self, part: Transactions) -> None:
        """Let later refunds of the same batch find their originals in this part of it."""
        names = self._named.get(self._own)
        if names:
            rows = {row: key for row, key in enumerate(keys_of(part)) if (key[0], key[2]) in names}
            for row, issued in _issued_by(part, rows).items():
                register, epoch, number = rows[row]
                self._in_batch.setdefault((register, number), {})[epoch] = issued

    def of(self, link: Reference) -> Issued:
        """What the original that a refund names issued; empty where nobody knows."""
        name, place = (link.register, link.number), (link.store, link.business_day)
        in_batch = self._in_batch.get(name, {}) if place == self._own else {}
        for by_epoch in (in_batch, self._in_books.get(place, {}).get(name, {})):
            for epoch, issued in by_epoch.items():
                if link.epoch in (0, epoch):
                    return issued
        return {}


def _issued_under(unit: Unit, day: TradingDay, keys: Sequence[Key]) -> dict[Name, dict[int, Issued]]:
    """What stands under some keys of a day, by register and number, then by epoch in the order of the keys."""
    wanted = {key: day.keys[key] for key in keys}
    found: dict[Key, Issued] = {}
    for held in _transactions_of(unit, day):
        rows = {row: key for row, key in enumerate(keys_of(held)) if wanted.get(key) == held.hash[row]}
        for row, issued in _issued_by(held, rows).items():
            found.setdefault(rows[row], issued)
    by_name: dict[Name, dict[int, Issued]] = {}
    for key in keys:
        by_name.setdefault((key[0], key[2]), {})[key[1]] = found.get(key, {})
    return by_name


def _issued_by(t: Transactions, rows: Collection[int]) -> dict[int, Issued]:
    """What the transactions at some rows moved; nothing is known of it where no cost was."""
    by_row: dict[int, Issued] = {row: {} for row in rows}
    if by_row and t.cost:
        for place, row in counting_lines(t):
            issued = by_row.get(row)
            if issued is not None:
                quantity, cost = issued.get(t.sku[place], (0, 0))
                issued[t.sku[place]] = (quantity + t.quantity[place], cost + t.cost[place])
    return by_row


def move_goods(unit: Unit, terms: Terms, t: Transactions, cause: str, originals: Originals) -> Transactions:
    """Issue what was sold and take in what was refunded; gives the transactions with the cost of each line.

    `originals` knows what the refunds refer to, and learns what these transactions cost.
    """
    if not t.sku:
        return t
    if not t.kind and not t.voided and min(t.quantity) >= 0:
        t = _issue_all(unit, terms, t, cause)
    else:
        t = _move_some(unit, terms, t, cause, originals)
    originals.add(t)
    return t


def _issue_all(unit: Unit, terms: Terms, t: Transactions, cause: str) -> Transactions:
    """Plain sales: every line goes out, but for those without a quantity."""
    sku, quantity = t.sku, t.quantity
    moving = None
    if 0 in quantity:
        moving = [place for place, moved in enumerate(quantity) if moved]
        sku, quantity = [sku[place] for place in moving], [quantity[place] for place in moving]
        if not moving:
            return t
    cost = ledger_of(unit, terms.store).issue(terms.day, terms.currency, sku, quantity, cause)
    if not cost:
        return t
    if moving is not None:
        issued = dict(zip(moving, cost, strict=True))
        cost = [issued.get(place, 0) for place in range(len(t.sku))]
    return msgspec.structs.replace(t, cost=cost)


def _move_some(unit: Unit, terms: Terms, t: Transactions, cause: str, originals: Originals) -> Transactions:
    sold = [(place, row) for place, row in counting_lines(t) if t.quantity[place] > 0]
    back = [(place, row) for place, row in counting_lines(t) if t.quantity[place] < 0]
    cost = [0] * len(t.sku)
    if sold:
        values = ledger_of(unit, terms.store).issue(
            terms.day, terms.currency, [t.sku[p] for p, _ in sold], [t.quantity[p] for p, _ in sold], cause
        )
        for (place, _), value in zip(sold, values, strict=False):
            cost[place] = value
    if back:
        originals.add(msgspec.structs.replace(t, cost=cost))
        links = {link.of: link for link in t.original}
        own = [
            _own_cost(originals.of(links[row]), t.sku[place], -t.quantity[place]) if row in links else None
            for place, row in back
        ]
        values = ledger_of(unit, terms.store).take_back(
            terms.day, terms.currency, [t.sku[p] for p, _ in back], [-t.quantity[p] for p, _ in back], own, cause
        )
        for (place, _), value in zip(back, values, strict=False):
            cost[place] = -value
    return msgspec.structs.replace(t, cost=cost) if any(cost) else t


def counting_lines(t: Transactions) -> Iterator[tuple[int, int]]:
    """The place of each line that moves goods, and its transaction's row: of sales, returns, post-voids; not voided."""
    voided = set(t.voided)
    line = 0
    for row, kind in enumerate(spread(t.kind, len(t), "sale")):
        end = line + t.line_count[row]
        if kind in EFFECTIVE:
            yield from ((place, row) for place in range(line, end) if place not in voided)
        line = end


def _own_cost(original: Issued, sku: str, quantity: int) -> int | None:
    """What `quantity` of an article cost when the original issued it; None where nobody knows (facts.md 6)."""
    issued, cost = original.get(sku, (0, 0))
    return round_half_even(cost * quantity, issued) if issued > 0 else None


class Standing(NamedTuple):
    """A transaction that stands in the books, and whether the prices in it include tax, as its own fact has it."""

    transactions: Transactions
    prices_include_tax: bool


def find_transaction(unit: Unit, day: TradingDay, key: Key) -> Standing | None:
    """The transaction that stands under a key, with its costs, read from the day's own facts."""
    wanted = day.keys.get(key)
    for recorded, _ in unit.store.stream(day.stream):
        fact = recorded.fact
        held = _brought(fact)
        if held is None or not isinstance(fact, SalesReported | ConflictResolved):
            continue
        for row, candidate in enumerate(keys_of(held)):
            if candidate == key and held.hash[row] == wanted:
                return Standing(select(held, [row]), fact.prices_include_tax)
    return None


def _transactions_of(unit: Unit, day: TradingDay) -> Iterator[Transactions]:
    """The transactions that the facts of a day in the log brought, a fact at a time."""
    for recorded, _ in unit.store.stream(day.stream):
        held = _brought(recorded.fact)
        if held is not None:
            yield held


def _brought(fact: Fact) -> Transactions | None:
    if isinstance(fact, SalesReported):
        return fact.transactions
    return fact.accepted if isinstance(fact, ConflictResolved) else None


def take_goods_back(unit: Unit, day: TradingDay, first: Transactions, terms: Terms, reason: str) -> None:
    """Reverse what a transaction moved, at the values it moved at."""
    places = [place for place, _ in counting_lines(first) if first.quantity[place]]
    if places:
        ledger_of(unit, day.owner).reverse(
            day.business_day,
            terms.currency,
            [first.sku[place] for place in places],
            [-first.quantity[place] for place in places],
            [-first.cost[place] if first.cost else 0 for place in places],
            f"{day.stream}#{day.version + 1}",
            reason,
        )
