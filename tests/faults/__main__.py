"""`python -m tests.faults [--faults N] [--seed S]`: kill loads of real days, check them, write build/faults.json."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.campaign import ROOT, Campaign, Outcome, undisturbed
from tests.support.runs import cut

DAYS = (dt.date(2017, 3, 3), dt.date(2017, 3, 5))


def main() -> int:
    """Exits 1 when something was lost, doubled, different or left behind."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=20, help="how many kills")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="the same seed, the same plan")
    asked = parser.parse_args()
    began = time.perf_counter()
    print(f"{asked.faults} faults, seed {asked.seed}, on {DAYS[0]} to {DAYS[1]} of the chain-year")
    with tempfile.TemporaryDirectory(prefix="counterfoil-faults-") as temporary:
        folder = Path(temporary)
        peace = undisturbed(cut(*DAYS), folder)
        print(f"undisturbed: {len(peace.log)} facts in {peace.seconds:.1f} s")
        outcome = Campaign(peace, folder, asked.seed, lambda text: print(text, flush=True)).run(asked.faults)
    report = written(outcome, time.perf_counter() - began)
    print(json.dumps(report, indent=2))
    for problem in outcome.problems:
        print(problem[:4000])
    return 0 if outcome.well else 1


def written(outcome: Outcome, seconds: float) -> dict[str, object]:
    """The report as it stands in build/faults.json."""
    report: dict[str, object] = {
        "faults": outcome.faults,
        "kinds": dict(sorted(outcome.kinds.items())),
        "acknowledged": outcome.acknowledged,
        "lost": outcome.lost,
        "twice": outcome.twice,
        "equal": outcome.equal,
        "orphans": outcome.orphans,
        "loads": outcome.loads,
        "seed": outcome.seed,
        "seconds": round(seconds, 1),
    }
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    (build / "faults.json").write_text(json.dumps(report, indent=2) + "\n")
    return report


if __name__ == "__main__":
    sys.exit(main())
