"""Telling new transactions from those that came before and those that clash (rules.md 1, facts.md 3).

It must not know how a day is kept, only which keys stand in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Literal, Protocol

import msgspec

from domain.columns import spread
from domain.sales.facts import Transactions

Key = tuple[str, int, int]


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What stands in a day: hashes by key, pairs that were settled by headquarters, pairs still in quarantine, and the
    epochs its registers have numbered in."""

    keys: Mapping[Key, str]
    settled: Set[tuple[Key, str]]
    quarantined: Set[tuple[Key, str]]
    epochs: Set[int] = frozenset()


class Neighbour(Protocol):
    """The day before or after."""

    business_day: str
    keys: dict[Key, str]

    @property
    def epochs(self) -> Set[int]: ...


class Clash(msgspec.Struct, frozen=True):
    """Row `of` of a batch stands against something that is already there."""

    of: int
    first_hash: str
    why: Literal["changed_content", "suspected_repeat"]
    first_day: str = ""
    again: bool = False
    first_epoch: int = -1


class Verdict(msgspec.Struct, frozen=True):
    """Which rows of a batch are new (None: all of them), how many came before, which clash."""

    new: list[int] | None
    duplicates: int = 0
    clashes: list[Clash] = []


def judge(t: Transactions, standing: Standing, neighbours: Sequence[Neighbour]) -> Verdict:
    """Which of the transactions are new. Nearly always all of them are, and that is seen without looking at each."""
    keys = keys_of(t)
    epochs = {*standing.epochs, *(t.epoch or (0,)), *(epoch for day in neighbours for epoch in day.epochs)}
    if (
        len(epochs) == 1
        and not standing.settled
        and not standing.quarantined
        and standing.keys.keys().isdisjoint(keys)
        and len(set(keys)) == len(keys)
        and not any(day.keys.get(key) == came for day in neighbours for key, came in zip(keys, t.hash, strict=True))
    ):
        return Verdict(None)
    return _judge_each(keys, t.hash, standing, neighbours, sorted(epochs))


def _judge_each(
    keys: list[Key], hashes: list[str], standing: Standing, neighbours: Sequence[Neighbour], epochs: list[int]
) -> Verdict:
    new: list[int] = []
    clashes: list[Clash] = []
    duplicates = 0
    seen: dict[Key, str] = {}
    quarantined = set(standing.quarantined)
    beside = [(day.business_day, day.keys) for day in neighbours]
    for of, (key, came) in enumerate(zip(keys, hashes, strict=True)):
        first = standing.keys.get(key) or seen.get(key)
        again = (key, came) in quarantined
        if first == came or (key, came) in standing.settled:
            duplicates += 1
        elif first is not None:
            clashes.append(Clash(of, first, "changed_content", again=again))
            quarantined.add((key, came))
        elif repeated := _elsewhere(key, came, epochs, [("", standing.keys), ("", seen), *beside]):
            first_day, first_epoch = repeated
            clashes.append(Clash(of, came, "suspected_repeat", first_day, again, first_epoch))
            quarantined.add((key, came))
        else:
            new.append(of)
            seen[key] = came
    return Verdict(new, duplicates, clashes)


def _elsewhere(
    key: Key, came: str, epochs: list[int], days: Sequence[tuple[str, Mapping[Key, str]]]
) -> tuple[str, int] | None:
    """The day (empty: this one) and the epoch (-1: the same) under which a content stands already."""
    register, own, number = key
    for day, held in days:
        for epoch in epochs:
            if held.get((register, epoch, number)) == came:
                return day, -1 if epoch == own else epoch
    return None


def keys_of(t: Transactions) -> list[Key]:
    """The natural keys within a store's day: register, numbering epoch, number."""
    count = len(t)
    return list(zip(spread(t.register, count, ""), spread(t.epoch, count, 0), t.number, strict=True))
