"""The application: the doors put together over one house, opened when it starts and closed tidily when it stops."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from api import documents, errors, pages
from api.auditor import questions as auditor_questions
from api.auditor import trail as auditor_trail
from api.doors import Doors, doors_of
from api.hq import products as hq_products
from api.hq import questions as hq_questions
from api.hq import sales as hq_sales
from api.hq import stores as hq_stores
from api.identity import Caller
from api.roles import Allowed, allowed
from api.store import sales as store_sales
from api.store import stock as store_stock
from api.watching import Metrics, Watched, request_log
from services.runtime.house import House, now
from services.runtime.settings import Settings

ROUTERS: Final[tuple[APIRouter, ...]] = (
    store_sales.router,
    store_stock.router,
    hq_stores.router,
    hq_products.router,
    hq_sales.router,
    hq_questions.router,
    auditor_trail.router,
    auditor_questions.router,
)
"""Every room with doors. What is not in it does not exist."""

house_doors = APIRouter(tags=["house"])


@house_doors.get("/health")
async def health() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@house_doors.get("/ready", responses={503: errors.Documented.problems()[503]})
async def ready(request: Request) -> dict[str, str]:
    """It takes in commands and answers questions.

    Raises:
        ViewsStopped: it answers, but with figures that stand still.
    """
    if doors_of(request).house.feed.problem is not None:
        raise errors.ViewsStopped("the figures stand still: look into the log of the server")
    return {"status": "ready"}


@house_doors.get("/metrics", response_class=Response, responses=errors.Documented.problems())
async def metrics(request: Request, _caller: Annotated[Caller, Depends(allowed("house:watch"))]) -> Response:
    """The figures that an operator watches, in Prometheus' text format."""
    text = await asyncio.to_thread(doors_of(request).metrics.text)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


async def show_description(request: Request) -> Response:
    """The published description as a page, without a token as the description itself."""
    return HTMLResponse(pages.page(request.app.openapi()), headers=pages.HEADERS)


def create(
    settings: Settings,
    clock: Callable[[], dt.datetime] = now,
    new_id: Callable[[], str] = lambda: secrets.token_hex(12),
    log: Any = None,
) -> FastAPI:
    """The application over a data folder.

    Raises:
        UnguardedDoor: an address lets anybody in who should show a token.
    """
    figures = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        house = await asyncio.to_thread(House, settings, "serve", clock)
        app.state.doors = Doors(house, figures)
        try:
            yield
        finally:
            await asyncio.to_thread(app.state.doors.close)

    app = FastAPI(title="Counterfoil", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    for router in (*ROUTERS, house_doors):
        app.include_router(router)
    app.openapi = lambda: documents.describe(app)  # type: ignore[method-assign]
    app.add_route("/docs", show_description, include_in_schema=False)
    app.add_middleware(Watched, metrics=figures, new_id=new_id, log=log or request_log())
    errors.install(app)
    for route in routes_of(app):
        if permission_of(route) is None and route.path not in documents.OPEN:
            raise UnguardedDoor(route.path)
    return app


class UnguardedDoor(RuntimeError):
    """An address that asks nobody for a token."""


def routes_of(app: FastAPI) -> list[RouteContext]:
    """Every address that there is, but for the published description."""
    return [route for route in iter_route_contexts(app.routes) if isinstance(route.original_route, APIRoute)]


def permission_of(route: RouteContext) -> str | None:
    """What a caller must be allowed to do at an address; None where anybody may come."""
    assert isinstance(route.original_route, APIRoute)
    needs = route.original_route.dependant.dependencies
    asked = [need.call.permission for need in needs if isinstance(need.call, Allowed)]
    return asked[0] if asked else None


def from_environment() -> FastAPI:
    """The application over the data folder that the environment names."""
    return create(Settings())
