"""What each role may do: one table, and the one dependency by which every address asks it.

A permission needs its scope too, so that a token may be given for reading alone. Everything is refused that does not
stand here. It must not know how a token is checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from fastapi import Request

from api.doors import Doors, doors_of
from api.identity import Caller
from domain.kernel import Refusal

Scope = Literal["read", "write"]


class Permission(NamedTuple):
    """What may be done, and the scope it needs."""

    says: str
    scope: Scope


PERMISSIONS: Final[Mapping[str, Permission]] = {
    "day:report": Permission("send a store's batches, and say that a day was without sales", "write"),
    "day:close": Permission("declare a store's drawers and close its day", "write"),
    "day:read": Permission("read how a store's day stands, and the store's own sales and stock", "read"),
    "stock:move": Permission("record goods that came in, or were there when the books began", "write"),
    "chain:ask": Permission("ask every question about every store", "read"),
    "stores:describe": Permission("register stores and describe them anew", "write"),
    "articles:describe": Permission("register articles and describe them anew", "write"),
    "quarantine:resolve": Permission("decide about conflicts and exceptions, with a reason", "write"),
    "audit:ask": Permission("ask every question, which is recorded", "read"),
    "audit:trail": Permission("follow who did what, when and why, which is recorded", "read"),
    "house:watch": Permission("read the metrics and the health of the folder", "read"),
    "house:import": Permission("import files, as the command line does", "write"),
}
ROLES: Final[Mapping[str, frozenset[str]]] = {
    "store": frozenset({"day:report", "day:read", "stock:move"}),
    "store-manager": frozenset({"day:report", "day:close", "day:read", "stock:move"}),
    "buyer": frozenset({"chain:ask", "articles:describe"}),
    "finance": frozenset({"chain:ask", "stores:describe"}),
    "headquarters": frozenset({"chain:ask", "stores:describe", "articles:describe", "quarantine:resolve"}),
    "auditor": frozenset({"audit:ask", "audit:trail"}),
    "operator": frozenset({"chain:ask", "house:watch", "house:import"}),
}


OF_OWN_STORES: Final = frozenset({"day:report", "day:close", "day:read", "stock:move"})
"""What may be done for the stores that a token names, and for no other."""


class NotAllowed(Refusal):
    """The role, or the token's scope, does not allow it."""

    code = "not_allowed"
    kind = "forbidden"


class ForeignStore(Refusal):
    """The token is not of this store, whether or not there is such a store."""

    code = "foreign_store"
    kind = "forbidden"


class Allowed:
    """The dependency of an address: gives the caller, who may do what the address does, and for the store it names."""

    def __init__(self, permission: str) -> None:
        if permission not in PERMISSIONS:
            raise KeyError(permission)
        self.permission = permission

    async def __call__(self, request: Request) -> Caller:
        doors = doors_of(request)
        caller = await identified(doors, request)
        request.scope["counterfoil.caller"] = caller
        doors.rates.take(caller.jti)
        if self.permission not in ROLES[caller.role]:
            raise NotAllowed(f"the role {caller.role} may not {PERMISSIONS[self.permission].says}")
        if PERMISSIONS[self.permission].scope not in caller.scopes:
            raise NotAllowed(f"this token lacks the scope {PERMISSIONS[self.permission].scope}")
        if self.permission in OF_OWN_STORES and request.path_params["store"] not in caller.stores:
            await doors.keep_attempt(request, caller)
            raise ForeignStore("this token is not of that store")
        return caller


async def identified(doors: Doors, request: Request) -> Caller:
    """Who is calling; keys that an identity provider has published since are fetched first."""
    authorization = request.headers.get("authorization")
    if doors.identity.wants_refresh(authorization):
        await asyncio.to_thread(doors.identity.refresh)
    return doors.identity.caller(authorization)


def allowed(permission: str) -> Allowed:
    """The dependency for an address: `caller: Annotated[Caller, Depends(allowed("day:report"))]`."""
    return Allowed(permission)
