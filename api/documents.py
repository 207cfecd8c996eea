"""The published description of the doors (OpenAPI): bodies and answers by the types that read and write them."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import Documented, Problem
from api.examples import BODIES, PARAMETERS
from api.receipts import BatchReceipt, BulkReceipt, DayAnswer, QuestionList, Receipt, TrailPage
from domain.products.commands import DescribeArticle
from domain.sales.commands import CloseDay, DeclareDrawer, DeclareNoSales, ReportBatch, ResolveConflict
from domain.stock.commands import RecordMovement
from domain.stores.commands import DescribeStore

TYPES: Final[tuple[type[msgspec.Struct], ...]] = (
    Problem,
    Receipt,
    BatchReceipt,
    BulkReceipt,
    DayAnswer,
    QuestionList,
    TrailPage,
    ReportBatch,
    DeclareDrawer,
    DeclareNoSales,
    CloseDay,
    ResolveConflict,
    DescribeStore,
    DescribeArticle,
    RecordMovement,
)
_REF: Final = "#/components/schemas/{name}"
ABOUT: Final = (
    "The back office of a chain of stores. Stores send their transactions and close their days, headquarters asks and "
    "decides, auditors follow every figure to its facts. Money is text, days are business days, and a write is "
    "answered with a position that a read may wait for."
)


def body_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The body an address takes, which the address reads itself."""
    schema = {"$ref": _REF.format(name=kind.__name__)}
    content: dict[str, Any] = {"schema": schema}
    if kind in BODIES:
        content["example"] = BODIES[kind]
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def lines_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The body an address takes as lines, each of them an object of a kind."""
    line = _REF.format(name=kind.__name__)
    says = f"One object a line, each as {line}; the lines are taken in as they come."
    schema = {"type": "string", "description": says}
    example = f"{msgspec.json.encode(BODIES[kind]).decode()}\n"
    content = {"application/x-ndjson": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "description": says, "content": content}}


def answer_of(kind: type[msgspec.Struct], says: str, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """What an address answers when all is well."""
    schema = {"$ref": _REF.format(name=kind.__name__)}
    position = {"description": "the position token of the answer", "schema": {"type": "string"}}
    return {
        status: {
            "description": says,
            "content": {"application/json": {"schema": schema}},
            "headers": {"Position": position},
        }
    }


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole description, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
        _, schemas = msgspec.json.schema_components(TYPES, ref_template=_REF)
        components = made.setdefault("components", {})
        components.setdefault("schemas", {}).update(schemas)
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
        for path, methods in made["paths"].items():
            for operation in methods.values():
                if path not in OPEN:
                    operation["security"] = [{"token": []}]
                _complete(operation)
            _link(path, methods, made["paths"])
        app.openapi_schema = made
    return app.openapi_schema


def _complete(operation: dict[str, Any]) -> None:
    """Add what holds for every address: what anything at all may answer, and examples of its parameters.

    What an example of the body says too, its address says alike.
    """
    operation["responses"] = dict(sorted({**Documented.everywhere(), **operation["responses"]}.items()))
    if "description" in operation:
        operation["description"] = operation["description"].partition("\n\nRaises:")[0]
    bodies = operation.get("requestBody", {}).get("content", {}).values()
    known = dict(PARAMETERS)
    for body in bodies:
        example = body.get("example", {})
        if isinstance(example, dict):
            known |= {name: example[name] for name in PARAMETERS.keys() & example.keys()}
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in known:
            parameter["example"] = known[parameter["name"]]


def _link(path: str, methods: dict[str, Any], paths: dict[str, Any]) -> None:
    """Say of each write below something that can be read where it is read, at the write's position."""
    read = paths.get(path.rpartition("/")[0], {}).get("get")
    if "post" in methods and read is not None:
        names = [each["name"] for each in methods["post"].get("parameters", ()) if each["in"] == "path"]
        parameters = {name: f"$request.path.{name}" for name in names} | {"after": "$response.body#/position"}
        methods["post"]["responses"]["200"]["links"] = {
            "read": {
                "operationId": read["operationId"],
                "parameters": parameters,
                "description": "Read it with what was written.",
            }
        }


OPEN: Final = frozenset({"/health", "/ready"})
"""The addresses that need no token."""
