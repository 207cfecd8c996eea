"""What may be said of articles, and which of it is new."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.kernel import Fact
from domain.products.aggregate import Catalogue, DescribeOutcome, described, rows_of
from domain.products.commands import DescribeArticle
from domain.products.facts import ArticlesDescribed
from domain.products.rules import NOT_GIVEN, UNITS, row_of
from tests.support.decisions import Decision, given

FACT_LIMIT = 256 * 1024  # bytes of JSON, facts.md 1


def describing(articles: list[DescribeArticle], *facts: Fact) -> Decision[Catalogue]:
    return given(Catalogue(), *facts).when(lambda catalogue: catalogue.describe(articles))


def refusals(article: DescribeArticle) -> list[tuple[int, str, str]]:
    decision = describing([article]).then_nothing()
    return [(bad.index, bad.code, bad.field) for bad in decision.answer.refused]


# -- recording


def test_what_is_the_same_for_all_articles_of_a_call_is_recorded_once() -> None:
    articles = [
        DescribeArticle("1", "EA", name="Apples", department="PRODUCE", currency="USD", list_price="0.99"),
        DescribeArticle("2", "EA", name="Pears", department="PRODUCE", currency="USD", list_price="1.2345"),
    ]
    describing(articles).then(
        ArticlesDescribed(
            sku=["1", "2"],
            unit=["EA"],
            name=["Apples", "Pears"],
            department=["PRODUCE"],
            currency=["USD"],
            list_price=[9_900, 12_345],
        )
    ).then_answered(DescribeOutcome(2, 0, []))


def test_the_facts_of_the_catalogue_are_in_the_order_of_products() -> None:
    pending = describing([DescribeArticle("1")]).pending[0]
    assert (pending.stream, pending.owner) == ("articles/catalogue", "products")


def test_no_price_and_a_price_of_zero_are_not_the_same() -> None:
    articles = [DescribeArticle("1"), DescribeArticle("2", currency="USD", cost="0")]
    fact = describing(articles).facts[0]
    assert isinstance(fact, ArticlesDescribed)
    assert (fact.list_price, fact.cost) == ([], [NOT_GIVEN, 0])


def test_a_gtin_is_kept_with_fourteen_digits_and_once() -> None:
    article = DescribeArticle(
        "1", gtins=("73513537", "012345678905", "4006381333931", "04006381333931", "98412345678908")
    )
    describing([article]).then(
        ArticlesDescribed(sku=["1"], unit=["EA"], gtins=["00000073513537 00012345678905 04006381333931 98412345678908"])
    )


def test_free_text_is_kept_as_it_came_whatever_it_holds() -> None:
    text = "=cmd|' /C calc'!A0\u0000\n\"\\<script>\u202e\U0001f34f"
    fact = describing([DescribeArticle("1", name=text, brand=text, package_size=" 2 KG ")]).facts[0]
    back = msgspec.json.decode(msgspec.json.encode(fact), type=ArticlesDescribed)
    assert (back.name, back.brand, back.package_size) == ([text], [text], [" 2 KG "])


# -- what is new


TEXTS = st.text(max_size=4)
ARTICLES = st.lists(
    st.builds(
        DescribeArticle,
        st.sampled_from(["1", "2", "A/7"]),
        st.sampled_from(["EA", "KGM"]),
        st.sampled_from(["", "2017-01-01", "2017-06-01"]),
        name=TEXTS,
        gtins=st.sampled_from([(), ("73513537",)]),
        department=TEXTS,
        currency=st.just("USD"),
        list_price=st.sampled_from(["", "0", "1.5"]),
    ),
    max_size=8,
)


def last_of_each(articles: list[DescribeArticle]) -> list[DescribeArticle]:
    return list({(article.sku, article.effective_from): article for article in articles}.values())


@for_all(ARTICLES)
def test_what_holds_said_again_changes_nothing(articles: list[DescribeArticle]) -> None:
    first = describing(articles)
    again = last_of_each(articles)
    describing(again, *first.facts).then_nothing().then_answered(DescribeOutcome(0, len(again), []))


@for_all(ARTICLES, st.integers(0, 8))
def test_one_call_or_several_record_the_same_versions(articles: list[DescribeArticle], cut: int) -> None:
    together = describing(articles)
    first = describing(articles[:cut])
    second = describing(articles[cut:], *first.facts)
    assert versions(first.facts + second.facts) == versions(together.facts)


@for_all(ARTICLES)
def test_versions_come_back_from_their_columns_as_they_were_said(articles: list[DescribeArticle]) -> None:
    decision = describing(articles)
    held = {(row[0], row[2]): row for row in versions(decision.facts)}
    assert list(held.values()) == [tuple(row_of(article)) for article in last_of_each(articles)]


def versions(facts: list[Fact]) -> list[tuple[Any, ...]]:
    return [row for fact in facts if isinstance(fact, ArticlesDescribed) for row in rows_of(fact)]


def test_an_article_said_twice_in_one_call_is_recorded_twice_and_the_later_holds() -> None:
    apples, pears = DescribeArticle("1", name="Apples"), DescribeArticle("1", name="Pears")
    both = ArticlesDescribed(sku=["1", "1"], unit=["EA"], name=["Apples", "Pears"])
    describing([apples, pears]).then(both).then_answered(DescribeOutcome(2, 0, []))
    describing([pears], both).then_nothing()
    describing([apples], both).then(ArticlesDescribed(sku=["1"], unit=["EA"], name=["Apples"]))


def test_the_same_line_twice_in_one_call_is_a_duplicate() -> None:
    describing([DescribeArticle("1"), DescribeArticle("1")]).then_answered(DescribeOutcome(1, 1, []))


def test_the_same_content_from_another_day_on_is_a_version_of_its_own() -> None:
    known = describing([DescribeArticle("1")]).facts
    dated = DescribeArticle("1", effective_from="2017-06-01")
    describing([dated], *known).then(ArticlesDescribed(sku=["1"], unit=["EA"], effective_from=["2017-06-01"]))


def test_a_price_written_otherwise_is_the_same_price() -> None:
    known = describing([DescribeArticle("1", currency="USD", list_price="1.5")]).facts
    describing([DescribeArticle("1", currency="USD", list_price="1.5000")], *known).then_nothing()


# -- facts of bounded size


def test_a_fact_holds_at_most_fifteen_hundred_articles() -> None:
    facts = describing([DescribeArticle(str(n)) for n in range(3_001)]).facts
    assert [len(fact.sku) for fact in facts if isinstance(fact, ArticlesDescribed)] == [1_500, 1_500, 1]


@pytest.mark.parametrize("text", ["x" * 500, "\u0000" * 500, '"' * 500, "\U0001f34f" * 500])
def test_a_fact_stays_far_below_the_limit_however_long_the_names(text: str) -> None:
    words: dict[str, Any] = dict.fromkeys(
        ("department", "category", "subcategory", "brand", "manufacturer", "package_size"), text
    )
    gtins = tuple(f"{n:013}{check_digit(n)}" for n in range(1, 101))
    articles = [DescribeArticle(f"S{n:039}", name=f"{n}"[:3] + text[3:], gtins=gtins, **words) for n in range(60)]
    articles[1::2] = [msgspec.structs.replace(article, brand="") for article in articles[1::2]]
    facts = describing(articles).facts
    assert len(versions(facts)) == 60
    assert all(len(msgspec.json.encode(fact)) < FACT_LIMIT * 0.9 for fact in facts)


def check_digit(body: int) -> int:
    return -sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(f"{body:013}"))) % 10


@for_all(ARTICLES)
def test_in_columns_articles_take_no_more_than_was_estimated(articles: list[DescribeArticle]) -> None:
    rows = [row_of(article) for article in articles]
    names_of_columns = 400
    estimate = sum(len(msgspec.json.encode(row)) for row in rows)
    assert not rows or len(msgspec.json.encode(described(rows))) <= estimate + names_of_columns


# -- each value says what its field asks for


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sku": ""}, "/sku"),
        ({"sku": "a b"}, "/sku"),
        ({"sku": "1\n"}, "/sku"),
        ({"sku": "1" * 41}, "/sku"),
        ({"unit": "KILO"}, "/unit"),
        ({"unit": "XBX"}, "/unit"),
        ({"unit": "ea"}, "/unit"),
        ({"effective_from": "2017-13-01"}, "/effective_from"),
        ({"gtins": ("73513537", "73513538")}, "/gtins/1"),
        ({"gtins": ("7351353",)}, "/gtins/0"),
        ({"gtins": ("4006381-333931",)}, "/gtins/0"),
        ({"gtins": ("٧٣٥١٣٥٣٧",)}, "/gtins/0"),
        ({"gtins": ("00000000",)}, "/gtins/0"),
        ({"gtins": ("73513537",) * 101}, "/gtins"),
        ({"currency": "ABC"}, "/currency"),
        ({"list_price": "1.00"}, "/currency"),
        ({"cost": "1.00"}, "/currency"),
        ({"currency": "USD", "list_price": "1.23456"}, "/list_price"),
        ({"currency": "USD", "list_price": "-0.01"}, "/list_price"),
        ({"currency": "USD", "cost": "1e2"}, "/cost"),
        ({"currency": "USD", "cost": "NaN"}, "/cost"),
    ],
)
def test_an_article_that_cannot_be_read_is_refused_with_its_field(changes: dict[str, Any], field: str) -> None:
    said: dict[str, Any] = {"sku": "1"}
    assert refusals(DescribeArticle(**(said | changes))) == [(0, "bad_value", field)]


def test_what_is_refused_does_not_keep_the_rest_out() -> None:
    articles = [DescribeArticle("1"), DescribeArticle("2", unit="?"), DescribeArticle("3"), DescribeArticle("1")]
    decision = describing(articles).then(ArticlesDescribed(sku=["1", "3"], unit=["EA"]))
    assert (decision.answer.accepted, decision.answer.duplicate) == (2, 1)
    assert [(bad.index, bad.field) for bad in decision.answer.refused] == [(1, "/unit")]


@pytest.mark.parametrize(
    "unit", ["EA", "C62", "H87", "GRM", "KGM", "LBR", "LTR", "GLL", "MTR", "PR", "DZN", "SET", "HUR"]
)
def test_units_of_everyday_trade_are_known(unit: str) -> None:
    assert unit in UNITS
    assert describing([DescribeArticle("1", unit)]).answer.accepted == 1
