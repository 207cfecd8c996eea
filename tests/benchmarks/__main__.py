"""`python -m tests.benchmarks [--only NAME]`: measures, prints, writes `build/bench.json`; 1 when a bar is missed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from services.demo.complete_journey import ChainYear, DemoDataMissing
from tests.benchmarks.bars import BARS, NAMES, Bar, Medians, Result
from tests.benchmarks.measure import ROOT, JobFailed, clear, medians, run

SHOWN: Final = 0.02  # microseconds a line below which a stage is left out
LOADED: Final = frozenset({"load", "month", "streamed"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Status 0: all bars met; 1: one is missed; 2: nothing could be measured."""
    asked = _read(arguments)
    console = Console(highlight=False)
    try:
        ChainYear()
        results, staged = _measure(asked, console)
    except (DemoDataMissing, JobFailed) as problem:
        Console(stderr=True).print(f"Nothing was measured. {problem}", markup=False)
        return 2
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    if staged:
        console.print(_stage_table(staged))
    console.print(_result_table(results))
    for bar in BARS:
        if asked.only in (None, bar.name):
            console.print(f"[bold]{bar.name}[/]: {bar.says}", soft_wrap=True)
    return 0 if all(result.reaches(result.bar) for result in results) else 1


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="How fast the house is.")
    parser.add_argument("--only", choices=NAMES, help="one figure alone")
    parser.add_argument("--runs", type=int, default=3, help="medians of how many runs (3)")
    parser.add_argument("--days", type=int, help="the first so many days instead of the year: to try things out")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json", help="where the figures go")
    return parser.parse_args(arguments)


def _measure(asked: argparse.Namespace, console: Console) -> tuple[list[Result], dict[str, Any]]:
    bars = [bar for bar in BARS if asked.only in (None, bar.name)]
    folder = asked.out.parent / "bench"
    clear(folder)
    begin = time.perf_counter()

    def told(job: str, found: dict[str, Any]) -> None:
        figures = ", ".join(f"{name} {_short(value)}" for name, value in found.items() if not isinstance(value, dict))
        console.print(f"{time.perf_counter() - begin:5.0f} s  {job}: {figures}", soft_wrap=True)

    try:
        found = medians({job for bar in bars for job in bar.needs}, asked.runs, asked.days, folder, told)
        staged = run("staged", folder / "other", asked.days) if _is_slow(bars, found) else {}
    finally:
        clear(folder)
    return [bar.result(found) for bar in bars], staged


def _is_slow(bars: Sequence[Bar], found: Medians) -> bool:
    """Whether the load's stages tell something about these figures."""
    return not LOADED.isdisjoint(found) and any(bar.name in ("chain_year", "flat_year") for bar in bars)


def _stage_table(staged: Mapping[str, Any]) -> Table:
    """Processor time for each line of the load, by process and stage, the dearest first."""
    table = Table(title="Where a load's processor time goes", box=SIMPLE_HEAD, title_justify="left")
    table.add_column("process")
    table.add_column("stage")
    table.add_column("us/line", justify="right")
    costs = [
        (seconds / staged["lines"] * 1e6, process, stage)
        for process, stages in staged["stages"].items()
        for stage, seconds in stages.items()
    ]
    for cost, process, stage in sorted(costs, reverse=True):
        if cost >= SHOWN:
            table.add_row(process, stage, f"{cost:.2f}")
    table.add_section()
    table.add_row("", "together", f"{sum(cost for cost, *_ in costs):.2f}")
    return table


def _result_table(results: Sequence[Result]) -> Table:
    table = Table(title="Figures and their bars", box=SIMPLE_HEAD, title_justify="left")
    table.add_column("figure", no_wrap=True)
    for name in ("ours", "limit", "unit", "ratio", "bar", "aim"):
        table.add_column(name, justify="left" if name == "unit" else "right")
    table.add_column("", no_wrap=True)
    for result in results:
        sign = "<=" if result.sense == "max" else ">="
        verdict = (
            "[green]aim reached[/]"
            if result.reaches(result.aim)
            else "[yellow]bar met[/]"
            if result.reaches(result.bar)
            else "[bold red]MISSED[/]"
        )
        figures = (_short(result.ours), _short(result.limit), result.unit, f"{result.ratio:.2f}")
        table.add_row(result.name, *figures, f"{sign} {result.bar:g}", f"{sign} {result.aim:g}", verdict)
    return table


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
