"""Answers as files: exact, harmless to a spreadsheet, telling where they come from, and never half written."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.export import FORMULA, FormatUnknown, csv_parts, decimal_text, export, json_parts
from projections.questions import Answer, Asked
from tests.support.log import Log
from tests.support.tills import batch, till


def log_of(*tenders: str) -> Log:
    log = Log()
    fact = batch(till(1, ("milk", -1, -150), paid=[(tender, -150) for tender in tenders], kind="return"))
    log.add(fact, origin="panel")
    log.add(batch(till(1, ("milk", 1, 200)), currency="JPY"), owner="tokyo", origin="simulated")
    return log


LOG = log_of("cash")


def answer(log: Log = LOG, by: tuple[str, ...] = ("store",), measures: tuple[str, ...] = ("receipts", "net")) -> Answer:
    return log.views().ask(Asked("sales", by=by, measures=measures))


def test_csv_is_crlf_with_a_header_and_money_in_the_decimals_of_its_currency() -> None:
    written = b"".join(csv_parts(answer()))
    assert written == b"store,currency,receipts,net\r\n367,USD,1,-1.50\r\ntokyo,JPY,1,200\r\n"


def test_a_quantity_has_no_needless_zeros_and_no_value_is_an_empty_cell() -> None:
    assert b"".join(csv_parts(answer(by=("store",), measures=("units",)))) == (
        b"store,units,unit\r\n367,-1,unknown\r\ntokyo,1,unknown\r\n"
    )


@pytest.mark.parametrize("tender", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=cmd|" /C calc"!A0'])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(tender: str) -> None:
    text = b"".join(csv_parts(answer(log_of(tender), ("tender",), ("tendered",)))).decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[1] == ["'" + tender, "USD", "-1.50"]


@settings(max_examples=25)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=4, unique=True))
def test_any_text_comes_back_from_a_csv_and_no_cell_of_text_begins_a_formula(tenders: list[str]) -> None:
    said = answer(log_of(*tenders), ("tender",), ("receipts",))
    rows = list(csv.reader(io.StringIO(b"".join(csv_parts(said)).decode(), newline="")))[1:]
    cells = [row[0] for row in rows]
    assert not any(cell.startswith(FORMULA) for cell in cells)
    back = {cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell for cell in cells}
    assert back == set(tenders)


def test_json_is_one_object_that_says_what_was_asked_and_from_where() -> None:
    told = json.loads(b"".join(json_parts(answer())))
    assert told["question"] == {"question": "sales", "by": ["store"], "measures": ["receipts", "net"]}
    assert (told["position"], told["origins"]) == (3, ["panel", "simulated"])
    assert [column["name"] for column in told["columns"]] == ["store", "currency", "receipts", "net"]
    assert told["rows"] == [
        {"store": "367", "currency": "USD", "receipts": 1, "net": "-1.50"},
        {"store": "tokyo", "currency": "JPY", "receipts": 1, "net": "200"},
    ]


def test_json_of_no_rows_is_json() -> None:
    assert json.loads(b"".join(json_parts(answer(Log()))))["rows"] == []


def test_parquet_keeps_decimals_and_carries_its_question_position_and_origins(tmp_path: Path) -> None:
    path = tmp_path / "sales.parquet"
    assert export(answer(), path) == 2
    table = pq.read_table(path)
    assert pa.types.is_decimal(table.schema.field("net").type)
    assert table["net"].to_pylist() == [Decimal("-1.5"), Decimal(200)]
    about = pq.read_metadata(path).metadata
    assert (about[b"counterfoil.position"], about[b"counterfoil.origins"]) == (b"3", b"panel,simulated")
    assert msgspec.json.decode(about[b"counterfoil.question"], type=Asked).by == ("store",)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_a_file_is_replaced_when_all_is_written_and_not_before(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"sales{suffix}"
    path.write_bytes(b"as it was")

    class Broken(Answer):
        def batches(self) -> Any:
            yield from super().batches()
            raise OSError("the disk is full")

    good = answer()
    broken = Broken(good.asked, good.columns, good.position, good.origins, good._reading, good._rows)
    with pytest.raises(OSError, match="full"):
        export(broken, path)
    assert path.read_bytes() == b"as it was"
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    assert export(answer(), path) == 2
    assert path.read_bytes() != b"as it was"


def test_a_name_that_says_no_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatUnknown) as refused:
        export(answer(), tmp_path / "sales.xlsx")
    assert ".csv, .parquet, .json" in refused.value.reason
    assert list(tmp_path.iterdir()) == []


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4), st.integers(0, 4))
def test_a_decimal_is_written_exactly(value: Decimal, places: int) -> None:
    text = decimal_text(value, places)
    assert Decimal(text) == value
    assert len(text.partition(".")[2]) >= places
    assert "E" not in text
