"""What may be said of a location's stock, as it stands on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.kernel import Origin

Text = Annotated[str, Meta(max_length=500)]


class MovedLine(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A quantity of an article (decimal text, three decimals) and what it cost in all (`value`; left out: unknown)."""

    sku: str
    quantity: str
    value: str = ""


class RecordMovement(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
    tag_field="schema",
    tag="counterfoil/movement/1",
):
    """An opening stock or a receipt of goods at a location; `movement_id` makes sending again harmless."""

    store: str
    business_day: str
    movement_id: str
    movement: Literal["opening", "receipt"]
    lines: tuple[MovedLine, ...]
    reason: Text = ""
    origin: Origin = "reported"
