"""However the batches of real days arrive, the books come out the same: shuffled, twice, cut up, late, all at once."""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.sales.commands import ReportBatch
from domain.sales.facts import SalesReported
from domain.sales.judging import keys_of
from services.runtime.bulk import Loader
from services.runtime.house import House
from tests.support.runs import (
    ARTICLE,
    BATCH,
    CLOSING,
    CONTEXT,
    STORE,
    Answers,
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

THREADS = 4
Sent = tuple[str, list[bytes]]  # a schema, and lines that are sent together
MARCH = dt.date(2017, 3, 1)


class Plain:
    """The first days of a real March, loaded in the order of the demo; of a whole month the finest cuts are asked."""

    def __init__(self, days: int, folder: Path) -> None:
        self.finest = days > 10
        self.source = cut(MARCH, MARCH + dt.timedelta(days=days - 1))
        with open_house(folder) as house:
            load(house, self.source.lines())
            self.answers = answers(house.views, finest=self.finest)
            self.without_arrival = answers(house.views, finest=self.finest, arrival=False)
            self.transactions = transactions_of(house)


@pytest.fixture(
    scope="module", params=[pytest.param(10, id="ten days"), pytest.param(31, id="a month", marks=pytest.mark.slow)]
)
def plain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Plain:
    return Plain(request.param, tmp_path_factory.mktemp("plain"))


def test_shuffled_doubled_cut_up_and_late_batches_from_four_threads_give_the_same_books(
    plain: Plain, tmp_path: Path
) -> None:
    with open_house(tmp_path) as house:
        arrive_anyhow(house, plain.source, random.Random(367))
        assert_equal(
            answers(house.views, finest=plain.finest, arrival=False), plain.without_arrival, "shuffled", "in order"
        )
        transactions = transactions_of(house)
        assert transactions == plain.transactions
        assert set(transactions.values()) == {1}, "no transaction is lost, none is there twice"
        live = answers(house.views, finest=plain.finest)
        house.rebuild()
        assert_equal(answers(house.views, finest=plain.finest), live, "rebuilt", "live")


def test_a_load_that_is_broken_off_and_begun_again_gives_the_same_answers(plain: Plain, tmp_path: Path) -> None:
    lines = list(plain.source.lines())
    with open_house(tmp_path) as house:
        load(house, lines[: -len(plain.source.batches)])
    with open_house(tmp_path) as house:
        tally = load(house, lines)
        assert tally.replayed > 0
        assert_equal(answers(house.views, finest=plain.finest), plain.answers, "resumed", "in one go")
        assert transactions_of(house) == plain.transactions
        house.rebuild()
        assert_equal(answers(house.views, finest=plain.finest), plain.answers, "rebuilt", "in one go")


@pytest.fixture(scope="module")
def few() -> Cut:
    return cut(MARCH, MARCH + dt.timedelta(days=1), stores=3)


@pytest.fixture(scope="module")
def few_in_order(few: Cut, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    with open_house(tmp_path_factory.mktemp("few")) as house:
        load(house, few.lines())
        return answers(house.views, arrival=False, finest=True)


@given(chance=st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_any_arrival_of_a_few_store_days_gives_the_same_books(
    few: Cut, few_in_order: Answers, chance: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as folder, open_house(Path(folder)) as house:
        arrive_anyhow(house, few, chance)
        assert_equal(answers(house.views, arrival=False, finest=True), few_in_order, "shuffled", "in order")
        assert set(transactions_of(house).values()) == {1}


# -- the ways of arriving


def arrive_anyhow(house: House, source: Cut, chance: random.Random) -> None:
    """All batches in another way: cut up anew under new ids, twice, in any order, some when the day is closed already.

    Half of the articles are described after they were sold. A closing needs something to close, so there are three
    waves; within each, four threads send at once.
    """
    first: list[Sent] = []
    later: list[Sent] = []
    closed_early: list[Sent] = []
    closed_late: list[Sent] = []
    for batch in source.batches:
        pieces: list[Sent] = [(BATCH, [piece]) for piece in cut_up(batch, chance)]
        chance.shuffle(pieces)
        early = len(pieces) if chance.random() < 0.6 else 1
        first += pieces[:early]
        later += pieces[early:]
        (closed_early if early < len(pieces) or chance.random() < 0.5 else closed_late).append(
            (CLOSING, [batch.closing])
        )
    shuffled = chance.sample(source.articles, len(source.articles))
    articles: list[Sent] = [(ARTICLE, shuffled[begin : begin + 100]) for begin in range(0, len(shuffled), 100)]
    half = len(articles) // 2
    with house.bulk():
        send(house, [(STORE, [line]) for line in source.stores], chance)
        send(house, articles[:half] + first, chance)
        send(house, closed_early, chance)
        send(house, articles[half:] + later, chance)
        send(house, closed_late + closed_early, chance)


def cut_up(batch: Batch, chance: random.Random) -> Iterator[bytes]:
    """The transactions of a batch in other batches: as it was, in parts, or in parts that overlap."""
    whole = msgspec.json.decode(batch.body, type=ReportBatch)
    way = chance.choice(("as it was", "parts", "overlapping", "as it was and parts"))
    if way.startswith("as it was"):
        yield batch.body
    if way == "as it was":
        return
    sold = list(whole.transactions)
    chance.shuffle(sold)
    at = sorted(chance.randint(0, len(sold)) for _ in range(2))
    overlap = chance.randint(0, 3) if way == "overlapping" else 0
    parts = [sold[: at[0] + overlap], sold[at[0] : at[1] + overlap], sold[at[1] :]]
    for number, part in enumerate(parts):
        # the count of the register comes with any one of them
        registers = whole.registers if number == 0 else ()
        yield msgspec.json.encode(
            msgspec.structs.replace(whole, batch_id=f"part-{number}", transactions=tuple(part), registers=registers)
        )


def send(house: House, lines: Sequence[Sent], chance: random.Random) -> None:
    """Each of them twice, in any order, from four threads at once, each with a loader of its own."""
    twice = [*lines, *lines]
    chance.shuffle(twice)

    def submit(share: Sequence[Sent]) -> None:
        loader = Loader(house, CONTEXT)
        for schema, together in share:
            loader.load(schema, ((line, "") for line in together))
        loader.drain()
        assert loader.tally.refused == []
        assert (loader.tally.conflict, loader.tally.rejected) == (0, 0)

    with ThreadPoolExecutor(THREADS) as threads:
        for sent in [threads.submit(submit, twice[begin::THREADS]) for begin in range(THREADS)]:
            sent.result()


def transactions_of(house: House) -> Counter[tuple[str, str, str, int]]:
    """How often each transaction was taken into the books."""
    return Counter(
        (recorded.meta.owner, recorded.meta.business_day, register, number)
        for batch in facts_of(house)
        for recorded in batch
        if isinstance(recorded.fact, SalesReported)
        for register, _, number in keys_of(recorded.fact.transactions)
    )
