"""One job in a process of its own, so that memory and caches are fresh: prints its figures as JSON.

`python -m tests.benchmarks.jobs JOB FOLDER [FIRST LAST]`
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.asking import questions
from tests.benchmarks.loading import Days, described, load, rebuild, staged, streamed
from tests.benchmarks.raw import raw, raw_rows

JOBS: Final[Mapping[str, Callable[[Path, Days], dict[str, Any]]]] = {
    "load": load,
    "month": load,
    "described": described,
    "streamed": streamed,
    "staged": staged,
    "rebuild": rebuild,
    "raw": raw,
    "raw_rows": raw_rows,
    "questions": questions,
}


def main(job: str, folder: str, *days: str) -> None:
    """Run one job on a folder; without days, on the whole year."""
    first_last = [dt.date.fromisoformat(day) for day in days]
    print(json.dumps(JOBS[job](Path(folder), (first_last[0], first_last[1]) if first_last else None)))


if __name__ == "__main__":
    main(*sys.argv[1:])
