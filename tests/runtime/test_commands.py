"""The commands as typed: what they answer, in what words they refuse, and with which status they end."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from projections.questions import Asked
from services.decoding import SCHEMAS
from services.runtime.folder import Folder
from services.runtime.house import now
from services.runtime.reports import row_texts
from tests.runtime.world import MONDAY, article, opened, run, words, write
from tests.support.house import a_store, batch, sale

# -- where


@pytest.mark.parametrize("where", ["before", "after", "environment"])
def test_the_folder_may_be_named_in_three_places(shop: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    question = ("export", "sales", "--json")
    if where == "environment":
        monkeypatch.setenv("COUNTERFOIL_DATA", str(shop))
        result = run(*question)
    else:
        result = run("--data", shop, *question) if where == "before" else run(*question, "--data", shop)
    assert json.loads(result.stdout)["rows"][0]["lines"] == 5


@pytest.mark.parametrize(
    "command", [["export", "sales"], ["rebuild"], ["kept", "00"], ["purge", "--before", MONDAY, "--reason", "old"]]
)
def test_where_there_is_no_data_nothing_is_made(command: list[str], tmp_path: Path) -> None:
    result = run(*command, "--data", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "there is no data in" in words(result.stderr)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["demo", "--fresh"],
        ["export", "sales"],
        ["rebuild"],
        ["kept", "00"],
        ["purge", "--before", MONDAY, "--reason", "old"],
        ["import"],
    ],
)
def test_a_folder_in_use_is_said_to_be_and_stays_as_it_is(command: list[str], shop: Path, tmp_path: Path) -> None:
    other = Folder(shop)
    other.own("an import", dt.datetime(2024, 3, 4, tzinfo=dt.UTC))
    before = {path.name: path.read_bytes() for path in shop.iterdir()}
    try:
        files = [write(tmp_path / "f.ndjson", [a_store("3")])] if command == ["import"] else []
        result = run(*command, *files, "--data", shop)
    finally:
        after = {path.name: path.read_bytes() for path in shop.iterdir()}
        other.release()
    assert result.exit_code == 3
    assert re.search(r"in use by process \d+ on \S+ \(an import, since 2024-03-04", words(result.stderr))
    assert after == before


# -- import


def test_an_import_is_reported_with_what_was_refused_where_and_why(shop: Path, tmp_path: Path) -> None:
    bad = batch(sale(3, net="9.99", day=MONDAY), sale(4, day=MONDAY), batch_id="bad", day=MONDAY)
    other = batch(sale(1, register="T1", day=MONDAY, cashier="other"), batch_id="other", day=MONDAY)
    result = run("import", "--data", shop, write(tmp_path / "f.ndjson", [bad, other, b"{", b""]))
    assert result.exit_code == 1
    shown = words(result.stdout)
    assert re.search(r"after_close 1 new", shown)
    assert re.search(r"Refused lines .* f\.ndjson:3 /schema names no schema", shown)
    assert re.search(r"Rejected transactions .* f\.ndjson:1 T1 3 /transactions/0", shown)
    assert re.search(r"Conflicts .* f\.ndjson:2 T1 1 this number already stands", shown)


def test_what_a_batch_sent_again_left_to_look_at_is_listed_again_but_not_counted_again(
    shop: Path, tmp_path: Path
) -> None:
    bad = batch(sale(3, net="9.99", day=MONDAY), batch_id="bad", day=MONDAY)
    other = batch(sale(1, register="T1", day=MONDAY, cashier="other"), batch_id="other", day=MONDAY)
    file = write(tmp_path / "f.ndjson", [bad, other])
    assert run("import", "--data", shop, file).exit_code == 1
    again = run("import", "--data", shop, file)
    assert again.exit_code == 1
    shown = words(again.stdout)
    assert re.search(r"conflict 0 another .* rejected 0 not", shown)
    assert re.search(r"Rejected transactions .* f\.ndjson:1 \(replayed\) T1 3 /transactions/0", shown)
    assert re.search(r"Conflicts .* f\.ndjson:2 \(replayed\) T1 1 this number already stands", shown)
    told = json.loads(run("import", "--json", "--data", shop, file).stdout)
    assert (told["replayed"], told["conflict"], told["rejected"]) == (2, 0, 0)
    assert [(each["outcome"], each["replayed"]) for each in told["listed"]] == [("rejected", True), ("conflict", True)]


def test_only_the_first_twenty_refused_lines_are_shown_and_where_the_others_are(tmp_path: Path) -> None:
    lines = [b'{"schema":"counterfoil/closing/1","store":"%d"}' % number for number in range(25)]
    result = run("import", "--data", tmp_path / "data", write(tmp_path / "f.ndjson", lines))
    assert result.stdout.count("f.ndjson:") == 20
    assert "... and 5 more; all of them: counterfoil export refused" in result.stdout
    told = json.loads(run("export", "refused", "--by", "source,reason", "--json", "--data", tmp_path / "data").stdout)
    assert len(told["rows"]) == 25


def test_an_import_without_trouble_ends_with_0(tmp_path: Path) -> None:
    assert run("import", "--data", tmp_path / "data", write(tmp_path / "f.ndjson", [a_store()])).exit_code == 0


# -- export


def test_an_answer_goes_into_each_kind_of_file_with_exact_money(shop: Path, tmp_path: Path) -> None:
    for ending in ("csv", "json", "parquet"):
        to = tmp_path / f"sales.{ending}"
        result = run("export", "sales", "--by", "store", "--measures", "net", "--to", to, "--data", shop)
        assert result.exit_code == 0, result.output
        assert re.search(r"2 rows as known at position \d+", words(result.stderr))
    with (tmp_path / "sales.csv").open(newline="") as file:
        assert [(row["store"], row["net"]) for row in csv.DictReader(file)] == [("1", "2.00"), ("2", "4.00")]
    rows = json.loads((tmp_path / "sales.json").read_text())["rows"]
    assert [(row["store"], row["net"]) for row in rows] == [("1", "2.00"), ("2", "4.00")]
    assert str(pq.read_table(tmp_path / "sales.parquet").schema.field("net").type).startswith("decimal128")


def test_a_question_is_cut_filtered_and_looked_at_from_the_past(shop: Path) -> None:
    def net(*more: str) -> list[str]:
        told = json.loads(run("export", "sales", "--measures", "net", *more, "--json", "--data", shop).stdout)
        return [row["net"] for row in told["rows"]]

    assert net("--by", "business_day") == ["6.00", "0.00"]
    assert net("--where", "store=2") == ["4.00"]
    assert net("--where", "store=1", "--where", "store=2") == net() == ["6.00"]
    assert net("--from", "2024-03-05", "--to-day", "2024-03-05") == ["0.00"]
    assert net("--as-of", MONDAY) == ["6.00"]
    assert net("--known-at", "1") == net("--known-at", "2024-01-01T00:00:00Z") == []
    assert net("--by", "department") == ["0.00", "6.00"]
    assert net("--by", "department", "--articles", "today") == ["6.00"]


def test_a_cut_and_measures_may_be_named_in_several_pieces(shop: Path) -> None:
    def told(*more: str) -> str:
        return run("export", "sales", *more, "--json", "--data", shop).stdout

    pieces = ("--by", "store", "--by", "kind,month", "--measures", "net", "--measures", "lines")
    assert told(*pieces) == told("--by", "store,kind,month", "--measures", "net,lines")


def test_a_time_to_come_is_answered_with_a_warning_and_a_time_that_is_past_without(shop: Path) -> None:
    to_come = run("export", "sales", "--known-at", "2999-01-01T00:00:00Z", "--data", shop)
    assert to_come.exit_code == 0
    assert "2999-01-01T00:00:00Z is still to come" in words(to_come.stderr)
    assert "still to come" not in to_come.stdout
    for known_at in ("2024-01-01T00:00:00Z", now().isoformat(), "1"):
        assert run("export", "sales", "--known-at", known_at, "--data", shop).stderr == ""


def test_a_file_that_cannot_be_written_is_called_by_the_name_it_was_given(shop: Path, tmp_path: Path) -> None:
    to = tmp_path / "nowhere" / "sales.csv"
    result = run("export", "sales", "--to", to, "--data", shop)
    assert result.exit_code == 1
    assert str(to) in words(result.stderr)
    assert ".part" not in result.stderr


@pytest.mark.parametrize("wide", [60, 80, 100, 120])
@pytest.mark.parametrize("by", [(), ("month",), ("store", "business_day", "kind")])
def test_every_figure_is_shown_whole_beside_its_dimensions_however_narrow_the_screen(
    by: tuple[str, ...], wide: int, shop: Path
) -> None:
    asked: list[str | Path] = ["export", "sales", "--by", ",".join(by), "--data", shop]
    with opened(shop) as house:
        answer = house.views.ask(Asked("sales", by=by, today=now().date()))
        names = [column.name for column in answer.columns]
        rows = [dict(zip(names, row_texts(answer.columns, row), strict=True)) for row in answer.rows()]
    shown: list[dict[str, str]] = [{} for _ in rows]
    *lines, _ = run(*asked, wide=wide).stdout.splitlines()
    assert max(map(len, lines)) <= wide
    cells = [line.split() for line in lines if line.strip() and "─" not in line]
    for begin in range(0, len(cells), len(rows) + 1):
        header, *body = cells[begin : begin + len(rows) + 1]
        assert header[: len(by)] == list(by)
        for row, texts in zip(shown, body, strict=True):
            row |= dict(zip(header, texts, strict=True))
    assert shown == rows


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["sails"], "there is no question 'sails'; there are sales"),
        (["sales", "--by", "colour"], "no dimension 'colour'; it has store"),
        (["sales", "--by", "tender", "--measures", "net"], "net cannot be cut by tender; it allows"),
        (["sales", "--where", "store"], "'store' is not DIMENSION=VALUE"),
        (["sales", "--where", "month=March"], "is not a month written as YYYY-MM"),
        (["sales", "--known-at", "yesterday"], "neither a position nor a time with an offset"),
        (["sales", "--known-at", "999999"], "position 999999 is not in the views yet"),
        (["sales", "--from", "2024-02-30"], "is not a day of the calendar"),
        (["sales", "--articles", "tomorrow"], "'tomorrow' is not one of 'as-sold', 'today'"),
        (["sales", "--to", "sales.xls"], "must end in one of .csv, .parquet, .json"),
    ],
)
def test_a_question_that_means_nothing_is_refused_with_what_is_allowed(asked: list[str], said: str, shop: Path) -> None:
    result = run("export", *asked, "--data", shop)
    assert result.exit_code == 2, result.output
    assert said in words(result.stderr)


def test_a_long_answer_shows_its_beginning_and_its_size(shop: Path, tmp_path: Path) -> None:
    many = write(tmp_path / "f.ndjson", [article(f"a{number:02}") for number in range(60)])
    assert run("import", "--data", shop, many).exit_code == 0
    shown = run("export", "articles", "--by", "sku", "--measures", "articles", "--data", shop).stdout
    assert " a39 " in shown
    assert " a40 " not in shown
    assert "61 rows, the first 40 shown: --to FILE has all; as known at position" in shown


def test_every_question_is_explained() -> None:
    shown = run("export", "--list").stdout
    told = json.loads(run("export", "--list", "--json").stdout)
    for question in told:
        assert question["title"].split(",")[0] in shown
    sales = next(question for question in told if question["question"] == "sales")
    assert {"store", "business_day", "tender"} <= {each["name"] for each in sales["dimensions"]}
    assert {"net", "units"} <= {each["name"] for each in sales["measures"]}
    assert "any but tender" in shown


# -- schema


@pytest.mark.parametrize("name", ["counterfoil/batch/1", "batch/1", "batch"])
def test_the_schema_of_a_line_is_printed(name: str) -> None:
    told = json.loads(run("schema", name).stdout)
    assert "ReportBatch" in json.dumps(told)


def test_the_schemas_are_listed_and_an_unknown_one_is_refused() -> None:
    assert run("schema").stdout.split() == list(SCHEMAS)
    result = run("schema", "till")
    assert result.exit_code == 2
    assert "counterfoil/batch/1" in words(result.stderr)
