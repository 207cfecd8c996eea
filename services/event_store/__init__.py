"""The log of facts: keeps, loads and hands on. The only room that knows the eventsourcing library.

The bytes of what was refused lie in a table beside the log and are written in the same transaction. It must not know
any area.
"""

from services.event_store.recorder import KeptBytes
from services.event_store.store import (
    Clock,
    ClockBehind,
    Conflict,
    EventStore,
    UnreadableFact,
    next_digest,
)

__all__ = ["Clock", "ClockBehind", "Conflict", "EventStore", "KeptBytes", "UnreadableFact", "next_digest"]
