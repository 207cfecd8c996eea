"""What a location's ledger decides: the worked numbers of the cost method, and which movements it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from domain.stock.commands import MovedLine, RecordMovement
from domain.stock.facts import GoodsReceived, StockIssued, StockMoved, StockOpened, StockReturned, StockReversed
from domain.stock.ledger import Ledger, MovementIdTaken, ledger_stream
from domain.stock.movements import BadMovement

DAY, CAUSE = "2017-03-05", "day/2017-03-05/367#1"


def a_ledger() -> Ledger:
    return Ledger(ledger_stream("367"), "367")


def movement(kind: Any, *lines: tuple[str, str, str], movement_id: str = "m-1") -> RecordMovement:
    return RecordMovement("367", DAY, movement_id, kind, tuple(MovedLine(*line) for line in lines))


def move(ledger: Ledger, kind: str, *lines: tuple[str, str, str]) -> bool:
    """Book a movement under an id of its own, in dollars."""
    movement_id = f"m-{ledger.version}"
    return ledger.move(movement(kind, *lines, movement_id=movement_id), movement_id, 2, "USD")


def issue(ledger: Ledger, sku: str, units: int) -> int:
    return (ledger.issue(DAY, "USD", [sku], [units * 1000], CAUSE) or [0])[0]


def take_back(ledger: Ledger, sku: str, units: int, cost: int | None = None) -> int:
    return (ledger.take_back(DAY, "USD", [sku], [units * 1000], [cost], CAUSE) or [0])[0]


def on_hand(ledger: Ledger, sku: str = "milk") -> tuple[int, int]:
    held = ledger.holding(sku)
    return held.quantity, held.value


def facts(ledger: Ledger) -> list[StockMoved]:
    return [pending.fact for pending in ledger.collect() if isinstance(pending.fact, StockMoved)]


# -- the worked numbers


def test_a_receipt_into_negative_stock_catches_up_what_was_sold_at_a_provisional_cost() -> None:
    """rules.md 2: sell 4 at provisional 10 with 0 on hand, receive 10 at 12: catch-up 8, closing 6 units worth 72."""
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "1", "10.00"))
    assert issue(ledger, "milk", 1) == 10_00
    assert on_hand(ledger) == (0, 0)
    assert issue(ledger, "milk", 4) == 40_00
    assert on_hand(ledger) == (-4_000, -40_00)
    move(ledger, "receipt", ("milk", "10", "120.00"))
    receipt = facts(ledger)[-1]
    assert (receipt.catch_up, receipt.value) == ([8_00], [112_00])
    assert on_hand(ledger) == (6_000, 72_00)


def test_the_first_cost_catches_up_what_was_sold_at_none() -> None:
    """facts.md 6: sell 4 at an unknown cost, receive 10 at 12: catch-up 48, closing 6 units worth 72."""
    ledger = a_ledger()
    assert ledger.issue(DAY, "USD", ["milk"], [4_000], CAUSE) == []
    move(ledger, "receipt", ("milk", "10", "120.00"))
    sold, receipt = facts(ledger)
    assert sold == StockIssued("USD", ["milk"], [-4_000], all_unknown=True, cause=CAUSE)
    assert (receipt.catch_up, receipt.value) == ([48_00], [72_00])
    assert on_hand(ledger) == (6_000, 72_00)


def test_a_receipt_that_does_not_fill_up_the_negative_catches_up_its_own_part() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "1", "10.00"))
    issue(ledger, "milk", 5)
    move(ledger, "receipt", ("milk", "3", "36.00"))
    assert facts(ledger)[-1].catch_up == [6_00]
    assert on_hand(ledger) == (-1_000, -10_00)
    assert issue(ledger, "milk", 1) == 12_00, "the receipt is the last cost that became known"


def test_the_first_cost_goes_for_all_that_was_sold_even_when_it_covers_a_part() -> None:
    ledger = a_ledger()
    issue(ledger, "milk", 10)
    move(ledger, "receipt", ("milk", "2", "24.00"))
    assert facts(ledger)[-1].catch_up == [120_00]
    assert on_hand(ledger) == (-8_000, -96_00)


def test_the_first_cost_also_values_goods_that_came_in_without_one() -> None:
    """facts.md 6: open with 10 at no cost, sell 4, receive 10 at 12: 4 sold cost 48, 16 on hand are worth 192."""
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "10", ""))
    issue(ledger, "milk", 4)
    move(ledger, "receipt", ("milk", "10", "120.00"))
    receipt = facts(ledger)[-1]
    assert receipt.sku == ["milk", "milk"]
    assert receipt.quantity == [0, 10_000], "the first row is the late cost of the opening"
    assert receipt.value == [120_00, 72_00]
    assert receipt.catch_up == [0, 48_00]
    assert on_hand(ledger) == (16_000, 192_00)


def test_an_issue_takes_its_share_rounded_half_to_even_and_the_last_unit_what_is_left() -> None:
    """facts.md 6: three units worth 1.00 leave at 0.33, 0.34 and 0.33, and nothing is left over."""
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "3", "1.00"))
    assert [issue(ledger, "milk", 1) for _ in range(3)] == [33, 34, 33]
    assert on_hand(ledger) == (0, 0)


def test_what_an_issue_takes_beyond_the_stock_goes_at_the_average_just_before_it_ran_out() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "2", "20.00"))
    move(ledger, "receipt", ("milk", "2", "28.00"))
    assert issue(ledger, "milk", 5) == 60_00
    assert on_hand(ledger) == (-1_000, -12_00)
    assert issue(ledger, "milk", 1) == 12_00


def test_stock_that_just_ran_out_leaves_its_average_behind_as_the_last_known_cost() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "2", "20.00"))
    move(ledger, "receipt", ("milk", "2", "28.00"))
    assert issue(ledger, "milk", 4) == 48_00
    assert issue(ledger, "milk", 1) == 12_00, "not the 14.00 of the last receipt"


def test_a_later_line_of_a_receipt_gives_an_earlier_one_its_first_cost() -> None:
    ledger = a_ledger()
    move(ledger, "receipt", ("milk", "10", ""), ("milk", "10", "120.00"))
    assert on_hand(ledger) == (20_000, 240_00)
    received = facts(ledger)[-1]
    assert (received.unknown_cost, received.catch_up) == ([0], []), "nothing was sold, so nothing is caught up"


def test_a_sale_of_articles_without_a_cost_says_so_once_for_all_rows() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "2", "20.00"))
    assert ledger.issue(DAY, "USD", ["salt", "tea"], [1_000, 2_000], CAUSE) == []
    assert facts(ledger)[-1] == StockIssued("USD", ["salt", "tea"], [-1_000, -2_000], all_unknown=True, cause=CAUSE)


def test_a_later_line_of_a_sale_sees_what_an_earlier_one_took() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "3", "1.00"))
    assert ledger.issue(DAY, "USD", ["milk", "salt", "milk", "milk"], [1_000] * 4, CAUSE) == [33, 0, 34, 33]
    sold = facts(ledger)[-1]
    assert sold.unknown_cost == [1]
    assert not sold.all_unknown
    assert on_hand(ledger, "salt") == (-1_000, 0)


def test_a_refund_returns_at_the_cost_of_its_own_issue() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "2", "20.00"))
    cost = issue(ledger, "milk", 1)
    move(ledger, "receipt", ("milk", "1", "30.00"))
    assert take_back(ledger, "milk", 1, cost) == 10_00
    assert on_hand(ledger) == (3_000, 50_00)


def test_a_refund_without_its_sale_returns_at_the_current_average_or_at_none() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "2", "25.00"))
    assert take_back(ledger, "milk", 1) == 12_50
    assert take_back(ledger, "salt", 1) == 0
    known, unknown = facts(ledger)[1:]
    assert known == StockReturned("USD", ["milk"], [1_000], [12_50], cause=CAUSE)
    assert unknown == StockReturned("USD", ["salt"], [1_000], all_unknown=True, cause=CAUSE)


def test_a_refund_of_what_was_issued_at_an_unknown_cost_returns_at_the_cost_that_caught_up_since() -> None:
    ledger = a_ledger()
    ledger.issue(DAY, "USD", ["milk", "salt"], [4_000, 4_000], CAUSE)
    move(ledger, "receipt", ("milk", "10", "120.00"))
    assert ledger.take_back(DAY, "USD", ["salt", "milk"], [1_000, 1_000], [0, 0], CAUSE) == [0, 12_00]
    assert facts(ledger)[-1].unknown_cost == [0]
    assert not ledger.holding("salt").known


def test_a_refund_whose_cost_is_the_first_one_known_also_values_the_opening_and_answers_line_by_line() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "10", ""))
    assert ledger.take_back(DAY, "USD", ["milk", "milk"], [1_000, 2_000], [12_00, None], CAUSE) == [12_00, 24_00]
    assert facts(ledger)[-1].quantity == [0, 1_000, 2_000]
    assert on_hand(ledger) == (13_000, 156_00)


def test_a_refund_into_negative_stock_corrects_the_provisional_cost_it_takes_the_place_of() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "1", "10.00"))
    issue(ledger, "milk", 5)
    assert take_back(ledger, "milk", 5, 40_00) == 40_00
    assert facts(ledger)[-1].catch_up == [-8_00]
    assert on_hand(ledger) == (1_000, 8_00)


def test_a_reversal_takes_movements_back_at_their_own_values() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "2", "20.00"))
    issue(ledger, "milk", 1)
    move(ledger, "receipt", ("milk", "1", "30.00"))
    ledger.reverse(DAY, "USD", ["milk", "salt"], [-1_000, -2_000], [-10_00, 0], CAUSE, "rung up twice")
    assert on_hand(ledger) == (3_000, 50_00)
    pending = ledger.collect()[-1]
    assert pending.fact == StockReversed(
        "USD", ["milk", "salt"], [1_000, 2_000], [10_00, 0], unknown_cost=[1], cause=CAUSE, reason="rung up twice"
    )
    assert (pending.business_day, pending.reason) == (DAY, "rung up twice")


def test_what_a_reversal_leaves_of_value_without_stock_goes_to_the_cost_of_goods_sold_with_the_next_receipt() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "1", "12.00"))
    take_back(ledger, "milk", 1, 8_00)
    assert issue(ledger, "milk", 1) == 10_00
    ledger.reverse(DAY, "USD", ["milk"], [1_000], [8_00], CAUSE, "refunded by mistake")
    assert on_hand(ledger) == (0, 2_00)
    move(ledger, "receipt", ("milk", "1", "12.00"))
    assert facts(ledger)[-1].catch_up == [2_00]
    assert on_hand(ledger) == (1_000, 12_00)


def test_a_value_below_zero_that_a_reversal_left_is_never_the_last_known_cost() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "4", "32.00"))
    issue(ledger, "milk", 4)
    issue(ledger, "milk", 4)
    move(ledger, "receipt", ("milk", "2", "40.00"))
    issue(ledger, "milk", 1)
    ledger.reverse(DAY, "USD", ["milk"], [-4_000], [-32_00], CAUSE, "rung up twice")
    assert on_hand(ledger) == (1_000, -4_00)
    assert issue(ledger, "milk", 1) == -4_00, "the last unit takes what is left"
    assert issue(ledger, "milk", 1) == 20_00


def test_a_receipt_without_a_value_comes_in_at_the_current_average() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "2", "25.00"))
    move(ledger, "receipt", ("milk", "2", ""), ("salt", "2", ""))
    assert on_hand(ledger) == (4_000, 50_00)
    assert facts(ledger)[-1].unknown_cost == [1]


def test_books_may_begin_below_zero_with_a_value_or_without() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "-4", "-40.00"), ("salt", "-4", ""), ("tea", "0", ""))
    move(ledger, "receipt", ("milk", "10", "120.00"), ("salt", "10", "120.00"))
    receipt = facts(ledger)[-1]
    assert sum(receipt.catch_up) == 8_00, "what was sold before the books began is no cost of goods sold in them"
    assert on_hand(ledger, "milk") == on_hand(ledger, "salt") == (6_000, 72_00)


# -- slips of the keyboard


def test_an_issue_beyond_what_a_row_can_hold_goes_at_none_and_its_cost_counts_as_unknown() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "0.001", "1000000"), ("salt", "2", "2.00"))
    assert ledger.issue(DAY, "USD", ["milk", "salt"], [9_999_999_999_000, 1_000], CAUSE) == [0, 1_00]
    sold = facts(ledger)[-1]
    assert (sold.quantity, sold.value, sold.unknown_cost) == ([-9_999_999_999_000, -1_000], [0, -1_00], [0])
    assert on_hand(ledger) == (1 - 9_999_999_999_000, 1_000_000_00)
    ledger.reverse(DAY, "USD", sold.sku, sold.quantity, sold.value, CAUSE, "a bar code read as a quantity")
    assert on_hand(ledger) == (1, 1_000_000_00), "put right, nothing is lost"


def test_a_first_cost_that_would_value_a_slip_beyond_what_a_row_can_hold_waits_for_the_slip_to_be_put_right() -> None:
    ledger = a_ledger()
    ledger.issue(DAY, "USD", ["milk"], [9_999_999_999_000], CAUSE)
    move(ledger, "receipt", ("milk", "10", "120000.00"))
    received = facts(ledger)[-1]
    assert (received.value, received.catch_up, received.all_unknown) == ([], [], True)
    assert not ledger.holding("milk").known
    ledger.reverse(DAY, "USD", ["milk"], [-9_999_999_999_000], [0], CAUSE, "a bar code read as a quantity")
    move(ledger, "receipt", ("milk", "10", "120000.00"))
    assert on_hand(ledger) == (20_000, 240_000_00), "the first receipt gets its cost late"


def test_the_limit_is_one_of_major_units_whatever_the_decimals_of_the_currency() -> None:
    dong = a_ledger()
    dong.move(movement("opening", ("tv", "10", "20000000")), "aa", 0, "VND")
    assert dong.issue(DAY, "VND", ["tv"], [5_000_000_000], CAUSE) == [10_000_000_000_000]
    assert dong.issue(DAY, "VND", ["tv"], [50_123_456_000], CAUSE) == []
    assert facts(dong)[-1].unknown_cost == [0]


def test_a_movement_whose_only_row_is_beyond_the_limit_leaves_a_known_cost_known() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("milk", "1", "1000000000.00"))
    assert take_back(ledger, "milk", 10_000_000) == 0
    assert facts(ledger)[-1].unknown_cost == [0]
    assert on_hand(ledger) == (10_000_001_000, 1_000_000_000_00)


def test_on_hand_is_counted_up_to_a_limit_so_that_a_snapshot_can_hold_it() -> None:
    ledger = a_ledger()
    move(ledger, "opening", ("salt", "1", "1.00"))
    for _ in range(20):
        ledger.issue(DAY, "USD", ["milk", "salt"], [9_999_999_999_000] * 2, CAUSE)
    assert ledger.holding("milk").quantity == ledger.holding("salt").quantity == -(10**14)


# -- movements that come again or cannot be booked


def test_a_movement_sent_again_records_nothing_and_under_a_taken_id_is_refused() -> None:
    ledger = a_ledger()
    command = movement("receipt", ("milk", "2", "20.00"))
    assert ledger.move(command, "aa", 2, "USD")
    assert not ledger.move(command, "aa", 2, "USD")
    with pytest.raises(MovementIdTaken) as refused:
        ledger.move(command, "bb", 2, "USD")
    assert (refused.value.kind, refused.value.field) == ("conflict", "/movement_id")
    assert facts(ledger) == [GoodsReceived("USD", ["milk"], [2_000], [20_00], movement_id="m-1", bytes_hash="aa")]


@pytest.mark.parametrize(
    ("kind", "line", "field"),
    [
        ("receipt", ("", "1", "1.00"), "/lines/1/sku"),
        ("receipt", ("mi\nlk", "1", "1.00"), "/lines/1/sku"),
        ("receipt", ("milk", "1.0001", "1.00"), "/lines/1/quantity"),
        ("receipt", ("milk", "0", "0.00"), "/lines/1/quantity"),
        ("receipt", ("milk", "-1", "-1.00"), "/lines/1/quantity"),
        ("receipt", ("milk", "10000000.001", "1.00"), "/lines/1/quantity"),
        ("receipt", ("milk", "1", "1e2"), "/lines/1/value"),
        ("receipt", ("milk", "1", "1.001"), "/lines/1/value"),
        ("receipt", ("milk", "1", "-1.00"), "/lines/1/value"),
        ("receipt", ("milk", "1", "1000000000.01"), "/lines/1/value"),
        ("opening", ("milk", "-1", "1.00"), "/lines/1/value"),
        ("opening", ("milk", "0", "1.00"), "/lines/1/value"),
    ],
)
def test_a_line_that_cannot_be_booked_is_named_and_nothing_is_recorded(
    kind: str, line: tuple[str, str, str], field: str
) -> None:
    ledger = a_ledger()
    with pytest.raises(BadMovement) as refused:
        ledger.move(movement(kind, ("salt", "1", "1.00"), line), "aa", 2, "USD")
    assert (refused.value.kind, refused.value.field) == ("invalid", field)
    assert ledger.collect() == []
    assert ledger.version == 0


def test_a_movement_needs_lines_and_an_id() -> None:
    with pytest.raises(BadMovement) as refused:
        a_ledger().move(movement("receipt"), "aa", 2, "USD")
    assert refused.value.field == "/lines"
    with pytest.raises(BadMovement) as refused:
        a_ledger().move(movement("receipt", ("milk", "1", ""), movement_id="a b"), "aa", 2, "USD")
    assert refused.value.field == "/movement_id"


def test_a_large_opening_becomes_several_facts_that_carry_its_id() -> None:
    ledger = a_ledger()
    ledger.move(movement("opening", *((f"sku-{n}", "1", "") for n in range(4_001))), "aa", 2, "USD")
    opened = facts(ledger)
    assert [len(fact.sku) for fact in opened] == [2_000, 2_000, 1]
    assert {(type(fact), fact.movement_id, fact.bytes_hash) for fact in opened} == {(StockOpened, "m-1", "aa")}


def test_a_sale_of_nothing_records_nothing() -> None:
    ledger = a_ledger()
    assert ledger.issue(DAY, "USD", [], [], CAUSE) == []
    assert ledger.collect() == []


def test_a_broken_snapshot_is_no_state() -> None:
    with pytest.raises(ValueError, match="version"):
        a_ledger().restore(b"{}")
