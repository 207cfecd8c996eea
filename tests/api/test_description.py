"""The published description: whole, with examples that run, the same as its copy, and a page that needs nobody else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api import openapi
from api.examples import BODIES
from domain.products.commands import DescribeArticle
from domain.sales.commands import ReportBatch
from domain.stores.commands import DescribeStore
from tests.support.http import Entrance, open_entrance

EVERYWHERE = {"404", "405", "500", "503"}
WITH_A_TOKEN = {"401", "403", "422", "429"}


@pytest.fixture
def described(entrance: Entrance) -> dict[str, Any]:
    said: dict[str, Any] = entrance.when("GET", "/openapi.json").json()
    return said


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_copy_is_what_is_published() -> None:
    assert openapi.COPY.read_text(encoding="utf-8") == openapi.text(), "renew it: python -m api.openapi"


def test_every_address_tells_every_status_that_any_address_may_answer(described: dict[str, Any]) -> None:
    for method, path, operation in operations(described):
        needed = EVERYWHERE | (WITH_A_TOKEN if "security" in operation else set())
        if "requestBody" in operation:
            needed |= {"400", "408", "413", "415"}
        assert sorted(needed - set(operation["responses"])) == [], (method, path)


def test_every_body_has_an_example(described: dict[str, Any]) -> None:
    without = [
        path
        for _, path, operation in operations(described)
        for body in operation.get("requestBody", {}).get("content", {}).values()
        if "example" not in body
    ]
    assert without == []


def test_every_example_runs(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    known = [json.dumps(BODIES[kind]).encode() for kind in (DescribeStore, DescribeArticle, ReportBatch)]
    known.append(json.dumps(other_content(BODIES[ReportBatch])).encode())
    with open_entrance(tmp_path / "folder", *known) as entrance:
        tokens = [entrance.token(role, *([] if role != "store-manager" else ["12"])) for role in ROLES]
        ran = 0
        for method, path, operation in operations(entrance.when("GET", "/openapi.json").json()):
            answers = [ask(entrance, method, *asked_by(path, operation, token)) for token in tokens]
            let_in = [each for each in answers if each.status_code != 403]
            assert let_in, (method, path)
            assert {each.status_code for each in let_in} == {200}, (method, path, let_in[0].text)
            ran += 1
        record_property("ran", ran)


def other_content(batch: dict[str, Any]) -> dict[str, Any]:
    """A batch that stands against another: its transactions under the same numbers, by somebody else."""
    sales = [sale | {"cashier": "C08"} for sale in batch["transactions"]]
    return batch | {"batch_id": "other", "transactions": sales}


ROLES = ("store-manager", "headquarters", "auditor", "operator")


def ask(entrance: Entrance, method: str, path: str, token: str, body: bytes | None, media: str) -> httpx2.Response:
    return entrance.when(method, path, token, body, **({"Content_Type": media} if media else {}))


def asked_by(path: str, operation: dict[str, Any], token: str) -> tuple[str, str, bytes | None, str]:
    """The address, token, body and media type of an operation's examples."""
    query = []
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
        elif "example" in parameter:
            query.append(f"{parameter['name']}={parameter['example']}")
    address = "?".join([path, *(["&".join(query)] if query else [])])
    for media, body in operation.get("requestBody", {}).get("content", {}).items():
        example = body["example"]
        return address, token, (example if isinstance(example, str) else json.dumps(example)).encode(), media
    return address, token, None, ""


def test_the_page_shows_every_address_and_loads_nothing(entrance: Entrance, described: dict[str, Any]) -> None:
    page = entrance.when("GET", "/docs")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r"<script|<link|src=|https?://", page.text)
    for method, path, _ in operations(described):
        assert f"{method} {path}" in page.text


def test_what_is_described_holds_nothing_of_the_program(described: dict[str, Any]) -> None:
    assert "Raises:" not in json.dumps(described)
