"""Sealed days, quarantine and refusals through the view: what was sealed stays readable for ever (facts.md 4)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec

from domain.audit.facts import SubmissionRefused
from domain.sales.facts import (
    Conflict,
    ConflictResolved,
    DayRestated,
    DrawerDeclared,
    MissingNumbers,
    NoSalesDeclared,
    OverShort,
    Rejected,
    Totals,
)
from domain.sales.facts import DayClosed as Closed
from tests.support.log import Log
from tests.support.tills import batch, register, restated, sealed, till


def a_restated_day() -> Log:
    log = Log()
    log.add(batch(till(1, ("milk", 1, 100)), till(3, ("milk", 1, 200))))
    log.add(sealed(300, 2, MissingNumbers("1", 2, 2, "middle")))
    log.add(batch(till(2, ("milk", 1, 50)), after_close=1))
    log.add(restated(1, 50, 350))
    return log


def test_the_sealed_figures_stay_beside_what_was_restated_and_what_holds_now() -> None:
    log = a_restated_day()
    figures = log.figures("days", "store", "sealed_net restated_net net restatements sealed_receipts receipts gaps")
    assert figures == {"367": (Decimal(3), Decimal("0.5"), Decimal("3.5"), 1, 2, 3, 1)}


def test_sealed_plus_restated_is_what_holds_at_every_position_after_the_seal() -> None:
    log = a_restated_day()
    for item in (log.recorded[1], log.recorded[3]):
        figures = log.figures("days", "state", "sealed_net restated_net net", known_at=item.position)
        ((was, added, now),) = figures.values()
        assert was + added == now


def test_the_state_of_a_day_is_as_it_was_known() -> None:
    log = a_restated_day()
    states = [log.figures("days", "state", "store_days", known_at=item.position) for item in log.recorded]
    assert states == [{"audited": 1}, {"closed": 1}, {"closed": 1}, {"restated": 1}]


def test_a_day_goes_from_open_to_restated_by_what_is_still_to_be_done() -> None:
    log = Log()
    log.add(counted(0, drawer="2"))
    log.add(batch(till(1, ("milk", 1, 100), paid=[("cash", 100)]), registers=[register(last=2)]))
    log.add(counted(100))
    log.add(batch(till(2, kind="no_sale"), registers=[register()], conflicts=[conflict(1, "x")]))
    log.add(ConflictResolved("1", 1, "x", "first", "keep_first", "the till says so", "USD"))
    log.add(sealed(100, 1))
    log.add(batch(till(3, ("milk", 1, 50)), after_close=1))
    log.add(restated(1, 50, 150))
    states = [next(iter(log.figures("days", "state", "store_days", known_at=at.position))) for at in log.recorded]
    assert states == ["open", "loading", "totalled", "totalled", "audited", "closed", "closed", "restated"]


def test_a_drawer_that_only_opened_is_to_be_counted_too() -> None:
    log = Log()
    log.add(batch(till(1, kind="no_sale"), registers=[register()]))
    assert log.figures("days", "state", "store_days") == {"loading": 1}


def test_a_day_declared_without_sales_is_audited_until_it_is_sealed() -> None:
    log = Log()
    log.add(NoSalesDeclared())
    assert log.figures("days", "state", "store_days") == {"audited": 1}


def test_over_and_short_as_sealed_stand_beside_what_they_are_now() -> None:
    log = Log()
    log.add(batch(till(1, ("milk", 1, 100), paid=[("cash", 100)]), registers=[register()]))
    uncounted = log.add(batch(till(2, ("milk", 1, 50), paid=[("cash", 50)]), registers=[register()]))
    log.add(counted(140))
    over_short = [OverShort("1", "cash", 150, 140)]
    seal = log.add(msgspec.structs.replace(sealed(150, 2), over_short=over_short))
    log.add(batch(till(3, ("milk", 1, 30), paid=[("cash", 30)]), after_close=1, registers=[register()]))
    log.add(msgspec.structs.replace(restated(1, 30, 180), over_short=[OverShort("1", "cash", 180, 140)]))
    named = "sealed_over_short over_short"
    figures = {at: log.figures("days", "store", named, known_at=at) for at in (uncounted, seal)}
    assert figures[uncounted] == {"367": (Decimal(0), None)}, "a count is blind"
    assert figures[seal] == {"367": (Decimal("-0.1"), Decimal("-0.1"))}
    assert log.figures("days", "store", named) == {"367": (Decimal("-0.1"), Decimal("-0.4"))}
    (last,) = [item.fact.over_short for item in log.recorded if isinstance(item.fact, DayRestated)]
    assert Decimal(last[0].declared - last[0].expected).scaleb(-2) == Decimal("-0.4"), "as the restatement says"


def test_a_seal_tells_its_hash_and_the_moment_it_was_recorded() -> None:
    log = a_restated_day()
    found = log.figures("days", "store business_day", "sealed_hash sealed_version sealed_at")
    at = dt.datetime(2017, 3, 5, 12, 0, 1, tzinfo=dt.UTC)
    assert found == {("367", dt.date(2017, 3, 5)): ("ab" * 32, 1, at)}


def test_a_day_without_sales_is_sealed_at_nothing() -> None:
    log = Log()
    log.add(NoSalesDeclared())
    log.add(Closed(Totals(""), 1, "ab" * 32))
    assert log.figures("days", "state", "store_days sealed_net sealed_transactions") == {"closed": (1, Decimal(0), 0)}


def counted(cash: int, drawer: str = "1") -> DrawerDeclared:
    return DrawerDeclared(drawer, "register", "USD", ["cash"], [cash])


def conflict(number: int, came: str, again: bool = False) -> Conflict:
    return Conflict("1", number, came, "first", "changed_content", f"bytes-{came}", 99, again=again)


def quarantined(log: Log, **asked: Any) -> dict[Any, Any]:
    return log.figures("quarantine", "number hash status", "conflicts", **asked)


def test_a_conflict_is_open_until_headquarters_decides() -> None:
    log = Log()
    log.add(batch(till(1), conflicts=[conflict(1, "x"), conflict(2, "y")]))
    before = log.add(batch(conflicts=[conflict(1, "x", again=True)]))
    log.add(ConflictResolved("1", 1, "x", "first", "keep_first", "the till says so", "USD"))
    log.add(ConflictResolved("1", 2, "y", "first", "replace", "keyed twice", "USD"))
    assert quarantined(log) == {(1, "x", "kept_first"): 1, (2, "y", "replaced"): 1}
    assert quarantined(log, known_at=before) == {(1, "x", "open"): 1, (2, "y", "open"): 1}


def test_what_was_refused_is_listed_with_field_and_reason() -> None:
    log = Log()
    log.add(batch(rejected=[Rejected("bad_value", "/transactions/0/lines/0/net", "is not a number", "aa", 120)]))
    log.add(
        SubmissionRefused(
            "malformed", "/", "is no JSON", "bb", 70, 70, store="31", day="2017-03-04", source="a.ndjson:3"
        ),
        "access",
        "",
    )
    refused = log.figures("refused", "store business_day code source field", "refused bytes_length")
    assert refused == {
        ("367", dt.date(2017, 3, 5), "bad_value", "b-1", "/transactions/0/lines/0/net"): (1, 120),
        ("31", dt.date(2017, 3, 4), "malformed", "a.ndjson:3", "/"): (1, 70),
    }


def test_a_refusal_for_no_day_at_all_counts_on_the_day_it_was_refused() -> None:
    log = Log()
    log.add(SubmissionRefused("malformed", "/", "no", "bb", 7, 7, day="2017-02-30"), "access", "")
    assert log.figures("refused", "business_day", "refused") == {dt.date(2017, 3, 5): 1}


def test_the_past_of_days_is_what_it_was_known_to_be() -> None:
    log = a_restated_day()
    log.add(batch(till(1, ("milk", 1, 30)), conflicts=[conflict(1, "x")]), "31")
    log.add(SubmissionRefused("malformed", "/", "no", "bb", 7, 7), "access", "")
    log.add(ConflictResolved("1", 1, "x", "first", "keep_first", "kept", "USD"), "31")
    log.add(batch(till(9, ("milk", 1, 30), paid=[("cash", 30)]), registers=[register(last=12)]), "31", "2017-03-06")
    log.add(counted(30), "31", "2017-03-06")
    log.the_past_is_what_it_was("days", "quarantine", "refused")
    log.any_order_gives_the_same(["access", "31", "367", "31", "367"])
