"""What may be said of a store, as it stands on the wire: how the store is from a day on."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.kernel import Origin

StoreKind = Literal["own", "franchise", "online_shop", "distribution_centre"]
Status = Literal["open", "suspended", "closed"]
Balancing = Literal["store", "register", "cashier"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Text = Annotated[str, Meta(max_length=500)]


class Calendar(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """When the store trades: by weekday, less the days it is closed on, and the days it opens in spite of that."""

    weekdays: tuple[Weekday, ...]
    closed_on: tuple[str, ...] = ()
    open_on: tuple[str, ...] = ()


class Register(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A till: how it numbers, the first number expected, its numbering epoch, and whether it has a cash drawer."""

    code: str
    numbering: Literal["daily", "continuous"] = "daily"
    first_number: Annotated[int, Meta(ge=1, le=2**53)] = 1
    epoch: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    drawer: bool = True


class DescribeStore(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
    tag_field="schema",
    tag="counterfoil/store/1",
):
    """The store as it is from `effective_from` on (left out: from the beginning).

    The first line of a store registers it; a later one records only what differs, so sending again changes nothing.
    """

    store: str
    kind: StoreKind
    time_zone: str
    currency: str
    status: Status = "open"
    effective_from: str = ""
    name: Text = ""
    owner: str = ""
    region: str = ""
    gln: str = ""
    day_boundary: str = "00:00"
    prices_include_tax: bool = False
    balancing: Balancing = "register"
    calendar: Calendar | None = None
    registers: tuple[Register, ...] = ()
    reason: Text = ""
    origin: Origin = "reported"
