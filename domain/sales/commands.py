"""What a store and headquarters may ask of a trading day, exactly as it stands on the wire.

Amounts are decimal text in the store's currency, quantities decimal text with at most three decimals. Fields stand in
alphabetical order. This module must not know what becomes of a command.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from domain.kernel import Origin

Kind = Literal[
    "sale", "return", "void", "post_void", "cancel", "no_sale", "training", "float_in", "drop", "paid_in", "paid_out"
]
Text = Annotated[str, Meta(max_length=500)]
Number = Annotated[int, Meta(ge=1, le=2**53)]
Transactions = Annotated[list["Transaction"], Meta(max_length=50_000)]
# What one transaction may hold, so that it fits into a fact however odd it is (facts.md 1).
Lines = Annotated[tuple["Line", ...], Meta(max_length=500)]
Discounts = Annotated[tuple["Discount", ...], Meta(max_length=8)]
Tenders = Annotated[tuple["Tender", ...], Meta(max_length=100)]
Taxes = Annotated[tuple["Tax", ...], Meta(max_length=100)]
Registers = Annotated[tuple["RegisterCount", ...], Meta(max_length=500)]


class Wire(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A part of a command: unknown fields are refused, so that a misspelt one is never lost in silence."""


class Discount(Wire, frozen=True):
    """A reduction of a line by a named kind; positive lowers the price."""

    amount: str
    kind: str


class Original(Wire, frozen=True):
    """The transaction that a return or a post-void refers to. Store and day default to the batch's own."""

    number: Number
    register: str
    business_day: str = ""
    store: str = ""


class Line(Wire, frozen=True):
    """One article sold or returned. `list` is the amount at list price for the whole quantity, before discounts."""

    list: str
    net: str
    quantity: str
    sku: str
    discounts: Discounts = ()
    tax: str = "0"
    voided: bool = False


class Tender(Wire, frozen=True):
    """What was handed over, and the change given back (always cash)."""

    amount: str
    kind: str
    change: str = "0"


class Tax(Wire, frozen=True):
    """A line of the receipt's tax summary."""

    amount: str
    code: str


class Transaction(Wire, frozen=True):
    """One transaction of a till, whatever it was: each uses up a number, so each is sent.

    `at` is the end of the transaction in local time with its offset. `items`, `net`, `tax` and `total` are what the
    till printed; each that is given must equal what its lines add up to.
    """

    at: str
    kind: Kind
    number: Number
    register: str
    cashier: str = ""
    charges: str = "0"
    customer: str = ""
    epoch: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    items: str = ""
    lines: Lines = ()
    net: str = ""
    original: Original | None = None
    reason: Text = ""
    rounding: str = "0"
    tax: str = ""
    taxes: Taxes = ()
    tenders: Tenders = ()
    total: str = ""


class RegisterCount(Wire, frozen=True):
    """What a register says of itself: the last number it gave out this business day."""

    code: str
    last_number: Annotated[int, Meta(ge=0, le=2**53)]
    epoch: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Command(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False, tag_field="schema"
):
    """A line of an import file and a body at a door; `schema` names which."""


class ReportBatch(Command, frozen=True, tag="counterfoil/batch/1"):
    """Some of a store's transactions of one business day, under an id that makes sending again harmless."""

    store: str
    business_day: str
    batch_id: str
    registers: Registers = ()
    origin: Origin = "reported"
    transactions: tuple[Transaction, ...] = ()


class Counted(Wire, frozen=True):
    """The money of one tender as counted."""

    amount: str
    tender: str


class DeclareDrawer(Command, frozen=True, tag="counterfoil/declaration/1"):
    """The blind count of one drawer. `cashier` is named where the store balances by cashier, else `register`."""

    store: str
    business_day: str
    counts: tuple[Counted, ...]
    register: str = ""
    cashier: str = ""
    reason: Text = ""
    origin: Origin = "reported"


class DeclareNoSales(Command, frozen=True, tag="counterfoil/no-sales/1"):
    """Nothing was sold that day, which is not the same as no report."""

    store: str
    business_day: str
    reason: Text = ""
    origin: Origin = "reported"


class CloseDay(Command, frozen=True, tag="counterfoil/closing/1"):
    """Seal the day's figures."""

    store: str
    business_day: str
    reason: Text = ""
    origin: Origin = "reported"


class ResolveConflict(Command, frozen=True, tag="counterfoil/resolution/1"):
    """Headquarters' decision on a quarantined transaction. `hash` names which, when several share its number."""

    store: str
    business_day: str
    register: str
    number: Number
    decision: Literal["keep_first", "replace"]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    epoch: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    hash: str = ""
    origin: Origin = "reported"
