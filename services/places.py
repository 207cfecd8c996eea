"""Where a body was sent: the store and day that its address names, which it must be of. It must not know commands."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from services.decoding import BadValue


class Place(NamedTuple):
    """The store, and where there is one the business day, that an address names."""

    store: str
    business_day: str = ""


class OfAStore(Protocol):
    """Whatever names its store."""

    @property
    def store(self) -> str: ...


def at_its_place(asked: OfAStore, place: Place) -> None:
    """Check that a body is of the store and day of the address it was sent to.

    Raises:
        BadValue: it is of others.
    """
    if asked.store != place.store:
        raise BadValue(f"the body is of store {asked.store[:40]!r}, its address of {place.store!r}", "/store")
    day = getattr(asked, "business_day", place.business_day)
    if place.business_day and day != place.business_day:
        raise BadValue(f"the body is of {day[:40]!r}, its address of {place.business_day!r}", "/business_day")
