"""Keeping what was refused: whatever a line is made of, and again after its bytes were purged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit.facts import SubmissionRefused
from domain.kernel import Context
from domain.sales.facts import SalesReported
from services.decoding import storable
from services.intake import Refused
from services.refusals import forget_bytes
from tests.support.house import DAY, Desk, a_store, batch, line, open_desk, resolution, sale


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, a_store(registers=[{"code": "T1"}])) as opened:
        yield opened


def purge(desk: Desk, *hashes: str) -> None:
    assert desk.writer.do(forget_bytes(hashes, DAY, "the customer asked for it"), Context()).result == len(hashes)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_stored_and_sound_text_is_stored_as_it_is(text: str) -> None:
    stored = storable(text)
    assert stored.encode().decode() == stored
    if not any(0xD800 <= ord(each) < 0xE000 for each in text):
        assert stored == text


@pytest.mark.parametrize("name", [b"\\ud800", b"\\ud83d", b"\xff", b"\xed\xa0\x80"])
def test_a_field_whose_name_is_no_text_is_refused_and_kept_like_any_other(desk: Desk, name: bytes) -> None:
    body = b'{"schema":"counterfoil/batch/1","' + name + b'":1,"' + name + b'":2,"transactions":[]}'
    refused = desk.send(body)
    assert isinstance(refused, Refused)
    (fact,) = desk.facts(SubmissionRefused)
    assert (fact.code, fact.field, fact.reason) == (refused.code, refused.field, refused.reason)
    assert refused.field.startswith("/\\udc" if name[0] > 0x7F else "/\\ud8")
    kept = desk.store.kept(hashlib.sha256(body).hexdigest())
    assert kept is not None
    assert kept.data == body


def test_where_a_line_came_from_is_kept_though_the_name_of_the_file_is_no_text(desk: Desk) -> None:
    refused = desk.writer.do(desk.intake.line(b"hello", "\udcff.ndjson:1"), Context()).result
    assert refused.source == desk.facts(SubmissionRefused)[0].source == "\\udcff.ndjson:1"


def test_bytes_that_were_purged_are_kept_again_when_they_become_an_open_conflict(desk: Desk) -> None:
    """Rejected at first, purged, then in conflict: headquarters can still let the second take its place."""
    second = sale(1, line(net="9.00"), register="T9")
    desk.send(batch(second, batch_id="rejected"))
    (rejected,) = desk.facts(SalesReported)[0].rejected
    purge(desk, rejected.bytes_hash)
    assert desk.store.kept(rejected.bytes_hash) is None
    desk.send(a_store(registers=[{"code": "T1"}, {"code": "T9"}]))
    desk.send(batch(sale(1, register="T9"), batch_id="first"), batch(second, batch_id="conflict"))
    assert desk.store.kept(rejected.bytes_hash) is not None
    assert desk.send(resolution(1, "replace", register="T9")) is True


def test_a_body_refused_again_after_its_purge_is_kept_again_but_recorded_once(desk: Desk) -> None:
    desk.send(b"hello")
    (fact,) = desk.facts(SubmissionRefused)
    purge(desk, fact.bytes_hash)
    desk.send(b"hello")
    kept = desk.store.kept(fact.bytes_hash)
    assert kept is not None
    assert (kept.data, kept.why) == (b"hello", fact.code)
    assert len(desk.facts(SubmissionRefused)) == 1
