"""When kept bytes were forgotten, which, and why: one stream of all purges. It must not know which may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain.audit.facts import BytesPurged
from domain.kernel import Aggregate, Fact

PURGES_STREAM: Final = "purged/bytes"
HASHES_AT_ONCE: Final = 2_000  # 67 bytes each as JSON: half of the 256 KiB that a fact may have (facts.md 1)


class Purges(Aggregate):
    """All purges there were."""

    def purge(self, before: str, reason: str, hashes: Sequence[str]) -> None:
        """Record that the bytes of these hashes are forgotten."""
        for begin in range(0, len(hashes), HASHES_AT_ONCE):
            part = list(hashes[begin : begin + HASHES_AT_ONCE])
            self.record(BytesPurged(before, reason, len(hashes), part), reason=reason)

    def follow(self, fact: Fact) -> None:
        """Nothing but its version is state."""
