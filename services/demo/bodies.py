"""Turns columns of receipts into the bodies of batches: one JSON text per store and business day.

Must not know where the columns come from. Text is joined a column at a time; the order of fields is that of the
commands, so a body is byte for byte what encoding its command gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.demo.panel import Integers, Rows

REGISTER: Final = "PANEL"


def batches(rows: Rows, in_thousandths: Integers) -> Iterator[tuple[str, str, bytes]]:
    """Store, business day and batch body of each store-day, by business day, then store.

    `in_thousandths` are the articles whose quantity the rows count in thousandths of their unit.
    """
    # By instant (a clock put back repeats an hour), then by basket; the lines of a basket stay as they came.
    order = np.lexsort((rows["basket_id"], rows["local"] - rows["offset"], rows["store_id"], rows["day"]))
    rows = {name: column[order] for name, column in rows.items()}
    baskets = _starts(rows["basket_id"])
    store, day = rows["store_id"][baskets], rows["day"][baskets]
    store_days = _starts(store, day)
    sizes = np.diff(np.append(store_days, len(baskets)))
    number = np.arange(len(baskets)) - np.repeat(store_days, sizes) + 1
    texts = _transactions(rows, baskets, number, in_thousandths)
    stores, days = _text(store[store_days]), _days(day[store_days])
    bodies = _join(
        '{"schema":"counterfoil/batch/1","store":"', stores, '","business_day":"', days,
        '","batch_id":"panel-', days, "-", stores,
        f'","registers":[{{"code":"{REGISTER}","last_number":', _text(sizes),
        '}],"origin":"panel","transactions":[', _grouped(texts, store_days), "]}",
    )  # fmt: skip
    yield from zip(stores.to_pylist(), days.to_pylist(), bodies.cast(pa.binary()).to_pylist(), strict=True)


def closings(rows: Rows) -> Iterator[bytes]:
    """The closing of each store-day. `rows` holds each once, in the order wanted."""
    text = _join(
        '{"schema":"counterfoil/closing/1","store":"', _text(rows["store_id"]),
        '","business_day":"', _days(rows["day"]), '","origin":"panel"}',
    )  # fmt: skip
    yield from text.cast(pa.binary()).to_pylist()


def _transactions(rows: Rows, baskets: Integers, number: Integers, in_thousandths: Integers) -> pa.Array:
    net = np.add.reduceat(rows["sales_value"], baskets)
    total = _amounts(net)
    return _join(
        '{"at":"', _times(rows["local"][baskets], rows["offset"][baskets]),
        '","kind":"sale","number":', _text(number),
        f',"register":"{REGISTER}","customer":"', _text(rows["household_id"][baskets]),
        '","lines":[', _grouped(_lines(rows, in_thousandths), baskets),
        '],"net":"', total, '"', _tenders(net, np.add.reduceat(rows["coupon_disc"], baskets)),
        ',"total":"', total, '"}',
    )  # fmt: skip


def _lines(rows: Rows, in_thousandths: Integers) -> pa.Array:
    """Sales are after the chain's own discounts, before the maker's coupons: those are money, not a lower price."""
    net, loyalty, match = rows["sales_value"], rows["retail_disc"], rows["coupon_match_disc"]
    discounts = (_kind(loyalty, "loyalty"), _kind(match, "coupon_match"))
    return _join(
        '{"list":"', _amounts(net + loyalty + match), '","net":"', _amounts(net),
        '","quantity":"', _quantities(rows, in_thousandths), '","sku":"', _text(rows["product_id"]),
        '"', _list_field("discounts", *discounts), "}",
    )  # fmt: skip


def _tenders(net: Integers, coupons: Integers) -> pa.Array:
    """What the maker of a coupon pays back is one tender; how the rest was paid nobody recorded.

    A coupon above the sale leaves a negative rest: the shopper was given money.
    """
    return _list_field("tenders", _kind(coupons, "manufacturer_coupon"), _kind(net - coupons, "unspecified"))


def _kind(cents: Integers, kind: str) -> pa.Array:
    """An amount of a kind as an object behind a comma, or nothing where there is no amount."""
    some = cents != 0
    objects = _join(',{"amount":"', _amounts(cents[some]), f'","kind":"{kind}"}}')
    return pa.concat_arrays([pa.array([""]), objects]).take(pa.array(np.cumsum(some) * some))


def _list_field(name: str, *objects: pa.Array) -> pa.Array:
    """A field with the objects that are there; no field at all where none is."""
    inside = _join(*objects)
    field = _join(pc.binary_replace_slice(inside, 0, 1, f',"{name}":['), "]")
    return pc.if_else(pc.equal(inside, ""), "", field)


def _quantities(rows: Rows, in_thousandths: Integers) -> pa.Array:
    """Whole units, or thousandths as decimal text without the zeros that say nothing."""
    measured = pc.is_in(pa.array(rows["product_id"]), pa.array(in_thousandths))
    thousandths = pa.array(rows["quantity"]).filter(measured).view(pa.decimal64(18, 3)).cast(pa.string())
    plain = pc.ascii_rtrim(pc.ascii_rtrim(thousandths, "0"), ".")
    return pc.replace_with_mask(_text(rows["quantity"]), measured, plain)


def _times(local: Integers, offset: Integers) -> pa.Array:
    """Wall-clock time with its offset from UTC, `2017-03-05T10:12:33-05:00`."""
    clock = pc.binary_replace_slice(pa.array(local).view(pa.timestamp("s")).cast(pa.string()), 10, 11, "T")
    known, which = np.unique(offset, return_inverse=True)
    texts = [f"{'-' if each < 0 else '+'}{abs(each) // 3600:02}:{abs(each) // 60 % 60:02}" for each in known.tolist()]
    return _join(clock, pa.array(texts).take(pa.array(which)))


def _amounts(cents: Integers) -> pa.Array:
    """Cents as decimal text: the same integers, seen as decimals with two places."""
    return pa.array(cents).view(pa.decimal64(18, 2)).cast(pa.string())


def _days(day: Integers) -> pa.Array:
    return pa.array(day).cast(pa.int32()).view(pa.date32()).cast(pa.string())


def _text(numbers: Integers) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


def _join(*parts: pa.Array | str) -> pa.Array:
    """The parts of each row, one after the other; a plain text is the same in every row."""
    return pc.binary_join_element_wise(*parts, "")


def _grouped(texts: pa.Array, starts: Integers) -> pa.Array:
    """The texts of each group with commas between; a group goes on to the next start."""
    bounds = pa.array(np.append(starts, len(texts))).cast(pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(bounds, texts), ",")


def _starts(*columns: Integers) -> Integers:
    """Where a new group begins: the rows that differ from the one before in any of the columns."""
    differs = np.zeros(len(columns[0]), dtype=bool)
    differs[:1] = True
    for column in columns:
        differs[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(differs)
