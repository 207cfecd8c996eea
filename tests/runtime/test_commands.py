"""The commands as typed: what they answer, in what words they refuse, and with which status they end."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from domain.audit.facts import SubmissionRefused
from domain.kernel import Fact, Meta, Recorded
from domain.sales.facts import Conflict, ConflictResolved, Rejected, SalesReported, Transactions
from services.decoding import SCHEMAS
from services.runtime.folder import Folder
from services.runtime.kept import purgeable
from tests.runtime.world import MONDAY, article, opened, run, write
from tests.support.house import a_store, batch, resolution, sale
from tests.support.runs import answers, assert_equal


def words(text: str) -> str:
    """What was said, whatever the width of the screen."""
    return " ".join(text.replace("│", " ").split())


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


@pytest.mark.parametrize("command", [["export", "sales"], ["rebuild"], ["kept", "00"], ["purge", "--before", MONDAY]])
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
        ["purge", "--before", "2030-01-01"],
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


# -- rebuild


@pytest.mark.parametrize("harm", ["none", "gone", "another version", "garbage"])
def test_a_rebuild_gives_the_answers_there_were_whatever_became_of_the_views(shop: Path, harm: str) -> None:
    with opened(shop) as house:
        house.settle()
        before = answers(house.views, finest=True)
    views = shop / "views.duckdb"
    if harm == "gone":
        views.unlink()
    if harm == "garbage":
        views.write_bytes(b"no database at all" * 1_000)
    if harm == "another version":
        with duckdb.connect(str(views)) as database:
            database.execute("UPDATE about SET schema = 'older'")
        refused = run("export", "sales", "--data", shop)
        assert refused.exit_code == 2
        assert "counterfoil rebuild" in refused.stderr
    result = run("rebuild", "--data", shop)
    assert result.exit_code == 0, result.output
    with opened(shop) as house:
        assert_equal(answers(house.views, finest=True), before)


# -- doctor


def test_the_doctor_says_what_is_where_and_ends_with_0(shop: Path) -> None:
    result = run("doctor", "--data", shop)
    assert result.exit_code == 0, result.output
    for text in (str(shop), "events.sqlite", "views.duckdb", "eventsourcing", "sales.DayClosed.1", "healthy", "nobody"):
        assert text in result.stdout
    told = json.loads(run("doctor", "--json", "--data", shop).stdout)
    assert told["log_head"] == told["views_position"] == sum(told["facts"].values())
    assert told["log_integrity"] == told["views_integrity"] == "ok"


def test_the_doctor_looks_at_what_it_can_while_the_folder_is_in_use(shop: Path) -> None:
    with opened(shop) as house:
        told = json.loads(run("doctor", "--json", "--data", shop).stdout)
        assert told["log_head"] == house.store.head()
    assert "a test" in told["holder"]
    assert told["log_integrity"] == "ok"
    assert told["views_position"] is None
    assert told["trouble"] == []


@pytest.mark.parametrize("file", ["events.sqlite", "views.duckdb"])
def test_the_doctor_finds_a_damaged_file(shop: Path, file: str) -> None:
    whole = (shop / file).read_bytes()
    middle = len(whole) // 3
    (shop / file).write_bytes(whole[:middle] + b"\xa5" * (len(whole) - middle))
    result = run("doctor", "--data", shop)
    assert result.exit_code == 1
    assert "damaged" in result.stdout


def test_the_doctor_notices_views_of_another_log(shop: Path, tmp_path: Path) -> None:
    run("import", "--data", tmp_path / "short", write(tmp_path / "f.ndjson", [a_store()]))
    (tmp_path / "short" / "events.sqlite").replace(shop / "events.sqlite")
    result = run("doctor", "--data", shop)
    assert result.exit_code == 1
    assert "were made from another log" in words(result.stdout)
    assert run("export", "sales", "--data", shop).exit_code == 2
    assert run("rebuild", "--data", shop).exit_code == 0
    assert run("doctor", "--data", shop).exit_code == 0


def test_the_doctor_finds_nothing_where_nothing_is(tmp_path: Path) -> None:
    assert run("doctor", "--data", tmp_path / "nowhere").exit_code == 1
    assert not (tmp_path / "nowhere").exists()


# -- kept bytes


def test_kept_bytes_are_shown_without_obeying_them_and_purged_but_for_open_conflicts(
    shop: Path, tmp_path: Path
) -> None:
    evil = b'{"schema":"counterfoil/closing/1","store":"\x1b[2J[bold]\xff"}'
    other = batch(sale(1, day=MONDAY, cashier="other"), batch_id="other", day=MONDAY)
    run("import", "--data", shop, write(tmp_path / "f.ndjson", [evil, other]))
    refused = json.loads(run("export", "refused", "--by", "bytes_hash", "--json", "--data", shop).stdout)
    conflict = json.loads(run("export", "quarantine", "--by", "bytes_hash", "--json", "--data", shop).stdout)
    evil_hash, other_hash = refused["rows"][0]["bytes_hash"], conflict["rows"][0]["bytes_hash"]
    shown = run("kept", evil_hash, "--data", shop)
    assert shown.exit_code == 0
    assert r"\x1b[2J[bold]\xff" in shown.stdout
    assert "\x1b" not in shown.stdout

    assert "forgotten: 0" in run("purge", "--before", "2024-01-01", "--data", shop).stdout
    assert "forgotten: 1" in run("purge", "--before", "2999-01-01", "--data", shop).stdout
    assert run("kept", evil_hash, "--data", shop).exit_code == 2
    assert run("kept", other_hash, "--data", shop).exit_code == 0

    decided = resolution(1, "keep_first", MONDAY)
    assert run("import", "--data", shop, write(tmp_path / "g.ndjson", [decided])).exit_code == 0
    assert "forgotten: 1" in run("purge", "--before", "2999-01-01", "--data", shop).stdout
    assert run("kept", other_hash, "--data", shop).exit_code == 2


def recorded(fact: Fact, day: str, stream: str = "day/2024-03-04/1") -> Recorded:
    return Recorded(1, stream, 1, Meta("1", recorded_at=f"{day}T12:00:00.000000Z"), fact)


def reported(*conflicts: Conflict, rejected: str = "") -> SalesReported:
    none = Transactions([], [], [], [], [], [], [])
    refused = [Rejected("malformed", "", "", rejected, 1)] if rejected else []
    return SalesReported("b", "h", "USD", none, conflicts=list(conflicts), rejected=refused)


def test_only_what_is_old_and_decided_may_be_forgotten() -> None:
    conflict = Conflict("T1", 1, "came", "stands", "changed_content", "bytes-1", 9)
    again = Conflict("T1", 1, "came", "stands", "changed_content", "bytes-2", 9, again=True)
    refused = SubmissionRefused("malformed", "", "", "bytes-3", 9, 9)
    log = [
        recorded(reported(conflict, rejected="bytes-4"), "2024-03-04"),
        recorded(reported(again), "2024-03-05"),
        recorded(refused, "2024-03-06", "refused/bytes-3"),
    ]
    decision = recorded(ConflictResolved("T1", 1, "came", "stands", "keep_first", "seen", "USD"), "2024-03-07")
    assert purgeable(iter(log), dt.date(2024, 3, 4)) == []
    assert purgeable(iter(log), dt.date(2024, 3, 6)) == ["bytes-4"]
    assert purgeable(iter(log), dt.date(2024, 3, 7)) == ["bytes-3", "bytes-4"]
    assert purgeable(iter([*log, decision]), dt.date(2024, 3, 5)) == ["bytes-1", "bytes-4"]
    assert purgeable(iter([*log, decision]), dt.date(2024, 3, 7)) == ["bytes-1", "bytes-2", "bytes-3", "bytes-4"]


def test_bytes_that_also_wait_for_a_decision_elsewhere_are_not_forgotten() -> None:
    conflict = Conflict("T1", 1, "came", "stands", "changed_content", "same", 9)
    log = [
        recorded(reported(conflict), "2024-03-04"),
        recorded(reported(rejected="same"), "2024-03-04", "day/2024-03-05/1"),
    ]
    assert purgeable(iter(log), dt.date(2030, 1, 1)) == []
