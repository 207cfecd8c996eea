"""What was refused as a whole: one stream for each body and reason, so that refusing twice records once."""

from __future__ import annotations

from domain.audit.facts import SubmissionRefused
from domain.kernel import Aggregate, Fact


def refusal_stream(bytes_hash: str, code: str) -> str:
    """The stream of a refused body."""
    return f"refused/{bytes_hash[:32]}/{code}"


class RefusedSubmission(Aggregate):
    """A body that was refused with a code."""

    many = False

    def refuse(self, fact: SubmissionRefused) -> bool:
        """Record it; False when this body was refused for this reason before."""
        if self.version:
            return False
        self.record(fact, reason=fact.reason)
        return True

    def follow(self, fact: Fact) -> None:
        """Nothing but its version is state."""
