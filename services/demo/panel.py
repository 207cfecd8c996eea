"""Reads the receipts of the Complete Journey, business day by business day, as columns of integers.

Must not know what becomes of them. The file is one row group in order of time, so it is streamed: what is in memory is
a slice of it and the rows of the day that is not yet complete.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    Integers = npt.NDArray[np.int64]
    Rows = dict[str, Integers]

TIME_ZONE: Final = "America/New_York"

_STAMP: Final = "transaction_timestamp"
_ROWS_AT_ONCE: Final = 16_384
_HOUR: Final = 3600
_DAY: Final = 86_400
_EPOCH: Final = dt.date(1970, 1, 1)


def whole_days(file: Path, columns: Sequence[str], days: tuple[dt.date, dt.date] | None) -> Iterator[Rows]:
    """The rows of whole business days, in order of time, with the asked columns and three more.

    Amounts come in cents. Added: `day` (business day, days since 1970-01-01), `local` (wall-clock seconds since then)
    and `offset` (seconds from UTC). `days` cuts to the business days from..to, both included.
    """
    held: Rows = {}
    for batch in pq.ParquetFile(file).iter_batches(_ROWS_AT_ONCE, columns=[_STAMP, *columns], use_threads=False):
        rows = {name: _integers(batch.column(name)) for name in columns}
        rows |= _local(_integers(batch.column(_STAMP)))
        if held:
            rows = {name: np.concatenate((held[name], column)) for name, column in rows.items()}
        # The stores' clocks never fall behind a midnight once passed, so the last day alone may have more rows to come.
        complete = int(np.searchsorted(rows["day"], rows["day"][-1]))
        held = {name: column[complete:] for name, column in rows.items()}
        yield from _within({name: column[:complete] for name, column in rows.items()}, days)
    yield from _within(held, days)


def _integers(column: pa.Array) -> Integers:
    """Counts and codes as they are, instants as seconds; amounts, which are doubles with residue, as whole cents."""
    stored: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    if pa.types.is_timestamp(column.type):
        stored = stored.astype("datetime64[s]")
    elif pa.types.is_floating(column.type):
        stored = np.rint(stored * 100)
    return stored.astype(np.int64)


def _local(utc: Integers) -> Rows:
    """The file's time is UTC; the stores live in New York, where the clocks only ever change on a full hour of UTC."""
    hour = utc // _HOUR
    zone = ZoneInfo(TIME_ZONE)
    offsets = np.array([_offset(each, zone) for each in range(int(hour[0]), int(hour[-1]) + 1)], dtype=np.int64)
    offset = offsets[hour - hour[0]]
    local = utc + offset
    return {"day": local // _DAY, "local": local, "offset": offset}


def _offset(hour: int, zone: ZoneInfo) -> int:
    there = dt.datetime.fromtimestamp(hour * _HOUR, zone).utcoffset()
    return 0 if there is None else int(there.total_seconds())


def _within(rows: Rows, days: tuple[dt.date, dt.date] | None) -> Iterator[Rows]:
    if days is not None:
        first, last = ((day - _EPOCH).days for day in days)
        begin, end = np.searchsorted(rows["day"], [first, last + 1])
        rows = {name: column[begin:end] for name, column in rows.items()}
    if len(rows["day"]):
        yield rows
