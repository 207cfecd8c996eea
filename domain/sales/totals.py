"""Adding up a day: totals of transactions in columns, and the difference of two totals."""

from __future__ import annotations

import msgspec

from domain.columns import spread
from domain.sales.facts import Totals, Transactions
from domain.sales.rules import CASH, EFFECTIVE


def totals_of(t: Transactions, currency: str) -> Totals:
    """What the transactions add to their day. Only sales, returns and post-voids have receipts, lines and money."""
    count = len(t)
    if not t.kind and not t.voided:
        return Totals(
            currency,
            transactions=count,
            receipts=count,
            lines=len(t.sku),
            net=sum(t.net),
            tax=sum(t.tax),
            discounts=sum(map(sum, t.discounts.values())),
            charges=sum(spread(t.charges, count, 0)) if t.charges else 0,
            rounding=sum(spread(t.rounding, count, 0)) if t.rounding else 0,
            tendered=_tendered(t, range(len(t.tender))),
        )
    return _totals_of_some(t, currency)


def _totals_of_some(t: Transactions, currency: str) -> Totals:
    count = len(t)
    kinds = spread(t.kind, count, "sale")
    voided = set(t.voided)
    charges, rounding = spread(t.charges, count, 0), spread(t.rounding, count, 0)
    lines: list[int] = []
    tenders: list[int] = []
    some: list[int] = []
    line = tender = 0
    for index, kind in enumerate(kinds):
        to, paid = line + t.line_count[index], tender + t.tender_count[index]
        if kind in EFFECTIVE:
            some.append(index)
            lines.extend(place for place in range(line, to) if place not in voided)
            tenders.extend(range(tender, paid))
        line, tender = to, paid
    return Totals(
        currency,
        transactions=count,
        receipts=len(some),
        lines=len(lines),
        net=sum(t.net[place] for place in lines),
        tax=sum(t.tax[place] for place in lines) if t.tax else 0,
        discounts=sum(column[place] for column in t.discounts.values() for place in lines),
        charges=sum(charges[index] for index in some),
        rounding=sum(rounding[index] for index in some),
        tendered=_tendered(t, tenders),
    )


def _tendered(t: Transactions, rows: range | list[int]) -> dict[str, int]:
    """What was handed over by kind; change is always cash (rules.md 1). A kind that comes to nothing is left out."""
    tendered: dict[str, int] = {}
    for row in rows:
        kind = t.tender[row]
        tendered[kind] = tendered.get(kind, 0) + t.tendered[row]
    if t.change:
        tendered[CASH] = tendered.get(CASH, 0) - sum(t.change[row] for row in rows)
    return {kind: tendered[kind] for kind in sorted(tendered) if tendered[kind]}


def without_cash(totals: Totals) -> Totals:
    """The same, saying nothing of cash (facts.md 4: the count is blind)."""
    tendered = {kind: amount for kind, amount in totals.tendered.items() if kind != CASH}
    return msgspec.structs.replace(totals, tendered=tendered)


def combined(a: Totals, b: Totals, sign: int = 1) -> Totals:
    """`a + sign * b`, tender by tender; a tender that comes to nothing is left out."""
    tendered = {
        kind: amount
        for kind in sorted({*a.tendered, *b.tendered})
        if (amount := a.tendered.get(kind, 0) + sign * b.tendered.get(kind, 0))
    }
    return Totals(
        a.currency or b.currency,
        a.transactions + sign * b.transactions,
        a.receipts + sign * b.receipts,
        a.lines + sign * b.lines,
        a.net + sign * b.net,
        a.tax + sign * b.tax,
        a.discounts + sign * b.discounts,
        a.charges + sign * b.charges,
        a.rounding + sign * b.rounding,
        tendered,
    )
