"""Headquarters asks: `GET /hq/sales?by=store,business_day&department=GROCERY&from=2017-03-01&format=csv`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from api.consistency import Waited
from api.documents import answer_of
from api.errors import Documented
from api.identity import Caller
from api.questions import ROWS, QuestionName, Wants, answered
from api.receipts import QuestionList
from api.roles import allowed
from projections.registry import QUESTIONS

router = APIRouter(prefix="/hq", tags=["headquarters"])


@router.get("/questions", responses={**answer_of(QuestionList, "What there is to ask."), **Documented.problems()})
async def show_questions(_caller: Annotated[Caller, Depends(allowed("chain:ask"))]) -> Response:
    """What there is to ask: the questions, what each can be cut by, and its figures with the cuts that they allow."""
    said = QuestionList([question.describe() for question in QUESTIONS.values()])
    return Response(msgspec.json.encode(said), media_type="application/json")


@router.get("/{question}", responses={**ROWS, **Documented.problems()})
async def ask(
    request: Request,
    question: QuestionName,
    _caller: Annotated[Caller, Depends(allowed("chain:ask"))],
    _position: Waited,
    wants: Wants,
) -> Response:
    """Answer a question about the whole chain. Any other parameter is a dimension: only rows with that value."""
    return await answered(request, msgspec.structs.replace(wants.asked, question=question), wants.form)
