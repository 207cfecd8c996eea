"""The commands of the area `stock` that do not come from a sale."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from domain.sales.reading import Terms
from domain.stock.commands import RecordMovement
from services.goods import ledger_of
from services.writer import Unit


class Stock:
    """Commands about a location's ledger, to be run by the writer. `terms` says what holds for a store on a day."""

    def __init__(self, terms: Callable[[Unit, str, str], Terms]) -> None:
        self._terms = terms

    def move(self, asked: RecordMovement, bytes_hash: str) -> Callable[[Unit], bool]:
        """Take in an opening stock or a receipt; False when it came before."""

        def command(unit: Unit) -> bool:
            terms = self._terms(unit, asked.store, asked.business_day)
            unit.context = msgspec.structs.replace(unit.context, origin=asked.origin)
            return ledger_of(unit, asked.store).move(asked, bytes_hash, terms.places, terms.currency)

        return command
