"""The documents say what is so: their examples import, their commands run, their lists are those of the code."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from domain.kernel import Context, Refusal
from domain.products.aggregate import DescribeOutcome
from domain.sales.outcomes import Answer
from domain.sales.rules import RULES
from projections.registry import QUESTIONS
from services.decoding import SCHEMAS
from services.intake import Refused
from services.runtime.commands import app
from services.runtime.house import House, now
from services.runtime.invitation import invitation
from services.runtime.settings import Settings
from tests.house.documents import (
    GUIDE,
    README,
    ROOT,
    asked_in_passing,
    commands,
    commands_named,
    documents,
    headings,
    import_lines,
    links,
    sections,
    table,
    text_of_all,
)

OUTCOMES = {"reject": "Rejected", "note": "Noted", "derived": "Derived"}
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
API = ROOT / "docs" / "api.md"
EXAMPLES = ROOT / "docs" / "examples"


def told(house: House, lines: list[dict[str, Any]]) -> list[Any]:
    """What the house answers to lines, one after the other."""
    return [house.writer.do(house.intake.line(json.dumps(line).encode()), Context()).result for line in lines]


def run(data: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from services.runtime.cli import main; main()", *arguments],
        cwd=cwd,
        env=os.environ | {"COUNTERFOIL_DATA": str(data), "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every example of the guide was imported, in the order of its text."""
    data = tmp_path_factory.mktemp("shop")
    with House(Settings(data=data), "documents") as house:
        told(house, import_lines(GUIDE))
        house.settle()
    return data


# -- examples


def test_every_example_of_the_guide_is_taken_in_as_the_guide_says(tmp_path: Path) -> None:
    lines = import_lines(GUIDE)
    with House(Settings(data=tmp_path), "documents") as house:
        answers = told(house, lines)
        again = told(house, [line for line in lines if line["schema"] == "counterfoil/batch/1"])
    assert not [answer for answer in answers if isinstance(answer, Refused)]
    batches = [answer for answer in answers if isinstance(answer, Answer)]
    counts = [(a.accepted, a.duplicate, a.conflict, a.rejected, a.after_close) for a in batches]
    assert counts == [(6, 0, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 0, 1)]
    assert [(a.batch_id, a.replayed) for a in again] == [(a.batch_id, True) for a in batches]


def test_what_the_guide_sends_changes_something_and_sent_again_nothing(tmp_path: Path) -> None:
    lines = [line for line in import_lines(GUIDE) if line["schema"] != "counterfoil/resolution/1"]
    with House(Settings(data=tmp_path), "documents") as house:
        assert all(changed(answer) for answer in told(house, lines))
        head = house.store.head()
        told(house, lines)
        assert house.store.head() == head


def changed(answer: Any) -> bool:
    return answer.accepted == 1 if isinstance(answer, DescribeOutcome) else bool(answer)


def test_the_guide_has_an_example_of_every_schema() -> None:
    assert {line["schema"] for line in import_lines(GUIDE)} == set(SCHEMAS)


def test_the_example_files_hold_the_lines_of_the_guide() -> None:
    filed = [json.loads(line) for file in sorted(EXAMPLES.iterdir()) for line in file.read_text("utf-8").splitlines()]
    assert sorted(map(json.dumps, filed)) == sorted(map(json.dumps, import_lines(GUIDE)))


# -- commands


def test_every_make_command_of_the_readme_is_one() -> None:
    asked = commands(README, "make")
    assert ["demo"] in asked
    assert ["test"] in asked
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    for arguments in asked:
        done = subprocess.run(
            ["make", "-n", *arguments], cwd=ROOT, env=clean, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"make {arguments}: {done.stderr}"


@pytest.mark.parametrize("document", [README, GUIDE, API], ids=["README", "guide", "api"])
def test_every_counterfoil_command_of_a_document_runs(document: Path, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    asked = [each for each in commands(document, "counterfoil") if "serve" not in each]  # a server ends by itself never
    assert asked
    for arguments in asked:
        done = run(shop, tmp_path, *arguments)
        assert done.returncode == 0, f"counterfoil {' '.join(arguments)}: {done.stdout}{done.stderr}"
        if "--to" in arguments:
            assert (tmp_path / arguments[arguments.index("--to") + 1]).stat().st_size > 0


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.stem)
def test_every_question_that_a_document_asks_in_passing_is_answered(document: Path, shop: Path) -> None:
    for arguments in asked_in_passing(document):
        done = CliRunner().invoke(app, arguments, env={"COUNTERFOIL_DATA": str(shop)})
        assert done.exit_code == 0, f"counterfoil {' '.join(arguments)}: {done.output}"


def test_the_curl_lines_of_the_readme_are_those_that_the_demo_prints(tmp_path: Path) -> None:
    lines = invitation(Settings(data=tmp_path), "http://127.0.0.1:8000", now())
    printed = [shlex.split(line)[1:] for line in lines if line.startswith("curl ")]
    assert commands(README, "curl") == printed


def test_every_command_that_a_document_names_exists(tmp_path: Path) -> None:
    told_of = run(tmp_path, tmp_path, "--help").stdout.split()
    assert sorted(commands_named(text_of_all()) - set(told_of)) == []


# -- lists


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
def test_the_rules_are_those_of_the_code(outcome: str) -> None:
    written = table(sections(ROOT / "docs" / "rules.md")[OUTCOMES[outcome]])
    assert [(code, says, source) for code, says, _, source in written] == [
        (rule.code, rule.says, rule.source) for rule in RULES if rule.outcome == outcome
    ]
    assert all(advice for _, _, advice, _ in written)


def test_every_refusal_has_its_code_explained() -> None:
    said = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    codes = {kind.code for kind in kinds_of(Refusal) if kind.__module__.split(".")[0] != "tests"}
    assert sorted(code for code in codes if f"`{code}`" not in said) == []


def kinds_of(kind: type[Refusal]) -> set[type[Refusal]]:
    return {each for below in kind.__subclasses__() for each in (below, *kinds_of(below))}


def test_every_setting_is_explained_with_its_default() -> None:
    written = {name: default for name, default, _ in table(sections(ROOT / "docs" / "operations.md")["Settings"])}
    assert written == {
        f"COUNTERFOIL_{name.upper()}": f"{field.default}".removesuffix(".0")
        for name, field in Settings.model_fields.items()
    }


def test_every_question_is_in_the_guide() -> None:
    written = table(sections(GUIDE)["Asking"])
    assert {name.strip("` ") for row in written for name in row[0].split(",")} == set(QUESTIONS)


# -- decisions and links


def test_every_decision_says_why_what_and_what_follows() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for number, path in enumerate(DECISIONS, 1):
        assert list(sections(path)) == ["Context", "Decision", "Consequences", "Measured"], path.name
        assert path.read_text(encoding="utf-8").startswith(f"# {number} ")
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 60, f"{path.name} is longer than a page"


def test_every_decision_is_in_the_list() -> None:
    listed = [file.resolve() for file, _ in links(ROOT / "docs" / "architecture.md")]
    assert [path for path in DECISIONS if path not in listed] == []


def test_every_local_link_leads_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {file.name}#{heading}"
        for path in documents()
        for file, heading in links(path)
        if not file.exists() or (heading and heading not in headings(file))
    ]
    assert broken == []
