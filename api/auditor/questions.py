"""Auditors ask the same questions as headquarters, of the same figures; what they ask is recorded."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from api.auditor.reads import Read
from api.consistency import Waited
from api.errors import Documented
from api.identity import Caller
from api.questions import ROWS, QuestionName, Wants, answered
from api.roles import allowed

router = APIRouter(prefix="/auditor", tags=["auditors"])


@router.get("/{question}", responses={**ROWS, **Documented.problems()})
async def ask(
    request: Request,
    question: QuestionName,
    caller: Annotated[Caller, Depends(allowed("audit:ask"))],
    _position: Waited,
    wants: Wants,
) -> Response:
    """Answer a question about the whole chain. Any other parameter is a dimension: only rows with that value."""
    read, asked = Read(request, caller), msgspec.structs.replace(wants.asked, question=question)
    return await answered(request, asked, wants.form, first_tell=read.at)
