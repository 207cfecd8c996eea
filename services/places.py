"""Where a body was sent: the store, day or article of its address, which it must be of. It must not know commands."""

from __future__ import annotations

from typing import NamedTuple

from services.decoding import BadValue


class Place(NamedTuple):
    """What an address names: a store, perhaps with a business day; or an article."""

    store: str
    business_day: str = ""
    sku: str = ""


def at_its_place(asked: object, place: Place) -> None:
    """Check that a body is of all that the address it was sent to names.

    Raises:
        BadValue: it is of others.
    """
    for field, named in place._asdict().items():
        said = str(getattr(asked, field, ""))
        if named and said != named:
            raise BadValue(f"the body is of {said[:40]!r}, its address of {named!r}", f"/{field}")
