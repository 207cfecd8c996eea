"""Importing files: any order, any shape of line, and nothing lost without a word."""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.sales.facts import SalesReported
from services.decoding import BATCH_LIMIT, SCHEMAS
from services.refusals import KEPT_OF_TOO_LARGE
from services.runtime import importing
from services.runtime.importing import ORDER, NotAFile, Source, Turn, lines_of, scan, turn_of
from tests.runtime.world import MONDAY, article, opened, quiet, run, take_in, three_days, write
from tests.support.house import a_store, batch, closing, line, sale
from tests.support.runs import Answers, answers, assert_equal, facts_of


def answers_of(data: Path, *, arrival: bool = False) -> Answers:
    with opened(data) as house:
        house.settle()
        return answers(house.views, arrival=arrival, finest=True)


def test_an_import_knows_when_it_is_the_turn_of_every_schema_there_is() -> None:
    assert set(ORDER) == set(SCHEMAS)
    assert len(ORDER) == len(set(ORDER))


@pytest.fixture(scope="module")
def in_one_file(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    folder = tmp_path_factory.mktemp("one-file")
    take_in(folder / "data", write(folder / "all.ndjson", three_days()))
    return answers_of(folder / "data")


@given(shuffled=st.permutations(range(len(three_days()))), cut=st.integers(1, len(three_days()) - 1))
@settings(max_examples=4)
def test_the_order_of_lines_and_files_does_not_matter(in_one_file: Answers, shuffled: list[int], cut: int) -> None:
    lines = three_days()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = write(folder / "one.ndjson", (lines[place] for place in shuffled[:cut]))
        two = write(folder / "two.ndjson", (lines[place] for place in shuffled[cut:]), b"\r\n")
        tally = take_in(folder / "data", two, one)
        assert not tally.refused
        assert_equal(answers_of(folder / "data"), in_one_file, "shuffled", "in one file")


def test_importing_again_changes_nothing(shop: Path, tmp_path: Path) -> None:
    before = answers_of(shop)
    tally = take_in(shop, tmp_path / "three-days.ndjson")
    assert (tally.batches, tally.replayed, tally.accepted) == (5, 5, 0)
    assert not tally.recorded
    assert tally.unchanged["counterfoil/closing/1"] == 3
    assert_equal(answers_of(shop), before)


# -- lines


def test_lines_are_found_whatever_ends_them_and_blank_ones_are_none() -> None:
    text = b'\xef\xbb\xbf{"a":1}\r\n\n  \t\r\n{"b":2}\n{"c":3}'
    found = list(lines_of(BytesIO(text)))
    assert [raw for _, _, _, raw in found] == [b'{"a":1}', b'{"b":2}', b'{"c":3}']
    assert [number for number, _, _, _ in found] == [1, 4, 5]
    assert [text[offset : offset + length] for _, offset, length, _ in found] == [raw for _, _, _, raw in found]


@given(
    lines=st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b"")), max_size=12),
    ends=st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=12, max_size=12),
)
def test_every_line_is_where_it_was_found_also_beyond_the_limit(lines: list[bytes], ends: list[bytes]) -> None:
    text = b"".join(line + end for line, end in zip(lines, ends, strict=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "BATCH_LIMIT", 20)
        found = list(lines_of(BytesIO(text)))
    bodies = [text[offset : offset + length] for _, offset, length, _ in found]
    expected = [each.removeprefix(b"\xef\xbb\xbf") if not place else each for place, each in enumerate(lines)]
    assert bodies == [each for each in expected if len(each) > 20 or each.strip()]


def test_a_line_that_is_partly_unreadable_still_has_its_turn() -> None:
    whole = batch(sale(1, day=MONDAY), day=MONDAY)
    nan = whole.replace(b'"2.00"', b"NaN", 1)
    assert turn_of(nan, len(nan)) == turn_of(whole, len(whole)) == Turn(2, MONDAY, ORDER.index("counterfoil/batch/1"))
    assert turn_of(b'{"schema":"counterfoil/article/1","sku":', 40).phase == 1
    assert turn_of(b"[" * 100_000, 100_000).rank == importing.UNREADABLE


def test_what_is_on_its_way_together_is_bounded_in_bytes() -> None:
    places = [importing.Place(0, number, 0, 3_000_000) for number in range(7)]
    assert [len(piece) for piece in importing._pieces(places)] == [2, 2, 2, 1]


def test_a_line_over_the_limit_is_refused_with_its_hash_its_length_and_its_beginning(tmp_path: Path) -> None:
    huge = b'{"schema":"counterfoil/batch/1","store":"' + b"1" * (BATCH_LIMIT + 100_000) + b'"}'
    tally = take_in(tmp_path / "data", write(tmp_path / "huge.ndjson", [huge, a_store()]))
    assert [(each.source, each.code, each.schema) for each in tally.refused] == [
        ("huge.ndjson:1", "too_large", "counterfoil/batch/1")
    ]
    assert tally.recorded == {"counterfoil/store/1": 1}
    with opened(tmp_path / "data") as house:
        kept = house.store.kept(hashlib.sha256(huge).hexdigest())
    assert kept is not None
    assert (kept.length, kept.data) == (len(huge), huge[:KEPT_OF_TOO_LARGE])


def test_a_name_that_is_no_file_stops_the_import_before_anything_is_done(tmp_path: Path) -> None:
    there = write(tmp_path / "there.ndjson", [a_store()])
    with pytest.raises(NotAFile, match=r"there is no file .*gone\.ndjson"):
        scan([there, tmp_path / "gone.ndjson"], quiet())
    result = run("import", there, tmp_path, "--data", tmp_path / "data")
    assert result.exit_code == 2
    assert "is no file" in result.stderr
    assert not (tmp_path / "data").exists()


# -- hostile lines

DEEP = b'{"schema":"counterfoil/closing/1","store":"1","business_day":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
TWICE = b'{"schema":"counterfoil/closing/1","store":"1","store":"2","business_day":"2024-03-04"}'
BAD_LINES = {
    "broken JSON": (b'{"schema":"counterfoil/batch/1","store":"1",', "malformed"),
    "deep nesting": (DEEP, "malformed"),
    "no object": (b"17", "malformed"),
    "a name that is no text": (b'{"schema":"counterfoil/batch/1",[1]:2}', "malformed"),
    "wrong encoding": (a_store("9", name="Zoë").decode("unicode_escape").encode("latin-1"), "malformed"),
    "another encoding": (a_store("9").decode().encode("utf-16-le"), "malformed"),
    "no schema": (b'{"store":"1"}', "malformed"),
    "a schema nobody knows": (b'{"schema":"counterfoil/till/1"}', "malformed"),
    "a field twice": (TWICE, "duplicate_field"),
    "a store nobody knows": (closing(MONDAY, "404"), "unknown_store"),
    "a future day": (batch(sale(1, day="2999-01-01"), day="2999-01-01", store="2"), "future_day"),
    "no day": (closing("2024-02-30"), "bad_value"),
    "a closed store": (batch(sale(1, day="2024-06-01"), day="2024-06-01"), "store_not_open"),
    "a control character in a code": (closing(MONDAY, "1\x1b[2J"), "bad_value"),
    "a GTIN that is none": (b'{"schema":"counterfoil/article/1","sku":"x","gtins":["5390000000013"]}', None),
}  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    """A folder that has met all bad lines among good ones, and what it said to each, by the kind of line."""
    folder = tmp_path_factory.mktemp("hostile")
    good = [
        a_store(),
        a_store(status="closed", effective_from="2024-06-01"),
        a_store("2"),
        article("milk", name="=1+1"),
        batch(sale(1, day=MONDAY), day=MONDAY),
    ]
    bad = [raw for raw, _ in BAD_LINES.values()]
    lines = [*good, *bad]
    random.Random(7).shuffle(lines)
    result = run("import", "--json", "--data", folder / "data", write(folder / "hostile.ndjson", lines))
    assert result.exit_code == 1, result.output
    told = json.loads(result.stdout)
    assert told["accepted"] == 1
    assert told["recorded"] == {"counterfoil/store/1": 3, "counterfoil/article/1": 1}
    number = {raw: f"hostile.ndjson:{place}" for place, raw in enumerate(lines, 1)}
    by_source = {each["source"]: each for each in told["refused"]}
    assert len(by_source) == len(BAD_LINES)
    return folder / "data", {kind: by_source[number[raw]] for kind, (raw, _) in BAD_LINES.items()}


@pytest.mark.parametrize("kind", BAD_LINES)
def test_a_bad_line_is_refused_with_a_reason_and_its_bytes_are_kept(
    hostile: tuple[Path, dict[str, dict[str, str]]], kind: str
) -> None:
    data, told = hostile
    raw, code = BAD_LINES[kind]
    assert told[kind]["reason"]
    assert code is None or told[kind]["code"] == code
    with opened(data) as house:
        kept = house.store.kept(hashlib.sha256(raw).hexdigest())
    assert kept is not None
    assert kept.data == raw


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b'"net": "3.00"', b'"net": 3.0'),
        (b'"net": "3.00"', b'"net": NaN'),
        (b'"net": "3.00"', b'"net": "1e2"'),
        (b'"net": "3.00"', b'"net": "99999999999999999999"'),
        (b'"net": "3.00"', b'"net": "2.99"'),
        (b'"sku": "salt"', b'"sku": "salt", "sku": "salt"'),
        (b'"sku": "salt"', b'"sku": "\\u0007"'),
        (b'"sku": "salt"', b'"sku": "\\ud800"'),
    ],
)
def test_a_bad_transaction_does_not_take_its_neighbours_along(tmp_path: Path, was: bytes, becomes: bytes) -> None:
    body = batch(
        sale(1, day=MONDAY), sale(2, line("salt", "3.00"), day=MONDAY), sale(3, day=MONDAY), batch_id="b", day=MONDAY
    )
    assert was in body
    tally = take_in(tmp_path / "data", write(tmp_path / "f.ndjson", [body.replace(was, becomes), a_store()]))
    assert (tally.accepted, tally.rejected, len(tally.refused)) == (2, 1, 0)
    ((source, listed),) = tally.listed
    assert source.startswith("f.ndjson:1")
    assert listed.field.startswith("/transactions/1")
    assert listed.reason
    with opened(tmp_path / "data") as house:
        ((fact,),) = [[each.fact for each in part if isinstance(each.fact, SalesReported)] for part in facts_of(house)]
    assert fact.transactions.number == [1, 3]


def test_free_text_is_kept_as_it_came(tmp_path: Path) -> None:
    reason = '=HYPERLINK("x") \x1b[2J [red]\u202eevil'
    lines = [a_store(), batch(sale(1, day=MONDAY, reason=reason), day=MONDAY)]
    take_in(tmp_path / "data", write(tmp_path / "f.ndjson", lines))
    with opened(tmp_path / "data") as house:
        facts = [each.fact for part in facts_of(house) for each in part if isinstance(each.fact, SalesReported)]
    assert facts[0].transactions.reason == {0: reason}


def test_the_second_pass_reads_what_the_first_has_found(tmp_path: Path) -> None:
    one = write(tmp_path / "one.ndjson", [b"a", b"bb"])
    two = write(tmp_path / "two.ndjson", [b"ccc"])
    with Source([one, two]) as source:
        places = [importing.Place(1, 1, 0, 3), importing.Place(0, 2, 2, 2), importing.Place(1, 1, 0, 3)]
        assert [source.read(place) for place in places] == [b"ccc", b"bb", b"ccc"]
        assert source.name(places[1]) == "one.ndjson:2"
