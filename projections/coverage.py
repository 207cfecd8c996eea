"""The view of what was reported: which store-days are in, closed, late or missing, and what became of the batches.

It must not know what was sold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain.kernel import Fact, Recorded
from domain.sales.facts import DayClosed, DayRestated, NoSalesDeclared, SalesReported
from projections.attributes import BUSINESS_DAY, MONTH, REGION, REGION_JOIN, STORE
from projections.kernel import Write, ddl_beside
from projections.questions import Dimension, Measure, Question, Source
from projections.rows import COUNT, DAY, POSITION, TEXT, table_of

_COUNTERS: Final = (
    "batches", "accepted", "duplicate", "conflict", "rejected", "after_close", "no_sales", "closed", "restated",
)  # fmt: skip
_COLUMNS: Final = {
    "position": POSITION, "business_day": DAY, "store": TEXT, "origin": TEXT, **dict.fromkeys(_COUNTERS, COUNT),
}  # fmt: skip
_NO_SALES: Final = (0, 0, 0, 0, 0, 0, 1, 0, 0)
_CLOSED: Final = (0, 0, 0, 0, 0, 0, 0, 1, 0)
_RESTATED: Final = (0, 0, 0, 0, 0, 0, 0, 0, 1)


class CoverageView:
    """One row for each fact of a day that says where the day stands."""

    name = "coverage"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = (SalesReported, NoSalesDeclared, DayClosed, DayRestated)

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """A row for each fact."""
        rows = [
            (item.position, item.meta.business_day, item.meta.owner, item.meta.origin, *_counters(item.fact))
            for item in recorded
        ]
        write.insert("day_events", table_of(_COLUMNS, rows))


def _counters(fact: Fact) -> tuple[int, ...]:
    match fact:
        case SalesReported():
            came = len(fact.transactions)
            return (
                int(fact.part == 1),
                came - fact.after_close,
                fact.duplicates,
                len(fact.conflicts),
                len(fact.rejected),
                fact.after_close,
                0,
                0,
                0,
            )
        case NoSalesDeclared():
            return _NO_SALES
        case DayClosed():
            return _CLOSED
        case DayRestated():
            return _RESTATED
        case _:
            raise TypeError(f"coverage does not know {type(fact).__name__}")


VIEW = CoverageView()

# The days from which each store is waited for, as far as it is open on them, and every day that has a fact, whatever is
# said of the store since. With a calendar a day is expected or not; without one nothing is ever missing or late
# (facts.md 5), so such a store begins with its first report. One with a calendar begins on the day it is said to have
# opened with it; where no day is said, with its first report too, or, if it has never reported, with the days asked
# for, else with the first report of the chain, a year back at most.
_STORE_DAYS: Final = """(
    WITH reports AS (SELECT store, min(business_day) AS first FROM day_events GROUP BY ALL),
    chain AS (
        SELECT CASE WHEN count(*) > 0 THEN greatest(min(business_day), {on} - INTERVAL 1 YEAR)::DATE END AS first,
            least(coalesce({last}, max(business_day)), {on}) AS last
        FROM day_events
    ),
    calendars AS (
        SELECT store, min(greatest(status.valid_from, settings.valid_from)) AS first
        FROM store_versions AS settings JOIN store_status AS status USING (store)
        WHERE status.status = 'open' AND closed_on IS NOT NULL
            AND status.valid_from < settings.valid_to AND settings.valid_from < status.valid_to
        GROUP BY ALL
    ),
    begins AS (
        SELECT store, CASE
            WHEN calendars.first > DATE '0001-01-01' THEN least(calendars.first, reports.first)
            WHEN calendars.first IS NULL THEN reports.first
            ELSE coalesce(reports.first, {first}, chain.first) END AS first
        FROM calendars FULL JOIN reports USING (store), chain
    ),
    days AS (
        SELECT store, unnest(generate_series(greatest(begins.first, {first}), last, INTERVAL 1 DAY))::DATE
            AS business_day
        FROM begins, chain
    ),
    events AS (
        SELECT store, business_day, sum(batches) AS batches, sum(no_sales) AS no_sales, sum(closed) AS closed,
            sum(restated) AS restated
        FROM day_events GROUP BY ALL
    ),
    open_days AS (
        SELECT store, business_day
        FROM days JOIN store_status AS status USING (store)
        WHERE status.status = 'open' AND status.valid_from <= business_day AND business_day < status.valid_to
    ),
    grid AS (
        SELECT d.store, d.business_day, settings.closed_on IS NOT NULL AS has_calendar,
            coalesce(list_contains(weekdays, isodow(business_day)) AND NOT list_contains(closed_on, business_day)
                OR list_contains(open_on, business_day), false) AS trades,
            coalesce(batches, 0) AS batches, coalesce(no_sales, 0) AS no_sales, coalesce(closed, 0) AS closed,
            coalesce(restated, 0) AS restated
        FROM (FROM open_days FULL JOIN events USING (store, business_day)) AS d
        LEFT JOIN store_versions AS settings ON settings.store = d.store
            AND settings.valid_from <= d.business_day AND d.business_day < settings.valid_to
    )
    SELECT store, business_day, CASE
        WHEN restated > 0 THEN 'restated'
        WHEN closed > 0 THEN 'closed'
        WHEN batches > 0 AND has_calendar AND business_day < {on} THEN 'overdue'
        WHEN batches > 0 THEN 'reported'
        WHEN no_sales > 0 THEN 'no_sales'
        WHEN NOT has_calendar THEN 'no_data'
        WHEN business_day < {on} THEN 'missing'
        ELSE 'expected' END AS status
    FROM grid WHERE trades OR NOT has_calendar OR batches > 0 OR no_sales > 0 OR closed > 0
)"""

COVERAGE: Final = Question(
    name="coverage",
    title="Which store-days are closed, reported, overdue or missing, looked at from a day (as of, else today)",
    areas=("sales", "stores"),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        REGION,
        Dimension(
            "status",
            "restated or closed; else reported, or overdue on a day gone by that has a calendar; no_sales (declared); "
            "else missing, expected (today), or no_data where the store has no calendar",
            "r.status",
            arrival=True,
        ),
    ),
    measures=(Measure("store_days", "days on which a store is open or of which something is known"),),
    sources=(Source(_STORE_DAYS, ("store", "business_day", "month", "region", "status"), {"store_days": "count(*)"}),),
    joins={"region": REGION_JOIN},
)

OUTCOMES: Final = Question(
    name="outcomes",
    title="What became of the transactions in the batches that were sent",
    areas=("sales",),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        REGION,
        Dimension("origin", "where the figures come from: reported, panel, simulated or derived", "r.origin"),
    ),
    measures=(
        Measure("batches", "batches that were not just sent again", arrival=True),
        Measure("accepted", "transactions that were new", arrival=True),
        Measure("duplicate", "transactions that had come before with the same content", arrival=True),
        Measure("conflict", "transactions put in quarantine: their number stands with other content", arrival=True),
        Measure("rejected", "transactions that are not in the books; their bytes are kept", arrival=True),
        Measure("after_close", "new transactions for a day that was sealed already: each restates it", arrival=True),
    ),
    sources=(
        Source(
            "day_events",
            ("store", "business_day", "month", "region", "origin"),
            {name: f"sum(r.{name})" for name in _COUNTERS[:6]},
            where="(r.batches > 0 OR r.accepted > 0 OR r.after_close > 0)",
        ),
    ),
    joins={"region": REGION_JOIN},
)
