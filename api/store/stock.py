"""A store's goods that do not come from a sale: what was there when the books began, and what came in since."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.commands import TAKEN_IN, take
from api.documents import body_of
from api.identity import Caller
from api.roles import allowed
from api.store.sales import Store
from domain.stock.commands import RecordMovement
from services.intake import Place

router = APIRouter(prefix="/store/{store}", tags=["stores"])


@router.post("/movements", openapi_extra=body_of(RecordMovement), responses=TAKEN_IN)
async def move(request: Request, store: Store, caller: Annotated[Caller, Depends(allowed("stock:move"))]) -> Response:
    """Record an opening stock or a receipt of goods. Its `movement_id` makes sending it again harmless."""
    return await take(request, Place(store), caller, "counterfoil/movement/1")
