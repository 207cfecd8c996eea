"""What goods cost when they are sold and come back: the ledger behind a day's sales."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import Recorded
from domain.sales.facts import SalesReported
from domain.sales.trading_day import day_stream
from domain.stock.facts import StockIssued, StockMoved, StockReturned, StockReversed
from tests.support.house import (
    DAY,
    NEXT_DAY,
    Desk,
    Json,
    a_store,
    batch,
    goods_in,
    line,
    open_desk,
    refund,
    resolution,
    sale,
    tender,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, a_store(), a_store("2")) as opened:
        yield opened


def milk(quantity: str, net: str = "5.00") -> Json:
    return line("milk", net, quantity)


def back(number: int, quantity: str, original: Json | None = None, **more: Any) -> Json:
    linked = {"original": original} if original else {}
    return refund(number, milk(quantity, "-5.00"), **linked, **more)


def held(desk: Desk, store: str = "1", sku: str = "milk") -> tuple[int, int]:
    """Quantity in thousandths and value in cents."""
    holding = desk.ledger(store).holding(sku)
    return holding.quantity, holding.value


def costs(desk: Desk) -> list[list[int]]:
    return [fact.transactions.cost for fact in desk.facts(SalesReported)]


def test_a_sale_goes_at_the_average_and_its_lines_say_what_they_cost(desk: Desk) -> None:
    """10 @ 1.00 and 5 @ 1.30 are 15 worth 16.50; three go at 3.30."""
    desk.send(goods_in("milk", "10", "10.00"), goods_in("milk", "5", "6.50", movement_id="m2"))
    desk.send(batch(sale(1, milk("3"))))
    assert (costs(desk), held(desk)) == ([[330]], (12_000, 1_320))


def test_the_order_of_opening_and_sale_in_one_group_counts(desk: Desk) -> None:
    desk.send_together(goods_in("milk", "4", "4.00", movement="opening"), batch(sale(1, milk("1"))))
    assert (costs(desk), held(desk)) == ([[100]], (3_000, 300))


def test_what_was_never_costed_is_sold_at_nothing_and_marked(desk: Desk) -> None:
    desk.send(batch(sale(1, milk("2"), line("salt", "1.00", "1"))))
    (issued,) = desk.facts(StockIssued)
    assert (issued.all_unknown, issued.quantity, costs(desk)) == (True, [-2_000, -1_000], [[]])


def test_a_line_without_quantity_moves_nothing_and_keeps_its_place_among_the_costs(desk: Desk) -> None:
    desk.send(goods_in("milk", "10", "10.00"), batch(sale(1, milk("0"), milk("2"), line("salt", "1.00", "0"))))
    assert costs(desk) == [[0, 200, 0]]
    assert desk.facts(StockIssued)[0].sku == ["milk"]


@pytest.mark.parametrize("kind", ["void", "cancel", "no_sale", "training"])
def test_what_is_no_sale_moves_no_goods(desk: Desk, kind: str) -> None:
    desk.send(goods_in("milk", "10", "10.00"), batch(sale(1, milk("3"), kind=kind), sale(2, milk("1"))))
    assert held(desk) == (9_000, 900)


def test_a_voided_line_moves_no_goods(desk: Desk) -> None:
    desk.send(goods_in("milk", "10", "10.00"), batch(sale(1, milk("1"), milk("3") | {"voided": True})))
    assert (held(desk), costs(desk)) == ((9_000, 900), [[100, 0]])


# -- refunds


def dearer(desk: Desk) -> None:
    """The shelf is bare after the first sale, and the next delivery costs 3.00 apiece."""
    desk.send(goods_in("milk", "10", "30.00", movement_id="dearer"))


FIRST = {"number": 1, "register": "T1"}


def test_a_linked_refund_returns_at_the_cost_of_its_own_issue_on_an_earlier_day(desk: Desk) -> None:
    desk.send(goods_in("milk", "2", "2.00"), batch(sale(1, milk("2"))))
    dearer(desk)
    desk.send(batch(back(1, "-1", FIRST | {"business_day": DAY}, day=NEXT_DAY), day=NEXT_DAY))
    assert (costs(desk)[-1], held(desk)) == ([-100], (11_000, 3_100))


def test_a_linked_refund_in_the_batch_of_its_sale_returns_at_that_cost(desk: Desk) -> None:
    desk.send(goods_in("milk", "3", "3.00"), batch(sale(1, milk("2")), back(2, "-1", FIRST)))
    assert (costs(desk), held(desk)) == ([[200, -100]], (2_000, 200))


def test_a_linked_refund_returns_at_its_own_cost_though_the_average_moved_since(desk: Desk) -> None:
    desk.send(goods_in("milk", "2", "2.00"), batch(sale(1, milk("1"))))
    dearer(desk)  # 11 worth 31.00
    desk.send(batch(back(2, "-1", FIRST), batch_id="b2"))
    assert (costs(desk)[-1], held(desk)) == ([-100], (12_000, 3_200))


def test_an_unlinked_refund_returns_at_the_current_average(desk: Desk) -> None:
    desk.send(goods_in("milk", "2", "2.00"), batch(sale(1, milk("2"))))
    dearer(desk)
    desk.send(batch(back(2, "-1"), batch_id="b2"))
    assert (costs(desk)[-1], held(desk)) == ([-300], (11_000, 3_300))


def test_a_refund_of_a_sale_nobody_knows_returns_at_the_current_average(desk: Desk) -> None:
    dearer(desk)
    desk.send(batch(back(2, "-1", {"number": 99, "register": "T1"})))
    assert costs(desk) == [[-300]]


def test_a_refund_in_another_store_moves_stock_there_at_the_cost_of_the_sale(desk: Desk) -> None:
    """Rules 1, returns: stock moves where the goods come back."""
    desk.send(goods_in("milk", "2", "2.00"), batch(sale(1, milk("2"))))
    desk.send(batch(back(1, "-1", FIRST | {"store": "1"}), store="2"))
    assert (held(desk, "1"), held(desk, "2")) == ((0, 0), (1_000, 100))


def test_a_refund_in_a_store_with_another_currency_does_not_take_the_cost_over(desk: Desk) -> None:
    """facts.md 1: a sum over two currencies does not exist; 100 cents are not 100 yen."""
    desk.send(a_store("3", currency="JPY"), goods_in("milk", "2", "2.00"), batch(sale(1, milk("2"))))
    desk.send(goods_in("milk", "1", "500", store="3"))
    yen = refund(1, line("milk", "-700", "-1"), original=FIRST | {"store": "1"}, tenders=[tender("-700")])
    desk.send(batch(yen, store="3"))
    assert held(desk, "3") == (2_000, 1_000)


def test_a_refund_of_part_of_a_line_takes_its_share_of_the_cost(desk: Desk) -> None:
    desk.send(goods_in("milk", "3", "10.00"), batch(sale(1, milk("3")), back(2, "-2", FIRST)))
    assert costs(desk) == [[1_000, -667]]


def test_a_post_void_brings_the_goods_back_at_the_cost_of_their_issue(desk: Desk) -> None:
    desk.send(goods_in("milk", "2", "2.00"), batch(sale(1, milk("2"))))
    dearer(desk)
    undone = refund(2, milk("-2", "-5.00"), original=FIRST) | {"kind": "post_void"}
    desk.send(batch(undone, batch_id="b2"))
    assert (costs(desk)[-1], held(desk)) == ([-200], (12_000, 3_200))


def test_a_refund_linked_to_a_sale_of_the_same_group_moves_its_goods_once(desk: Desk) -> None:
    """The original is on its way to the log while the refund is decided; the batch also sells something."""
    desk.send(goods_in("milk", "10", "10.00"), goods_in("salt", "10", "5.00", movement_id="m2"))
    mixed = batch(sale(2, line("salt", "1.00", "1")), back(3, "-1", FIRST), batch_id="b2")
    answers = desk.send_together(batch(sale(1, milk("2"))), mixed)
    assert [answer.accepted for answer in answers] == [1, 2]
    assert (held(desk), held(desk, sku="salt")) == ((9_000, 900), (9_000, 450))
    assert sum(sum(fact.quantity) for fact in desk.facts(StockIssued)) == -3_000


def test_a_refund_in_a_later_part_of_a_large_batch_finds_its_sale_in_an_earlier_one(desk: Desk) -> None:
    desk.send(goods_in("milk", "2", "2.00"))
    many = [sale(number, *[line("salt", "1.00", "1")] * 5) for number in range(2, 1_200)]
    desk.send(batch(sale(1, milk("2")), *many, back(1_200, "-1", FIRST)))
    facts = desk.facts(SalesReported)
    assert len(facts) > 1
    assert facts[-1].transactions.cost[-1] == -100


def test_the_day_of_the_originals_is_read_once_however_many_refunds_name_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refund of each of 2,000 sales, in a batch of several facts: reading the day for each would take minutes."""
    desk.send(goods_in("milk", "2000", "3000.00"))
    desk.send(batch(*[sale(number, milk("1")) for number in range(1, 2_001)]))
    read: list[str] = []
    stream = desk.store.stream

    def noted(name: str, after_version: int = 0) -> Iterator[tuple[Recorded, bytes]]:
        read.append(name)
        return stream(name, after_version)

    monkeypatch.setattr(desk.store, "stream", noted)
    links = [back(n, "-1", {"number": 2_001 - n, "register": "T1", "business_day": DAY}) for n in range(1, 2_001)]
    desk.send(batch(*links, day=NEXT_DAY))
    assert read.count(day_stream("1", DAY)) == 1
    returned = [cost for fact in desk.facts(SalesReported)[-2:] for cost in fact.transactions.cost]
    assert set(returned) == {-150}
    assert len(desk.facts(StockReturned)) > 1
    assert held(desk) == (2_000_000, 3_000_00)


# -- replacing


def test_replacing_reverses_the_goods_at_their_own_values_and_issues_the_others(desk: Desk) -> None:
    desk.send(goods_in("milk", "2", "2.00"), goods_in("salt", "10", "5.00", movement_id="m2"))
    desk.send(batch(sale(1, milk("2"))))
    dearer(desk)
    desk.send(batch(sale(1, line("salt", "5.00", "4")), batch_id="b2"), resolution(1, "replace"))
    (reversed_,) = desk.facts(StockReversed)
    assert (reversed_.sku, reversed_.quantity, reversed_.value) == (["milk"], [2_000], [200])
    assert (held(desk), held(desk, sku="salt")) == ((12_000, 3_200), (6_000, 300))


def test_replacing_a_refund_takes_the_goods_out_again_at_what_they_came_back_at(desk: Desk) -> None:
    desk.send(goods_in("milk", "4", "4.00"), batch(sale(1, milk("2")), back(2, "-1", FIRST)))
    dearer(desk)
    desk.send(batch(back(2, "-2", FIRST), batch_id="b2"), resolution(2, "replace"))
    assert held(desk) == (14_000, 3_400)


def test_each_stock_fact_names_the_fact_that_caused_it(desk: Desk) -> None:
    """A cause is named by stream and version; both facts are of one save."""
    desk.send(batch(sale(1, milk("2"))), batch(sale(1, milk("3")), batch_id="b2"), resolution(1, "replace"))
    log = desk.log()
    for each in log:
        if isinstance(each.fact, StockMoved):
            (cause,) = (other for other in log if f"{other.stream}#{other.version}" == each.fact.cause)
            moved = getattr(cause.fact, "transactions", None) or getattr(cause.fact, "accepted", None)
            assert moved is not None
            sign = 1 if isinstance(each.fact, StockReversed) else -1
            assert [sign * quantity for quantity in moved.quantity] == each.fact.quantity
            assert cause.meta.recorded_at == each.meta.recorded_at


def test_a_refund_is_a_fact_of_its_own_kind(desk: Desk) -> None:
    desk.send(batch(sale(1, milk("2")), back(2, "-1", FIRST), sale(3, milk("1"))))
    assert [fact.quantity for fact in desk.facts(StockReturned)] == [[1_000]]
    assert [fact.quantity for fact in desk.facts(StockIssued)] == [[-2_000, -1_000]]
