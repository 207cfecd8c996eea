"""What a trading day decides about counts of drawers: blind also after the seal, corrected with a reason, of use."""

from __future__ import annotations

import msgspec
import pytest

from domain.sales.facts import DayRestated, DrawerDeclared, OverShort, Totals
from domain.sales.outcomes import UnknownDrawer
from tests.sales.test_sales_decisions import CASH_OF_T1, STREAM, a_day, counted, reported, sealed
from tests.support.decisions import given
from tests.support.house import line, sale


def test_before_a_late_drawer_is_counted_no_restatement_tells_its_cash() -> None:
    """facts.md 4: blind. The restatement that the count makes adds what was left out."""
    both = [CASH_OF_T1, msgspec.structs.replace(CASH_OF_T1, code="T2")]
    seal = sealed(Totals("USD", 1, 1, 1, 200, tendered={"cash": 200}))
    day = given(a_day(), reported(sale(1), registers=both), counted(), seal).aggregate
    late = reported(sale(1, line(net="7.00"), register="T2"), batch_id="b2", registers=both)
    given(day, late)
    day._restate([4])
    (blind,) = (pending.fact for pending in day.collect())
    assert isinstance(blind, DayRestated)
    assert (blind.delta.net, blind.totals.net) == (700, 900)
    assert "cash" not in {*blind.delta.tendered, *blind.totals.tendered}
    assert [row.drawer for row in blind.over_short] == ["T1"]
    day.declare_drawer("T2", "register", "USD", {"cash": 650})
    count, told = (pending.fact for pending in day.collect())
    assert isinstance(count, DrawerDeclared)
    assert told == DayRestated(
        2,
        Totals("USD", tendered={"cash": 700}),
        Totals("USD", 2, 2, 2, 900, tendered={"cash": 900}),
        [f"{STREAM}#6"],
        [OverShort("T1", "cash", 200, 200), OverShort("T2", "cash", 700, 650)],
    )


def test_a_wrong_count_is_corrected_and_the_latest_holds() -> None:
    day = given(a_day(), reported(sale(1)), counted(amount=20)).aggregate
    given(day).when(
        lambda day: day.declare_drawer("T1", "register", "USD", {"cash": 200}, "a zero too few", corrects=True)
    ).then(DrawerDeclared("T1", "register", "USD", ["cash"], [200], corrects=True))
    assert day.drawers.over_short("register") == [OverShort("T1", "cash", 200, 200)]
    given(day).when(
        lambda day: day.declare_drawer("T1", "register", "USD", {"cash": 200}, "again", corrects=True)
    ).then_nothing().then_answered(False)


@pytest.mark.parametrize(
    ("drawer", "balancing", "field"), [("T2", "register", "/register"), ("ben", "cashier", "/cashier")]
)
def test_no_money_is_counted_in_a_drawer_that_nothing_went_through(drawer: str, balancing: str, field: str) -> None:
    used = reported(sale(1, cashier="anna"))
    given(a_day(), used).when(lambda day: day.declare_drawer(drawer, balancing, "USD", {"cash": 1})).then_refused(
        UnknownDrawer, field
    )
    given(a_day(), used).when(lambda day: day.declare_drawer(drawer, balancing, "USD", {"cash": 0})).then(
        DrawerDeclared(drawer, balancing, "USD", ["cash"], [0])
    )
