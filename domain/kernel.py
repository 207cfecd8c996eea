"""The whole grammar of the domain on one page: Fact, Meta, Recorded, Aggregate, Refusal.

A fact is decided once and written once. An aggregate *decides* (its command methods ask the rules and may refuse),
then *records*, which also *follows*; replay only follows and never judges. Nothing here reads a clock, a random
source or an environment: whoever calls passes them in.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

Origin = Literal["reported", "panel", "simulated", "derived"]
RefusalKind = Literal["missing", "forbidden", "conflict", "invalid"]


class Fact(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Something that happened, past tense and frozen. `TOPIC` is its stored name: `area.Name.version`."""

    TOPIC: ClassVar[str] = ""


class Meta(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Who, when, why: kept beside every fact.

    `owner` is whose order matters (a store, a supplier, `products`, `access`) and the key on the wire.
    `recorded_at` is UTC in RFC 3339 with microseconds, stamped inside the save and never falling.
    People appear as opaque codes only.
    """

    owner: str
    recorded_at: str = ""
    business_day: str = ""
    business_time: str = ""
    actor: str = ""
    role: str = ""
    device: str = ""
    on_behalf_of: str = ""
    reason: str = ""
    causation: str = ""
    correlation: str = ""
    software: str = ""
    origin: Origin = "reported"


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """A fact with its place: what both feeds hand to the views."""

    position: int
    stream: str
    version: int
    meta: Meta
    fact: Fact


class Context(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the door knows of the caller; becomes part of the metadata of each fact the command records."""

    actor: str = "local"
    role: str = "operator"
    device: str = ""
    on_behalf_of: str = ""
    correlation: str = ""
    origin: Origin = "reported"


class Refusal(Exception):
    """What stands in the way of a command. `code` is stable; `kind` is turned into a status by the doors."""

    code: ClassVar[str] = "refused"
    kind: ClassVar[RefusalKind] = "invalid"

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class Pending(msgspec.Struct, frozen=True, gc=False):
    """A fact that an aggregate has recorded and nobody has kept yet."""

    stream: str
    version: int
    fact: Fact
    owner: str
    business_day: str = ""
    reason: str = ""
    causation: str = ""


class Aggregate:
    """One stream of facts and the state they add up to.

    `version` counts the facts followed; `digest` is the hash over the stored JSON of the facts kept so far
    (empty for a new stream), moved on by whoever keeps or loads them.
    """

    keeps_digest: ClassVar[bool] = False  # whether a seal will want the hash over the stream
    many: ClassVar[bool] = False  # whether there is one a day, so that asking for one that never was is common

    def __init__(self, stream: str, owner: str, business_day: str = "") -> None:
        self.stream = stream
        self.owner = owner
        self.business_day = business_day
        self.version = 0
        self.digest = b""
        self.pending: list[Pending] = []

    def record(self, fact: Fact, *, business_day: str = "", reason: str = "", causation: str = "") -> None:
        """Record a decided fact: it joins the pending ones and is followed at once."""
        self.version += 1
        self.pending.append(
            Pending(self.stream, self.version, fact, self.owner, business_day or self.business_day, reason, causation)
        )
        self.follow(fact)

    def replay(self, fact: Fact) -> None:
        """Follow a fact read from the log."""
        self.version += 1
        self.follow(fact)

    def snapshot(self) -> bytes | None:
        """The state for a snapshot, where replaying the stream would take long; None where it never does."""
        return None

    def restore(self, snapshot: bytes) -> None:
        """Take on a state that `snapshot` gave."""
        raise NotImplementedError

    def collect(self) -> list[Pending]:
        """Hand over what is pending, once."""
        pending, self.pending = self.pending, []
        return pending

    def follow(self, fact: Fact) -> None:
        """Change the state as the fact says. Never judges, never fails for a fact that was once recorded."""
        raise NotImplementedError
