"""What the commands report: outcomes of an import, an answer, the questions there are, a folder's health, kept bytes.

Everything is shown through `harmless`. It must not know how any of it came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from domain.values import MINOR_UNITS
from projections.export import decimal_text
from projections.questions import Answer, Column, Kind, Question
from services.event_store import KeptBytes
from services.runtime.bulk import Tally
from services.runtime.doctor import Health
from services.runtime.screens import escaped, harmless, label, table

LISTED: Final = 20
ROWS_SHOWN: Final = 40
FIGURES: Final = frozenset({"number", "count", "money", "price", "quantity"})
SHOWN_BYTES: Final = 64 * 1024
OUTCOMES: Final = (
    ("accepted", "new, and in the books"),
    ("duplicate", "came before with the same content"),
    ("conflict", "another content stands under the number: headquarters decides"),
    ("rejected", "not in the books; kept with the reason"),
    ("after_close", "new, for a day that was closed: restated"),
)


# -- an import


def import_object(tally: Tally, seconds: float) -> dict[str, Any]:
    """The outcome of an import for a program."""
    return {
        **{name: getattr(tally, name) for name, _ in OUTCOMES},
        "batches": tally.batches,
        "replayed": tally.replayed,
        "seconds": seconds,
        "recorded": tally.recorded,
        "unchanged": tally.unchanged,
        "refused": msgspec.to_builtins(tally.refused),
        "listed": [{"source": source, **msgspec.to_builtins(each)} for source, each in tally.listed],
    }


def show_import(console: Console, tally: Tally, seconds: float) -> None:
    """The outcome of an import for people."""
    outcomes = [(name, f"{getattr(tally, name):,}", says) for name, says in OUTCOMES]
    console.print(table([("outcome", False), ("transactions", True), ("", False)], outcomes))
    again = f", {tally.replayed:,} of them sent again" if tally.replayed else ""
    console.print(f"{tally.batches:,} batch{'' if tally.batches == 1 else 'es'}{again}; {seconds:,.1f} s")
    kinds = sorted({*tally.recorded, *tally.unchanged})
    if kinds:
        rows = [(label(k), f"{tally.recorded.get(k, 0):,}", f"{tally.unchanged.get(k, 0):,}") for k in kinds]
        console.print(table([("other lines", False), ("recorded", True), ("unchanged", True)], rows))
    if tally.refused:
        refused = [(each.source, each.field, each.reason) for each in tally.refused]
        _first(console, "Refused lines", ("where", "field", "reason"), refused, "refused")
    rejected = [
        (source, each.register, each.number or "", each.field, each.reason)
        for source, each in tally.listed
        if each.outcome == "rejected"
    ]
    if rejected:
        columns = ("where", "register", "number", "field", "reason")
        _first(console, "Rejected transactions", columns, rejected, "refused")
    conflicts = [
        (source, each.register, each.number, each.reason) for source, each in tally.listed if each.outcome == "conflict"
    ]
    if conflicts:
        _first(console, "Conflicts", ("where", "register", "number", "reason"), conflicts, "quarantine")


def _first(console: Console, title: str, columns: Iterable[str], rows: list[tuple[Any, ...]], question: str) -> None:
    console.print(table([(name, False) for name in columns], rows[:LISTED], title))
    more = len(rows) - LISTED
    if more > 0:
        ways = {
            "refused": "counterfoil export refused --by source,field,reason --to refused.csv",
            "quarantine": "counterfoil export quarantine --by store,business_day,register,number,status",
        }
        console.print(f"... and {more:,} more; all of them: {ways[question]}")


# -- questions


def show_answer(console: Console, answer: Answer) -> None:
    """The first rows of an answer, how many there are, and the position it was read at. Holds no more than it shows."""
    shown: list[tuple[str, ...]] = []
    count = 0
    for batch in answer.batches():
        if len(shown) < ROWS_SHOWN:
            shown += [row_texts(answer.columns, row) for row in batch.slice(0, ROWS_SHOWN - len(shown)).to_pylist()]
        count += batch.num_rows
    columns = [(column.name, column.kind in FIGURES) for column in answer.columns]
    console.print(table(columns, shown))
    more = f", the first {len(shown)} shown: --to FILE has all" if count > len(shown) else ""
    origins = f"; {', '.join(answer.origins)}" if answer.origins else ""
    console.print(
        f"{count:,} row{'' if count == 1 else 's'}{more}; as known at position {answer.position}{origins}", style="dim"
    )


def row_texts(columns: Sequence[Column], row: dict[str, Any]) -> tuple[str, ...]:
    """The values of a row for people: amounts in the decimals of their currency, figures with their thousands."""
    places = MINOR_UNITS.get(row.get("currency") or "", 2)
    return tuple(_value_text(column.kind, row[column.name], places) for column in columns)


def _value_text(kind: Kind, value: Any, places: int) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        whole, point, decimals = decimal_text(value, places if kind in {"money", "price"} else 0).partition(".")
        return f"{Decimal(whole):,}{point}{decimals}"
    return f"{value:,}" if kind == "count" else str(value)


def show_questions(console: Console, questions: Mapping[str, Question]) -> None:
    """Every question with its dimensions, measures and units."""
    for question in questions.values():
        described = question.describe()
        console.print(Text.assemble((question.name, "bold"), "  ", escaped(question.title)))
        dimensions = [(each["name"], each["says"]) for each in described["dimensions"]]
        console.print(Padding(table([("dimension", False), ("", False)], dimensions), (0, 0, 0, 2)))
        measures = [
            (each["name"], each["unit"], each["says"], _allowed(each, [name for name, _ in dimensions]))
            for each in described["measures"]
        ]
        columns = [("measure", False), ("unit", False), ("", False), ("by", False)]
        console.print(Padding(table(columns, measures), (0, 0, 1, 2)))


def _allowed(measure: dict[str, Any], dimensions: Sequence[str]) -> str:
    """Which cuts a measure allows, in words: the widest ones, which hold the others."""
    cuts = [frozenset(allowed) for allowed in measure["allows"]]
    widest = [cut for cut in dict.fromkeys(cuts) if not any(cut < other for other in cuts)]
    needs = f" (always by {', '.join(measure['needs'])})" if measure["needs"] else ""
    return "; or ".join(_cut_in_words(cut, dimensions) for cut in widest) + needs


def _cut_in_words(cut: frozenset[str], dimensions: Sequence[str]) -> str:
    without = [name for name in dimensions if name not in cut]
    if not without:
        return "any"
    if len(without) < len(cut):
        return f"any but {', '.join(without)}"
    return ", ".join(name for name in dimensions if name in cut) or "none"


# -- a folder


def show_health(console: Console, health: Health) -> None:
    """What the doctor found."""
    rows: list[tuple[str, Any]] = [("folder", health.folder), ("in use by", health.holder or "nobody")]
    rows += [(name, f"{size:,} bytes") for name, size in health.files.items()]
    rows += [("log", f"{health.log_integrity or 'not looked at'}, position {health.log_head:,}")]
    reached = "" if health.views_position is None else f", position {health.views_position:,}"
    rows += [("views", f"{health.views_integrity or 'not looked at'}{reached}")]
    rows += list(health.versions.items())
    console.print(table([("", False), ("", False)], rows))
    if health.facts:
        facts = [(topic, f"{count:,}") for topic, count in health.facts.items()]
        console.print(table([("fact", False), ("times", True)], facts))
    for trouble in health.trouble:
        console.print(harmless(trouble, "bold red"))
    if not health.trouble:
        console.print(Text("healthy", "bold green"))


def show_kept(console: Console, kept: KeptBytes) -> None:
    """Kept bytes as text that a terminal only shows; what is no UTF-8 as `\\x..`."""
    console.print(harmless(f"{kept.hash}, {kept.length:,} bytes, kept as {kept.why}", "dim"))
    text = kept.data[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    console.print(harmless(text), soft_wrap=True)
    if kept.length > min(len(kept.data), SHOWN_BYTES):
        console.print(Text(f"... {kept.length - min(len(kept.data), SHOWN_BYTES):,} bytes more", "dim"))
