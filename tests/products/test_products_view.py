"""Articles through the view: which version held on a day, as it was known at a position."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.products.facts import ArticlesDescribed
from tests.support.log import Log

FIRST, JUNE, SEPTEMBER = dt.date(2017, 1, 1), dt.date(2017, 6, 1), dt.date(2017, 9, 1)


def described(*articles: tuple[str, str, str]) -> ArticlesDescribed:
    """Articles with a day from which they are so, and a department."""
    sku, day, department = (list(column) for column in zip(*articles, strict=True))
    return ArticlesDescribed(sku, ["EA"], day, department=department)


def priced(sku: str, day: str, price: int) -> ArticlesDescribed:
    return ArticlesDescribed([sku], ["EA"], [day], currency=["USD"], list_price=[price], cost=[-1])


def departments(log: Log, **asked: Any) -> Any:
    return log.figures("articles", "sku department", "articles", **asked)


def test_an_article_holds_from_the_beginning_unless_it_is_dated() -> None:
    log = Log()
    log.add(described(("milk", "", "dairy"), ("bread", "2017-06-01", "bakery")), "products", "")
    assert departments(log, as_of=FIRST) == {("milk", "dairy"): 1}
    assert departments(log, as_of=JUNE) == {("milk", "dairy"): 1, ("bread", "bakery"): 1}


def test_a_later_version_leaves_the_days_before_it_as_they_were() -> None:
    log = Log()
    log.add(described(("milk", "", "dairy")), "products", "")
    log.add(described(("milk", "2017-06-01", "chilled")), "products", "")
    assert departments(log, as_of=FIRST) == {("milk", "dairy"): 1}
    assert departments(log, as_of=JUNE) == {("milk", "chilled"): 1}


def test_a_version_dated_between_two_holds_until_the_later_one() -> None:
    log = Log()
    log.add(described(("milk", "", "dairy")), "products", "")
    log.add(described(("milk", "2017-09-01", "fresh")), "products", "")
    known = log.add(described(("milk", "2017-06-01", "chilled")), "products", "")
    assert departments(log, as_of=JUNE) == {("milk", "chilled"): 1}
    assert departments(log, as_of=SEPTEMBER) == {("milk", "fresh"): 1}
    assert departments(log, as_of=JUNE, known_at=known - 1) == {("milk", "dairy"): 1}


def test_what_is_said_again_for_a_day_replaces_it_for_all_later_knowledge() -> None:
    log = Log()
    wrong = log.add(described(("milk", "", "diary")), "products", "")
    log.add(described(("milk", "", "dairy")), "products", "")
    assert departments(log, as_of=FIRST) == {("milk", "dairy"): 1}
    assert departments(log, as_of=FIRST, known_at=wrong) == {("milk", "diary"): 1}


def test_of_two_versions_in_one_fact_for_one_day_the_later_one_holds() -> None:
    log = Log()
    log.add(described(("milk", "", "diary"), ("milk", "2017-06-01", "chilled"), ("milk", "", "dairy")), "products", "")
    assert departments(log, as_of=FIRST) == {("milk", "dairy"): 1}
    assert departments(log, as_of=JUNE) == {("milk", "chilled"): 1}


def test_prices_are_exact_and_empty_where_none_is_given() -> None:
    log = Log()
    log.add(priced("milk", "", 19_999), "products", "")
    assert log.figures("articles", "sku", "list_price cost") == {"milk": (Decimal("1.9999"), None)}


def test_a_name_is_kept_as_it_came() -> None:
    log = Log()
    log.add(ArticlesDescribed(["milk"], ["LTR"], name=["=1+1\n\u202e'; DROP TABLE article_versions"]), "products", "")
    assert log.figures("articles", "name unit", "articles") == {
        ("=1+1\n\u202e'; DROP TABLE article_versions", "LTR"): 1
    }


VERSIONS = st.tuples(
    st.sampled_from(["milk", "bread"]), st.sampled_from(["", "2017-06-01", "2017-09-01"]), st.sampled_from("abcd")
)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(VERSIONS, min_size=1, max_size=4), min_size=1, max_size=5), st.integers())
def test_the_versions_in_force_are_what_was_last_said_for_the_nearest_day(
    facts: list[list[tuple[str, str, str]]], seed: int
) -> None:
    log = Log()
    said: dict[str, dict[str, str]] = {}
    as_known: dict[int, dict[dt.date, dict[tuple[str, str], int]]] = {}
    for fact in facts:
        position = log.add(described(*fact), "products", "")
        for sku, day, department in fact:
            said.setdefault(sku, {})[day] = department
        as_known[position] = {day: in_force(said, day) for day in (FIRST, JUNE, SEPTEMBER)}
    cut = random.Random(seed).randint(0, len(facts))
    log.views().clear()
    log.views().apply(log.recorded[:cut])  # whatever the cut into batches
    log.views().apply(log.recorded)
    for position, days in as_known.items():
        for on, expected in days.items():
            assert departments(log, as_of=on, known_at=position) == expected


def in_force(said: dict[str, dict[str, str]], day: dt.date) -> dict[tuple[str, str], int]:
    """The slow and obvious way."""
    found = {}
    for sku, versions in said.items():
        past = [since for since in versions if since <= day.isoformat()]
        if past:
            found[(sku, versions[max(past)])] = 1
    return found
