"""Hostile bodies: refused with field and reason, the exact bytes kept, and the good ones of a batch taken in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit.facts import SubmissionRefused
from domain.kernel import Context, Refusal
from domain.sales.facts import SalesReported
from domain.sales.outcomes import Answer
from services.decoding import BATCH_LIMIT, Incoming, Malformed, check_duplicates, cut, decode_batch
from services.intake import Refused
from services.refusals import KEPT_OF_TOO_LARGE
from tests.support.house import (
    DAY,
    Desk,
    Json,
    a_store,
    batch,
    closing,
    declaration,
    goods_in,
    line,
    no_sales,
    open_desk,
    resolution,
    sale,
    tender,
)

FACT_LIMIT = 256 * 1024


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, a_store()) as opened:
        yield opened


def raw(made: Json) -> bytes:
    return json.dumps(made).encode()


def around(*transactions: bytes, **more: Any) -> bytes:
    """A batch of transactions whose bytes stand as they are."""
    return batch(**more).replace(b'"transactions": []', b'"transactions": [' + b",".join(transactions) + b"]")


def assert_refused(desk: Desk, body: bytes, code: str, field: str) -> Refused:
    """The whole body was refused, kept to the byte, and nothing of it got into the books."""
    refused = desk.send(body)
    assert isinstance(refused, Refused), refused
    assert (refused.code, refused.field) == (code, field), refused
    assert refused.reason
    (fact,) = desk.facts(SubmissionRefused)
    kept = desk.store.kept(hashlib.sha256(body).hexdigest())
    assert kept is not None
    assert (kept.data, kept.length, fact.bytes_length) == (body, len(body), len(body))
    assert (fact.code, fact.field, fact.reason, fact.bytes_hash) == (code, field, refused.reason, kept.hash)
    assert desk.facts(SalesReported) == []
    return refused


# -- bodies that are refused as a whole

SOUND = batch(sale(1))
WHOLE: dict[str, tuple[bytes, str, str]] = {
    "nothing": (b"", "malformed", "/schema"),
    "no JSON": (b"hello", "malformed", "/schema"),
    "no object": (b"[1]", "malformed", "/schema"),
    "no schema": (b"{}", "malformed", "/schema"),
    "another schema": (b'{"schema":"counterfoil/batch/2"}', "malformed", "/schema"),
    "cut off": (SOUND[:-1], "malformed", ""),
    "cut off in a text": (SOUND[: SOUND.index(b"cash") + 2], "malformed", ""),
    "something behind": (SOUND + b"{}", "malformed", ""),
    "a comma too many": (SOUND[:-1] + b",}", "malformed", ""),
    "a comma too many among transactions": (SOUND[:-2] + b",]}", "malformed", ""),
    "a comma too few": (SOUND.replace(b', "batch_id"', b' "batch_id"'), "malformed", ""),
    "a byte order mark": (b"\xef\xbb\xbf" + SOUND, "malformed", ""),
    "UTF-16": (SOUND.decode().encode("utf-16"), "malformed", "/schema"),
    "a name that is no text": (SOUND[:-1] + b',[1]:2}', "malformed", ""),
    "a name that is a number": (SOUND[:-1] + b",1:2}", "malformed", ""),
    "nested a hundred thousand deep": (SOUND[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "malformed", ""),
    "an unknown field": (batch(sale(1), colour="red"), "malformed", ""),
    "a field twice": (SOUND[:-1] + b',"store":"1"}', "duplicate_field", "/store"),
    "a field twice, blank before the colon": (SOUND[:-1] + b',"store" :"2"}', "duplicate_field", "/store"),
    "a field twice, escaped": (SOUND[:-1] + b',"stor\\u0065":"2"}', "duplicate_field", "/store"),
    "transactions twice": (SOUND[:-1] + b',"transactions":[]}', "duplicate_field", "/transactions"),
    "a field twice in a register": (
        batch(registers=[{"code": "T1", "last_number": 1}]).replace(b'"code"', b'"code":"T2","code"'),
        "duplicate_field",
        "/registers/0/code",
    ),
    "transactions that are no list": (batch().replace(b": []}", b": {}}"), "malformed", "/transactions"),
    "a store that is a number": (SOUND.replace(b'"store": "1"', b'"store": 1'), "malformed", "/store"),
    "a store that climbs": (batch(sale(1), store="../../etc"), "bad_value", "/store"),
    "a store with a slash": (batch(sale(1), store="1/2"), "bad_value", "/store"),
    "a store with a null": (batch(sale(1), store="1\x00"), "bad_value", "/store"),
    "a store with a line break": (batch(sale(1), store="1\n"), "bad_value", "/store"),
    "a store that is too long": (batch(sale(1), store="1" * 41), "bad_value", "/store"),
    "no store": (batch(sale(1), store=""), "bad_value", "/store"),
    "an unknown store": (batch(sale(1), store="99"), "unknown_store", "/store"),
    "a day that is none": (batch(sale(1), day="2026-02-29"), "bad_value", "/business_day"),
    "a day spelt otherwise": (batch(sale(1), day="20260305"), "bad_value", "/business_day"),
    "a day in the future": (batch(sale(1), day="2026-03-11"), "future_day", "/business_day"),
    "the first day of all": (batch(sale(1), day="0001-01-01"), "store_not_open", "/business_day"),
    "the last day of all": (batch(sale(1), day="9999-12-31"), "future_day", "/business_day"),
    "a batch id with a blank": (batch(sale(1), batch_id="b 1"), "bad_value", "/batch_id"),
    "an unknown origin": (batch(sale(1), origin="dreamt"), "malformed", "/origin"),
    "an unknown register declared": (
        batch(sale(1), registers=[{"code": "T9", "last_number": 1}]), "bad_value", "/registers/0/code",
    ),
    "a register declared twice": (
        batch(sale(1), registers=[{"code": "T1", "last_number": 1}, {"code": "T1", "last_number": 2}]),
        "bad_value",
        "/registers/1/code",
    ),
    "a last number that is negative": (
        batch(sale(1), registers=[{"code": "T1", "last_number": -1}]), "malformed", "/registers/0/last_number",
    ),
    "more transactions than a batch may have": (around(*[b"{}"] * 50_001), "malformed", "/transactions"),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_hostile_body_is_refused_with_its_field_and_kept_to_the_byte(name: str, desk: Desk) -> None:
    assert_refused(desk, *WHOLE[name])


def test_a_store_that_was_not_open_on_the_day_is_refused(desk: Desk) -> None:
    desk.send(a_store("7", effective_from="2026-03-06"))
    assert_refused(desk, batch(sale(1), store="7"), "store_not_open", "/business_day")


def test_a_body_over_the_limit_is_refused_and_its_beginning_kept(desk: Desk) -> None:
    for body in (batch(sale(1), batch_id="x" * (9 * 1024 * 1024)), no_sales()[:-1] + b" " * BATCH_LIMIT + b"}"):
        refused = desk.send(body)
        assert refused.code == "too_large"
        kept = desk.store.kept(hashlib.sha256(body).hexdigest())
        assert kept is not None
        assert (kept.length, kept.data) == (len(body), body[:KEPT_OF_TOO_LARGE])


def test_a_body_that_is_refused_twice_is_recorded_once(desk: Desk) -> None:
    desk.send(b"hello", b"hello")
    assert len(desk.facts(SubmissionRefused)) == 1


def test_the_reason_for_a_refusal_fits_into_a_fact_however_long_what_was_wrong(desk: Desk) -> None:
    long = "x" * 1_000_000
    for body in (
        batch()[:-1] + f',"{long}":1}}'.encode(),
        batch(sale(1) | {long: 1}, batch_id="b2"),
        batch(sale(1, register=long), batch_id="b3"),
    ):
        desk.send(body)
        assert max(len(b) for s in {e.stream for e in desk.log()} for _, b in desk.store.stream(s)) < 5_000


def test_a_refusal_says_what_the_line_seemed_to_be(desk: Desk) -> None:
    assert desk.send(batch(store="99")).schema == "counterfoil/batch/1"
    assert desk.send(closing()[:-1]).schema == "counterfoil/closing/1"
    assert [fact.schema for fact in desk.facts(SubmissionRefused)] == ["counterfoil/batch/1", "counterfoil/closing/1"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (closing().replace(b'"2026', b'"2026", "business_day": "2026'), "/business_day"),
        (closing("2026-13-01"), "/business_day"),
        (no_sales("never"), "/business_day"),
        (declaration({"cash": "1.005"}, register="T1"), "/counts/0/amount"),
        (declaration({"c sh": "1.00"}, register="T1"), "/counts/0/tender"),
        (declaration({"cash": "1.00"}, register="KIOSK"), "/register"),
        (declaration({"cash": "1.00"}), "/register"),
        (resolution(0, "keep_first"), "/number"),
        (resolution(1, "perhaps"), "/decision"),
        (resolution(1, "keep_first"), "/number"),
        (resolution(1, "keep_first").replace(b"looked at the paper roll", b""), "/reason"),
        (goods_in("mi lk", "1", "1"), "/lines/0/sku"),
        (goods_in("milk", "NaN", "1"), "/lines/0/quantity"),
        (goods_in("milk", "1", "1e400"), "/lines/0/value"),
    ],
)
def test_every_other_line_is_refused_with_its_field_too(body: bytes, field: str, desk: Desk) -> None:
    refused = desk.send(body)
    assert isinstance(refused, Refused)
    assert refused.field == field
    kept = desk.store.kept(hashlib.sha256(body).hexdigest())
    assert kept is not None
    assert kept.data == body


# -- transactions that are set aside while their neighbours go in

HUGE = b"9" * 5_000
GOOD = raw(sale(7))
APART: dict[str, tuple[bytes, str, str]] = {
    "no object": (b"7", "malformed", ""),
    "null": (b"null", "malformed", ""),
    "NaN": (GOOD.replace(b'"number": 7', b'"number": NaN'), "malformed", ""),
    "Infinity": (GOOD.replace(b'"number": 7', b'"number": -Infinity'), "malformed", ""),
    "a number too large for a float": (GOOD.replace(b'"number": 7', b'"number": 1e400'), "malformed", "/number"),
    "five thousand digits": (GOOD.replace(b'"number": 7', b'"number": ' + HUGE), "malformed", "/number"),
    "money of five thousand digits": (GOOD.replace(b'"2.00"', b'"' + HUGE + b'"'), "bad_value", "/lines/0/list"),
    "number zero": (raw(sale(0)), "malformed", "/number"),
    "a number with a point": (GOOD.replace(b'"number": 7', b'"number": 7.0'), "malformed", "/number"),
    "a number that is true": (GOOD.replace(b'"number": 7', b'"number": true'), "malformed", "/number"),
    "money as a float": (GOOD.replace(b'"net": "2.00"', b'"net": 2.0'), "malformed", "/lines/0/net"),
    "an unknown field": (raw(sale(7) | {"colour": "red"}), "malformed", ""),
    "an unknown field of a line": (raw(sale(7, line(colour="red"))), "malformed", "/lines/0"),
    "an unknown kind": (raw(sale(7) | {"kind": "gift"}), "malformed", "/kind"),
    "no register": (raw({name: value for name, value in sale(7).items() if name != "register"}), "malformed", ""),
    "wrong type: lines": (raw(sale(7) | {"lines": "milk"}), "malformed", "/lines"),
    "wrong type: a tender": (raw(sale(7) | {"tenders": [1]}), "malformed", "/tenders/0"),
    "wrong type: voided": (raw(sale(7, line(voided="yes"))), "malformed", "/lines/0/voided"),
    "wrong type: original": (raw(sale(7) | {"original": 3}), "malformed", "/original"),
    "wrong type: cashier": (raw(sale(7) | {"cashier": None}), "malformed", "/cashier"),
    "nested a hundred thousand deep": (
        GOOD.replace(b'"number": 7', b'"number": ' + b"[" * 900 + b"]" * 900), "malformed", "/number",
    ),
    "Latin-1": (raw(sale(7, reason="x")).replace(b'"x"', b'"\xe4"'), "malformed", ""),
    "a lone surrogate": (raw(sale(7, reason="\ud800")), "malformed", ""),
    "a raw line break in a text": (raw(sale(7, reason="x")).replace(b'"x"', b'"a\nb"'), "malformed", ""),
    "a raw null in a text": (raw(sale(7, reason="x")).replace(b'"x"', b'"\x00"'), "malformed", ""),
    "a null in a code": (raw(sale(7, cashier="a\x00b")), "bad_value", "/cashier"),
    "a line break in an article number": (raw(sale(7, line(sku="milk\nsalt"))), "bad_value", "/lines/0/sku"),
    "a register that climbs": (raw(sale(7, register="../T1")), "unknown_register", "/register"),
    "a text that is too long": (raw(sale(7, reason="x" * 501)), "malformed", "/reason"),
    "a field twice": (GOOD.replace(b'"number": 7', b'"number": 7, "number": 8'), "duplicate_field", "/number"),
    "a field twice, blank before the colon": (
        GOOD.replace(b'"number": 7', b'"number" : 7, "number"\t: 8'), "duplicate_field", "/number",
    ),
    "a field of a line twice": (
        GOOD.replace(b'"sku": "milk"', b'"sku": "milk", "sku": "salt"'), "duplicate_field", "/lines/0/sku",
    ),
    "a field of a tender twice, hidden behind an escape": (
        raw(sale(7, reason="x")).replace(b'"x"', rb'"\u0022:"').replace(b'"cash"', b'"cash", "kind": "card"'),
        "duplicate_field",
        "/tenders/0/kind",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", APART)
def test_a_hostile_transaction_is_set_aside_and_its_neighbours_go_in(name: str, desk: Desk) -> None:
    part, code, field = APART[name]
    answer = desk.send(around(raw(sale(1)), part, raw(sale(2)), raw(sale(1))))
    assert isinstance(answer, Answer), answer
    assert (answer.accepted, answer.duplicate, answer.rejected, answer.conflict) == (2, 1, 1, 0)
    (row,) = answer.listed
    assert (row.code, row.field) == (code, "/transactions/1" + field), row
    (rejected,) = desk.facts(SalesReported)[0].rejected
    kept = desk.store.kept(rejected.bytes_hash)
    assert kept is not None
    assert (kept.data, kept.length) == (part, len(part) if name else 0)
    assert rejected.bytes_hash == hashlib.sha256(part).hexdigest()
    assert sorted(key[2] for key in desk.day().keys) == [1, 2]


def test_a_transaction_nested_beyond_reading_costs_the_whole_batch_and_is_kept(desk: Desk) -> None:
    """It cannot even be cut out, so nobody can say where it ends."""
    deep = GOOD.replace(b'"number": 7', b'"number": ' + b"[" * 100_000 + b"]" * 100_000)
    assert_refused(desk, around(raw(sale(1)), deep), "malformed", "/transactions/1/number")


def test_the_register_and_number_of_what_is_rejected_are_told_where_they_can_be_seen(desk: Desk) -> None:
    desk.send(around(raw(sale(7, tenders=[tender("2.00", kind="ca sh")])), raw(sale(8)).replace(b"milk", b"\xff")))
    assert [(row.register, row.number) for row in desk.facts(SalesReported)[0].rejected] == [("T1", 8), ("T1", 7)]


def test_quarantined_bytes_are_those_of_the_transaction_alone(desk: Desk) -> None:
    other = raw(sale(1, line(net="9.00"))).replace(b", ", b" ,\n ")
    desk.send(batch(sale(1)), around(b"0", other, batch_id="b2"))
    (conflict,) = desk.facts(SalesReported)[1].conflicts
    kept = desk.store.kept(conflict.bytes_hash)
    assert kept is not None
    assert kept.data == other


def test_text_of_any_script_is_taken_as_it_is(desk: Desk) -> None:
    reason = 'naïve "quoted": \\ 收銀 🧾 \u0000 end'
    assert desk.send(batch(sale(1, reason=reason))).accepted == 1
    assert list(desk.facts(SalesReported)[0].transactions.reason.values()) == [reason]


# -- cutting

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))
BLANKS = st.sampled_from([None, 1])


@given(st.lists(VALUES, max_size=5), st.dictionaries(st.text(max_size=5), VALUES, max_size=3), BLANKS, st.booleans())
def test_a_batch_is_cut_into_the_exact_bytes_of_its_transactions(
    values: list[Any], rest: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    rest.pop("transactions", None)
    text = [json.dumps(value, indent=indent, ensure_ascii=ascii_only) for value in values]
    whole = json.dumps(rest, indent=indent, ensure_ascii=ascii_only)[:-1].rstrip()
    body = f'{whole}{"," if rest else ""} "transactions" : [ {" , ".join(text)} ]\n}}'
    envelope, slices = cut(body.encode("utf-8", "surrogatepass"))
    assert [part.decode("utf-8", "surrogatepass") for part in slices] == text
    assert json.loads(envelope) == rest | {"transactions": []}


@given(st.binary(max_size=60), st.integers(0, len(SOUND)), st.integers(0, 6))
def test_no_damage_to_a_body_does_more_than_refuse_it(junk: bytes, at: int, gone: int) -> None:
    """Whatever is broken, it is a refusal or a batch; never another kind of failure."""
    damaged = SOUND[:at] + junk + SOUND[at + gone :]
    try:
        decoded = decode_batch(damaged)
    except Refusal:
        return
    assert isinstance(decoded, Incoming)
    assert json.loads(damaged) if not decoded.rejected else True


def test_duplicates_are_found_at_every_level() -> None:
    with pytest.raises(Malformed) as why:
        check_duplicates(b'{"a":[{"b":1},{"c/~":{"d":1,"d":2}}]}')
    assert why.value.field == "/a/1/c~1~0/d"


def test_the_caller_is_recorded_with_what_was_refused(desk: Desk) -> None:
    command = desk.intake.line(b"hello", "upload.jsonl:3")
    desk.writer.do(command, Context(actor="anna", role="store", device="till-9"))
    recorded = desk.log()[-1]
    assert isinstance(recorded.fact, SubmissionRefused)
    assert (recorded.meta.actor, recorded.meta.owner, recorded.fact.source) == ("anna", "access", "upload.jsonl:3")


def test_the_day_of_a_refused_line_is_recorded_as_it_says(desk: Desk) -> None:
    desk.send(batch(sale(1), store="99"))
    (fact,) = desk.facts(SubmissionRefused)
    assert (fact.store, fact.day) == ("99", DAY)
