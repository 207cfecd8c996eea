"""The whole tree is tidy; and every rule of tidiness notices when it is broken."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from pathlib import Path, PurePath
from typing import Final

import pytest

from domain.kernel import Fact
from domain.registry import FACTS
from tests.house import tidy

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("api", "domain", "projections", "services", "tests")
AREAS: Final = ("audit", "products", "sales", "stock", "stores")
BESIDE_THE_ROOMS: Final = (
    ".ci/run",
    ".gitignore",
    "CHANGELOG.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "constraints.txt",
    "docker-compose.yml",
    "pyproject.toml",
)
WRITTEN: Final = {".md", ".py", ".sql", ".toml", ".txt", ".yml"}


def files() -> list[Path]:
    """Everything people wrote: the rooms, docs/ and the few files beside them."""
    found = [path for room in (*ROOMS, "docs") for path in (ROOT / room).rglob("*") if path.suffix in WRITTEN]
    return sorted(found + [ROOT / name for name in BESIDE_THE_ROOMS if (ROOT / name).exists()])


def test_every_file_is_tidy() -> None:
    faults = [fault for path in files() for fault in tidy.faults(path.relative_to(ROOT), path.read_text("utf-8"))]
    assert not faults, "\n" + "\n".join(faults)


def test_only_the_named_rooms_stand_at_the_top() -> None:
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(ROOMS)


def test_the_areas_of_the_domain_are_those_listed() -> None:
    assert {path.parent.name for path in (ROOT / "domain").glob("*/__init__.py")} == set(AREAS)


def test_every_fact_on_disk_is_in_the_dictionary_of_the_log() -> None:
    modules = [importlib.import_module(f"domain.{path.parent.name}.facts") for path in facts_modules()]
    facts = [
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Fact) and thing.__module__ == module.__name__
    ]
    assert facts
    assert tidy.unregistered(facts, FACTS.values()) == []
    assert all(topic == fact.TOPIC for topic, fact in FACTS.items())


def test_no_topic_is_given_twice() -> None:
    given = [
        topic
        for path in facts_modules()
        for _, topic, _ in tidy.topics(path.relative_to(ROOT), path.read_text("utf-8"))
    ]
    assert tidy.repeated(given) == []
    assert set(given) == set(FACTS)


def test_what_a_run_leaves_behind_is_not_kept() -> None:
    """A cache, an environment or a database in the history would be somebody's machine, not the project."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no history to ask")
    kept = subprocess.run([git, "ls-files", "-ci", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    assert kept.stdout.decode() == ""


def test_make_needs_nothing_but_python() -> None:
    """Nobody who only wants to run it needs git: what is there is found by walking the tree."""
    assert not re.search(r"\bgit\b", (ROOT / "Makefile").read_text("utf-8"))
    assert ROOT / "Makefile" in files()
    assert Path(__file__) in files()


def facts_modules() -> list[Path]:
    """The facts module of each area on disk."""
    return sorted((ROOT / "domain").glob("*/facts.py"))


DOC: Final = '"""What it holds."""\n'
OFFENDERS: Final = (
    (tidy.short_files, "services/sales.py", DOC + "x = 1\n" * tidy.FILE_LINES),
    (tidy.short_files, "projections/sales.sql", "-- a line\n" * (tidy.FILE_LINES + 1)),
    (tidy.short_functions, "services/sales.py", DOC + "def close():\n" + "    x = 1\n" * tidy.FUNCTION_LINES),
    (tidy.short_functions, "services/sales.py", DOC + "async def go():\n" + "    x = 1\n" * tidy.FUNCTION_LINES),
    (tidy.module_docstrings, "services/sales.py", "x = 1\n"),
    (tidy.module_docstrings, "services/__init__.py", ""),
    (tidy.nothing_unfinished, "services/sales.py", DOC + "# TO" + "DO: the other half\n"),
    (tidy.nothing_unfinished, "docs/guide.md", "FIX" + "ME\n"),
    (tidy.nothing_unfinished, "projections/sales.sql", "-- XX" + "X\n"),
    (tidy.no_machine_paths, "docs/guide.md", "see /" + "work/main\n"),
    (tidy.no_machine_paths, "services/runtime/settings.py", DOC + 'HOME = "/' + 'root/data"\n'),
    (tidy.no_floats_in_the_domain, "domain/stock/rules.py", DOC + "def cost(text): return float(text)\n"),
    (tidy.no_floats_in_the_domain, "domain/stock/rules.py", DOC + "def cost() -> float: ...\n"),
    (tidy.no_floats_in_the_domain, "domain/stock/rules.py", DOC + "cost: list[float]\n"),
    (tidy.no_floats_in_the_domain, "domain/stock/rules.py", DOC + "HALF = 0.5\n"),
    (tidy.topics_name_their_class, "domain/stock/facts.py", DOC + 'class Moved(Fact):\n    TOPIC: str = "Moved"\n'),
    (tidy.topics_name_their_class, "domain/stock/facts.py", DOC + 'class A(Fact):\n    TOPIC: str = "stock.B.1"\n'),
    (tidy.topics_name_their_class, "domain/stock/facts.py", DOC + 'class A(Fact):\n    TOPIC: str = "sales.A.1"\n'),
    (tidy.packages_pinned, "constraints.txt", "rich>=15 --hash=sha256:00\n"),
    (tidy.packages_pinned, "constraints.txt", "rich==15\n"),
    (tidy.packages_pinned, "constraints.txt", "--index-url https://packages.example/simple\n"),
    (tidy.packages_pinned, "constraints.txt", "rich @ https://packages.example/rich.whl --hash=sha256:00\n"),
)


@pytest.mark.parametrize(("rule", "path", "text"), OFFENDERS)
def test_a_rule_notices_what_offends_it_and_only_that_rule(rule: tidy.Rule, path: str, text: str) -> None:
    assert [each for each in tidy.RULES if list(each(PurePath(path), text))] == [rule]


def test_every_rule_has_an_offender() -> None:
    assert {rule for rule, _, _ in OFFENDERS} == set(tidy.RULES)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("domain/sales/reading.py", DOC + "def refuse(value): return isinstance(value, (int, float))\n"),
        ("projections/sales.py", DOC + "SHARE = 0.5\n"),
        ("domain/stock/facts.py", DOC + 'class Moved(Fact):\n    TOPIC: ClassVar[str] = "stock.Moved.1"\n'),
        ("constraints.txt", "# why\nrich==15.0.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n"),
        ("docs/guide.md", "Counterfoil keeps its data in ~/.local/share/counterfoil; see docs/work/plan.md\n"),
    ],
)
def test_what_is_allowed_stays_allowed(path: str, text: str) -> None:
    assert tidy.faults(PurePath(path), text) == []


def test_a_fact_left_out_of_the_dictionary_is_noticed() -> None:
    class Pattern(Fact, frozen=True):
        """Says what two facts have in common; never stored itself."""

    class Kept(Pattern, frozen=True):
        """Registered."""

    class Forgotten(Pattern, frozen=True):
        """Not registered."""

    assert tidy.unregistered([Pattern, Kept, Forgotten], [Kept]) == ["Forgotten"]


def test_a_topic_given_twice_is_noticed() -> None:
    assert tidy.repeated(["stock.A.1", "stock.B.1", "stock.A.1"]) == ["stock.A.1"]
