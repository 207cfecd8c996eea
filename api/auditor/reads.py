"""What auditors read is recorded before it is given: who, what was asked, and the position it was answered at."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from api.doors import doors_of
from api.identity import Caller
from services.decoding import BadValue
from services.runtime.trail import record_read

ASKED_LIMIT: Final = 2_000  # characters


class Read:
    """A read on its way: `at` records it with the position it is answered at."""

    def __init__(self, request: Request, caller: Caller) -> None:
        query = request.url.query
        self._asked = f"{request.url.path}?{query}" if query else request.url.path
        if len(self._asked) > ASKED_LIMIT:
            raise BadValue(f"what auditors ask is recorded whole, and may have {ASKED_LIMIT:,} characters")
        self._request = request
        self._caller = caller

    async def at(self, position: int) -> None:
        """Record it; only then may the answer be given."""
        doors = doors_of(self._request)
        day = doors.clock().date().isoformat()
        await doors.do(record_read(self._asked, position, day), self._request, self._caller)
