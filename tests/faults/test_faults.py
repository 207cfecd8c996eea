"""Twenty kills of a real load: nothing acknowledged is missing, nothing is there twice, and nothing lives on."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from domain.sales.outcomes import Answer
from tests.faults.campaign import KINDS, Campaign, Undisturbed, undisturbed
from tests.faults.child import Acknowledged
from tests.support.runs import Cut, cut, demo_is_installed, load, open_house

pytestmark = pytest.mark.skipif(not demo_is_installed(), reason="the data of the demo is not installed")

DAYS = (dt.date(2017, 3, 4), dt.date(2017, 3, 5))
STORES = 40


@pytest.fixture(scope="module")
def source() -> Cut:
    return cut(*DAYS, stores=STORES)


@pytest.fixture(scope="module")
def peace(source: Cut, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed(source, tmp_path_factory.mktemp("peace"))


@pytest.mark.slow
def test_a_load_killed_twenty_times_ends_as_if_nothing_had_happened(peace: Undisturbed, tmp_path: Path) -> None:
    outcome = Campaign(peace, tmp_path, seed=367).run(20)
    assert outcome.problems == []
    assert (outcome.lost, outcome.twice, outcome.orphans, outcome.equal) == (0, 0, 0, True)
    assert outcome.faults == 20
    assert set(outcome.kinds) == set(KINDS), "each place to die at was reached"
    assert outcome.acknowledged > 0


def test_a_batch_that_was_acknowledged_and_is_not_there_is_called_lost(
    source: Cut, peace: Undisturbed, tmp_path: Path
) -> None:
    missing = source.batches[-1]
    with open_house(tmp_path / "load-1") as house:
        load(house, (line for line in source.lines() if line not in (missing.body, missing.closing)))
    note = Acknowledged(missing.store, missing.business_day, "panel", Answer("panel", 1))
    acknowledged = tmp_path / "load-1.acknowledged"
    acknowledged.write_bytes(msgspec.json.encode(note) + b"\n")
    campaign = Campaign(peace, tmp_path, seed=0)
    campaign._check(tmp_path / "load-1", acknowledged)
    assert campaign.outcome.lost > 0
    assert not campaign.outcome.equal
    assert not campaign.outcome.well


def test_a_batch_taken_in_anew_after_it_was_acknowledged_is_called_lost(peace: Undisturbed, tmp_path: Path) -> None:
    note = msgspec.json.encode(Acknowledged("367", "2017-03-04", "panel", Answer("panel", 7))) + b"\n"
    acknowledged = tmp_path / "acknowledged"
    acknowledged.write_bytes(note + note)
    campaign = Campaign(peace, tmp_path, seed=0)
    campaign._answered(acknowledged)
    assert campaign.outcome.lost == 1


def test_the_same_seed_plans_the_same_faults(peace: Undisturbed, tmp_path: Path) -> None:
    def plan(seed: int) -> list[str]:
        campaign = Campaign(peace, tmp_path, seed)
        return [campaign._draw(first=number % 5 == 0) for number in range(3 * len(KINDS))]

    assert plan(1) == plan(1)
    assert plan(1) != plan(2)
    assert set(plan(1)) == set(KINDS)
