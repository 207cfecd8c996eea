"""The question `sales`. It must not know how the rows came about."""

from __future__ import annotations

from typing import Final

from projections.attributes import (
    ARTICLE_ATTRIBUTES,
    ARTICLE_DIMENSIONS,
    BUSINESS_DAY,
    CURRENCY,
    MONTH,
    REGION,
    REGION_JOIN,
    STORE,
    with_articles,
)
from projections.questions import Dimension, Measure, Question, Source, read_number, read_week
from projections.versions import BEGINNING

_CUTS: Final = (
    "store", "business_day", "month", "week", "weekday", "hour", "region", "cashier", "kind", "origin", "currency",
)  # fmt: skip
_BY_ARTICLE: Final = (*_CUTS, "sku", *ARTICLE_ATTRIBUTES)
_RECEIPT: Final = ("r.store", "r.business_day", "r.register", "r.number", "r.epoch")
_SUMS: Final = ("lines", "gross", "discounts", "net", "tax")
_OF_RECEIPTS: Final = ("receipts", "transactions", *_SUMS, "charges", "rounding", "tendered", "quantity")
_RESUMMED: Final = {name: f"sum({name})" for name in _SUMS}
_BY_UNIT: Final = ("sum(r.lines) AS lines", "sum(r.quantity) AS quantity")

# Units without a cut by article: what receipts add up to is taken to be in the unit that most articles have; only the
# lines of other articles (those with another unit, or not described from the beginning) are read beside it.
_USUAL: Final = "SELECT unit FROM article_versions GROUP BY unit ORDER BY count(*) DESC, unit LIMIT 1"
_OTHER_LINES: Final = f"""(
WITH other AS MATERIALIZED (
    SELECT sku FROM sales_skus
    SEMI JOIN (SELECT sku FROM article_versions WHERE unit <> ({_USUAL})) USING (sku)
    UNION
    SELECT sku FROM sales_skus
    ANTI JOIN (SELECT sku FROM article_versions WHERE valid_from = DATE '{BEGINNING}') USING (sku)
),
versions AS (SELECT sku, valid_from, valid_to, unit FROM article_versions WHERE sku IN (FROM other))
SELECT r.*, coalesce(article.unit, 'unknown') AS unit
FROM (FROM sales_lines WHERE sku IN (FROM other)) AS r
LEFT JOIN versions AS article ON article.sku = r.sku
    AND article.valid_from <= {{article_day}} AND {{article_day}} < article.valid_to
)"""
_UNITS: Final = Measure(
    "units",
    "quantity in the unit beside it; empty where units of measure are mixed: ask by unit",
    "quantity",
    unit="see unit",
    beside="unit",
    figures=("lines", "quantity", "other_lines", "other_quantity", "other_units", "other_unit"),
    sql=f"""CASE WHEN coalesce(other_units, 0) = 0 THEN quantity
        WHEN other_units = 1 AND other_lines = lines THEN other_quantity
        WHEN other_units = 1 AND other_unit = ({_USUAL}) THEN quantity END""",
    beside_sql=f"""CASE WHEN lines = 0 THEN NULL WHEN coalesce(other_units, 0) = 0 THEN ({_USUAL})
        WHEN other_units = 1 AND (other_lines = lines OR other_unit = ({_USUAL})) THEN other_unit ELSE 'mixed' END""",
    may_be_empty=True,
)
_UNITS_OF_ARTICLES: Final = {
    "units": "CASE WHEN count(*) FILTER (lines <> 0) <= 1 THEN sum(quantity) END",
    "unit": "CASE WHEN count(*) FILTER (lines <> 0) <= 1 THEN any_value(unit) FILTER (lines <> 0) ELSE 'mixed' END",
}

SALES: Final = Question(
    name="sales",
    title="What was sold: receipts, lines, units and money, in any cut that means something",
    areas=("sales",),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        Dimension(
            "week",
            "the ISO week of the business day, YYYY-Www",
            "date_trunc('week', r.business_day)::DATE",
            label="strftime({}, '%G-W%V')",
            read=read_week,
        ),
        Dimension(
            "weekday",
            "the weekday of the business day, 1 Monday to 7 Sunday",
            "isodow(r.business_day)",
            "number",
            read=read_number,
        ),
        Dimension("hour", "the local hour in which it ended, 0 to 23", "r.hour", "number", read=read_number),
        REGION,
        *ARTICLE_DIMENSIONS,
        Dimension("sku", "the article", "r.sku"),
        Dimension("cashier", "the cashier, a code; empty where none is given", "r.cashier"),
        Dimension("tender", "what was paid with", "r.tender"),
        Dimension("discount_kind", "the kind of discount", "r.discount_kind"),
        Dimension("kind", "the kind of transaction", "r.kind"),
        Dimension("origin", "reported by a till, from a panel, or simulated", "fact.origin", join="fact"),
        CURRENCY,
    ),
    measures=(
        Measure("lines", "lines that count; by discount_kind: those with that kind, once for each kind"),
        Measure(
            "receipts",
            "distinct sales, returns and post-voids whose rows do not cancel out; does not add up over cuts by "
            "article or tender, because a receipt is in several",
        ),
        Measure("transactions", "transactions of every kind, also those without money"),
        _UNITS,
        Measure("gross", "at list price: net + discounts, + tax where prices include it", "money"),
        Measure("discounts", "what was given off list price", "money"),
        Measure("net", "after discounts, without tax", "money"),
        Measure("tax", "tax on the net amount", "money"),
        Measure("charges", "what a receipt charges beside its lines, such as a delivery", "money"),
        Measure("rounding", "what was rounded to pay in cash; net + tax + charges + rounding = tendered", "money"),
        Measure("tendered", "what was paid less change, of sales, returns and post-voids", "money"),
    ),
    sources=(
        Source(
            "sales_receipts",
            _CUTS,
            {name: f"sum(r.{name})" for name in _OF_RECEIPTS},
        ),
        Source(
            _OTHER_LINES,
            _CUTS,
            {
                "other_lines": "sum(lines)",
                "other_quantity": "sum(quantity)",
                "other_units": "count(*) FILTER (lines <> 0)",
                "other_unit": "any_value(unit) FILTER (lines <> 0)",
            },
            grain=("r.unit AS unit",),
            partials=_BY_UNIT,
        ),
        Source(
            "sales_tenders",
            (*_CUTS, "tender"),
            {"receipts": "count(*) FILTER (receipts <> 0)", "tendered": "sum(tendered)"},
            grain=_RECEIPT,
            partials=("sum(r.receipts) AS receipts", "sum(r.amount - r.change) AS tendered"),
            where="r.receipts <> 0",
        ),
        Source(
            with_articles("sales_lines"),
            _BY_ARTICLE,
            {**_RESUMMED, **_UNITS_OF_ARTICLES},
            grain=("r.unit AS unit",),
            partials=tuple(f"sum(r.{name}) AS {name}" for name in (*_SUMS, "quantity")),
        ),
        Source(
            with_articles("sales_lines"),
            _BY_ARTICLE,
            {"receipts": "count(*) FILTER (lines <> 0)"},
            grain=_RECEIPT,
            partials=("sum(r.lines) AS lines",),
        ),
        Source(
            "sales_lines",
            (*_CUTS, "sku", "discount_kind"),
            {"lines": "sum(r.sign)", "discounts": "sum(r.discounts)"},
            where="r.discount_kind IS NOT NULL",
        ),
        Source(
            with_articles("sales_lines"),
            (*_BY_ARTICLE, "discount_kind"),
            {"lines": "sum(r.sign)", "discounts": "sum(r.discounts)"},
            where="r.discount_kind IS NOT NULL",
        ),
    ),
    joins={"region": REGION_JOIN, "fact": "JOIN facts fact ON fact.position = r.position"},
)
