"""Trading days: where each stands, the figures as they were sealed, what came later, and what they are now.

It puts together what drawers, gaps and quarantine say of a day. It must not know why a day was closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from domain.kernel import Fact, Recorded
from domain.sales.facts import DayClosed, DayRestated, Totals
from domain.values import MINOR_UNITS
from projections.attributes import BUSINESS_DAY, CURRENCY, MONTH, REGION, REGION_JOIN, STORE
from projections.columns import minor_factor
from projections.drawer import DRAWERS, UNCOUNTED
from projections.gaps import MISSING
from projections.kernel import Write, ddl_beside
from projections.quarantine import CONFLICTS
from projections.questions import Dimension, Measure, Question, Source
from projections.rows import COUNT, DAY, POSITION, SUM, TEXT, table_of

_TOTALS: Final = {
    "position": POSITION, "business_day": DAY, "store": TEXT, "currency": TEXT, "transactions": COUNT,
    "receipts": COUNT, "lines": COUNT, "net": SUM, "tax": SUM,
}  # fmt: skip
_SEALS: Final = _TOTALS | {
    "gaps": COUNT, "conflicts": COUNT, "over_short": SUM, "sealed_version": COUNT, "sealed_hash": TEXT,
}  # fmt: skip
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
                    seals.append((*_row(item, fact.totals), *_left_open(fact), fact.sealed_version, fact.sealed_hash))
                case DayRestated() as fact:
                    restatements.append((*_row(item, fact.delta), fact.number))
        if seals:
            write.insert("day_seals", table_of(_SEALS, seals))
        if restatements:
            write.insert("day_restatements", table_of(_RESTATEMENTS, restatements))


def _left_open(seal: DayClosed) -> tuple[int, int, int]:
    """Missing numbers, open conflicts, and what was over or short."""
    missing = sum(gap.last - gap.first + 1 for gap in seal.missing) + seal.more_missing
    over_short = sum(each.declared - each.expected for each in seal.over_short)
    return missing, len(seal.open_conflicts) + seal.more_conflicts, over_short * _factor(seal.totals)


def _factor(totals: Totals) -> int:
    return minor_factor(MINOR_UNITS.get(totals.currency, 2))  # a day without sales has no currency


def _row(item: Recorded, totals: Totals) -> tuple[Any, ...]:
    factor = _factor(totals)
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

# Every day of which something is known: reported or declared, sold, counted or sealed.
_DAYS: Final = """(
    WITH known AS (
        SELECT store, business_day, bool_or(reported) AS reported FROM (
            SELECT store, business_day, batches + no_sales > 0 AS reported FROM day_events
            UNION ALL SELECT store, business_day, false FROM drawer_declarations
        ) GROUP BY ALL
    ),
    sold AS (
        SELECT store, business_day, currency, sum(net) AS net, sum(tax) AS tax, sum(transactions) AS transactions,
            sum(receipts) AS receipts, sum(lines) AS lines
        FROM sales_receipts GROUP BY ALL
    ),
    seals AS (
        SELECT store, business_day, nullif(currency, '') AS sealed_currency, net AS sealed_net, tax AS sealed_tax,
            transactions AS sealed_transactions, receipts AS sealed_receipts, lines AS sealed_lines, gaps, conflicts,
            over_short AS sealed_over_short, position AS sealed_position, sealed_version, sealed_hash
        FROM day_seals
    ),
    restated AS (
        SELECT store, business_day, count(*) AS restatements, sum(net) AS restated_net
        FROM day_restatements GROUP BY ALL
    )
    SELECT store, business_day, reported, sold.* EXCLUDE (store, business_day, currency),
        seals.* EXCLUDE (store, business_day), restatements, restated_net,
        coalesce(sold.currency, sealed_currency, settings.currency, '') AS currency
    FROM known FULL JOIN sold USING (store, business_day) LEFT JOIN seals USING (store, business_day)
    LEFT JOIN restated USING (store, business_day)
    LEFT JOIN (SELECT store, any_value(currency) AS currency FROM store_versions GROUP BY ALL) settings USING (store)
)"""
# The same with where the day stands (rules.md 1): closed and restated by its seal, before that by what is still open.
_STANDING: Final = f"""(
    WITH incomplete AS (
        SELECT store, business_day FROM {MISSING} UNION
        SELECT store, business_day FROM {CONFLICTS} WHERE status = 'open'
    ),
    drawers AS (SELECT store, business_day, sum(over_short) AS over_short FROM {DRAWERS} GROUP BY ALL)
    SELECT days.*, over_short, CASE
        WHEN restatements > 0 THEN 'restated'
        WHEN sealed_position IS NOT NULL THEN 'closed'
        WHEN NOT coalesce(reported, false) THEN 'open'
        WHEN (store, business_day) IN (SELECT (store, business_day) FROM {UNCOUNTED}) THEN 'loading'
        WHEN (store, business_day) IN (SELECT (store, business_day) FROM incomplete) THEN 'totalled'
        ELSE 'audited' END AS state
    FROM {_DAYS} AS days LEFT JOIN drawers USING (store, business_day)
)"""
_CUTS: Final = ("store", "business_day", "month", "region", "currency")
_ADDED: Final = (
    "net", "tax", "transactions", "receipts", "lines", "sealed_net", "sealed_tax", "sealed_transactions",
    "sealed_receipts", "sealed_lines", "sealed_over_short", "restatements", "restated_net", "gaps", "conflicts",
)  # fmt: skip
_FIGURES: Final = {"store_days": "count(*)", **{name: f"sum(r.{name})" for name in _ADDED}}


def _sealed(days: str, cuts: Sequence[str]) -> Source:
    """What a single seal says."""
    return Source(
        f"(SELECT d.*, f.recorded_at FROM {days} d LEFT JOIN facts f ON f.position = d.sealed_position)",
        cuts,
        {
            "sealed_hash": "any_value(r.sealed_hash)",
            "sealed_version": "any_value(r.sealed_version)",
            "sealed_at": "any_value(r.recorded_at)",
        },
        needs=("store", "business_day"),
    )


DAYS: Final = Question(
    name="days",
    title="Trading days: what they come to now, what was sealed, and what has been restated since",
    areas=("sales",),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        REGION,
        Dimension(
            "state",
            "open (nothing reported), loading (a used drawer not counted), totalled (numbers missing or conflicts "
            "open), audited (none open), closed or restated",
            "r.state",
            arrival=True,
        ),
        CURRENCY,
    ),
    measures=(
        Measure("store_days", "trading days of which something is known"),
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
        Measure("sealed_over_short", "over or short as sealed, positive is over", "money", arrival=True),
        Measure("restatements", "restatements of sealed days", arrival=True),
        Measure("restated_net", "what they added to net sales", "money", arrival=True),
        Measure(
            "over_short",
            "declared less expected now, of the drawers that were counted; empty where none was",
            "money",
            may_be_empty=True,
        ),
        Measure("gaps", "numbers that were missing at the seal", arrival=True),
        Measure("conflicts", "conflicts that were open at the seal", arrival=True),
        # over the stored facts, so over the times at which they were recorded too
        Measure("sealed_hash", "the hash over the facts that were sealed", "text", may_be_empty=True, time=True),
        Measure("sealed_version", "the version of the day that was sealed", may_be_empty=True, arrival=True),
        Measure("sealed_at", "when it was sealed (UTC)", "time", may_be_empty=True, time=True),
    ),
    sources=(
        Source(_DAYS, _CUTS, _FIGURES),
        Source(_STANDING, (*_CUTS, "state"), _FIGURES | {"over_short": "sum(r.over_short)"}),
        _sealed(_DAYS, _CUTS),
        _sealed(_STANDING, (*_CUTS, "state")),
    ),
    joins={"region": REGION_JOIN},
)
