"""Small tables: rows as tuples to Arrow, for facts that make a row or two each. It must not know any area."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from projections.columns import MONEY_PLACES, QUANTITY_PLACES, days, decimals

POSITION: Final = pa.uint64()
DAY: Final = pa.date32()
TEXT: Final = pa.string()
COUNT: Final = pa.int64()
FLAG: Final = pa.bool_()
MONEY: Final = pa.decimal128(18, MONEY_PLACES)
QUANTITY: Final = pa.decimal128(18, QUANTITY_PLACES)
SUM: Final = pa.decimal128(38, MONEY_PLACES)  # a sum that a fact holds may have more digits than any of its parts

Rows = Iterable[tuple[object, ...]]


def table_of(columns: Mapping[str, pa.DataType], rows: Rows) -> pa.Table:
    """The rows as a table. Days are text `YYYY-MM-DD`, money is ten-thousandths, a quantity thousandths: integers."""
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pa.table({name: _column(kind, column) for (name, kind), column in zip(columns.items(), values, strict=True)})


def _column(kind: pa.DataType, values: tuple[object, ...]) -> pa.Array:
    if kind == DAY:
        return days([str(value) for value in values], 1)
    if kind == SUM:
        words = b"".join(int(str(value)).to_bytes(16, "little", signed=True) for value in values)
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(words)])
    if pa.types.is_decimal(kind):
        return decimals(np.array(values, dtype=np.int64), kind.scale)
    return pa.array(values, kind)
