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

# rules.md 1: float and paid-ins come in, drops and paid-outs go out, refunds are negative tenders, and change is cash.
_DRAWERS: Final = """(
    WITH counts AS (
        SELECT store, business_day, currency, drawer, balancing, tender, sum(counted) AS declared
        FROM drawer_declarations GROUP BY ALL
    ),
    declared_drawers AS (SELECT DISTINCT store, business_day, drawer, balancing FROM counts),
    levels AS (SELECT store, business_day, any_value(balancing) AS balancing FROM counts GROUP BY ALL),
    tills AS (
        SELECT store, business_day, register FROM register_days GROUP BY ALL HAVING arg_max(drawer, position)
    ),
    moved AS (
        SELECT t.store, t.business_day, t.currency, t.tender, t.change,
            CASE WHEN t.kind IN ('drop', 'paid_out') THEN -t.amount ELSE t.amount END AS amount,
            CASE coalesce(levels.balancing, settings.balancing, 'register')
                WHEN 'register' THEN t.register WHEN 'cashier' THEN t.cashier ELSE '' END AS drawer
        FROM sales_tenders t SEMI JOIN tills USING (store, business_day, register)
        LEFT JOIN levels USING (store, business_day)
        LEFT JOIN store_versions settings ON settings.store = t.store
            AND settings.valid_from <= t.business_day AND t.business_day < settings.valid_to
        WHERE t.kind IN ('sale', 'return', 'post_void', 'float_in', 'paid_in', 'drop', 'paid_out')
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
    LEFT JOIN (SELECT store, business_day, drawer, true AS counted FROM declared_drawers)
        USING (store, business_day, drawer)
)"""
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
            _DRAWERS,
            _CUTS,
            {"expected": "sum(r.expected)", "declared": "sum(r.declared)", "over_short": "sum(r.over_short)"},
        ),
    ),
    joins={"region": REGION_JOIN},
)
