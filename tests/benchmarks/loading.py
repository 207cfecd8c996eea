"""The jobs that load the chain-year, by the loader of the demo, and the one that rebuilds its views."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from rich.console import Console

from projections.registry import VIEWS
from services.demo.complete_journey import ChainYear
from services.runtime import demo
from services.runtime.folder import Folder
from services.runtime.house import House
from services.runtime.screens import Bars
from services.runtime.settings import Settings
from tests.benchmarks.stages import DECIDING, Stages
from tests.benchmarks.watched import WatchedRoom, peak_mb

Days = tuple[dt.date, dt.date] | None
BEFORE_ALL: Final = (dt.date(2000, 1, 1), dt.date(2000, 1, 1))


class KeptYear(ChainYear):
    """The chain-year with all its lines in memory before anybody asks for them."""

    def __init__(self, days: Days) -> None:
        super().__init__(days)
        self._kept_stores = list(super().stores())
        self._kept_articles = list(super().articles())
        self._kept_batches = list(super().batches())
        self._kept_closings = list(super().closings())

    def stores(self) -> Iterator[bytes]:
        return iter(self._kept_stores)

    def articles(self) -> Iterator[bytes]:
        return iter(self._kept_articles)

    def batches(self) -> Iterator[tuple[str, str, bytes]]:
        return iter(self._kept_batches)

    def closings(self) -> Iterator[bytes]:
        return iter(self._kept_closings)


def load(data: Path, days: Days) -> dict[str, Any]:
    """A load from memory."""
    return _load(KeptYear(days), data)


def described(data: Path, days: Days) -> dict[str, Any]:
    """A load of the stores and articles alone: what any load costs before its first batch."""
    return _load(KeptYear(BEFORE_ALL), data)


def streamed(data: Path, days: Days) -> dict[str, Any]:
    """A load whose batches are made from the data set's files on disk as it goes on, as the demo does."""
    return _load(ChainYear(days), data)


def staged(data: Path, days: Days) -> dict[str, Any]:
    """A load from memory with a timer around each stage, which costs a little itself."""
    timers = Stages()
    timers.wrap(DECIDING)
    _wrap_views(timers)
    return _load(KeptYear(days), data, timers)


def rebuild(data: Path, days: Days) -> dict[str, Any]:
    """All views of a loaded folder from its log."""
    with House(Settings(data=data), "benchmark") as house:
        begin = time.perf_counter()
        house.rebuild()
        return {"seconds": time.perf_counter() - begin}


def _load(year: ChainYear, data: Path, timers: Stages | None = None) -> dict[str, Any]:
    """Load into an empty folder. `seconds` count from opening it to views that hold everything and files that are
    checkpointed; `processor_seconds` are those of both processes, but for the start of the second."""
    rooms: list[WatchedRoom] = []

    def room() -> WatchedRoom:
        rooms.append(WatchedRoom(timers))
        return rooms[-1]

    lines = year.counts.lines  # known before the clock starts
    if timers:
        timers.begin()
    processor = time.process_time()
    started = time.monotonic()
    Folder(data).clear()
    with patch.object(demo, "ReadingRoom", room), House(Settings(data=data), "benchmark") as house:
        loaded = demo.Load(house, year, Bars(Console(file=StringIO())), started).run()
        processor = time.process_time() - processor
        if loaded.lines != lines or loaded.refused:  # a load that lost something is not measured
            raise RuntimeError(f"not whole: {loaded.lines} of {lines} lines, {loaded.refused} refused")
        deciding = rooms[0].deciding if rooms else timers.seconds() if timers else {}
        reader: dict[str, Any] = rooms[0].reader if rooms else {"mb": 0.0, "processor_seconds": 0.0, "stages": {}}
        return {
            "seconds": loaded.seconds,
            "processor_seconds": processor + reader["processor_seconds"],
            "lines": lines,
            "events_bytes": house.folder.events.stat().st_size,
            "views_bytes": house.folder.views.stat().st_size,
            "main_mb": peak_mb(),
            "reading_mb": reader["mb"],
            "stages": {"reading": reader["stages"], "deciding": deciding} if timers else {},
        }


def _wrap_views(timers: Stages) -> None:
    """A stage for each view: what it does before rows go to DuckDB."""
    kinds: set[Any] = {type(view) for view in VIEWS}
    for kind in kinds:
        kind.apply = timers.timed(lambda self, *_: f"apply: arrow {self.name}", kind.apply)
