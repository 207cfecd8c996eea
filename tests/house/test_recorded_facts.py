"""Recorded facts still load: `recorded/` holds a fact of every topic as a log has it, and none of them ever changes.

A fact that gets another shape gets a new topic, and its old sample stays: it is read through an upcast. A new field has
a default, and the sample of its topic may gain it.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import zstandard

from domain.kernel import Recorded
from domain.registry import FACTS, UPCASTS, area_of
from domain.sales.facts import NoSalesDeclared
from projections.kernel import tables_of
from projections.questions import Asked
from projections.registry import QUESTIONS, VIEWS, Views
from services.event_store import EventStore
from services.event_store.mapper import FactMapper

FOLDER: Final = Path(__file__).with_name("recorded")
DAY: Final = dt.date(2024, 3, 5)


def samples() -> dict[str, bytes]:
    """The stored JSON by topic, in the order in which it was recorded."""
    found = {path.stem: path.read_bytes() for path in FOLDER.glob("*.json")}
    return dict(sorted(found.items(), key=lambda item: json.loads(item[1])["meta"]["recorded_at"]))


def without_sample(topics: Iterable[str], recorded: Iterable[str]) -> set[str]:
    """Topics of which no fact is recorded."""
    return set(topics) - set(recorded)


def opened(path: Path) -> EventStore:
    return EventStore(path, lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "test")


def a_log_of(rows: Iterable[tuple[str, bytes]], path: Path) -> EventStore:
    """A log that holds JSON under topics, written by another hand, as an older version would have left it."""
    opened(path).close()
    with sqlite3.connect(path) as log:
        (dictionary,) = log.execute("SELECT dictionary FROM compression").fetchone()
        compressor = zstandard.ZstdCompressor(
            dict_data=zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        )
        log.executemany(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?)",
            [
                (f"{area_of(topic)}/12", at, topic, compressor.compress(body))
                for at, (topic, body) in enumerate(rows, 1)
            ],
        )
    log.close()
    return opened(path)


@pytest.fixture
def recorded(tmp_path: Path) -> list[Recorded]:
    """Every sample, as the log gives it."""
    store = a_log_of(samples().items(), tmp_path / "events.sqlite")
    found = store.after(0, 1_000)
    store.close()
    return found


def test_every_topic_has_a_recorded_fact() -> None:
    assert without_sample(FACTS, samples()) == set(), f"write one to {FOLDER.name}/<topic>.json"


def test_a_topic_without_a_recorded_fact_is_noticed() -> None:
    assert without_sample([*FACTS, "loss.LossNoted.1"], samples()) == {"loss.LossNoted.1"}


@pytest.mark.parametrize("topic", samples())
def test_every_field_of_a_recorded_fact_is_read(topic: str) -> None:
    body = samples()[topic]
    said = FactMapper().read(topic, body)
    if topic in FACTS:
        assert type(said.fact) is FACTS[topic]
        assert json.loads(msgspec.json.encode(said)) == json.loads(body), "a field was renamed, retyped or dropped"


def test_recorded_facts_come_out_of_a_log_and_fill_every_view(recorded: list[Recorded]) -> None:
    assert [type(item.fact) for item in recorded] == [FACTS[topic] for topic in samples()]
    views = Views(None, threads=1)
    views.apply(recorded)
    assert views.position() == recorded[-1].position == len(samples())
    reading = views.read()
    tables = {table for view in VIEWS for table in tables_of(view)}
    empty = {table for table in tables if not reading.ask(f"FROM {table}", {}, 100, None, 10).read_all().num_rows}
    reading.close()
    assert empty == set()


def test_recorded_facts_come_to_the_figures_they_came_to(recorded: list[Recorded]) -> None:
    views = Views(None, threads=1)
    views.apply(recorded)

    def row(question: str, *by: str, **asked: Any) -> dict[str, Any]:
        return views.ask(Asked(question, by=by, today=DAY, **asked)).rows()[0]

    sold = row("sales")
    assert {name: sold[name] for name in ("net", "tax", "charges", "rounding", "tendered")} == {
        "net": Decimal("2.84"), "tax": Decimal("0.22"), "charges": 0, "rounding": Decimal("0.02"),
        "tendered": Decimal("3.08"),
    }  # fmt: skip
    day = row("days", "state", where=(("business_day", "2024-03-05"),))
    assert (day["state"], day["sealed_net"], day["restated_net"], day["net"]) == (
        "restated", Decimal("2.66"), Decimal("0.18"), Decimal("2.84"),
    )  # fmt: skip
    assert (day["sealed_over_short"], day["over_short"]) == (Decimal("-0.10"), Decimal("0.22"))
    assert row("stock", "sku", where=(("sku", "MILK-1L"),))["quantity"] == 39
    for question in QUESTIONS:
        assert row(question), question


def test_a_fact_of_an_older_topic_is_read_through_its_upcasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two shapes ago nothing was said but a number, then a word."""
    steps: dict[str, Any] = {
        "sales.NothingSold.1": lambda fact: ("sales.NothingSold.2", {"why": {1: "holiday"}[fact["code"]]}),
        "sales.NothingSold.2": lambda fact: ("sales.NoSalesDeclared.1", {"reason": fact["why"]}),
    }
    for topic, step in steps.items():
        monkeypatch.setitem(UPCASTS, topic, step)
    meta = json.loads(samples()["sales.NoSalesDeclared.1"])["meta"]
    old = json.dumps({"meta": meta, "fact": {"code": 1}}).encode()
    store = a_log_of([("sales.NothingSold.1", old)], tmp_path / "events.sqlite")
    (item,) = store.after(0, 10)
    store.close()
    assert item.fact == NoSalesDeclared("holiday")
    assert item.meta.business_day == "2024-03-06"
    views = Views(None, threads=1)
    views.apply([item])
    assert views.ask(Asked("days", measures=("store_days",))).rows()[0]["store_days"] == 1
