"""What can be seen of the doors from outside: metrics, and a line in the log for each request.

Neither holds a store's code, a figure, a token or what was asked: routes are named by their template.
"""

from __future__ import annotations

import re
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import unexpected

_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,40}")
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The figures that an operator watches. Each application has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "counterfoil_requests", "requests answered", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "counterfoil_request_seconds", "from head to last byte", ("route",), registry=self.registry, buckets=SECONDS
        )
        self.outcomes = Counter(
            "counterfoil_transactions", "transactions of batches by outcome", ("outcome",), registry=self.registry
        )
        self.replayed = Counter("counterfoil_batches_replayed", "batches sent again", registry=self.registry)

    def watch(self, commands: Callable[[], int], lag: Callable[[], int], questions: Callable[[], int]) -> None:
        """Show what stands at the moment of looking."""
        for name, says, look in (
            ("commands_waiting", "commands that are not answered yet", commands),
            ("views_behind", "positions by which the views are behind the log", lag),
            ("questions_running", "questions being answered", questions),
        ):
            Gauge(f"counterfoil_{name}", says, registry=self.registry).set_function(look)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)


def request_log() -> Any:
    """A log of JSON lines on the standard error."""
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.JSONRenderer()],
    )


class Watched:
    """Names each request, logs it and counts it; answers when nobody else does. The outermost of the doors."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        new_id: Callable[[], str],
        log: Any,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._new_id = new_id
        self._log = log
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = self._monotonic(), 0
        given = Headers(scope=scope).get("x-request-id", "")
        name = scope["counterfoil.request_id"] = given if _GIVEN_ID.fullmatch(given) else self._new_id()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = name
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, named)
        except Exception as why:
            scope["counterfoil.trouble"] = "".join(traceback.format_exception(why))
            if status:  # half of an answer is out: only breaking off tells that the rest is missing
                raise
            await unexpected(Request(scope))(scope, receive, named)
        finally:
            self._note(scope, name, status, self._monotonic() - began)

    def _note(self, scope: Scope, name: str, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if route != "none" else "any"
        self._metrics.requests.labels(route, method, status).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        caller = scope.get("counterfoil.caller")
        said = {"request": name, "method": scope["method"][:10], "route": route, "status": status}
        if caller is not None:
            said |= {"actor": caller.actor, "role": caller.role, "token": caller.jti}
        if "counterfoil.trouble" in scope:
            said["trouble"] = scope["counterfoil.trouble"]
        self._log.info("answered" if status else "given up", ms=round(seconds * 1000, 2), **said)
