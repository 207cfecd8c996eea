"""Reading what one has written, sending a command twice, and two people at the same thing.

A position token is opaque: it names an owner and a position, and whoever gives it back reads nothing older. It must not
know any address.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Header, Query, Request, Response

from api.doors import Doors, doors_of
from api.errors import Busy
from api.identity import Caller
from domain.kernel import Refusal
from projections.kernel import NotYetKnown
from services.decoding import BadValue
from services.runtime.answers import Remembered

_KEY: Final = re.compile(r"[A-Za-z0-9._:-]{1,80}")
_CURSOR: Final = re.compile(r"([0-9]{1,18})/([0-9]{1,18})/([0-9a-f]{16})")
_TAG: Final = re.compile(r'"([^"]*)"')


class BadPosition(Refusal):
    """It is no position token of this house."""

    code = "bad_position"
    kind = "invalid"


def position_token(owner: str, position: int) -> str:
    """The token of a position, for whoever keeps facts of an owner."""
    return base64.urlsafe_b64encode(f"{position}/{owner}".encode()).decode().rstrip("=")


def read_position(token: str) -> int:
    """The position that a token names.

    Raises:
        BadPosition: it names none.
    """
    found = re.fullmatch(r"([0-9]{1,18})/.{0,60}", _unpacked(token))
    if found is None:
        raise BadPosition("this is no position token: give back the one that a write was answered with", "/after")
    return int(found[1])


class BadCursor(Refusal):
    """It is no cursor of this list."""

    code = "bad_cursor"
    kind = "invalid"


def cursor(of: str, after: int, known: int) -> str:
    """The cursor to the next page of a list that stands in the order of the log: where the page begins, and the
    position up to which the list was looked at, so that whatever is written meanwhile moves nothing."""
    text = f"{after}/{known}/{_fingerprint(of)}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(of: str, text: str) -> tuple[int, int]:
    """Where the page begins, and the position up to which the list was looked at.

    Raises:
        BadCursor: it was not given for this list.
    """
    found = _CURSOR.fullmatch(_unpacked(text))
    if found is None or found[3] != _fingerprint(of):
        raise BadCursor("this is no cursor of this list: give back the `next` of the page before", "/cursor")
    return int(found[1]), int(found[2])


def _fingerprint(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()[:16]


def _unpacked(token: str) -> str:
    """What stands in a token; nothing where it is none."""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        return ""


async def waited(
    request: Request,
    wait_for: Annotated[str | None, Header(max_length=200, description="a position token to wait for")] = None,
    after: Annotated[str | None, Query(max_length=200, description="the same, as a parameter")] = None,
) -> int:
    """The dependency of an address that reads: waits until the views have reached the caller's position."""
    token = after or wait_for
    if not token:
        return 0
    position, doors = read_position(token), doors_of(request)
    await not_before(doors, position)
    return position


async def not_before(doors: Doors, position: int) -> None:
    """Wait until the views have reached a position.

    Raises:
        BadPosition: the log itself has not.
        NotYetKnown: they did not within the time that a read waits.
    """
    if doors.house.views.position() >= position:
        return
    if position > doors.house.store.head():
        raise BadPosition("this position has not been written yet", "/after")
    if not await doors.reached(position):
        raise NotYetKnown(position, doors.house.views.position())


Waited = Annotated[int, Depends(waited)]


async def once(request: Request, caller: Caller, raw: bytes, act: Callable[[], Awaitable[Response]]) -> Response:
    """Act, or give the answer again that the same command had under its idempotency key.

    Raises:
        KeyTaken: the key stands for another command.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return await act()
    if _KEY.fullmatch(key) is None:
        raise BadValue("an idempotency key is 1 to 80 letters, digits, '.', '_', ':' or '-'", "/Idempotency-Key")
    doors = doors_of(request)
    asked = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + raw).hexdigest()
    name = (caller.actor, key)
    if name in doors.deciding:
        raise Busy("the same command is being decided: ask again for its answer")
    doors.deciding.add(name)
    try:
        found = await asyncio.to_thread(doors.answers.find, *name, asked, doors.clock())
        if found is not None:
            return Response(found.body, found.status, found.headers | {"Idempotency-Replayed": "true"})
        response = await act()
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        answer = Remembered(response.status_code, headers, bytes(response.body))
        await asyncio.to_thread(doors.answers.remember, *name, asked, answer, doors.clock())
        return response
    finally:
        doors.deciding.discard(name)


def etag(version: str) -> dict[str, str]:
    """The header that names a version."""
    return {"ETag": f'"{version}"'}


async def matched(
    if_match: Annotated[str | None, Header(max_length=120, description="the ETag of what you looked at")] = None,
) -> str | None:
    """The dependency of an address that describes anew: the version that the caller looked at; None: they do not say.

    Raises:
        BadValue: it is no ETag as this house gives them.
    """
    if if_match is None:
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise BadValue("If-Match takes the one ETag that you were given", "/If-Match")
    return found[1]


Matched = Annotated[str | None, Depends(matched)]
