"""The rules that only note: what is odd about transactions that nevertheless happened (rules.py lists them)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from operator import mul
from typing import Any

from domain.columns import spread
from domain.sales.commands import Transaction
from domain.sales.facts import Note
from domain.sales.rules import AMOUNT_LIMIT, CASH_IN, CASH_OUT, EFFECTIVE, QUANTITY_LIMIT

DAY_SECONDS = 86_400


def line_notes(columns: dict[str, Any], transactions: Sequence[Transaction], places: int) -> Iterator[Note]:
    """Notes on lines. The columns are searched as a whole first, since most batches have nothing to note."""
    quantity, net = columns["quantity"], columns["net"]
    suspects: set[int] = set()
    if quantity:
        if 0 in quantity or 0 in net:
            suspects.update(index for index, value in enumerate(map(mul, quantity, net)) if value == 0)
        if min(quantity) < 0 or min(net) < 0:
            suspects.update(index for index, value in enumerate(map(mul, quantity, net)) if value < 0)
        if max(quantity) > QUANTITY_LIMIT or min(quantity) < -QUANTITY_LIMIT:
            suspects.update(compress(range(len(quantity)), [abs(value) > QUANTITY_LIMIT for value in quantity]))
        limit = AMOUNT_LIMIT * 10**places
        if max(net) > limit or min(net) < -limit:
            suspects.update(compress(range(len(net)), [abs(value) > limit for value in net]))
    if suspects:
        yield from _judge_lines(columns, transactions, sorted(suspects), places)


def _judge_lines(
    columns: dict[str, Any], transactions: Sequence[Transaction], suspects: list[int], places: int
) -> Iterator[Note]:
    voided = set(columns["voided"])
    of, first, last = 0, 0, len(transactions[0].lines)
    for index in suspects:
        while index >= last:
            of += 1
            first, last = last, last + len(transactions[of].lines)
        if transactions[of].kind not in EFFECTIVE or index in voided:
            continue
        quantity, net = columns["quantity"][index], columns["net"][index]
        if quantity == 0 and net:
            yield Note("money_without_quantity", of, index - first)
        elif quantity and net == 0:
            yield Note("quantity_without_money", of, index - first)
        elif quantity * net < 0:
            yield Note("signs_differ", of, index - first)
        if abs(quantity) > QUANTITY_LIMIT:
            yield Note("quantity_limit", of, index - first)
        if abs(net) > AMOUNT_LIMIT * 10**places:
            yield Note("amount_limit", of, index - first)


def tender_notes(columns: dict[str, Any], transactions: Sequence[Transaction]) -> Iterator[Note]:
    """Notes on whole transactions: their direction, their tenders, their lines, their original."""
    net, tendered = columns["net"], columns["tendered"]
    odd = (net and min(net) < 0) or (tendered and min(tendered) < 0)
    if not odd and not columns.get("kind") and 0 not in columns["line_count"] and not columns["voided"]:
        return
    voided = set(columns["voided"])
    line = tender = 0
    for of, t in enumerate(transactions):
        to, paid = line + len(t.lines), tender + len(t.tenders)
        if t.kind in EFFECTIVE:
            counting = [index for index in range(line, to) if index not in voided]
            total = sum(net[index] for index in counting)
            forwards = t.kind == "sale"
            if not counting:
                yield Note("no_counting_line", of)
            elif (total < 0) if forwards else (total > 0):
                yield Note("wrong_direction", of)
            if any((amount < 0) if forwards else (amount > 0) for amount in tendered[tender:paid]) and not (
                forwards and total < 0
            ):
                yield Note("tender_against_sale", of)
            if t.kind == "post_void" and t.original is None:
                yield Note("not_linked", of)
        elif t.kind in CASH_IN or t.kind in CASH_OUT:
            if any(amount < 0 for amount in tendered[tender:paid]):
                yield Note("wrong_direction", of)
        elif any(tendered[tender:paid]) or any(columns["change"][tender:paid]):
            yield Note("tender_without_sale", of)
        line, tender = to, paid


def day_notes(
    columns: dict[str, Any], transactions: Sequence[Transaction], boundary: int, known: Sequence[int]
) -> Iterator[Note]:
    """Notes on time: a business day runs from its boundary (minutes after local midnight) for 24 hours.

    `known` are the offsets (minutes from UTC) that the store's clocks have on that day; empty: nobody can tell.
    """
    times = columns["time"]
    begins = boundary * 60
    if times and (min(times) < begins or max(times) >= begins + DAY_SECONDS):
        for of, time in enumerate(times):
            if not begins <= time < begins + DAY_SECONDS:
                yield Note("outside_day", of, detail=transactions[of].at)
    offsets = columns["offset"]
    if known and not set(offsets).issubset(known):
        for of, offset in enumerate(spread(offsets, len(times), 0)):
            if offset not in known:
                yield Note("offset_differs", of, detail=transactions[of].at)
