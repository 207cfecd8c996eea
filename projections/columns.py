"""From the columns of facts to Arrow columns, without a Python object per value: decimals, repetition, codes.

Amounts stay integers until DuckDB reads them as decimals; no float comes near them. It must not know any area.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Integers: TypeAlias = npt.NDArray[np.int64]

MONEY_PLACES: Final = 4
QUANTITY_PLACES: Final = 3
_LIMIT: Final = 10**18  # DECIMAL(18, ...) holds eighteen digits


def integers(columns: Iterable[Sequence[int]], count: int) -> Integers:
    """Columns of integers end to end; `count` is how many values they hold together."""
    return np.fromiter(chain.from_iterable(columns), np.int64, count)


def decimals(values: Integers, scale: int) -> pa.Array:
    """Integers of `10 ** -scale` as DECIMAL(18, scale), by writing the 128-bit buffer.

    Raises:
        OverflowError: a value has more than eighteen digits.
    """
    if values.size and (values.max() >= _LIMIT or values.min() <= -_LIMIT):
        raise OverflowError("an amount has more than eighteen digits")
    words = np.empty((values.size, 2), dtype=np.int64)
    words[:, 0] = values
    words[:, 1] = values >> 63  # the sign, in the upper half
    return pa.Array.from_buffers(pa.decimal128(18, scale), values.size, [None, pa.py_buffer(words)])


def money(minor: Integers, factor: int | Integers) -> pa.Array:
    """Minor units as DECIMAL(18, 4); `factor` is what `minor_factor` gives, once or for each value."""
    return decimals(minor * factor, MONEY_PLACES)


def minor_factor(places: int) -> int:
    """What a minor unit of a currency with `places` decimals is in ten-thousandths of its major unit."""
    return int(10 ** (MONEY_PLACES - places))


def quantities(thousandths: Integers) -> pa.Array:
    """Thousandths as DECIMAL(18, 3)."""
    return decimals(thousandths, QUANTITY_PLACES)


def codes(texts: Sequence[str] | Sequence[str | None]) -> pa.Array:
    """Texts that repeat, as a dictionary column."""
    return pa.array(texts, pa.string()).dictionary_encode()


def repeated(texts: Sequence[str | None], counts: Any) -> pa.Array:
    """Each text as often as its count says, as a dictionary column: what is one value for a whole fact."""
    return codes(texts).take(pa.array(np.repeat(np.arange(len(texts)), counts)))


def days(texts: Sequence[str], counts: Any) -> pa.Array:
    """Business days `YYYY-MM-DD`, each as often as its count says; an empty one is NULL."""
    numbers = np.array([text or "NaT" for text in texts], dtype="datetime64[D]")
    return pa.array(np.repeat(numbers, counts))


def positions(values: Sequence[int], counts: Any) -> pa.Array:
    """Positions, each as often as its count says."""
    return pa.array(np.repeat(np.array(values, dtype=np.uint64), counts))
