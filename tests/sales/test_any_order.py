"""A day is the same day however it was cut into batches, in whatever order they came and however often."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.sales.facts import DayRestated, SalesReported
from domain.sales.totals import combined
from tests.sales.strategies import transactions
from tests.support.house import DAY, Desk, Json, a_store, batch, closing, columns, declaration, open_desk

CUTS = st.lists(st.integers(1, 5), min_size=1, max_size=6)


@st.composite
def days(draw: st.DrawFn) -> list[Json]:
    """Transactions with a number of their own each, refunds of one another among them."""
    count = draw(st.integers(1, 12))
    return [draw(transactions(st.just(number), registers=("T1", "KIOSK"))) for number in range(1, count + 1)]


@st.composite
def arrivals(draw: st.DrawFn, count: int) -> tuple[list[list[int]], int]:
    """Batches of row numbers, each row in at least one, each batch twice; and after how many the day is closed."""
    rows = draw(st.permutations(range(count)))
    batches: list[list[int]] = []
    for size in draw(CUTS):
        batches.append(list(rows[:size]))
        rows = rows[size:]
    batches += [list(rows)] if rows else []
    batches += draw(st.lists(st.lists(st.integers(0, count - 1), min_size=1, max_size=3), max_size=2))
    batches = [each for each in batches if each]
    twice = draw(st.permutations([*batches, *batches]))
    return list(twice), draw(st.integers(1, len(twice)))


def what_stands(desk: Desk) -> dict[str, Any]:
    """All that must not depend on the way the day came in."""
    day, ledger = desk.day(), desk.ledger()
    return {
        "totals": day.totals,
        "keys": day.keys,
        "drawers": day.drawers.expected("register"),
        "stock": {sku: ledger.holding(sku).quantity for sku in ("milk", "salt", "A/1", "7")},
    }


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_cut_any_order_any_repetition_and_any_closing_give_the_same_day(data: st.DataObject) -> None:
    made = data.draw(days())
    batches, closed_after = data.draw(arrivals(len(made)))
    with tempfile.TemporaryDirectory() as folder:
        with open_desk(Path(folder) / "whole", a_store(), batch(*made)) as desk:
            expected = what_stands(desk)
        with open_desk(Path(folder) / "parts", a_store()) as desk:
            counts = _arrive(desk, made, batches, closed_after)
            assert what_stands(desk) == expected
            assert counts["accepted"] + counts["after_close"] == len(made)
            assert counts["conflict"] == counts["rejected"] == 0
            assert counts["duplicate"] == sum(map(len, {tuple(each): each for each in batches}.values())) - len(made)
            assert_nothing_lost_or_doubled(desk, made)


def _arrive(desk: Desk, made: list[Json], batches: list[list[int]], closed_after: int) -> Counter[str]:
    """Send in groups of three, so that some are decided together and some are not."""
    counts: Counter[str] = Counter()
    for place, rows in enumerate(batches, 1):
        name = "b-" + "-".join(map(str, rows))
        for answer in desk.send_together(batch(*(made[row] for row in rows), batch_id=name)):
            if not answer.replayed:
                for outcome in ("accepted", "duplicate", "conflict", "rejected", "after_close"):
                    counts[outcome] += getattr(answer, outcome)
        if place == closed_after:
            desk.send(declaration({"cash": "0"}, register="T1"), closing())
    return counts


def assert_nothing_lost_or_doubled(desk: Desk, made: list[Json]) -> None:
    reported = [hash_ for fact in desk.facts(SalesReported) for hash_ in fact.transactions.hash]
    assert sorted(reported) == sorted(columns(*made).hash)
    day = desk.day()
    assert day.sealed is not None
    total = day.sealed.totals
    for restated in desk.facts(DayRestated):
        total = combined(total, restated.delta)
        assert total == restated.totals
    assert combined(total, day.totals, -1) == combined(day.totals, day.totals, -1)


@settings(max_examples=15)
@given(st.data())
def test_batches_that_wait_together_give_the_same_day_as_one_after_the_other(data: st.DataObject) -> None:
    made = data.draw(days())
    batches, _ = data.draw(arrivals(len(made)))
    bodies = [batch(*(made[row] for row in rows), batch_id=f"b{place}", day=DAY) for place, rows in enumerate(batches)]
    with tempfile.TemporaryDirectory() as folder:
        stands = []
        for name, together in (("apart", False), ("together", True)):
            with open_desk(Path(folder) / name, a_store()) as desk:
                if together:
                    desk.send_together(*bodies)
                else:
                    desk.send(*bodies)
                log = [(each.position, each.stream, each.version, each.fact) for each in desk.log()]
                stands.append((what_stands(desk), log))
        assert stands[0] == stands[1]
