"""The view database: each fact once, all or nothing, positions, waiting, snapshots, and other versions of itself."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from domain.kernel import Fact, Meta, Recorded
from domain.sales.facts import NoSalesDeclared
from projections import facts
from projections.kernel import NotYetKnown, SchemaDiffers, View, ViewDatabase, Write


class Noted:
    """A row for each day on which nothing was sold; a reason `broken` cannot be applied while `strict`."""

    name = "noted"
    ddl = "CREATE TABLE noted (position UBIGINT, business_day DATE, reason VARCHAR);"
    facts: tuple[type[Fact], ...] = (NoSalesDeclared,)
    strict = True

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        for item in recorded:
            assert isinstance(item.fact, NoSalesDeclared)
            rows = {
                "reason": pa.array([item.fact.reason]),
                "position": pa.array([item.position], pa.uint64()),
                "business_day": pa.array([dt.date.fromisoformat(item.meta.business_day)]),
            }
            write.insert("noted", pa.table(rows))
            if self.strict and item.fact.reason == "broken":
                raise ValueError("broken")


def noted(position: int, reason: str = "holiday", day: str = "2017-03-05", at: int = 0) -> Recorded:
    moment = f"2026-11-24T10:00:{at or position:02d}.000000+00:00"
    return Recorded(position, f"day/{day}/1", 1, Meta("1", moment, day), NoSalesDeclared(reason))


def opened(path: Path | None = None, *views: View) -> ViewDatabase:
    return ViewDatabase(path, views or (facts.VIEW, Noted()), threads=1)


def reasons(views: ViewDatabase, known: int | dt.datetime | None = None, as_of: dt.date | None = None) -> list[str]:
    reading = views.read()
    try:
        rows = reading.ask("SELECT reason FROM noted ORDER BY reason", {}, reading.known(known), as_of, 100).read_all()
    finally:
        reading.close()
    return [str(reason) for reason in rows["reason"].to_pylist()]


def test_a_fact_that_comes_again_is_skipped() -> None:
    views = opened()
    views.apply([noted(1, "a"), noted(3, "b"), noted(3, "b")])
    views.apply([noted(1, "a"), noted(3, "b"), noted(4, "c")])
    views.apply([noted(4, "c")])
    assert reasons(views) == ["a", "b", "c"]
    assert views.position() == 4


def test_what_cannot_be_applied_stops_and_leaves_no_trace() -> None:
    view = Noted()
    views = opened(None, facts.VIEW, view)
    views.apply([noted(1, "a")])
    with pytest.raises(ValueError, match="broken"):
        views.apply([noted(2, "b"), noted(3, "broken"), noted(4, "c")])
    assert reasons(views) == ["a"]
    assert views.position() == 1
    view.strict = False
    views.apply([noted(2, "b"), noted(3, "broken"), noted(4, "c")])
    assert reasons(views) == ["a", "b", "broken", "c"]


class Kinds:
    """A table with a column of each kind that views have; the rows come from a test."""

    name = "kinds"
    ddl = """CREATE TABLE kinds (position UBIGINT, business_day DATE, moment TIMESTAMPTZ, text VARCHAR,
        money DECIMAL(18, 4), sign TINYINT, flag BOOLEAN, days DATE[]);"""
    facts: tuple[type[Fact], ...] = (NoSalesDeclared,)

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        for _ in recorded:
            write.insert("kinds", self.rows)


def kinds(with_list: bool) -> pa.Table:
    day, at = dt.date(2017, 3, 5), dt.datetime(2017, 3, 5, 12, 0, 0, 123_456, tzinfo=dt.UTC)
    columns = {
        "position": pa.array([1, 2, 2**63], pa.uint64()),
        "business_day": pa.array([day, None, dt.date(1, 1, 1)], pa.date32()),
        "moment": pa.array([at, None, at], pa.timestamp("us", "UTC")),
        "text": pa.array(["it's", None, "it's"]).dictionary_encode(),
        "money": pa.array([Decimal("99999999999999.9999"), None, Decimal("-0.0001")], pa.decimal128(18, 4)),
        "sign": pa.array([-1, 0, None], pa.int8()),
        "flag": pa.array([True, None, False], pa.bool_()),
    }
    if with_list:
        columns["days"] = pa.array([[day], [], None], pa.list_(pa.date32()))
    return pa.table(columns)


@pytest.mark.parametrize("with_list", [False, True])
@pytest.mark.parametrize("few", [0, 200])
def test_few_rows_and_many_are_kept_to_the_last_digit(
    few: int, with_list: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.kernel._FEW_VALUES", few)
    rows = kinds(with_list)
    views = opened(None, facts.VIEW, Kinds(rows))
    views.apply([noted(1)])
    reading = views.read()
    found = reading.ask("SELECT * FROM kinds ORDER BY position", {}, 2**63, None, 100).read_all()
    reading.close()
    assert found.select(rows.column_names).to_pylist() == rows.to_pylist()


def test_views_stand_where_the_slowest_partition_stands() -> None:
    views = opened()
    views.apply([noted(5, "a")], partition="p1")
    views.apply([noted(2, "b")], partition="p2")
    assert views.position() == 2
    assert reasons(views) == ["b"]
    views.apply([noted(7, "c")], partition="p2")
    assert views.position() == 5
    assert reasons(views) == ["a", "b"]


def test_whoever_waits_is_woken_when_the_position_is_reached() -> None:
    views = opened()
    assert views.wait(1, timeout=0) is False
    applying = threading.Timer(0.05, lambda: views.apply([noted(1), noted(2)]))
    applying.start()
    assert views.wait(2, timeout=10) is True
    applying.join()
    assert views.wait(2, timeout=0) is True


def test_a_reader_keeps_its_snapshot_while_facts_are_applied() -> None:
    views = opened()
    views.apply([noted(1, "a")])
    reading = views.read()
    views.apply([noted(2, "b")])
    rows = reading.ask("SELECT reason FROM noted", {}, reading.known(None), None, 100).read_all()
    assert (reading.position, rows["reason"].to_pylist()) == (1, ["a"])
    reading.close()
    assert reasons(views) == ["a", "b"]


def test_a_table_is_read_as_it_was_known_and_without_later_days() -> None:
    views = opened()
    views.apply([noted(1, "a"), noted(2, "b", day="2017-03-06"), noted(3, "c")])
    assert reasons(views, known=2) == ["a", "b"]
    assert reasons(views, as_of=dt.date(2017, 3, 5)) == ["a", "c"]
    assert reasons(views, known=0) == []


def test_a_time_means_the_last_position_before_anything_was_recorded_later() -> None:
    views = opened()
    # one clock behind another: position 4 was recorded before position 3
    views.apply([noted(1, "a", at=10), noted(3, "b", at=30), noted(4, "c", at=20), noted(6, "d", at=40)])
    at = {second: dt.datetime(2026, 11, 24, 10, 0, second, tzinfo=dt.UTC) for second in (5, 10, 25, 30, 59)}
    assert reasons(views, at[5]) == []
    assert reasons(views, at[10]) == ["a"]
    assert reasons(views, at[25]) == ["a"]
    assert reasons(views, at[30]) == ["a", "b", "c"]
    assert reasons(views, at[59]) == ["a", "b", "c", "d"]


def test_a_position_the_views_have_not_reached_is_not_known_yet() -> None:
    views = opened()
    views.apply([noted(3)])
    with pytest.raises(NotYetKnown) as refused:
        reasons(views, known=4)
    assert refused.value.field == "known_at"
    assert refused.value.reason == "position 4 is not in the views yet; they stand at 3"


def test_a_file_opened_again_goes_on_where_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "views.duckdb"
    views = opened(path)
    with views.bulk():
        views.apply([noted(1, "a"), noted(2, "b")])
    assert not path.with_suffix(".duckdb.wal").exists()
    views.close()
    views = opened(path)
    assert views.position() == 2
    views.apply([noted(2, "b"), noted(3, "c")])
    assert reasons(views) == ["a", "b", "c"]
    views.close()


def test_cleared_views_take_the_log_from_its_beginning() -> None:
    views = opened()
    views.apply([noted(1, "a"), noted(2, "b")])
    views.clear()
    assert (views.position(), reasons(views)) == (0, [])
    views.apply([noted(1, "a")])
    assert (views.position(), reasons(views)) == (1, ["a"])


def test_views_of_another_version_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "views.duckdb"
    opened(path).close()
    with pytest.raises(SchemaDiffers, match="counterfoil rebuild"):
        opened(path, Noted())
    opened(path).close()


def test_a_table_that_would_forget_the_past_is_refused() -> None:
    view = Noted()
    view.ddl = "CREATE TABLE noted (reason VARCHAR);"
    with pytest.raises(ValueError, match="forgets the past"):
        opened(None, view)
