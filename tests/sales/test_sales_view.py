"""Sales through the views: what counts, in which cut and unit, and what is taken back (rules.md 1, facts.md 2)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.products.facts import ArticlesDescribed
from domain.sales.facts import ConflictResolved, SalesReported, TransactionReversed
from domain.stores.facts import Settings, StoreRegistered
from projections.questions import Asked, QuestionRefused
from tests.support.log import Log
from tests.support.tills import Till, batch, till, transactions


def with_columns(fact: SalesReported, prices_include_tax: bool = False, **columns: Any) -> SalesReported:
    """The batch with other columns of its transactions."""
    changed = msgspec.structs.replace(fact.transactions, **columns)
    return msgspec.structs.replace(fact, transactions=changed, prices_include_tax=prices_include_tax)


def articles(**units: str) -> ArticlesDescribed:
    return ArticlesDescribed(list(units), list(units.values()), department=["food"])


def reversal(*tills: Till) -> TransactionReversed:
    return TransactionReversed("USD", transactions(*tills), "took it twice")


def replacement(*tills: Till) -> ConflictResolved:
    return ConflictResolved("1", 1, "h2", "h1", "replace", "the second is right", "USD", accepted=transactions(*tills))


def test_kinds_that_are_no_sale_have_no_receipt_and_no_money() -> None:
    log = Log()
    log.add(
        batch(
            till(1, ("milk", 2, 500), paid=[("cash", 600, 100)]),
            till(2, ("milk", -1, -250), paid=[("cash", -250)], kind="return"),
            till(3, ("milk", 1, 250), paid=[("cash", 250)], kind="training"),
            till(4, ("milk", 1, 250), paid=[("cash", 250)], kind="void"),
            till(5, paid=[("cash", 10_000)], kind="float_in"),
        )
    )
    assert log.figures("sales", "kind", "transactions receipts lines net tendered") == {
        "sale": (1, 1, 1, Decimal("5.00"), Decimal("5.00")),
        "return": (1, 1, 1, Decimal("-2.50"), Decimal("-2.50")),
        "training": (1, 0, 0, Decimal(0), Decimal(0)),
        "void": (1, 0, 0, Decimal(0), Decimal(0)),
        "float_in": (1, 0, 0, Decimal(0), Decimal(0)),
    }
    assert log.figures("sales", "tender", "receipts tendered") == {"cash": (2, Decimal("2.50"))}
    assert log.figures("sales", "sku", "lines net") == {"milk": (2, Decimal("2.50"))}


def test_a_line_voided_before_completion_does_not_count() -> None:
    log = Log()
    log.add(with_columns(batch(till(1, ("milk", 1, 100), ("salt", 1, 30)), till(2, ("salt", 1, 30))), voided=[1]))
    assert log.figures("sales", "", "lines receipts net") == {(): (2, 2, Decimal("1.30"))}
    assert log.figures("sales", "sku", "lines receipts") == {"milk": (1, 1), "salt": (1, 1)}


def test_gross_is_net_and_discounts_and_tax_where_prices_include_it() -> None:
    log = Log()
    sold = batch(till(1, ("milk", 1, 100), ("salt", 1, 30)))
    off = {"loyalty": [20, 0], "coupon": [5, 3]}
    log.add(with_columns(sold, tax=[7, 2], discounts=off), owner="A")
    log.add(with_columns(sold, prices_include_tax=True, tax=[7, 2], discounts=off), owner="B")
    assert log.figures("sales", "store", "gross discounts net tax") == {
        "A": (Decimal("1.58"), Decimal("0.28"), Decimal("1.30"), Decimal("0.09")),
        "B": (Decimal("1.67"), Decimal("0.28"), Decimal("1.30"), Decimal("0.09")),
    }


def test_a_line_with_two_kinds_of_discount_is_one_line_and_counts_for_each_kind() -> None:
    log = Log()
    sold = batch(till(1, ("milk", 1, 100), ("salt", 1, 30)), till(2, ("milk", 1, 95)))
    log.add(with_columns(sold, discounts={"loyalty": [20, 0, 0], "coupon": [5, 0, 5]}))
    assert log.figures("sales", "discount_kind", "lines discounts") == {
        "coupon": (2, Decimal("0.10")),
        "loyalty": (1, Decimal("0.20")),
    }
    assert log.figures("sales", "sku", "lines gross discounts") == {
        "milk": (2, Decimal("2.25"), Decimal("0.30")),
        "salt": (1, Decimal("0.30"), Decimal(0)),
    }


def test_the_hour_is_local_also_after_midnight() -> None:
    log = Log()
    log.add(with_columns(batch(till(1, ("milk", 1, 1)), till(2, ("milk", 1, 1))), time=[9 * 3600 + 59, 25 * 3600]))
    assert log.figures("sales", "hour", "lines") == {9: 1, 1: 1}


def test_calendar_cuts_follow_iso_weeks_and_months() -> None:
    log = Log()
    for day in ("2016-12-31", "2017-01-01", "2017-01-02"):
        log.add(batch(till(1, ("milk", 1, 100))), day=day)
    assert log.figures("sales", "week", "lines") == {"2016-W52": 2, "2017-W01": 1}
    assert log.figures("sales", "month", "lines") == {"2016-12": 1, "2017-01": 2}
    assert log.figures("sales", "weekday", "lines") == {6: 1, 7: 1, 1: 1}
    assert log.figures("sales", "business_day", "lines", where=(("week", "2016-W52"), ("weekday", "7"))) == {
        dt.date(2017, 1, 1): 1
    }


def test_units_have_a_unit_of_measure_or_are_mixed() -> None:
    log = Log()
    log.add(articles(milk="EA", salt="EA", petrol="GLL"))
    sold = [("milk", 2, 200), ("salt", 1, 30), ("petrol", 7, 2_100), ("nobody_knows", 3, 90)]
    for store, lines in {"A": sold[:2], "B": sold[2:3], "C": sold[1:3], "D": sold[3:], "E": []}.items():
        log.add(batch(till(1, *lines)), owner=store)
    expected = {
        "A": (Decimal(3), "EA"),
        "B": (Decimal(7), "GLL"),
        "C": (None, "mixed"),
        "D": (Decimal(3), "unknown"),
        "E": (Decimal(0), None),
    }
    assert log.figures("sales", "store", "units unit") == expected
    by_unit = {("B", "GLL"): Decimal(7), ("C", "EA"): Decimal(1), ("C", "GLL"): Decimal(7)}
    assert by_unit.items() <= log.figures("sales", "store unit", "units").items()
    assert log.figures("sales", "department", "units unit") == {
        "food": (None, "mixed"),
        "unknown": (Decimal(3), "unknown"),
    }


def test_what_an_article_is_follows_the_day_or_today() -> None:
    log = Log()
    log.add(ArticlesDescribed(["milk"], ["EA"], department=["dairy"]))
    log.add(ArticlesDescribed(["milk"], ["LTR"], effective_from=["2017-03-05"], department=["drinks"]))
    for day in ("2017-03-04", "2017-03-05"):
        log.add(batch(till(1, ("milk", 1, 100))), day=day)
    assert log.figures("sales", "department", "lines units unit") == {
        "dairy": (1, Decimal(1), "EA"),
        "drinks": (1, Decimal(1), "LTR"),
    }
    assert log.figures("sales", "", "units unit") == {(): (None, "mixed")}
    assert log.figures("sales", "department", "lines", articles="today") == {"drinks": 2}
    assert log.figures("sales", "", "units unit", articles="today") == {(): (Decimal(2), "LTR")}
    assert log.figures("sales", "department", "lines", articles="today", as_of=dt.date(2017, 3, 4)) == {"dairy": 1}


def test_an_article_is_unknown_until_it_is_described() -> None:
    log = Log()
    sold = log.add(batch(till(1, ("milk", 2, 200))))
    log.add(articles(milk="KGM"))
    assert log.figures("sales", "department", "units unit", known_at=sold) == {"unknown": (Decimal(2), "unknown")}
    assert log.figures("sales", "store", "units unit", known_at=sold) == {"367": (Decimal(2), "unknown")}
    assert log.figures("sales", "store", "units unit") == {"367": (Decimal(2), "KGM")}


def test_receipts_are_distinct_within_a_cut_and_do_not_add_up_over_articles() -> None:
    log = Log()
    log.add(articles(milk="EA", salt="EA"))
    paid = [("cash", 130), ("card", 100), ("card", 50)]
    log.add(batch(till(1, ("milk", 1, 100), ("milk", 1, 100), ("salt", 1, 80), paid=paid), till(2, ("salt", 1, 80))))
    assert log.figures("sales", "", "receipts") == {(): 2}
    assert log.figures("sales", "sku", "receipts") == {"milk": 1, "salt": 2}
    assert log.figures("sales", "department", "receipts") == {"food": 2}
    assert log.figures("sales", "tender", "receipts tendered") == {
        "card": (1, Decimal("1.50")),
        "cash": (1, Decimal("1.30")),
    }


def test_a_replaced_transaction_is_taken_back_and_the_second_stands() -> None:
    log = Log()
    first = till(1, ("milk", 2, 200), ("petrol", 1, 300), paid=[("cash", 500)])
    log.add(articles(milk="EA", petrol="GLL"))
    before = log.add(batch(first))
    log.add(reversal(first))
    log.add(replacement(till(1, ("milk", 3, 300), paid=[("card", 300)])))
    figures = "receipts transactions lines units unit net tendered"
    assert log.figures("sales", "", figures) == {(): (1, 1, 1, Decimal(3), "EA", Decimal(3), Decimal(3))}
    assert log.figures("sales", "", figures, known_at=before) == {(): (1, 1, 2, None, "mixed", Decimal(5), Decimal(5))}
    assert log.figures("sales", "sku", "lines receipts units") == {
        "milk": (1, 1, Decimal(3)),
        "petrol": (0, 0, Decimal(0)),
    }
    assert log.figures("sales", "tender", "receipts tendered") == {"cash": (0, Decimal(0)), "card": (1, Decimal(3))}


def test_totals_are_per_currency() -> None:
    log = Log()
    log.add(batch(till(1, ("milk", 1, 100), paid=[("cash", 100)])), owner="A")
    log.add(batch(till(1, ("milk", 1, 100), paid=[("cash", 100)]), currency="JPY"), owner="B")
    log.add(batch(till(1, ("milk", 1, 1_234), paid=[("cash", 1_234)]), currency="KWD"), owner="C")
    assert log.figures("sales", "currency", "net tendered") == {
        "USD": (Decimal(1), Decimal(1)),
        "JPY": (Decimal(100), Decimal(100)),
        "KWD": (Decimal("1.234"), Decimal("1.234")),
    }


def test_the_region_is_that_of_the_store_on_the_day() -> None:
    log = Log()
    log.add(StoreRegistered("367", Settings("own", "America/New_York", "USD", region="north")), day="")
    log.add(batch(till(1, ("milk", 1, 100))))
    log.add(batch(till(1, ("milk", 1, 100))), owner="nobody")
    assert log.figures("sales", "region", "lines") == {"north": 1, "unknown": 1}


def test_where_a_figure_comes_from_can_be_asked() -> None:
    log = Log()
    log.add(batch(till(1, ("milk", 1, 100))), origin="panel")
    log.add(batch(till(2, ("milk", 1, 50))), origin="simulated")
    assert log.figures("sales", "origin", "net") == {"panel": Decimal(1), "simulated": Decimal("0.50")}


@pytest.mark.parametrize(
    ("by", "measures", "names"),
    [
        (("tender",), ("net",), "store, business_day"),
        (("sku",), ("tendered",), "tender"),
        (("sku", "tender"), ("receipts",), "sku and tender"),
        (("discount_kind",), ("receipts",), "discount_kind"),
        (("sku", "tender"), (), "sku and tender"),
        (("shoe_size",), (), "department"),
        (("store",), ("profit",), "tendered"),
    ],
)
def test_a_cut_that_means_nothing_is_refused_with_what_is_allowed(
    by: tuple[str, ...], measures: tuple[str, ...], names: str
) -> None:
    with pytest.raises(QuestionRefused) as refused:
        Log().views().ask(Asked("sales", by=by, measures=measures))
    assert names in refused.value.reason
    assert refused.value.field


LINES = st.lists(
    st.tuples(st.sampled_from(["milk", "salt", "petrol"]), st.integers(-2, 5), st.integers(-300, 900)), max_size=3
)
TILLS = st.lists(st.tuples(LINES, st.sampled_from(["sale", "return", "void", "training"])), min_size=1, max_size=4)


@settings(max_examples=30)
@given(st.lists(TILLS, min_size=1, max_size=3), st.data())
def test_cuts_by_article_and_without_agree(batches: list[Any], data: st.DataObject) -> None:
    log = Log()
    log.add(articles(milk="EA", salt="EA", petrol="GLL"))
    number = 0
    for tills in batches:
        made = []
        for lines, kind in tills:
            number += 1
            made.append(till(number, *lines, kind=kind, paid=[("cash", sum(net for _, _, net in lines))]))
        log.add(batch(*made))
        if data.draw(st.booleans()):
            log.add(reversal(made[0]))
    whole = log.figures("sales", "store", "lines net gross").get("367", (0, Decimal(0), Decimal(0)))
    parts = log.figures("sales", "sku", "lines net gross").values()
    assert whole == (
        sum(p[0] for p in parts),
        sum((p[1] for p in parts), Decimal(0)),
        sum((p[2] for p in parts), Decimal(0)),
    )
    units = log.figures("sales", "store unit", "units lines")
    there = {unit: units_of for (_, unit), (units_of, lines) in units.items() if lines}
    said = log.figures("sales", "store", "units unit")["367"]
    expected = (
        (None, "mixed")
        if len(there) > 1
        else next(((total, unit) for unit, total in there.items()), (Decimal(0), None))
    )
    assert said == expected
