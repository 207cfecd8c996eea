"""The one writer: what it decides together, what it survives, and that nothing is lost or doubled."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import Context, Fact, Pending, Recorded
from domain.sales.facts import SalesReported
from domain.sales.outcomes import Answer
from domain.stock.facts import GoodsReceived, StockIssued, StockMoved, StockReturned, StockReversed
from domain.stock.ledger import Ledger, ledger_stream
from services.event_store import ClockBehind, Conflict, EventStore
from services.snapshots import EVERY, Snapshots
from services.writer import Kept, NotSettled, Unit, Writer
from tests.support.house import (
    DAY,
    NEXT_DAY,
    NOON,
    Desk,
    a_store,
    batch,
    closing,
    declaration,
    goods_in,
    line,
    open_desk,
    refund,
    resolution,
    sale,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, a_store()) as opened:
        yield opened


def bad(unit: Unit) -> Any:
    """A command with a bug, after it has already decided something."""
    unit.load(Ledger, ledger_stream("1"), "1").issue(DAY, "USD", ["milk"], [9_000], "")
    raise ZeroDivisionError("a bug")


def run(desk: Desk, *commands: Any) -> list[Any]:
    made = [(command if callable(command) else desk.intake.line(command), Context()) for command in commands]
    return desk.writer.submit_all(made).result(timeout=30)


def assert_sales_and_stock_agree(desk: Desk) -> None:
    """Checked at every save: what is sold by then has left the ledger by then, and nothing else has."""
    sales = stock = 0
    stamps = [each.meta.recorded_at for each in desk.log()]
    for place, each in enumerate(desk.log()):
        if isinstance(each.fact, SalesReported):
            sales += sum(each.fact.transactions.quantity)
        elif isinstance(each.fact, StockIssued | StockReturned | StockReversed):
            stock -= sum(each.fact.quantity)
        if place + 1 == len(stamps) or stamps[place + 1] != stamps[place]:
            assert sales == stock, f"after position {each.position}"


# -- a group


def test_each_command_of_a_group_sees_what_the_ones_before_it_decided(desk: Desk) -> None:
    first, second, third = desk.send_together(
        batch(sale(1)), batch(sale(1), sale(2), batch_id="b2"), batch(sale(1, line(net="9.00")), batch_id="b3")
    )
    assert (first.accepted, second.duplicate, second.accepted, third.conflict) == (1, 1, 1, 1)


def test_a_group_is_one_save(desk: Desk) -> None:
    kept = len(desk.kept)
    moments = iter(range(1, 100))
    desk.clock = lambda: NOON + dt.timedelta(seconds=next(moments))  # type: ignore[method-assign]
    desk.store._clock = desk.clock
    desk.send_together(batch(sale(1)), batch(sale(2), batch_id="b2"))
    assert len({each.meta.recorded_at for each in desk.kept[kept:]}) == 1


def test_the_position_answered_is_that_of_the_commands_own_last_fact(desk: Desk) -> None:
    head = desk.store.head()
    one, again, two = run(desk, batch(sale(1)), batch(sale(1)), batch(sale(2), batch_id="b2"))
    assert (one.position, again.position, two.position) == (head + 2, 0, head + 4)


def test_a_command_that_fails_does_not_take_its_neighbours_along(desk: Desk) -> None:
    answers = run(desk, batch(sale(1)), bad, batch(sale(2), batch_id="b2"), bad, batch(sale(3), batch_id="b3"))
    assert [type(answer) for answer in answers] == [Kept, ZeroDivisionError, Kept, ZeroDivisionError, Kept]
    assert desk.ledger().holding("milk").quantity == -3_000
    assert sorted(key[2] for key in desk.day().keys) == [1, 2, 3]
    desk.send(batch(sale(4), batch_id="b4"))
    assert desk.ledger().holding("milk").quantity == -4_000
    assert_sales_and_stock_agree(desk)


def test_a_refused_command_leaves_nothing_behind_but_its_refusal(desk: Desk) -> None:
    desk.send_together(batch(sale(1)), batch(sale(2)), batch(sale(3), batch_id="b3"))
    assert sorted(key[2] for key in desk.day().keys) == [1, 3]
    assert_sales_and_stock_agree(desk)


def test_closing_in_the_group_of_its_sales_waits_until_they_are_kept(desk: Desk) -> None:
    answers = desk.send_together(
        batch(sale(1)), declaration({"cash": "2.00"}, register="T1"), closing(), batch(sale(2), batch_id="late")
    )
    assert answers[2] is True
    assert answers[3].after_close == 1


def test_a_command_that_waits_for_ever_is_an_error_and_not_the_end_of_the_writer(desk: Desk) -> None:
    def never(unit: Unit) -> None:
        raise NotSettled

    outcome = desk.writer.submit(never, Context()).result(timeout=10)[0]
    assert isinstance(outcome, Exception)
    assert desk.send(batch(sale(1))).accepted == 1


def test_a_caller_that_gives_up_does_not_stop_the_writer(desk: Desk) -> None:
    """A door whose client hangs up cancels its future; what was decided is kept all the same."""
    gate = threading.Event()

    def slow(unit: Unit) -> bool:
        return gate.wait(10)

    waiting = desk.writer.submit(slow, Context())
    given_up = desk.writer.submit(desk.intake.line(batch(sale(1))), Context())
    waiting.cancel()
    given_up.cancel()
    gate.set()
    next_one = desk.writer.submit_all([(desk.intake.line(batch(sale(2), batch_id="b2")), Context())])
    assert next_one.result(timeout=10)[0].result.accepted == 1


def test_what_is_waiting_when_the_writer_closes_is_finished(tmp_path: Path) -> None:
    with open_desk(tmp_path, a_store()) as desk:
        futures = [
            desk.writer.submit_all([(desk.intake.line(batch(sale(n), batch_id=f"b{n}")), Context())])
            for n in range(1, 150)
        ]
        desk.writer.close()
        assert all(future.result(timeout=0)[0].result.accepted == 1 for future in futures)
        assert len(desk.day().keys) == 149


# -- another writer, a lost answer


def elsewhere(desk: Desk, *bodies: bytes) -> None:
    """Somebody else keeps facts in the same file."""
    store = EventStore(desk.folder / "events.sqlite", desk.clock, "other")
    writer = Writer(store, Snapshots(desk.folder / "other.sqlite", store), list[Recorded]().extend)
    for body in bodies:
        writer.do(desk.intake.line(body), Context())
    writer.close()
    store.close()


def test_when_another_writer_was_first_each_command_is_tried_again_from_a_fresh_load(desk: Desk) -> None:
    desk.send(batch(sale(1)))
    elsewhere(desk, batch(sale(1), sale(2), batch_id="o1"), batch(sale(1, day=NEXT_DAY), day=NEXT_DAY, batch_id="o2"))
    mine, there, twice = desk.send_together(
        batch(sale(2), sale(3), batch_id="b2"),
        batch(sale(1, day=NEXT_DAY), sale(2, day=NEXT_DAY), day=NEXT_DAY, batch_id="b2"),
        batch(sale(3), batch_id="b3"),
    )
    assert (mine.accepted, mine.duplicate) == (1, 1)
    assert (there.accepted, there.duplicate) == (1, 1)
    assert twice.duplicate == 1
    assert sorted(key[2] for key in desk.day().keys) == [1, 2, 3]
    assert desk.ledger().holding("milk").quantity == -5_000
    assert_sales_and_stock_agree(desk)


def test_a_conflict_of_streams_stores_nothing_at_all(desk: Desk) -> None:
    desk.send(batch(sale(1)))
    head = desk.store.head()
    stale = desk.ledger()
    desk.send(batch(sale(2), batch_id="b2"))
    stale.issue(DAY, "USD", ["milk"], [1_000], "")
    with pytest.raises(Conflict):
        desk.store.keep([(pending, Context()) for pending in [_opened("x"), *stale.collect()]])
    assert desk.store.head() == head + 2
    assert list(desk.store.stream("ledger/x")) == []


def test_the_answer_to_a_batch_that_is_sent_again_is_the_first_one(desk: Desk) -> None:
    body = batch(sale(1), sale(1, line(net="9.00")), sale(2, register="T9"))
    first = desk.send(body)
    again = desk.send(body)
    assert again.replayed
    assert (again.accepted, again.conflict, again.rejected, again.listed) == (1, 1, 1, first.listed)
    assert len(desk.facts(SalesReported)) == 1


def test_the_answer_is_the_same_after_the_desk_was_opened_again(tmp_path: Path) -> None:
    body = batch(sale(1), sale(1, line(net="9.00")), sale(2, register="T9"))
    with open_desk(tmp_path, a_store()) as desk:
        first = desk.send(body)
    with open_desk(tmp_path) as desk:
        again = desk.send(body)
        assert again.replayed
        assert (again.accepted, again.listed) == (first.accepted, first.listed)


# -- the clock


def test_a_clock_far_behind_the_last_fact_stops_the_writer_with_words(desk: Desk) -> None:
    desk.send(batch(sale(1)))
    desk.now = NOON - dt.timedelta(minutes=1, seconds=1)
    outcome = run(desk, batch(sale(2), batch_id="b2"))[0]
    assert isinstance(outcome, ClockBehind)
    assert "clock" in str(outcome)
    desk.now = NOON
    assert desk.send(batch(sale(2), batch_id="b2")).accepted == 1
    assert_sales_and_stock_agree(desk)


def test_a_clock_a_little_behind_repeats_the_last_stamp_so_that_time_never_falls(desk: Desk) -> None:
    for number, seconds in enumerate([0, -59, 5, -30, 6, 6], 1):
        desk.now = NOON + dt.timedelta(seconds=seconds)
        desk.send(batch(sale(number), batch_id=f"b{number}"))
    stamps = [each.meta.recorded_at for each in desk.log()]
    assert stamps == sorted(stamps)
    assert stamps[-1] == "2026-03-10T12:00:06.000000Z"


def test_time_does_not_fall_over_a_restart(tmp_path: Path) -> None:
    with open_desk(tmp_path, a_store()) as desk:
        desk.now = NOON + dt.timedelta(seconds=30)
        desk.send(batch(sale(1)))
    with open_desk(tmp_path, batch(sale(2), batch_id="b2")) as desk:
        stamps = [each.meta.recorded_at for each in desk.log()]
        assert stamps == sorted(stamps)


# -- cache and snapshots


def test_a_cache_of_one_forgets_and_decides_the_same(tmp_path: Path) -> None:
    bodies = [
        batch(sale(n, day=day), sale(n - 1, day=day), batch_id=f"b{n}", day=day)
        for n in range(2, 8)
        for day in (DAY, NEXT_DAY, "2026-03-09")
    ]
    logs = []
    for name, cache in (("small", 1), ("large", 6_000)):
        with open_desk(tmp_path / name, a_store(), *bodies, cache=cache) as desk:
            logs.append([(each.position, each.stream, each.version, each.fact) for each in desk.log()])
    assert logs[0] == logs[1]


def test_a_ledger_from_its_snapshot_is_the_ledger_from_the_log(tmp_path: Path) -> None:
    with open_desk(tmp_path, a_store(), goods_in("milk", "500", "777.77")) as desk:
        for n in range(1, EVERY + 20):
            desk.writer.submit(desk.intake.line(batch(sale(n), batch_id=f"b{n}")), Context())
        desk.send(batch(sale(EVERY + 20), batch_id="last"))
    with open_desk(tmp_path) as desk:
        snapshot = desk.snapshots.load(Ledger, ledger_stream("1"), "1", "")
        assert snapshot.version > EVERY
        assert desk.store.load(snapshot).snapshot() == desk.ledger().snapshot()
        desk.send(batch(sale(5_000), batch_id="after"))
        assert desk.ledger().holding("milk").quantity == 500_000 - (EVERY + 21) * 1_000
        assert_sales_and_stock_agree(desk)


def test_a_snapshot_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    with open_desk(tmp_path, a_store(), batch(sale(1))) as desk:
        with desk.snapshots._open() as db:
            db.execute("INSERT OR REPLACE INTO snapshots VALUES ('ledger/1', x'00ff')")
        desk.send(batch(sale(2), batch_id="b2"))
    with open_desk(tmp_path, batch(sale(3), batch_id="b3")) as desk:
        assert desk.ledger().holding("milk").quantity == -3_000


def test_a_snapshot_newer_than_the_log_is_passed_over(tmp_path: Path) -> None:
    """The log came back from an older copy; what the snapshot says beyond it never happened."""
    with open_desk(tmp_path / "a", a_store(), goods_in("milk", "500", "777.77")) as desk:
        for n in range(1, EVERY + 2):
            desk.writer.submit(desk.intake.line(batch(sale(n), batch_id=f"b{n}")), Context())
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "snapshots.sqlite").rename(tmp_path / "b" / "snapshots.sqlite")
    with open_desk(tmp_path / "b", a_store(), batch(sale(1))) as desk:
        assert [each.version for each in desk.log() if each.stream == "ledger/1"] == [1]
        assert desk.ledger().holding("milk").quantity == -1_000


# -- many at once


def test_six_threads_at_once_lose_nothing_and_double_nothing(desk: Desk) -> None:
    numbers = range(1, 61)
    answers: list[Answer] = []

    def till(name: int) -> None:
        """Every thread sends every number, in batches of its own cut."""
        step = name + 2
        for begin in range(0, len(numbers), step):
            part = numbers[begin : begin + step]
            body = batch(*(sale(number) for number in part), batch_id=f"t{name}-{begin}")
            answers.append(desk.writer.do(desk.intake.line(body), Context()).result)
            desk.writer.do(desk.intake.line(body), Context())

    threads = [threading.Thread(target=till, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(answer.accepted for answer in answers) == len(numbers)
    assert sum(answer.duplicate for answer in answers) == 5 * len(numbers)
    assert sorted(key[2] for key in desk.day().keys) == list(numbers)
    assert desk.day().totals.net == 200 * len(numbers)
    assert [each.position for each in desk.kept] == list(range(1, len(desk.kept) + 1))
    assert [each.fact for each in desk.kept] == [each.fact for each in desk.log()]
    assert_sales_and_stock_agree(desk)


def test_sales_and_stock_agree_after_every_save(desk: Desk) -> None:
    desk.send_together(
        goods_in("milk", "5", "5.00"),
        batch(sale(1, line(quantity="3")), refund(2), sale(3, line(voided=True)), sale(4, kind="training")),
        batch(sale(1, line(quantity="9")), batch_id="b2"),
        batch(sale(5, line("salt", quantity="2.5"), line()), batch_id="b3"),
    )
    counted = desk.facts(SalesReported)
    assert len(desk.facts(GoodsReceived)) == 1
    moved = sum(sum(fact.quantity) for fact in _of(desk, StockIssued, StockReturned))
    assert moved == -(3_000 - 1_000 + 2_500 + 1_000)
    desk.send(resolution(1, "replace"))
    assert desk.ledger().holding("milk").quantity == 5_000 - 9_000 + 1_000 - 1_000
    assert len(counted) == 3


def _of(desk: Desk, *kinds: type[Fact]) -> list[StockMoved]:
    return [each.fact for each in desk.log() if isinstance(each.fact, kinds) and isinstance(each.fact, StockMoved)]


def _opened(store: str) -> Pending:
    ledger = Ledger(ledger_stream(store), store)
    ledger.issue(DAY, "USD", ["milk"], [1_000], "")
    return ledger.collect()[0]
