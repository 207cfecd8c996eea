"""The view of articles: which version of one held on a day, as known at a position. It must not know who sells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final, cast

import numpy as np
import pyarrow as pa

from domain.columns import spread
from domain.kernel import Fact, Recorded
from domain.products.facts import ArticlesDescribed
from projections import versions
from projections.columns import MONEY_PLACES, Integers, decimals
from projections.kernel import Write, ddl_beside
from projections.questions import Dimension, Measure, Question, Source

_TEXTS: Final = (
    "unit", "name", "gtins", "department", "category", "subcategory", "brand", "manufacturer", "package_size",
    "currency",
)  # fmt: skip
_PRICES: Final = ("list_price", "cost")
_NOT_GIVEN: Final = -1


class ArticleView:
    """Versions of articles."""

    name = "products"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = (ArticlesDescribed,)

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """Each described version holds from its day on, known from its fact on."""
        facts = [cast(ArticlesDescribed, item.fact) for item in recorded]
        counts = [len(fact.sku) for fact in facts]
        columns = {"sku": pa.array(list(chain.from_iterable(fact.sku for fact in facts)), pa.string())}
        for name in _TEXTS:
            columns[name] = pa.array(_texts(facts, name), pa.string())
        for name in _PRICES:
            columns[name] = _prices(facts, name, sum(counts))
        versions.hold(
            write,
            "article_versions",
            "sku",
            versions.days_from(_texts(facts, "effective_from")),
            np.repeat(np.array([item.position for item in recorded], np.int64), counts),
            pa.table(columns),
        )


def _texts(facts: Sequence[ArticlesDescribed], name: str) -> list[str]:
    return list(chain.from_iterable(spread(getattr(fact, name), len(fact.sku), "") for fact in facts))


def _prices(facts: Sequence[ArticlesDescribed], name: str, count: int) -> pa.Array:
    """Ten-thousandths of the major unit as DECIMAL(18, 4); NULL where none was given."""
    said = chain.from_iterable(spread(getattr(fact, name), len(fact.sku), _NOT_GIVEN) for fact in facts)
    values: Integers = np.fromiter(said, np.int64, count)
    prices = decimals(values, MONEY_PLACES)
    return pa.compute.if_else(pa.array(values != _NOT_GIVEN), prices, pa.scalar(None, prices.type))


VIEW = ArticleView()

_FROM: Final = (
    f"CASE WHEN r.valid_from = DATE '{versions.BEGINNING}' THEN '' ELSE strftime(r.valid_from, '%Y-%m-%d') END"
)
_ATTRIBUTES: Final = (
    ("unit", "the unit of measure, UN/CEFACT Recommendation 20"),
    ("name", "what the article is called"),
    ("department", "the department"),
    ("category", "the category"),
    ("subcategory", "the subcategory"),
    ("brand", "the brand"),
    ("manufacturer", "the manufacturer"),
    ("package_size", "the size of the package"),
    ("gtins", "GTINs of 14 digits, several parted by a blank"),
)
_CUTS: Final = ("sku", "currency", "effective_from", *(name for name, _ in _ATTRIBUTES))

ARTICLES: Final = Question(
    name="articles",
    title="Which articles there are on a day (as of, else today), how they are classed and what they cost",
    areas=("products",),
    dimensions=(
        Dimension("sku", "the article", "r.sku"),
        *(Dimension(name, says, f"r.{name}") for name, says in _ATTRIBUTES),
        Dimension("currency", "the currency of its prices; empty where it has none", "r.currency"),
        Dimension("effective_from", "the day from which this holds of it; empty: from the beginning", _FROM),
    ),
    measures=(
        Measure("articles", "articles in force"),
        Measure("list_price", "list price of one unit; empty where none is given", "price", may_be_empty=True),
        Measure("cost", "cost of one unit; empty where none is given", "price", may_be_empty=True),
    ),
    sources=(
        Source(
            "article_versions",
            _CUTS,
            {"articles": "count(*)"},
            where="r.valid_from <= {on} AND {on} < r.valid_to",
            day="",
        ),
        Source(
            "article_versions",
            _CUTS,
            {"list_price": "any_value(r.list_price)", "cost": "any_value(r.cost)"},
            needs=("sku",),
            where="r.valid_from <= {on} AND {on} < r.valid_to",
            day="",
        ),
    ),
)
