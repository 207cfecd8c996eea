"""Headquarters decides about what a store's trading day holds in quarantine."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.commands import TAKEN_IN, take
from api.documents import body_of
from api.identity import Caller
from api.roles import allowed
from api.store.sales import Day, Store
from domain.sales.commands import ResolveConflict
from services.intake import Place

router = APIRouter(prefix="/hq/stores/{store}/days/{business_day}", tags=["headquarters"])


@router.post("/resolutions", openapi_extra=body_of(ResolveConflict), responses=TAKEN_IN)
async def resolve(
    request: Request, store: Store, business_day: Day, caller: Annotated[Caller, Depends(allowed("quarantine:resolve"))]
) -> Response:
    """Decide a conflict, with a reason: the first transaction stays, or the second takes its place."""
    return await take(request, Place(store, business_day), caller, "counterfoil/resolution/1")
