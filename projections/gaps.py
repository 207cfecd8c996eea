"""Missing receipt numbers: those a register must have given out and nobody has sent. Never filled, only explained.

It must not know what was sold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from domain.kernel import Fact, Recorded
from domain.sales.facts import SalesReported
from projections.attributes import BUSINESS_DAY, MONTH, REGION, REGION_JOIN, STORE
from projections.kernel import Write, ddl_beside
from projections.questions import Dimension, Measure, Question, Source, read_number
from projections.rows import COUNT, DAY, FLAG, POSITION, TEXT, table_of

_COLUMNS: Final = {
    "position": POSITION, "business_day": DAY, "store": TEXT, "register": TEXT, "epoch": COUNT, "numbering": TEXT,
    "first_number": COUNT, "last_number": COUNT, "drawer": FLAG,
}  # fmt: skip


class GapsView:
    """One row for each register a batch speaks of."""

    name = "gaps"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = (SalesReported,)

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """A row for each register of each batch."""
        rows = [
            (
                item.position,
                item.meta.business_day,
                item.meta.owner,
                register.code,
                register.epoch,
                register.numbering,
                register.first_number,
                register.last_number if register.last_number >= 0 else None,
                register.drawer,
            )
            for item in recorded
            for register in cast(SalesReported, item.fact).registers
        ]
        if rows:
            write.insert("register_days", table_of(_COLUMNS, rows))


VIEW = GapsView()

# rules.md 1: numbers absent between the first expected and the greatest seen, and up to the one declared last, so that
# a slip is taken back by declaring again. A register that numbers on from day to day begins after the last number of
# its nearest earlier day.
MISSING: Final = """(
    WITH numbers AS (
        SELECT store, business_day, register, epoch, number FROM sales_receipts
        GROUP BY ALL HAVING sum(transactions) > 0
    ),
    seen AS (
        SELECT store, business_day, register, epoch, max(number)::BIGINT AS greatest FROM numbers GROUP BY ALL
    ),
    declared AS (
        SELECT store, business_day, register, epoch, arg_max(numbering, position) AS numbering,
            arg_max(first_number, position)::BIGINT AS first_number,
            (arg_max(last_number, position) FILTER (last_number IS NOT NULL))::BIGINT AS last_number
        FROM register_days GROUP BY ALL
    ),
    ends AS (
        SELECT *, lag(greatest(greatest, nullif(last_number, 0)) IGNORE NULLS) OVER (
            PARTITION BY store, register, epoch ORDER BY business_day) AS earlier
        FROM declared FULL JOIN seen USING (store, business_day, register, epoch)
        WHERE greatest IS NOT NULL OR last_number IS NOT NULL OR numbering IS NOT NULL
    ),
    expected AS (
        SELECT *, CASE numbering WHEN 'continuous' THEN coalesce(earlier + 1, first_number) ELSE first_number END
            AS start
        FROM ends WHERE numbering IS NOT NULL
    ),
    steps AS (
        SELECT store, business_day, register, epoch, start, number::BIGINT AS number,
            lag(number::BIGINT) OVER (PARTITION BY store, business_day, register, epoch ORDER BY number) AS before
        FROM numbers JOIN expected USING (store, business_day, register, epoch) WHERE number >= start
    )
    SELECT store, business_day, register, epoch, coalesce(before + 1, start) AS first, number - 1 AS last,
        CASE WHEN before IS NULL THEN 'head' ELSE 'middle' END AS place
    FROM steps WHERE number > coalesce(before + 1, start)
    UNION ALL
    SELECT store, business_day, register, epoch, greatest(start, coalesce(greatest + 1, start)), last_number, 'tail'
    FROM expected WHERE last_number >= greatest(start, coalesce(greatest + 1, start))
)"""
"""Stretches of missing numbers, by register, epoch and place."""

_CUTS: Final = ("store", "business_day", "month", "region", "register", "epoch", "place", "first", "last")

GAPS: Final = Question(
    name="gaps",
    title="Receipt numbers that registers gave out and nobody has sent",
    areas=("sales",),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        REGION,
        Dimension("register", "the register", "r.register"),
        Dimension("epoch", "the epoch of its numbering", "r.epoch", "number", read=read_number),
        Dimension("place", "head (before the first seen), middle, or tail (up to the last declared)", "r.place"),
        Dimension("first", "the first number of the gap", "r.first", "number", read=read_number),
        Dimension("last", "the last number of the gap", "r.last", "number", read=read_number),
    ),
    measures=(
        Measure("gaps", "stretches of missing numbers"),
        Measure("missing", "missing numbers"),
    ),
    sources=(Source(MISSING, _CUTS, {"gaps": "count(*)", "missing": "sum(r.last - r.first + 1)"}),),
    joins={"region": REGION_JOIN},
)
