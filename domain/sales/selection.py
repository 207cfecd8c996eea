"""Cutting transactions in columns: some of them, or parts small enough for one fact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Final, TypeVar

import msgspec

from domain.sales.facts import Transactions

BYTES_A_PART: Final = 140_000  # of JSON: leaves room for 500 registers and all else in 256 KiB (facts.md 1)
T = TypeVar("T")
_LINE_COLUMNS = ("sku", "quantity", "net", "tax", "cost")
_TENDER_COLUMNS = ("tender", "tendered", "change")
_WIDTH: Final = {
    "kind": 13, "epoch": 8, "cashier": 43, "customer": 43, "charges": 15, "rounding": 15, "register": 43, "offset": 5,
}  # fmt: skip
_COLUMNS = tuple(_WIDTH)


def select(t: Transactions, rows: Sequence[int]) -> Transactions:
    """The transactions at `rows`, in that order, with their lines, tenders and notes."""
    lines = _places(t.line_count, rows)
    tenders = _places(t.tender_count, rows)
    new_row = {row: place for place, row in enumerate(rows)}
    new_line = {line: place for place, line in enumerate(lines)}
    columns: dict[str, Any] = {name: _pick(getattr(t, name), lines) for name in _LINE_COLUMNS}
    columns |= {name: _pick(getattr(t, name), tenders) for name in _TENDER_COLUMNS}
    for name in _COLUMNS:
        column = getattr(t, name)
        columns[name] = column if len(column) == 1 else _pick(column, rows)
    return Transactions(
        **columns,
        **{name: _pick(getattr(t, name), rows) for name in ("number", "hash", "time", "line_count", "tender_count")},
        reason={new_row[row]: text for row, text in t.reason.items() if row in new_row},
        original=[_moved(item, new_row) for item in t.original if item.of in new_row],
        taxes=[_moved(item, new_row) for item in t.taxes if item.of in new_row],
        discounts={kind: part for kind, column in t.discounts.items() if any(part := [column[line] for line in lines])},
        voided=sorted(new_line[line] for line in t.voided if line in new_line),
        notes=[_moved(note, new_row) for note in t.notes if note.of in new_row],
    )


def split(t: Transactions) -> Iterator[Transactions]:
    """Parts that each fit into a fact, whole transactions each; one that does not fit is a part of its own."""
    if _at_most(t) <= BYTES_A_PART:
        yield t
        return
    rows: list[int] = []
    held = 0
    for row, weight in enumerate(_weights(t)):
        if rows and held + weight > BYTES_A_PART:
            yield select(t, rows)
            rows, held = [], 0
        rows.append(row)
        held += weight
    yield select(t, rows)


def _at_most(t: Transactions) -> int:
    """At most how many bytes of JSON all are, without looking at each: nearly every batch is far below."""
    lines = (110 + 15 * len(t.discounts)) * len(t.sku) + 75 * len(t.tender)
    rest = 3_012 * len(t.reason) + 110 * len(t.notes) + 90 * len(t.taxes) + 220 * len(t.original)
    return _row_width(t) * len(t) + lines + rest


def _row_width(t: Transactions) -> int:
    return 80 + sum(_WIDTH[name] for name in _COLUMNS if len(getattr(t, name)) > 1)


def _weights(t: Transactions) -> list[int]:
    """At most how many bytes of JSON each transaction is."""
    row = _row_width(t)
    line = 70 + 2 * len(t.discounts)
    lengths = list(map(len, t.sku))
    for column in t.discounts.values():
        lengths = [length + 13 if off else length for length, off in zip(lengths, column, strict=True)]
    weights, begin = [], 0
    for count, tenders in zip(t.line_count, t.tender_count, strict=True):
        weights.append(row + line * count + sum(lengths[begin : begin + count]) + 75 * tenders)
        begin += count
    for place, text in t.reason.items():
        weights[place] += 12 + len(msgspec.json.encode(text))
    for note in t.notes:
        weights[note.of] += 70 + len(note.detail)
    for tax in t.taxes:
        weights[tax.of] += 90
    for link in t.original:
        weights[link.of] += 220
    return weights


def _places(counts: Sequence[int], rows: Sequence[int]) -> list[int]:
    ends = list(accumulate(counts))
    return [place for row in rows for place in range(ends[row] - counts[row], ends[row])]


def _pick(column: list[T], places: Sequence[int]) -> list[T]:
    return [column[place] for place in places] if column else []


def _moved(item: Any, new_row: dict[int, int]) -> Any:
    return msgspec.structs.replace(item, of=new_row[item.of])
