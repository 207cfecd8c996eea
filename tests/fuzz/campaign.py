"""A campaign: an application over a folder of its own, and for each role as many rounds as make enough requests.

Half of what is made up is led in: by a role that may, to a store, a day and a question that are there, with bodies that
are an example but for one thing. It must not know what the doors do.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final

import msgspec
import schemathesis
from fastapi import FastAPI
from schemathesis import hooks
from schemathesis.engine import Status, events, from_schema
from schemathesis.python.asgi import shutdown_lifespans

from api.app import create, permission_of, routes_of
from api.examples import BODIES, DAY, STORE
from api.roles import ROLES
from domain.kernel import Context
from domain.products.commands import DescribeArticle
from domain.stores.commands import DescribeStore
from projections.registry import QUESTIONS
from services.runtime.house import House
from services.runtime.settings import Settings
from services.runtime.tokens import OF_STORES, sign
from tests.support.http import Lines

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
PHASES: Final = ("examples", "coverage", "fuzzing", "stateful")
LED: Final = 0.5  # of the requests
ODD: Final[tuple[Any, ...]] = (None, "", "0", -1, 10**20, "é\u202e", [], {}, "9" * 60, True, "2024-02-30", "\x00")


@schemathesis.serializer("application/x-ndjson")
def lines(_context: Any, value: Any) -> bytes:
    """Lines as they stand; what else is made up for them as one line."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()


class Found(msgspec.Struct):
    """What a campaign found. `problems` is empty when all is well, `errors` when it could be made as planned."""

    seed: int
    requests: int = 0
    statuses: Counter[int] = msgspec.field(default_factory=Counter)
    doors: Counter[str] = msgspec.field(default_factory=Counter)
    problems: list[str] = []
    errors: list[str] = []

    @property
    def well(self) -> bool:
        return not (self.problems or self.errors)


class Campaign:
    """Requests by every role. `say` hears how far it is."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        examples: int,
        say: Callable[[str], None] = lambda _: None,
        phases: Collection[str] = PHASES,
    ) -> None:
        self._folder = folder
        self._phases = phases
        self._examples = examples
        self._say = say
        self._random = random.Random(seed)
        self._found = Found(seed)
        self._tokens: dict[str, str] = {}
        self._role = ""
        self._may: dict[str, str | None] = {}

    def run(self, requests: int) -> Found:
        """Make at least so many requests; each role makes its share."""
        for role in ROLES:
            stores = [STORE] if role in OF_STORES else []
            self._tokens[role] = sign(self._folder, role, stores, 1, dt.datetime.now(dt.UTC)).token
        settings = Settings(data=self._folder, requests_per_second=1_000_000)
        with House(settings, "fuzz") as house:
            for kind in (DescribeStore, DescribeArticle):
                house.writer.do(house.intake.line(json.dumps(BODIES[kind]).encode()), Context())
        app = create(settings, log=Lines())
        self._may = {str(route.path): permission_of(route) for route in routes_of(app)}

        def before_call(context: Any, case: Any, kwargs: Any) -> None:
            role = self._lead(case) if self._random.random() < LED else self._role
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {self._tokens[role]}"}

        schemathesis.hook(before_call)
        try:
            for number, role in enumerate(ROLES, 1):
                while self._found.requests < requests * number / len(ROLES):
                    self._round(app, role)
                    self._say(f"{role}: {self._found.requests:,} requests, {len(self._found.problems)} problems")
                    if not self._found.well:
                        return self._found
        finally:
            hooks.unregister(before_call)
            shutdown_lifespans()
        return self._found

    def _round(self, app: FastAPI, role: str) -> None:
        self._role = role
        schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=self._config())
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                self._note(role, event)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                self._found.errors.append(str(getattr(event, "value", None) or getattr(event, "exception", event)))

    def _config(self) -> schemathesis.Config:
        phases: dict[str, Any] = {name: {"enabled": name in self._phases} for name in PHASES}
        phases["stateful"]["generation"] = {"max-examples": max(self._examples // 4, 1)}
        return schemathesis.Config.from_dict(
            {
                "seed": self._random.getrandbits(32),
                "generation": {"max-examples": self._examples, "no-shrink": True, "database": "none"},
                "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
                "phases": phases,
            }
        )

    def _lead(self, case: Any) -> str:
        """Lead a request to something that is there; gives a role that may."""
        for name, value in (("store", STORE), ("business_day", DAY), ("question", self._random.choice([*QUESTIONS]))):
            if name in (case.path_parameters or {}):
                case.path_parameters[name] = value
        body = case.operation.definition.raw.get("requestBody")
        if body:
            ((case.media_type, content),) = body["content"].items()
            case.body = self._bent(content["example"])
        may = self._may.get(case.operation.path)
        return self._random.choice([role for role in ROLES if may is None or may in ROLES[role]])

    def _bent(self, example: Any) -> Any:
        """An example but for one thing; of lines, several such."""
        if not isinstance(example, str):
            return bent(example, self._random)
        line = json.loads(example)
        return "".join(f"{json.dumps(bent(line, self._random))}\n" for _ in range(self._random.randrange(5)))

    def _note(self, role: str, event: events.ScenarioFinished) -> None:
        for interaction in event.recorder.interactions.values():
            if interaction.response is not None:
                self._found.requests += 1
                self._found.statuses[interaction.response.status_code] += 1
        self._found.doors[f"{event.phase.value}: {event.label}"] += len(event.recorder.interactions)
        for name, checks in event.recorder.checks.items():
            for check in checks:
                if check.status is Status.FAILURE:
                    told = check.failure_info.failure if check.failure_info else check.name
                    curl = check.failure_info.code_sample if check.failure_info else name
                    self._found.problems.append(f"{role}: {event.label}: {told!r}\n{curl[:2000]}")


def bent(example: Any, chance: random.Random) -> Any:
    """An example in which one thing, or nothing, is odd, missing or too much."""
    made = copy.deepcopy(example)
    at = made
    while isinstance(at, dict | list) and at:
        key = chance.choice([*at] if isinstance(at, dict) else range(len(at)))
        if isinstance(at[key], dict | list) and chance.random() < 0.8:
            at = at[key]
            continue
        match chance.randrange(5):
            case 0:
                del at[key]
            case 1:
                at[key] = chance.choice(ODD)
            case 2 if isinstance(at, dict):
                at["odd"] = at[key]
            case 3:
                at[key] = str(chance.randrange(1, 100))
        break
    return made
