"""The embedded feed: every fact reaches the views once and in order, in bulk and live, and nobody waits for ever."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from domain.audit.facts import SubmissionRefused
from domain.kernel import Context, Meta, Recorded
from services.runtime.house import House
from services.runtime.settings import Settings
from services.transport.embedded import BATCH, EmbeddedFeed, FeedStopped
from tests.support.house import a_store, batch, line, sale


def facts(first: int, last: int) -> list[Recorded]:
    """Facts at positions `first` to `last`."""
    fact = SubmissionRefused("malformed", "", "", "", 0, 0)
    return [Recorded(position, f"refused/{position}", 1, Meta("access"), fact) for position in range(first, last + 1)]


class Seen:
    """Views that only remember the positions they were given, and in how many transactions."""

    def __init__(self, fails_at: int = 0) -> None:
        self.positions: list[int] = []
        self.transactions = 0
        self._fails_at = fails_at

    def apply_parts(self, parts: Iterable[Sequence[Recorded]]) -> None:
        given = [item.position for part in parts for item in part]
        if self._fails_at in given:
            raise ValueError("a fact that no view can hold")
        self.positions += given
        self.transactions += 1

    def position(self) -> int:
        return self.positions[-1] if self.positions else 0


class Log:
    """A log that can be pulled from."""

    def __init__(self) -> None:
        self.facts: list[Recorded] = []

    def pull(self, position: int, limit: int) -> list[Recorded]:
        return self.facts[position : position + limit]

    def head(self) -> int:
        return len(self.facts)


def test_what_is_handed_over_and_what_is_pulled_reaches_the_views_once_and_in_order() -> None:
    log, seen = Log(), Seen()
    log.facts = facts(1, 2 * BATCH + 5)
    feed = EmbeddedFeed(log.pull, log.head, seen)
    assert feed.settle(log.head(), 20)
    for begin in range(log.head() + 1, log.head() + 500, 50):
        more = facts(begin, begin + 49)
        log.facts += more
        feed.offer(more)
    assert feed.settle(log.head(), 20)
    feed.close()
    assert seen.positions == list(range(1, log.head() + 1))


def test_in_bulk_facts_gather_until_there_are_enough_or_somebody_waits() -> None:
    log, seen = Log(), Seen()
    feed = EmbeddedFeed(log.pull, log.head, seen)
    feed.settle(0, 5)
    feed.gather(BATCH)
    for begin in range(1, 1_001, 10):
        more = facts(begin, begin + 9)
        log.facts += more
        feed.offer(more)
    assert feed.settle(1_000, 20)
    feed.close()
    assert seen.positions == list(range(1, 1_001))
    assert seen.transactions < 20


def test_a_fact_that_cannot_be_applied_stops_the_feed_and_is_said_to_whoever_waits() -> None:
    log, seen = Log(), Seen(fails_at=3)
    log.facts = facts(1, 5)
    feed = EmbeddedFeed(log.pull, log.head, seen)
    with pytest.raises(FeedStopped, match="no view can hold"):
        feed.settle(5, 20)
    feed.close()
    assert seen.positions == []


@pytest.mark.timeout(60)
def test_a_bulk_load_may_begin_while_facts_are_on_their_way_to_the_views(tmp_path: Path) -> None:
    """It takes the views' one writing cursor, which must not be held by a transaction that waits for the load."""
    with House(Settings(data=tmp_path), "test") as house:
        house.writer.do(house.intake.line(a_store()), Context())
        sent = []
        for number in range(1, 30):
            day = (dt.date(2026, 1, 1) + dt.timedelta(days=number)).isoformat()
            body = batch(sale(1, line(), day=day), day=day, batch_id=f"b{number}")
            sent.append(house.writer.submit(house.intake.line(body), Context()))
            with house.bulk():
                pass
        for future in sent:
            future.result(timeout=30)
        house.settle()
        assert house.views.position() == house.store.head() == 3 + 2 * 29
