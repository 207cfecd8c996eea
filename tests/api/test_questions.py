"""Questions over HTTP: the same words, forms and figures as everywhere."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from projections.kernel import QuestionStopped
from projections.registry import QUESTIONS, Views
from tests.support.house import DAY, NEXT_DAY, a_store, batch, sale
from tests.support.http import Entrance, open_entrance, problem_of


@pytest.fixture
def asked(entrance: Entrance) -> Entrance:
    entrance.given(batch(sale(1), sale(2)), batch(sale(1, day=NEXT_DAY), day=NEXT_DAY, store="2"))
    return entrance


def test_headquarters_asks_about_the_chain(asked: Entrance) -> None:
    response = asked.when("GET", "/hq/sales?by=store,business_day&measures=receipts,net", asked.token())
    assert [(row["store"], row["business_day"], row["receipts"], row["net"]) for row in response.json()["rows"]] == [
        ("1", DAY, 2, "4.00"),
        ("2", NEXT_DAY, 1, "2.00"),
    ]
    assert response.headers["position"]


def test_other_parameters_keep_rows_and_days_bound_them(asked: Entrance) -> None:
    rows = asked.when(
        "GET", f"/hq/sales?by=store&store=1&store=2&from={NEXT_DAY}&to_day={NEXT_DAY}", asked.token()
    ).json()
    assert [row["store"] for row in rows["rows"]] == ["2"]


def test_the_three_forms_say_the_same(asked: Entrance) -> None:
    path, token = "/hq/sales?by=store&measures=net", asked.token()
    rows = asked.when("GET", path, token).json()["rows"]
    text = asked.when("GET", f"{path}&format=csv", token)
    assert text.headers["content-disposition"] == 'attachment; filename="sales.csv"'
    assert list(csv.DictReader(io.StringIO(text.text))) == rows
    table = pq.read_table(io.BytesIO(asked.when("GET", f"{path}&format=parquet", token).content))
    assert [(row["store"], f"{row['net']:.2f}") for row in table.to_pylist()] == [(r["store"], r["net"]) for r in rows]
    assert b"counterfoil.question" in (table.schema.metadata or {})


def test_the_past_is_asked_for_by_position_and_by_time(asked: Entrance) -> None:
    token = asked.token("auditor")
    assert asked.when("GET", "/auditor/sales?known_at=2", token).json()["rows"] == []
    assert asked.when("GET", "/auditor/sales?known_at=2020-01-01T00:00:00Z", token).json()["rows"] == []
    problem_of(asked.when("GET", "/auditor/sales?known_at=99999999", token), 422, "bad_position")
    problem_of(asked.when("GET", "/auditor/sales?known_at=yesterday", token), 422, "question_refused")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_answered(asked: Entrance, name: str) -> None:
    assert asked.when("GET", f"/hq/{name}?as_of={NEXT_DAY}", asked.token()).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("by=nothing", "question_refused"),
        ("measures=nothing", "question_refused"),
        ("nothing=1", "question_refused"),
        ("from=2026-02-30", "bad_value"),
        ("from=x", "bad_value"),
        ("format=xls", "bad_value"),
        ("articles=tomorrow", "bad_value"),
        ("by=" + "store," * 200, "bad_value"),
        ("&".join("store=1" for _ in range(60)), "bad_value"),
        ("month=%27%3B+DROP+TABLE+facts", "question_refused"),
        (f"from={NEXT_DAY}&to_day={DAY}", "question_refused"),
    ],
)
def test_a_question_that_means_nothing_is_refused_with_its_reason(asked: Entrance, query: str, code: str) -> None:
    problem_of(asked.when("GET", f"/hq/sales?{query}", asked.token()), 422, code)


def test_an_unknown_question_names_those_there_are(asked: Entrance) -> None:
    said = problem_of(asked.when("GET", "/hq/weather", asked.token()), 422, "question_refused")
    assert "sales" in said["detail"]


def test_a_question_that_takes_too_long_is_stopped_and_the_next_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(views: Views, asked, question=None, reading=None):  # type: ignore[no-untyped-def]
        try:
            reading.ask("SELECT count(*) FROM range(10000000000) a, range(100) b", {}, 0, None, 10).read_all()
        finally:
            reading.close()

    with open_entrance(tmp_path, a_store("1"), question_seconds=0.3, questions=1) as entrance:
        with monkeypatch.context() as slowed:
            slowed.setattr(Views, "ask", slow)
            problem_of(entrance.when("GET", "/hq/sales", entrance.token()), 422, "question_too_slow")
        assert entrance.when("GET", "/hq/sales", entrance.token()).status_code == 200


def test_a_stopped_reading_says_so(tmp_path: Path) -> None:
    with open_entrance(tmp_path, a_store("1")) as entrance:
        reading = entrance.doors.house.views.read()
        reading.stop()
        reading.close()
    assert QuestionStopped.code == "question_stopped"


# -- problems


def test_addresses_that_are_none_and_methods_not_taken_are_problems(entrance: Entrance) -> None:
    problem_of(entrance.when("GET", "/nowhere"), 404, "no_such_address")
    response = entrance.when("DELETE", "/hq/sales", entrance.token())
    problem_of(response, 405, "method_not_taken")
    assert "GET" in response.headers["allow"]


def test_what_nobody_foresaw_is_a_problem_without_a_trace(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret of the machine")

    monkeypatch.setattr(Views, "ask", broken)
    said = problem_of(entrance.when("GET", "/hq/sales", entrance.token()), 500, "unexpected")
    assert "secret" not in str(said)
    assert "secret of the machine" in str(entrance.log.kept)


@pytest.mark.parametrize("name", ["ok-request-1", "a" * 41, "x y", "short", "évil-évil"])
def test_a_request_id_is_taken_only_when_it_is_harmless(entrance: Entrance, name: str) -> None:
    given = entrance.client.get("/health", headers={b"X-Request-ID": name.encode()}).headers["x-request-id"]
    assert (given == name) == (name == "ok-request-1")
