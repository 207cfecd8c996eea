"""An answer: sorted rows that stream from one snapshot, with the position they were read at.

It must not know how a question is composed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from projections.kernel import Reading, in_words
from projections.questions.model import Asked, Column


class Answer:
    """Sorted rows, the position they were read at, and the origins of the facts behind them. Rows are given once."""

    def __init__(
        self,
        asked: Asked,
        columns: Sequence[Column],
        position: int,
        origins: Sequence[str],
        reading: Reading,
        rows: pa.RecordBatchReader,
    ) -> None:
        self.asked = asked
        self.columns = tuple(columns)
        self.position = position
        self.origins = tuple(origins)
        self.schema: pa.Schema = rows.schema
        self._reading = reading
        self._rows = rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows as they come; the snapshot is let go after the last."""
        try:
            with in_words():
                yield from self._rows
        finally:
            self._reading.close()

    def stop(self) -> None:
        """Stop it, from any thread: whoever takes its rows gets `QuestionStopped`."""
        self._reading.stop()

    def close(self) -> None:
        """Let it go without taking its rows."""
        self._reading.close()

    def table(self) -> pa.Table:
        """All rows at once."""
        return pa.Table.from_batches(list(self.batches()), self.schema)

    def rows(self) -> list[dict[str, Any]]:
        """All rows as dictionaries of dates, decimals, numbers and texts."""
        rows: list[dict[str, Any]] = self.table().to_pylist()
        return rows


def canonical(answer: Answer, without: frozenset[str] = frozenset()) -> bytes:
    """The rows as sorted lines of text, without some columns: what must be equal when two runs are equal."""
    names = [column.name for column in answer.columns if column.name not in without]
    table = answer.table().select(names)
    texts = [column.cast(pa.string()).fill_null("\x00").to_pylist() for column in table.columns]
    lines = sorted("\x1f".join(row) for row in zip(*texts, strict=True))
    return "\n".join(["\x1f".join(names), *lines]).encode()
