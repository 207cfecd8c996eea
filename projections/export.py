"""Answers as files: CSV, Parquet, JSON, streamed batch by batch, and never half written. It must not know a question.

Money is written with the decimals of its currency. In CSV, text that a spreadsheet would run as a formula is made
harmless by an apostrophe; numbers are left as they are.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from collections.abc import Callable, Generator, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from domain.kernel import Refusal
from domain.values import MINOR_UNITS
from projections.questions import Answer, Column, Kind

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take for the beginning of a formula; the last four are the full-width forms of the first."""
FORMATS: Final = (".csv", ".parquet", ".json")

Cell = str | int | None


class FormatUnknown(Refusal):
    """The file's name ends in none of the formats there are."""

    code = "format_unknown"
    kind = "invalid"


def export(answer: Answer, path: Path) -> int:
    """Write an answer to a file whose name says the format, replacing it only when all is written; gives the rows.

    Raises:
        FormatUnknown: the name ends in none of `.csv`, `.parquet`, `.json`.
        OSError: the file cannot be written; what stood there still does.
    """
    if path.suffix not in FORMATS:
        raise FormatUnknown(f"{path.name!r} must end in one of {', '.join(FORMATS)}", "to")
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            rows = _written(answer, path.suffix, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        if str(error.filename) != str(draft):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error  # nobody asked for the draft
    finally:
        draft.unlink(missing_ok=True)
    return rows


def csv_parts(answer: Answer, count: Callable[[int], None] = lambda _: None) -> Generator[bytes, None, None]:
    """RFC 4180 in UTF-8: a header, CRLF, quotes where needed; an empty cell is no value. `count` hears of the rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in answer.columns])
    texts = [column.kind == "text" for column in answer.columns]
    for batch in answer.batches():
        cells = _cells(answer.columns, batch)
        safe = [map(_harmless, column) if is_text else column for column, is_text in zip(cells, texts, strict=True)]
        writer.writerows(zip(*safe, strict=True))
        count(batch.num_rows)
        yield _taken(text)
    yield _taken(text)


def json_parts(answer: Answer, count: Callable[[int], None] = lambda _: None) -> Generator[bytes, None, None]:
    """One object: `question` as asked, `position`, `origins`, `columns`, `rows`. Money and quantities are text."""
    columns = [
        {"name": column.name, "kind": column.kind, "unit": column.unit, "says": column.says}
        for column in answer.columns
    ]
    head = {"question": answer.asked, "position": answer.position, "origins": answer.origins, "columns": columns}
    yield msgspec.json.encode(head)[:-1] + b',"rows":['
    names = [column.name for column in answer.columns]
    between = b"\n"
    for batch in answer.batches():
        rows = zip(*_cells(answer.columns, batch), strict=True)
        part = b",\n".join(msgspec.json.encode(dict(zip(names, row, strict=True))) for row in rows)
        if part:
            yield between + part
            between = b",\n"
        count(batch.num_rows)
    yield b"\n]}\n"


def parquet_parts(answer: Answer, count: Callable[[int], None] = lambda _: None) -> Generator[bytes, None, None]:
    """A Parquet file in parts. Decimals stay decimals; question, position and origins are in its key-value metadata."""
    about = {
        "counterfoil.question": msgspec.json.encode(answer.asked),
        "counterfoil.position": str(answer.position),
        "counterfoil.origins": ",".join(answer.origins),
    }
    schema = answer.schema.with_metadata(about)
    sink = _Parts()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in answer.batches():
            writer.write_batch(batch.replace_schema_metadata(schema.metadata))
            count(batch.num_rows)
            yield sink.taken()
    yield sink.taken()


class _Parts(io.RawIOBase):
    """A file that is only ever written, and handed on in parts."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def tell(self) -> int:
        return self._at

    def taken(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


PARTS: Final = {"csv": csv_parts, "json": json_parts, "parquet": parquet_parts}


def _written(answer: Answer, suffix: str, file: io.BufferedWriter) -> int:
    rows: list[int] = []
    file.writelines(PARTS[suffix.removeprefix(".")](answer, rows.append))
    return sum(rows)


# -- cells


def _cells(columns: Iterable[Column], batch: pa.RecordBatch) -> list[list[Cell]]:
    currencies = batch.column("currency").to_pylist() if "currency" in batch.schema.names else [""] * batch.num_rows
    return [
        [_cell(value, column.kind, currency) for value, currency in zip(values.to_pylist(), currencies, strict=True)]
        for column, values in zip(columns, batch.columns, strict=True)
    ]


def _cell(value: object, kind: Kind, currency: str) -> Cell:
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    assert isinstance(value, Decimal)
    return decimal_text(value, MINOR_UNITS.get(currency, 0) if kind in {"money", "price"} else 0)


def decimal_text(value: Decimal, places: int) -> str:
    """An exact decimal without needless zeros, but with `places` decimals: `12.5000` in US dollars is `12.50`."""
    whole, _, part = f"{value:f}".partition(".")
    part = part.rstrip("0").ljust(places, "0")
    return f"{whole}.{part}" if part else whole


def _harmless(text: Cell) -> Cell:
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) else text


def _taken(text: io.StringIO) -> bytes:
    taken = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return taken
