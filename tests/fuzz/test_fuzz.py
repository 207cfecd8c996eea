"""A short campaign, and that a campaign notices what it is for."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from api import app as application
from api.examples import BODIES
from domain.sales.commands import ReportBatch
from tests.fuzz.campaign import Campaign, Found, bent


def short(folder: Path, seed: int = 7) -> Found:
    return Campaign(folder, seed, examples=2, phases=("examples", "fuzzing", "stateful")).run(300)


@pytest.mark.slow
def test_no_door_errs_or_answers_what_its_description_does_not_tell(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    found = short(tmp_path)
    record_property("requests", found.requests)
    assert found.errors == []
    assert found.problems == []
    assert found.requests >= 300
    assert found.statuses[200] >= 20, "nearly nothing came in"
    assert any(door.startswith("stateful") for door in found.doors), "no answer led to a further request"


def test_a_door_that_errs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_request: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(application, "doors_of", broken)
    found = short(tmp_path)
    assert any("Server error" in problem for problem in found.problems)


def test_an_example_is_bent_in_one_thing_at_most() -> None:
    made = [bent(BODIES[ReportBatch], random.Random(seed)) for seed in range(50)]
    assert BODIES[ReportBatch] in made
    assert sum(each != BODIES[ReportBatch] for each in made) > 25
