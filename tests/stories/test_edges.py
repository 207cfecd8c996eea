"""Figures at the edge: what no shop does on purpose must neither stop the views nor make two of them disagree."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import Context
from domain.sales.facts import DayClosed
from projections.questions import Asked
from services.runtime.house import House
from services.runtime.settings import Settings
from tests.support.house import DAY, a_store, batch, closing, goods_in, line, resolution, sale, tender

NEXT_DAY = "2026-03-06"


class Shop:
    """A house that is sent bodies and asked."""

    def __init__(self, house: House) -> None:
        self.house = house

    def send(self, *bodies: bytes) -> list[Any]:
        return [self.house.writer.do(self.house.intake.line(body), Context()).result for body in bodies]

    def ask(self, question: str, *by: str, measures: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        self.house.settle()
        return self.house.views.ask(Asked(question, by=by, measures=measures, today=self.house.clock().date())).rows()

    def facts(self, kind: type) -> list[Any]:
        return [item.fact for item in self.house.store.after(0, 100_000) if isinstance(item.fact, kind)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with House(Settings(data=tmp_path), "test") as house:
        yield Shop(house)


def test_a_day_whose_total_has_more_digits_than_any_line_can_be_sealed_and_shown(shop: Shop) -> None:
    most = "9999999999.99"
    lines = [line(net=most)] * 100
    shop.send(a_store(registers=[{"code": "T1", "drawer": False}]))
    for begin in (1, 61):
        sales = [sale(number, *lines, tenders=[tender(most)] * 100) for number in range(begin, begin + 60)]
        shop.send(batch(*sales, batch_id=f"b{begin}"))
    shop.send(closing())
    (day,) = shop.ask("days", "business_day", measures=("net", "sealed_net"))
    assert day["net"] == day["sealed_net"] == Decimal(most) * 12_000


def test_the_seal_of_a_day_with_thousands_of_gaps_lists_some_and_counts_all(shop: Shop) -> None:
    shop.send(a_store(registers=[{"code": "T1", "drawer": False}]))
    shop.send(batch(*[sale(2 * number, line()) for number in range(1, 2_001)]))
    shop.send(closing())
    (seal,) = shop.facts(DayClosed)
    assert len(seal.missing) == 500
    assert seal.more_missing == 1_500
    assert shop.ask("days", measures=("gaps",))[0]["gaps"] == 2_000
    assert shop.ask("gaps", measures=("missing",))[0]["missing"] == 2_000


def test_replacing_a_repeat_leaves_alone_what_has_since_taken_the_place_of_the_first(shop: Shop) -> None:
    """X stands on one day and is suspected on the next; then headquarters puts Z in its place on the first."""
    first, other = sale(1, line(net="10.00")), sale(1, line(net="77.00"))
    shop.send(a_store(), batch(first), batch(first, day=NEXT_DAY), batch(other, batch_id="b2"))
    shop.send(resolution(1, "replace"), resolution(1, "replace", day=NEXT_DAY))
    assert [(str(row["business_day"]), row["net"]) for row in shop.ask("sales", "business_day", measures=("net",))] == [
        (DAY, Decimal("77.00")),
        (NEXT_DAY, Decimal("10.00")),
    ]


def test_a_day_on_which_a_register_gave_out_no_number_begins_nothing_anew(shop: Shop) -> None:
    shop.send(a_store(registers=[{"code": "T1", "numbering": "continuous", "drawer": False}]))
    shop.send(batch(*[sale(number, line(), day="2026-03-04") for number in range(1, 11)], day="2026-03-04"))
    shop.send(batch(day=DAY, registers=[{"code": "T1", "last_number": 0}]), closing())
    shop.send(batch(sale(11, line(), day=NEXT_DAY), day=NEXT_DAY), closing(NEXT_DAY))
    assert shop.ask("gaps", "business_day", "first", "last") == []
    assert [seal.missing for seal in shop.facts(DayClosed)] == [[], []]


def test_the_first_delivery_with_a_cost_clears_what_was_sold_before_it_without_one(shop: Shop) -> None:
    shop.send(a_store(), batch(sale(1, line("milk"))))
    codes = [row["code"] for row in shop.ask("exceptions", "code", measures=("exceptions",))]
    assert "cost_unknown" in codes
    before = shop.house.views.position()
    shop.send(goods_in("milk", "10", "8.00"))
    codes = [row["code"] for row in shop.ask("exceptions", "code", measures=("exceptions",))]
    assert "cost_unknown" not in codes
    then = Asked("exceptions", by=("code",), measures=("exceptions",), known_at=before, today=shop.house.clock().date())
    assert "cost_unknown" in [row["code"] for row in shop.house.views.ask(then).rows()]
