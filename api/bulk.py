"""Many descriptions in one request: lines of JSON, taken in a few at a time as they come, and never held all at once.

What was taken in before something stood in the way stays: sent again, it changes nothing. It must not know any address.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from fastapi import Request, Response

from api.commands import json_response
from api.consistency import position_token
from api.doors import doors_of
from api.errors import SlowBody
from api.identity import Caller
from api.limits import BEGINNING, CHUNK_SECONDS, check_media
from api.receipts import BulkReceipt, RefusedLine
from services.decoding import TooLarge
from services.intake import Refused
from services.refusals import keep_refused
from services.runtime.bulk import Line as Sourced
from services.runtime.bulk import Tally
from services.writer import Command, Unit

NDJSON: Final = ("application/x-ndjson", "application/ndjson")
LINE_LIMIT: Final = 64 * 1024
LINES_AT_ONCE: Final = 500
BYTES_AT_ONCE: Final = 512 * 1024
BULK_LIMIT: Final = 1024 * 1024 * 1024
BULK_SECONDS: Final = 1_800.0
LISTED: Final = 100
STAYS: Final = "; what came before may have been taken in, and sent again changes nothing"
_BOM: Final = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line by its number, beginning with 1; of one too long its beginning, and hash and length of the whole."""

    number: int
    raw: bytes
    whole: tuple[str, int] | None = None


class Cutter:
    """Cuts a body that comes in parts into lines, holding one line at most. Blank lines are counted and left out."""

    def __init__(self) -> None:
        self._number = 0
        self._line = bytearray()
        self._digest = hashlib.sha256()
        self._length = 0

    def feed(self, part: bytes) -> Iterator[Line]:
        """The lines that end in this part."""
        *ended, begun = part.split(b"\n")
        for piece in ended:
            self._add(piece)
            yield from self.end()
        self._add(begun)

    def end(self) -> Iterator[Line]:
        """The line that has come so far, which is all there is of it."""
        self._number += 1
        raw, length = bytes(self._line), self._length
        whole = (self._digest.hexdigest(), length) if length > LINE_LIMIT else None
        self._line, self._digest, self._length = bytearray(), hashlib.sha256(), 0
        if self._number == 1:
            raw = raw.removeprefix(_BOM)
        if whole is not None:
            yield Line(self._number, raw, whole)
        elif raw := raw.strip():
            yield Line(self._number, raw)

    def _add(self, piece: bytes) -> None:
        self._length += len(piece)
        self._digest.update(piece)
        self._line += piece[: BEGINNING - len(self._line)]


async def take_lines(
    request: Request,
    caller: Caller,
    schema: str,
    owner: str,
    commands: Callable[[Sequence[Sourced]], list[Command[Any]]],
) -> Response:
    """Take in lines of a schema and count what became of them; `commands` makes commands of some of them.

    Raises:
        TooLarge, SlowBody: the rest was not taken in.
    """
    check_media(request, NDJSON)
    doors = doors_of(request)
    recorded = unchanged = refused = position = 0
    listed: list[RefusedLine] = []
    async for lines in _groups(request):
        made = await asyncio.to_thread(_commands, lines, schema, commands)
        tally = Tally()
        for kept in await doors.do_all(made, request, caller):
            tally.count(schema, kept.result, "")
            position = max(position, kept.position)
        recorded += sum(tally.recorded.values())
        unchanged += sum(tally.unchanged.values())
        refused += len(tally.refused)
        listed += [_listed(each) for each in tally.refused[: LISTED - len(listed)]]
    token = position_token(owner, position or doors.house.store.head())
    listed.sort(key=lambda each: each.line)
    return json_response(BulkReceipt(recorded, unchanged, refused, listed, token), token)


def _commands(
    lines: Sequence[Line], schema: str, commands: Callable[[Sequence[Sourced]], list[Command[Any]]]
) -> list[Command[Any]]:
    fit = [(line.raw, f"line {line.number}") for line in lines if line.whole is None]
    return [
        *(commands(fit) if fit else []),
        *(_too_long(line, schema) for line in lines if line.whole is not None),
    ]


def _too_long(line: Line, schema: str) -> Command[Refused]:
    """Keep the beginning of a line that is too long, and refuse it."""
    why, source = TooLarge(f"the line has more than {LINE_LIMIT:,} bytes"), f"line {line.number}"
    keep = keep_refused(line.raw, why, why.code, schema=schema, source=source, whole=line.whole)

    def command(unit: Unit) -> Refused:
        keep(unit)
        return Refused(schema, why.code, why.field, why.reason, source, why.kind)

    return command


def _listed(refused: Refused) -> RefusedLine:
    return RefusedLine(int(refused.source.removeprefix("line ")), refused.code, refused.field, refused.reason)


async def _groups(request: Request) -> AsyncIterator[list[Line]]:
    """The lines as they come, a few together."""
    cutter, lines, held, length = Cutter(), list[Line](), 0, 0
    monotonic = asyncio.get_running_loop().time
    until = monotonic() + BULK_SECONDS
    async for part in _parts(request):
        length += len(part)
        for line in cutter.feed(part):
            lines.append(line)
            held += len(line.raw)
            if len(lines) == LINES_AT_ONCE or held >= BYTES_AT_ONCE:
                yield lines
                lines, held = [], 0
        if length > BULK_LIMIT:
            raise TooLarge(f"the body has more than {BULK_LIMIT:,} bytes: send it in several{STAYS}")
        if monotonic() > until:
            raise SlowBody(f"the body took longer than {BULK_SECONDS:g} s: send it in several{STAYS}")
    lines += cutter.end()
    if lines:
        yield lines


async def _parts(request: Request) -> AsyncIterator[bytes]:
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(CHUNK_SECONDS):
                part = await anext(stream, None)
        except TimeoutError:
            raise SlowBody(f"the body came too slowly{STAYS}") from None
        if part is None:
            return
        yield part
