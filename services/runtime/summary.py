"""The summary of a loaded chain: what it sold, where, of what and when, what is odd about it, and how it came in.

Everything is asked of the views; bars are drawn from whole minor units. It must not know how the chain was loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from domain.values import MINOR_UNITS
from projections.questions import Asked
from projections.registry import Views
from services.runtime.demo import Demo
from services.runtime.screens import harmless

BEST: Final = 5
DEPARTMENTS: Final = 10
BAR: Final = 24  # characters
EIGHTHS: Final = " ▏▎▍▌▋▊▉"
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
IN_WORDS: Final[Mapping[str, str]] = {
    "no_counting_line": "receipts without a line that counts",
    "signs_differ": "lines whose quantity and money point in opposite directions",
    "wrong_direction": "sales that give money back, or returns that take it in",
    "money_without_quantity": "lines with money and no quantity",
    "quantity_without_money": "lines with a quantity and no money",
    "tender_against_sale": "receipts with a tender against their direction, such as a coupon above the sale",
    "quantity_limit": "lines of more than 1,000 units",
    "amount_limit": "lines of more than 100,000 in their currency",
    "outside_day": "receipts that ended outside their business day",
    "not_linked": "post-voids that name no original",
    "unknown_article": "lines of articles that nobody has registered",
    "price_differs": "lines whose list amount is not the price in force",
    "returned_more_than_sold": "lines that return more than was sold",
    "original_unknown": "returns whose original is not in the books",
    "cost_unknown": "lines that left the stock without a cost: no data until the first delivery with one",
}
"""What an exception's code means, for people."""

NO_COSTS: Final = "cost_unknown"  # the panel holds no costs: that is no data rather than trouble, so it comes last
Row = dict[str, Any]


def show_summary(console: Console, views: Views, demo: Demo, *, loaded_now: bool) -> None:
    """Print the summary."""
    console.print(_headline(views, demo))
    currency = demo.currency
    by_store = sorted(_net_by(views, "store", currency), key=lambda row: row["net"], reverse=True)
    console.print(
        Columns(
            [
                _ranking("Best stores", by_store[:BEST]),
                Padding(_ranking("Weakest stores", by_store[: -BEST - 1 : -1]), (0, 0, 0, 4)),
            ]
        )
    )
    departments = sorted(_net_by(views, "department", currency), key=lambda row: row["net"], reverse=True)
    console.print(_chart("Departments", [(_department(row), row["net"]) for row in _with_rest(departments)], currency))
    weekdays = _net_by(views, "weekday", currency)
    console.print(_chart("Weekdays", [(_weekday(row), row["net"]) for row in weekdays], currency))
    console.print(_exceptions(views))
    console.print(_load(demo, loaded_now=loaded_now))
    console.print(Padding(Text(demo.data, "italic dim"), (1, 0)))


def _headline(views: Views, demo: Demo) -> RenderableType:
    days = views.ask(Asked("sales", by=("business_day",), measures=("receipts",))).rows()
    rows = views.ask(Asked("sales", measures=("receipts", "lines", "net", "discounts"))).rows()
    parts: list[RenderableType] = []
    for row in rows:
        net, off = (money(row[name], row["currency"]) for name in ("net", "discounts"))
        sold = Text.assemble(("Chain sales  ", "bold"), (f"{net} {row['currency']}", "bold green"))
        sold.append(f"   after {off} of discounts", "dim")
        counts = f"{row['receipts']:,} receipts, {row['lines']:,} lines, {demo.stores:,} stores, "
        counts += f"{demo.store_days:,} store-days"
        parts += [sold, Text(counts)]
    if days:
        parts.append(Text(f"{days[0]['business_day']} to {days[-1]['business_day']}", "dim"))
    return Panel(Group(*parts), title="Counterfoil", title_align="left", expand=False, padding=(1, 2))


def _net_by(views: Views, dimension: str, currency: str) -> list[Row]:
    return views.ask(Asked("sales", by=(dimension,), where=(("currency", currency),), measures=("net",))).rows()


def _ranking(title: str, rows: Sequence[Row]) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False, pad_edge=False)
    made.add_column()
    made.add_column(justify="right")
    for row in rows:
        made.add_row(harmless(f"store {row['store']}"), money(row["net"], row["currency"]))
    return made


def _with_rest(rows: Sequence[Row]) -> list[Row]:
    """The largest, and the sum of the others."""
    rest = rows[DEPARTMENTS:]
    if not rest:
        return list(rows)
    return [*rows[:DEPARTMENTS], {"department": None, "net": sum((row["net"] for row in rest), Decimal(0))}]


def _department(row: Row) -> str:
    return "all others" if row["department"] is None else row["department"] or "(none)"


def _weekday(row: Row) -> str:
    """A weekday by name, whether the view numbers them from Monday, 1, or names them."""
    return WEEKDAYS[int(row["weekday"]) - 1]


def _chart(title: str, rows: Sequence[tuple[str, Decimal]], currency: str) -> RenderableType:
    """Bars to the scale of the largest; what is not above zero has none."""
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column()
    made.add_column(style="cyan")
    made.add_column(justify="right")
    most = max((net for _, net in rows), default=Decimal(0))
    for name, net in rows:
        made.add_row(harmless(name), bar(net, most), money(net, currency))
    return Group(Rule(Text(title, "bold"), align="left", style="dim"), made)


def bar(value: Decimal, most: Decimal) -> str:
    """A bar of up to `BAR` characters, in eighths of one."""
    if value <= 0 or most <= 0:
        return ""
    whole, eighths = divmod(int(value * BAR * 8 / most), 8)
    return ("█" * whole + EIGHTHS[eighths].strip()) or EIGHTHS[1]


def _exceptions(views: Views) -> RenderableType:
    rows = views.ask(Asked("exceptions", by=("code",), measures=("exceptions",))).rows()
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column(justify="right", style="yellow")
    made.add_column()
    made.add_column(style="dim")
    for row in sorted(rows, key=lambda row: (row["code"] == NO_COSTS, -row["exceptions"])):
        code = row["code"]
        words = IN_WORDS.get(code, code)
        if code == "unknown_article":
            skus = views.ask(Asked("exceptions", by=("sku",), where=(("code", code),), measures=("exceptions",))).rows()
            words = words.replace("articles", f"{len(skus)} articles")
        made.add_row(f"{row['exceptions']:,}", harmless(words), harmless(code))
    if not rows:
        made.add_row("none", "", "")
    return Group(Rule(Text("Open exceptions", "bold"), align="left", style="dim"), made)


def _load(demo: Demo, *, loaded_now: bool) -> RenderableType:
    how = "Loaded" if loaded_now else "Found loaded; the load took"
    text = Text.assemble(
        f"{how} {'in ' if loaded_now else ''}",
        (f"{demo.seconds:,.1f} s", "bold"),
        f", {demo.lines_per_second:,} lines a second. {demo.events:,} facts in {demo.events_bytes / 1e6:,.1f} MB, "
        f"{demo.views_bytes / 1e6:,.1f} MB of views, at most {demo.peak_memory_mb:,} MB of memory.",
    )
    if demo.refused:
        text.append(f" {demo.refused:,} lines were refused: counterfoil export refused", "bold red")
    return Group(Rule(style="dim"), text)


def money(value: Decimal, currency: str) -> str:
    """An amount in the decimals of its currency, with its thousands marked."""
    return f"{value.quantize(Decimal(1).scaleb(-MINOR_UNITS[currency])):,}"
