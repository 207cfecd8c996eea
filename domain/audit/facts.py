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


class AuditorRead(Fact, frozen=True):
    """An auditor asked something (`asked`: the address with its parameters) and was answered as of `position`."""

    TOPIC: ClassVar[str] = "audit.AuditorRead.1"

    asked: str
    position: int


FACTS = (SubmissionRefused, AuditorRead)
