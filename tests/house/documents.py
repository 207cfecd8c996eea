"""Reads the documents as a test needs them: their code blocks, commands, links, headings and tables. Must not know what
they say.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
GUIDE: Final = ROOT / "docs" / "guide.md"

_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_NAMED: Final = re.compile(r"\bcounterfoil ([a-z][a-z-]*)")


def documents() -> list[Path]:
    """Every document, README first."""
    return [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def text_of_all() -> str:
    """What all documents say."""
    return "\n".join(path.read_text(encoding="utf-8") for path in documents())


def blocks(path: Path, kind: str) -> list[str]:
    """The code blocks of a kind."""
    return [body for found, body in _BLOCK.findall(path.read_text(encoding="utf-8")) if found == kind]


def import_lines(path: Path) -> list[dict[str, Any]]:
    """The examples of import lines, in the order of the text; a block may hold several, each over several lines."""
    decoder = json.JSONDecoder()
    lines = []
    for body in blocks(path, "json"):
        at = 0
        while at < len(body.rstrip()):
            line, at = decoder.raw_decode(body, at)
            lines.append(line)
            at += len(body[at:]) - len(body[at:].lstrip())
    return lines


def commands(path: Path, program: str) -> list[list[str]]:
    """The command lines of a program in the shell blocks, without comments, as arguments."""
    lines = [shlex.split(line, comments=True) for body in blocks(path, "sh") for line in body.splitlines()]
    return [line[1:] for line in lines if line and line[0] == program]


def asked_in_passing(path: Path) -> list[list[str]]:
    """The exports within the text, as arguments; none with a placeholder in capitals."""
    spans = re.findall(r"`counterfoil (export [^`]+)`", path.read_text(encoding="utf-8"))
    return [span.split() for span in spans if not re.search(r"\b[A-Z]{2,}\b", span)]


def commands_named(text: str) -> set[str]:
    """Every command of the command line that is named anywhere: the words after `counterfoil` in code."""
    code = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^ *(counterfoil .*)$", text, re.MULTILINE)
    return {name for part in code for name in _NAMED.findall(part)}


def links(path: Path) -> Iterator[tuple[Path, str]]:
    """The local links of a document: the file, and the heading within it (empty: none)."""
    for target in _LINK.findall(path.read_text(encoding="utf-8")):
        if "://" not in target:
            file, _, heading = target.partition("#")
            yield (path.parent / file if file else path), heading


def headings(path: Path) -> set[str]:
    """The headings of a document as a link names them."""
    found = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def sections(path: Path) -> dict[str, str]:
    """The text under each heading of the second level."""
    parts = re.split(r"^## (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def table(text: str) -> list[tuple[str, ...]]:
    """The rows of a table, without its head; code marks are taken off."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [tuple(cell.strip().strip("`") for cell in row) for row in rows[2:]]
