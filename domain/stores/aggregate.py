"""A store: what is said of it from which day on, and what holds on a day. It must not know sales or stock.

One stream per store, `store/367`.
"""

from __future__ import annotations

import msgspec

from domain.kernel import Aggregate, Fact
from domain.stores.commands import DescribeStore, Register, Status
from domain.stores.facts import (
    RegistersChanged,
    Settings,
    StoreRegistered,
    StoreSettingsChanged,
    StoreStatusChanged,
)
from domain.stores.rules import (
    CurrencyIsSet,
    Dated,
    DaysReported,
    StoreClosedLater,
    StoreNotRegistered,
    changed_register,
    changed_term,
    check,
    reopening_follows_closing,
    settings_of,
)
from domain.values import MINOR_UNITS


def store_stream(code: str) -> str:
    """The stream of a store."""
    return f"store/{code}"


class StoreDay(msgspec.Struct, frozen=True, gc=False):
    """A store on a day: settings, status, registers by code, and the decimals (`places`) of its currency.

    Before the first day anything holds, the status is `closed` and the settings are the first to come.
    """

    settings: Settings
    status: Status
    registers: dict[str, Register]
    places: int


class Store(Aggregate):
    """Decides what may be said of a store, and from which day on."""

    def __init__(self, stream: str, owner: str, business_day: str = "") -> None:
        super().__init__(stream, owner, business_day)
        self._settings: Dated[Settings] = Dated()
        self._statuses: Dated[Status] = Dated()
        self._registers: Dated[dict[str, Register]] = Dated()
        self._days: Dated[StoreDay] | None = None

    @property
    def registered(self) -> bool:
        """Whether anybody has described the store."""
        return bool(self._settings.days)

    # -- deciding

    def describe(self, command: DescribeStore, last_reported_day: str = "") -> bool:
        """The store is as `command` says from its `effective_from` on; only what differs is recorded.

        Registers left out stay as they are. `last_reported_day` is the latest business day the store has reported
        (empty: none). False when everything held already.

        Raises:
            BadValue: a field does not say what it asks for.
            CurrencyIsSet: the store keeps its books in another currency.
            StoreClosedLater: it would open again before the day it closed.
            DaysReported: balancing, day boundary, numbering or a drawer would change for days that have been reported.
        """
        check(command)
        if self.registered:
            self._refuse_what_does_not_fit(command, last_reported_day)
        before = self.version
        self._record_what_differs(command)
        return self.version > before

    def _refuse_what_does_not_fit(self, command: DescribeStore, last_reported_day: str) -> None:
        currency = self._settings.first().currency
        if command.currency != currency:
            raise CurrencyIsSet(f"store {command.store} keeps its books in {currency}", "/currency")
        if not reopening_follows_closing(self._statuses, command):
            raise StoreClosedLater(
                f"store {command.store} was closed from {self._statuses.last()[0]} on; it may open again from that day",
                "/effective_from",
            )
        if command.effective_from > last_reported_day or not last_reported_day:
            return
        held = self._settings.on(command.effective_from)
        field = changed_term(held, settings_of(command)) if held is not None else ""
        field = field or changed_register(self._registers.on(command.effective_from) or {}, command.registers)
        if field:
            raise DaysReported(
                f"days up to {last_reported_day} have been reported; this may change from the day after on", field
            )

    def _record_what_differs(self, command: DescribeStore) -> None:
        day, reason = command.effective_from, command.reason
        settings = settings_of(command)
        if not self.registered:
            self.record(StoreRegistered(command.store, settings, day), reason=reason)
        elif self._settings.on(day) != settings:
            self.record(StoreSettingsChanged(settings, day, reason), reason=reason)
        if self._statuses.on(day) != command.status:
            self.record(StoreStatusChanged(command.status, day, reason), reason=reason)
        if command.registers and self._registers.on(day) != _by_code(command.registers):
            self.record(RegistersChanged(list(command.registers), day, reason), reason=reason)

    # -- reading

    def on(self, day: str) -> StoreDay:
        """The store on a business day.

        Raises:
            StoreNotRegistered: nobody has described it.
        """
        if self._days is None:
            self._days = self._put_together()
        found = self._days.on(day)
        if found is None:
            raise StoreNotRegistered("nobody has described this store; describe it first", "/store")
        return found

    def _put_together(self) -> Dated[StoreDay]:
        """One answer for each stretch of days between two changes, so that a million questions share a few answers."""
        together: Dated[StoreDay] = Dated()
        if not self.registered:
            return together
        for day in {"", *self._settings.days, *self._statuses.days, *self._registers.days}:
            settings = self._settings.on(day) or self._settings.first()
            registers = self._registers.on(day) or {}
            status = self._statuses.on(day) or "closed"
            together.hold(StoreDay(settings, status, registers, MINOR_UNITS[settings.currency]), day)
        return together

    def follow(self, fact: Fact) -> None:
        """Whatever was said holds from its day on."""
        self._days = None
        match fact:
            case StoreRegistered() | StoreSettingsChanged():
                self._settings.hold(fact.settings, fact.effective_from)
            case StoreStatusChanged():
                self._statuses.hold(fact.status, fact.effective_from)
            case RegistersChanged():
                self._registers.hold(_by_code(fact.registers), fact.effective_from)


def _by_code(registers: list[Register] | tuple[Register, ...]) -> dict[str, Register]:
    return {register.code: register for register in registers}
