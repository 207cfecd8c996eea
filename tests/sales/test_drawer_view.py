"""Drawers through the view (rules.md 1): what should be there, and nothing of it before the count (facts.md 4)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from domain.sales.facts import DrawerDeclared
from domain.stores.facts import Settings, StoreRegistered
from tests.support.log import Log
from tests.support.tills import batch, register, till


def declared(drawer: str = "1", balancing: str = "register", **counts: int) -> DrawerDeclared:
    return DrawerDeclared(drawer, balancing, "USD", list(counts), list(counts.values()))


def test_sale_75_paid_100_change_25_float_0_leaves_75_expected() -> None:
    log = Log()
    log.add(batch(till(1, ("milk", 1, 7_500), paid=[("cash", 10_000, 2_500)]), registers=[register()]))
    log.add(declared(cash=7_400))
    drawers = log.figures("drawer", "drawer tender", "expected declared over_short")
    assert drawers == {("1", "cash"): (Decimal(75), Decimal(74), Decimal(-1))}


def test_floats_drops_paid_ins_and_paid_outs_move_the_cash() -> None:
    log = Log()
    log.add(
        batch(
            till(1, kind="float_in", paid=[("cash", 10_000)]),
            till(2, ("milk", 1, 2_000), paid=[("cash", 2_000)]),
            till(3, ("milk", -1, -500), kind="return", paid=[("cash", -500)]),
            till(4, kind="drop", paid=[("cash", 4_000)]),
            till(5, kind="paid_in", paid=[("cash", 100)]),
            till(6, kind="paid_out", paid=[("cash", 300)]),
            till(7, ("milk", 1, 9_900), kind="training", paid=[("cash", 9_900)]),
            registers=[register()],
        )
    )
    log.add(declared(cash=7_300))
    assert log.figures("drawer", "tender", "expected over_short") == {"cash": (Decimal(73), Decimal(0))}


def test_change_for_a_card_is_taken_from_the_cash() -> None:
    log = Log()
    log.add(batch(till(1, ("milk", 1, 2_000), paid=[("card", 5_000, 3_000)]), registers=[register()]))
    log.add(declared(card=5_000))
    assert log.figures("drawer", "tender", "expected declared over_short") == {
        "card": (Decimal(50), Decimal(50), Decimal(0)),
        "cash": (Decimal(-30), Decimal(0), Decimal(30)),
    }


def test_nothing_is_expected_before_the_count_is_declared() -> None:
    log = Log()
    before = log.add(batch(till(1, ("milk", 1, 2_000), paid=[("cash", 2_000)]), registers=[register()]))
    log.add(declared(cash=2_000))
    blind = log.figures("drawer", "tender", "expected declared over_short", known_at=before)
    assert blind == {"cash": (None, None, None)}


def test_the_count_of_one_drawer_does_not_show_what_another_should_hold() -> None:
    log = Log()
    one = till(1, ("milk", 1, 2_000), paid=[("cash", 2_000)])
    other = till(1, ("milk", 1, 700), paid=[("cash", 700)], register="2")
    log.add(batch(one, other, registers=[register("1"), register("2")]))
    log.add(declared("1", cash=2_000))
    assert log.figures("drawer", "drawer", "expected") == {"1": Decimal(20), "2": None}
    assert log.figures("drawer", "store", "expected over_short") == {"367": (Decimal(20), Decimal(0))}


def test_a_register_without_a_drawer_expects_nothing() -> None:
    log = Log()
    log.add(batch(till(1, ("milk", 1, 2_000), paid=[("cash", 2_000)]), registers=[register(drawer=False)]))
    assert log.figures("drawer", "drawer", "expected") == {}


def test_money_lies_in_a_drawer_by_what_the_register_was_when_the_fact_was_recorded() -> None:
    log = Log()
    log.add(batch(till(1, ("milk", 1, 2_000), paid=[("cash", 2_000)]), registers=[register()]))
    log.add(batch(till(2, ("milk", 1, 700), paid=[("cash", 700)]), registers=[register(drawer=False)]))
    log.add(declared(cash=2_000))
    assert log.figures("drawer", "drawer", "expected over_short") == {"1": (Decimal(20), Decimal(0))}


def test_the_latest_count_of_a_drawer_holds_and_the_first_stays_in_the_past() -> None:
    log = Log()
    log.add(batch(till(1, ("milk", 1, 2_000), paid=[("cash", 2_000)]), registers=[register()]))
    first = log.add(declared(cash=200, card=100))
    log.add(msgspec.structs.replace(declared(cash=2_000), corrects=True))
    assert log.figures("drawer", "tender", "declared over_short") == {"cash": (Decimal(20), Decimal(0))}
    before = log.figures("drawer", "tender", "declared over_short", known_at=first)
    assert before == {"cash": (Decimal(2), Decimal(-18)), "card": (Decimal(1), Decimal(1))}


def test_drawers_are_the_cashiers_where_the_store_balances_by_cashier() -> None:
    log = Log()
    log.add(StoreRegistered("367", Settings("own", "America/New_York", "USD", balancing="cashier")), day="")
    first = till(1, ("milk", 1, 100), paid=[("cash", 100)])
    second = till(2, ("milk", 1, 250), paid=[("cash", 250)], cashier="c2")
    log.add(batch(first, second, registers=[register()]))
    log.add(declared("c2", "cashier", cash=250))
    assert log.figures("drawer", "drawer", "over_short") == {"c1": None, "c2": Decimal(0)}


def test_the_past_of_drawers_is_what_it_was_known_to_be() -> None:
    log = Log()
    log.add(batch(till(1, ("milk", 1, 2_000), paid=[("cash", 2_000)]), registers=[register()]))
    log.add(batch(till(1, ("milk", 1, 300), paid=[("cash", 300)]), registers=[register()]), "31")
    log.add(declared(cash=2_000))
    log.the_past_is_what_it_was("drawer")
    log.any_order_gives_the_same(["31", "367", "367"])
