"""Runs jobs in turn and takes medians. It must not know what a job does."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.bars import Medians

ROOT: Final = Path(__file__).parents[2]
YEAR: Final = dt.date(2017, 1, 1)
MONTH_DAYS: Final = 31
# What runs in a round, in order, and in which folder: what follows a load finds it loaded. A noisy moment of the
# machine hits neighbours alike, and each round anew.
ROUND: Final[Mapping[str, str]] = {
    "load": "year",
    "raw": "year",
    "rebuild": "year",
    "raw_rows": "year",
    "questions": "year",
    "described": "other",
    "month": "other",
    "streamed": "other",
}
Told = Callable[[str, dict[str, Any]], None]


class JobFailed(RuntimeError):
    """A job ended without figures."""


def medians(needed: Iterable[str], rounds: int, days: int | None, folder: Path, told: Told) -> Medians:
    """Run the needed jobs `rounds` times over, on the first `days` of the year (None: all); median of each figure.

    Raises:
        JobFailed: one of them did.
    """
    wanted = set(needed)
    runs: dict[str, list[dict[str, Any]]] = {job: [] for job in ROUND if job in wanted}
    for number in range(1, rounds + 1):
        for job, found in runs.items():
            found.append(run(job, folder / ROUND[job], days))
            told(f"{number}/{rounds} {job}", found[-1])
    return {job: _median(found) for job, found in runs.items()}


def run(job: str, folder: Path, days: int | None) -> dict[str, Any]:
    """One job in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if job == "month":
        days = min(days or MONTH_DAYS, MONTH_DAYS)
    span = [str(YEAR), str(YEAR + dt.timedelta(days=days - 1))] if days else []
    command = [sys.executable, "-m", "tests.benchmarks.jobs", job, str(folder), *span]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise JobFailed(f"the job {job} ended with status {done.returncode}")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def clear(folder: Path) -> None:
    """Remove what jobs have left."""
    shutil.rmtree(folder, ignore_errors=True)


def _median(runs: list[dict[str, Any]]) -> dict[str, float]:
    return {
        name: statistics.median(float(found[name]) for found in runs)
        for name, value in runs[0].items()
        if isinstance(value, int | float)
    }
