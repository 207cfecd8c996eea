"""Questions over HTTP, in the same words as the command line's `export`: parameters in, a streamed answer out.

What is no parameter of its own is a dimension to keep by. It must not know which questions there are.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Annotated, Any, Final, Literal

import anyio.to_thread
import msgspec
from fastapi import Depends, Path, Query, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.consistency import not_before, position_token
from api.doors import doors_of
from domain.values import business_day
from projections.export import PARTS, json_parts
from projections.questions import Answer, Asked, Question, read_known_at
from services.decoding import BadValue, checked

Format = Literal["json", "csv", "parquet"]
QuestionName = Annotated[str, Path(pattern=r"^[a-z][a-z-]{0,39}$", description="one of the questions that there are")]
PARQUET: Final = "application/vnd.apache.parquet"
MEDIA: Final = {"json": "application/json", "csv": "text/csv; charset=utf-8", "parquet": PARQUET}
OWN: Final = frozenset({"by", "measures", "from", "to_day", "as_of", "known_at", "articles", "format", "after"})
STREAM_SECONDS: Final = 600.0  # for a client that takes its answer slowly
CONDITIONS: Final = 50
ROWS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The rows, sorted, with the position they were read at. Money and quantities are text.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/csv": {"schema": {"type": "string"}},
            PARQUET: {"schema": {"type": "string", "format": "binary"}},
        },
        "headers": {"Position": {"description": "the position it was read at", "schema": {"type": "string"}}},
    }
}


class Wanted(msgspec.Struct, frozen=True):
    """What a request asks, but for the question's name, and in which form."""

    asked: Asked
    form: Format


async def wanted(
    request: Request,
    by: Annotated[str, Query(max_length=400, description="the cut: dimensions, with commas between")] = "",
    measures: Annotated[str, Query(max_length=400, description="measures, with commas; left out: all that fit")] = "",
    from_: Annotated[str, Query(alias="from", max_length=10, description="the first business day")] = "",
    to_day: Annotated[str, Query(max_length=10, description="the last business day")] = "",
    as_of: Annotated[str, Query(max_length=10, description="without business days after this one")] = "",
    known_at: Annotated[str, Query(max_length=40, description="as known at a position or a time with offset")] = "",
    articles: Annotated[Literal["as-sold", "today"], Query(description="which version of an article")] = "as-sold",
    format_: Annotated[Format, Query(alias="format")] = "json",
) -> Wanted:
    """The dependency of an address that asks: reads the parameters; what is known only later is waited for."""
    where = tuple((name, value) for name, value in request.query_params.multi_items() if name not in OWN)
    if len(where) > CONDITIONS:
        raise BadValue(f"more than {CONDITIONS} conditions", "/where")
    doors = doors_of(request)
    known = read_known_at(known_at) if known_at else None
    if known is not None:
        await not_before(doors, known if isinstance(known, int) else doors.house.store.head())
    asked = Asked(
        "",
        by=_names(by),
        where=where,
        measures=_names(measures),
        first=_day("/from", from_),
        last=_day("/to_day", to_day),
        as_of=_day("/as_of", as_of),
        known_at=known,
        articles=articles,
        today=doors.clock().date(),
    )
    return Wanted(asked, format_)


Wants = Annotated[Wanted, Depends(wanted)]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _day(field: str, text: str) -> dt.date | None:
    if not text:
        return None
    checked(field, text, business_day)
    return dt.date.fromisoformat(text)


async def answered(
    request: Request,
    asked: Asked,
    form: Format,
    question: Question | None = None,
    owner: str = "",
    first_tell: Callable[[int], Awaitable[None]] | None = None,
) -> Response:
    """The answer as a stream. What can go wrong with the question does so before the first byte.

    `first_tell` hears of the position before anything is given.
    """
    stack = AsyncExitStack()
    try:
        answer = await stack.enter_async_context(doors_of(request).answering(asked, request, question))
        parts = PARTS[form](answer)
        stack.callback(parts.close)
        first = await anyio.to_thread.run_sync(next, parts, b"")
        if first_tell is not None:
            await first_tell(answer.position)
    except BaseException:
        await stack.aclose()
        raise
    headers = {"Position": position_token(owner, answer.position)}
    if form != "json":
        headers["Content-Disposition"] = f'attachment; filename="{asked.question}.{form}"'
    return _Streamed(first, parts, stack, MEDIA[form], headers)


class _Streamed(StreamingResponse):
    """Parts of an answer, taken in a thread as the client takes them; let go of at the end, whatever becomes of it."""

    def __init__(
        self, first: bytes, parts: Iterator[bytes], stack: AsyncExitStack, media: str, headers: dict[str, str]
    ) -> None:
        async def body() -> Any:
            part: bytes | None = first
            while part is not None:
                yield part
                part = await anyio.to_thread.run_sync(next, parts, None)

        super().__init__(body(), 200, headers, media)
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(STREAM_SECONDS):
                await super().__call__(scope, receive, send)
        finally:
            await self._stack.aclose()


async def listed(request: Request, asked: Asked, take: Callable[[int], None] = lambda _: None) -> list[dict[str, Any]]:
    """All rows of a short answer as they stand in JSON; `take` hears of the position."""
    async with doors_of(request).answering(asked, request) as answer:
        take(answer.position)
        return await asyncio.to_thread(_rows, answer)


def _rows(answer: Answer) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = msgspec.json.decode(b"".join(json_parts(answer)))["rows"]
    return rows
