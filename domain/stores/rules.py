"""The rules for what is said of a store, each with its reason, and what holds on a day. Pure: it must not know what is
recorded or where days are reported.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from functools import cache
from typing import ClassVar, Final, Generic, TypeVar
from zoneinfo import available_timezones

from stdnum import ean

from domain.kernel import Refusal, RefusalKind
from domain.stores.commands import Calendar, DescribeStore, Register, Status
from domain.stores.facts import Settings
from domain.values import MINOR_UNITS, Invalid, business_day, code, effective_day

T = TypeVar("T")

CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
GLN: Final = re.compile(r"[0-9]{13}")
REGION_LIMIT: Final = 500  # characters, as other text
REGISTER_LIMIT: Final = 500  # with 40 characters of code each, far below the limit of a fact
CALENDAR_LIMIT: Final = 4_000  # days named one by one: ten years of them
MACHINE_ZONES: Final = frozenset({"localtime", "Factory"})  # whatever the machine is set to: no zone of a store


class BadValue(Refusal):
    """A field does not say what it asks for."""

    code: ClassVar[str] = "bad_value"
    kind: ClassVar[RefusalKind] = "invalid"


class StoreNotRegistered(Refusal):
    """Nobody has described the store."""

    code: ClassVar[str] = "unknown_store"
    kind: ClassVar[RefusalKind] = "missing"


class CurrencyIsSet(Refusal):
    """A store keeps its books in one currency: a sum over two currencies does not exist (facts.md 1)."""

    code: ClassVar[str] = "currency_is_set"
    kind: ClassVar[RefusalKind] = "conflict"


class StoreClosedLater(Refusal):
    """The store was closed on a later day than it is said to have opened again."""

    code: ClassVar[str] = "store_closed_later"
    kind: ClassVar[RefusalKind] = "conflict"


class DaysReported(Refusal):
    """Days have been reported under the terms that would change (rules.md 1)."""

    code: ClassVar[str] = "days_reported"
    kind: ClassVar[RefusalKind] = "conflict"


class Dated(Generic[T]):
    """Values with the day from which each holds; of two for one day, the one said later.

    The empty day is the beginning and compares lowest. The order in which different days are said does not matter.
    """

    def __init__(self) -> None:
        self.days: list[str] = []
        self._values: list[T] = []

    def hold(self, value: T, day: str) -> None:
        """`value` holds from `day` on, until the next day there is a value for."""
        place = bisect_left(self.days, day)
        if place < len(self.days) and self.days[place] == day:
            self._values[place] = value
        else:
            self.days.insert(place, day)
            self._values.insert(place, value)

    def on(self, day: str) -> T | None:
        """What holds on `day`; None before the first."""
        place = bisect_right(self.days, day)
        return self._values[place - 1] if place else None

    def first(self) -> T:
        """What held first. There must be something."""
        return self._values[0]

    def last(self) -> tuple[str, T]:
        """What holds in the end, and from which day. There must be something."""
        return self.days[-1], self._values[-1]


# -- each value says what its field asks for


def check(command: DescribeStore) -> None:
    """Each value of the description by itself.

    Raises:
        BadValue: names the first field that does not say what it asks for.
    """
    _ask("/store", code, command.store)
    if command.effective_from:
        _ask("/effective_from", effective_day, command.effective_from)
    _need("/time_zone", command.time_zone in time_zones(), "is not a time zone of the IANA database")
    _need("/currency", command.currency in MINOR_UNITS, "is not a currency of ISO 4217 that books are kept in")
    if command.owner:
        _ask("/owner", code, command.owner)
    _need("/region", len(command.region) <= REGION_LIMIT, f"has more than {REGION_LIMIT} characters")
    _need("/gln", not command.gln or is_gln(command.gln), "is not a GLN: 13 digits, the last a check digit")
    _need("/day_boundary", CLOCK.fullmatch(command.day_boundary) is not None, "is not a time of day written as HH:MM")
    if command.calendar is not None:
        _check_calendar(command.calendar)
    _check_registers(command.registers)


def _check_calendar(calendar: Calendar) -> None:
    count = len(calendar.closed_on) + len(calendar.open_on)
    _need("/calendar", count <= CALENDAR_LIMIT, f"names more than {CALENDAR_LIMIT} days")
    for name, days in (("closed_on", calendar.closed_on), ("open_on", calendar.open_on)):
        for place, day in enumerate(days):
            _ask(f"/calendar/{name}/{place}", business_day, day)
    closed = set(calendar.closed_on)
    for place, day in enumerate(calendar.open_on):
        _need(f"/calendar/open_on/{place}", day not in closed, "is among the days the store is closed on, too")


def _check_registers(registers: Iterable[Register]) -> None:
    seen: set[str] = set()
    for place, register in enumerate(registers):
        _need("/registers", place < REGISTER_LIMIT, f"has more than {REGISTER_LIMIT} registers")
        field = f"/registers/{place}/code"
        _ask(field, code, register.code)
        _need(field, register.code not in seen, "stands twice among the registers")
        seen.add(register.code)


def _ask(field: str, read: Callable[[str], object], text: str) -> None:
    try:
        read(text)
    except Invalid as invalid:
        raise BadValue(str(invalid), field) from None


def _need(field: str, holds: bool, reason: str) -> None:
    if not holds:
        raise BadValue(reason, field)


def is_gln(text: str) -> bool:
    """A GS1 Global Location Number: 13 digits, the last by modulo 10 with weights 3 and 1 from the right."""
    return GLN.fullmatch(text) is not None and bool(ean.is_valid(text))


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA database that a store can lie in."""
    return frozenset(available_timezones() - MACHINE_ZONES)


# -- what is said fits what was said before


def settings_of(command: DescribeStore) -> Settings:
    """What a description says beside status and registers."""
    return Settings(
        kind=command.kind,
        time_zone=command.time_zone,
        currency=command.currency,
        owner=command.owner,
        region=command.region,
        name=command.name,
        gln=command.gln,
        day_boundary=command.day_boundary,
        prices_include_tax=command.prices_include_tax,
        balancing=command.balancing,
        calendar=command.calendar,
    )


def reopening_follows_closing(statuses: Dated[Status], command: DescribeStore) -> bool:
    """A store that closed for good opens again on the day of its closing or later, never before it.

    Said again of a day on which it was open anyhow, it changes nothing and is no opening.
    """
    closed_from, status = statuses.last()
    opens = command.status == "open" and statuses.on(command.effective_from) != "open"
    return not (opens and status == "closed" and command.effective_from < closed_from)


def changed_term(held: Settings, said: Settings) -> str:
    """The first field by which reported days were cut or balanced and that would change; empty if none.

    Balancing another way, or cutting days elsewhere, would force re-totalling days that stand (rules.md 1), and tax
    inside or outside of prices would be another gross.
    """
    for name in ("balancing", "day_boundary", "prices_include_tax"):
        if getattr(held, name) != getattr(said, name):
            return f"/{name}"
    return ""


def changed_register(held: dict[str, Register], said: tuple[Register, ...]) -> str:
    """The field of the first register that would differ, or of all if one would be gone; empty if none.

    The gaps and the keys of reported days stand on how a register numbered then (facts.md 3), their expected cash on
    whether it had a drawer (rules.md 1). Another one may be added.
    """
    for place, register in enumerate(said):
        before = held.get(register.code, register)
        for name in ("numbering", "first_number", "epoch", "drawer"):
            if getattr(before, name) != getattr(register, name):
                return f"/registers/{place}/{name}"
    gone = held.keys() - {register.code for register in said}
    return "/registers" if said and gone else ""
