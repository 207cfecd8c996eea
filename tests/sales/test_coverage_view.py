"""Coverage through the view: where each store-day stands, looked at from a day (facts.md 3 and 5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from domain.sales.facts import NoSalesDeclared
from domain.stores.commands import Calendar
from domain.stores.facts import Settings, StoreRegistered, StoreStatusChanged
from tests.support.log import Log
from tests.support.tills import batch, restated, sealed, till

FRIDAY, SATURDAY, SUNDAY, MONDAY = (dt.date(2017, 3, day) for day in (3, 4, 5, 6))
MON_TO_SAT = Calendar(("mon", "tue", "wed", "thu", "fri", "sat"))


def a_store(log: Log, code: str = "367", calendar: Calendar | None = None, since: str = "") -> None:
    log.add(StoreRegistered(code, Settings("own", "America/New_York", "USD", calendar=calendar), since), code, "")
    log.add(StoreStatusChanged("open", since), code, "")


def statuses(log: Log, store: str = "367", **asked: Any) -> dict[Any, Any]:
    asked.setdefault("first", FRIDAY)
    asked.setdefault("last", MONDAY)
    where = (("store", store),)
    rows = log.figures("coverage", "business_day status", "store_days", where=where, **asked)
    return dict(rows.keys())


def test_with_a_calendar_days_gone_by_are_overdue_or_missing_and_today_is_expected() -> None:
    log = Log()
    a_store(log, calendar=MON_TO_SAT)
    log.add(batch(till(1)), day="2017-03-03")
    assert statuses(log, as_of=MONDAY) == {FRIDAY: "overdue", SATURDAY: "missing", MONDAY: "expected"}


def test_what_is_overdue_depends_on_the_day_one_looks_from() -> None:
    log = Log()
    a_store(log, calendar=MON_TO_SAT)
    log.add(batch(till(1)), day="2017-03-03")
    assert statuses(log, as_of=FRIDAY) == {FRIDAY: "reported"}


def test_without_a_calendar_nothing_is_missing_or_overdue() -> None:
    log = Log()
    a_store(log)
    log.add(batch(till(1)), day="2017-03-03")
    assert statuses(log, as_of=SUNDAY) == {FRIDAY: "reported", SATURDAY: "no_data", SUNDAY: "no_data"}


def test_nothing_sold_and_nothing_reported_differ() -> None:
    log = Log()
    a_store(log, calendar=MON_TO_SAT)
    log.add(NoSalesDeclared("snow"), day="2017-03-03")
    assert statuses(log, as_of=SATURDAY) == {FRIDAY: "no_sales", SATURDAY: "expected"}


def test_a_closed_day_stays_closed_and_is_restated_by_what_comes_later() -> None:
    log = Log()
    a_store(log, calendar=MON_TO_SAT)
    log.add(batch(till(1, ("milk", 1, 100))), day="2017-03-03")
    closed = log.add(sealed(100, 1), day="2017-03-03")
    log.add(batch(till(2, ("milk", 1, 50)), after_close=1), day="2017-03-03")
    log.add(restated(1, 50, 150), day="2017-03-03")
    assert statuses(log, as_of=FRIDAY) == {FRIDAY: "restated"}
    assert statuses(log, as_of=FRIDAY, known_at=closed) == {FRIDAY: "closed"}


def test_a_store_is_only_waited_for_on_days_it_is_open() -> None:
    log = Log()
    a_store(log, calendar=MON_TO_SAT)
    log.add(StoreStatusChanged("closed", "2017-03-04"), day="")
    assert statuses(log, as_of=MONDAY) == {FRIDAY: "missing"}


def test_days_the_calendar_names_go_before_its_weekdays() -> None:
    log = Log()
    a_store(log, calendar=Calendar(("fri", "sat"), closed_on=("2017-03-04",), open_on=("2017-03-05",)))
    assert statuses(log, as_of=MONDAY) == {FRIDAY: "missing", SUNDAY: "missing"}


def test_a_day_reported_is_never_lost_whatever_is_said_of_the_store_since() -> None:
    log = Log()
    a_store(log)
    log.add(batch(till(1)), day="2017-03-03")
    log.add(StoreStatusChanged("closed", "2017-01-01"), day="")
    assert statuses(log, as_of=MONDAY) == {FRIDAY: "reported"}


def by_store(log: Log, **asked: Any) -> dict[Any, Any]:
    return log.figures("coverage", "store status", "store_days", as_of=MONDAY, **asked)


def test_without_a_calendar_a_store_is_looked_at_from_its_first_report_on() -> None:
    log = Log()
    a_store(log)
    a_store(log, "31")
    a_store(log, "silent")
    log.add(batch(till(1)), day="2017-03-03")
    log.add(batch(till(1)), "31", day="2017-03-05")
    assert by_store(log) == {("31", "reported"): 1, ("367", "no_data"): 2, ("367", "reported"): 1}
    assert by_store(log, first=SATURDAY) == {("31", "reported"): 1, ("367", "no_data"): 2}


def test_with_a_calendar_a_store_is_waited_for_from_the_day_it_opens() -> None:
    log = Log()
    log.add(batch(till(1)), "31", day="2017-03-01")
    a_store(log, calendar=MON_TO_SAT, since="2017-03-03")
    log.add(batch(till(1)), day="2017-03-04")
    assert statuses(log, first=None, last=None, as_of=MONDAY) == {FRIDAY: "missing", SATURDAY: "overdue"}


def test_with_a_calendar_but_no_day_of_opening_a_store_is_waited_for_from_its_first_report() -> None:
    log = Log()
    log.add(batch(till(1)), "31", day="2017-03-01")
    a_store(log, calendar=MON_TO_SAT)
    log.add(batch(till(1)), day="2017-03-04")
    log.add(batch(till(1)), "31", day="2017-03-06")
    assert statuses(log, first=None, last=None, as_of=MONDAY) == {SATURDAY: "overdue", MONDAY: "expected"}


def test_a_report_of_long_ago_concerns_its_own_store_and_no_other() -> None:
    log = Log()
    log.add(batch(till(1)), "31", day="1901-01-01")
    a_store(log)
    a_store(log, "silent", calendar=MON_TO_SAT)
    for day in ("2017-03-03", "2017-03-06"):
        log.add(batch(till(1)), day=day)
    counts = by_store(log)
    assert counts["367", "no_data"] == 2
    year = (MONDAY - dt.date(2016, 3, 6)).days
    assert year * 5 / 7 < counts["silent", "missing"] < year, "who never reported is looked at for a year"
    assert ("31", "no_data") not in counts, "nobody described it, so nobody waits for it"


def test_outcomes_of_batches_add_up() -> None:
    log = Log()
    log.add(batch(till(1), till(2), duplicates=3))
    log.add(batch(till(3), after_close=1))
    counts = log.figures("outcomes", "store", "batches accepted duplicate conflict rejected after_close")
    assert counts == {"367": (2, 2, 3, 0, 0, 1)}


def test_the_past_of_coverage_is_what_it_was_known_to_be() -> None:
    log = Log()
    a_store(log, calendar=MON_TO_SAT)
    a_store(log, "31")
    log.add(batch(till(1)), day="2017-03-03")
    log.add(batch(till(1)), "31", day="2017-03-04")
    log.add(sealed(0, 1), day="2017-03-03")
    log.add(StoreStatusChanged("suspended", "2017-03-04"), "31", "")
    log.the_past_is_what_it_was("coverage", "outcomes")
    log.any_order_gives_the_same(["31", "31", "367", "31", "367"])
