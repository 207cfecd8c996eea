"""Parallel columns of bulk facts, kept short: *a column of one value holds for every row; an empty column means the
default for every row.*

The rule cannot say how many rows there are; another column (numbers, article numbers) always stands in full and does.
For a single row both readings of a one-value column are the same. It must not know any area.
"""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def packed(values: list[T], default: T) -> list[T]:
    """The column as it is stored; `values` itself where nothing can be left out.

    >>> packed(["sale", "sale"], "sale"), packed(["EA", "EA"], ""), packed([1, 2], 0)
    ([], ['EA'], [1, 2])
    """
    if not values:
        return []
    first = values[0]
    if values.count(first) != len(values):
        return values
    return [] if first == default else [first]


def spread(column: list[T], n: int, default: T) -> list[T]:
    """The column with a value for each of `n` rows; `column` itself where it already has them, so do not change it.

    Raises:
        ValueError: the column has neither no value, nor one, nor `n`: its fact is damaged.

    >>> spread([], 2, "sale"), spread(["EA"], 2, ""), spread([1, 2], 2, 0)
    (['sale', 'sale'], ['EA', 'EA'], [1, 2])
    """
    if not column:
        return [default] * n
    if len(column) == 1:
        return column * n
    if len(column) != n:
        raise ValueError(f"a column of {len(column)} values cannot stand beside {n} rows")
    return column
