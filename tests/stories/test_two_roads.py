"""The demo loads the chain-year itself or writes it to files that are imported: both roads lead to the same books."""

from __future__ import annotations

import datetime as dt
import random
import time
from pathlib import Path

import pytest

from services.demo.complete_journey import ChainYear
from services.runtime.demo import AS_DEMO, Load
from services.runtime.importing import apply_all, scan
from services.runtime.screens import Bars, beside
from tests.support.runs import Answers, answers, assert_equal, demo_is_installed, open_house

pytestmark = pytest.mark.skipif(not demo_is_installed(), reason="the data of the demo is not installed")

DAYS = (dt.date(2017, 3, 3), dt.date(2017, 3, 6))
PARTS = ("stores", "articles", "batches", "closings")


class Roads:
    """The answers of the demo, and the files it writes."""

    def __init__(self, folder: Path) -> None:
        year = ChainYear(DAYS)
        with open_house(folder / "demo") as house:
            Load(house, year, Bars(beside()), time.monotonic()).run()
            self.answers: Answers = answers(house.views)
        year.write(folder, lambda *_: None)
        self.files = [folder / f"{part}.ndjson" for part in PARTS]


@pytest.fixture(scope="module")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Roads:
    return Roads(tmp_path_factory.mktemp("roads"))


def imported(folder: Path, *calls: list[Path]) -> dict[str, bytes]:
    """The answers after so many imports into one folder; nothing is refused."""
    with open_house(folder) as house:
        for files in calls:
            tally = apply_all(house, scan(files, Bars(beside())), AS_DEMO, Bars(beside()))
            assert (tally.rejected, tally.conflict, tally.refused) == (0, 0, [])
        return answers(house.views)


def test_importing_what_the_demo_writes_gives_the_books_of_the_demo(roads: Roads, tmp_path: Path) -> None:
    assert_equal(imported(tmp_path, roads.files), roads.answers, "imported", "the demo")


def test_importing_it_in_any_order_of_files_and_lines_changes_nothing(roads: Roads, tmp_path: Path) -> None:
    chance = random.Random(367)
    lines = [line for file in roads.files for line in file.read_bytes().splitlines(keepends=True)]
    chance.shuffle(lines)
    parts = [tmp_path / f"part-{number}.ndjson" for number in range(3)]
    for number, part in enumerate(parts):
        part.write_bytes(b"".join(lines[number::3]))
    assert_equal(imported(tmp_path / "data", parts), roads.answers, "imported in any order", "the demo")


def test_importing_it_file_by_file_and_once_more_changes_nothing(roads: Roads, tmp_path: Path) -> None:
    one_by_one = [[file] for file in roads.files]
    assert_equal(imported(tmp_path, *one_by_one, roads.files), roads.answers, "imported twice", "the demo")
