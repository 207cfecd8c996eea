"""Where the processor time of a load goes: functions wrapped from outside, each with the time of its own thread.

A stage has the time spent in its function without the stages inside it, so the stages add up. What a thread does beside
its stages, and what DuckDB does in threads of its own, is told apart. Nothing in the product knows of this.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib import import_module
from operator import attrgetter
from typing import Any, Final, TypeVar

R = TypeVar("R")
Named = str | Callable[..., str]

# where a function lives, its name there, and the stage it is; in the process that reads ahead
READING: Final[Sequence[tuple[str, str, Named]]] = (
    ("services.runtime.reading", "decode_batch", "decode: bytes to a batch"),
    ("services.runtime.reading", "read_batch", "read: batch to columns, rules of a line"),
    ("services.runtime.reading", "_encode", "hand over: columns to bytes"),
)
# ... and in the process that decides, keeps and applies
DECIDING: Final[Sequence[tuple[str, str, Named]]] = (
    ("services.runtime.bulk", "TermsAhead.of", "terms ahead of a batch"),
    ("services.runtime.reading", "_decode", "hand over: bytes to columns"),
    ("services.sales", "decode_batch", "decode: bytes to a batch"),
    ("services.sales", "read_batch", "read: batch to columns, rules of a line"),
    ("services.intake", "decode", "decode: other lines"),
    ("services.writer", "Writer._group", "decide: everything else"),
    ("services.writer", "Cache.get", "decide: find aggregates"),
    ("services.sales", "move_goods", "decide: stock"),
    ("domain.sales.trading_day", "TradingDay.judge", "decide: judge a batch"),
    ("domain.sales.trading_day", "TradingDay.report", "decide: record a batch"),
    ("domain.sales.trading_day", "TradingDay.close", "decide: close a day"),
    ("domain.products.aggregate", "Catalogue.describe", "decide: articles"),
    ("services.writer", "Writer._collect", "save: collect facts"),
    ("services.writer", "Writer._keep", "save: transaction and commit"),
    ("services.event_store.mapper", "FactMapper.written", "save: facts to compressed JSON"),
    ("services.event_store.recorder", "LogRecorder._insert_events", "save: insert rows"),
    ("services.writer", "Cache.digest", "save: digests"),
    ("projections.kernel", "ViewDatabase.apply", "apply: route and commit"),
    ("projections.kernel", "Write.insert", lambda _, table, *__: f"apply: duckdb {table}"),
    ("projections.kernel", "Write.execute", "apply: duckdb statements"),
)


class Stages:
    """Processor seconds by stage, of all threads."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._all: list[tuple[str, dict[str, float]]] = []
        self.begin()

    def begin(self) -> None:
        """Count from now on: what a process did before is not what is asked about."""
        self._before = time.process_time()
        self._threads_before = {thread.ident: spent for thread, spent in _threads()}

    def wrap(self, targets: Sequence[tuple[str, str, Named]]) -> None:
        """Put a timer around each function; a target that is not there is an error."""
        for module, path, stage in targets:
            *owners, name = path.split(".")
            owner = attrgetter(*owners)(import_module(module)) if owners else import_module(module)
            setattr(owner, name, self.timed(stage, getattr(owner, name)))

    def timed(self, stage: Named, function: Callable[..., R]) -> Callable[..., R]:
        """The function, with its own time added to its stage."""

        def run(*args: Any, **kwargs: Any) -> R:
            inner, totals = self._of_thread()
            inner.append(0.0)
            begin = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.thread_time() - begin
                totals[stage if isinstance(stage, str) else stage(*args, **kwargs)] += spent - inner.pop()
                if inner:
                    inner[-1] += spent

        return run

    def _of_thread(self) -> tuple[list[float], dict[str, float]]:
        """The times inside the stages that are open in this thread, and its totals."""
        held: tuple[list[float], dict[str, float]] | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = ([], defaultdict(float))
            self._all.append((threading.current_thread().name, held[1]))
        return held

    def seconds(self) -> dict[str, float]:
        """By stage; then, by thread, what no stage has; then what is in no thread of Python."""
        found: dict[str, float] = defaultdict(float)
        staged: dict[str, float] = defaultdict(float)
        for name, totals in self._all:
            staged[name] += sum(totals.values())
            for stage, spent in totals.items():
                found[stage] += spent
        elsewhere = time.process_time() - self._before
        for thread, spent in _threads():
            whole = spent - self._threads_before.get(thread.ident, 0.0)
            elsewhere -= whole
            found[f"outside the stages: {thread.name}"] += whole - staged[thread.name]
        found["other threads, DuckDB's among them"] = elsewhere
        return dict(found)


def _threads() -> list[tuple[threading.Thread, float]]:
    """The threads of Python that live, and their processor seconds."""
    living = [(thread, thread.ident) for thread in threading.enumerate()]
    return [
        (thread, time.clock_gettime(time.pthread_getcpuclockid(ident))) for thread, ident in living if ident is not None
    ]
