"""Stores through the view: settings, status and registers on a day, as they were known at a position."""

from __future__ import annotations

import datetime as dt

from domain.stores.commands import Calendar, Register
from domain.stores.facts import RegistersChanged, Settings, StoreRegistered, StoreSettingsChanged, StoreStatusChanged
from tests.support.log import Log

MARCH, JUNE = dt.date(2017, 3, 6), dt.date(2017, 6, 1)


def settings(region: str = "north", owner: str = "chain") -> Settings:
    calendar = Calendar(("mon", "tue"), closed_on=("2017-12-25",))
    return Settings("own", "America/New_York", "USD", owner=owner, region=region, calendar=calendar)


def a_store(code: str = "367") -> Log:
    log = Log()
    log.add(StoreRegistered(code, settings()), code, "")
    log.add(StoreStatusChanged("open"), code, "")
    log.add(RegistersChanged([Register("1"), Register("2", drawer=False)]), code, "")
    return log


def test_a_store_is_open_with_its_registers_once_that_is_said() -> None:
    log = a_store()
    assert log.figures("stores", "store status", "stores registers") == {("367", "open"): (1, 2)}


def test_a_store_without_a_status_is_closed() -> None:
    log = Log()
    log.add(StoreRegistered("367", settings()), "367", "")
    assert log.figures("stores", "status", "stores") == {"closed": 1}


def test_a_store_changes_hands_from_a_day_on() -> None:
    log = a_store()
    log.add(StoreSettingsChanged(settings(owner="smith"), "2017-06-01"), "367", "")
    assert log.figures("stores", "owner", "stores", as_of=MARCH) == {"chain": 1}
    assert log.figures("stores", "owner", "stores", as_of=JUNE) == {"smith": 1}


def test_a_store_is_closed_from_a_day_on_and_was_not_known_to_be() -> None:
    log = a_store()
    before = log.recorded[-1].position
    log.add(StoreStatusChanged("closed", "2017-06-01"), "367", "")
    assert log.figures("stores", "status", "stores", as_of=JUNE) == {"closed": 1}
    assert log.figures("stores", "status", "stores", as_of=JUNE, known_at=before) == {"open": 1}


def test_the_past_of_stores_is_what_it_was_known_to_be() -> None:
    log = a_store()
    log.add(StoreRegistered("31", settings("south")), "31", "")
    log.add(StoreSettingsChanged(settings("west"), "2017-03-01"), "367", "")
    log.add(StoreSettingsChanged(settings("east")), "367", "")
    log.add(RegistersChanged([Register("1")], "2017-03-01"), "367", "")
    log.the_past_is_what_it_was("stores")


def test_stores_come_in_any_order_among_each_other() -> None:
    log = a_store()
    log.add(StoreRegistered("31", settings("south")), "31", "")
    log.add(StoreSettingsChanged(settings("west"), "2017-03-01"), "367", "")
    log.add(StoreStatusChanged("open"), "31", "")
    log.any_order_gives_the_same(["31", "367", "31", "367", "367"])
