"""What the commands report: outcomes of an import, an answer, the questions there are, a folder's health, kept bytes.

Everything is shown through `harmless`. It must not know how any of it came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from projections.questions import Question
from services.event_store import KeptBytes
from services.runtime.bulk import Tally
from services.runtime.doctor import Health
from services.runtime.screens import escaped, harmless, label, table

LISTED: Final = 20
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
    console.print(f"{tally.batches:,} batches{again}; {seconds:,.1f} s")
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


def _first(
    console: Console, title: str, columns: Iterable[str], rows: list[tuple[Any, ...]], question: str
) -> None:
    console.print(table([(name, False) for name in columns], rows[:LISTED], title))
    more = len(rows) - LISTED
    if more > 0:
        ways = {
            "refused": "counterfoil export refused --by source,field,reason --to refused.csv",
            "quarantine": "counterfoil export quarantine --by store,business_day,register,number,status",
        }
        console.print(f"... and {more:,} more; all of them: {ways[question]}")


# -- questions


def show_questions(console: Console, questions: Mapping[str, Question]) -> None:
    """Every question with its dimensions, measures and units."""
    for question in questions.values():
        described = question.describe()
        console.print(Text.assemble((question.name, "bold"), "  ", escaped(question.title)))
        dimensions = [(each["name"], each["says"]) for each in described["dimensions"]]
        console.print(Padding(table([("dimension", False), ("", False)], dimensions), (0, 0, 0, 2)))
        measures = [
            (each["name"], each["unit"], each["says"], _allowed(each, len(dimensions)))
            for each in described["measures"]
        ]
        columns = [("measure", False), ("unit", False), ("", False), ("by", False)]
        console.print(Padding(table(columns, measures), (0, 0, 1, 2)))


def _allowed(measure: dict[str, Any], dimensions: int) -> str:
    """Which cuts a measure allows, in words."""
    needs = f" (always by {', '.join(measure['needs'])})" if measure["needs"] else ""
    if any(len(allowed) == dimensions for allowed in measure["allows"]):
        return f"any{needs}"
    return "; or ".join(dict.fromkeys(", ".join(allowed) for allowed in measure["allows"])) + needs


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
