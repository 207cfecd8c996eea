"""The goods behind a day's sales: what they cost when they leave the store's ledger, and at what they come back.

Sales and stock are two areas that must agree at once; this is where a sale asks the ledger, in the same save.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from domain.columns import spread
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


def settle_originals(unit: Unit, t: Transactions) -> None:
    """Make sure, before anything is recorded, that the log holds the originals of linked refunds.

    Raises:
        NotSettled: the facts of one are still on their way.
    """
    for reference in t.original:
        day = _day_of(unit, reference)
        if not unit.is_settled(day) and _key_in(day, reference) is not None:
            raise NotSettled


def move_goods(
    unit: Unit, terms: Terms, t: Transactions, cause: str, earlier: Sequence[Transactions] = ()
) -> Transactions:
    """Issue what was sold and take in what was refunded; gives the transactions with the cost of each line.

    `earlier` are the parts of the same batch that come before these, with their costs.
    """
    if not t.sku:
        return t
    if not t.kind and not t.voided and min(t.quantity) >= 0:
        return _issue_all(unit, terms, t, cause)
    return _move_some(unit, terms, t, cause, earlier)


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


def _move_some(unit: Unit, terms: Terms, t: Transactions, cause: str, earlier: Sequence[Transactions]) -> Transactions:
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
        batch = (*earlier, msgspec.structs.replace(t, cost=cost))
        rows = {row for _, row in back}
        originals = {
            reference.of: _original(unit, terms, batch, reference) for reference in t.original if reference.of in rows
        }
        own = [_own_cost(originals.get(row), t.sku[p], -t.quantity[p]) for p, row in back]
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


def _own_cost(original: Transactions | None, sku: str, quantity: int) -> int | None:
    """What `quantity` of an article cost when the original issued it; None where nobody knows (facts.md 6)."""
    if original is None or not original.cost:
        return None
    places = [place for place, _ in counting_lines(original) if original.sku[place] == sku]
    issued = sum(original.quantity[place] for place in places)
    return round_half_even(sum(original.cost[place] for place in places) * quantity, issued) if issued > 0 else None


def _original(unit: Unit, terms: Terms, batch: Sequence[Transactions], reference: Reference) -> Transactions | None:
    """The transaction that a refund names, if it is in this batch or in the books, and in the same currency."""
    if (reference.store, reference.business_day) == (terms.store, terms.day):
        for part in batch:
            original = _in(part, reference.register, reference.number)
            if original is not None:
                return original
    day = _day_of(unit, reference)
    key = _key_in(day, reference)
    return find_transaction(unit, day, key) if key is not None and day.totals.currency == terms.currency else None


def _day_of(unit: Unit, reference: Reference) -> TradingDay:
    stream = day_stream(reference.store, reference.business_day)
    return unit.peek(TradingDay, stream, reference.store, reference.business_day)


def _key_in(day: TradingDay, reference: Reference) -> Key | None:
    return next((key for key in day.keys if (key[0], key[2]) == (reference.register, reference.number)), None)


def _in(t: Transactions, register: str, number: int) -> Transactions | None:
    for row, key in enumerate(keys_of(t)):
        if (key[0], key[2]) == (register, number):
            return select(t, [row])
    return None


def find_transaction(unit: Unit, day: TradingDay, key: Key) -> Transactions | None:
    """The transaction that stands under a key, with its costs, read from the day's own facts."""
    wanted = day.keys.get(key)
    for recorded, _ in unit.store.stream(day.stream):
        fact = recorded.fact
        if isinstance(fact, SalesReported):
            held: Transactions | None = fact.transactions
        else:
            held = fact.accepted if isinstance(fact, ConflictResolved) else None
        if held is None:
            continue
        for row, candidate in enumerate(keys_of(held)):
            if candidate == key and held.hash[row] == wanted:
                return select(held, [row])
    return None


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
