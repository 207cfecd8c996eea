"""A store's trading day: batches in, declarations, closing, and how the day stands; and the store's own figures.

Path, token and body must agree on the store. Before a drawer is declared nothing here shows what it should hold: no sum
by tender at all, since the drawers of the question `drawer` show it when they may.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response

from api.commands import TAKEN_IN, json_response, take
from api.consistency import Waited, position_token
from api.documents import answer_of, body_of
from api.doors import Doors, doors_of
from api.errors import Documented
from api.identity import Caller
from api.limits import read_body
from api.questions import ROWS, Wanted, Wants, answered, listed
from api.receipts import BatchReceipt, DayAnswer
from api.roles import ForeignStore, allowed
from domain.sales.commands import CloseDay, DeclareDrawer, DeclareNoSales, ReportBatch
from domain.values import business_day as read_business_day
from projections.questions import Asked, Question
from projections.registry import question_of
from services.decoding import checked
from services.intake import BATCH, Answer, Place

router = APIRouter(prefix="/store/{store}", tags=["stores"])
Store = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,39}$", description="the store's code")]
Day = Annotated[str, Path(pattern=r"^\d{4}-\d{2}-\d{2}$", description="the business day, YYYY-MM-DD")]
Reports = Annotated[Caller, Depends(allowed("day:report"))]
Closes = Annotated[Caller, Depends(allowed("day:close"))]
Reads = Annotated[Caller, Depends(allowed("day:read"))]
DECODED_AT_ONCE: Final = 256 * 1024  # bytes; more takes long enough to hold others up, and is decoded in a thread
OF_CASH: Final = frozenset({"tender", "tendered"})


@router.post(
    "/days/{business_day}/batches",
    openapi_extra=body_of(ReportBatch),
    responses={
        **answer_of(BatchReceipt, "What became of the batch."),
        **Documented.problems(400, 404, 408, 409, 413, 415),
    },
)
async def report(request: Request, store: Store, business_day: Day, caller: Reports) -> Response:
    """Take in some of the day's transactions. Sent again, the same batch gets the same answer, marked `replayed`."""
    doors, place = doors_of(request), Place(store, business_day)
    body = await read_body(request)
    if body.whole is not None:
        await doors.keep_too_large(body, request, caller, BATCH, place)
    source = f"batch of {caller.actor}"
    if len(body.raw) > DECODED_AT_ONCE:
        command = await asyncio.to_thread(doors.house.intake.batch, body.raw, source, None, place)
    else:
        command = doors.house.intake.batch(body.raw, source, None, place)
    kept = await doors.do(command, request, caller)
    answer: Answer = kept.result
    _count(doors, answer)
    token = position_token(store, kept.position or doors.house.store.head())
    receipt = BatchReceipt(
        answer.batch_id, answer.accepted, answer.duplicate, answer.conflict, answer.rejected, answer.after_close,
        answer.listed, answer.replayed, token,
    )  # fmt: skip
    return json_response(receipt, token)


def _count(doors: Doors, answer: Answer) -> None:
    if answer.replayed:
        doors.metrics.replayed.inc()
        return
    for outcome in ("accepted", "duplicate", "conflict", "rejected", "after_close"):
        if number := getattr(answer, outcome):
            doors.metrics.outcomes.labels(outcome).inc(number)


@router.post("/days/{business_day}/declarations", openapi_extra=body_of(DeclareDrawer), responses=TAKEN_IN)
async def declare(request: Request, store: Store, business_day: Day, caller: Closes) -> Response:
    """Declare the blind count of a drawer."""
    return await take(request, Place(store, business_day), caller, "counterfoil/declaration/1")


@router.post("/days/{business_day}/no-sales", openapi_extra=body_of(DeclareNoSales), responses=TAKEN_IN)
async def declare_no_sales(request: Request, store: Store, business_day: Day, caller: Reports) -> Response:
    """Say that the store sold nothing that day."""
    return await take(request, Place(store, business_day), caller, "counterfoil/no-sales/1")


@router.post("/days/{business_day}/closing", openapi_extra=body_of(CloseDay), responses=TAKEN_IN)
async def close(request: Request, store: Store, business_day: Day, caller: Closes) -> Response:
    """Seal the day's figures. What is missing or in conflict then is listed by the seal."""
    return await take(request, Place(store, business_day), caller, "counterfoil/closing/1")


@router.get("/days/{business_day}", responses={**answer_of(DayAnswer, "How the day stands."), **Documented.problems()})
async def show_day(request: Request, store: Store, business_day: Day, _caller: Reads, _position: Waited) -> Response:
    """How the day stands: state, outcomes of its batches, gaps, exceptions, conflicts, declared drawers and seal."""
    checked("/business_day", business_day, read_business_day)
    day = dt.date.fromisoformat(business_day)
    asked = Asked("coverage", where=(("store", store),), first=day, last=day, today=doors_of(request).clock().date())
    position: list[int] = []

    async def rows(question: str, *by: str) -> list[dict[str, Any]]:
        known = position[0] if position else None
        narrowed = msgspec.structs.replace(asked, question=question, by=by, known_at=known)
        return await listed(request, narrowed, position.append)

    coverage = await rows("coverage", "status")
    token = position_token(store, position[0])
    answer = DayAnswer(
        store,
        business_day,
        token,
        coverage[0]["status"] if coverage else "no_data",
        outcomes=await rows("outcomes"),
        gaps=await rows("gaps", "register", "epoch", "place", "first", "last"),
        exceptions=await rows("exceptions", "code", "register", "number", "line", "sku", "detail"),
        conflicts=await rows("quarantine", "register", "number", "epoch", "why", "status", "hash", "first_hash"),
        drawers=await rows("drawer", "drawer", "tender"),
        sealed=await rows("days", "state"),
    )
    return json_response(answer, token)


@router.get("/sales", responses={**ROWS, **Documented.problems()})
async def sales(request: Request, store: Store, _caller: Reads, _position: Waited, wants: Wants) -> Response:
    """The store's own sales, in any cut but by tender."""
    return await _own(request, store, wants, _without_cash(question_of("sales")))


@router.get("/stock", responses={**ROWS, **Documented.problems()})
async def stock(request: Request, store: Store, _caller: Reads, _position: Waited, wants: Wants) -> Response:
    """The store's own stock and what moved it."""
    return await _own(request, store, wants, question_of("stock"))


async def _own(request: Request, store: str, wants: Wanted, question: Question) -> Response:
    """Answer about one store and no other, whatever else is asked."""
    if any(value != store for name, value in wants.asked.where if name == "store"):
        raise ForeignStore("this address is of one store")
    others = tuple(each for each in wants.asked.where if each[0] != "store")
    asked = msgspec.structs.replace(wants.asked, question=question.name, where=(*others, ("store", store)))
    return await answered(request, asked, wants.form, question, store)


def _without_cash(question: Question) -> Question:
    """The question without what drawers should hold."""
    return replace(
        question,
        dimensions=[each for each in question.dimensions if each.name not in OF_CASH],
        measures=[each for each in question.measures if each.name not in OF_CASH],
    )
