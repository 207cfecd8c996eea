"""What happened in the life of a store. `effective_from` empty means from the beginning."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from domain.kernel import Fact
from domain.stores.commands import Calendar, Register


class Settings(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """All that is dated of a store but its status and registers."""

    kind: str
    time_zone: str
    currency: str
    owner: str = ""
    region: str = ""
    name: str = ""
    gln: str = ""
    day_boundary: str = "00:00"
    prices_include_tax: bool = False
    balancing: str = "register"
    calendar: Calendar | None = None


class StoreRegistered(Fact, frozen=True):
    """The store is known, with its first settings."""

    TOPIC: ClassVar[str] = "stores.StoreRegistered.1"

    store: str
    settings: Settings
    effective_from: str = ""


class StoreSettingsChanged(Fact, frozen=True):
    """Other settings hold from a day on."""

    TOPIC: ClassVar[str] = "stores.StoreSettingsChanged.1"

    settings: Settings
    effective_from: str = ""
    reason: str = ""


class StoreStatusChanged(Fact, frozen=True):
    """Opened, suspended or closed from a day on. Only a store open on the business day reports it."""

    TOPIC: ClassVar[str] = "stores.StoreStatusChanged.1"

    status: Literal["open", "suspended", "closed"]
    effective_from: str = ""
    reason: str = ""


class RegistersChanged(Fact, frozen=True):
    """The registers of the store from a day on (all of them)."""

    TOPIC: ClassVar[str] = "stores.RegistersChanged.1"

    registers: list[Register]
    effective_from: str = ""
    reason: str = ""


FACTS = (StoreRegistered, StoreSettingsChanged, StoreStatusChanged, RegistersChanged)
