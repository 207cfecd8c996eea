"""The commands of the area `stores`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from domain.kernel import Refusal
from domain.sales.facts import SalesReported
from domain.stores.aggregate import Store
from domain.stores.commands import DescribeStore
from domain.values import code
from services.decoding import checked
from services.writer import Unit

LAST_DAY = "9999-12-31"


class Held(NamedTuple):
    """How a store is from a day on, as one would describe it, and the version that says so."""

    description: DescribeStore
    version: str


class Stores:
    """Commands about stores, to be run by the writer."""

    def describe(self, asked: DescribeStore) -> Callable[[Unit], bool]:
        """Take in how a store is from a day on; False when it is so already."""

        def command(unit: Unit) -> bool:
            checked("/store", asked.store, code)
            store = unit.load(Store, f"store/{asked.store}", asked.store)
            unit.context = msgspec.structs.replace(unit.context, origin=asked.origin)
            try:
                return store.describe(asked, LAST_DAY if store.version else "")
            except Refusal:
                # only a change of what reported days rest on needs to know the last of them, and that is a long search
                return store.describe(asked, last_reported_day(unit, asked.store))

        return command

    def version(self, store: str) -> Callable[[Unit], str]:
        """Look up which version of a store's description holds; empty where nobody has described it."""

        def command(unit: Unit) -> str:
            version = unit.peek(Store, f"store/{store}", store).version
            return str(version) if version else ""

        return command

    def held(self, store: str, day: str) -> Callable[[Unit], Held]:
        """Look up how a store is on a day, and which version of its description says so.

        Raises:
            StoreNotRegistered: nobody has described it.
        """

        def command(unit: Unit) -> Held:
            on = unit.peek(Store, f"store/{store}", store).on(day)
            settings = msgspec.structs.asdict(on.settings)
            registers = tuple(on.registers.values())
            described = DescribeStore(
                store=store, status=on.status, effective_from=day, registers=registers, **settings
            )
            return Held(described, self.version(store)(unit))

        return command


def last_reported_day(unit: Unit, store: str) -> str:
    """The last business day a store has reported, empty if none."""
    days = (stream.split("/") for stream in unit.store.with_topic(SalesReported.TOPIC))
    return max((day for _, day, owner in days if owner == store), default="")
