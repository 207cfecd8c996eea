"""`python -m tests.fuzz [--requests N] [--seed S]`: requests at every door; build/fuzz.json says what came of it."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.fuzz.campaign import Campaign, Found

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = 60  # of each operation in a round


def main() -> int:
    """Exits 1 when a door answered with an error of its own, or with what its description does not tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="at least so many")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="the same seed, the same plan")
    asked = parser.parse_args()
    began = time.perf_counter()
    print(f"{asked.requests:,} requests, seed {asked.seed}")
    with tempfile.TemporaryDirectory(prefix="counterfoil-fuzz-") as folder:
        found = Campaign(Path(folder), asked.seed, EXAMPLES, lambda text: print(text, flush=True)).run(asked.requests)
    print(json.dumps(written(found, time.perf_counter() - began), indent=2))
    for problem in (*found.problems[:20], *found.errors[:20]):
        print(problem)
    return 0 if found.well else 1


def written(found: Found, seconds: float) -> dict[str, object]:
    """The report as it stands in build/fuzz.json."""
    report: dict[str, object] = {
        "requests": found.requests,
        "statuses": {str(status): number for status, number in sorted(found.statuses.items())},
        "problems": len(found.problems),
        "errors": len(found.errors),
        "seed": found.seed,
        "seconds": round(seconds, 1),
    }
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    (build / "fuzz.json").write_text(json.dumps(report, indent=2) + "\n")
    return report


if __name__ == "__main__":
    sys.exit(main())
