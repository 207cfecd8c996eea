"""A store's day over HTTP: batches, declarations, closing, and what the store sees of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from api.limits import BEGINNING
from domain.audit.facts import SubmissionRefused
from domain.sales.facts import DayClosed, DrawerDeclared, SalesReported
from services.decoding import BATCH_LIMIT
from tests.support.house import DAY, a_store, batch, closing, declaration, no_sales, sale
from tests.support.http import Entrance, open_entrance, problem_of

BATCHES = f"/store/1/days/{DAY}/batches"
AT = f"/store/1/days/{DAY}"


def test_a_batch_is_taken_in_and_what_became_of_it_said(entrance: Entrance) -> None:
    before = entrance.doors.house.store.head()
    response = entrance.when("POST", BATCHES, entrance.token("store", "1"), batch(sale(1), sale(2)))
    assert response.status_code == 200
    said = response.json()
    assert (said["accepted"], said["duplicate"], said["conflict"], said["rejected"]) == (2, 0, 0, 0)
    assert said["replayed"] is False
    assert said["position"] == response.headers["position"]
    assert SalesReported in {type(fact) for fact in entrance.new_facts(before)}


def test_facts_carry_the_caller_and_the_id_of_the_request(entrance: Entrance) -> None:
    before = entrance.doors.house.store.head()
    token = entrance.token("store", "1", actor="till-gateway")
    response = entrance.when("POST", BATCHES, token, batch(sale(1)), X_Request_ID="request-0001")
    assert response.headers["x-request-id"] == "request-0001"
    metas = {(each.meta.actor, each.meta.role, each.meta.correlation) for each in entrance.log_facts(before)}
    assert metas == {("till-gateway", "store", "request-0001")}


def test_the_same_batch_again_gets_the_same_answer_and_records_nothing(entrance: Entrance) -> None:
    token, body = entrance.token("store", "1"), batch(sale(1))
    first = entrance.when("POST", BATCHES, token, body).json()
    head = entrance.doors.house.store.head()
    again = entrance.when("POST", BATCHES, token, body).json()
    assert again.pop("replayed") is True
    assert first.pop("replayed") is False
    assert again.pop("position")
    first.pop("position")
    assert again == first
    assert entrance.doors.house.store.head() == head


def test_the_same_id_with_other_content_is_a_conflict(entrance: Entrance) -> None:
    token = entrance.token("store", "1")
    entrance.when("POST", BATCHES, token, batch(sale(1)))
    problem_of(entrance.when("POST", BATCHES, token, batch(sale(2))), 409, "batch_id_taken")


@pytest.mark.parametrize(
    ("body", "field"),
    [(batch(sale(1), store="2"), "/store"), (batch(sale(1), day="2026-03-06"), "/business_day")],
)
def test_a_batch_must_be_of_the_store_and_day_of_its_address(entrance: Entrance, body: bytes, field: str) -> None:
    before = entrance.doors.house.store.head()
    response = entrance.when("POST", BATCHES, entrance.token("store", "1", "2"), body)
    assert problem_of(response, 422, "bad_value")["field"] == field
    (refused,) = entrance.new_facts(before)
    assert isinstance(refused, SubmissionRefused)
    assert (refused.store, refused.day) == ("1", DAY)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"schema":"counterfoil/batch/1"}', b"\xff\xfe", b"[" * 10_000])
def test_what_cannot_be_read_is_refused_and_kept(entrance: Entrance, body: bytes) -> None:
    response = entrance.when("POST", BATCHES, entrance.token("store", "1"), body)
    problem_of(response, 400, "malformed")
    kept = entrance.doors.house.store.kept(hashlib.sha256(body).hexdigest())
    assert kept is not None
    assert kept.data == body


def test_of_a_body_too_large_the_beginning_is_kept_with_hash_and_length_of_all(entrance: Entrance) -> None:
    body = b" " * (BATCH_LIMIT + 1)
    response = entrance.when("POST", BATCHES, entrance.token("store", "1"), body)
    problem_of(response, 413, "too_large")
    kept = entrance.doors.house.store.kept(hashlib.sha256(body).hexdigest())
    assert kept is not None
    assert (kept.length, len(kept.data)) == (len(body), BEGINNING)


@pytest.mark.parametrize(
    "headers", [{"Content_Type": "text/plain"}, {"Content_Type": ""}, {"Content_Encoding": "gzip"}]
)
def test_what_is_not_plain_json_is_not_taken(entrance: Entrance, headers: dict[str, str]) -> None:
    response = entrance.when("POST", BATCHES, entrance.token("store", "1"), batch(sale(1)), **headers)
    problem_of(response, 415, "media_not_taken")


def test_a_day_is_declared_closed_and_read(entrance: Entrance) -> None:
    manager = entrance.token("store-manager", "1")
    entrance.when("POST", BATCHES, manager, batch(sale(1), registers=[{"code": "T1", "last_number": 2}]))
    open_drawer = entrance.when("POST", f"{AT}/closing", manager, closing())
    problem_of(open_drawer, 409, "drawer_not_declared")
    declared = entrance.when("POST", f"{AT}/declarations", manager, declaration({"cash": "2.00"}, register="T1"))
    assert declared.json()["changed"] is True
    closed = entrance.when("POST", f"{AT}/closing", manager, closing())
    assert closed.json()["changed"] is True
    day = entrance.when("GET", AT, manager, Wait_For=closed.headers["position"]).json()
    assert day["state"] == "closed"
    assert [(gap["register"], gap["first"], gap["last"]) for gap in day["gaps"]] == [("T1", 2, 2)]
    assert [(row["tender"], row["expected"], row["over_short"]) for row in day["drawers"]] == [("cash", "2.00", "0.00")]
    kinds = [type(fact) for fact in entrance.new_facts(0)]
    assert kinds.count(DayClosed) == kinds.count(DrawerDeclared) == 1


def test_before_the_declaration_nothing_shows_what_a_drawer_should_hold(entrance: Entrance) -> None:
    manager = entrance.token("store-manager", "1")
    sold = entrance.when(
        "POST", BATCHES, manager, batch(sale(1, tenders=[{"amount": "12.34", "kind": "cash", "change": "10.34"}]))
    )
    wait = sold.headers["position"]
    for path in (AT, "/store/1/sales", "/store/1/sales?by=register", "/store/1/stock"):
        assert "12.34" not in entrance.when("GET", path, manager, Wait_For=wait).text, path
    for path in ("/store/1/sales?by=tender", "/store/1/sales?measures=tendered", "/store/1/sales?tender=cash"):
        problem_of(entrance.when("GET", path, manager, Wait_For=wait), 422, "question_refused")
    drawers = entrance.when("GET", AT, manager).json()["drawers"]
    assert {row["expected"] for row in drawers} <= {None}


def test_a_day_without_sales_is_said_to_be_one(entrance: Entrance) -> None:
    token = entrance.token("store", "1")
    said = entrance.when("POST", f"{AT}/no-sales", token, no_sales())
    assert said.json()["changed"] is True
    assert entrance.when("GET", AT, token, Wait_For=said.headers["position"]).json()["state"] == "no_sales"


def test_a_store_reads_its_own_sales(entrance: Entrance) -> None:
    entrance.given(batch(sale(1)), batch(sale(1), sale(2), store="2"))
    rows = entrance.when("GET", "/store/1/sales?by=store,business_day", entrance.token("store", "1")).json()["rows"]
    assert [(row["store"], row["receipts"], row["net"]) for row in rows] == [("1", 1, "2.00")]


def test_an_idempotency_key_gives_the_same_answer_to_the_same_command_alone(entrance: Entrance) -> None:
    token = entrance.token("store", "1")
    first = entrance.when("POST", f"{AT}/no-sales", token, no_sales(), Idempotency_Key="k-1")
    again = entrance.when("POST", f"{AT}/no-sales", token, no_sales(), Idempotency_Key="k-1")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = json.dumps(json.loads(no_sales()) | {"reason": "snow"}).encode()
    taken = entrance.when("POST", f"{AT}/no-sales", token, other, Idempotency_Key="k-1")
    problem_of(taken, 409, "idempotency_key_taken")
    problem_of(entrance.when("POST", f"{AT}/no-sales", token, other, Idempotency_Key="k 1"), 422, "bad_value")


def test_an_answer_is_remembered_over_a_restart(tmp_path: Path) -> None:
    with open_entrance(tmp_path, a_store("1")) as entrance:
        token = entrance.token("store", "1")
        first = entrance.when("POST", f"{AT}/no-sales", token, no_sales(), Idempotency_Key="k-1")
    with open_entrance(tmp_path) as entrance:
        again = entrance.when("POST", f"{AT}/no-sales", token, no_sales(), Idempotency_Key="k-1")
        assert again.content == first.content


@pytest.mark.parametrize("position", ["x", "!!", "MTIz", "OTk5OTk5OTk5OS8x"])
def test_a_position_that_was_never_given_is_refused_at_once(entrance: Entrance, position: str) -> None:
    response = entrance.when("GET", f"{AT}?after={position}", entrance.token("store", "1"))
    problem_of(response, 422, "bad_position")


def test_one_token_may_ask_only_so_often(tmp_path: Path) -> None:
    with open_entrance(tmp_path, a_store("1"), a_store("2"), requests_per_second=1) as entrance:
        token, other = entrance.token("store", "1"), entrance.token("store", "2")
        answers = [entrance.when("GET", "/store/1/stock", token) for _ in range(4)]
        assert answers[0].status_code == 200
        problem_of(answers[-1], 429, "too_many_requests")
        assert answers[-1].headers["retry-after"]
        assert entrance.when("GET", "/store/2/stock", other).status_code == 200
