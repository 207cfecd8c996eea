"""Looking after a folder: rebuild, the doctor, and the bytes of what was refused, until they are purged."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import msgspec
import pytest
import zstandard

from domain.audit.facts import BytesPurged, SubmissionRefused
from domain.audit.purges import HASHES_AT_ONCE, PURGES_STREAM, Purges
from domain.kernel import Fact, Meta, Recorded
from domain.sales.facts import Conflict, ConflictResolved, Rejected, SalesReported, Transactions
from services.runtime.house import now
from services.runtime.kept import all_facts, purgeable
from tests.runtime.world import MONDAY, opened, run, words, write
from tests.support.house import a_store, batch, resolution, sale
from tests.support.runs import answers, assert_equal

# -- rebuild


@pytest.mark.parametrize("harm", ["none", "gone", "another version", "garbage"])
def test_a_rebuild_gives_the_answers_there_were_whatever_became_of_the_views(shop: Path, harm: str) -> None:
    with opened(shop) as house:
        house.settle()
        before = answers(house.views, finest=True)
    views = shop / "views.duckdb"
    if harm == "gone":
        views.unlink()
    if harm == "garbage":
        views.write_bytes(b"no database at all" * 1_000)
    if harm == "another version":
        with duckdb.connect(str(views)) as database:
            database.execute("UPDATE about SET schema = 'older'")
        refused = run("export", "sales", "--data", shop)
        assert refused.exit_code == 2
        assert "counterfoil rebuild" in refused.stderr
    result = run("rebuild", "--data", shop)
    assert result.exit_code == 0, result.output
    with opened(shop) as house:
        assert_equal(answers(house.views, finest=True), before)


# -- doctor


def test_the_doctor_says_what_is_where_and_ends_with_0(shop: Path) -> None:
    result = run("doctor", "--data", shop)
    assert result.exit_code == 0, result.output
    for text in (str(shop), "events.sqlite", "views.duckdb", "eventsourcing", "sales.DayClosed.1", "healthy", "nobody"):
        assert text in result.stdout
    told = json.loads(run("doctor", "--json", "--data", shop).stdout)
    assert told["log_head"] == told["views_position"] == sum(told["facts"].values())
    assert told["log_integrity"] == told["views_integrity"] == "ok"


def test_the_doctor_looks_at_what_it_can_while_the_folder_is_in_use(shop: Path) -> None:
    with opened(shop) as house:
        told = json.loads(run("doctor", "--json", "--data", shop).stdout)
        assert told["log_head"] == house.store.head()
    assert "a test" in told["holder"]
    assert told["log_integrity"] == "ok"
    assert told["views_position"] is None
    assert told["trouble"] == []


@pytest.mark.parametrize("file", ["events.sqlite", "views.duckdb"])
def test_the_doctor_finds_a_damaged_file(shop: Path, file: str) -> None:
    whole = (shop / file).read_bytes()
    middle = len(whole) // 3
    (shop / file).write_bytes(whole[:middle] + b"\xa5" * (len(whole) - middle))
    result = run("doctor", "--data", shop)
    assert result.exit_code == 1
    assert "damaged" in result.stdout


def test_the_doctor_notices_views_of_another_log(shop: Path, tmp_path: Path) -> None:
    run("import", "--data", tmp_path / "short", write(tmp_path / "f.ndjson", [a_store()]))
    (tmp_path / "short" / "events.sqlite").replace(shop / "events.sqlite")
    result = run("doctor", "--data", shop)
    assert result.exit_code == 1
    assert "were made from another log" in words(result.stdout)
    assert run("export", "sales", "--data", shop).exit_code == 2
    assert run("rebuild", "--data", shop).exit_code == 0
    assert run("doctor", "--data", shop).exit_code == 0


def test_the_doctor_finds_nothing_where_nothing_is(tmp_path: Path) -> None:
    assert run("doctor", "--data", tmp_path / "nowhere").exit_code == 1
    assert not (tmp_path / "nowhere").exists()


def tamper(events: Path, stream: str, before: bytes, after: bytes) -> None:
    """Change what a stored fact says, as somebody could who has the file."""
    with closing(sqlite3.connect(events)) as log, log:
        (dictionary,) = log.execute("SELECT dictionary FROM compression").fetchone()
        typical = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        row, state = log.execute(
            "SELECT rowid, state FROM stored_events WHERE originator_id = ? AND topic LIKE 'sales.SalesReported%'",
            (stream,),
        ).fetchone()
        body = zstandard.ZstdDecompressor(dict_data=typical).decompress(state)
        assert before in body
        changed = zstandard.ZstdCompressor(dict_data=typical).compress(body.replace(before, after))
        log.execute("UPDATE stored_events SET state = ? WHERE rowid = ?", (changed, row))


def test_the_doctor_compares_the_seals_and_names_the_day_whose_facts_were_changed(shop: Path) -> None:
    sound = run("doctor", "--seals", "--data", shop)
    assert sound.exit_code == 0, sound.output
    assert "3 compared, 0 differ" in sound.stdout
    tamper(shop / "events.sqlite", f"day/{MONDAY}/1", b'"net":[200]', b'"net":[900]')
    assert run("doctor", "--data", shop).exit_code == 0, "the database is sound, and that is all it looks at"
    result = run("doctor", "--seals", "--data", shop)
    assert result.exit_code == 1
    assert f"1 of 3 seals differ from the facts they were put on: day/{MONDAY}/1" in words(result.stdout)
    told = json.loads(run("doctor", "--seals", "--json", "--data", shop).stdout)
    assert (told["seals"], told["broken_seals"]) == (3, [f"day/{MONDAY}/1"])


def test_seals_that_cannot_be_compared_now_are_not_said_to_be_sound(shop: Path) -> None:
    with opened(shop):
        result = run("doctor", "--seals", "--data", shop)
    assert result.exit_code == 1
    assert "the seals were not compared" in words(result.stdout)


# -- kept bytes


def test_kept_bytes_are_shown_without_obeying_them_and_purged_but_for_open_conflicts(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def purged(before: str) -> str:
        return run("purge", "--before", before, "--reason", "names in it", "--data", shop).stdout

    tomorrow = (now() + dt.timedelta(days=1)).date().isoformat()
    monkeypatch.setattr("services.runtime.commands.now", lambda: now() + dt.timedelta(days=1))
    evil = b'{"schema":"counterfoil/closing/1","store":"\x1b[2J[bold]\xff"}'
    other = batch(sale(1, day=MONDAY, cashier="other"), batch_id="other", day=MONDAY)
    run("import", "--data", shop, write(tmp_path / "f.ndjson", [evil, other]))
    refused = json.loads(run("export", "refused", "--by", "bytes_hash", "--json", "--data", shop).stdout)
    conflict = json.loads(run("export", "quarantine", "--by", "bytes_hash", "--json", "--data", shop).stdout)
    evil_hash, other_hash = refused["rows"][0]["bytes_hash"], conflict["rows"][0]["bytes_hash"]
    shown = run("kept", evil_hash, "--data", shop)
    assert shown.exit_code == 0
    assert r"\x1b[2J[bold]\xff" in shown.stdout
    assert "\x1b" not in shown.stdout

    assert "forgotten: 0" in purged("2024-01-01")
    assert evil in (shop / "events.sqlite").read_bytes()
    assert "forgotten: 1" in purged(tomorrow)
    assert not [path.name for path in shop.iterdir() if evil in path.read_bytes()]
    assert "forgotten: 0" in purged(tomorrow), "what is gone is not forgotten again"
    assert run("kept", evil_hash, "--data", shop).exit_code == 2
    assert run("kept", other_hash, "--data", shop).exit_code == 0

    decided = resolution(1, "keep_first", MONDAY)
    assert run("import", "--data", shop, write(tmp_path / "g.ndjson", [decided])).exit_code == 0
    assert shown_bytes(shop) == [("refused", "purged"), ("quarantine", "kept")]
    assert "forgotten: 1" in purged(tomorrow)
    assert run("kept", other_hash, "--data", shop).exit_code == 2
    assert shown_bytes(shop) == [("refused", "purged"), ("quarantine", "purged")]
    with opened(shop) as house:
        facts = [item for item in all_facts(house.store.after) if isinstance(item.fact, BytesPurged)]
    assert [(item.meta.owner, item.meta.actor, item.meta.reason, item.fact) for item in facts] == [
        ("access", "local", "names in it", BytesPurged(tomorrow, "names in it", 1, [hash_]))
        for hash_ in (evil_hash, other_hash)
    ]


def shown_bytes(shop: Path) -> list[tuple[str, str]]:
    """Whether the bytes are still kept, as the questions have it."""
    shown = []
    for question in ("refused", "quarantine"):
        told = json.loads(run("export", question, "--by", "bytes", "--json", "--data", shop).stdout)
        shown += [(question, row["bytes"]) for row in told["rows"]]
    return shown


def test_a_purge_says_why_and_knows_what_it_forgets(shop: Path) -> None:
    refused = run("purge", "--before", "2999-01-01", "--reason", "old", "--data", shop)
    assert refused.exit_code == 2
    assert "2999-01-01 is still to come" in words(refused.stderr)
    assert run("purge", "--before", MONDAY, "--data", shop).exit_code == 2
    assert run("purge", "--before", MONDAY, "--reason", " ", "--data", shop).exit_code == 2


def test_a_large_purge_is_several_facts_of_a_bounded_size() -> None:
    purges = Purges(PURGES_STREAM, "access")
    hashes = [f"{number:064x}" for number in range(HASHES_AT_ONCE * 2 + 1)]
    purges.purge(MONDAY, "old", hashes)
    facts = [pending.fact for pending in purges.collect()]
    assert [each for fact in facts if isinstance(fact, BytesPurged) for each in fact.hashes] == hashes
    assert {fact.count for fact in facts if isinstance(fact, BytesPurged)} == {len(hashes)}
    assert len(facts) == 3
    assert max(len(msgspec.json.encode(fact)) for fact in facts) < 192 * 1024


def test_bytes_that_come_again_after_they_were_purged_are_kept_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rejected for a register nobody knew, forgotten, and later in conflict: headquarters needs them to decide."""
    shop, tomorrow = tmp_path / "shop", now() + dt.timedelta(days=1)
    monkeypatch.setattr("services.runtime.commands.now", lambda: tomorrow)
    till = ({"code": "T1"}, {"code": "NEW"})

    def send(line: bytes) -> None:
        run("import", "--data", shop, write(tmp_path / "f.ndjson", [line]))

    send(a_store(registers=till[:1]))
    send(batch(sale(1, register="NEW", day=MONDAY), batch_id="a", day=MONDAY))
    purge = ("purge", "--before", tomorrow.date().isoformat(), "--reason", "old", "--data", shop)
    assert "forgotten: 1" in run(*purge).stdout
    send(a_store(registers=till))
    send(batch(sale(1, register="NEW", day=MONDAY, cashier="other"), batch_id="b", day=MONDAY))
    send(batch(sale(1, register="NEW", day=MONDAY), batch_id="c", day=MONDAY))
    assert shown_bytes(shop) == [("refused", "purged"), ("quarantine", "kept")]
    decided = resolution(1, "replace", MONDAY, register="NEW")
    assert run("import", "--data", shop, write(tmp_path / "g.ndjson", [decided])).exit_code == 0


def recorded(fact: Fact, day: str, stream: str = "day/2024-03-04/1") -> Recorded:
    return Recorded(1, stream, 1, Meta("1", recorded_at=f"{day}T12:00:00.000000Z"), fact)


def reported(*conflicts: Conflict, rejected: str = "") -> SalesReported:
    none = Transactions([], [], [], [], [], [], [])
    refused = [Rejected("malformed", "", "", rejected, 1)] if rejected else []
    return SalesReported("b", "h", "USD", none, conflicts=list(conflicts), rejected=refused)


def test_only_what_is_old_and_decided_may_be_forgotten() -> None:
    conflict = Conflict("T1", 1, "came", "stands", "changed_content", "bytes-1", 9)
    again = Conflict("T1", 1, "came", "stands", "changed_content", "bytes-2", 9, again=True)
    refused = SubmissionRefused("malformed", "", "", "bytes-3", 9, 9)
    log = [
        recorded(reported(conflict, rejected="bytes-4"), "2024-03-04"),
        recorded(reported(again), "2024-03-05"),
        recorded(refused, "2024-03-06", "refused/bytes-3"),
    ]
    decision = recorded(ConflictResolved("T1", 1, "came", "stands", "keep_first", "seen", "USD"), "2024-03-07")
    assert purgeable(iter(log), dt.date(2024, 3, 4)) == []
    assert purgeable(iter(log), dt.date(2024, 3, 6)) == ["bytes-4"]
    assert purgeable(iter(log), dt.date(2024, 3, 7)) == ["bytes-3", "bytes-4"]
    assert purgeable(iter([*log, decision]), dt.date(2024, 3, 5)) == ["bytes-1", "bytes-4"]
    assert purgeable(iter([*log, decision]), dt.date(2024, 3, 7)) == ["bytes-1", "bytes-2", "bytes-3", "bytes-4"]


def test_bytes_that_also_wait_for_a_decision_elsewhere_are_not_forgotten() -> None:
    conflict = Conflict("T1", 1, "came", "stands", "changed_content", "same", 9)
    log = [
        recorded(reported(conflict), "2024-03-04"),
        recorded(reported(rejected="same"), "2024-03-04", "day/2024-03-05/1"),
    ]
    assert purgeable(iter(log), dt.date(2030, 1, 1)) == []
