"""How much, how often and how slowly: requests of a token, bodies, and what may wait. It must not know any address.

Compressed bodies are not taken: a batch of 8 MiB is a day of a large store, and nobody can hide a gigabyte in one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec
from fastapi import Request

from api.errors import MediaNotTaken, SlowBody, TooManyRequests
from services.decoding import BATCH_LIMIT

BODY_SECONDS: Final = 30.0  # for the whole body
CHUNK_SECONDS: Final = 10.0  # between two parts of it
READ_ON: Final = 4 * BATCH_LIMIT  # of a body too large, to hash the whole of it and to be heard by a client that sends
BEGINNING: Final = 64 * 1024
TOKENS_HELD: Final = 10_000
ANY_JSON: Final = ("application/json",)


class Body(msgspec.Struct, frozen=True):
    """A body, or of one that is too large its beginning, its length and its hash as far as it was read."""

    raw: bytes
    whole: tuple[str, int] | None = None


async def read_body(request: Request, limit: int = BATCH_LIMIT, types: tuple[str, ...] = ANY_JSON) -> Body:
    """Read a body of at most `limit` bytes, holding no more of it.

    Raises:
        MediaNotTaken: it is of another type, or compressed.
        SlowBody: it does not come in time.
    """
    check_media(request, types)
    parts: list[bytes] = []
    beginning, digest, length = b"", hashlib.sha256(), 0
    stream = request.stream()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while length <= limit + READ_ON:
                async with asyncio.timeout(CHUNK_SECONDS):
                    part = await anext(stream, None)
                if part is None:
                    break
                length += len(part)
                if length <= limit:
                    parts.append(part)
                    continue
                if not beginning:
                    held = b"".join(parts)
                    digest.update(held)
                    beginning = (held + part)[:BEGINNING]
                    parts.clear()
                digest.update(part)
    except TimeoutError:
        raise SlowBody("the body came too slowly and was not waited for; send it again") from None
    if length <= limit:
        return Body(b"".join(parts))
    return Body(beginning, (digest.hexdigest(), length))


def check_media(request: Request, types: tuple[str, ...]) -> None:
    """Look at what a body says it is.

    Raises:
        MediaNotTaken: it is of another type, or compressed.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in types:
        raise MediaNotTaken(f"send {' or '.join(types)}, and name it in the header Content-Type")
    if request.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise MediaNotTaken("send the body as it is, not compressed")


class Rates:
    """A bucket of requests for each token, filled again all the time; twice a second's worth may be saved up."""

    def __init__(self, per_second: int, monotonic: Callable[[], float]) -> None:
        self._per_second = per_second
        self._monotonic = monotonic
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, token: str) -> None:
        """Take one request out of a token's bucket.

        Raises:
            TooManyRequests: it is empty.
        """
        now = self._monotonic()
        full = 2.0 * self._per_second
        left, since = self._held.pop(token, (full, now))
        left = min(full, left + (now - since) * self._per_second)
        self._held[token] = (max(left - 1.0, 0.0), now)
        if len(self._held) > TOKENS_HELD:
            self._held.popitem(last=False)
        if left < 1.0:
            raise TooManyRequests(f"this token may make {self._per_second:,} requests a second: wait a moment")
