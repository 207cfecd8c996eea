"""Reading transactions: every rule bites, and the hash knows a transaction by its content alone."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sales.facts import RegisterState
from domain.sales.reading import Terms, Unfit, read
from domain.sales.rules import RULES
from domain.sales.selection import select
from services.batches import read_batch
from services.decoding import decode_batch
from tests.sales.strategies import transactions
from tests.support.house import DAY, TERMS, Json, batch, columns, line, movement_of_cash, refund, sale, tender, typed

INCLUDING_TAX = msgspec.structs.replace(TERMS, prices_include_tax=True)


# -- every rule bites

REJECTED: dict[str, list[tuple[Json, str]]] = {
    "bad_value": [
        (sale(1, line(net="2.005", list="2.00"), tenders=[]), "/lines/0/net"),
        (sale(1) | {"at": "2026-03-05 10:00"}, "/at"),
        (sale(1) | {"at": "2026-03-05T10:00:00"}, "/at"),
        (sale(1) | {"at": "2026-02-30T10:00:00+00:00"}, "/at"),
        (sale(1, line(quantity="1e3")), "/lines/0/quantity"),
        (sale(1, line(quantity="1.0001")), "/lines/0/quantity"),
        (sale(1, line(), line(sku="")), "/lines/1/sku"),
        (sale(1, line(sku="milk\nsalt")), "/lines/0/sku"),
        (sale(1, cashier="two words"), "/cashier"),
        (sale(1, customer="-"), "/customer"),
        (sale(1, tenders=[tender("2.00"), tender("0", "")]), "/tenders/1/kind"),
        (sale(1, tenders=[tender("2.00", change="zero")]), "/tenders/0/change"),
        (sale(1, line(list="2,00")), "/lines/0/list"),
        (sale(1, taxes=[{"code": "", "amount": "0"}]), "/taxes/0/code"),
        (sale(1, original={"number": 1, "register": ""}), "/original/register"),
        (sale(1, original={"number": 1, "register": "T1", "store": "../1"}), "/original/store"),
        (sale(1, original={"number": 1, "register": "T1", "business_day": "2026-3-5"}), "/original/business_day"),
        (sale(1) | {"net": "NaN"}, "/net"),
        (sale(1, charges="0.001", tenders=[]), "/charges"),
        (sale(1, line(net="99999999999.00", list="2.00"), tenders=[]), "/lines/0/net"),
        (sale(1, line(discounts=[{"kind": "a b", "amount": "1"}])), "/lines/0/discounts/0/kind"),
    ],
    "unknown_register": [(sale(1, register="T9"), "/register"), (sale(1, register=""), "/register")],
    "line_does_not_foot": [
        (sale(1, line(), line(list="2.01")), "/lines/1/list"),
        (sale(1, line(net="2.00", list="2.00", discounts=[{"kind": "d", "amount": "0.01"}])), "/lines/0/list"),
    ],
    "net_does_not_foot": [(sale(1, net="2.01"), "/net")],
    "tax_does_not_foot": [(sale(1, tax="0.01"), "/tax"), (sale(1, taxes=[{"code": "A", "amount": "1"}]), "/taxes")],
    "total_does_not_foot": [(sale(1, total="1.99"), "/total")],
    "tenders_do_not_foot": [(sale(1, tenders=[tender("1.99")]), "/tenders"), (sale(1, tenders=[]), "/tenders")],
    "items_do_not_foot": [(sale(1, items="2"), "/items")],
    "lines_on_cash_movement": [(movement_of_cash(1, "drop", "5.00") | {"lines": [line()]}, "/lines")],
}

NOTED: dict[str, list[tuple[Json, int]]] = {
    "no_counting_line": [(sale(1, line(voided=True)), -1), (sale(1) | {"lines": [], "tenders": []}, -1)],
    "signs_differ": [(sale(1, line(), line(quantity="-1")), 1), (refund(1, line(net="-2.00")), 0)],
    "wrong_direction": [(sale(1, line(net="-2.00", quantity="-1")), -1), (refund(1, line()), -1)],
    "money_without_quantity": [(sale(1, line(quantity="0")), 0)],
    "quantity_without_money": [(sale(1, line(), line(net="0")), 1)],
    "tender_against_sale": [(sale(1, tenders=[tender("2.50", "coupon"), tender("-0.50", "cash")]), -1)],
    "quantity_limit": [(sale(1, line(quantity="1000.001")), 0), (refund(1, line(net="-2", quantity="-1001")), 0)],
    "amount_limit": [(sale(1, line(net="100000.01")), 0)],
    "outside_day": [
        (sale(1) | {"at": "2026-03-06T00:00:00+00:00"}, -1),
        (sale(1) | {"at": "2026-03-04T23:59:59+00:00"}, -1),
    ],
    "not_linked": [(sale(1, line(net="-2.00", quantity="-1"), kind="post_void"), -1)],
}

UNREADABLE: dict[str, bytes] = {
    "malformed": batch({"number": "one"}),
    "duplicate_field": batch(sale(1)).replace(b'"number": 1', b'"number": 1, "number": 1'),
}


def test_every_rule_is_shown_to_bite() -> None:
    """A rule that needs another fact is found when the books are read, and shown there."""
    shown = {*REJECTED, *NOTED, *UNREADABLE}
    assert shown == {rule.code for rule in RULES if rule.outcome != "derived"}
    assert {rule.code for rule in RULES if rule.outcome == "note"} == set(NOTED)


@pytest.mark.parametrize(
    ("code", "made", "field"), [(code, *case) for code, cases in REJECTED.items() for case in cases]
)
def test_a_transaction_that_breaks_a_rejecting_rule_is_refused_with_the_field(
    code: str, made: Json, field: str
) -> None:
    with pytest.raises(Unfit) as why:
        columns(made)
    assert (why.value.code, why.value.field) == (code, field)
    assert why.value.reason


@pytest.mark.parametrize(("code", "made", "at"), [(code, *case) for code, cases in NOTED.items() for case in cases])
def test_a_transaction_that_is_odd_is_read_and_noted_where_it_stands(code: str, made: Json, at: int) -> None:
    notes = columns(sale(8), made | {"number": 7}, sale(9)).notes
    assert [(note.of, note.line) for note in notes if note.code == code] == [(1, at)]
    assert {note.of for note in notes} == {1}


@pytest.mark.parametrize("code", UNREADABLE)
def test_what_cannot_be_read_is_set_aside_with_its_code(code: str) -> None:
    ((rejected, _),) = decode_batch(UNREADABLE[code]).rejected
    assert rejected.code == code


def test_an_ordinary_sale_is_read_without_a_note() -> None:
    assert columns(sale(1), refund(2), movement_of_cash(3, "float_in", "50.00")).notes == []


def test_at_the_limits_nothing_is_noted() -> None:
    assert (
        columns(
            sale(1, line(quantity="1000"), line(net="100000.00")),
            sale(2) | {"at": "2026-03-05T00:00:00+00:00"},
            sale(3) | {"at": "2026-03-05T23:59:59+00:00"},
        ).notes
        == []
    )


def test_a_day_begins_at_the_stores_own_boundary() -> None:
    late = msgspec.structs.replace(TERMS, boundary=300)
    times = [f"{DAY}T04:59:59+00:00", f"{DAY}T05:00:00+00:00", "2026-03-06T04:59:59+00:00", "2026-03-06T05:00:00+00:00"]
    read_ = columns(*(sale(number) | {"at": at} for number, at in enumerate(times, 1)), terms=late)
    assert [(note.code, note.of) for note in read_.notes] == [("outside_day", 0), ("outside_day", 3)]


def test_where_prices_include_tax_the_list_price_does_too() -> None:
    taxed = sale(1, line(net="2.00", tax="0.20", list="2.20"))
    assert columns(taxed, terms=INCLUDING_TAX).tax == [20]
    with pytest.raises(Unfit):
        columns(taxed)


# -- the canonical hash

PLAIN = sale(1)
RICH: Json = {
    "at": "2026-03-05T10:12:33-05:00",
    "kind": "return",
    "number": 42,
    "register": "T2",
    "cashier": "C7",
    "charges": "1.00",
    "customer": "K-9",
    "epoch": 3,
    "original": {"number": 41, "register": "T1", "business_day": "2026-03-01", "store": "2"},
    "reason": "torn\u00e9",
    "rounding": "-0.02",
    "lines": [
        {
            "sku": "A/1",
            "net": "-4.50",
            "quantity": "-1.5",
            "list": "-5.00",
            "tax": "-0.36",
            "discounts": [{"kind": "loyalty", "amount": "-0.30"}, {"kind": "coupon", "amount": "-0.20"}],
        },
        {"sku": "B", "net": "1.00", "quantity": "1", "list": "1.00", "voided": True},
    ],
    "taxes": [{"code": "A", "amount": "-0.36"}],
    "tenders": [{"kind": "card", "amount": "-4.00"}, {"kind": "cash", "amount": "0.12", "change": "0"}],
}
GOLDEN = {
    "plain": (PLAIN, "zlhn63JiASeK-TtDRg70sg"),
    "rich": (RICH, "oSK-1I61G6-gdsQ_BrKcpQ"),
}


def hash_of(made: Json, terms: Terms = TERMS) -> str:
    return columns(made, terms=terms).hash[0]


@pytest.mark.parametrize("name", GOLDEN)
def test_the_hash_of_a_transaction_never_changes(name: str) -> None:
    """Golden vectors: what is stored today must still be known as a duplicate in ten years."""
    made, expected = GOLDEN[name]
    assert hash_of(made) == expected


def test_the_hash_can_be_computed_with_nothing_but_json_and_sha256() -> None:
    typed_ = {
        "at": "2026-03-05T10:12:33-05:00",
        "cashier": "C7",
        "charges": 100,
        "customer": "K-9",
        "epoch": 3,
        "kind": "return",
        "lines": {
            "discounts": {"coupon": [-20, 0], "loyalty": [-30, 0]},
            "net": [-450, 100],
            "quantity": [-1500, 1000],
            "sku": ["A/1", "B"],
            "tax": [-36, 0],
            "voided": [1],
        },
        "number": 42,
        "original": {"business_day": "2026-03-01", "number": 41, "register": "T1", "store": "2"},
        "reason": "torn\u00e9",
        "register": "T2",
        "rounding": -2,
        "taxes": [{"amount": -36, "code": "A"}],
        "tenders": {"amount": [-400, 12], "kind": ["card", "cash"]},
    }
    text = json.dumps(typed_, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).digest()[:16]
    assert hash_of(RICH) == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "same",
    [
        dict(reversed(RICH.items())),
        RICH | {"charges": "1.0", "rounding": "-0.02"},
        RICH | {"charges": "1"},
        RICH | {"lines": [RICH["lines"][0] | {"quantity": "-1.500", "net": "-4.5", "list": "-5"}, RICH["lines"][1]]},
        RICH | {"lines": [RICH["lines"][0], RICH["lines"][1] | {"tax": "0", "discounts": []}]},
        RICH | {"lines": [RICH["lines"][0], RICH["lines"][1] | {"tax": "0.00"}]},
        RICH | {"lines": [RICH["lines"][0] | {"discounts": RICH["lines"][0]["discounts"][::-1]}, RICH["lines"][1]]},
        RICH | {"tenders": [{"change": "0.00", "kind": "card", "amount": "-4"}, RICH["tenders"][1]]},
        RICH | {"net": "-4.50", "tax": "-0.36", "total": "-3.86", "items": "-1.5"},  # what the lines say anyway
    ],
    ids=range(9),
)
def test_the_hash_does_not_hear_how_a_transaction_is_spelt(same: Json) -> None:
    assert hash_of(same) == hash_of(RICH)


@pytest.mark.parametrize(
    "default", [{"charges": "0.00"}, {"cashier": ""}, {"taxes": []}, {"rounding": "-0"}, {"epoch": 0}]
)
def test_a_default_that_is_written_out_is_no_other_content(default: Json) -> None:
    assert hash_of(PLAIN | default) == hash_of(PLAIN)


def _line(**more: Any) -> Callable[[Json], Json]:
    return lambda made: made | {"lines": [made["lines"][0] | more, *made["lines"][1:]]}


def _set(**more: Any) -> Callable[[Json], Json]:
    return lambda made: made | more


@pytest.mark.parametrize(
    "change",
    [
        _set(at="2026-03-05T10:12:34-05:00"),
        _set(at="2026-03-05T11:12:33-04:00"),
        _set(kind="post_void"),
        _set(number=43),
        _set(register="T1"),
        _set(cashier="C8"),
        _set(cashier=""),
        _set(customer="K-8"),
        _set(epoch=2),
        _set(reason="torn"),
        _set(original={"number": 40, "register": "T1", "business_day": "2026-03-01", "store": "2"}),
        _set(original={"number": 41, "register": "T2", "business_day": "2026-03-01", "store": "2"}),
        _set(original={"number": 41, "register": "T1", "business_day": "2026-03-02", "store": "2"}),
        _set(original={"number": 41, "register": "T1", "business_day": "2026-03-01", "store": "3"}),
        _set(charges="1.01", rounding="-0.03"),
        _set(taxes=[{"code": "B", "amount": "-0.36"}]),
        _set(tenders=[{"kind": "giro", "amount": "-4.00"}, {"kind": "cash", "amount": "0.12"}]),
        _set(tenders=[{"kind": "card", "amount": "-4.01"}, {"kind": "cash", "amount": "0.13"}]),
        _set(tenders=[{"kind": "card", "amount": "-4.00"}, {"kind": "cash", "amount": "0.13", "change": "0.01"}]),
        _line(sku="A/2"),
        _line(quantity="-1.501"),
        _line(net="-4.51", discounts=[{"kind": "loyalty", "amount": "-0.29"}, {"kind": "coupon", "amount": "-0.20"}]),
        _line(discounts=[{"kind": "loyalty", "amount": "-0.31"}, {"kind": "coupon", "amount": "-0.19"}]),
        _line(discounts=[{"kind": "staff", "amount": "-0.30"}, {"kind": "coupon", "amount": "-0.20"}]),
        _line(tax="-0.35"),
        _set(lines=[RICH["lines"][0], RICH["lines"][1] | {"sku": "C"}]),
        _set(lines=[RICH["lines"][0]]),
    ],
)
def test_the_hash_hears_a_change_of_any_field(change: Callable[[Json], Json]) -> None:
    """Footing aside, which is why the changed transaction is taken as one that was cancelled and need not be paid."""
    base = RICH | {"kind": "cancel", "taxes": []}
    changed = change(RICH)
    if changed["kind"] == "return":
        changed = changed | {"kind": "cancel"}
    if changed["taxes"] == RICH["taxes"]:
        changed = changed | {"taxes": []}
    else:
        base = base | {"taxes": RICH["taxes"]}
    assert hash_of(changed) != hash_of(base)


def test_a_voided_line_is_other_content_than_one_that_counts() -> None:
    made = sale(1, line(), line("salt", net="0", quantity="0"))
    voided = sale(1, line(), line("salt", net="0", quantity="0", voided=True))
    assert hash_of(made) != hash_of(voided)


def test_the_envelope_is_no_part_of_the_content() -> None:
    elsewhere = msgspec.structs.replace(TERMS, store="2", day="2026-03-06", registers={
        "T1": RegisterState("T1", "continuous", 7, drawer=False, epoch=5)
    })  # fmt: skip
    assert hash_of(PLAIN, elsewhere) == hash_of(PLAIN)


# -- a whole batch and one by one


@given(st.lists(transactions(), min_size=1, max_size=6))
def test_a_batch_read_as_a_whole_is_what_its_transactions_read_one_by_one_are(made: list[Json]) -> None:
    whole = columns(*made)
    for row, each in enumerate(made):
        alone = columns(each)
        assert select(alone, [0]) == select(_rows_of_one(whole, row), [0])


def _rows_of_one(whole: Any, row: int) -> Any:
    """Row `row` with its columns written the way a batch of one writes them."""
    one = select(whole, [row])
    drop: Json = {name: [] for name in ("kind", "epoch", "cashier", "customer", "charges", "rounding", "tax", "change")
            if not any(v not in ("sale", "", 0) for v in getattr(one, name))}  # fmt: skip
    return msgspec.structs.replace(one, **drop)


@given(st.lists(transactions(), max_size=5), st.data())
def test_the_good_ones_of_a_batch_are_read_though_some_are_not_fit(made: list[Json], data: st.DataObject) -> None:
    bad = data.draw(st.sets(st.integers(0, max(len(made) - 1, 0))) if made else st.just(set()))
    mixed = [each | {"register": "T9"} if row in bad else each for row, each in enumerate(made)]
    done = read_batch(decode_batch(batch(*mixed)), TERMS)
    good = [each for row, each in enumerate(made) if row not in bad]
    assert done.transactions == read(typed(*good), TERMS)
    assert [(row.code, row.field) for row, _ in done.rejected] == [
        ("unknown_register", f"/transactions/{row}/register") for row in sorted(bad)
    ]
