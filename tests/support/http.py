"""Given what was kept, when a request comes, then the response and the new facts.

The application runs as it is served, over a real folder, but without a socket. It must not know any address.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create
from api.doors import Doors
from domain.kernel import Context, Fact, Recorded
from services.runtime.settings import Settings
from services.runtime.tokens import sign

JSON = {"Content-Type": "application/json"}


class Lines:
    """A request log that only remembers."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def info(self, event: str, **said: Any) -> None:
        self.kept.append({"event": event, **said})


class Entrance:
    """An application with its client, and what stands behind it."""

    def __init__(self, app: FastAPI, client: TestClient, folder: Path, log: Lines) -> None:
        self.app = app
        self.client = client
        self.folder = folder
        self.log = log

    @property
    def doors(self) -> Doors:
        doors: Doors = self.app.state.doors
        return doors

    def given(self, *bodies: bytes) -> None:
        """Something has been taken in already, by another way; the views have seen it."""
        house = self.doors.house
        for body in bodies:
            house.writer.do(house.intake.line(body), Context())
        house.settle()

    def token(self, role: str = "headquarters", *stores: str, days: int = 1, **more: Any) -> str:
        """A good token."""
        return sign(self.folder, role, stores, days, dt.datetime.now(dt.UTC), **more).token

    def when(
        self, method: str, path: str, token: str = "", body: bytes | None = None, **headers: str
    ) -> httpx2.Response:
        """A request; `headers` are written with low lines for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        kind = JSON if body is not None else {}
        response: httpx2.Response = self.client.request(method, path, content=body, headers={**kind, **bearer, **named})
        return response

    def log_facts(self, after: int = 0) -> list[Recorded]:
        """All facts above a position."""
        return self.doors.house.store.after(after, 100_000)

    def new_facts(self, after: int) -> list[Fact]:
        """What has been recorded above a position."""
        return [each.fact for each in self.log_facts(after)]


@contextmanager
def open_entrance(folder: Path, *bodies: bytes, **settings: Any) -> Iterator[Entrance]:
    """An entrance over a folder that has taken in `bodies`."""
    log = Lines()
    app = create(Settings(data=folder, **settings), log=log)
    with TestClient(app, raise_server_exceptions=False) as client:
        entrance = Entrance(app, client, folder, log)
        entrance.given(*bodies)
        yield entrance


def problem_of(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that was answered, which is complete and says nothing of the program."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = json.loads(response.content)
    assert said["code"] == code, said
    assert said["status"] == status
    assert said["detail"]
    assert said["request_id"] == response.headers["x-request-id"]
    assert not {"Traceback", ".py", "sqlite", "duckdb"} & set(said["detail"].split())
    return said


SAMPLES = {"business_day": "2026-03-05", "question": "sales", "sku": "milk"}
"""Something for each part of an address that is no store."""


def paths(template: str, stores: Sequence[str]) -> list[str]:
    """The addresses that a template stands for, one for each store where it names one."""
    found = [template.format_map(SAMPLES | {"store": store}) for store in stores]
    return list(dict.fromkeys(found))
