"""From whatever stands in the way to a problem (RFC 9457): one table, and the only place where a door catches.

A problem says what is wrong in words a shop manager understands, a stable code, the field as a JSON pointer, and the id
of the request. It never says more of the program, of the machine or of another store.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from domain.kernel import Refusal, RefusalKind
from services.intake import Refused
from services.runtime.serving import UNAVAILABLE

STATUS_OF_KIND: Final[Mapping[RefusalKind, int]] = {"missing": 404, "forbidden": 403, "conflict": 409, "invalid": 422}
STATUS_OF_CODE: Final[Mapping[str, int]] = {
    "malformed": 400,
    "duplicate_field": 400,
    "unauthenticated": 401,
    "slow_body": 408,
    "version_moved": 412,
    "too_large": 413,
    "media_not_taken": 415,
    "too_many_requests": 429,
    "busy": 503,
    "not_yet_known": 503,
    "views_stopped": 503,
    "question_stopped": 503,
}
PROBLEM_JSON: Final = "application/problem+json"
RETRY_SECONDS: Final = 1
OF_STATUS: Final[Mapping[int, tuple[str, str]]] = {
    404: ("no_such_address", "there is nothing at this address"),
    405: ("method_not_taken", "this address does not take that method; the header Allow names those it takes"),
}


class Problem(msgspec.Struct, frozen=True):
    """What is answered when something stands in the way."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str = ""
    request_id: str = ""


class TooManyRequests(Refusal):
    """One token asks more often than it may."""

    code = "too_many_requests"
    kind = "conflict"


class Busy(Refusal):
    """All hands are full; it is worth trying again soon."""

    code = "busy"
    kind = "conflict"


class ViewsStopped(Refusal):
    """The views could not apply a fact; what they show is of before it."""

    code = "views_stopped"
    kind = "conflict"


class MediaNotTaken(Refusal):
    """The body is not in a form that this address takes."""

    code = "media_not_taken"
    kind = "invalid"


class SlowBody(Refusal):
    """The body did not come in time."""

    code = "slow_body"
    kind = "invalid"


class Answered(Exception):
    """A refusal that was kept in the log already, on its way out."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


def status_of(code: str, kind: RefusalKind) -> int:
    """The status of a refusal."""
    return STATUS_OF_CODE.get(code) or STATUS_OF_KIND[kind]


def problem(
    request: Request, status: int, code: str, detail: str, field: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """A problem as a response."""
    body = Problem(
        f"urn:counterfoil:problem:{code}", HTTPStatus(status).phrase, status, code, detail, field, request_id(request)
    )
    more = dict(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        more["WWW-Authenticate"] = 'Bearer realm="counterfoil", error="invalid_token"'
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        more.setdefault("Retry-After", str(RETRY_SECONDS))
    if status in {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT}:
        more["Connection"] = "close"
    return Response(msgspec.json.encode(body), status, more, PROBLEM_JSON)


def request_id(request: Request) -> str:
    """The id of this request, which is also the correlation of the facts it records."""
    return str(request.scope.get("counterfoil.request_id", ""))


def install(app: FastAPI) -> None:
    """Turn everything that may stand in the way into a problem."""
    handlers: dict[type[Exception], Any] = {
        Refusal: _refusal,
        Answered: _answered,
        RequestValidationError: _invalid,
        HTTPException: _http,
        **dict.fromkeys(UNAVAILABLE, _unavailable),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _refusal(request: Request, why: Refusal) -> Response:
    return problem(request, status_of(why.code, why.kind), why.code, why.reason, why.field)


async def _answered(request: Request, why: Answered) -> Response:
    told = why.refused
    return problem(request, status_of(told.code, told.kind), told.code, told.reason, told.field)


async def _invalid(request: Request, why: RequestValidationError) -> Response:
    first = why.errors()[0]
    where = [str(part) for part in first["loc"]]
    return problem(request, 422, "bad_value", f"{' '.join(where)}: {first['msg']}"[:300], "/" + "/".join(where))


async def _http(request: Request, why: HTTPException) -> Response:
    code, detail = OF_STATUS.get(why.status_code, ("refused", HTTPStatus(why.status_code).phrase))
    return problem(request, why.status_code, code, detail, headers=why.headers)


async def _unavailable(request: Request, why: Exception) -> Response:
    """The reason is in the log of the server, where its keeper can do something about it."""
    request.scope["counterfoil.trouble"] = f"{type(why).__name__}: {why}"
    return problem(request, 503, "unavailable", "nothing can be taken in or answered just now: tell whoever keeps it")


def unexpected(request: Request) -> Response:
    """What is answered when nobody foresaw what happened; the log of the server has the rest."""
    words = f"something went wrong here, not with you; name request {request_id(request)} to whoever keeps it"
    return problem(request, 500, "unexpected", words)


class Documented:
    """What an address may answer beside success, for its documentation."""

    SAYS: ClassVar[Mapping[int, str]] = {
        400: "The body cannot be read, and the field says where.",
        401: "There is no token, or it is good no more.",
        403: "The token does not allow this, or not for this store.",
        404: "There is no such thing.",
        405: "The address does not take that method; the header Allow names those it takes.",
        408: "The body came too slowly.",
        409: "It stands against something; the code says what.",
        412: "Somebody else has described it anew; look again.",
        413: "The body is larger than it may be.",
        415: "The body is not in a form that is taken.",
        422: "A value does not say what its field asks for.",
        429: "This token asks more often than it may.",
        500: "Something went wrong here, not with the request.",
        503: "Not now; the header Retry-After says when.",
    }

    @classmethod
    def problems(cls, *statuses: int) -> dict[int | str, dict[str, Any]]:
        """The problems of an address: those named, and those of every address with a token."""
        return {status: cls._problem(status) for status in sorted({*statuses, 401, 403, 422, 429, 503})}

    @classmethod
    def everywhere(cls) -> dict[str, dict[str, Any]]:
        """The problems of every address, with or without a token."""
        return {str(status): cls._problem(status) for status in (404, 405, 500, 503)}

    @classmethod
    def _problem(cls, status: int) -> dict[str, Any]:
        schema = {"$ref": "#/components/schemas/Problem"}
        return {"description": cls.SAYS[status], "content": {PROBLEM_JSON: {"schema": schema}}}
