"""Facts about the doors rather than the business; their owner is `access`."""

from __future__ import annotations

from typing import ClassVar

from domain.kernel import Fact


class SubmissionRefused(Fact, frozen=True):
    """Something sent in was refused as a whole: why, at which field, and the hash and length of its kept bytes."""

    TOPIC: ClassVar[str] = "audit.SubmissionRefused.1"

    code: str
    field: str
    reason: str
    bytes_hash: str
    bytes_length: int
    kept_length: int
    schema: str = ""
    store: str = ""
    day: str = ""
    source: str = ""


class BytesPurged(Fact, frozen=True):
    """Kept bytes recorded before a day were forgotten: whose, by their `hashes`, and why.

    A large purge is several facts in one save, as `HASHES_AT_ONCE` says; `count` is of all of them together.
    """

    TOPIC: ClassVar[str] = "audit.BytesPurged.1"

    before: str
    reason: str
    count: int
    hashes: list[str]


class AuditorRead(Fact, frozen=True):
    """An auditor asked something (`asked`: the address with its parameters) and was answered as of `position`."""

    TOPIC: ClassVar[str] = "audit.AuditorRead.1"

    asked: str
    position: int


FACTS = (SubmissionRefused, BytesPurged, AuditorRead)
