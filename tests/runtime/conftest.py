"""Folders that several tests look at and none changes: each is loaded once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from services.runtime.demo import Load
from tests.runtime.world import JANUARY, ShortYear, opened, quiet, take_in, three_days, write
from tests.support.runs import demo_is_installed


@pytest.fixture(scope="session")
def january() -> ShortYear:
    """A month of the chain-year: 3,257 store-days."""
    if not demo_is_installed():
        pytest.skip("the data of the demo is not installed")
    return ShortYear(JANUARY)


@pytest.fixture(scope="session")
def loaded(january: ShortYear, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo of that month."""
    data = tmp_path_factory.mktemp("january")
    started = time.monotonic()
    with opened(data) as house:
        Load(house, january, quiet(), started).run()
    return data


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with three days of two stores, for a test to do with as it likes."""
    data = tmp_path / "shop"
    tally = take_in(data, write(tmp_path / "three-days.ndjson", three_days()))
    assert not tally.refused, tally.refused
    assert not tally.listed, tally.listed
    return data
