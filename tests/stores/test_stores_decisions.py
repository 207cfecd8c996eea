"""What may be said of a store, and what holds on a day."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.kernel import Fact
from domain.stores.aggregate import Store, StoreDay, store_stream
from domain.stores.commands import Calendar, DescribeStore, Register
from domain.stores.facts import (
    RegistersChanged,
    Settings,
    StoreRegistered,
    StoreSettingsChanged,
    StoreStatusChanged,
)
from domain.stores.rules import (
    BadValue,
    CurrencyIsSet,
    DaysReported,
    StoreClosedLater,
    StoreNotRegistered,
    is_gln,
)
from tests.support.decisions import Decision, given, stored

TILL = Register("T1")
SETTINGS = Settings("own", "America/New_York", "USD")


def store() -> Store:
    return Store(store_stream("367"), "367")


def says(**changes: Any) -> DescribeStore:
    said: dict[str, Any] = {"store": "367", "kind": "own", "time_zone": "America/New_York", "currency": "USD"}
    return DescribeStore(**(said | changes))


def saying(past: list[Fact], last_reported_day: str = "", **changes: Any) -> Decision[Store]:
    """What becomes of a description, given what was said before."""
    return given(store(), *past).when(lambda s: s.describe(says(**changes), last_reported_day))


def opened(*more: Fact, day: str = "") -> list[Fact]:
    """A store open from `day` on with one till, and what was said since."""
    return [
        StoreRegistered("367", SETTINGS, day),
        StoreStatusChanged("open", day),
        RegistersChanged([TILL], day),
        *more,
    ]


# -- registering


def test_a_new_store_is_registered_with_its_status_and_registers() -> None:
    decision = saying([], registers=(TILL,), effective_from="2017-01-02")
    decision.then(
        StoreRegistered("367", SETTINGS, "2017-01-02"),
        StoreStatusChanged("open", "2017-01-02"),
        RegistersChanged([TILL], "2017-01-02"),
    ).then_answered(True)
    assert {(pending.stream, pending.owner) for pending in decision.pending} == {("store/367", "367")}


def test_a_new_store_without_registers_says_nothing_of_registers() -> None:
    saying([], status="suspended").then(StoreRegistered("367", SETTINGS), StoreStatusChanged("suspended"))


def test_the_reason_stands_in_the_fact_and_beside_it() -> None:
    decision = saying(opened(), status="closed", reason="lease ended")
    decision.then(StoreStatusChanged("closed", "", "lease ended"))
    assert decision.pending[0].reason == "lease ended"


@for_all(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.text(max_size=20),
            "status": st.sampled_from(["open", "suspended", "closed"]),
            "effective_from": st.dates().map(str),
            "balancing": st.sampled_from(["store", "register", "cashier"]),
            "registers": st.sampled_from([(TILL,), (TILL, Register("T2", "continuous", 7))]),
            "calendar": st.just(Calendar(("mon", "tue"), ("2017-12-25",))),
        },
    )
)
def test_said_twice_changes_nothing(changes: dict[str, Any]) -> None:
    first = saying([], **changes)
    saying(first.facts, **changes).then_nothing().then_answered(False)


# -- changing


def test_only_what_differs_from_what_holds_on_that_day_is_recorded() -> None:
    later = opened(StoreStatusChanged("suspended", "2017-06-01"))
    saying(later, name="Main Street", status="suspended", effective_from="2017-07-01").then(
        StoreSettingsChanged(Settings("own", "America/New_York", "USD", name="Main Street"), "2017-07-01")
    )


def test_registers_left_out_stay_as_they_are() -> None:
    saying(opened()).then_nothing()


def test_the_order_in_which_registers_are_named_means_nothing() -> None:
    two = (TILL, Register("T2"))
    saying(opened(RegistersChanged(list(two))), registers=two[::-1]).then_nothing()


def test_the_currency_of_a_store_never_changes() -> None:
    saying(opened(), currency="CAD", effective_from="2030-01-01").then_refused(CurrencyIsSet, "/currency")


def test_a_closed_store_opens_again_from_its_closing_on_but_not_before() -> None:
    closed = opened(StoreStatusChanged("suspended", "2017-05-01"), StoreStatusChanged("closed", "2017-09-01"))
    saying(closed, effective_from="2017-06-01").then_refused(StoreClosedLater, "/effective_from")
    for day in ("2017-09-01", "2018-01-01"):
        saying(closed, effective_from=day).then(StoreStatusChanged("open", day))


def test_a_description_of_before_the_closing_may_be_sent_again() -> None:
    closed = opened(StoreStatusChanged("closed", "2017-09-01"))
    saying(closed).then_nothing()


# -- reported days stand


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"balancing": "cashier"}, "/balancing"),
        ({"day_boundary": "04:00"}, "/day_boundary"),
        ({"registers": (Register("T0"), Register("T1", "continuous"))}, "/registers/1/numbering"),
        ({"registers": (Register("T1", first_number=5),)}, "/registers/0/first_number"),
        ({"registers": (Register("T1", epoch=1),)}, "/registers/0/epoch"),
        ({"registers": (Register("T2"),)}, "/registers"),
    ],
)
def test_terms_of_reported_days_stay_and_change_from_the_day_after(changes: dict[str, Any], field: str) -> None:
    for day in ("", "2017-03-04", "2017-03-05"):
        saying(opened(), "2017-03-05", effective_from=day, **changes).then_refused(DaysReported, field)
    saying(opened(), "2017-03-05", effective_from="2017-03-06", **changes).then_answered(True)
    saying(opened(), **changes).then_answered(True)


def test_what_does_not_touch_reported_figures_may_change_for_reported_days() -> None:
    new_till = (TILL, Register("T2"))
    saying(opened(), "2017-03-05", name="Main Street", registers=new_till).then(
        StoreSettingsChanged(Settings("own", "America/New_York", "USD", name="Main Street")),
        RegistersChanged(list(new_till)),
    )


def test_no_day_before_the_first_version_was_reported_under_other_terms() -> None:
    saying(opened(day="2017-02-01"), "2017-03-05", balancing="store", effective_from="2017-01-01").then_answered(True)


# -- each value says what its field asks for


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"store": "a b"}, "/store"),
        ({"store": "3\u00006"}, "/store"),
        ({"store": ""}, "/store"),
        ({"effective_from": "2017-02-29"}, "/effective_from"),
        ({"effective_from": "20170228"}, "/effective_from"),
        ({"time_zone": "America/Springfield"}, "/time_zone"),
        ({"time_zone": "localtime"}, "/time_zone"),
        ({"currency": "ABC"}, "/currency"),
        ({"currency": "usd"}, "/currency"),
        ({"owner": "Jane Doe"}, "/owner"),
        ({"region": "x" * 501}, "/region"),
        ({"gln": "9436465792101"}, "/gln"),
        ({"gln": "73513537"}, "/gln"),
        ({"day_boundary": "24:00"}, "/day_boundary"),
        ({"day_boundary": "4:00"}, "/day_boundary"),
        ({"day_boundary": "04:00\n"}, "/day_boundary"),
        ({"calendar": Calendar(("mon",), closed_on=("2017-12-25", "2017-12-32"))}, "/calendar/closed_on/1"),
        ({"calendar": Calendar(("mon",), open_on=("Sunday",))}, "/calendar/open_on/0"),
        ({"calendar": Calendar((), ("2017-12-24",), ("2017-12-24",))}, "/calendar/open_on/0"),
        ({"calendar": Calendar((), ("2017-12-24",) * 4_001)}, "/calendar"),
        ({"registers": (TILL, Register("T 2"))}, "/registers/1/code"),
        ({"registers": (TILL, Register("T2"), TILL)}, "/registers/2/code"),
        ({"registers": tuple(Register(f"T{n}") for n in range(501))}, "/registers"),
    ],
)
def test_a_value_that_does_not_say_what_its_field_asks_for_is_refused(changes: dict[str, Any], field: str) -> None:
    saying([], **changes).then_refused(BadValue, field)
    saying(opened(), **changes).then_refused(BadValue, field)


def test_a_gln_has_the_check_digit_of_its_first_twelve() -> None:
    assert is_gln("9436465792104")  # rules.md, table of standards: 943646579210 -> 4
    saying([], gln="9436465792104").then_answered(True)


def test_a_name_is_kept_as_it_came() -> None:
    name = "=1+1\u0000 <b>Čapek & Söhne</b> \u202e"
    decision = saying([], name=name)
    registered = stored(decision.facts[0])
    assert isinstance(registered, StoreRegistered)
    assert registered.settings.name == name


# -- what holds on a day


def on(day: str, *facts: Fact) -> StoreDay:
    return given(store(), *facts).aggregate.on(day)


def test_what_is_not_dated_holds_from_the_beginning() -> None:
    assert on("0001-01-01", *opened()) == StoreDay(SETTINGS, "open", {"T1": TILL}, 2)


def test_before_its_first_day_a_store_is_not_open_yet() -> None:
    facts = opened(day="2017-01-02")
    assert on("2017-01-01", *facts) == StoreDay(SETTINGS, "closed", {}, 2)
    assert on("2017-01-02", *facts).status == "open"


def test_of_two_versions_for_one_day_the_one_said_later_holds() -> None:
    facts = opened(StoreStatusChanged("suspended", "2017-05-01"), StoreStatusChanged("closed", "2017-05-01"))
    assert on("2017-05-01", *facts).status == "closed"


def test_amounts_have_the_decimals_of_the_currency() -> None:
    yen = StoreRegistered("367", Settings("own", "Asia/Tokyo", "JPY"))
    assert on("2017-01-01", yen).places == 0


def test_nobody_can_say_what_an_undescribed_store_is_like() -> None:
    with pytest.raises(StoreNotRegistered):
        store().on("2017-01-01")


def test_an_answer_does_not_outlive_what_it_was_made_of() -> None:
    s = given(store(), *opened()).aggregate
    assert s.on("2017-03-01").status == "open"
    s.describe(says(status="closed", effective_from="2017-03-01"))
    assert s.on("2017-03-01").status == "closed"
    assert s.on("2017-02-28").status == "open"


def test_a_year_of_days_shares_the_answers() -> None:
    s = given(store(), *opened(StoreStatusChanged("closed", "2017-06-01"))).aggregate
    days = [f"2017-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
    assert len({id(s.on(day)) for day in days}) == 2


DAYS = st.dates().map(str) | st.just("")
DATED = st.lists(
    st.one_of(
        st.builds(StoreStatusChanged, st.sampled_from(["open", "suspended", "closed"]), DAYS),
        st.builds(
            StoreSettingsChanged, st.builds(Settings, st.just("own"), st.just("UTC"), st.just("EUR"), st.text()), DAYS
        ),
        st.builds(RegistersChanged, st.sampled_from([[TILL], [Register("T2"), TILL]]), DAYS),
    ),
    unique_by=lambda fact: (type(fact), fact.effective_from),
    max_size=12,
)


@for_all(DATED, st.randoms(use_true_random=False), DAYS)
def test_the_order_in_which_different_days_are_said_does_not_matter(facts: list[Fact], random: Any, day: str) -> None:
    registered = StoreRegistered("367", SETTINGS, "2017-01-01")
    facts = [
        fact for fact in facts if not isinstance(fact, StoreSettingsChanged) or fact.effective_from != "2017-01-01"
    ]
    shuffled = list(facts)
    random.shuffle(shuffled)
    assert on(day, registered, *facts) == on(day, registered, *shuffled)


@for_all(DATED, DAYS)
def test_what_holds_is_the_last_version_up_to_the_day(facts: list[Fact], day: str) -> None:
    statuses = [(f.effective_from, f.status) for f in facts if isinstance(f, StoreStatusChanged)]
    expected = max([(start, status) for start, status in statuses if start <= day], default=("", "closed"))[1]
    assert on(day, StoreRegistered("367", SETTINGS), *facts).status == expected
