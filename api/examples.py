"""Examples for the published description: one store's day, which runs as it stands when sent in the order of the doors.

They are of the store and the day of the guide. It must not know any address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from domain.products.commands import DescribeArticle
from domain.sales.commands import CloseDay, DeclareDrawer, DeclareNoSales, ReportBatch, ResolveConflict
from domain.stock.commands import RecordMovement
from domain.stores.commands import DescribeStore

STORE: Final = "12"
DAY: Final = "2024-03-05"
_AT: Final = {"store": STORE, "business_day": DAY}
_SALE: Final = {
    "at": f"{DAY}T09:04:12+00:00",
    "kind": "sale",
    "register": "TILL-1",
    "number": 1,
    "cashier": "C07",
    "lines": [{"sku": "MILK-1L", "quantity": "2", "list": "2.40", "net": "2.40"}],
    "net": "2.40",
    "tenders": [{"kind": "cash", "amount": "5.00", "change": "2.60"}],
    "total": "2.40",
}
BODIES: Final[Mapping[type[msgspec.Struct], dict[str, Any]]] = {
    DescribeStore: {
        "schema": "counterfoil/store/1",
        "store": STORE,
        "kind": "franchise",
        "time_zone": "Europe/Dublin",
        "currency": "EUR",
        "name": "Mill Lane",
        "region": "South",
        "registers": [{"code": "TILL-1"}],
    },
    DescribeArticle: {
        "schema": "counterfoil/article/1",
        "sku": "MILK-1L",
        "unit": "EA",
        "name": "Fresh milk 1 l",
        "department": "Dairy",
        "currency": "EUR",
        "list_price": "1.20",
    },
    ReportBatch: {
        "schema": "counterfoil/batch/1",
        **_AT,
        "batch_id": f"{STORE}-{DAY}-a",
        "registers": [{"code": "TILL-1", "last_number": 1}],
        "transactions": [_SALE],
    },
    DeclareDrawer: {
        "schema": "counterfoil/declaration/1",
        **_AT,
        "register": "TILL-1",
        "counts": [{"tender": "cash", "amount": "2.40"}],
    },
    DeclareNoSales: {
        "schema": "counterfoil/no-sales/1",
        **_AT,
        "business_day": "2024-03-06",
        "reason": "Burst water main, shut all day",
    },
    CloseDay: {"schema": "counterfoil/closing/1", **_AT},
    ResolveConflict: {
        "schema": "counterfoil/resolution/1",
        **_AT,
        "register": "TILL-1",
        "number": 1,
        "decision": "keep_first",
        "reason": "The paper roll agrees with the first",
    },
    RecordMovement: {
        "schema": "counterfoil/movement/1",
        **_AT,
        "movement_id": "delivery-4711",
        "movement": "receipt",
        "lines": [{"sku": "MILK-1L", "quantity": "48", "value": "38.40"}],
    },
}
"""A body of each kind that an address takes."""

PARAMETERS: Final[Mapping[str, str]] = {
    "store": STORE,
    "business_day": DAY,
    "question": "sales",
    "sku": "MILK-1L",
    "by": "store,business_day",
    "from": "2024-03-01",
    "to_day": "2024-03-31",
}
"""A value of each parameter that has an obvious one, wherever it stands."""
