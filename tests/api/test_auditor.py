"""Auditors over HTTP: the trail of a day, a transaction, a batch, an article, an actor; and their reads recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.audit.facts import AuditorRead
from domain.registry import FACTS
from services.runtime import trail
from services.runtime.sentences import SENTENCES
from tests.support.house import DAY, NEXT_DAY, a_store, batch, closing, declaration, goods_in, line, resolution, sale
from tests.support.http import Entrance, open_entrance, problem_of

OF_DAY = f"store=1&business_day={DAY}"


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Entrance]:
    """Two stores; a day of the first with a conflict, a decision, a seal and a restatement."""
    article = json.dumps({"schema": "counterfoil/article/1", "sku": "milk"}).encode()
    beer = json.dumps({"schema": "counterfoil/article/1", "sku": "beer"}).encode()
    with open_entrance(tmp_path, a_store("1"), a_store("2"), article, beer) as entrance:
        entrance.given(
            batch(sale(1), sale(2)),
            batch(sale(3, line("beer")), batch_id="b2"),
            batch(sale(1, cashier="C2"), batch_id="b3"),
            goods_in("milk", "5", "4.00"),
            resolution(1, "keep_first"),
            declaration({"cash": "6.00"}, register="T1"),
            closing(),
            batch(sale(4), batch_id="late"),
            batch(sale(1, day=NEXT_DAY), day=NEXT_DAY),
            batch(sale(1), store="2"),
            b'{"schema":"counterfoil/closing/1","store":"1","business_day":"2026-03-05","x":1}',
        )
        yield entrance


def steps(entrance: Entrance, query: str) -> list[dict[str, Any]]:
    response = entrance.when("GET", f"/auditor/trail?{query}", entrance.token("auditor"))
    assert response.status_code == 200, response.text
    said = response.json()
    assert said["position"] == response.headers["position"]
    assert said["next"] == ""
    found: list[dict[str, Any]] = said["steps"]
    assert [step["position"] for step in found] == sorted(step["position"] for step in found)
    return found


def topics(found: list[dict[str, Any]]) -> list[str]:
    return [step["topic"].split(".")[1] for step in found]


def test_the_trail_of_a_day_has_all_that_happened_to_it_and_nothing_else(told: Entrance) -> None:
    found = steps(told, OF_DAY)
    assert set(topics(found)) == {
        "SalesReported", "StockIssued", "GoodsReceived", "ConflictResolved", "DrawerDeclared", "DayClosed",
        "DayRestated", "SubmissionRefused",
    }  # fmt: skip
    assert topics(found).count("SalesReported") == 4
    assert {step["meta"].get("business_day", DAY) for step in found} == {DAY}
    assert all(step["meta"]["recorded_at"] and step["meta"]["actor"] for step in found)


def test_each_step_is_said_in_words_with_its_json_beside(told: Entrance) -> None:
    by_topic = {step["topic"].split(".")[1]: step for step in steps(told, OF_DAY)}
    assert by_topic["DayClosed"]["says"] == "The day was closed at 6.00 USD net in 3 receipts"
    assert by_topic["DayClosed"]["fact"]["totals"]["net"] == 600
    decided = by_topic["ConflictResolved"]
    assert "T1 number 1 was decided: the first stays, because: looked at the paper roll" in decided["says"]
    assert decided["meta"]["reason"] == "looked at the paper roll"
    assert by_topic["DrawerDeclared"]["says"] == "The drawer of register T1 was counted: cash 6.00 USD"
    assert by_topic["DayRestated"]["says"] == "The closed day was restated (1) by 2.00 USD net, to 8.00 USD"


def test_the_trail_of_a_transaction_has_what_tells_of_it_and_what_follows_from_that(told: Entrance) -> None:
    found = steps(told, f"{OF_DAY}&register=T1&number=1")
    assert topics(found).count("SalesReported") == 2
    assert "ConflictResolved" in topics(found)
    assert topics(steps(told, f"{OF_DAY}&register=T1&number=3")).count("SalesReported") == 1
    assert set(topics(steps(told, f"{OF_DAY}&register=T1&number=4"))) == {
        "SalesReported", "StockIssued", "DayRestated",
    }  # fmt: skip
    assert steps(told, f"{OF_DAY}&register=T1&number=99") == []


def test_the_trail_of_a_batch_has_what_it_caused(told: Entrance) -> None:
    found = steps(told, f"{OF_DAY}&batch=b2")
    assert sorted(topics(found)) == ["SalesReported", "StockIssued"]
    assert found[0]["fact"].get("batch_id", found[-1]["fact"].get("batch_id")) == "b2"


def test_the_trail_of_an_article_has_every_description_of_it(told: Entrance) -> None:
    for name in ("Milk", "Fresh milk"):
        told.given(json.dumps({"schema": "counterfoil/article/1", "sku": "milk", "name": name}).encode())
    found = steps(told, "article=milk")
    assert [step["fact"].get("name", [""])[0] for step in found] == ["", "Milk", "Fresh milk"]
    assert steps(told, "article=unheard-of") == []


def test_the_trail_of_an_actor_has_what_they_did_and_read(told: Entrance) -> None:
    head = told.doors.house.store.head()
    token = told.token("headquarters", actor="hq-7")
    done = told.when("PUT", "/hq/stores/1", token, a_store("1", name="Mill Lane"), X_Request_ID="request-0007")
    auditor = told.token("auditor", actor="auditor-1")
    told.when("GET", "/auditor/sales?by=store", auditor)
    wait = done.headers["position"]
    found = told.when("GET", "/auditor/trail?actor=hq-7", auditor, Wait_For=wait).json()["steps"]
    assert [(step["position"], step["meta"]["correlation"]) for step in found] == [(head + 1, "request-0007")]
    told.doors.house.settle()
    assert topics(steps(told, "actor=auditor-1")) == ["AuditorRead", "AuditorRead"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "store=1",
        f"business_day={DAY}",
        f"{OF_DAY}&register=T1",
        f"{OF_DAY}&number=1",
        f"{OF_DAY}&batch=b1&register=T1&number=1",
        f"{OF_DAY}&actor=x",
        "article=a&actor=b",
        "batch=b1",
        "store=1&business_day=2026-02-30",
        "actor=a/b",
        "article=%27",
        f"{OF_DAY}&register=T1&number=0",
        f"{OF_DAY}&register=T1&number=x",
    ],
)
def test_a_trail_is_of_exactly_one_thing(entrance: Entrance, query: str) -> None:
    head = entrance.doors.house.store.head()
    problem_of(entrance.when("GET", f"/auditor/trail?{query}", entrance.token("auditor")), 422, "bad_value")
    assert entrance.doors.house.store.head() == head


# -- page by page


def test_pages_hold_each_step_once_whatever_is_written_meanwhile(
    told: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [step["position"] for step in steps(told, OF_DAY)]
    monkeypatch.setattr(trail, "PAGE_STEPS", 2)
    token, cursor, found = told.token("auditor"), "", []
    for number in range(5, 30):
        page = told.when("GET", f"/auditor/trail?{OF_DAY}&cursor={cursor}", token).json()
        found += [step["position"] for step in page["steps"]]
        assert len(page["steps"]) <= 2
        cursor = page["next"]
        if not cursor:
            break
        told.given(batch(sale(number), batch_id=f"meanwhile-{number}"))
    assert found == whole
    monkeypatch.undo()
    assert len(steps(told, OF_DAY)) > len(whole)


@pytest.mark.parametrize(
    ("limit", "value"), [("PAGE_BYTES", 1), ("LOOKED_FACTS", 1), ("LOOKED_BYTES", 1), ("AT_ONCE", 1)]
)
def test_no_limit_of_a_page_loses_a_step(
    told: Entrance, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    query = f"{OF_DAY}&register=T1&number=1"
    whole = [step["position"] for step in steps(told, query)]
    monkeypatch.setattr(trail, limit, value)
    token, cursor, found = told.token("auditor"), "", []
    for _ in range(40):
        page = told.when("GET", f"/auditor/trail?{query}&cursor={cursor}", token).json()
        found += [step["position"] for step in page["steps"]]
        cursor = page["next"]
        if not cursor:
            break
    assert found == whole


@pytest.mark.parametrize("cursor", ["x", "!!", "MS8y", "MS8yLzAwMDAwMDAwMDAwMDAwMDA"])
def test_a_cursor_that_was_not_given_for_this_trail_is_refused(entrance: Entrance, cursor: str) -> None:
    response = entrance.when("GET", f"/auditor/trail?{OF_DAY}&cursor={cursor}", entrance.token("auditor"))
    problem_of(response, 422, "bad_cursor")


def test_the_cursor_of_one_trail_is_none_of_another(told: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "PAGE_STEPS", 1)
    token = told.token("auditor")
    given = told.when("GET", f"/auditor/trail?{OF_DAY}", token).json()["next"]
    problem_of(told.when("GET", f"/auditor/trail?article=milk&cursor={given}", token), 422, "bad_cursor")


# -- reads are recorded


def test_what_an_auditor_reads_is_recorded_with_the_position_it_was_answered_at(told: Entrance) -> None:
    before, token = told.doors.house.store.head(), told.token("auditor", actor="auditor-1", scopes=["read"])
    asked = ["/auditor/sales?by=store&format=csv", f"/auditor/trail?{OF_DAY}"]
    for path in asked:
        assert told.when("GET", path, token).status_code == 200
    kept = told.log_facts(before)
    assert [each.fact.asked for each in kept if isinstance(each.fact, AuditorRead)] == asked
    assert all(isinstance(each.fact, AuditorRead) and before <= each.fact.position for each in kept)
    assert {(each.meta.owner, each.meta.actor, each.meta.role) for each in kept} == {("access", "auditor-1", "auditor")}
    day = told.doors.clock().date().isoformat()
    assert [(each.stream, each.version) for each in kept] == [(f"read/{day}/auditor-1", n) for n in (1, 2)]


def test_nothing_is_given_when_the_read_cannot_be_recorded(told: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(told.doors.house.writer, "submit_all", broken)
    for path in ("/auditor/sales", f"/auditor/trail?{OF_DAY}"):
        said = problem_of(told.when("GET", path, told.token("auditor")), 500, "unexpected")
        assert "rows" not in said
    monkeypatch.undo()
    assert told.when("GET", "/auditor/sales", told.token("auditor")).status_code == 200


def test_what_was_refused_was_not_read(told: Entrance) -> None:
    before, token = told.doors.house.store.head(), told.token("auditor")
    problem_of(told.when("GET", "/auditor/sales?by=nothing", token), 422, "question_refused")
    problem_of(told.when("GET", f"/auditor/sales?store={'x' * 2_000}", token), 422, "bad_value")
    assert told.doors.house.store.head() == before


def test_headquarters_reads_leave_no_trace(told: Entrance) -> None:
    before = told.doors.house.store.head()
    told.when("GET", "/hq/sales", told.token())
    assert told.doors.house.store.head() == before


def test_there_is_a_sentence_for_every_fact() -> None:
    assert set(SENTENCES) == set(FACTS.values())
