"""Numbering epochs: a till replaced or wrapped begins again, and an old transaction gets no new key by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.sales.facts import RegisterState, SalesReported
from domain.sales.reading import Unfit
from services.batches import read_batch
from services.decoding import BadValue, decode_batch
from tests.support.house import (
    TERMS,
    Desk,
    a_store,
    batch,
    columns,
    goods_in,
    line,
    open_desk,
    refund,
    resolution,
    sale,
)

FIRST = sale(1)


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    with open_desk(tmp_path, a_store()) as opened:
        yield opened


@pytest.mark.parametrize("epoch", [0, 5, 6])
def test_the_epoch_is_no_part_of_the_content(epoch: int) -> None:
    """Or the same transaction, sent again under another epoch, would count twice."""
    later = {"T1": RegisterState("T1", "daily", 1, drawer=True, epoch=5)}
    assert (
        columns(sale(1, epoch=epoch), terms=msgspec.structs.replace(TERMS, registers=later)).hash
        == columns(sale(1)).hash
    )


@pytest.mark.parametrize(("epoch", "known"), [(0, True), (4, False), (5, True), (6, True), (7, False)])
def test_a_transaction_names_the_epoch_its_register_is_in_or_the_next(epoch: int, known: bool) -> None:
    terms = msgspec.structs.replace(TERMS, registers={"T1": RegisterState("T1", "daily", 1, drawer=True, epoch=5)})
    declared = {"code": "T1", "last_number": 1} | ({"epoch": epoch} if epoch else {})
    declaring = decode_batch(batch(sale(1), registers=[declared]))
    if known:
        assert columns(sale(1, epoch=epoch), terms=terms).epoch == [epoch or 5]
        assert read_batch(declaring, terms).rejected == []
        return
    with pytest.raises(Unfit) as why:
        columns(sale(1, epoch=epoch), terms=terms)
    assert (why.value.code, why.value.field) == ("unknown_epoch", "/epoch")
    with pytest.raises(BadValue) as why_not:
        read_batch(declaring, terms)
    assert why_not.value.field == "/registers/0/epoch"


def test_the_original_of_a_refund_may_be_named_with_its_epoch() -> None:
    linked = refund(2, original={"number": 1, "register": "T1", "epoch": 4})
    assert columns(linked).original[0].epoch == 4
    assert columns(refund(2, original={"number": 1, "register": "T1"})).original[0].epoch == 0


def test_sent_again_under_another_epoch_nothing_counts_twice(desk: Desk) -> None:
    desk.send(batch(FIRST))
    assert desk.send(batch(FIRST | {"epoch": 7}, batch_id="b2")).listed[0].code == "unknown_epoch"
    answer = desk.send(batch(FIRST | {"epoch": 1}, batch_id="b3"))
    assert (answer.accepted, [row.code for row in answer.listed]) == (0, ["suspected_repeat"])
    assert "epoch 0" in answer.listed[0].reason
    assert desk.day().totals.net == 200
    assert desk.send(resolution(1, "keep_first", epoch=1)) is True
    assert desk.send(batch(FIRST | {"epoch": 1}, batch_id="b4")).duplicate == 1
    assert desk.day().totals.net == 200


def test_a_repeat_that_belongs_to_the_new_epoch_moves_there(desk: Desk) -> None:
    desk.send(batch(FIRST), batch(FIRST | {"epoch": 1}, batch_id="b2"))
    assert desk.send(resolution(1, "replace", epoch=1)) is True
    assert ([*desk.day().keys], desk.day().totals.net) == ([("T1", 1, 1)], 200)
    assert desk.send(batch(FIRST, FIRST | {"epoch": 1}, batch_id="b3")).duplicate == 2


def test_a_refund_comes_back_at_the_cost_of_the_original_in_the_epoch_it_names(desk: Desk) -> None:
    desk.send(goods_in("milk", "1", "1.00"), batch(sale(1)))
    desk.send(goods_in("milk", "1", "3.00", movement_id="m2"), batch(sale(1, line(net="2.50"), epoch=1), batch_id="b2"))
    original = {"number": 1, "register": "T1", "epoch": 1}
    desk.send(batch(refund(2, original=original), batch_id="b3"))
    assert desk.facts(SalesReported)[-1].transactions.cost == [-300]
