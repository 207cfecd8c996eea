"""The reading process of a load, watched: what it held, what it cost, and its stages.

Imported in that process too, so it must not load more than the reading room itself needs.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

from services.runtime.reading import ReadingRoom
from tests.benchmarks.stages import READING, Stages

MEGABYTE = 1_000_000
_stages = Stages()


class WatchedRoom(ReadingRoom):
    """A reading room that asks its process for figures before it closes: `seen` is what `about_reader` gives."""

    def __init__(self, with_stages: bool) -> None:
        super().__init__()
        self.seen: dict[str, Any] = {}
        self._started = self._pool.submit(start_reader, with_stages)

    def close(self) -> None:
        self.seen = self._pool.submit(about_reader).result()
        self.seen["processor_seconds"] -= self._started.result()
        super().close()


def start_reader(with_stages: bool) -> float:
    """In the reading process, before any work: the processor time it took to begin."""
    if with_stages:
        _stages.wrap(READING)
    return time.process_time()


def about_reader() -> dict[str, Any]:
    """In the reading process, after all work."""
    return {"mb": peak_mb(), "processor_seconds": time.process_time(), "stages": _stages.seconds()}


def peak_mb() -> float:
    """The most memory this process ever held, in millions of bytes.

    Where the system tells, the peak of this program alone: `ru_maxrss` begins with what the process that started it
    held at that moment.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / MEGABYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
