"""Bodies joined a column at a time are those that building and encoding each command by itself gives."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import NamedTuple

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.sales.commands import CloseDay, Discount, Line, RegisterCount, ReportBatch, Tender, Transaction
from domain.values import amount_text
from services.demo import bodies

MEASURED = 77
MIDNIGHT = dt.datetime(2017, 11, 5)  # noqa: DTZ001 - wall-clock time; the clocks were put back that night


class Article(NamedTuple):
    product: int
    quantity: int
    net: int
    loyalty: int
    match: int
    coupon: int


class Basket(NamedTuple):
    utc: int
    offset: int
    basket: int
    store: int
    household: int
    articles: list[Article]

    @property
    def at(self) -> dt.datetime:
        return MIDNIGHT + dt.timedelta(seconds=self.utc + self.offset)


CENTS = st.integers(-200, 100_000) | st.just(0)
ARTICLE = st.builds(Article, st.sampled_from([5, MEASURED, 900]), st.integers(0, 30_000), CENTS, CENTS, CENTS, CENTS)
# Within half an hour of the hour that comes twice, so that wall-clock time often runs against the order of events.
TIMES = st.integers(5 * 3600, 7 * 3600).map(lambda utc: (utc, -4 * 3600 if utc < 6 * 3600 else -5 * 3600))
BASKETS = st.lists(
    st.tuples(
        TIMES, st.integers(0, 1), st.sampled_from([9, 10, 367]), st.integers(1, 2500), st.lists(ARTICLE, min_size=1)
    ),
    min_size=1,
    max_size=12,
).map(
    lambda drawn: [
        Basket(utc + days * 86_400, offset if days == 0 else -5 * 3600, 1000 - index, store, household, articles)
        for index, ((utc, offset), days, store, household, articles) in enumerate(drawn)
    ]
)


def columns(baskets: list[Basket]) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    start = int((MIDNIGHT - dt.datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001
    table = [
        (start + b.utc + b.offset, b.offset, b.basket, b.store, b.household, *article)
        for b in sorted(baskets, key=lambda b: b.utc)
        for article in b.articles
    ]
    names = ("local", "offset", "basket_id", "store_id", "household_id", "product_id")
    figures = ("quantity", "sales_value", "retail_disc", "coupon_match_disc", "coupon_disc")
    rows = {
        name: np.array(column, dtype=np.int64)
        for name, column in zip((*names, *figures), zip(*table, strict=True), strict=True)
    }
    return rows | {"day": rows["local"] // 86_400}


def line(article: Article) -> Line:
    discounts = (("loyalty", article.loyalty), ("coupon_match", article.match))
    quantity = str(article.quantity)
    if article.product == MEASURED:
        quantity = amount_text(article.quantity, 3).rstrip("0").rstrip(".")
    return Line(
        list=amount_text(article.net + article.loyalty + article.match, 2),
        net=amount_text(article.net, 2),
        quantity=quantity,
        sku=str(article.product),
        discounts=tuple(Discount(amount_text(amount, 2), kind) for kind, amount in discounts if amount),
    )


def transaction(number: int, basket: Basket) -> Transaction:
    net = sum(article.net for article in basket.articles)
    coupon = sum(article.coupon for article in basket.articles)
    tenders = (("manufacturer_coupon", coupon), ("unspecified", net - coupon))
    return Transaction(
        at=basket.at.isoformat() + f"-0{-basket.offset // 3600}:00",
        kind="sale",
        number=number,
        register="PANEL",
        customer=str(basket.household),
        lines=tuple(map(line, basket.articles)),
        net=amount_text(net, 2),
        tenders=tuple(Tender(amount_text(amount, 2), kind) for kind, amount in tenders if amount),
        total=amount_text(net, 2),
    )


@given(BASKETS)
def test_joined_bodies_are_those_of_commands_built_one_by_one(baskets: list[Basket]) -> None:
    expected = []
    ordered = sorted(baskets, key=lambda b: (b.at.date(), b.store, b.utc, b.basket))
    for (day, store), group in groupby(ordered, key=lambda b: (b.at.date().isoformat(), str(b.store))):
        sold = tuple(transaction(number, basket) for number, basket in enumerate(group, start=1))
        counts = (RegisterCount("PANEL", len(sold)),)
        batch = ReportBatch(store, day, f"panel-{day}-{store}", counts, "panel", sold)
        expected.append((store, day, msgspec.json.encode(batch)))
    assert list(bodies.batches(columns(baskets), np.array([MEASURED]))) == expected


def test_a_closing_is_that_of_its_command() -> None:
    rows = {"store_id": np.array([9, 367]), "day": np.array([17_230, 17_231])}
    assert list(bodies.closings(rows)) == [
        msgspec.json.encode(CloseDay("9", "2017-03-05", origin="panel")),
        msgspec.json.encode(CloseDay("367", "2017-03-06", origin="panel")),
    ]
