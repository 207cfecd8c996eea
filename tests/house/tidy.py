"""The rules of tidiness, each a function from a file to its faults. Must not know which files there are.

A fault is one line for people: what is wrong, where it can be told from the text alone. The limits are the hard ones;
what one aims at is shorter (files of 400 lines, functions of 40).
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import Final

FILE_LINES: Final = 400
FUNCTION_LINES: Final = 60
# Written with a class of one letter, so that this file does not break its own rule.
UNFINISHED: Final = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b")
MACHINE_PATH: Final = re.compile(r"(?<![\w.-])/(?:work|root|home|Users)/")
TOPIC: Final = re.compile(r"([a-z]+)\.([A-Z][A-Za-z]+)\.([1-9][0-9]*)")

Rule = Callable[[PurePath, str], Iterator[str]]


def short_files(path: PurePath, text: str) -> Iterator[str]:
    """A room that grows past the limit becomes a folder of the same name."""
    lines = len(text.splitlines())
    if path.suffix in {".py", ".sql"} and lines > FILE_LINES:
        yield f"has {lines} lines, the limit is {FILE_LINES}"


def short_functions(path: PurePath, text: str) -> Iterator[str]:
    """Counted from `def` to the last line, docstring included."""
    for node in _nodes(path, text):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"line {node.lineno}: {node.name} has {lines} lines, the limit is {FUNCTION_LINES}"


def module_docstrings(path: PurePath, text: str) -> Iterator[str]:
    """Each module says what it holds."""
    if path.suffix == ".py" and not ast.get_docstring(ast.parse(text)):
        yield "has no docstring that says what the module holds"


def nothing_unfinished(_path: PurePath, text: str) -> Iterator[str]:
    """What is left to do stands in an issue, not in the code."""
    yield from _matches(UNFINISHED, text, "is left unfinished")


def no_machine_paths(_path: PurePath, text: str) -> Iterator[str]:
    """The project runs anywhere, so it names no folder of anybody's machine."""
    yield from _matches(MACHINE_PATH, text, "names a folder of one machine")


def no_floats_in_the_domain(path: PurePath, text: str) -> Iterator[str]:
    """Money never touches float. Asking whether something is one, in order to refuse it, is fine."""
    if path.parts[0] != "domain":
        return
    nodes = list(_nodes(path, text))
    asked = {
        id(inner)
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance"
        for argument in node.args[1:]
        for inner in ast.walk(argument)
    }
    for node in nodes:
        if isinstance(node, ast.Name) and node.id == "float" and id(node) not in asked:
            yield f"line {node.lineno}: uses float"
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"line {node.lineno}: {node.value} is a float"


def topics_name_their_class(path: PurePath, text: str) -> Iterator[str]:
    """A topic is `area.Name.version`: the folder's area and the name of its class."""
    for name, topic, line in topics(path, text):
        match = TOPIC.fullmatch(topic)
        if match is None:
            yield f"line {line}: topic {topic!r} is not area.Name.version"
        elif match.group(1, 2) != (path.parent.name, name):
            yield f"line {line}: topic {topic!r} should be {path.parent.name}.{name}.{match.group(3)}"


def packages_pinned(path: PurePath, text: str) -> Iterator[str]:
    """Each package has one version and its hashes, and nothing says from which host it comes."""
    if path.name != "constraints.txt":
        return
    wanted = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in wanted.replace("\\\n", " ").splitlines():
        package, *options = line.split() or [""]
        if package.startswith("-") or "://" in line:
            yield f"{package} says where packages come from"
        elif package and not re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[\w.!+]+", package):
            yield f"{package} is not pinned to one version"
        elif package and not any(option.startswith("--hash=sha256:") for option in options):
            yield f"{package} has no hash"


RULES: Final[tuple[Rule, ...]] = (
    short_files,
    short_functions,
    module_docstrings,
    nothing_unfinished,
    no_machine_paths,
    no_floats_in_the_domain,
    topics_name_their_class,
    packages_pinned,
)


def faults(path: PurePath, text: str) -> list[str]:
    """What all rules say against a file; `path` is relative to the top of the project."""
    return [f"{path}: {fault}" for rule in RULES for fault in rule(path, text)]


def topics(path: PurePath, text: str) -> Iterator[tuple[str, str, int]]:
    """The topics that a facts module gives to its classes: class, topic, line."""
    if path.name != "facts.py" or path.parts[0] != "domain":
        return
    for node in _nodes(path, text):
        if not isinstance(node, ast.ClassDef):
            continue
        for item in node.body:
            if isinstance(item, ast.AnnAssign) and ast.unparse(item.target) == "TOPIC" and item.value:
                yield node.name, ast.literal_eval(item.value), item.lineno


def unregistered(facts: Iterable[type], registered: Iterable[type]) -> list[str]:
    """Classes of facts that no registry knows. A class that others refine is a pattern of facts and never stored."""
    return sorted(fact.__name__ for fact in set(facts) - set(registered) if not fact.__subclasses__())


def repeated(names: Iterable[str]) -> list[str]:
    """Names that stand there more than once."""
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _nodes(path: PurePath, text: str) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(text)) if path.suffix == ".py" else iter(())


def _matches(pattern: re.Pattern[str], text: str, what: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := pattern.search(line):
            yield f"line {number}: {found.group()} {what}"
