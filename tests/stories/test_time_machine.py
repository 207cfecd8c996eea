"""Every question answers for the past: as known at a position is what views of only the facts up to it would say."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from domain.kernel import Recorded
from domain.sales.commands import ReportBatch
from projections.questions import Asked
from projections.registry import Views
from services.runtime.house import House
from tests.stories.test_any_order import arrive_anyhow
from tests.support.runs import (
    TODAY,
    Batch,
    Cut,
    answers,
    assert_equal,
    cut,
    demo_is_installed,
    facts_of,
    load,
    open_house,
)

pytestmark = pytest.mark.skipif(not demo_is_installed(), reason="the data of the demo is not installed")

DAYS = (dt.date(2017, 3, 3), dt.date(2017, 3, 5))
STORES = 12
SEED = 367


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A few real days that came in every way, with conflicts, restatements and a day that was refused."""
    source = cut(*DAYS, stores=STORES)
    with open_house(tmp_path_factory.mktemp("past")) as house:
        arrive_anyhow(house, source, random.Random(SEED))
        load(house, troubles(source))
        yield house


@pytest.fixture(scope="module")
def log(house: House) -> list[Recorded]:
    return [recorded for batch in facts_of(house) for recorded in batch]


def troubles(source: Cut) -> Iterator[bytes]:
    """What real days lack: conflicts, some of them resolved, something refused, an article described anew."""
    for place, batch in enumerate(source.batches[:6]):
        sold = msgspec.json.decode(batch.body, type=ReportBatch)
        changed = msgspec.structs.replace(sold.transactions[0], cashier="17")
        yield msgspec.json.encode(
            msgspec.structs.replace(sold, batch_id="changed", transactions=(changed,), registers=())
        )
        if place % 2:
            decision = "replace" if place % 4 == 1 else "keep_first"
            yield resolution(batch, changed.number, decision)
    yield b'{"schema":"counterfoil/closing/1","store":"no-such-store","business_day":"2017-03-03"}'
    for line in source.articles[:50]:
        yield line.replace(b'"department":"', b'"effective_from":"2017-03-04","department":"NEW ')


def resolution(batch: Batch, number: int, decision: str) -> bytes:
    return msgspec.json.encode(
        {
            "schema": "counterfoil/resolution/1",
            "store": batch.store,
            "business_day": batch.business_day,
            "register": "PANEL",
            "number": number,
            "decision": decision,
            "reason": "looked at the journal",
        }
    )


def views_of(facts: Sequence[Recorded], chance: random.Random) -> Views:
    """Views of these facts alone, applied in batches of any size."""
    views = Views(None)
    begin = 0
    while begin < len(facts):
        end = begin + chance.choice((1, 7, 100, 1_000))
        views.apply(facts[begin:end])
        begin = end
    return views


def test_the_past_that_is_asked_for_holds_all_that_can_happen(house: House) -> None:
    def figures(question: str, by: str, measure: str) -> dict[str, int]:
        rows = house.views.ask(Asked(question, by=(by,), measures=(measure,), today=TODAY)).rows()
        return {row[by]: row[measure] for row in rows if row[measure]}

    assert set(figures("quarantine", "status", "conflicts")) == {"open", "kept_first", "replaced"}
    assert set(figures("days", "state", "store_days")) == {"closed", "restated"}
    assert set(figures("refused", "code", "refused")) == {"unknown_store"}
    assert figures("outcomes", "origin", "after_close")["panel"] > 0


@pytest.mark.parametrize("share", [0.02, 0.3, 0.55, 0.8, 0.97])
def test_as_known_at_a_position_is_what_views_of_the_facts_up_to_it_say(
    house: House, log: list[Recorded], share: float
) -> None:
    chance = random.Random(f"{SEED} {share}")
    position = min(len(log), max(1, round(len(log) * share) + chance.randint(-20, 20)))
    then = views_of([recorded for recorded in log if recorded.position <= position], chance)
    assert_equal(answers(house.views, known_at=position), answers(then), f"known at {position}", "built up to it")
    then.close()


def test_as_known_at_a_time_is_as_known_at_the_last_position_recorded_by_then(
    house: House, log: list[Recorded]
) -> None:
    fact = log[len(log) // 2]
    moment = dt.datetime.fromisoformat(fact.meta.recorded_at)
    position = max(other.position for other in log if other.meta.recorded_at <= fact.meta.recorded_at)
    assert_equal(
        answers(house.views, known_at=moment, finest=True),
        answers(house.views, known_at=position, finest=True),
        "known at a time",
        "known at its position",
    )


@pytest.mark.parametrize("day", [dt.date(2017, 3, 2), dt.date(2017, 3, 3), dt.date(2017, 3, 4)])
def test_as_of_a_day_is_what_views_of_the_facts_of_days_up_to_it_say(
    house: House, log: list[Recorded], day: dt.date
) -> None:
    until = [recorded for recorded in log if recorded.meta.business_day <= day.isoformat()]
    then = views_of(until, random.Random(SEED))
    assert_equal(answers(house.views, as_of=day), answers(then, as_of=day), f"as of {day}", "built up to it")
    then.close()


def test_rebuilt_views_are_the_live_views(house: House) -> None:
    live = answers(house.views)
    house.rebuild()
    assert_equal(answers(house.views), live, "rebuilt", "live")


def test_any_interleaving_of_owners_gives_the_same_views(log: list[Recorded]) -> None:
    chance = random.Random(SEED)
    owners: dict[str, list[Recorded]] = {}
    for recorded in log:
        owners.setdefault(recorded.meta.owner, []).append(recorded)
    mixed: list[Recorded] = []
    while owners:
        owner = chance.choice(list(owners))
        mixed.append(owners[owner].pop(0))
        if not owners[owner]:
            del owners[owner]
    renumbered = [msgspec.structs.replace(recorded, position=place) for place, recorded in enumerate(mixed, 1)]
    one, other = views_of(log, chance), views_of(renumbered, chance)
    assert_equal(answers(other), answers(one), "interleaved otherwise", "as recorded")
    one.close()
    other.close()


def test_a_folder_without_views_gets_them_back_from_the_log(tmp_path: Path) -> None:
    source = cut(*DAYS, stores=3)
    with open_house(tmp_path) as house:
        load(house, source.lines())
        before = answers(house.views, finest=True)
        views = house.folder.views
    for path in tmp_path.glob(f"{views.name}*"):
        path.unlink()
    (tmp_path / "snapshots.sqlite").unlink(missing_ok=True)
    with open_house(tmp_path) as house:
        house.settle()
        assert_equal(answers(house.views, finest=True), before, "made anew", "as before")
