"""Headquarters describes articles: one at a time, where two people may be at the same one, or many in one body."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.bulk import take_lines
from api.commands import DESCRIBED, describe, json_response
from api.consistency import Matched, Waited, etag, position_token
from api.documents import answer_of, body_of, lines_of
from api.doors import doors_of
from api.errors import Documented
from api.hq.stores import BULK
from api.identity import Caller
from api.questions import listed
from api.roles import allowed
from domain.kernel import Refusal
from domain.products.commands import DescribeArticle
from domain.values import business_day
from projections.questions import Asked
from services.decoding import checked
from services.intake import ARTICLE, Place

router = APIRouter(prefix="/hq/articles", tags=["headquarters"])
OWNER = "products"
Sku = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/+-]{0,39}$", description="the article's number")]
On = Annotated[str, Query(max_length=10, description="the business day to look at; left out: today (UTC)")]
Describes = Annotated[Caller, Depends(allowed("articles:describe"))]
SAID = (
    "effective_from", "unit", "name", "gtins", "department", "category", "subcategory", "brand", "manufacturer",
    "package_size", "currency",
)  # fmt: skip


class UnknownArticle(Refusal):
    """Nobody has described the article, or it holds from a later day on."""

    code = "unknown_article"
    kind = "missing"


@router.put("/{sku:path}", openapi_extra=body_of(DescribeArticle), responses=DESCRIBED)
async def put(request: Request, sku: Sku, caller: Describes, match: Matched) -> Response:
    """Say how an article is from a day on; the first description registers it. Said again it changes nothing."""
    return await describe(request, Place("", sku=sku), caller, ARTICLE, OWNER, match)


@router.post("", openapi_extra=lines_of(DescribeArticle), responses=BULK)
async def post(request: Request, caller: Describes) -> Response:
    """Describe many articles, one a line. What is refused is listed by its line; the rest goes in."""
    intake = doors_of(request).house.intake
    return await take_lines(request, caller, ARTICLE, OWNER, lambda lines: [intake.articles(lines)])


@router.get("/{sku:path}", responses={**answer_of(DescribeArticle, "How the article is."), **Documented.problems(404)})
async def show(
    request: Request,
    sku: Sku,
    _caller: Annotated[Caller, Depends(allowed("chain:ask"))],
    _position: Waited,
    on: On = "",
) -> Response:
    """How an article is on a day, as it was described. The ETag is for whoever describes it anew.

    Raises:
        UnknownArticle: nobody has described it for that day.
    """
    doors = doors_of(request)
    day = on or doors.clock().date().isoformat()
    checked("/on", day, business_day)
    asked = Asked(
        "articles",
        by=("sku", *SAID),
        where=(("sku", sku),),
        measures=("list_price", "cost"),
        as_of=dt.date.fromisoformat(day),
    )
    position: list[int] = []
    rows = await listed(request, asked, position.append)
    if not rows:
        raise UnknownArticle("nobody has described this article for that day")
    described = _described(sku, rows[0])
    version = doors.house.intake.products.version_said(described)
    return json_response(described, position_token(OWNER, position[0]), etag(version))


def _described(sku: str, row: dict[str, Any]) -> DescribeArticle:
    """A row of the answer as one would describe the article."""
    said = {name: value for name, value in row.items() if value} | {"gtins": row["gtins"].split()}
    return msgspec.convert(said | {"schema": ARTICLE, "sku": sku}, DescribeArticle)
