"""Every address, every role, every foreign store: walked, and counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import APIRouter

from api import app as application
from api.app import UnguardedDoor, create, permission_of, routes_of
from api.documents import OPEN
from api.roles import OF_OWN_STORES, PERMISSIONS, ROLES
from domain.audit.facts import SubmissionRefused
from services.runtime import tokens
from services.runtime.settings import Settings
from tests.support.house import batch, sale
from tests.support.http import Entrance, paths, problem_of

STORE_ROLES = ("store", "store-manager")


def addresses(entrance: Entrance) -> list[tuple[str, str, str]]:
    """Method, template and permission of each address with a token."""
    found = [
        (method, str(route.path_format), permission_of(route) or "")
        for route in routes_of(entrance.app)
        for method in sorted(route.methods or ())
        if route.path not in OPEN
    ]
    assert len(found) >= 20
    return found


def test_the_roles_are_those_that_tokens_are_signed_for() -> None:
    assert tuple(ROLES) == tokens.ROLES
    assert set().union(*ROLES.values()) == set(PERMISSIONS)
    assert {role for role, may in ROLES.items() if may & OF_OWN_STORES} == tokens.OF_STORES


def test_no_address_is_open_but_those_listed(entrance: Entrance) -> None:
    described = set(entrance.when("GET", "/openapi.json").json()["paths"])
    assert described == {template for _, template, _ in addresses(entrance)} | OPEN
    for path in OPEN:
        assert entrance.when("GET", path).status_code == 200


def test_an_address_that_asks_for_no_token_cannot_be_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    careless = APIRouter()

    @careless.get("/careless")
    def open_to_all() -> None:
        """Lets anybody in."""

    monkeypatch.setattr(application, "ROUTERS", (*application.ROUTERS, careless))
    with pytest.raises(UnguardedDoor, match="/careless"):
        create(Settings(data=tmp_path))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_comes_in_exactly_where_the_table_lets_it(
    entrance: Entrance, role: str, record_property: Callable[[str, object], None]
) -> None:
    token = entrance.token(role, *(["1"] if role in STORE_ROLES else []))
    walked = 0
    for method, template, permission in addresses(entrance):
        (path,) = paths(template, ["1"])
        response = entrance.when(method, path, token, b"{}" if method != "GET" else None)
        if permission in ROLES[role]:
            assert response.status_code not in {401, 403}, (method, path, response.text)
        else:
            problem_of(response, 403, "not_allowed")
        problem_of(entrance.when(method, path), 401, "unauthenticated")
        walked += 1
    record_property("walked", walked)
    assert walked == len(addresses(entrance))


@pytest.mark.parametrize("role", STORE_ROLES)
def test_no_store_gets_past_another_s_door(
    entrance: Entrance, role: str, record_property: Callable[[str, object], None]
) -> None:
    entrance.given(batch(sale(1), store="2"))
    token, walked = entrance.token(role, "1", actor="till-1"), set()
    for method, template, permission in addresses(entrance):
        answers = []
        for path in paths(template, ["2", "no-such-store", "..%2f2", "2%0d%0aX:1"]):
            response = entrance.when(method, path, token, b"{}" if method != "GET" else None)
            assert response.status_code in {403, 404}, (path, response.text)
            said = response.json()
            answers.append((said["status"], said["code"], said["detail"]))
        if permission in OF_OWN_STORES & ROLES[role]:
            assert answers[0][1] == "foreign_store"
        assert len(set(answers[:2])) == 1, "a foreign store is told from one that is not there"
        walked.add((method, template))
    record_property("walked", len(walked))
    assert len(walked) == len(addresses(entrance))


def test_an_attempt_at_a_foreign_store_is_recorded_once_under_the_caller(entrance: Entrance) -> None:
    before = entrance.doors.house.store.head()
    token = entrance.token("store", "1", actor="till-1")
    for _ in range(2):
        problem_of(entrance.when("GET", "/store/2/sales", token), 403, "foreign_store")
    (kept,) = entrance.log_facts(before)
    assert isinstance(kept.fact, SubmissionRefused)
    assert (kept.meta.actor, kept.fact.code, kept.fact.source) == ("till-1", "foreign_store", "GET /store/2/sales")
    assert kept.fact.store == ""


@pytest.mark.parametrize("query", ["store=2", "store=1&store=2", "by=store&store=2"])
def test_no_filter_reaches_another_store(entrance: Entrance, query: str) -> None:
    entrance.given(batch(sale(1), store="2"))
    problem_of(entrance.when("GET", f"/store/1/sales?{query}", entrance.token("store", "1")), 403, "foreign_store")


@pytest.mark.parametrize("query", ["", "?by=store", "?by=store&store=1", "?by=region,store", "?format=csv&by=store"])
def test_no_cut_shows_another_store(entrance: Entrance, query: str) -> None:
    entrance.given(batch(sale(1)), batch(sale(1), sale(2), sale(3), store="2"))
    for question in ("sales", "stock"):
        answer = entrance.when("GET", f"/store/1/{question}{query}", entrance.token("store", "1"))
        assert answer.status_code == 200
        assert "6.00" not in answer.text


def test_a_franchisee_with_two_stores_reads_both_one_at_a_time(entrance: Entrance) -> None:
    entrance.given(batch(sale(1)), batch(sale(1), store="2"))
    token = entrance.token("store", "1", "2")
    for store in ("1", "2"):
        rows = entrance.when("GET", f"/store/{store}/sales?by=store", token).json()["rows"]
        assert [row["store"] for row in rows] == [store]


def test_the_metrics_name_no_store(entrance: Entrance) -> None:
    entrance.when("GET", "/store/1/sales", entrance.token("store", "1"))
    entrance.when("GET", "/store/secret-9/sales", entrance.token("store", "1"))
    text = entrance.when("GET", "/metrics", entrance.token("operator")).text
    assert 'route="/store/{store}/sales"' in text
    assert "secret-9" not in text


def test_the_log_names_no_token_and_no_figure(entrance: Entrance) -> None:
    token = entrance.token("headquarters")
    entrance.when("GET", "/hq/sales?department=SECRET", token)
    said = str(entrance.log.kept)
    assert "/hq/{question}" in said
    assert token not in said
    assert "SECRET" not in said


def test_every_room_with_doors_is_put_together() -> None:
    rooms = {path.parent.name for path in Path(application.__file__).parent.glob("*/__init__.py")}
    assert {str(router.prefix).split("/")[1] for router in application.ROUTERS} == rooms
