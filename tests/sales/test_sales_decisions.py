"""What a trading day decides: the five outcomes, conflicts, counts, the seal and what comes after it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.kernel import Fact
from domain.sales.facts import Conflict as Quarantined
from domain.sales.facts import (
    DayClosed,
    DayRestated,
    DrawerDeclared,
    MissingNumbers,
    NoSalesDeclared,
    OverShort,
    RegisterState,
    Rejected,
    SalesReported,
    Totals,
)
from domain.sales.outcomes import (
    AlreadyDeclared,
    Answer,
    BatchIdTaken,
    DrawerNotDeclared,
    NothingReported,
    SalesExist,
)
from domain.sales.selection import select, split
from domain.sales.trading_day import TradingDay, day_stream
from tests.support.decisions import Decision, given
from tests.support.house import (
    DAY,
    NEXT_DAY,
    STORE,
    TERMS,
    Json,
    columns,
    line,
    sale,
)

STREAM = day_stream(STORE, DAY)
CASH_OF_T1 = RegisterState("T1", "daily", 1, drawer=True)


def a_day(day: str = DAY) -> TradingDay:
    return TradingDay(day_stream(STORE, day), STORE, day)


def reported(*transactions: Json, batch_id: str = "b1", **more: Any) -> SalesReported:
    more = {"registers": [CASH_OF_T1]} | more
    return SalesReported(batch_id, "hash of " + batch_id, "USD", columns(*transactions), **more)


def sealed(totals: Totals) -> DayClosed:
    return DayClosed(totals, 1, "")


def outcomes(day: TradingDay, *transactions: Json, beside: tuple[TradingDay, ...] = ()) -> tuple[int, int, list[Any]]:
    """How many are new and how many came before, and why each of the rest clashes."""
    came = columns(*transactions)
    verdict = day.judge(came, beside)
    new = len(came) if verdict.new is None else len(verdict.new)
    return new, verdict.duplicates, [(clash.of, clash.why, clash.again) for clash in verdict.clashes]


def report(day: TradingDay, *transactions: Json, batch_id: str = "b2", **more: Any) -> Answer:
    """Judge and report, as the desk does."""
    came = columns(*transactions)
    verdict = day.judge(came, ())
    new = came if verdict.new is None else select(came, verdict.new)
    return day.report(batch_id, "hash of " + batch_id, TERMS, list(split(new)), (), verdict.duplicates, **more)


# -- the five outcomes


def test_a_transaction_with_a_new_key_is_accepted() -> None:
    assert outcomes(a_day(), sale(1), sale(2)) == (2, 0, [])


def test_the_same_number_at_another_register_is_another_key() -> None:
    assert outcomes(given(a_day(), reported(sale(1))).aggregate, sale(1, register="T2")) == (1, 0, [])


def test_the_same_number_in_another_epoch_is_another_key() -> None:
    assert outcomes(given(a_day(), reported(sale(1))).aggregate, sale(1, epoch=1)) == (1, 0, [])


def test_the_same_key_with_the_same_content_is_a_duplicate() -> None:
    assert outcomes(given(a_day(), reported(sale(1))).aggregate, sale(1), sale(2)) == (1, 1, [])


def test_the_same_key_with_other_content_is_a_conflict_and_changes_nothing() -> None:
    day = given(a_day(), reported(sale(1))).aggregate
    assert outcomes(day, sale(1, line(net="3.00"))) == (0, 0, [(0, "changed_content", False)])
    assert day.totals.net == 200


def test_within_one_batch_the_first_stands_and_the_rest_are_duplicates_or_conflicts() -> None:
    came = (sale(1), sale(1), sale(1, line(net="3.00")), sale(2))
    assert outcomes(a_day(), *came) == (2, 1, [(2, "changed_content", False)])


def test_content_that_stands_under_a_neighbouring_day_is_suspected_of_being_a_repeat() -> None:
    before = given(a_day(), reported(sale(1))).aggregate
    day = a_day(NEXT_DAY)
    verdict = day.judge(columns(sale(1), sale(2)), [before])
    assert verdict.new == [1]
    assert [(clash.why, clash.first_day) for clash in verdict.clashes] == [("suspected_repeat", DAY)]


def test_another_content_under_a_neighbouring_day_is_no_repeat() -> None:
    before = given(a_day(), reported(sale(1))).aggregate
    assert outcomes(a_day(NEXT_DAY), sale(1, line(net="2.01")), beside=(before,)) == (1, 0, [])


def test_a_quarantined_transaction_that_comes_again_is_marked_and_so_is_its_twin_in_one_batch() -> None:
    other = sale(1, line(net="3.00"))
    clash = Quarantined("T1", 1, columns(other).hash[0], "", "changed_content", "", 0)
    day = given(a_day(), reported(sale(1), conflicts=[clash])).aggregate
    assert outcomes(day, other) == (0, 0, [(0, "changed_content", True)])
    fresh = given(a_day(), reported(sale(1))).aggregate
    assert outcomes(fresh, other, other)[2] == [(0, "changed_content", False), (1, "changed_content", True)]


def test_the_answer_counts_every_outcome_and_lists_what_was_not_simply_accepted() -> None:
    rejected = Rejected("bad_value", "/transactions/3/at", "is no time", "f" * 64, 20, "T1", 9)
    clash = Quarantined("T1", 1, "came", "first", "changed_content", "e" * 64, 10)
    day = given(a_day(), reported(sale(1))).aggregate
    answer = report(day, sale(1), sale(2), sale(3), conflicts=[clash], rejected=[rejected])
    assert (answer.accepted, answer.duplicate, answer.conflict, answer.rejected, answer.after_close) == (2, 1, 1, 1, 0)
    assert [(row.outcome, row.code, row.number) for row in answer.listed] == [
        ("conflict", "changed_content", 1),
        ("rejected", "bad_value", 9),
    ]


def test_the_same_batch_id_with_the_same_bytes_gives_the_first_answer_again() -> None:
    day = a_day()
    first = report(day, sale(1), sale(2), batch_id="b1")
    assert day.answered("b1", "hash of b1") == msgspec.structs.replace(first, replayed=True)
    assert day.answered("b2", "hash of b1") is None


def test_the_same_batch_id_with_other_bytes_is_refused() -> None:
    given(a_day(), reported(sale(1))).when(lambda day: day.answered("b1", "others")).then_refused(
        BatchIdTaken, "/batch_id"
    )


def test_a_batch_too_large_for_one_fact_has_one_answer() -> None:
    day = a_day()
    answer = report(day, *(sale(number) for number in range(1, 2_001)))
    facts = [pending.fact for pending in day.collect()]
    assert len(facts) > 1
    assert (answer.accepted, len(day.keys)) == (2_000, 2_000)
    assert [fact.part for fact in facts if isinstance(fact, SalesReported)] == list(range(1, len(facts) + 1))
    assert given(a_day(), *facts).aggregate.answered("b2", "hash of b2") == msgspec.structs.replace(
        answer, replayed=True
    )


# -- after the seal


def test_a_late_sale_is_accepted_and_restates_the_sealed_day() -> None:
    first = reported(sale(1))
    day = given(a_day(), first, sealed(Totals("USD", 1, 1, 1, 200, tendered={"cash": 200}))).aggregate
    answer = report(day, sale(1), sale(2, line(net="3.00"), line("salt", "1.00")))
    assert (answer.accepted, answer.after_close, answer.duplicate) == (0, 1, 1)
    late, restated = (pending.fact for pending in day.collect())
    assert isinstance(late, SalesReported)
    assert late.after_close == 1
    assert restated == DayRestated(
        1,
        Totals("USD", 1, 1, 2, 400, tendered={"cash": 400}),
        Totals("USD", 2, 2, 3, 600, tendered={"cash": 600}),
        [f"{STREAM}#3"],
    )
    assert day.state == "restated"


def test_restatements_are_numbered_and_the_seal_stays_readable() -> None:
    day = given(a_day(), reported(sale(1)), sealed(Totals("USD", 1, 1, 1, 200))).aggregate
    report(day, sale(2), batch_id="b2")
    report(day, sale(3), batch_id="b3")
    restated = [pending.fact for pending in day.collect() if isinstance(pending.fact, DayRestated)]
    assert [(each.number, each.delta.net, each.totals.net) for each in restated] == [(1, 200, 400), (2, 200, 600)]
    assert day.sealed is not None
    assert day.sealed.totals.net == 200


def test_a_late_batch_in_many_facts_is_one_restatement_with_every_fact_as_its_cause() -> None:
    day = given(a_day(), reported(sale(1)), sealed(Totals("USD", 1, 1, 1, 200))).aggregate
    report(day, *(sale(number) for number in range(2, 1_800)))
    *parts, restated = (pending.fact for pending in day.collect())
    assert isinstance(restated, DayRestated)
    assert restated.causes == [f"{STREAM}#{version}" for version in range(3, 3 + len(parts))]


def test_a_late_duplicate_does_not_restate() -> None:
    day = given(a_day(), reported(sale(1)), sealed(Totals("USD", 1, 1, 1, 200))).aggregate
    report(day, sale(1))
    assert [type(pending.fact) for pending in day.collect()] == [SalesReported]
    assert day.state == "closed"


# -- no sales


def test_a_day_without_sales_is_declared_once() -> None:
    given(a_day()).when(lambda day: day.declare_no_sales("stocktaking")).then(NoSalesDeclared("stocktaking"))
    given(a_day(), NoSalesDeclared()).when(lambda day: day.declare_no_sales("again")).then_nothing().then_answered(
        False
    )


def test_a_day_with_transactions_cannot_be_declared_without_sales() -> None:
    given(a_day(), reported(sale(1))).when(lambda day: day.declare_no_sales("")).then_refused(
        SalesExist, "/business_day"
    )


# -- counting and closing


def close(*facts: Fact, balancing: str = "register") -> Decision[TradingDay]:
    return given(a_day(), *facts).when(lambda day: day.close(balancing, {}))


def counted(drawer: str = "T1", amount: int = 200, balancing: str = "register") -> DrawerDeclared:
    return DrawerDeclared(drawer, balancing, "USD", ["cash"], [amount])


def test_a_day_of_which_nobody_said_anything_cannot_be_closed() -> None:
    close().then_refused(NothingReported)


def test_a_day_declared_without_sales_closes_with_nothing_in_it() -> None:
    close(NoSalesDeclared()).then(DayClosed(Totals(""), 1, ""))


def test_a_drawer_that_was_used_is_counted_before_the_day_closes() -> None:
    close(reported(sale(1))).then_refused(DrawerNotDeclared, "/business_day")
    close(reported(sale(1)), counted("T2")).then_refused(DrawerNotDeclared, "/business_day")
    assert close(reported(sale(1)), counted()).answer is True


def test_a_register_without_a_drawer_closes_without_a_declaration() -> None:
    kiosk = RegisterState("KIOSK", "daily", 1, drawer=False)
    assert close(reported(sale(1, register="KIOSK"), registers=[kiosk])).answer is True


def test_a_sealed_day_is_closed_once() -> None:
    close(reported(sale(1)), counted(), sealed(Totals("USD"))).then_nothing().then_answered(False)


def test_the_seal_lists_gaps_open_conflicts_and_what_is_over_or_short() -> None:
    clash = Quarantined("T1", 2, "came", "first", "changed_content", "", 0)
    till = msgspec.structs.replace(CASH_OF_T1, last_number=7)
    day = (reported(sale(2), sale(4), registers=[till], conflicts=[clash]), counted(amount=350))
    close(*day).then(
        DayClosed(
            Totals("USD", 2, 2, 2, 400, tendered={"cash": 400}),
            2,
            "",
            [
                MissingNumbers("T1", 1, 1, "head"),
                MissingNumbers("T1", 3, 3, "middle"),
                MissingNumbers("T1", 5, 7, "tail"),
            ],
            ["T1/2/came"],
            [OverShort("T1", "cash", 400, 350)],
        )
    )


def test_the_same_count_again_is_nothing_new_and_another_is_refused_because_it_is_no_longer_blind() -> None:
    given(a_day(), reported(sale(1)), counted()).when(
        lambda day: day.declare_drawer("T1", "register", "USD", {"cash": 200})
    ).then_nothing().then_answered(False)
    given(a_day(), reported(sale(1)), counted()).when(
        lambda day: day.declare_drawer("T1", "register", "USD", {"cash": 201})
    ).then_refused(AlreadyDeclared, "/counts")


def test_the_count_is_recorded_without_what_was_expected() -> None:
    """Blind: before the declaration, expected cash shows nowhere, the fact of the count included."""
    given(a_day(), reported(sale(1))).when(
        lambda day: day.declare_drawer("T1", "register", "USD", {"cash": 150, "card": 20}, "evening")
    ).then(DrawerDeclared("T1", "register", "USD", ["cash", "card"], [150, 20]))


@pytest.mark.parametrize(
    ("balancing", "drawers"),
    [("register", ["T1", "T2"]), ("cashier", ["anna", "ben"]), ("store", [""])],
)
def test_the_balancing_level_says_which_drawers_are_counted(balancing: str, drawers: list[str]) -> None:
    sold = (
        sale(1, cashier="anna"),
        sale(2, cashier="ben"),
        sale(1, line(net="3.00"), register="T2", cashier="anna"),
    )
    both = [CASH_OF_T1, msgspec.structs.replace(CASH_OF_T1, code="T2")]
    counts = [counted(drawer, 100, balancing) for drawer in drawers]
    for missing in range(len(counts)):
        close(reported(*sold, registers=both), *counts[:missing], balancing=balancing).then_refused(
            DrawerNotDeclared, "/business_day"
        )
    seal = close(reported(*sold, registers=both), *counts, balancing=balancing).facts[0]
    assert isinstance(seal, DayClosed)
    expected = {"register": [400, 300], "cashier": [500, 200], "store": [700]}[balancing]
    assert [(row.drawer, row.expected) for row in seal.over_short] == list(zip(drawers, expected, strict=True))


def test_the_states_of_a_day() -> None:
    day = a_day()
    states = [day.state]
    for fact in (
        reported(sale(2)),  # number 1 is missing
        counted(),
        reported(sale(1), batch_id="b2"),
        sealed(Totals("USD", 2, 2, 2, 400)),
        DayRestated(1, Totals("USD"), Totals("USD"), []),
    ):
        given(day, fact)
        states.append(day.state)
    assert states == ["open", "loading", "totalled", "audited", "closed", "restated"]
    assert given(a_day(), NoSalesDeclared()).aggregate.state == "audited"
