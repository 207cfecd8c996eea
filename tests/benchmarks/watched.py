"""The reading process of a load, watched: what it held, what it cost, and its stages.

Imported in that process too, so it must not load more than the reading room itself needs.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import Any, Final

from services.runtime.reading import ReadingRoom
from tests.benchmarks.stages import READING, Stages

MEGABYTE: Final = 1_000_000
_stages = Stages()


class WatchedRoom(ReadingRoom):
    """A reading room that asks its process for figures before it closes: `reader` is what `about_reader` gives.

    With `stages` the reading process takes its own too, and `deciding` is where this one stood at that moment.
    """

    def __init__(self, stages: Stages | None) -> None:
        super().__init__()
        self.reader: dict[str, Any] = {}
        self.deciding: dict[str, float] = {}
        self._stages = stages
        self._began = self._pool.submit(start_reader, stages is not None)

    def close(self) -> None:
        if self._stages is not None:
            self.deciding = self._stages.seconds()
        self.reader = self._pool.submit(about_reader).result()
        self.reader["processor_seconds"] -= self._began.result()
        super().close()


def start_reader(with_stages: bool) -> float:
    """In the reading process, before any work: the processor time it took to begin."""
    if with_stages:
        _stages.wrap(READING)
    _stages.begin()
    return time.process_time()


def about_reader() -> dict[str, Any]:
    """In the reading process, after all work."""
    return {"mb": peak_mb(), "processor_seconds": time.process_time(), "stages": _stages.seconds()}


def peak_mb() -> float:
    """The most memory this process ever held, in millions of bytes.

    Where the system tells it, the peak of this program alone: `ru_maxrss` of a process that another one started begins
    with what that one held, and so counts it twice.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / MEGABYTE
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE
