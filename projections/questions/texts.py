"""Reading what people write: days, months, weeks, numbers, conditions, moments. It must not know any question."""

from __future__ import annotations

import datetime as dt
import re

from domain.values import Invalid, business_day
from projections.questions.model import QuestionRefused


def read_day(text: str) -> dt.date:
    """A day `YYYY-MM-DD`."""
    return business_day(text)


def read_month(text: str) -> dt.date:
    """A month `YYYY-MM` as its first day."""
    if re.fullmatch(r"\d{4}-\d{2}", text) is None:
        raise Invalid("is not a month written as YYYY-MM")
    return business_day(f"{text}-01")


def read_week(text: str) -> dt.date:
    """An ISO week `YYYY-Www` as its Monday."""
    if re.fullmatch(r"\d{4}-W\d{2}", text) is None:
        raise Invalid("is not a week written as YYYY-Www")
    return dt.date.fromisocalendar(int(text[:4]), int(text[6:]), 1)


def read_number(text: str) -> int:
    """A whole number."""
    if re.fullmatch(r"-?\d{1,18}", text) is None:
        raise Invalid("is not a whole number")
    return int(text)


def read_where(text: str) -> tuple[str, str]:
    """`DIMENSION=VALUE` as it is given on a command line.

    Raises:
        QuestionRefused: there is no `=`.
    """
    name, sign, value = text.partition("=")
    if not sign:
        raise QuestionRefused(f"{text!r} is not DIMENSION=VALUE", "where")
    return name, value


def read_known_at(text: str) -> int | dt.datetime:
    """A position, or a time with an offset (RFC 3339).

    Raises:
        QuestionRefused: it is neither.
    """
    if re.fullmatch(r"\d{1,18}", text):
        return int(text)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise QuestionRefused(f"{text!r} is neither a position nor a time with an offset", "known_at")
    return moment
