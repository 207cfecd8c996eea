"""Dimensions that many questions share: the calendar, what a store is and what an article is on the day of a row.

Every source that offers them has a relation `r` with `business_day`, `store` and `sku` as far as they are named. It
must not know any view but the tables of versions.
"""

from __future__ import annotations

from typing import Final

from projections.questions import Dimension, read_day, read_month

STORE: Final = Dimension("store", "the store", "r.store")
BUSINESS_DAY: Final = Dimension(
    "business_day", "the business day, as the store declares it", "r.business_day", "day", read=read_day
)
MONTH: Final = Dimension(
    "month", "the month of the business day, YYYY-MM", "date_trunc('month', r.business_day)::DATE",
    label="strftime({}, '%Y-%m')", read=read_month,
)  # fmt: skip
CURRENCY: Final = Dimension("currency", "the currency", "r.currency")
REGION: Final = Dimension(
    "region", "the region of the store on the business day", "coalesce(region_of.region, 'unknown')", join="region"
)
REGION_JOIN: Final = (
    "LEFT JOIN store_versions region_of ON region_of.store = r.store "
    "AND region_of.valid_from <= r.business_day AND r.business_day < region_of.valid_to"
)

ARTICLE_ATTRIBUTES: Final = ("department", "category", "subcategory", "brand", "manufacturer", "unit")
ARTICLE_DIMENSIONS: Final = tuple(
    Dimension(name, f"{says}; 'unknown' for an article nobody has described", f"r.{name}")
    for name, says in (
        ("department", "the department of the article"),
        ("category", "the category of the article"),
        ("subcategory", "the subcategory of the article"),
        ("brand", "the brand of the article"),
        ("manufacturer", "the manufacturer of the article"),
        ("unit", "the article's unit of measure (UN/CEFACT Recommendation 20)"),
    )
)


def with_articles(table: str) -> str:
    """The rows of a table with what their article is: as sold, or as of today when that is asked."""
    attributes = ", ".join(f"coalesce(article.{name}, 'unknown') AS {name}" for name in ARTICLE_ATTRIBUTES)
    return (
        f"(SELECT r.*, {attributes} FROM {table} r LEFT JOIN article_versions article ON article.sku = r.sku "
        "AND article.valid_from <= {article_day} AND {article_day} < article.valid_to)"
    )


UNITS_BESIDE: Final = "CASE WHEN min(r.unit) = max(r.unit) THEN min(r.unit) ELSE 'mixed' END"


def of_one_unit(amount: str) -> str:
    """A sum of quantities where all are in one unit of measure, else nothing."""
    return f"CASE WHEN min(r.unit) = max(r.unit) THEN sum({amount}) END"
