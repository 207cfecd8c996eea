"""Reading the lines of an opening or a receipt as integers. It must not know what a ledger holds."""

from __future__ import annotations

from typing import ClassVar

from domain.kernel import Refusal, RefusalKind
from domain.stock import rules
from domain.stock.commands import RecordMovement
from domain.values import Invalid, Scaled, code
from domain.values import sku as article_number

Line = tuple[str, int, int | None]  # article, quantity, value where it is known


class BadMovement(Refusal):
    """A movement that cannot be booked; `field` points at what is wrong."""

    code: ClassVar[str] = "bad_movement"
    kind: ClassVar[RefusalKind] = "invalid"


def read_lines(command: RecordMovement, places: int) -> list[Line]:
    """The lines of a movement as integers.

    Raises:
        BadMovement: at the first field that does not say what it should.
    """
    if not command.lines:
        raise BadMovement("a movement has at least one line", "/lines")
    quantities, values = Scaled(3), Scaled(places)
    opening = command.movement == "opening"
    field = "/movement_id"
    lines: list[Line] = []
    try:
        code(command.movement_id)
        for index, line in enumerate(command.lines):
            field = f"/lines/{index}/sku"
            sku = article_number(line.sku)
            field = f"/lines/{index}/quantity"
            quantity = quantities[line.quantity]
            _check(rules.quantity_may_move(quantity, opening), "is zero, negative or too much for one line")
            field = f"/lines/{index}/value"
            value = values[line.value] if line.value else None
            if value is not None:
                fits = rules.value_fits_quantity(value, quantity, places)
                _check(fits, "does not go with its quantity: another sign, no quantity, or too much for one unit")
            lines.append((sku, quantity, value))
    except Invalid as wrong:
        raise BadMovement(str(wrong), field) from wrong
    return lines


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Invalid(otherwise)
