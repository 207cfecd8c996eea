"""Exceptions through the view: noted with a sale, or found when asked, so that a later fact clears them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.products.facts import ArticlesDescribed
from domain.sales.facts import ConflictResolved, TransactionReversed
from domain.stock.facts import StockIssued, StockReversed
from domain.values import round_half_even
from tests.support.log import Log
from tests.support.tills import Till, batch, till, transactions

ORIGINAL = ("367", "2017-03-04", "1", 7)


def described(*skus: str, **columns: Any) -> ArticlesDescribed:
    return ArticlesDescribed(list(skus), ["EA"], **columns)


def codes(log: Log, **asked: Any) -> dict[Any, Any]:
    """Exceptions by rule, without those of stock."""
    found = log.figures("exceptions", "code", "exceptions", **asked)
    return {code: count for code, count in found.items() if count}


def returned(number: int, *lines: tuple[str, int, int], original: Any = ORIGINAL) -> Till:
    return till(number, *lines, kind="return", original=original)


def a_log(*skus: str) -> Log:
    log = Log()
    log.add(described(*(skus or ("milk", "tea"))), "products", "")
    return log


def test_a_note_counts_with_its_article_and_its_money() -> None:
    log = a_log()
    log.add(batch(till(1, ("milk", 1, 100), ("tea", 0, 250), notes=[("money_without_quantity", 1)])))
    assert log.figures("exceptions", "code sku cashier register number line", "exceptions amount") == {
        ("money_without_quantity", "tea", "c1", "1", 1, 1): (1, Decimal("2.5"))
    }


def test_a_note_on_a_whole_transaction_names_no_article() -> None:
    log = a_log()
    log.add(batch(till(1, ("milk", -1, -100), ("tea", 1, 30), notes=[("wrong_direction", -1)])))
    assert log.figures("exceptions", "code sku", "amount") == {("wrong_direction", ""): Decimal("-0.7")}


def test_a_note_goes_when_its_transaction_is_taken_back() -> None:
    log = a_log()
    odd = till(1, ("milk", 1, 0), notes=[("quantity_without_money", 0)])
    before = log.add(batch(odd))
    log.add(TransactionReversed("USD", transactions(odd), "replaced"))
    second = till(1, ("milk", 1, 0), notes=[("quantity_without_money", 0)])
    assert codes(log) == {}
    assert codes(log, known_at=before) == {"quantity_without_money": 1}
    log.add(ConflictResolved("1", 1, "b", "a", "replace", "right", "USD", accepted=transactions(second)))
    assert codes(log) == {"quantity_without_money": 1}


def test_an_unknown_article_is_listed_until_it_is_registered() -> None:
    log = a_log("milk")
    sold = log.add(batch(till(1, ("tea", 1, 100), ("tea", 2, 200), ("milk", 1, 50))))
    log.add(described("tea"), "products", "")
    unknown = log.figures("exceptions", "code sku", "exceptions amount", known_at=sold)
    assert unknown == {("unknown_article", "tea"): (2, Decimal(3))}
    assert codes(log) == {}


def test_an_article_described_from_a_later_day_is_unknown_before() -> None:
    log = a_log("milk")
    log.add(described("tea", effective_from=["2017-03-05"]), "products", "")
    log.add(batch(till(1, ("tea", 1, 100))), day="2017-03-04")
    log.add(batch(till(1, ("tea", 1, 100))), day="2017-03-05")
    assert codes(log) == {"unknown_article": 1}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 30_000), st.integers(1, 9), st.integers(-1, 1))
def test_a_price_differs_when_list_is_not_price_times_quantity_rounded_half_even(
    price: int, thousandths: int, off: int
) -> None:
    log = Log()
    log.add(described("tea", currency=["USD"], list_price=[price]), "products", "")
    gross = round_half_even(price * thousandths * 500, 100 * 1000) + off
    sale = batch(till(1, ("tea", 0, gross)))
    sale.transactions.quantity[0] = thousandths * 500
    log.add(sale)
    assert codes(log) == ({"price_differs": 1} if off else {})


def test_a_price_in_another_currency_or_of_another_day_is_not_compared() -> None:
    log = Log()
    log.add(described("tea", currency=["EUR"], list_price=[10_000]), "products", "")
    log.add(described("milk", currency=["USD"], list_price=[10_000]), "products", "")
    log.add(described("milk", currency=["USD"], list_price=[20_000], effective_from=["2017-03-05"]), "products", "")
    log.add(batch(till(1, ("tea", 1, 555), ("milk", 1, 200))))
    log.add(batch(till(1, ("milk", 1, 100))), day="2017-03-04")
    assert codes(log) == {}


def test_a_linked_return_without_its_original_is_listed_until_that_comes() -> None:
    log = a_log()
    before = log.add(batch(returned(1, ("milk", -1, -100), ("tea", -1, -50))))
    log.add(batch(till(7, ("milk", 1, 100), ("tea", 1, 50))), day="2017-03-04")
    missing = log.figures("exceptions", "code detail", "exceptions amount", known_at=before)
    assert missing == {("original_unknown", "367/2017-03-04/1/7"): (1, Decimal("-1.5"))}
    assert codes(log) == {}


def test_more_is_returned_than_was_sold_over_several_returns() -> None:
    log = a_log()
    log.add(batch(till(7, ("milk", 1, 100), ("milk", 1, 100), ("tea", 1, 50))), day="2017-03-04")
    log.add(batch(returned(1, ("milk", -2, -200)), returned(2, ("tea", -1, -50))))
    assert codes(log) == {}
    log.add(batch(returned(3, ("milk", -1, -100))), "31", day="2017-03-06")
    too_much = log.figures("exceptions", "code store number sku", "exceptions amount")
    assert too_much == {
        (code, "31", 3, "milk"): (1, Decimal(-1)) for code in ("returned_more_than_sold", "refunded_more_than_paid")
    }


def test_what_the_original_never_sold_is_returned_and_refunded_too_much() -> None:
    log = a_log()
    log.add(batch(till(7, ("milk", 1, 100))), day="2017-03-04")
    log.add(batch(returned(1, ("tea", -1, -50))))
    assert codes(log) == {"returned_more_than_sold": 1, "refunded_more_than_paid": 1}


def test_no_more_is_refunded_than_was_paid_over_several_returns() -> None:
    log = a_log()
    log.add(batch(till(7, ("milk", 3, 240), ("tea", 1, 50))), day="2017-03-04")
    log.add(batch(returned(1, ("milk", -1, -100)), returned(2, ("tea", -1, -50))))
    assert codes(log) == {}, "what was paid for all of it covers it still"
    log.add(batch(returned(3, ("milk", -2, -141))), "31", day="2017-03-06")
    too_much = log.figures("exceptions", "code store number sku", "exceptions amount")
    assert too_much == {("refunded_more_than_paid", "31", 3, "milk"): (1, Decimal("-1.41"))}


def test_an_original_is_that_of_the_epoch_that_is_named() -> None:
    log = a_log()
    for epoch, paid in ((1, 100), (2, 80)):
        sale = batch(till(7, ("milk", 1, paid)))
        sale.transactions.epoch[:] = [epoch]
        log.add(sale, day="2017-03-04")
    for number, epoch in ((1, 1), (2, 2), (3, 3)):
        back = batch(returned(number, ("milk", -1, -100)))
        back.transactions.original[:] = [msgspec.structs.replace(back.transactions.original[0], epoch=epoch)]
        log.add(back)
    found = log.figures("exceptions", "code number", "exceptions")
    assert found == {("refunded_more_than_paid", 2): 1, ("original_unknown", 3): 1}


def test_a_return_taken_back_returns_nothing() -> None:
    log = a_log()
    log.add(batch(till(7, ("milk", 1, 100))), day="2017-03-04")
    log.add(batch(returned(1, ("milk", -1, -100)), returned(2, ("milk", -1, -100))))
    assert codes(log) == {"returned_more_than_sold": 1, "refunded_more_than_paid": 1}
    log.add(TransactionReversed("USD", transactions(returned(1, ("milk", -1, -100))), "replaced"))
    assert codes(log) == {}


def test_goods_issued_at_no_known_cost_are_listed_by_article() -> None:
    log = a_log()
    log.add(StockIssued("USD", ["milk", "tea", "milk"], [-1_000, -1_000, -2_000], [0, -50, 0], unknown_cost=[0, 2]))
    log.add(StockReversed("USD", ["milk"], [1_000], all_unknown=True))
    assert log.figures("exceptions", "code sku", "exceptions") == {("cost_unknown", "milk"): 1}


@pytest.mark.parametrize("turns", [["31", "367", "products"], ["367", "367", "367", "31", "products"]])
def test_the_past_of_exceptions_is_what_it_was_known_to_be(turns: list[str]) -> None:
    log = a_log("milk")
    odd = till(1, ("milk", 1, 0), notes=[("quantity_without_money", 0)])
    log.add(batch(odd))
    log.add(StockIssued("USD", ["milk"], [-1_000], all_unknown=True))
    log.add(batch(returned(4, ("tea", -1, -100))), "31")
    log.add(batch(till(7, ("milk", 1, 100))), day="2017-03-04")
    log.add(TransactionReversed("USD", transactions(odd), "replaced"))
    log.add(described("tea", currency=["USD"], list_price=[5_000]), "products", "")
    log.the_past_is_what_it_was("exceptions")
    log.any_order_gives_the_same(turns)
