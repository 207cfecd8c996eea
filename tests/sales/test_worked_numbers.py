"""The worked numbers of section 1 of the retail rules: drawers, gaps, totals, footing."""

from __future__ import annotations

import pytest

from domain.sales.drawer import Drawers
from domain.sales.facts import DrawerDeclared, MissingNumbers, OverShort, RegisterState
from domain.sales.reading import Unfit
from domain.sales.rules import missing_numbers
from domain.sales.totals import totals_of
from tests.support.house import Json, columns, line, movement_of_cash, refund, sale, tender

TILL = frozenset({"T1"})


def drawers(*transactions: Json) -> Drawers:
    held = Drawers()
    held.add(columns(*transactions), TILL, 1)
    return held


def expected(*transactions: Json) -> dict[str, int]:
    """What the drawer of T1 should hold, by tender, in cents."""
    return drawers(*transactions).expected("register")["T1"]


def over_short(declared: int, *transactions: Json) -> int:
    held = drawers(*transactions)
    held.declare(DrawerDeclared("T1", "register", "USD", ["cash"], [declared]))
    (row,) = held.over_short("register")
    return row.declared - row.expected


def bought(number: int, net: str, *tenders: Json, **more: str) -> Json:
    return sale(number, line(net=net), tenders=list(tenders), **more)


# -- Expected drawer


def test_sale_75_paid_100_change_25_float_0_leaves_75_in_the_drawer() -> None:
    """Rules 1, expected drawer: the case that another system posted wrongly."""
    assert expected(bought(1, "75.00", tender("100.00", change="25.00"))) == {"cash": 7_500}


def test_every_term_of_the_formula_moves_the_drawer_its_own_way() -> None:
    """Rules 1: float + cash - change - refunds + float-ins - drops - paid-outs + paid-ins: 100+75-10-40-5+3 = 123."""
    assert expected(
        movement_of_cash(1, "float_in", "100.00"),
        bought(2, "75.00", tender("80.00", change="5.00")),
        refund(3, line(net="-10.00", quantity="-1")),
        movement_of_cash(4, "drop", "40.00"),
        movement_of_cash(5, "paid_out", "5.00"),
        movement_of_cash(6, "paid_in", "3.00"),
    ) == {"cash": 12_300}


def test_change_is_always_cash_whatever_was_handed_over() -> None:
    """Rules 1: non-cash tenders are expected as handed over, and change is taken from cash."""
    paid = bought(1, "75.00", tender("100.00", "voucher", change="25.00"))
    assert expected(paid) == {"cash": -2_500, "voucher": 10_000}


def test_the_totals_of_a_day_take_change_from_cash_like_its_drawers() -> None:
    """Rules 1, one number: the tenders of the Z total and those of the drawers are the same money."""
    paid = columns(bought(1, "75.00", tender("100.00", "voucher", change="25.00")))
    assert totals_of(paid, "USD").tendered == {"cash": -2_500, "voucher": 10_000}


def test_money_given_back_as_change_alone_leaves_the_drawer() -> None:
    """Rules 1: a refund written as nothing tendered and 5.00 of change is 5.00 less in the drawer."""
    back = refund(1, line(net="-5.00", quantity="-1"), tenders=[tender("0", change="5.00")])
    assert expected(back) == {"cash": -500}


@pytest.mark.parametrize("kind", ["void", "cancel", "no_sale", "training"])
def test_what_is_no_sale_moves_no_money(kind: str) -> None:
    """Rules 1, vocabulary: voids, cancels, no-sales and training use up a number and nothing else."""
    idle = sale(1, line(net="9.00"), kind=kind, tenders=[tender("10.00", change="1.00")])
    assert expected(idle) == {"cash": 0}
    totals = totals_of(columns(idle, sale(2)), "USD")
    assert (totals.transactions, totals.receipts, totals.lines, totals.net, totals.tendered) == (
        2,
        1,
        1,
        200,
        {"cash": 200},
    )


def test_cash_rounding_is_no_over_or_short() -> None:
    """Rules 1: to 0.05, 75.02 is paid with 75.00; the 0.02 is an amount of its own and the drawer is right."""
    rounded = bought(1, "75.02", tender("75.00"), rounding="-0.02")
    assert expected(rounded) == {"cash": 7_500}
    assert over_short(7_500, rounded) == 0
    totals = totals_of(columns(rounded), "USD")
    assert (totals.net, totals.rounding, totals.tendered) == (7_502, -2, {"cash": 7_500})


@pytest.mark.parametrize(("declared", "difference"), [(7_600, 100), (7_500, 0), (7_350, -150)])
def test_over_is_positive_and_short_is_negative(declared: int, difference: int) -> None:
    """Rules 1: over/short = declared - expected."""
    assert over_short(declared, bought(1, "75.00", tender("75.00"))) == difference


def test_a_tender_that_was_not_counted_is_not_judged_but_cash_always_is() -> None:
    """Rules 1, per tender and till: cash that nobody counted was declared as nothing."""
    held = drawers(bought(1, "75.00", tender("50.00"), tender("25.00", "card")))
    held.declare(DrawerDeclared("T1", "register", "USD", ["card"], [2_400]))
    assert held.over_short("register") == [OverShort("T1", "card", 2_500, 2_400), OverShort("T1", "cash", 5_000, 0)]


def test_a_till_without_a_drawer_expects_nothing() -> None:
    held = Drawers()
    held.add(columns(sale(1, register="KIOSK"), sale(1)), TILL, 1)
    assert held.expected("register") == {"T1": {"cash": 200}}


# -- Gaps


def gaps(seen: list[int], last: int = -1, *, first: int = 1, previous: int | None = None) -> list[tuple[int, int, str]]:
    numbering = "daily" if previous is None else "continuous"
    register = RegisterState("T1", numbering, first, drawer=True, last_number=last)  # type: ignore[arg-type]
    return [(gap.first, gap.last, gap.place) for gap in missing_numbers(seen, register, previous)]


@pytest.mark.parametrize(
    ("seen", "last", "found"),
    [
        ([1, 2, 3], 3, []),
        ([1, 2, 3], -1, []),
        ([3, 4], 4, [(1, 2, "head")]),
        ([1, 2, 5, 6, 9], 9, [(3, 4, "middle"), (7, 8, "middle")]),
        ([1, 2], 5, [(3, 5, "tail")]),
        ([3, 5], 7, [(1, 2, "head"), (4, 4, "middle"), (6, 7, "tail")]),
        ([], 4, [(1, 4, "tail")]),
        ([], 0, []),
        ([2, 1, 2], 2, []),
        ([1, 2, 9], 4, [(3, 8, "middle")]),  # declared less than was seen
    ],
)
def test_gaps_at_the_head_in_the_middle_and_at_the_tail(seen: list[int], last: int, found: list[object]) -> None:
    """Rules 1, gaps: from the first expected to the greatest seen, and from there to the declared last number."""
    assert gaps(seen, last) == found


def test_the_first_number_expected_is_the_registers_own() -> None:
    """Rules 1: the head gap begins at the first expected, here 100; numbers before it are none of it."""
    assert gaps([7, 102], first=100) == [(100, 101, "head")]


def test_a_register_that_numbers_on_begins_after_its_last_day() -> None:
    """Rules 1 and facts 3: continuous numbering expects 51 after 50."""
    assert gaps([53, 54], previous=50) == [(51, 52, "head")]
    assert gaps([51], previous=50) == []


def test_the_sequence_restarts_with_each_key() -> None:
    """Rules 1, identity: number 1 of another till or of a till replaced (its epoch) fills no gap of this one."""
    seen = {"T1": [1, 3], "T2": [2]}
    states = [RegisterState(code, "daily", 1, drawer=True, epoch=epoch) for code, epoch in (("T1", 0), ("T2", 1))]
    assert [gap for state in states for gap in missing_numbers(seen[state.code], state, None)] == [
        MissingNumbers("T1", 2, 2, "middle", 0),
        MissingNumbers("T2", 1, 1, "head", 1),
    ]


@pytest.mark.parametrize("kind", ["void", "cancel", "no_sale", "training"])
def test_what_is_no_sale_uses_up_a_number(kind: str) -> None:
    """Rules 1, gaps: voids, cancels, no-sales and training are sent, or a gap shows."""
    numbers = columns(sale(1), sale(2, kind=kind), sale(3)).number
    assert gaps(numbers) == []


# -- Cross-foot


def refused(made: Json) -> str:
    with pytest.raises(Unfit) as why:
        columns(made)
    return f"{why.value.code} {why.value.field}"


def test_a_receipt_that_foots_in_every_way_is_read() -> None:
    """Rules 1, cross-foot: 10.00 + 0.80 + charges 1.00 = 11.80; 20.00 handed over, 8.20 back."""
    full = sale(
        1,
        line(net="6.00", quantity="2", tax="0.48", discounts=[{"kind": "loyalty", "amount": "1.00"}]),
        line("salt", "4.00", tax="0.32"),
        line("gum", "0.50", voided=True),
        net="10.00",
        tax="0.80",
        taxes=[{"code": "A", "amount": "0.48"}, {"code": "B", "amount": "0.32"}],
        charges="1.00",
        total="11.80",
        items="3",
        tenders=[tender("20.00", change="8.20")],
    )
    totals = totals_of(columns(full), "USD")
    assert (totals.net, totals.tax, totals.charges, totals.discounts, totals.lines) == (1_000, 80, 100, 100, 2)
    assert totals.tendered == {"cash": 1_180}
    for field, wrong, code in (
        ("net", "10.50", "net_does_not_foot /net"),
        ("tax", "0.81", "tax_does_not_foot /tax"),
        ("taxes", [{"code": "A", "amount": "0.79"}], "tax_does_not_foot /taxes"),
        ("total", "10.80", "total_does_not_foot /total"),
        ("items", "4", "items_do_not_foot /items"),
        ("tenders", [tender("20.00")], "tenders_do_not_foot /tenders"),
    ):
        assert refused(full | {field: wrong}) == code


def test_a_line_void_leaves_the_sale_and_keeps_the_receipt() -> None:
    """Rules 1, vocabulary: a line void happens before completion; the rest of the receipt counts."""
    totals = totals_of(columns(sale(1, line(net="5.00"), line(net="7.00", voided=True))), "USD")
    assert (totals.receipts, totals.lines, totals.net, totals.tendered) == (1, 1, 500, {"cash": 500})


def test_a_post_void_takes_the_sale_back_under_a_number_of_its_own() -> None:
    """Rules 1, vocabulary: after completion, own number, refers to the original."""
    undone = sale(2, line(net="-2.00", quantity="-1"), kind="post_void", original={"number": 1, "register": "T1"})
    totals = totals_of(columns(sale(1), undone), "USD")
    assert (totals.transactions, totals.receipts, totals.net, totals.tendered) == (2, 2, 0, {})
