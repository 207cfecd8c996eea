"""Missing receipt numbers through the view (rules.md 1): head, middle, tail, and what closes a gap."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.sales.facts import TransactionReversed
from domain.sales.rules import missing_numbers
from tests.support.log import Log
from tests.support.tills import batch, register, till, transactions


def stretches(log: Log, **asked: object) -> dict[tuple[str, int, int], int]:
    return log.figures("gaps", "place first last", "missing", **asked)


def test_numbers_are_missed_at_head_middle_and_tail() -> None:
    log = Log()
    log.add(batch(till(3), till(4), till(7), registers=[register(last=9)]))
    assert stretches(log) == {("head", 1, 2): 2, ("middle", 5, 6): 2, ("tail", 8, 9): 2}
    assert log.figures("gaps", "store", "gaps missing") == {"367": (3, 6)}


def test_a_gap_is_closed_by_arrival_and_by_nothing_else() -> None:
    log = Log()
    before = log.add(batch(till(1), till(4), registers=[register()]))
    log.add(batch(till(3), till(2, kind="void"), registers=[register()]))
    assert stretches(log) == {}
    assert stretches(log, known_at=before) == {("middle", 2, 3): 2}


def test_every_number_is_missed_when_a_register_only_declares_its_last() -> None:
    log = Log()
    log.add(batch(registers=[register(first=5, last=7)]))
    assert stretches(log) == {("tail", 5, 7): 3}


def test_the_latest_declaration_of_a_last_number_holds() -> None:
    log = Log()
    before = log.add(batch(till(1), registers=[register(last=30)]))
    log.add(batch(till(2), registers=[register(last=3)]))
    log.add(batch(registers=[register()]))
    assert stretches(log) == {("tail", 3, 3): 1}
    assert stretches(log, known_at=before) == {("tail", 2, 30): 29}


def test_a_declaration_below_what_was_seen_takes_nothing_back() -> None:
    log = Log()
    log.add(batch(till(4), registers=[register(first=4, last=5, numbering="continuous")]), day="2017-03-04")
    log.add(batch(registers=[register(first=4, last=2, numbering="continuous")]), day="2017-03-04")
    log.add(batch(till(6), registers=[register(first=4, numbering="continuous")]), day="2017-03-05")
    assert stretches(log) == {("head", 5, 5): 1}


def test_a_register_that_numbers_on_begins_after_its_nearest_earlier_day() -> None:
    log = Log()
    log.add(batch(till(9), till(10), registers=[register(first=9, last=11, numbering="continuous")]), day="2017-03-03")
    log.add(batch(till(13), registers=[register(first=9, numbering="continuous")]), day="2017-03-05")
    found = log.figures("gaps", "business_day place first last", "missing", where=(("business_day", "2017-03-05"),))
    assert list(found.values()) == [1]
    assert [key[1:] for key in found] == [("head", 12, 12)]


def test_a_day_on_which_a_register_says_nothing_of_its_numbers_does_not_break_their_row() -> None:
    log = Log()
    log.add(batch(till(9), registers=[register(numbering="continuous")]), day="2017-03-03")
    log.add(batch(registers=[register(numbering="continuous")]), day="2017-03-04")
    log.add(batch(till(11), registers=[register(numbering="continuous")]), day="2017-03-05")
    assert stretches(log, where=(("business_day", "2017-03-05"),)) == {("head", 10, 10): 1}


def test_a_transaction_taken_back_leaves_its_number_missing() -> None:
    log = Log()
    log.add(batch(till(1), till(2), till(3), registers=[register()]))
    log.add(TransactionReversed("USD", transactions(till(2)), "it was of the day before"))
    assert stretches(log) == {("middle", 2, 2): 1}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 12), unique=True), st.integers(1, 5), st.one_of(st.just(-1), st.integers(0, 14)))
def test_the_view_misses_the_numbers_that_the_seal_lists(numbers: list[int], first: int, last: int) -> None:
    log = Log()
    state = register(first=first, last=last)
    log.add(batch(*(till(number) for number in numbers), registers=[state]))
    expected = {(gap.place, gap.first, gap.last) for gap in missing_numbers(numbers, state, None)}
    assert set(stretches(log)) == expected


def test_the_past_of_gaps_is_what_it_was_known_to_be() -> None:
    log = Log()
    log.add(batch(till(2), registers=[register(last=5)]))
    log.add(batch(till(4, register="2"), registers=[register("2")]), "31")
    log.add(batch(till(1), till(3), registers=[register(last=6)]))
    log.the_past_is_what_it_was("gaps")
    log.any_order_gives_the_same(["31", "367"])
