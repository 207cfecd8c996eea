"""The domain imports itself, msgspec, stdnum and the harmless part of the standard library; nothing else.

Read from the syntax tree, so that an import inside a function counts as well. What reaches a clock, a disk, a network,
a process or chance is left out of the harmless part: all of that comes in through the door.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
ALLOWED: Final = {
    "__future__",
    "abc",
    "base64",
    "bisect",
    "collections",
    "contextlib",
    "dataclasses",
    "datetime",
    "decimal",
    "domain",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "json",
    "math",
    "msgspec",
    "operator",
    "re",
    "stdnum",
    "string",
    "sys",
    "struct",
    "types",
    "typing",
    "unicodedata",
    "zoneinfo",
}
CLOCKS: Final = {"now", "today", "utcnow"}
RUNTIME: Final = {"__import__", "compile", "eval", "exec", "open"}


def impurities(source: str) -> list[str]:
    """What a module of the domain reaches for and may not: foreign imports, the clock, files, code made at run time."""
    return [found for node in ast.walk(ast.parse(source)) for found in (*_imported(node), *_called(node))]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name.partition(".")[0] not in ALLOWED]
    if isinstance(node, ast.ImportFrom) and (node.level or str(node.module).partition(".")[0] not in ALLOWED):
        return ["." * node.level + (node.module or "")]
    return []


def _called(node: ast.AST) -> list[str]:
    if not isinstance(node, ast.Call):
        return []
    name = ast.unparse(node.func)
    return [name] if name in RUNTIME or name.rpartition(".")[2] in CLOCKS else []


@pytest.mark.parametrize("path", sorted((ROOT / "domain").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_domain_is_pure(path: Path) -> None:
    assert impurities(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import sqlite3", ["sqlite3"]),
        ("import importlib.resources as files", ["importlib.resources"]),
        ("from eventsourcing.application import Application", ["eventsourcing.application"]),
        ("def rule():\n    import duckdb", ["duckdb"]),
        ("if TYPE_CHECKING:\n    from fastapi import Request", ["fastapi"]),
        ("import random, re, time", ["random", "time"]),
        ("from services import sales", ["services"]),
        ("from . import facts", ["."]),
        ("from ..sales import facts", ["..sales"]),
        ("module = __import__('kafka')", ["__import__"]),
        ("day = dt.date.today()", ["dt.date.today"]),
        ("at = datetime.now(UTC)", ["datetime.now"]),
        ("text = open('rates.txt').read()", ["open"]),
    ],
)
def test_an_impure_module_is_noticed(source: str, found: list[str]) -> None:
    assert impurities(source) == found


def test_a_pure_module_is_left_alone() -> None:
    source = "import datetime as dt\nimport msgspec.json\nfrom stdnum import ean\nfrom domain.values import code\n"
    assert impurities(source) == []
