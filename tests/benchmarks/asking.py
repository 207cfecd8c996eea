"""The job that asks: a question of a loaded folder, as of now and for the past, against a bare GROUP BY."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from projections.questions import Asked
from projections.registry import Views
from services.runtime.settings import Settings
from tests.benchmarks.loading import Days

TIMES: Final = 7
BARE: Final = """
SELECT store, business_day, currency, sum(lines) AS lines, sum(quantity) AS quantity, sum(gross) AS gross,
    sum(discounts) AS discounts, sum(net) AS net, sum(tax) AS tax
FROM sales_lines GROUP BY store, business_day, currency
"""


def questions(data: Path, days: Days) -> dict[str, Any]:
    """Milliseconds to all rows in memory, medians of asking in turn: bare, as of now, as known at half the log."""
    settings = Settings(data=data)
    views = Views(data / "views.duckdb", memory_limit=settings.views_memory, threads=settings.views_threads)
    now = Asked("sales", by=("store", "business_day"))
    known = Asked("sales", by=("store", "business_day"), known_at=views.position() // 2)
    bare = views._root.cursor()  # the same database in the same process: same memory, same threads
    ways: dict[str, Callable[[], pa.Table]] = {
        "bare_ms": lambda: bare.execute(BARE).to_arrow_table(),
        "now_ms": lambda: views.ask(now).table(),
        "known_ms": lambda: views.ask(known).table(),
    }
    _expect_same(*(way() for way in ways.values()))  # which also warms all of them alike
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TIMES):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            spent[name].append((time.perf_counter() - begin) * 1e3)
    bare.close()
    views.close()
    return {name: statistics.median(times) for name, times in spent.items()}


def _expect_same(bare: pa.Table, now: pa.Table, known: pa.Table) -> None:
    """Answers that differ are not compared."""
    for figure in ("lines", "net"):
        whole, asked, half = (sum(table[figure].to_pylist()) for table in (bare, now, known))
        if whole != asked or not 0 < half < whole:
            raise RuntimeError(f"{figure}: {whole} bare, {asked} asked, {half} as known at half the log")
