"""The jobs that load: the lines written once, then the chain-year through the loader, from memory or from disk."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from domain.kernel import Context
from services.demo.complete_journey import ChainYear
from services.intake import place_of
from services.runtime.bulk import Line, Loader, without_collection
from services.runtime.house import House
from services.runtime.settings import Settings
from tests.benchmarks.stages import DECIDING, Stages, wrap_views
from tests.benchmarks.watched import WatchedRoom, peak_mb

STORE, ARTICLE, BATCH, CLOSING = (f"counterfoil/{name}/1" for name in ("store", "article", "batch", "closing"))
FILES: Final = ("stores", "articles", "batches", "closings")


def prepare(lines: Path, first: str, last: str) -> dict[str, Any]:
    """Write the lines of a span of days, and what a load of them must count."""
    year = ChainYear((dt.date.fromisoformat(first), dt.date.fromisoformat(last)))
    year.write(lines, lambda *_: None)
    counts = {"transactions": year.counts.transactions, "lines": year.counts.lines, "days": year.counts.store_days}
    (lines / "counts.json").write_text(json.dumps(counts))
    return counts


def load(lines: Path, data: Path) -> dict[str, Any]:
    """A load from memory."""
    return _measured(lines, data, [_in_memory(lines / f"{name}.ndjson") for name in FILES], None)


def streamed(lines: Path, data: Path) -> dict[str, Any]:
    """A load whose lines are read from disk as it goes on."""
    return _measured(lines, data, [_from_disk(lines / f"{name}.ndjson") for name in FILES], None)


def stages(lines: Path, data: Path) -> dict[str, Any]:
    """A load from memory with a timer around each stage, which costs a little itself."""
    timers = Stages()
    timers.wrap(DECIDING)
    wrap_views(timers)
    return _measured(lines, data, [_in_memory(lines / f"{name}.ndjson") for name in FILES], timers)


def _measured(lines: Path, data: Path, sources: list[Iterable[bytes]], timers: Stages | None) -> dict[str, Any]:
    """Load into an empty folder; seconds from opening it to views that hold everything and files checkpointed.

    The processor time is that of the trading days alone, in both processes: stores and articles come once, so they
    would make a long load look cheaper.
    """
    stores, articles, batches, closings = sources
    begin = time.perf_counter()
    house = House(Settings(data=data), "benchmark", fresh=True)
    room = WatchedRoom(with_stages=timers is not None)
    loader = Loader(house, Context(actor="benchmark"), room=room)
    with without_collection(), house.bulk():
        loader.load(STORE, _unnamed(stores))
        loader.load(ARTICLE, _unnamed(articles))
        loader.drain()
        house.settle()
        house.feed.gather(BULK_FACTS)
        described = time.perf_counter()
        processor = time.process_time()
        _days(loader, batches, closings)
        loader.drain()
    end = time.perf_counter()
    processor = time.process_time() - processor
    staged = timers.seconds() if timers else {}
    room.close()
    counts = json.loads((lines / "counts.json").read_text())
    _expect_whole(loader, counts)
    found = {
        "seconds": end - begin,
        "described_seconds": described - begin,
        "lines": counts["lines"],
        "us_per_line": (processor + room.seen["processor_seconds"]) / counts["lines"] * 1e6,
        "events_bytes": house.folder.events.stat().st_size,
        "views_bytes": house.folder.views.stat().st_size,
        "main_mb": peak_mb(),
        "reading_mb": room.seen["mb"],
    }
    house.close()
    return {**found, "stages": {"deciding": staged, "reading": room.seen["stages"]} if timers else {}}


def _days(loader: Loader, batches: Iterable[bytes], closings: Iterable[bytes]) -> None:
    """Day by day: its batches, then its closings."""
    closing = iter(closings)
    for _, bodies in groupby(batches, key=lambda body: place_of(body)[1]):
        of_day = list(bodies)
        loader.load(BATCH, _unnamed(of_day))
        loader.load(CLOSING, _unnamed(next(closing) for _ in of_day))


def _expect_whole(loader: Loader, counts: dict[str, int]) -> None:
    """A load that lost something is not measured."""
    tally = loader.tally
    loaded = {"transactions": tally.accepted, "days": tally.recorded.get(CLOSING, 0)}
    if loaded != {name: counts[name] for name in loaded} or tally.refused:
        raise RuntimeError(f"the load is not whole: {loaded} of {counts}, refused {tally.refused[:3]}")


def _unnamed(lines: Iterable[bytes]) -> Iterator[Line]:
    return ((line, "") for line in lines)


def _in_memory(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def _from_disk(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.removesuffix(b"\n")
