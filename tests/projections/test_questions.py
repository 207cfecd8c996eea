"""Asking: what may be asked of what, conditions that are only ever bound, and every question asked for the past."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.values import Invalid
from projections.kernel import NotYetKnown
from projections.questions import (
    Asked,
    Dimension,
    Measure,
    Question,
    QuestionRefused,
    Source,
    ask,
    canonical,
    read_known_at,
    read_month,
    read_week,
    read_where,
)
from projections.registry import QUESTIONS
from tests.support.log import TODAY, Log, answer, views_of
from tests.support.tills import batch, till


def sold() -> Log:
    log = Log()
    for store, day, net in (("A", "2017-03-04", 100), ("A", "2017-03-05", 200), ("B", "2017-03-05", 400)):
        log.add(batch(till(1, ("milk", 1, net), paid=[("cash", net)])), owner=store, day=day)
    return log


def refused(asked: Asked) -> QuestionRefused:
    with pytest.raises(QuestionRefused) as refusal:
        sold().views().ask(asked)
    return refusal.value


def test_conditions_on_one_dimension_are_alternatives_and_on_several_all_hold() -> None:
    log = sold()
    two = (("store", "A"), ("store", "B"))
    assert log.figures("sales", "store", "net", where=two) == {"A": Decimal(3), "B": Decimal(4)}
    one = (*two, ("business_day", "2017-03-05"))
    assert log.figures("sales", "store", "net", where=one) == {"A": Decimal(2), "B": Decimal(4)}


def test_a_range_of_days_holds_both_its_ends() -> None:
    log = sold()
    day = dt.date(2017, 3, 4)
    assert log.figures("sales", "", "receipts", first=day, last=day) == {(): 1}
    assert log.figures("sales", "", "receipts", first=day) == {(): 3}
    assert log.figures("sales", "", "receipts", as_of=day) == {(): 1}


@given(st.text(max_size=40) | st.sampled_from(["' OR 1=1 --", "{known}", "$w0", "A') UNION SELECT 1 --", "\\"]))
def test_a_condition_is_a_value_whatever_it_says(text: str) -> None:
    rows = LOG.views().ask(Asked("sales", by=("store",), measures=("net",), where=(("store", text),))).rows()
    assert [row["store"] for row in rows] == ([text] if text in {"A", "B"} else [])


LOG = sold()


def test_rows_are_sorted_by_the_dimensions_asked_for() -> None:
    rows = sold().views().ask(Asked("sales", by=("business_day", "store"), measures=("receipts",))).rows()
    keys = [(row["business_day"], row["store"]) for row in rows]
    assert keys == sorted(keys)
    assert len(keys) == 3


def test_an_answer_names_its_position_and_the_origins_behind_it() -> None:
    log = sold()
    log.add(batch(till(2, ("milk", 1, 1))), origin="simulated")
    now = log.views().ask(Asked("sales"))
    then = log.views().ask(Asked("sales", known_at=3))
    assert (now.position, now.origins) == (7, ("reported", "simulated"))
    assert (then.position, then.origins) == (3, ("reported",))


def test_what_the_views_do_not_know_yet_is_not_answered() -> None:
    with pytest.raises(NotYetKnown):
        sold().views().ask(Asked("sales", known_at=999))


@pytest.mark.parametrize(
    ("asked", "field", "says"),
    [
        (Asked("profit"), "question", "sales"),
        (Asked("sales", by=("store", "store")), "by", "twice"),
        (Asked("sales", measures=("net", "net")), "measures", "twice"),
        (Asked("sales", where=(("shoe_size", "42"),)), "where", "store"),
        (Asked("sales", where=(("business_day", "yesterday"),)), "where", "YYYY-MM-DD"),
        (Asked("sales", where=(("month", "2017-13"),)), "where", "YYYY-MM"),
        (Asked("sales", where=(("week", "2017-W54"),)), "where", "week"),
        (Asked("sales", where=(("hour", "noon"),)), "where", "whole number"),
        (Asked("sales", first=dt.date(2017, 3, 5), last=dt.date(2017, 3, 4)), "first", "after"),
        (Asked("sales", by=("department",), articles="today"), "as_of", "today"),
    ],
)
def test_a_question_that_means_nothing_is_refused_at_its_field(asked: Asked, field: str, says: str) -> None:
    refusal = refused(asked)
    assert (refusal.field, refusal.kind) == (field, "invalid")
    assert says in refusal.reason


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_every_question_explains_itself(question: Question) -> None:
    told = question.describe()
    assert told["title"]
    assert all(item["says"] for item in told["dimensions"] + told["measures"])
    assert all(measure["allows"] for measure in told["measures"])
    names = {dimension.name for dimension in question.dimensions}
    for source in question.sources:
        assert names >= {*source.dimensions, *source.needs}


def cuts(question: Question) -> set[tuple[str, ...]]:
    """Cuts that reach every source: with all it can be cut by, and with no more than it needs."""
    return {tuple(names) for source in question.sources for names in (source.dimensions, source.needs)}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_every_question_answers_for_the_past_as_it_did_then(question: Question) -> None:
    log = sold()
    for count, last in enumerate(log.recorded, 1):
        then = views_of(log.recorded[:count])
        for cut in cuts(question):
            asked = Asked(question.name, by=cut, today=TODAY)
            assert answer(log.views(), asked, last.position) == answer(then, asked), (cut, last.position)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_every_question_as_of_a_day_knows_of_no_later_day(question: Question) -> None:
    log, until = sold(), Log()
    day = dt.date(2017, 3, 4)
    for item in log.recorded:
        if item.meta.business_day <= day.isoformat():
            until.add(item.fact, item.meta.owner, item.meta.business_day)
    for cut in cuts(question):
        asked = Asked(question.name, by=cut, as_of=day, today=TODAY)
        without = question.time_columns
        assert canonical(log.views().ask(asked), without) == canonical(until.views().ask(asked), without), cut


def test_figures_come_from_as_few_sources_as_offer_them() -> None:
    wide = Source("(SELECT 1 AS a)", ("a",), {"x": "sum(10)", "y": "sum(20)"}, day="")
    narrow = Source("(SELECT 1 AS a)", ("a",), {"x": "sum(1)"}, day="")
    question = Question(
        "toy", "a toy", (), (Dimension("a", "a", "r.a", "number"),),
        (Measure("x", "x"), Measure("y", "y"), Measure("z", "z", figures=("x", "y"), sql="x * 100 + y")),
        (narrow, wide),
    )  # fmt: skip
    views = sold().views()

    def answered(*measures: str) -> list[dict[str, Any]]:
        return ask(views, question, Asked("toy", by=("a",), measures=measures)).rows()

    assert answered("x") == [{"a": 1, "x": 1}]
    assert answered("x", "y") == [{"a": 1, "x": 10, "y": 20}]
    assert answered("z") == [{"a": 1, "z": 1020}]


def test_equal_answers_are_equal_bytes_and_columns_can_be_left_out() -> None:
    views = sold().views()
    asked = Asked("sales", by=("store",), measures=("receipts", "net"))
    assert canonical(views.ask(asked)) == canonical(views.ask(asked))
    assert canonical(views.ask(asked), frozenset({"receipts", "currency"})) == b"store\x1fnet\nA\x1f3.0000\nB\x1f4.0000"


def test_what_people_write_is_read_or_refused() -> None:
    assert read_where("store=a=b") == ("store", "a=b")
    assert read_known_at("12") == 12
    assert read_known_at("2026-11-24T10:00:00Z") == dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)
    assert read_month("2017-02") == dt.date(2017, 2, 1)
    assert read_week("2020-W53") == dt.date(2020, 12, 28)
    for read, text in ((read_where, "store"), (read_known_at, "2026-11-24T10:00:00"), (read_known_at, "soon")):
        with pytest.raises(QuestionRefused):
            read(text)
    for read_key, text in ((read_month, "2017-2"), (read_week, "2017-10")):
        with pytest.raises(Invalid):
            read_key(text)
