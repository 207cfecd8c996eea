"""What should be in a drawer, what was counted, and what is over or short. Blind: nothing is expected of a drawer here
before its count is declared (facts.md 4). It must not know goods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from domain.kernel import Fact, Recorded
from domain.sales.facts import DrawerDeclared
from domain.values import MINOR_UNITS
from projections.attributes import BUSINESS_DAY, CURRENCY, MONTH, REGION, REGION_JOIN, STORE
from projections.columns import minor_factor
from projections.kernel import Write, ddl_beside
from projections.questions import Dimension, Measure, Question, Source
from projections.rows import DAY, MONEY, POSITION, TEXT, table_of

_COLUMNS: Final = {
    "position": POSITION, "business_day": DAY, "store": TEXT, "currency": TEXT, "drawer": TEXT, "balancing": TEXT,
    "tender": TEXT, "counted": MONEY,
}  # fmt: skip


class DrawerView:
    """One row for each tender counted; cash that was not counted was declared as nothing."""

    name = "drawer"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = (DrawerDeclared,)

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """A row for each tender, and for cash always (rules.md 1)."""
        rows = []
        for item in recorded:
            fact = cast(DrawerDeclared, item.fact)
            factor = minor_factor(MINOR_UNITS[fact.currency])
            counted = {"cash": 0} | dict(zip(fact.tender, fact.counted, strict=True))
            rows += [
                (
                    item.position,
                    item.meta.business_day,
                    item.meta.owner,
                    fact.currency,
                    fact.drawer,
                    fact.balancing,
                    tender,
                    amount * factor,
                )
                for tender, amount in counted.items()
            ]
        write.insert("drawer_declarations", table_of(_COLUMNS, rows))


VIEW = DrawerView()

# The drawer a row of a till belongs to, of a register that had one when the fact was recorded (the latest batch that
# speaks of the register says so): what is sealed and what is read here rest on the same.
_LEVELS: Final = """(
    SELECT store, business_day, arg_max(balancing, position) AS balancing FROM drawer_declarations GROUP BY ALL
)"""


def _in_drawers(table: str) -> str:
    return f"""(
        SELECT t.*, CASE coalesce(levels.balancing, settings.balancing, 'register')
            WHEN 'register' THEN t.register WHEN 'cashier' THEN t.cashier ELSE '' END AS drawer
        FROM {table} t
        ASOF JOIN register_days flag ON flag.store = t.store AND flag.business_day = t.business_day
            AND flag.register = t.register AND t.position >= flag.position
        LEFT JOIN {_LEVELS} levels ON levels.store = t.store AND levels.business_day = t.business_day
        LEFT JOIN store_versions settings ON settings.store = t.store
            AND settings.valid_from <= t.business_day AND t.business_day < settings.valid_to
        WHERE flag.drawer
    )"""


UNCOUNTED: Final = f"""(
    SELECT DISTINCT store, business_day FROM {_in_drawers("sales_receipts")}
    ANTI JOIN drawer_declarations USING (store, business_day, drawer)
)"""
"""The days of stores on which a drawer was used and has not been counted."""

# rules.md 1: float and paid-ins come in, drops and paid-outs go out, refunds are negative tenders, and change is cash.
# The latest count of a drawer holds.
DRAWERS: Final = f"""(
    WITH latest AS (
        SELECT store, business_day, drawer, max(position) AS position FROM drawer_declarations GROUP BY ALL
    ),
    counts AS (
        SELECT store, business_day, currency, drawer, tender, counted AS declared
        FROM drawer_declarations SEMI JOIN latest USING (store, business_day, drawer, position)
    ),
    moved AS (
        SELECT store, business_day, currency, drawer, tender, change,
            CASE WHEN kind IN ('drop', 'paid_out') THEN -amount ELSE amount END AS amount
        FROM {_in_drawers("sales_tenders")}
        WHERE kind IN ('sale', 'return', 'post_void', 'float_in', 'paid_in', 'drop', 'paid_out')
    ),
    contents AS (
        SELECT store, business_day, currency, drawer, tender, sum(amount) AS expected FROM (
            SELECT store, business_day, currency, drawer, tender, amount FROM moved
            UNION ALL SELECT store, business_day, currency, drawer, 'cash', -change FROM moved
        ) GROUP BY ALL
    )
    SELECT store, business_day, currency, drawer, tender, declared,
        CASE WHEN counted THEN coalesce(expected, 0) END AS expected,
        CASE WHEN counted THEN declared - coalesce(expected, 0) END AS over_short
    FROM contents FULL JOIN counts USING (store, business_day, currency, drawer, tender)
    LEFT JOIN (SELECT store, business_day, drawer, true AS counted FROM latest) USING (store, business_day, drawer)
)"""
"""What each drawer should hold of each tender, what was counted, and what is over or short."""

_CUTS: Final = ("store", "business_day", "month", "region", "drawer", "tender", "currency")

DRAWER: Final = Question(
    name="drawer",
    title="What drawers should hold, what was counted in them, and what is over or short",
    areas=("sales",),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        REGION,
        Dimension("drawer", "a register, a cashier or empty (the store's), by the store's balancing level", "r.drawer"),
        Dimension("tender", "the tender; change is always cash", "r.tender"),
        CURRENCY,
    ),
    measures=(
        Measure(
            "expected",
            "what should be there, of the drawers that were declared; empty before, since a count is blind",
            "money",
            may_be_empty=True,
        ),
        Measure("declared", "what was counted; empty where it was not", "money", may_be_empty=True),
        Measure(
            "over_short", "declared less expected, positive is over; of what was counted", "money", may_be_empty=True
        ),
    ),
    sources=(
        Source(
            DRAWERS,
            _CUTS,
            {"expected": "sum(r.expected)", "declared": "sum(r.declared)", "over_short": "sum(r.over_short)"},
        ),
    ),
    joins={"region": REGION_JOIN},
)
