"""Cutting transactions: whatever the cut, the parts say together what the whole said, and each fits into a fact."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sales.facts import SalesReported, Totals, Transactions
from domain.sales.judging import keys_of
from domain.sales.outcomes import TooManyDiscountKinds
from domain.sales.selection import select, split
from domain.sales.totals import combined, totals_of
from domain.sales.trading_day import TradingDay
from domain.stock.facts import StockIssued
from tests.sales.strategies import transactions
from tests.support.house import DAY, STORE, TERMS, Desk, Json, a_store, batch, columns, line, open_desk, sale, tender

FACT_LIMIT = 256 * 1024  # bytes of JSON, facts.md 1


def said(t: Transactions) -> list[tuple[object, ...]]:
    """What is said of each transaction, one by one and in full."""
    return [_of_one(select(t, [row])) for row in range(len(t))]


def _of_one(t: Transactions) -> tuple[object, ...]:
    lines, tenders = len(t.sku), len(t.tender)
    notes = [(note.code, note.line, note.detail) for note in t.notes]
    links = [(r.store, r.business_day, r.register, r.number) for r in t.original]
    return (
        keys_of(t), t.hash, t.time, t.offset, t.kind or ["sale"], t.cashier or [""], t.customer or [""],
        t.charges or [0], t.rounding or [0], list(t.reason.items()), t.sku, t.quantity, t.net,
        t.tax or [0] * lines, sorted(t.discounts.items()), t.voided, t.tender, t.tendered,
        t.change or [0] * tenders, links, [(row.code, row.amount) for row in t.taxes], sorted(notes),
    )  # fmt: skip


def together(parts: list[Transactions]) -> Totals:
    total = Totals("USD")
    for part in parts:
        total = combined(total, totals_of(part, "USD"))
    return total


@given(st.lists(transactions(), max_size=8), st.data())
def test_any_cut_of_a_batch_has_the_same_totals_keys_and_hashes(made: list[Json], data: st.DataObject) -> None:
    whole = columns(*made)
    where = sorted(data.draw(st.sets(st.integers(0, len(made)), max_size=4)) | {0, len(made)})
    parts = [select(whole, range(begin, end)) for begin, end in pairwise(where)] or [whole]
    assert together(parts) == totals_of(whole, "USD")
    assert [each for part in parts for each in said(part)] == said(whole)


@given(st.lists(transactions(), max_size=8), st.data())
def test_any_choice_in_any_order_is_what_was_chosen(made: list[Json], data: st.DataObject) -> None:
    rows = data.draw(st.permutations(range(len(made))))[: data.draw(st.integers(0, len(made)))]
    whole = said(columns(*made))
    assert said(select(columns(*made), rows)) == [whole[row] for row in rows]


@given(st.lists(transactions(), min_size=1, max_size=8))
def test_what_was_chosen_comes_back_from_the_log_as_it_was(made: list[Json]) -> None:
    part = select(columns(*made), range(0, len(made), 2))
    assert msgspec.json.decode(msgspec.json.encode(part), type=Transactions) == part


def test_a_large_batch_is_cut_between_transactions_and_in_order() -> None:
    whole = columns(*(sale(number, *[line()] * (number % 7 + 1)) for number in range(1, 1_200)))
    parts = list(split(whole))
    assert len(parts) > 1
    assert [number for part in parts for number in part.number] == whole.number
    assert together(parts) == totals_of(whole, "USD")
    assert all(sum(part.line_count) == len(part.sku) for part in parts)


def test_a_batch_of_a_day_stays_one_fact() -> None:
    assert len(list(split(columns(*(sale(number, *[line()] * 6) for number in range(1, 200)))))) == 1


# -- the worst there may be

LONG = "X" * 40
FAR = "-9999999999.99"


def _worst_line(kinds: int) -> Json:
    """Every column at its longest, and three notes."""
    off = [{"kind": f"{LONG[:37]}{kind:03}", "amount": "9999999999.99"} for kind in range(kinds)]
    listed = f"{(-999999999999 + kinds * 999999999999) / 100:.2f}" if kinds < 2 else FAR
    return line(LONG, FAR, "9999999999.999", tax=FAR, discounts=off[:1] if kinds else [], list=listed)


def _worst(number: int, lines: int, **more: object) -> Json:
    made = sale(
        number,
        *[_worst_line(1)] * lines,
        cashier=LONG,
        customer=f"{number:040}",
        reason="\u20ac" * 500,
        original={"number": 2**53, "register": LONG, "store": LONG, "business_day": DAY},
        taxes=[{"code": LONG, "amount": "0"}] * 3,
        kind="cancel",
        epoch=1_000_000,
        at="0001-01-01T00:00:00+14:00",
        tenders=[tender(FAR, LONG, change=FAR)] * 3,
    )
    made.pop("taxes")
    return made | more


WORST = {
    "long lines": [_worst(number, 10) for number in range(1, 260)],
    "many lines in few": [_worst(number, 500) for number in range(1, 4)],
    "long reasons": [sale(number, reason="\u20ac" * 500) for number in range(1, 801)],
    "control characters": [sale(number, reason="\u0001" * 500) for number in range(1, 801)],
    "notes on every line": [sale(1, *[line(quantity="-1001", net="100000.01")] * 500)] * 4,
    "nothing but numbers": [sale(number, kind="no_sale") | {"lines": []} for number in range(1, 3_000)],
    "many tenders": [sale(number, tenders=[tender("0", LONG)] * 99 + [tender("2.00")]) for number in range(1, 80)],
    "many taxes": [
        sale(number, taxes=[{"code": LONG, "amount": "0"}] * 99) for number in range(1, 80)
    ],
    "many kinds of discounts": [
        sale(number, line(discounts=[{"kind": f"k{number % 60}", "amount": "1"}])) for number in range(1, 2_001)
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_no_fact_of_the_worst_batch_is_larger_than_a_fact_may_be(name: str) -> None:
    day = TradingDay("day/x", STORE, DAY)
    made = columns(*WORST[name])
    with_cost = msgspec.structs.replace(made, cost=[-(10**12)] * len(made.sku))
    day.report("b1", "f" * 64, TERMS, list(split(with_cost)), ())
    sizes = [len(msgspec.json.encode(pending.fact)) for pending in day.collect()]
    assert max(sizes) <= FACT_LIMIT - 1024, "and the metadata needs room, too"


def test_what_is_rejected_and_quarantined_is_spread_over_facts_and_answered_as_one(tmp_path: Path) -> None:
    with open_desk(tmp_path, a_store(), batch(*(sale(number) for number in range(1, 1_501)))) as desk:
        bad = [sale(number, line(net="3.00")) for number in range(1, 1_501)]
        bad += [sale(number, line(sku="no article")) for number in range(2_001, 3_501)]
        answer = desk.send(batch(*bad, sale(4_000), batch_id="b2"))
        assert (answer.accepted, answer.conflict, answer.rejected, len(answer.listed)) == (1, 1_500, 1_500, 3_000)
        assert _largest(desk) <= FACT_LIMIT
        assert desk.day().answered("b2", desk.facts(SalesReported)[-1].bytes_hash) == msgspec.structs.replace(
            answer, replayed=True
        )
        assert len(desk.day().conflicts) == 1_500


def test_the_stock_facts_of_a_large_batch_stay_within_the_limit_too(tmp_path: Path) -> None:
    with open_desk(tmp_path, a_store()) as desk:
        long = [line(f"{LONG[:34]}{place:06}", quantity="1234.567") for place in range(500)]
        desk.send(batch(*(sale(number, *long) for number in range(1, 16))))
        assert _largest(desk) <= FACT_LIMIT
        issued = desk.facts(StockIssued)
        assert sum(sum(fact.quantity) for fact in issued) == -15 * 500 * 1_234_567
        versions = {f"day/{DAY}/{STORE}#{version}" for version in range(1, desk.day().version + 1)}
        assert {fact.cause for fact in issued} == versions


def test_kinds_of_discount_do_not_multiply_with_lines() -> None:
    """A thousand lines with a kind each would be a million values, and eight megabytes of them a machine's memory."""
    with pytest.raises(TooManyDiscountKinds):
        columns(*(sale(n, line(discounts=[{"kind": f"k{n}", "amount": "1"}])) for n in range(1, 1_001)))


def _largest(desk: Desk) -> int:
    return max(len(body) for stream in {each.stream for each in desk.log()} for _, body in desk.store.stream(stream))
