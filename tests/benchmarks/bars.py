"""What is measured, against which limit, and the bar each figure must meet.

It must not know how anything is measured: a bar names the jobs it needs and reads their medians.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

Sense = Literal["max", "min"]
Medians = Mapping[str, Mapping[str, float]]  # job -> figure -> median over the runs
ABSOLUTE: Final = 1.0  # the limit of a figure that is no ratio: one of its unit


class Result(msgspec.Struct, frozen=True):
    """A figure and what it is held against: `bar` and `aim` are about `ratio`; `unit` is that of `ours` and `limit`.

    A ratio with the sense `max` is ours over the limit, one with `min` the limit over ours: how many times faster.
    """

    name: str
    ours: float
    limit: float
    ratio: float
    bar: float
    aim: float
    unit: str
    sense: Sense

    def reaches(self, wanted: float) -> bool:
        """Whether the ratio is on the right side of a bar or an aim."""
        return self.ratio <= wanted if self.sense == "max" else self.ratio >= wanted


@dataclass(frozen=True)
class Bar:
    """A figure that must be met: `bar` at least, `aim` when all is well. `figure` gives ours and the limit."""

    name: str
    says: str
    sense: Sense
    bar: float
    aim: float
    unit: str
    needs: tuple[str, ...]
    figure: Callable[[Medians], tuple[float, float]]

    def result(self, medians: Medians) -> Result:
        """The figure of this run."""
        ours, limit = self.figure(medians)
        ratio = ours / limit if self.sense == "max" else limit / ours
        return Result(self.name, _round(ours), _round(limit), _round(ratio), self.bar, self.aim, self.unit, self.sense)


def _round(value: float) -> float:
    return float(f"{value:.4g}")


def _us_per_line(medians: Medians, job: str) -> float:
    """What a line costs in a load, in both processes, without the stores and articles that come once."""
    of_days = medians[job]["processor_seconds"] - medians["described"]["processor_seconds"]
    return of_days / medians[job]["lines"] * 1e6


BARS: Final = (
    Bar(
        "chain_year",
        "batch bytes in memory to queryable views, days closed, files checkpointed; over storing the bodies and lines",
        "max", 8, 4, "s", ("load", "raw"),
        lambda m: (m["load"]["seconds"], m["raw"]["seconds"]),
    ),
    Bar(
        "events_bytes_per_line",
        "the events file after its checkpoint, for each line sold",
        "max", 55, 42, "bytes", ("load",),
        lambda m: (m["load"]["events_bytes"] / m["load"]["lines"], ABSOLUTE),
    ),
    Bar(
        "rebuild",
        "all views from the log: how many times faster than the load",
        "min", 1.5, 2.5, "s", ("load", "rebuild"),
        lambda m: (m["rebuild"]["seconds"], m["load"]["seconds"]),
    ),
    Bar(
        "rebuild_over_raw",
        "all views from the log; over inserting the same rows, of all tables, into an empty DuckDB file",
        "max", 4, 2, "s", ("load", "rebuild", "raw_rows"),
        lambda m: (m["rebuild"]["seconds"], m["raw_rows"]["seconds"]),
    ),
    Bar(
        "question_store_day",
        "sales by store and day, all measures; over a bare GROUP BY of the same lines",
        "max", 5, 2, "ms", ("load", "questions"),
        lambda m: (m["questions"]["now_ms"], m["questions"]["bare_ms"]),
    ),
    Bar(
        "known_at",
        "the same question as known at half the log; over the question as of now",
        "max", 2, 1.2, "ms", ("load", "questions"),
        lambda m: (m["questions"]["known_ms"], m["questions"]["now_ms"]),
    ),
    Bar(
        "flat_year",
        "processor time for each line of the year, without stores and articles; over that of its first month",
        "max", 1.25, 1.1, "us/line", ("load", "described", "month"),
        lambda m: (_us_per_line(m, "load"), _us_per_line(m, "month")),
    ),
    Bar(
        "peak_memory_mb",
        "most memory held by a load streamed from disk, both processes together",
        "max", 1000, 700, "MB", ("streamed",),
        lambda m: (m["streamed"]["main_mb"] + m["streamed"]["reading_mb"], ABSOLUTE),
    ),
)  # fmt: skip
NAMES: Final = tuple(bar.name for bar in BARS)
