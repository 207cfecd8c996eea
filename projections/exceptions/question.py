"""The question `exceptions`: what was noted with sales, and what is found by setting facts beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.values import MINOR_UNITS
from projections.attributes import BUSINESS_DAY, CURRENCY, MONTH, REGION, REGION_JOIN, STORE
from projections.questions import Dimension, Measure, Question, Source, read_number


def _by_places(values: Iterable[tuple[int, str]], otherwise: str) -> str:
    """SQL that gives a value by the decimals of the currency of `l`."""
    cases = []
    for places, value in values:
        currencies = ", ".join(f"'{name}'" for name, held in MINOR_UNITS.items() if held == places)
        cases.append(f"WHEN l.currency IN ({currencies}) THEN {value}")
    return f"CASE {' '.join(cases)} ELSE {otherwise} END"


_MINOR: Final = _by_places(((0, "1"), (3, "1000")), "100")
_HALF: Final = _by_places(((0, "0.5000"), (3, "0.0005")), "0.0050")
_SOLD: Final = "business_day, store, currency, register, number, epoch, cashier"

_NOTED: Final = f"SELECT {_SOLD}, code, line, sku, detail, count::BIGINT AS count, amount FROM exceptions_noted"

# A version of an article reaches from its first day to the end of the calendar, so its first day tells.
_UNKNOWN_ARTICLE: Final = f"""
    SELECT {_SOLD}, 'unknown_article', NULL, l.sku, '', l.lines, l.net
    FROM sales_lines l LEFT JOIN (SELECT sku, min(valid_from) AS since FROM article_versions GROUP BY sku) a USING (sku)
    WHERE a.since IS NULL OR l.business_day < a.since"""

# Equal means: gross is the exact product rounded half to even, without a float and without rounding here.
_PRICE_DIFFERS: Final = f"""
    SELECT {_SOLD}, 'price_differs', NULL, sku, list_price::VARCHAR, lines, net FROM (
        SELECT l.*, a.list_price, l.gross - a.list_price * l.quantity AS off, {_HALF} AS half,
            (l.gross * {_MINOR})::HUGEINT % 2 <> 0 AS odd
        FROM sales_lines l JOIN article_versions a ON a.sku = l.sku AND a.currency = l.currency
            AND a.valid_from <= l.business_day AND l.business_day < a.valid_to
        WHERE a.list_price IS NOT NULL AND l.lines <> 0
    ) WHERE abs(off) > half OR (abs(off) = half AND odd)"""

_ORIGINAL: Final = "original_store, original_day, original_register, original_number"
_RENAMED: Final = (
    "store AS original_store, business_day AS original_day, register AS original_register, number AS original_number, "
    "epoch AS found"
)
_SAME: Final = " AND ".join(f"back.{name} = original.{name}" for name in _ORIGINAL.split(", "))
_AGAINST: Final = "concat_ws('/', original_store, original_day, original_register, original_number)"
_ORIGINALS: Final = f"""
    SELECT {_ORIGINAL}, found FROM (SELECT {_RENAMED}, transactions FROM sales_receipts)
    SEMI JOIN sales_returns USING ({_ORIGINAL}) GROUP BY ALL HAVING sum(transactions) > 0"""
# What came back, with the epoch in which its original was found: the one it names, or the first if it names none.
_RETURNED: Final = f"""
    SELECT back.*, min(original.found) AS found
    FROM (
        SELECT {_SOLD}, {_ORIGINAL}, original_epoch, sku, -sum(quantity) AS quantity_back, -sum(net) AS net_back
        FROM sales_returns GROUP BY ALL HAVING sum(count) <> 0
    ) AS back
    LEFT JOIN ({_ORIGINALS}) AS original ON {_SAME} AND back.original_epoch IN (0, original.found)
    GROUP BY ALL"""

_ORIGINAL_UNKNOWN: Final = f"""
    SELECT {_SOLD}, 'original_unknown', NULL, '', {_AGAINST}, 1, -sum(net_back)
    FROM ({_RETURNED}) WHERE found IS NULL GROUP BY {_SOLD}, {_ORIGINAL}"""


def _too_much(code: str, figure: str) -> str:
    """Each return with which a figure of the returns of an article from one original, in the order of their keys,
    exceeds what the original had of it."""
    return f"""
    SELECT {_SOLD}, '{code}', NULL, sku, {_AGAINST}, 1, -net_back
    FROM (
        SELECT *, sum({figure}_back) OVER (
            PARTITION BY {_ORIGINAL}, found, sku ORDER BY business_day, store, register, epoch, number) AS total
        FROM ({_RETURNED}) WHERE sku <> '' AND found IS NOT NULL
    )
    LEFT JOIN (
        SELECT {_ORIGINAL}, found, sku, sum({figure}) AS had FROM (SELECT {_RENAMED}, sku, {figure} FROM sales_lines)
        SEMI JOIN sales_returns USING ({_ORIGINAL}) GROUP BY ALL
    ) USING ({_ORIGINAL}, found, sku)
    WHERE {figure}_back > 0 AND total > coalesce(had, 0)"""


_COST_UNKNOWN: Final = """
    SELECT business_day, store, currency, '', NULL, NULL, '', 'cost_unknown', NULL, sku, '',
        CASE movement WHEN 'issue' THEN 1 ELSE -1 END, 0
    FROM stock_movements AS moved
    LEFT JOIN (
        SELECT store, sku, max(position) AS costed FROM stock_movements WHERE NOT unknown GROUP BY ALL
    ) AS later USING (store, sku)
    WHERE unknown AND (movement = 'issue' OR (movement = 'reversal' AND quantity > 0))
        AND (costed IS NULL OR costed < moved.position)"""

_ALL: Final = (
    f"({_NOTED} UNION ALL {_UNKNOWN_ARTICLE} UNION ALL {_PRICE_DIFFERS} UNION ALL {_ORIGINAL_UNKNOWN} "
    f"UNION ALL {_too_much('returned_more_than_sold', 'quantity')} "
    f"UNION ALL {_too_much('refunded_more_than_paid', 'net')} UNION ALL {_COST_UNKNOWN})"
)
_CUTS: Final = (
    "store", "business_day", "month", "region", "code", "sku", "cashier", "register", "number", "line", "detail",
    "currency",
)  # fmt: skip

EXCEPTIONS: Final = Question(
    name="exceptions",
    title="What is odd about sales that count nevertheless",
    areas=("sales", "stock", "products"),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        REGION,
        Dimension("code", "the rule that is not kept", "r.code"),
        Dimension("sku", "the article; empty where it is about a whole transaction", "r.sku"),
        Dimension("cashier", "the cashier, an opaque code", "r.cashier"),
        Dimension("register", "the register; empty for cost_unknown", "r.register"),
        Dimension("number", "the number of the transaction", "r.number", "number", read=read_number),
        Dimension(
            "line",
            "the place of the line in the transaction, where that was noted",
            "r.line",
            "number",
            read=read_number,
        ),
        Dimension("detail", "what it was found against", "r.detail"),
        CURRENCY,
    ),
    measures=(
        Measure("exceptions", "how many times the rule is not kept"),
        Measure("amount", "net of the lines it is about", "money"),
    ),
    sources=(Source(_ALL, _CUTS, {"exceptions": "sum(r.count)", "amount": "sum(r.amount)"}),),
    joins={"region": REGION_JOIN},
)
