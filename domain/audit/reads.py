"""What an auditor read: one stream for each auditor and day, so that none grows for ever."""

from __future__ import annotations

from domain.audit.facts import AuditorRead
from domain.kernel import Aggregate, Fact


def reads_stream(day: str, actor: str) -> str:
    """The stream of what an auditor read on a day (UTC)."""
    return f"read/{day}/{actor}"


class AuditorsDay(Aggregate):
    """The reads of an auditor on a day."""

    many = True

    def read(self, asked: str, position: int) -> None:
        """Record a read: each counts, even of the same again."""
        self.record(AuditorRead(asked, position))

    def follow(self, fact: Fact) -> None:
        """Nothing but its version is state."""
