"""Auditors follow a trail: which facts there are of a day, a transaction, a batch, an article or an actor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from api.auditor.reads import Read
from api.commands import json_response
from api.consistency import Waited, cursor, not_before, position_token, read_cursor
from api.documents import answer_of
from api.doors import doors_of
from api.errors import Documented
from api.identity import Caller
from api.receipts import TrailPage
from api.roles import allowed
from domain.values import business_day, code
from domain.values import sku as article_number
from services.decoding import BadValue, checked
from services.runtime.trail import About, follow

router = APIRouter(prefix="/auditor", tags=["auditors"])
_DAY: Final = frozenset({"store", "business_day"})
OF: Final[Mapping[frozenset[str], str]] = {
    _DAY: "day",
    _DAY | {"register", "number"}: "transaction",
    _DAY | {"batch"}: "batch",
    frozenset({"article"}): "article",
    frozenset({"actor"}): "actor",
}
"""Which parameters name what: one of these, whole."""


async def about(
    store: Annotated[str, Query(max_length=40, description="a store, with its business day")] = "",
    business_day_: Annotated[str, Query(alias="business_day", max_length=10, description="the day's trail")] = "",
    register: Annotated[str, Query(max_length=40, description="with a number: a transaction of the day")] = "",
    number: Annotated[int | None, Query(ge=1, le=2**53, description="the number of the transaction")] = None,
    batch: Annotated[str, Query(max_length=40, description="the id of a batch of the day")] = "",
    article: Annotated[str, Query(max_length=40, description="an article: its descriptions")] = "",
    actor: Annotated[str, Query(max_length=40, description="all that somebody did")] = "",
) -> About:
    """The dependency that reads what a trail is of.

    Raises:
        BadValue: it is not exactly one thing, or a value is not what it should be.
    """
    given = {
        "store": store, "business_day": business_day_, "register": register, "number": number, "batch": batch,
        "article": article, "actor": actor,
    }  # fmt: skip
    named = {name: value for name, value in given.items() if value}
    of = OF.get(frozenset(named))
    if of is None:
        each = "; ".join(", ".join(sorted(names)) for names in OF)
        raise BadValue(f"a trail is of exactly one thing, so give the parameters of one of these: {each}")
    for name, check in (("business_day", business_day), ("article", article_number)):
        if name in named:
            checked(f"/{name}", str(named[name]), check)
    for name in ("store", "register", "batch", "actor"):
        if name in named:
            checked(f"/{name}", str(named[name]), code)
    return msgspec.convert({"of": of, **named}, About)


@router.get("/trail", responses={**answer_of(TrailPage, "Some steps of the trail."), **Documented.problems()})
async def trail(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("audit:trail"))],
    _position: Waited,
    of: Annotated[About, Depends(about)],
    cursor_: Annotated[str, Query(alias="cursor", max_length=120, description="the `next` of the page before")] = "",
) -> Response:
    """Follow a trail: each fact with who, when and why, what it says in the trade's words, and its JSON.

    In the order of the log. Give exactly one: a day (store, business_day), a transaction of it (register and number
    too), a batch of it (batch too), an article, or an actor.
    """
    doors, read, subject = doors_of(request), Read(request, caller), msgspec.json.encode(of).decode()
    after, known = read_cursor(subject, cursor_) if cursor_ else (0, None)
    if known is not None:
        await not_before(doors, known)
    async with doors.slot():
        page = await asyncio.to_thread(follow, doors.house, of, after, known)
        await read.at(page.known)
        token = position_token("", page.known)
        more = "" if page.after is None else cursor(subject, page.after, page.known)
        return json_response(TrailPage(of, token, page.steps, more), token)
