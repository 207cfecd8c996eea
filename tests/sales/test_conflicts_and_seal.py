"""Conflicts and the seal at a real desk: headquarters' decision needs the kept bytes, the seal the stored facts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import Context
from domain.sales.facts import (
    ConflictResolved,
    DayClosed,
    DayRestated,
    MissingNumbers,
    OverShort,
    Totals,
    TransactionReversed,
)
from domain.sales.outcomes import (
    DrawerNotDeclared,
    NoOpenConflict,
    NumberTaken,
)
from domain.sales.trading_day import day_stream
from projections.questions import Asked
from services.runtime.house import House
from services.runtime.settings import Settings
from tests.support.house import (
    DAY,
    NEXT_DAY,
    NOON,
    STORE,
    Desk,
    a_store,
    batch,
    closing,
    columns,
    declaration,
    line,
    no_sales,
    open_desk,
    refund,
    resolution,
    sale,
    tender,
)

STREAM = day_stream(STORE, DAY)


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    with open_desk(tmp_path, a_store()) as opened:
        yield opened


FIRST = sale(1)
SECOND = sale(1, line(net="5.00", quantity="2"))


def test_keeping_the_first_leaves_the_day_as_it_is_and_remembers_the_second(desk: Desk) -> None:
    assert desk.send(batch(FIRST), batch(SECOND, batch_id="b2"), resolution(1, "keep_first")) is True
    assert (desk.day().totals.net, desk.day().conflicts) == (200, {})
    again = desk.send(batch(SECOND, FIRST, batch_id="b3"))
    assert (again.duplicate, again.conflict, again.accepted) == (2, 0, 0)


def test_replacing_reverses_the_first_at_its_own_values_and_accepts_the_second_in_one_save(desk: Desk) -> None:
    desk.send(batch(FIRST, sale(2)), batch(SECOND, batch_id="b2"))
    before = desk.store.head()
    desk.send(resolution(1, "replace"))
    facts = [each.fact for each in desk.store.after(before, 100)]
    assert len({each.meta.recorded_at for each in desk.store.after(before, 100)}) == 1
    assert [fact.transactions.net for fact in facts if isinstance(fact, TransactionReversed)] == [[200]]
    (resolved,) = (fact for fact in facts if isinstance(fact, ConflictResolved))
    assert resolved.accepted is not None
    assert resolved.accepted.net == [500]
    day = desk.day()
    assert (day.totals.net, day.totals.transactions, day.totals.tendered) == (700, 2, {"cash": 700})
    assert day.keys["T1", 0, 1] == columns(SECOND).hash[0]
    again = desk.send(batch(FIRST, SECOND, batch_id="b3"))
    assert (again.duplicate, again.conflict, again.accepted) == (2, 0, 0)
    assert desk.ledger().holding("milk").quantity == -3_000


def test_replacing_in_a_sealed_day_restates_it_with_both_facts_as_causes(desk: Desk) -> None:
    desk.send(batch(FIRST), batch(SECOND, batch_id="b2"), declaration({"cash": "2.00"}, register="T1"), closing())
    desk.send(resolution(1, "replace"))
    (restated,) = desk.facts(DayRestated)
    assert (restated.number, restated.delta.net, restated.delta.transactions, restated.totals.net) == (1, 300, 0, 500)
    assert restated.causes == [f"{STREAM}#5", f"{STREAM}#6"]
    assert desk.day().state == "restated"


def test_replacing_in_a_sealed_day_restates_it_even_where_no_total_moves(desk: Desk) -> None:
    """facts.md 4: each save that changes a sealed day also records DayRestated."""
    desk.send(batch(FIRST), batch(sale(1, line("salt")), batch_id="b2"))
    desk.send(declaration({"cash": "2.00"}, register="T1"), closing(), resolution(1, "replace"))
    (restated,) = desk.facts(DayRestated)
    assert restated.delta == Totals("USD")
    assert restated.totals.net == 200


def test_the_same_decision_again_changes_nothing_and_another_one_finds_nothing_open(desk: Desk) -> None:
    desk.send(batch(FIRST), batch(SECOND, batch_id="b2"), resolution(1, "replace"))
    head = desk.store.head()
    assert desk.send(resolution(1, "replace")) is False
    assert desk.store.head() == head
    assert desk.send(resolution(1, "keep_first")).code == NoOpenConflict.code
    assert desk.day().totals.net == 500


def test_keeping_the_first_does_not_restate_a_sealed_day(desk: Desk) -> None:
    desk.send(batch(FIRST), batch(SECOND, batch_id="b2"), declaration({"cash": "2.00"}, register="T1"), closing())
    desk.send(resolution(1, "keep_first"))
    assert desk.facts(DayRestated) == []


def test_a_suspected_repeat_that_is_kept_out_stays_out(desk: Desk) -> None:
    answer = desk.send(batch(FIRST), batch(FIRST, day=NEXT_DAY))
    assert [row.code for row in answer.listed] == ["suspected_repeat"]
    desk.send(resolution(1, "keep_first", day=NEXT_DAY))
    assert desk.send(batch(FIRST, day=NEXT_DAY, batch_id="b2")).duplicate == 1
    assert (desk.day().totals.net, desk.day(NEXT_DAY).totals.net) == (200, 0)


def test_a_suspected_repeat_that_holds_moves_from_the_neighbouring_day_and_restates_both(desk: Desk) -> None:
    desk.send(batch(FIRST, sale(2)), declaration({"cash": "4.00"}, register="T1"), closing())
    desk.send(batch(sale(2, day=NEXT_DAY), day=NEXT_DAY, batch_id="n1"), batch(FIRST, day=NEXT_DAY))
    desk.send(declaration({"cash": "2.00"}, day=NEXT_DAY, register="T1"), closing(NEXT_DAY))
    desk.send(resolution(1, "replace", day=NEXT_DAY))
    assert (desk.day().totals.net, desk.day(NEXT_DAY).totals.net) == (200, 400)
    assert [(each.delta.net, each.number) for each in desk.facts(DayRestated)] == [(200, 1), (-200, 1)] or [
        (each.delta.net, each.number) for each in desk.facts(DayRestated)
    ] == [(-200, 1), (200, 1)]
    assert desk.send(batch(FIRST, batch_id="b9")).duplicate == 1
    assert desk.send(batch(FIRST, batch_id="b9", day=NEXT_DAY)).duplicate == 1
    assert desk.ledger().holding("milk").quantity == -3_000


def test_a_moved_repeat_counts_into_the_drawer_of_its_new_day(desk: Desk) -> None:
    """The batch held nothing but the repeat, so its register is known to the day by the quarantine alone."""
    desk.send(batch(FIRST), batch(FIRST, sale(1, register="T2"), day=NEXT_DAY, batch_id="b2"))
    desk.send(batch(sale(1, register="T2"), batch_id="b3"))
    desk.send(resolution(1, "replace", day=NEXT_DAY))
    assert desk.day(NEXT_DAY).drawers.expected("register")["T1"] == {"cash": 200}


def test_a_repeat_cannot_take_the_place_of_another_transaction_that_came_meanwhile(desk: Desk) -> None:
    """One key, one transaction."""
    desk.send(batch(FIRST), batch(FIRST, day=NEXT_DAY), batch(SECOND, day=NEXT_DAY, batch_id="b2"))
    assert desk.send(resolution(1, "replace", day=NEXT_DAY)).code == NumberTaken.code
    day = desk.day(NEXT_DAY)
    assert (day.totals.net, desk.day().totals.net, len(day.conflicts)) == (500, 200, 1)
    assert desk.send(resolution(1, "keep_first", day=NEXT_DAY)) is True


def test_tax_cannot_move_into_the_prices_of_days_that_were_reported(desk: Desk) -> None:
    """Else the second would no longer foot, and what the first reversed would have another gross."""
    taxed = sale(1, line(net="5.00", tax="0.40"))
    desk.send(batch(FIRST), batch(taxed, batch_id="b2"))
    refused = desk.send(a_store(prices_include_tax=True))
    assert (refused.code, refused.field) == ("days_reported", "/prices_include_tax")
    assert desk.send(resolution(1, "replace")) is True
    assert (desk.day().totals.net, desk.day().totals.tax) == (500, 40)


def test_of_several_conflicts_on_one_number_the_hash_names_one(desk: Desk) -> None:
    third = sale(1, line(net="9.00"))
    desk.send(batch(FIRST), batch(SECOND, third, batch_id="b2"))
    assert desk.send(resolution(1, "replace")).code == NoOpenConflict.code
    desk.send(resolution(1, "replace", hash=columns(third).hash[0]))
    assert desk.day().totals.net == 900
    desk.send(resolution(1, "replace"))
    assert desk.day().totals.net == 500
    assert desk.send(resolution(1, "keep_first")).code == NoOpenConflict.code


# -- the seal proves what it sealed


def test_the_seal_holds_the_hash_over_the_stored_facts_of_its_day(desk: Desk) -> None:
    sent = desk.send_together(
        batch(sale(1)),
        batch(sale(2), sale(2), batch_id="b2"),
        batch(sale(1, day=NEXT_DAY), day=NEXT_DAY),
        declaration({"cash": "4.00"}, register="T1"),
        closing(),
        batch(sale(3), batch_id="b3"),
    )
    assert sent[4] is True
    chain, versions = b"", 0
    for recorded, body in desk.store.stream(STREAM):
        if isinstance(recorded.fact, DayClosed):
            assert (recorded.fact.sealed_hash, recorded.fact.sealed_version) == (chain.hex(), versions)
            break
        chain, versions = hashlib.sha256(chain + body).digest(), recorded.version
    else:
        pytest.fail("the day was not sealed")
    assert versions == 3


def test_the_seal_is_the_same_after_the_desk_was_opened_again(tmp_path: Path) -> None:
    seals = []
    for name in ("straight", "reopened"):
        with open_desk(
            tmp_path / name, a_store(), batch(sale(1)), declaration({"cash": "2.00"}, register="T1")
        ) as desk:
            if name == "straight":
                desk.send(closing())
                seals += desk.facts(DayClosed)
        if name == "reopened":
            with open_desk(tmp_path / name, closing()) as desk:
                seals += desk.facts(DayClosed)
    assert seals[0] == seals[1]
    assert len(seals[0].sealed_hash) == 64


def test_a_register_that_numbers_on_is_measured_from_its_nearest_earlier_day(desk: Desk) -> None:
    desk.send(batch(sale(1, register="RUN"), sale(2, register="RUN"), day="2026-03-02"))
    desk.send(batch(sale(5, register="RUN")), declaration({"cash": "2.00"}, register="RUN"), closing())
    assert desk.facts(DayClosed)[0].missing == [MissingNumbers("RUN", 3, 4, "head")]


def test_the_seal_and_the_view_see_the_same_gaps_after_a_register_rested_for_two_months(tmp_path: Path) -> None:
    with House(Settings(data=tmp_path), "a pause", lambda: NOON) as house:

        def tell(*bodies: bytes) -> None:
            commands = [(house.intake.line(body), Context()) for body in bodies]
            for outcome in house.writer.submit_all(commands).result(timeout=30):
                assert not isinstance(outcome, Exception), outcome

        tell(a_store(), batch(sale(1, register="RUN", day="2025-12-30"), day="2025-12-30"))
        for day in ("2026-01-10", "2026-02-20", "2026-03-01"):  # others went on
            tell(batch(sale(1, day=day), day=day))
        tell(
            batch(sale(2, register="RUN", day="2026-01-04"), day="2026-01-04"),
            batch(sale(5, register="RUN")),
            declaration({"cash": "2.00"}, register="RUN"),
            closing(),
        )
        house.settle()
        asked = Asked("gaps", by=("first", "last", "place"), where=(("business_day", DAY),))
        seen = [(row["first"], row["last"], row["place"]) for row in house.views.ask(asked).rows()]
        (seal,) = [each.fact for each in house.store.after(0, 100) if isinstance(each.fact, DayClosed)]
    assert [(gap.first, gap.last, gap.place) for gap in seal.missing] == seen == [(3, 4, "head")]


def test_an_earlier_day_that_waits_in_the_same_group_is_kept_before_the_seal_looks_back(desk: Desk) -> None:
    desk.send(batch(sale(4, register="RUN")), declaration({"cash": "2.00"}, register="RUN"))
    desk.send_together(batch(sale(3, register="RUN", day="2025-12-01"), day="2025-12-01"), closing())
    assert desk.facts(DayClosed)[0].missing == []


def test_the_earlier_days_of_a_store_are_its_own_and_the_latest_comes_first(desk: Desk) -> None:
    desk.send(a_store("11"), a_store("A_1"), a_store("A.1"))
    days = ["2025-11-30", "2026-01-04", "2026-03-04"]
    for day in days:
        desk.send(batch(sale(1, day=day), day=day), batch(sale(1, day=day), day=day, store="11"))
    desk.send(
        batch(sale(1, day="2026-03-03"), day="2026-03-03", store="11"), batch(sale(1)), batch(sale(1), store="A.1")
    )
    assert desk.store.earlier(STREAM, 9) == [day_stream(STORE, day) for day in reversed(days)]
    assert desk.store.earlier(STREAM, 2) == [day_stream(STORE, day) for day in reversed(days[1:])]
    assert desk.store.earlier(day_stream(STORE, days[0]), 9) == []
    assert desk.store.earlier(day_stream("A_1", NEXT_DAY), 9) == []


# -- drawers


def test_a_count_and_its_correction_after_the_seal_restate_the_day(desk: Desk) -> None:
    desk.send(batch(FIRST), declaration({"Cash": "2.00"}, register="T1"), closing())
    desk.send(batch(sale(1, register="T2"), batch_id="b2"), declaration({"cash": "1.50"}, register="T2"))
    correction = declaration({"cash": "2.00"}, register="T2", corrects=True, reason="a roll of coins was overlooked")
    assert desk.send(declaration({"cash": "2.00"}, register="T2")).code == "already_declared"
    assert desk.send(correction) is True
    late, counted, corrected = desk.facts(DayRestated)
    assert (late.delta.tendered, late.totals.tendered) == ({}, {})
    assert (counted.delta.tendered, counted.totals.tendered) == ({"cash": 200}, {"cash": 400})
    assert counted.over_short[-1] == OverShort("T2", "cash", 200, 150)
    assert (corrected.delta, corrected.over_short[-1]) == (Totals("USD"), OverShort("T2", "cash", 200, 200))
    assert desk.send(correction) is False


@pytest.mark.parametrize(
    ("balancing", "named", "field"),
    [
        ("store", {"register": "T1"}, "/register"),
        ("store", {"cashier": "anna"}, "/cashier"),
        ("cashier", {"register": "T1"}, "/register"),
        ("cashier", {"cashier": "ben"}, "/cashier"),
        ("register", {"register": "T2"}, "/register"),
    ],
)
def test_a_count_names_a_drawer_that_the_store_has_and_used(
    balancing: str, named: dict[str, str], field: str, tmp_path: Path
) -> None:
    with open_desk(tmp_path, a_store(balancing=balancing), batch(sale(1, cashier="anna"))) as desk:
        refused = desk.send(declaration({"cash": "2.00"}, **named))
        assert (refused.code, refused.field) == ("unknown_drawer", field)


def test_no_sales_closes_a_day_at_the_desk(desk: Desk) -> None:
    assert desk.send(no_sales(), closing()) is True
    assert desk.day().state == "closed"


def test_a_cashier_nobody_named_can_be_counted_where_the_store_balances_by_cashier(tmp_path: Path) -> None:
    with open_desk(tmp_path, a_store(balancing="cashier"), batch(sale(1), sale(2, cashier="anna"))) as desk:
        desk.send(declaration({"cash": "2.00"}, cashier="anna"))
        assert desk.send(closing()).code == DrawerNotDeclared.code
        desk.send(declaration({"cash": "2.00"}))
        assert desk.send(closing()) is True


def test_a_refund_is_no_new_sale_of_the_same_number(desk: Desk) -> None:
    desk.send(batch(sale(1), refund(2, original={"number": 1, "register": "T1"}, tenders=[tender("-2.00", "card")])))
    assert desk.day().totals.tendered == {"card": -200, "cash": 200}
    assert desk.day().totals.net == 0
