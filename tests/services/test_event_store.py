"""The log of facts: what it keeps is kept whole or not at all, read back for ever, and never silently skipped."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import zstandard

from domain.kernel import Context, Pending
from domain.sales.facts import NoSalesDeclared
from services.event_store import Conflict, EventStore, KeptBytes, UnreadableFact, mapper

NOON: Final = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
ALICE: Final = KeptBytes("aa", 5, b"alice", "malformed")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite"


@pytest.fixture
def store(path: Path, clock: Clock) -> Iterator[EventStore]:
    opened = EventStore(path, clock, "test")
    yield opened
    opened.close()


def keep(store: EventStore, *places: tuple[str, int], **more: Any) -> list[int]:
    """Keep a fact at each stream and version; gives their positions."""
    pending = [(Pending(s, v, NoSalesDeclared(f"{s}#{v}"), "12", "2026-03-05"), Context()) for s, v in places]
    return [recorded.position for recorded, _ in store.keep(pending, **more)]


def reasons(store: EventStore, position: int = 0, limit: int = 100) -> list[str]:
    found = store.after(position, limit)
    return [item.fact.reason for item in found if isinstance(item.fact, NoSalesDeclared)]


def ask(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """What a statement answers on the file itself, without this program."""
    with sqlite3.connect(path) as log:
        found = log.execute(sql, values).fetchall()
    log.close()
    return found


def damage(path: Path, position: int, **columns: object) -> None:
    for name, value in columns.items():
        ask(path, f"UPDATE stored_events SET {name} = ? WHERE rowid = ?", value, position)


# -- the compression dictionary


def test_a_log_carries_its_dictionary_so_that_anybody_can_read_it(store: EventStore, path: Path) -> None:
    keep(store, ("day/1", 1))
    ((dictionary,),) = ask(path, "SELECT dictionary FROM compression")
    ((state,),) = ask(path, "SELECT state FROM stored_events")
    assert dictionary == mapper.typical_facts()
    known = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    assert b'"reason":"day/1#1"' in zstandard.ZstdDecompressor(dict_data=known).decompress(state)


def test_a_log_made_with_another_dictionary_is_read_and_goes_on_with_its_own(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = b'{"meta":{"owner":"an older dictionary"},"fact":{"reason":"day/1#1"}}' * 3
    with monkeypatch.context() as then:
        then.setattr("services.event_store.store.typical_facts", lambda: older)
        store = EventStore(path, clock, "older")
        keep(store, ("day/1", 1))
        store.close()
    store = EventStore(path, clock, "test")
    keep(store, ("day/1", 2))
    store.close()
    store = EventStore(path, clock, "test")
    assert reasons(store) == ["day/1#1", "day/1#2"]
    store.close()
    assert ask(path, "SELECT dictionary FROM compression") == [(older,)]


# -- what cannot be read


@pytest.mark.parametrize(
    ("columns", "topic"),
    [
        ({"topic": "sales.NobodyKnows.7"}, "sales.NobodyKnows.7"),
        ({"state": b"no zstd at all"}, "sales.NoSalesDeclared.1"),
        ({"state": b""}, "sales.NoSalesDeclared.1"),
        ({"state": zstandard.compress(b'{"meta":{"owner":"\xff"}}')}, "sales.NoSalesDeclared.1"),
        ({"topic": "sales.DayClosed.1"}, "sales.DayClosed.1"),
    ],
    ids=["an unknown topic", "broken bytes", "no bytes", "no text", "another shape"],
)
def test_a_fact_that_cannot_be_read_is_named_after_those_before_it_were_given(
    store: EventStore, path: Path, columns: dict[str, Any], topic: str
) -> None:
    keep(store, *(("day/1", version) for version in range(1, 5)))
    damage(path, 3, **columns)
    assert reasons(store) == ["day/1#1", "day/1#2"]
    with pytest.raises(UnreadableFact) as unreadable:
        store.after(2, 100)
    assert "day/1 version 3, position 3" in str(unreadable.value)
    assert topic in str(unreadable.value)
    assert reasons(store, 3) == ["day/1#4"], "what comes after it is whole"


def test_a_stream_with_a_fact_that_cannot_be_read_is_not_loaded(store: EventStore, path: Path) -> None:
    keep(store, ("day/1", 1), ("day/2", 1), ("day/1", 2))
    damage(path, 3, topic="sales.NobodyKnows.7")
    with pytest.raises(UnreadableFact, match=r"day/1 version 2, sales\.NobodyKnows\.7"):
        list(store.stream("day/1"))
    assert len(list(store.stream("day/2"))) == 1


# -- keeping


def test_positions_grow_over_streams_and_saves_and_the_log_is_read_from_any_of_them(store: EventStore) -> None:
    assert keep(store, ("day/1", 1), ("day/2", 1)) == [1, 2]
    assert keep(store, ("day/1", 2)) == [3]
    assert reasons(store) == ["day/1#1", "day/2#1", "day/1#2"]
    assert reasons(store, 1, limit=1) == ["day/2#1"]
    assert reasons(store, 3) == []
    assert [item.position for item in store.after(0, 100)] == [1, 2, 3]


def test_a_save_is_kept_whole_or_not_at_all(store: EventStore, path: Path) -> None:
    keep(store, ("day/1", 1), kept=[KeptBytes("old", 3, b"old")])
    with pytest.raises(Conflict):
        keep(store, ("day/2", 1), ("day/1", 1), kept=[ALICE], purged=["old"])
    assert reasons(store) == ["day/1#1"]
    assert store.kept("aa") is None
    assert store.kept("old") is not None
    assert keep(store, ("day/2", 1)) == [2], "and the next one goes on as if nothing had been tried"
    assert ask(path, "SELECT hash FROM kept_bytes") == [("old",)]


def test_facts_and_kept_bytes_are_one_transaction(store: EventStore, path: Path) -> None:
    """The bytes cannot be written, so the fact that speaks of them is not there either."""
    ask(path, "CREATE TRIGGER full BEFORE INSERT ON kept_bytes BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(Exception, match="disk full"):
        keep(store, ("day/1", 1), kept=[ALICE])
    assert (store.head(), reasons(store)) == (0, [])
    ask(path, "DROP TRIGGER full")
    keep(store, ("day/1", 1), kept=[ALICE])
    assert store.kept("aa") == ALICE
    assert ask(path, "SELECT kept_at FROM kept_bytes") == [("2026-03-10T12:00:00.000000Z",)]


# -- kept bytes


def test_bytes_are_kept_once(store: EventStore) -> None:
    keep(store, ("day/1", 1), kept=[ALICE])
    keep(store, ("day/1", 2), kept=[KeptBytes("aa", 5, b"alice", "said otherwise")])
    assert store.kept("aa") == ALICE


def test_purged_bytes_are_gone_from_the_file_and_their_hash_and_length_stay(store: EventStore, path: Path) -> None:
    secret = b"a name that nobody may read " * 400
    keep(store, ("day/1", 1), kept=[KeptBytes("bb", len(secret), secret, "malformed"), ALICE])
    keep(store, ("day/1", 2), purged=["bb", "never kept"])
    store.checkpoint()
    assert store.kept("bb") is None
    assert store.kept("aa") == ALICE
    purged = ask(path, "SELECT hash, length, data, purged_at FROM kept_bytes WHERE data IS NULL")
    assert purged == [("bb", len(secret), None, "2026-03-10T12:00:00.000000Z")]
    store.close()
    assert b"nobody may read" not in path.read_bytes()


def test_bytes_that_come_again_after_a_purge_are_kept_again(store: EventStore) -> None:
    keep(store, ("day/1", 1), kept=[ALICE])
    keep(store, ("day/1", 2), purged=["aa"])
    keep(store, ("day/1", 3), kept=[ALICE])
    assert store.kept("aa") == ALICE


# -- telling one log from another


def test_a_log_is_told_from_its_older_copy_by_its_last_place(store: EventStore, path: Path, clock: Clock) -> None:
    assert store.last_place() == (0, "")
    assert store.holds(*store.last_place())
    keep(store, ("day/1", 1))
    clock.now += dt.timedelta(seconds=3)
    keep(store, ("day/1", 2))
    last = store.last_place()
    assert last == (2, "2026-03-10T12:00:03.000000Z")
    assert store.holds(*last)
    assert store.holds(1, "2026-03-10T12:00:00.000000Z")
    assert not store.holds(2, "2026-03-10T12:00:00.000000Z"), "another history has another time there"
    assert not store.holds(3, "2026-03-10T12:00:03.000000Z"), "an older copy ends before it"
    again = EventStore(path, clock, "test")
    assert again.last_place() == last
    again.close()


def test_streams_are_found_by_their_beginning_and_by_a_topic(store: EventStore) -> None:
    keep(store, ("day/2026-03-05/12", 1), ("day/2026-03-05/13", 1), ("day/2026-03-06/12", 1), ("ledger/12", 1))
    assert store.streams("day/2026-03-05/") == {"day/2026-03-05/12", "day/2026-03-05/13"}
    assert max(store.with_topic("sales.NoSalesDeclared.1")) == "ledger/12"
    assert store.with_topic("sales.DayClosed.1") == []
