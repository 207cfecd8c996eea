"""A shop opens in March 2025, sells, errs, closes its day and is corrected: every figure worked out by hand.

Prices include 20 % tax. Milk is 1.20 (1.00 + 0.20), bread 3.60 (3.00 + 0.60), eggs 2.40 (2.00 + 0.40).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.sales.facts import DayClosed, DayRestated, OverShort
from domain.sales.outcomes import Answer
from projections.questions import Asked
from services.runtime.house import House
from services.runtime.settings import Settings
from tests.support.runs import CONTEXT

SHOP = "14"
MONDAY, TUESDAY, WEDNESDAY = dt.date(2025, 3, 3), dt.date(2025, 3, 4), dt.date(2025, 3, 5)
NOW = dt.datetime(2025, 3, 6, 9, tzinfo=dt.UTC)
PRICES = {"MILK": (100, 20), "BREAD": (300, 60), "EGGS": (200, 40)}


# -- what is sent


def text(cents: int) -> str:
    return str(Decimal(cents).scaleb(-2))


def line(sku: str, quantity: int, loyalty: int = 0) -> dict[str, Any]:
    """A line at the price of the article; `loyalty` cents off, of which a sixth is tax."""
    net, tax = (quantity * part for part in PRICES[sku])
    sold: dict[str, Any] = {"sku": sku, "quantity": str(quantity), "list": text(net + tax)}
    if loyalty:
        sold["discounts"] = [{"amount": text(loyalty), "kind": "loyalty"}]
        net, tax = net - loyalty * 5 // 6, tax - loyalty // 6
    return sold | {"net": text(net), "tax": text(tax)}


def receipt(
    number: int, kind: str, *lines: dict[str, Any], paid: int = 0, change: int = 0, **more: Any
) -> dict[str, Any]:
    """A transaction of till 1 at ten past ten; `paid` and `change` are cents of cash unless a `tender` is named."""
    tender = more.pop("tender", "cash")
    tenders = [{"amount": text(paid), "kind": tender, "change": text(change)}] if paid else []
    at = f"2025-03-03T10:{number:02}:00+01:00"
    return {"at": at, "kind": kind, "number": number, "register": "1", "lines": lines, "tenders": tenders, **more}


MONDAYS_RECEIPTS = [
    receipt(1, "float_in", paid=10000),
    receipt(2, "sale", line("MILK", 2), line("BREAD", 1), paid=1000, change=400),
    receipt(3, "sale", line("MILK", 3, loyalty=60), paid=300, tender="card"),
    receipt(4, "return", line("BREAD", -1), paid=-360, original={"register": "1", "number": 2}),
    receipt(5, "sale", line("BREAD", 1), paid=360, cashier="c7"),
    receipt(6, "post_void", line("BREAD", -1), paid=-360, original={"register": "1", "number": 5}),
    receipt(7, "no_sale"),
    # 8 is missing until Thursday
    receipt(9, "drop", paid=5000),
    receipt(10, "sale", line("EGGS", 1), paid=240),
    receipt(11, "training", line("MILK", 10), paid=1200),
    receipt(12, "cancel", line("MILK", 1)),
]
TEN_AGAIN = receipt(10, "sale", line("EGGS", 2), paid=480)
EIGHT_LATE = receipt(8, "sale", line("MILK", 1), paid=120)


def said(schema: str, **fields: Any) -> bytes:
    return json.dumps({"schema": f"counterfoil/{schema}/1", "store": SHOP, **fields}).encode()


def batch(name: str, receipts: list[dict[str, Any]], day: dt.date = MONDAY, last: int | None = None) -> bytes:
    registers = [] if last is None else [{"code": "1", "last_number": last}]
    return said("batch", business_day=str(day), batch_id=name, transactions=receipts, registers=registers)


class Shop:
    """A house with one shop, told and asked in the trade's words."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.positions: dict[str, int] = {}

    def tell(self, raw: bytes) -> Any:
        """Send a line; what came of it."""
        result = self.house.writer.do(self.house.intake.line(raw), CONTEXT).result
        self.house.settle()
        return result

    def remember(self, moment: str) -> None:
        self.positions[moment] = self.house.store.head()

    def ask(self, question: str, *by: str, **asked: Any) -> list[dict[str, Any]]:
        """The rows of an answer, with amounts and quantities as text without trailing zeros."""
        if moment := asked.pop("at", None):
            asked["known_at"] = self.positions[moment]
        rows = self.house.views.ask(Asked(question, by=by, today=NOW.date(), **asked)).rows()
        return [{name: plain(value) for name, value in row.items()} for row in rows]

    def figures(self, question: str, *measures: str, **asked: Any) -> tuple[Any, ...]:
        """Some measures of an answer that has one row."""
        (row,) = self.ask(question, measures=measures, **asked)
        return tuple(row[name] for name in measures)

    def table(self, question: str, by: str, measure: str, **asked: Any) -> dict[Any, Any]:
        """One measure by one dimension."""
        return {row[by]: row[measure] for row in self.ask(question, by, measures=(measure,), **asked)}


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value) if isinstance(value, dt.date) else value


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The whole story; tests look at it at the moments it remembers."""
    folder: Path = tmp_path_factory.mktemp("shop")
    with House(Settings(data=folder), "a story", lambda: NOW) as house:
        shop = Shop(house)
        opening(shop)
        monday(shop)
        tuesday(shop)
        thursday(shop)
        yield shop


def opening(shop: Shop) -> None:
    calendar = {"weekdays": ["mon", "tue", "wed", "thu", "fri", "sat"]}
    assert shop.tell(
        said(
            "store", kind="own", time_zone="Europe/Berlin", currency="EUR", effective_from=str(MONDAY), region="north",
            prices_include_tax=True, calendar=calendar, registers=[{"code": "1"}],
        )
    )  # fmt: skip
    for sku, department in (("MILK", "dairy"), ("BREAD", "bakery")):
        price = text(sum(PRICES[sku]))
        about = {"sku": sku, "department": department, "currency": "EUR", "list_price": price}
        shop.tell(json.dumps({"schema": "counterfoil/article/1", **about}).encode())
    stock = [
        {"sku": "MILK", "quantity": "100", "value": "60.00"},
        {"sku": "BREAD", "quantity": "50", "value": "50.00"},
    ]
    opened = {"movement_id": "opening", "movement": "opening", "lines": stock}
    assert shop.tell(said("movement", business_day=str(MONDAY), **opened))


def monday(shop: Shop) -> None:
    refused = shop.tell(batch("too-early", [], MONDAY - dt.timedelta(days=1)))
    assert refused.code == "store_not_open"
    first = batch("monday", MONDAYS_RECEIPTS, last=13)
    assert shop.tell(first) == Answer("monday", accepted=11)
    assert shop.tell(first) == Answer("monday", accepted=11, replayed=True)
    assert shop.tell(batch("again", MONDAYS_RECEIPTS[:3])) == Answer("again", duplicate=3)
    shop.remember("reported")
    clash = shop.tell(batch("ten-again", [TEN_AGAIN]))
    assert (clash.accepted, clash.conflict, clash.listed[0].code) == (0, 1, "changed_content")
    shop.remember("in conflict")
    decision = {"register": "1", "number": 10, "decision": "replace", "reason": "the journal says two"}
    assert shop.tell(said("resolution", business_day=str(MONDAY), **decision))
    assert shop.tell(batch("ten-once-more", [TEN_AGAIN])).duplicate == 1
    shop.remember("resolved")
    counts = [{"tender": "cash", "amount": "56.70"}, {"tender": "card", "amount": "3.00"}]
    assert shop.tell(said("declaration", business_day=str(MONDAY), register="1", counts=counts))
    assert shop.tell(said("closing", business_day=str(MONDAY)))
    shop.remember("sealed")


def tuesday(shop: Shop) -> None:
    assert shop.tell(said("no-sales", business_day=str(TUESDAY), reason="water pipe"))
    assert shop.tell(said("closing", business_day=str(TUESDAY)))
    eggs = [{"sku": "EGGS", "quantity": "10", "value": "12.00"}]
    delivery = {"movement_id": "delivery-1", "movement": "receipt", "lines": eggs}
    assert shop.tell(said("movement", business_day=str(TUESDAY), **delivery))
    shop.remember("delivered")


def thursday(shop: Shop) -> None:
    shop.tell(json.dumps({"schema": "counterfoil/article/1", "sku": "EGGS", "department": "dairy"}).encode())
    assert shop.tell(batch("found", [EIGHT_LATE])) == Answer("found", after_close=1)
    shop.remember("restated")


# -- what it comes to


def test_mondays_sales_as_first_reported(shop: Shop) -> None:
    # 2: 6.00, 3: 3.60 less 0.60, 4: -3.60, 5: 3.60, 6: -3.60, 10: 2.40; training, cancel, no-sale and cash apart
    assert shop.figures("sales", "gross", "discounts", "net", "tax", at="reported") == ("8.4", "0.6", "6.5", "1.3")
    assert shop.figures("sales", "receipts", "lines", "transactions", at="reported") == (6, 7, 11)
    assert shop.table("sales", "kind", "net", at="reported") == {
        "sale": "12.5", "return": "-3", "post_void": "-3",
        "float_in": "0", "no_sale": "0", "drop": "0", "training": "0", "cancel": "0",
    }  # fmt: skip
    assert shop.table("sales", "discount_kind", "discounts", at="reported")["loyalty"] == "0.6"


def test_what_was_tendered_is_what_was_sold_and_change_is_cash(shop: Shop) -> None:
    tendered = shop.table("sales", "tender", "tendered", at="reported")
    assert (tendered["cash"], tendered["card"]) == ("4.8", "3")  # 10.00 - 4.00 - 3.60 + 3.60 - 3.60 + 2.40


def test_an_article_nobody_knows_is_an_exception_until_it_is_described(shop: Shop) -> None:
    assert shop.table("sales", "department", "net", at="reported") == {"dairy": "4.5", "bakery": "0", "unknown": "2"}
    assert shop.table("exceptions", "code", "exceptions", at="reported")["unknown_article"] == 1
    assert "unknown_article" not in shop.table("exceptions", "code", "exceptions")
    assert shop.table("sales", "department", "net") == {"dairy": "9.5", "bakery": "0"}


def test_the_gap_in_the_middle_and_the_one_at_the_end(shop: Shop) -> None:
    def gaps(at: str) -> list[tuple[Any, ...]]:
        return [(row["place"], row["first"], row["last"]) for row in shop.ask("gaps", "place", "first", "last", at=at)]

    assert sorted(gaps("sealed")) == [("middle", 8, 8), ("tail", 13, 13)]
    assert gaps("restated") == [("tail", 13, 13)]


def test_a_conflict_leaves_the_books_alone_until_headquarters_replaces_the_first(shop: Shop) -> None:
    assert shop.figures("sales", "net", at="in conflict") == shop.figures("sales", "net", at="reported")
    assert shop.table("quarantine", "status", "conflicts", at="in conflict") == {"open": 1}
    assert shop.table("quarantine", "status", "conflicts", at="resolved") == {"replaced": 1}
    assert shop.figures("sales", "gross", "net", "tax", at="resolved") == ("10.8", "8.5", "1.7")
    assert shop.figures("sales", "receipts", "lines", at="resolved") == (6, 7)


def test_the_drawer_is_blind_before_the_count_and_short_by_fifty_cents_after(shop: Shop) -> None:
    # 100.00 float + 10.00 - 4.00 - 3.60 + 3.60 - 3.60 - 50.00 drop + 4.80 for the two eggs = 57.20; counted 56.70
    blind = shop.ask("drawer", "drawer", "tender", at="resolved")
    assert {row["expected"] for row in blind} == {None}
    counted = {row["tender"]: row for row in shop.ask("drawer", "drawer", "tender", at="sealed")}
    assert [counted["cash"][name] for name in ("expected", "declared", "over_short")] == ["57.2", "56.7", "-0.5"]
    assert [counted["card"][name] for name in ("expected", "declared", "over_short")] == ["3", "3", "0"]


def test_the_seal_lists_what_was_open_and_stays_as_it_was(shop: Shop) -> None:
    facts = [recorded.fact for recorded in shop.house.store.after(0, 1_000)]
    seal = next(fact for fact in facts if isinstance(fact, DayClosed))
    assert (seal.totals.net, seal.totals.tax, seal.totals.receipts) == (850, 170, 6)
    assert [(gap.place, gap.first, gap.last) for gap in seal.missing] == [("middle", 8, 8), ("tail", 13, 13)]
    assert seal.over_short == [OverShort("1", "card", 300, 300), OverShort("1", "cash", 5720, 5670)]
    (restated,) = [fact for fact in facts if isinstance(fact, DayRestated)]
    assert (restated.number, restated.delta.net, restated.totals.net) == (1, 100, 950)


def test_a_batch_after_the_close_restates_the_day_and_the_sealed_figure_stays(shop: Shop) -> None:
    monday = {"first": MONDAY, "last": MONDAY}
    sealed = ("net", "sealed_net", "restatements", "restated_net")
    assert shop.figures("days", *sealed, at="sealed", **monday) == ("8.5", "8.5", 0, "0")
    assert shop.figures("days", *sealed, at="restated", **monday) == ("9.5", "8.5", 1, "1")


def test_coverage_tells_no_report_from_no_sales(shop: Shop) -> None:
    asked = {"first": MONDAY, "last": WEDNESDAY}
    status = {row["business_day"]: row["status"] for row in shop.ask("coverage", "business_day", "status", **asked)}
    assert status == {"2025-03-03": "restated", "2025-03-04": "closed", "2025-03-05": "missing"}


def test_stock_moves_with_the_sales_and_the_first_cost_of_eggs_catches_up(shop: Shop) -> None:
    def on_hand(at: str) -> dict[str, tuple[str, str]]:
        return {row["sku"]: (row["quantity"], row["value"]) for row in shop.ask("stock", "sku", at=at)}

    # milk: 100 at 60.00, five sold at 0.60; bread came back twice at its own cost; eggs are sold before they are bought
    assert on_hand("reported") == {"MILK": ("95", "57"), "BREAD": ("50", "50"), "EGGS": ("-1", "0")}
    assert on_hand("resolved")["EGGS"] == ("-2", "0")
    # ten eggs at 12.00: two of them were sold already, 2.40 of their cost is caught up, eight stay at 9.60
    assert on_hand("delivered")["EGGS"] == ("8", "9.6")
    assert shop.table("stock", "sku", "catch_up", at="delivered")["EGGS"] == "2.4"
    assert on_hand("restated")["MILK"] == ("94", "56.4")


def test_what_was_refused_is_listed_with_its_reason(shop: Shop) -> None:
    assert shop.table("refused", "code", "refused") == {"store_not_open": 1}


def test_monday_as_of_monday_does_not_know_of_tuesday(shop: Shop) -> None:
    assert {row["sku"]: row["quantity"] for row in shop.ask("stock", "sku", as_of=MONDAY)}["EGGS"] == "-2"
    assert shop.figures("sales", "net", as_of=MONDAY) == ("9.5",)
    assert shop.figures("sales", "net", as_of=MONDAY, at="sealed") == ("8.5",)
