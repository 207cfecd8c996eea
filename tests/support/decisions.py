"""Given facts, when something is decided, then facts or a refusal: tests of aggregates read like the business.

    given(Store("store/1", "1"), registered).when(lambda store: store.describe(closed)).then(StoreStatusChanged(...))

It must not know any area, nor how facts are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from domain.kernel import Aggregate, Fact, Refusal

A = TypeVar("A", bound=Aggregate)


class Decision(Generic[A]):
    """What came of it: the answer or the refusal, and the facts that were recorded."""

    def __init__(self, aggregate: A, act: Callable[[A], Any]) -> None:
        self.aggregate = aggregate
        self.answer: Any = None
        self.refusal: Refusal | None = None
        try:
            self.answer = act(aggregate)
        except Refusal as refusal:
            self.refusal = refusal
        self.pending = aggregate.collect()
        self.facts = [pending.fact for pending in self.pending]

    def then(self, *facts: Fact) -> Decision[A]:
        """It was allowed, and these facts were recorded, in this order and no others."""
        assert self.refusal is None, f"refused: {self.refusal!r} at {self.refusal.field!r}"
        assert self.facts == list(facts)
        return self

    def then_nothing(self) -> Decision[A]:
        """It was allowed, and there was nothing to record."""
        return self.then()

    def then_answered(self, answer: object) -> Decision[A]:
        """It was allowed, and this was the answer."""
        assert self.refusal is None, f"refused: {self.refusal!r} at {self.refusal.field!r}"
        assert self.answer == answer
        return self

    def then_refused(self, refusal: type[Refusal], field: str = "") -> Decision[A]:
        """It was refused for this reason, naming `field`, and nothing at all was recorded."""
        assert type(self.refusal) is refusal, f"expected {refusal.__name__}, but: {self.refusal!r}, {self.facts}"
        assert self.refusal.field == field
        assert self.refusal.reason
        assert self.facts == []
        return self


class Given(Generic[A]):
    """An aggregate with a past."""

    def __init__(self, aggregate: A) -> None:
        self.aggregate = aggregate

    def when(self, act: Callable[[A], Any]) -> Decision[A]:
        """Ask it to decide."""
        return Decision(self.aggregate, act)


def given(aggregate: A, *facts: Fact) -> Given[A]:
    """The aggregate has followed `facts`, each read back from its JSON as the log would."""
    for fact in facts:
        aggregate.replay(stored(fact))
    return Given(aggregate)


def stored(fact: Fact) -> Fact:
    """The fact as it comes back from the log."""
    return msgspec.json.decode(msgspec.json.encode(fact), type=type(fact))
