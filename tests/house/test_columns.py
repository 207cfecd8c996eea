"""Columns are packed without loss: what is read back is what was said, for any number of rows."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.columns import packed, spread

COLUMNS = st.lists(st.sampled_from(["", "sale", "return"]), max_size=6)


@given(COLUMNS, st.sampled_from(["", "sale"]))
@example(["sale"], "sale")
@example(["return"], "sale")
def test_a_column_comes_back_as_it_was(values: list[str], default: str) -> None:
    assert spread(packed(values, default), len(values), default) == values


@given(COLUMNS, st.sampled_from(["", "sale"]))
def test_what_is_the_same_in_every_row_is_stored_once_at_most(values: list[str], default: str) -> None:
    kept = packed(values, default)
    if set(values) <= {default}:
        assert kept == []
    elif len(set(values)) == 1:
        assert kept == values[:1]
    else:
        assert kept == values


@given(st.lists(st.integers(), max_size=6))
def test_packing_and_spreading_leave_what_they_were_given_alone(values: list[int]) -> None:
    before = list(values)
    packed(values, 0)
    spread(values[:1], 5, 0)
    assert values == before


def test_one_row_reads_the_same_either_way() -> None:
    assert spread([7], 1, 0) == [7]
    assert spread([], 1, 7) == [7]


def test_a_column_of_another_length_is_damage_and_said_so() -> None:
    with pytest.raises(ValueError, match="2 values cannot stand beside 3 rows"):
        spread([1, 2], 3, 0)
