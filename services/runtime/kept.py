"""The kept bytes of what was refused or conflicts: which of them may be forgotten. It must not know who asks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from domain.audit.facts import SubmissionRefused
from domain.kernel import Recorded
from domain.sales.facts import ConflictResolved, SalesReported

AT_ONCE = 8_192


def all_facts(after: Callable[[int, int], list[Recorded]]) -> Iterator[Recorded]:
    """The whole log, in order."""
    position = 0
    while facts := after(position, AT_ONCE):
        yield from facts
        position = facts[-1].position


def purgeable(facts: Iterator[Recorded], before: dt.date) -> list[str]:
    """The hashes of bytes that were refused, or of conflicts resolved, and recorded before a day (UTC).

    Never the bytes of an open conflict: headquarters needs them to decide (facts.md 3).
    """
    old: set[str] = set()
    open_conflicts: dict[tuple[str, str, int, int, str], set[str]] = {}
    for item in facts:
        is_old = item.meta.recorded_at < before.isoformat()
        match item.fact:
            case SubmissionRefused() as fact:
                hashes = [fact.bytes_hash]
            case SalesReported() as fact:
                hashes = [each.bytes_hash for each in fact.rejected]
                for conflict in fact.conflicts:
                    hashes.append(conflict.bytes_hash)
                    key = (item.stream, conflict.register, conflict.epoch, conflict.number, conflict.hash)
                    open_conflicts.setdefault(key, set()).add(conflict.bytes_hash)  # it may come in other bytes, too
            case ConflictResolved() as fact:
                hashes = []
                open_conflicts.pop((item.stream, fact.register, fact.epoch, fact.number, fact.hash), None)
            case _:
                continue
        if is_old:
            old.update(hashes)
    return sorted(old.difference(*open_conflicts.values()))
