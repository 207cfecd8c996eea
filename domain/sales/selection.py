"""Cutting transactions in columns: some of them, or parts small enough for one fact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Final, TypeVar

import msgspec

from domain.sales.facts import Transactions

LINES_A_FACT: Final = 2_000  # about 100 bytes of JSON a line at the very worst: below 256 KiB (facts.md 1)
TRANSACTIONS_A_FACT: Final = 800
T = TypeVar("T")
_LINE_COLUMNS = ("sku", "quantity", "net", "tax", "cost")
_TENDER_COLUMNS = ("tender", "tendered", "change")
_COLUMNS = ("kind", "epoch", "cashier", "customer", "charges", "rounding", "register", "offset")


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
    """Parts of at most about 2,000 lines, whole transactions each; a single larger transaction is a part of its own."""
    if len(t.sku) <= LINES_A_FACT and len(t) <= TRANSACTIONS_A_FACT:
        yield t
        return
    rows: list[int] = []
    held = 0
    for row, count in enumerate(t.line_count):
        if rows and (held + count > LINES_A_FACT or len(rows) >= TRANSACTIONS_A_FACT):
            yield select(t, rows)
            rows, held = [], 0
        rows.append(row)
        held += count
    yield select(t, rows)


def _places(counts: Sequence[int], rows: Sequence[int]) -> list[int]:
    ends = list(accumulate(counts))
    return [place for row in rows for place in range(ends[row] - counts[row], ends[row])]


def _pick(column: list[T], places: Sequence[int]) -> list[T]:
    return [column[place] for place in places] if column else []


def _moved(item: Any, new_row: dict[int, int]) -> Any:
    return msgspec.structs.replace(item, of=new_row[item.of])
