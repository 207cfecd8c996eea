"""Sealed days and their restatements: the figures as they were sealed, what came later, and what they are now.

It must not know why a day was closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from domain.kernel import Fact, Recorded
from domain.sales.facts import DayClosed, DayRestated, Totals
from domain.values import MINOR_UNITS
from projections.attributes import BUSINESS_DAY, CURRENCY, MONTH, REGION, REGION_JOIN, STORE
from projections.columns import minor_factor
from projections.kernel import Write, ddl_beside
from projections.questions import Dimension, Measure, Question, Source
from projections.rows import COUNT, DAY, MONEY, POSITION, TEXT, table_of

_TOTALS: Final = {
    "position": POSITION, "business_day": DAY, "store": TEXT, "currency": TEXT, "transactions": COUNT,
    "receipts": COUNT, "lines": COUNT, "net": MONEY, "tax": MONEY,
}  # fmt: skip
_SEALS: Final = _TOTALS | {"gaps": COUNT, "conflicts": COUNT, "sealed_version": COUNT, "sealed_hash": TEXT}
_RESTATEMENTS: Final = _TOTALS | {"number": COUNT}


class DaysView:
    """One row for each seal and each restatement."""

    name = "days"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = (DayClosed, DayRestated)

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """A row for each fact."""
        seals: list[tuple[Any, ...]] = []
        restatements: list[tuple[Any, ...]] = []
        for item in recorded:
            match item.fact:
                case DayClosed() as fact:
                    missing = sum(gap.last - gap.first + 1 for gap in fact.missing)
                    open_ones = len(fact.open_conflicts)
                    seals.append((*_row(item, fact.totals), missing, open_ones, fact.sealed_version, fact.sealed_hash))
                case DayRestated() as fact:
                    restatements.append((*_row(item, fact.delta), fact.number))
        if seals:
            write.insert("day_seals", table_of(_SEALS, seals))
        if restatements:
            write.insert("day_restatements", table_of(_RESTATEMENTS, restatements))


def _row(item: Recorded, totals: Totals) -> tuple[Any, ...]:
    factor = minor_factor(MINOR_UNITS.get(totals.currency, 2))  # a day without sales has no currency, and no money
    return (
        item.position,
        item.meta.business_day,
        item.meta.owner,
        totals.currency,
        totals.transactions,
        totals.receipts,
        totals.lines,
        totals.net * factor,
        totals.tax * factor,
    )


VIEW = DaysView()

_DAYS: Final = """(
    WITH days AS (
        SELECT store, business_day, currency, sum(net) AS net, sum(tax) AS tax, sum(transactions) AS transactions,
            sum(receipts) AS receipts, sum(lines) AS lines
        FROM sales_receipts GROUP BY ALL
    ),
    seals AS (
        SELECT store, business_day, nullif(currency, '') AS sealed_currency, net AS sealed_net, tax AS sealed_tax,
            transactions AS sealed_transactions, receipts AS sealed_receipts, lines AS sealed_lines, gaps, conflicts,
            position AS sealed_position, sealed_version, sealed_hash
        FROM day_seals
    ),
    restated AS (
        SELECT store, business_day, count(*) AS restatements, sum(net) AS restated_net
        FROM day_restatements GROUP BY ALL
    )
    SELECT days.* EXCLUDE (store, business_day, currency), store, business_day,
        seals.* EXCLUDE (store, business_day), restatements, restated_net,
        coalesce(days.currency, sealed_currency, settings.currency, '') AS currency,
        CASE WHEN restatements > 0 THEN 'restated' WHEN sealed_position IS NULL THEN 'open' ELSE 'closed' END AS state
    FROM days FULL JOIN seals USING (store, business_day) LEFT JOIN restated USING (store, business_day)
    LEFT JOIN (SELECT store, any_value(currency) AS currency FROM store_versions GROUP BY ALL) settings USING (store)
)"""
_CUTS: Final = ("store", "business_day", "month", "region", "state", "currency")
_ADDED: Final = (
    "net", "tax", "transactions", "receipts", "lines", "sealed_net", "sealed_tax", "sealed_transactions",
    "sealed_receipts", "sealed_lines", "restatements", "restated_net", "gaps", "conflicts",
)  # fmt: skip

DAYS: Final = Question(
    name="days",
    title="Trading days: what they come to now, what was sealed, and what has been restated since",
    areas=("sales",),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        REGION,
        Dimension("state", "open, closed or restated", "r.state", arrival=True),
        CURRENCY,
    ),
    measures=(
        Measure("store_days", "trading days with transactions or a seal"),
        Measure("net", "net sales now", "money"),
        Measure("tax", "tax now", "money"),
        Measure("transactions", "transactions now, of any kind"),
        Measure("receipts", "sales, returns and post-voids now"),
        Measure("lines", "lines now"),
        Measure("sealed_net", "net sales as sealed", "money", arrival=True),
        Measure("sealed_tax", "tax as sealed", "money", arrival=True),
        Measure("sealed_transactions", "transactions as sealed", arrival=True),
        Measure("sealed_receipts", "receipts as sealed", arrival=True),
        Measure("sealed_lines", "lines as sealed", arrival=True),
        Measure("restatements", "restatements of sealed days", arrival=True),
        Measure("restated_net", "what they added to net sales", "money", arrival=True),
        Measure("gaps", "numbers that were missing at the seal", arrival=True),
        Measure("conflicts", "conflicts that were open at the seal", arrival=True),
        # over the stored facts, so over the times at which they were recorded too
        Measure("sealed_hash", "the hash over the facts that were sealed", "text", may_be_empty=True, time=True),
        Measure("sealed_version", "the version of the day that was sealed", may_be_empty=True, arrival=True),
        Measure("sealed_at", "when it was sealed (UTC)", "time", may_be_empty=True, time=True),
    ),
    sources=(
        Source(_DAYS, _CUTS, {"store_days": "count(*)", **{name: f"sum(r.{name})" for name in _ADDED}}),
        Source(
            f"(SELECT d.*, f.recorded_at FROM {_DAYS} d LEFT JOIN facts f ON f.position = d.sealed_position)",
            _CUTS,
            {
                "sealed_hash": "any_value(r.sealed_hash)",
                "sealed_version": "any_value(r.sealed_version)",
                "sealed_at": "any_value(r.recorded_at)",
            },
            needs=("store", "business_day"),
        ),
    ),
    joins={"region": REGION_JOIN},
)
