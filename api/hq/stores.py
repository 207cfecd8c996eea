"""Headquarters describes stores: one at a time, where two people may be at the same one, or many in one body."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.bulk import take_lines
from api.commands import DESCRIBED, describe, json_response
from api.consistency import Matched, Waited, etag, position_token
from api.documents import answer_of, body_of, lines_of
from api.doors import doors_of
from api.errors import Documented
from api.identity import Caller
from api.receipts import BulkReceipt
from api.roles import allowed
from domain.stores.commands import DescribeStore
from domain.values import business_day
from services.decoding import checked
from services.intake import STORE, Place

router = APIRouter(prefix="/hq/stores", tags=["headquarters"])
Store = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,39}$", description="the store's code")]
On = Annotated[str, Query(max_length=10, description="the business day to look at; left out: today (UTC)")]
BULK = {**answer_of(BulkReceipt, "What became of the lines."), **Documented.problems(400, 408, 409, 413, 415)}
Describes = Annotated[Caller, Depends(allowed("stores:describe"))]


@router.put("/{store}", openapi_extra=body_of(DescribeStore), responses=DESCRIBED)
async def put(request: Request, store: Store, caller: Describes, match: Matched) -> Response:
    """Say how a store is from a day on; the first description registers it. Said again it changes nothing."""
    return await describe(request, Place(store), caller, STORE, store, match)


@router.post("", openapi_extra=lines_of(DescribeStore), responses=BULK)
async def post(request: Request, caller: Describes) -> Response:
    """Describe many stores, one a line. What is refused is listed by its line; the rest goes in."""
    intake = doors_of(request).house.intake
    return await take_lines(
        request, caller, STORE, "", lambda lines: [intake.line(raw, source, STORE) for raw, source in lines]
    )


@router.get("/{store}", responses={**answer_of(DescribeStore, "How the store is."), **Documented.problems(404)})
async def show(
    request: Request,
    store: Store,
    caller: Annotated[Caller, Depends(allowed("chain:ask"))],
    _position: Waited,
    on: On = "",
) -> Response:
    """How a store is on a day, as one would describe it from that day on. The ETag is for whoever describes it anew."""
    doors = doors_of(request)
    day = on or doors.clock().date().isoformat()
    checked("/on", day, business_day)
    kept = await doors.do(doors.house.intake.stores.held(store, day), request, caller)
    token = position_token(store, doors.house.store.head())
    return json_response(kept.result.description, token, etag(kept.result.version))
