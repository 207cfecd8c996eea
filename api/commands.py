"""A command that comes as one body of JSON: read, checked against its address, decided, and answered with its position.

It must not know any address.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import Request, Response

from api.consistency import etag, once, position_token
from api.documents import answer_of
from api.doors import doors_of
from api.errors import Documented
from api.identity import Caller
from api.limits import read_body
from api.receipts import Receipt
from services.intake import Place

COMMAND_LIMIT: Final = 64 * 1024
TAKEN_IN: Final = {**answer_of(Receipt, "It was taken in."), **Documented.problems(400, 404, 408, 409, 413, 415)}
DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {**TAKEN_IN, **Documented.problems(412)}


async def take(request: Request, place: Place, caller: Caller, schema: str) -> Response:
    """Take in a command about a store's day. Sent again under its idempotency key it gets the same answer."""
    doors = doors_of(request)
    body = await read_body(request, COMMAND_LIMIT)
    if body.whole is not None:
        await doors.keep_too_large(body, request, caller, schema, place)

    async def act() -> Response:
        command = doors.house.intake.line(body.raw, f"{schema} of {caller.actor}", schema, place=place)
        kept = await doors.do(command, request, caller)
        token = position_token(place.store, kept.position or doors.house.store.head())
        return json_response(Receipt(bool(kept.result), token), token)

    return await once(request, caller, body.raw, act)


async def describe(
    request: Request, place: Place, caller: Caller, schema: str, owner: str, match: str | None
) -> Response:
    """Take in the description of what the address names; the answer's ETag is the version that holds then.

    With `match`, the ETag of what the caller looked at, it is taken in only while that still holds.
    """
    doors = doors_of(request)
    body = await read_body(request, COMMAND_LIMIT)
    if body.whole is not None:
        await doors.keep_too_large(body, request, caller, schema, place)

    async def act() -> Response:
        command = doors.house.intake.description(body.raw, f"{schema} of {caller.actor}", schema, place, match)
        kept = await doors.do(command, request, caller)
        token = position_token(owner, kept.position or doors.house.store.head())
        return json_response(Receipt(kept.result.changed, token), token, etag(kept.result.version))

    return await once(request, caller, body.raw, act)


def json_response(value: msgspec.Struct, token: str, headers: dict[str, str] | None = None) -> Response:
    """A value as JSON, with the position token in its header too."""
    more = {"Position": token} | (headers or {})
    return Response(msgspec.json.encode(value), media_type="application/json", headers=more)
