"""Stock through the view: on hand is the sum of what moved, in quantity and in value."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from domain.products.facts import ArticlesDescribed
from domain.stock.facts import GoodsReceived, StockIssued, StockOpened, StockReturned, StockReversed
from domain.stock.rules import worth_limit
from tests.support.log import Log

SATURDAY, SUNDAY = dt.date(2017, 3, 4), dt.date(2017, 3, 5)


def units(quantity: str) -> Decimal:
    return Decimal(quantity)


def a_week_of_milk() -> Log:
    """Rules.md 2: 4 sold at a provisional 10 with none on hand, 10 received at 12: catch-up 8, 6 units are worth 72."""
    log = Log()
    log.add(ArticlesDescribed(["milk", "fuel"], ["EA", "GLL"], department=["dairy", "fuel"]), "products", "")
    log.add(StockOpened("USD", ["milk"], [1_000], [1_000]), day="2017-03-04")
    log.add(StockIssued("USD", ["milk", "fuel"], [-5_000, -12_345], [-5_000, 0], unknown_cost=[1]), day="2017-03-04")
    log.add(GoodsReceived("USD", ["milk"], [10_000], [11_200], [800]), day="2017-03-05")
    return log


def test_the_worked_case_of_negative_stock_comes_out() -> None:
    log = a_week_of_milk()
    milk = log.figures("stock", "sku", "quantity value issued_cost catch_up", where=(("sku", "milk"),))
    assert milk == {"milk": (units("6"), Decimal(72), Decimal(50), Decimal(8))}


def test_on_hand_as_of_a_day_leaves_out_later_movements() -> None:
    log = a_week_of_milk()
    on_hand = log.figures("stock", "sku", "quantity", as_of=SATURDAY)
    assert on_hand == {"milk": units("-4"), "fuel": units("-12.345")}


def test_quantities_of_different_units_are_not_added() -> None:
    log = a_week_of_milk()
    assert log.figures("stock", "store", "quantity unit") == {"367": (None, "mixed")}
    assert log.figures("stock", "department", "quantity unit", where=(("unit", "GLL"),)) == {
        "fuel": (units("-12.345"), "GLL")
    }


def test_an_article_nobody_has_described_is_unknown_until_it_is() -> None:
    log = Log()
    first = log.add(StockIssued("USD", ["tea"], [-1_000], all_unknown=True))
    log.add(ArticlesDescribed(["tea"], ["EA"], department=["drinks"]), "products", "")
    assert log.figures("stock", "department unit", "quantity") == {("drinks", "EA"): units("-1")}
    assert log.figures("stock", "department unit", "quantity", known_at=first) == {("unknown", "unknown"): units("-1")}


def test_articles_are_classed_as_sold_or_as_today() -> None:
    log = Log()
    log.add(ArticlesDescribed(["tea"], ["EA"], department=["drinks"]), "products", "")
    log.add(ArticlesDescribed(["tea"], ["EA"], ["2017-03-06"], department=["hot drinks"]), "products", "")
    log.add(StockIssued("USD", ["tea"], [-1_000]), day="2017-03-05")
    assert log.figures("stock", "department", "quantity") == {"drinks": units("-1")}
    assert log.figures("stock", "department", "quantity", articles="today") == {"hot drinks": units("-1")}


def test_movements_whose_cost_nobody_knows_are_counted() -> None:
    log = a_week_of_milk()
    assert log.figures("stock", "sku", "rows_without_cost") == {"fuel": 1, "milk": 0}
    assert log.figures("stock", "movement", "rows_without_cost")["issue"] == 1


def test_each_kind_of_movement_has_its_name() -> None:
    log = a_week_of_milk()
    log.add(StockReturned("USD", ["milk"], [1_000], [1_200]))
    log.add(StockReversed("USD", ["milk"], [2_000], [2_000], reason="replaced"))
    moved = log.figures("stock", "movement", "value")
    assert moved == {
        "opening": Decimal(10),
        "issue": Decimal(-50),
        "receipt": Decimal(112),
        "return": Decimal(12),
        "reversal": Decimal(20),
    }
    assert log.figures("stock", "sku", "issued_cost", where=(("sku", "milk"),)) == {"milk": Decimal(18)}


def test_currencies_with_other_decimals_are_not_mixed_up() -> None:
    log = Log()
    log.add(GoodsReceived("JPY", ["tea"], [1_000], [500]), "tokyo")
    log.add(GoodsReceived("KWD", ["tea"], [1_000], [500]), "kuwait")
    assert log.figures("stock", "store currency", "value") == {
        ("tokyo", "JPY"): Decimal(500), ("kuwait", "KWD"): Decimal("0.5"),
    }  # fmt: skip


def test_the_largest_rows_that_a_ledger_lets_through_fit_in_any_currency_and_add_up() -> None:
    log = Log()
    for currency in ("VND", "USD", "KWD"):
        most = worth_limit(currency)
        for _ in range(20):
            log.add(StockIssued(currency, ["tv"], [-9_999_999_999_999], [-most]), currency)
        log.add(GoodsReceived(currency, ["tv"], [1_000], [-most], [most]), currency)
    assert set(log.figures("stock", "store", "value catch_up").values()) == {(Decimal(-21 * 10**13), Decimal(10**13))}


def test_the_past_of_stock_is_what_it_was_known_to_be() -> None:
    log = a_week_of_milk()
    log.add(StockIssued("USD", ["tea"], [-1_000], all_unknown=True), "31")
    log.add(ArticlesDescribed(["tea"], ["EA"], department=["drinks"]), "products", "")
    log.the_past_is_what_it_was("stock")


def test_ledgers_and_articles_come_in_any_order_among_each_other() -> None:
    log = a_week_of_milk()
    log.add(StockIssued("USD", ["milk"], [-1_000], all_unknown=True), "31")
    log.any_order_gives_the_same(["31", "367", "367", "products", "367"])
