"""A terminal shows what came from outside and never obeys it."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from domain.sales.rules import RULES
from projections.questions import Column
from services.runtime.reports import row_texts
from services.runtime.screens import Bars, escaped, harmless, table
from services.runtime.summary import BAR, IN_WORDS, bar


def shown(thing: object) -> str:
    console = Console(file=StringIO(), force_terminal=True, color_system="truecolor", width=120)
    console.print(thing)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@given(st.text())
def test_nothing_of_a_text_reaches_a_terminal_that_it_would_obey(text: str) -> None:
    said = escaped(text)
    assert not {unicodedata.category(each) for each in said} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert "\x1b" not in shown(harmless(text))


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_what_can_be_printed_is_shown_as_it_is(text: str) -> None:
    assert escaped(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\r\nb\tc", r"a\x0d\x0ab\x09c"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\x9b31m", r"\x9b31m"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("Zoë 牛乳", "Zoë 牛乳"),
    ],
)
def test_what_a_terminal_would_obey_is_written_as_an_escape(text: str, said: str) -> None:
    assert escaped(text) == said


def test_markup_and_links_in_a_table_are_only_text() -> None:
    text = "[bold red]x[/] [link=http://a]b[/link] :smile:"
    assert text in shown(table([("name [i]", False)], [(text,)], "title [b]"))


def test_amounts_are_shown_in_the_decimals_of_their_currency() -> None:
    columns = [Column("currency", "text", ""), Column("net", "money", ""), Column("units", "quantity", "")]
    columns.append(Column("lines", "count", ""))

    def row(currency: str, net: str) -> tuple[str, ...]:
        values = {"currency": currency, "net": Decimal(net), "units": Decimal("1234.500"), "lines": 12345}
        return row_texts(columns, values)

    assert row("USD", "1234567.5000") == ("USD", "1,234,567.50", "1,234.5", "12,345")
    assert row("JPY", "-1200.0000")[1] == "-1,200"
    assert row("KWD", "-0.5000")[1] == "-0.500"
    assert row_texts(columns, dict.fromkeys(("currency", "net", "units", "lines"))) == ("", "", "", "")


@given(st.decimals(0, 10**9, places=2), st.decimals(1, 10**9, places=2))
def test_a_bar_is_as_long_as_its_share(value: Decimal, most: Decimal) -> None:
    value = min(value, most)
    drawn = bar(value, most)
    assert len(drawn) <= BAR
    assert bool(drawn) == (value > 0)
    assert bar(most, most) == "█" * BAR


def test_every_exception_there_is_can_be_said_in_words() -> None:
    assert set(IN_WORDS) == {rule.code for rule in RULES if rule.outcome != "reject"}


def test_progress_shows_nothing_where_there_is_no_terminal() -> None:
    file = StringIO()
    with Bars(Console(file=file)) as bars:
        bars.expect("stores", 3)
        bars.advance("stores", 3)
        bars.advance("articles", 1)
        bars.reach("views", 1, 2)
    assert file.getvalue().strip() == ""


def test_progress_shows_each_part_on_a_terminal() -> None:
    file = StringIO()
    with Bars(Console(file=file, force_terminal=True, width=100)) as bars:
        bars.expect("stores", 457)
        bars.advance("stores", 457)
    assert "stores" in file.getvalue()
    assert "457/457" in file.getvalue()
