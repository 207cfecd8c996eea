"""What goods cost at moving average, as pure rules: quantities in thousandths, values in minor units.

Quantity and value are kept, the average is derived, and every result is rounded once (rules.md 2, facts.md 6). It must
not know facts, streams or commands.
"""

from __future__ import annotations

from typing import Final

import msgspec

from domain.values import MINOR_UNITS, round_half_even

QUANTITY_LIMIT: Final = 10_000_000  # units on one line of a movement
UNIT_COST_LIMIT: Final = 1_000_000_000  # major units for one unit
WORTH_LIMIT: Final = 10**13  # major units in one row and on hand of one article; a view holds fourteen digits of them
ON_HAND_LIMIT: Final = 10**14  # thousandths of one article; what lies beyond is not counted


class Holding(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """What a location holds of an article. Below zero, `value` is what the goods gone too far were issued at.

    `cost_value / cost_quantity` is the last known cost of a thousandth, as an exact fraction: the average just before
    the stock last ran out, or the cost of a receipt since then; `cost_quantity` is 0 while no cost was ever known.
    `uncosted` is what was opened and received in all that time, and so waits for the first cost.
    """

    quantity: int = 0
    value: int = 0
    cost_value: int = 0
    cost_quantity: int = 0
    uncosted: int = 0

    @property
    def known(self) -> bool:
        """Whether a cost was ever known."""
        return self.cost_quantity != 0


def cost_of(held: Holding, quantity: int) -> int:
    """What a quantity costs: its share of the value on hand, so that the last unit takes what is left (facts.md 6).

    What goes beyond the quantity on hand goes at the average just before the stock runs out, from then on at the last
    known cost: provisionally, until a receipt catches up (rules.md 2). For an article with a known cost only.
    """
    if held.quantity > 0:
        return round_half_even(held.value * quantity, held.quantity)
    return round_half_even(held.cost_value * quantity, held.cost_quantity)


def catch_up(held: Holding, quantity: int, cost: int) -> int:
    """The cost of goods sold that goods coming in at a known cost correct (rules.md 2, facts.md 6).

    `(new cost - provisional cost) x covered quantity`, where covered is the part of the receipt that fills up negative
    stock; the rest stays on hand at its own cost. The first cost ever known goes for all that is held without one.
    """
    if not held.known or (held.quantity <= 0 <= held.quantity + quantity):
        return held.value - round_half_even(held.quantity * cost, quantity)
    if held.quantity < 0 < quantity:
        return cost - round_half_even(held.value * quantity, held.quantity)
    return 0


def late_cost(held: Holding, quantity: int, cost: int) -> int:
    """What the first cost known makes of goods that were opened or received without one (facts.md 6)."""
    return round_half_even(held.uncosted * cost, quantity)


def after(held: Holding, quantity: int, value: int, stated_cost: int | None = None) -> Holding:
    """The holding after a signed movement; `stated_cost` is given for goods that come in at a cost of their own.

    Keeps the last known cost (rules.md 2): that of the goods coming in, and the average when stock runs out. A value
    below zero, left behind by a reversal, is no average to go on with.
    """
    cost_value, cost_quantity = held.cost_value, held.cost_quantity
    if stated_cost is not None and quantity != 0:
        cost_value, cost_quantity = stated_cost, quantity
    elif held.quantity > 0 >= held.quantity + quantity and held.value >= 0:
        cost_value, cost_quantity = held.value, held.quantity
    return Holding(countable(held.quantity + quantity), held.value + value, cost_value, cost_quantity)


def after_uncosted(held: Holding, quantity: int, came_in: bool) -> Holding:
    """The holding of an article whose cost nobody knows, after a signed movement (facts.md 6)."""
    brought = countable(held.uncosted + quantity) if came_in else held.uncosted
    return Holding(countable(held.quantity + quantity), uncosted=brought)


def countable(quantity: int) -> int:
    """A quantity on hand, kept within what a ledger counts."""
    return max(-ON_HAND_LIMIT, min(quantity, ON_HAND_LIMIT))


def worth_limit(currency: str) -> int:
    """The largest value of a row and of a holding, in minor units of the currency."""
    return int(WORTH_LIMIT * 10 ** MINOR_UNITS[currency])


def worth_fits(held: Holding, value: int, caught: int, limit: int) -> bool:
    """What a row moves and corrects, both together, and what is on hand after it stay within `worth_limit`.

    A sale of ten thousand million televisions is a slip of the keyboard: it must neither be lost nor stop the books.
    """
    return max(abs(value), abs(caught), abs(value + caught), abs(held.value + value)) <= limit


def quantity_may_move(quantity: int, opening: bool) -> bool:
    """A receipt brings something in; books may also begin with nothing or below zero (rules.md 2)."""
    return (opening or quantity > 0) and abs(quantity) <= QUANTITY_LIMIT * 1000


def value_fits_quantity(value: int, quantity: int, places: int) -> bool:
    """Value has the sign of its quantity, nothing is worth nothing, and a unit costs no more than the limit.

    The limit keeps a slip of the keyboard from becoming the cost of everything that is sold after it.
    """
    if quantity < 0:
        value, quantity = -value, -quantity
    limit: int = UNIT_COST_LIMIT * 10**places
    return 0 <= value * 1000 <= limit * quantity
