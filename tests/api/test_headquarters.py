"""Headquarters over HTTP: stores and articles described, one and many, conflicts decided, goods recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest

from api import bulk
from api.bulk import LINE_LIMIT, Cutter, Line
from domain.audit.facts import SubmissionRefused
from domain.products.facts import ArticlesDescribed
from domain.sales.facts import ConflictResolved
from domain.stock.facts import GoodsReceived
from domain.stores.facts import StoreRegistered
from projections.registry import QUESTIONS
from services.decoding import sha256
from tests.support.house import DAY, a_store, batch, goods_in, resolution, sale
from tests.support.http import Entrance, problem_of

NDJSON = {"Content_Type": "application/x-ndjson"}


def article(sku: str = "milk", **more: Any) -> bytes:
    return json.dumps({"schema": "counterfoil/article/1", "sku": sku, **more}).encode()


def etag_of(response: httpx2.Response) -> str:
    assert response.status_code == 200, response.text
    return str(response.headers["etag"])


# -- one at a time


def test_a_store_is_registered_read_and_described_anew(entrance: Entrance) -> None:
    before, token = entrance.doors.house.store.head(), entrance.token()
    first = entrance.when("PUT", "/hq/stores/7", token, a_store("7", name="Mill Lane"))
    assert first.json()["changed"] is True
    assert first.json()["position"] == first.headers["position"]
    assert isinstance(entrance.new_facts(before)[0], StoreRegistered)
    shown = entrance.when("GET", "/hq/stores/7?on=2026-03-05", token)
    assert (shown.json()["name"], shown.json()["effective_from"]) == ("Mill Lane", "2026-03-05")
    assert etag_of(shown) == etag_of(first)
    again = entrance.when("PUT", "/hq/stores/7", token, shown.content, If_Match=etag_of(shown))
    assert again.json()["changed"] is False
    assert etag_of(again) == etag_of(first)


def test_an_article_is_registered_read_and_described_anew(entrance: Entrance) -> None:
    token = entrance.token("buyer")
    said = {"name": "Milk", "gtins": ["4006381333931"], "currency": "USD", "list_price": "1.2345", "cost": "0"}
    first = entrance.when("PUT", "/hq/articles/milk/1+l", token, article("milk/1+l", **said))
    assert first.json()["changed"] is True
    shown = entrance.when("GET", "/hq/articles/milk/1+l", token, Wait_For=first.headers["position"])
    assert shown.json()["list_price"] == "1.2345"
    assert shown.json()["gtins"] == ["04006381333931"]
    assert etag_of(shown) == etag_of(first)
    again = entrance.when("PUT", "/hq/articles/milk/1+l", token, shown.content, If_Match=etag_of(shown))
    assert again.json()["changed"] is False


def test_an_article_shows_the_version_of_the_day_asked_for(entrance: Entrance) -> None:
    token = entrance.token()
    entrance.given(article(name="Milk"), article(name="New milk", effective_from="2026-05-01"))
    names = {
        day: entrance.when("GET", f"/hq/articles/milk?on={day}", token).json()
        for day in ("2026-04-30", "2026-05-01", "2026-06-01")
    }
    assert [said["name"] for said in names.values()] == ["Milk", "New milk", "New milk"]
    assert [said.get("effective_from", "") for said in names.values()] == ["", "2026-05-01", "2026-05-01"]


@pytest.mark.parametrize(
    ("path", "first", "second", "third"),
    [
        ("/hq/stores/1", *(a_store("1", name=name) for name in ("a", "b", "c"))),
        ("/hq/articles/milk", *(article(name=name) for name in ("a", "b", "c"))),
        (
            "/hq/articles/milk",
            article(name="a", effective_from="2026-01-01"),
            article(name="b", effective_from="2026-01-01"),
            article(name="c", effective_from="2026-02-01"),
        ),
    ],
    ids=["store", "article", "article from a later day on"],
)
def test_of_two_people_at_the_same_thing_the_second_has_to_look_again(
    entrance: Entrance, path: str, first: bytes, second: bytes, third: bytes
) -> None:
    token = entrance.token()
    both_saw = etag_of(entrance.when("PUT", path, token, first))
    assert entrance.when("PUT", path, token, second, If_Match=both_saw).json()["changed"] is True
    before = entrance.doors.house.store.head()
    problem_of(entrance.when("PUT", path, token, third, If_Match=both_saw), 412, "version_moved")
    assert {type(fact) for fact in entrance.new_facts(before)} == {SubmissionRefused}
    position = entrance.when("PUT", path, token, second).headers["position"]
    seen = etag_of(entrance.when("GET", path, token, Wait_For=position))
    assert entrance.when("PUT", path, token, third, If_Match=seen).json()["changed"] is True


@pytest.mark.parametrize("tag", ["x", "*", 'W/"1"', '"1", "2"', '"' + "1" * 200 + '"'])
def test_what_is_no_etag_of_ours_is_refused(entrance: Entrance, tag: str) -> None:
    problem_of(entrance.when("PUT", "/hq/stores/1", entrance.token(), a_store("1"), If_Match=tag), 422, "bad_value")


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        ("/hq/stores/7", a_store("8"), 422, "bad_value", "/store"),
        ("/hq/articles/milk", article("beer"), 422, "bad_value", "/sku"),
        ("/hq/articles/milk", article("milk", unit="??"), 422, "bad_value", "/unit"),
        ("/hq/articles/milk", a_store("8"), 400, "malformed", "/schema"),
        ("/hq/stores/1", a_store("1", currency="EUR"), 409, "currency_is_set", "/currency"),
        ("/hq/stores/7", b" " * (LINE_LIMIT + 1), 413, "too_large", ""),
    ],
)
def test_a_description_that_is_refused_is_kept(
    entrance: Entrance, path: str, body: bytes, status: int, code: str, field: str
) -> None:
    before = entrance.doors.house.store.head()
    said = problem_of(entrance.when("PUT", path, entrance.token(), body), status, code)
    assert said["field"] in {field, ""}
    (refused,) = entrance.new_facts(before)
    assert isinstance(refused, SubmissionRefused)
    assert (refused.code, refused.bytes_hash) == (code, sha256(body))


@pytest.mark.parametrize(
    ("path", "code"),
    [("/hq/stores/9", "unknown_store"), ("/hq/articles/nothing", "unknown_article")],
)
def test_what_nobody_described_is_not_there(entrance: Entrance, path: str, code: str) -> None:
    problem_of(entrance.when("GET", path, entrance.token()), 404, code)
    problem_of(entrance.when("GET", f"{path}?on=2026-02-30", entrance.token()), 422, "bad_value")


def test_a_description_sent_again_under_its_key_gets_the_same_answer(entrance: Entrance) -> None:
    token = entrance.token()
    first = entrance.when("PUT", "/hq/stores/7", token, a_store("7"), Idempotency_Key="k")
    again = entrance.when("PUT", "/hq/stores/7", token, a_store("7"), Idempotency_Key="k")
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotency-replayed"] == "true"
    problem_of(
        entrance.when("PUT", "/hq/stores/7", token, a_store("7", name="x"), Idempotency_Key="k"),
        409,
        "idempotency_key_taken",
    )


# -- many


def test_many_articles_go_in_and_what_is_refused_is_listed_by_its_line(entrance: Entrance) -> None:
    token, before = entrance.token("buyer"), entrance.doors.house.store.head()
    lines = [article("a1"), b"", article("a2"), b"{", article("a3", unit="??"), article("a1"), a_store("9")]
    said = entrance.when("POST", "/hq/articles", token, b"\xef\xbb\xbf" + b"\r\n".join(lines), **NDJSON).json()
    assert (said["recorded"], said["unchanged"], said["refused"]) == (2, 1, 3)
    assert [(each["line"], each["code"]) for each in said["listed"]] == [
        (4, "malformed"),
        (5, "bad_value"),
        (7, "malformed"),
    ]
    kinds = [type(fact) for fact in entrance.new_facts(before)]
    assert (kinds.count(ArticlesDescribed), kinds.count(SubmissionRefused)) == (1, 3)
    head = entrance.doors.house.store.head()
    again = entrance.when("POST", "/hq/articles", token, b"\n".join(lines), **NDJSON).json()
    assert (again["recorded"], again["unchanged"], again["refused"]) == (0, 3, 3)
    assert entrance.doors.house.store.head() == head


def test_many_stores_go_in(entrance: Entrance) -> None:
    lines = [a_store(str(number)) for number in range(3, 1_203)]
    said = entrance.when("POST", "/hq/stores", entrance.token("finance"), b"\n".join(lines) + b"\n", **NDJSON)
    assert said.status_code == 200, said.text
    assert (said.json()["recorded"], said.json()["refused"]) == (1_200, 0)
    rows = entrance.when(
        "GET", "/hq/stores?measures=stores&as_of=2026-03-05", entrance.token(), Wait_For=said.headers["position"]
    )
    assert rows.json()["rows"][0]["stores"] == 1_202


def test_of_a_line_that_is_too_long_the_beginning_is_kept_and_the_next_is_taken_in(entrance: Entrance) -> None:
    long = article("a1", name="x" * (3 * LINE_LIMIT))
    said = entrance.when(
        "POST", "/hq/articles", entrance.token("buyer"), b"\n".join([long, article("a2")]), **NDJSON
    ).json()
    assert (said["recorded"], [(each["line"], each["code"]) for each in said["listed"]]) == (1, [(1, "too_large")])
    kept = entrance.doors.house.store.kept(sha256(long))
    assert kept is not None
    assert (kept.length, kept.data) == (len(long), long[:LINE_LIMIT])


def test_no_more_than_a_few_lines_are_held_at_a_time(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    made = bulk._commands

    def counted(lines: Sequence[Line], *more: Any) -> Any:
        held.append(len(lines))
        return made(lines, *more)

    monkeypatch.setattr(bulk, "_commands", counted)
    body = b"\n".join(article(f"a{number}") for number in range(1_700))
    assert entrance.when("POST", "/hq/articles", entrance.token(), body, **NDJSON).json()["recorded"] == 1_700
    assert held == [500, 500, 500, 200]


def test_a_body_that_is_too_large_says_that_its_beginning_may_have_been_taken_in(
    entrance: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BULK_LIMIT", 20_000)
    body = b"\n".join(article(f"a{number}") for number in range(2_000))
    response = entrance.when("POST", "/hq/articles", entrance.token(), body, **NDJSON)
    assert "changes nothing" in problem_of(response, 413, "too_large")["detail"]


@pytest.mark.parametrize("headers", [{"Content_Type": "application/json"}, NDJSON | {"Content_Encoding": "gzip"}])
def test_lines_are_taken_as_lines_only(entrance: Entrance, headers: dict[str, str]) -> None:
    problem_of(entrance.when("POST", "/hq/articles", entrance.token(), article(), **headers), 415, "media_not_taken")


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_a_body_is_cut_the_same_wherever_its_parts_end(size: int) -> None:
    body = b"a\n\n  b \r\n" + b"c" * 50 + b"\nd"
    cutter = Cutter()
    lines = [line for at in range(0, len(body), size) for line in cutter.feed(body[at : at + size])]
    lines += cutter.end()
    assert [(line.number, line.raw) for line in lines] == [(1, b"a"), (3, b"b"), (4, b"c" * 50), (5, b"d")]


# -- decisions and goods


def test_a_conflict_is_decided_with_a_reason(entrance: Entrance) -> None:
    entrance.given(batch(sale(1)), batch(sale(1, cashier="C2"), batch_id="b2"))
    before, path = entrance.doors.house.store.head(), f"/hq/stores/1/days/{DAY}/resolutions"
    first = entrance.when("POST", path, entrance.token(), resolution(1, "keep_first"), Idempotency_Key="k")
    assert first.json()["changed"] is True
    (decided,) = entrance.log_facts(before)
    assert isinstance(decided.fact, ConflictResolved)
    assert (decided.meta.role, decided.meta.reason) == ("headquarters", "looked at the paper roll")
    rows = entrance.when(
        "GET", "/hq/quarantine?by=status", entrance.token(), Wait_For=first.headers["position"]
    ).json()["rows"]
    assert [row["status"] for row in rows] == ["kept_first"]
    again = entrance.when("POST", path, entrance.token(), resolution(1, "keep_first"), Idempotency_Key="k")
    assert again.content == first.content
    problem_of(entrance.when("POST", path, entrance.token(), resolution(2, "replace")), 404, "no_open_conflict")
    elsewhere = f"/hq/stores/2/days/{DAY}/resolutions"
    problem_of(entrance.when("POST", elsewhere, entrance.token(), resolution(1, "replace")), 422, "bad_value")


def test_goods_come_in_once(entrance: Entrance) -> None:
    before, token = entrance.doors.house.store.head(), entrance.token("store", "1")
    body = goods_in("milk", "10", "8.00")
    first = entrance.when("POST", "/store/1/movements", token, body)
    assert first.json()["changed"] is True
    assert entrance.when("POST", "/store/1/movements", token, body).json()["changed"] is False
    assert [type(fact) for fact in entrance.new_facts(before)] == [GoodsReceived]
    rows = entrance.when("GET", "/store/1/stock?by=sku", token, Wait_For=first.headers["position"]).json()["rows"]
    assert [row["sku"] for row in rows] == ["milk"]
    other = goods_in("milk", "11", "8.00")
    problem_of(entrance.when("POST", "/store/1/movements", token, other), 409, "movement_id_taken")
    foreign = goods_in("milk", "1", "1.00", store="2")
    problem_of(entrance.when("POST", "/store/1/movements", token, foreign), 422, "bad_value")


def test_what_there_is_to_ask_is_listed(entrance: Entrance) -> None:
    said = entrance.when("GET", "/hq/questions", entrance.token("finance")).json()["questions"]
    assert [each["question"] for each in said] == list(QUESTIONS)
    assert all(each["dimensions"] and each["measures"] for each in said)
