"""The benchmarks themselves work: a few days through all of them, and the figures are written as agreed. No timings."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest

from services.demo.complete_journey import ChainYear, DemoDataMissing
from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks.bars import BARS, NAMES, Result
from tests.benchmarks.stages import Stages

FEW_DAYS = "6"  # enough batches for the second process


@pytest.mark.slow
def test_a_few_days_give_every_figure_once_with_its_bar_and_the_stages(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        ChainYear()
    except DemoDataMissing:
        pytest.skip("the data of the demo is not installed")
    out = tmp_path / "build" / "bench.json"

    status = benchmarks.main(["--days", FEW_DAYS, "--runs", "1", "--out", str(out)])

    results = msgspec.json.decode(out.read_bytes(), type=list[Result])
    assert [result.name for result in results] == list(NAMES)
    for result, bar in zip(results, BARS, strict=True):
        assert (result.bar, result.aim, result.unit, result.sense) == (bar.bar, bar.aim, bar.unit, bar.sense)
        assert min(result.ours, result.limit, result.ratio) > 0
        assert all(map(math.isfinite, (result.ours, result.limit, result.ratio)))
    assert status == (0 if all(result.reaches(result.bar) for result in results) else 1)
    printed = capfd.readouterr().out
    assert all(name in printed for name in NAMES)
    assert all(stage in printed for stage in ("decode", "read", "decide", "save", "apply: arrow", "apply: duckdb"))
    assert [path.name for path in out.parent.iterdir()] == ["bench.json"]


def test_one_figure_runs_only_the_jobs_it_needs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    needs = {bar.name: set(bar.needs) for bar in BARS}

    assert needs["known_at"] == {"load", "questions"}
    assert benchmarks._read(["--only", "known_at"]).only == "known_at"
    with pytest.raises(SystemExit):
        benchmarks._read(["--only", "nothing_of_the_kind"])


def test_a_figure_meets_its_bar_on_the_side_it_means() -> None:
    slower = Result("", ours=9, limit=1, ratio=9, bar=8, aim=4, unit="s", sense="max")
    faster = Result("", ours=1, limit=2, ratio=2, bar=1.5, aim=2.5, unit="s", sense="min")

    assert (slower.reaches(slower.bar), slower.reaches(10)) == (False, True)
    assert (faster.reaches(faster.bar), faster.reaches(faster.aim)) == (True, False)


def test_without_the_data_of_the_demo_nothing_is_measured_and_the_words_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise DemoDataMissing

    monkeypatch.setattr(benchmarks, "ChainYear", missing)

    assert benchmarks.main(["--out", str(tmp_path / "bench.json")]) == 2
    assert "counterfoil[demo]" in capfd.readouterr().err


def test_a_stage_has_its_own_time_and_not_that_of_the_stages_inside_it() -> None:
    stages = Stages()

    def work(rounds: int) -> int:
        return sum(range(rounds))

    inside = stages.timed("inside", lambda: work(2_000_000))
    stages.timed("outside", lambda: (work(1_000), inside()))()

    found = stages.seconds()
    assert found["inside"] > 10 * found["outside"] > 0
