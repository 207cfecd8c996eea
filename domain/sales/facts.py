"""What happened in a trading day. Facts are batches of transactions in parallel columns of integers.

Money is in minor units of `currency`, quantities in thousandths. *A column of one value holds for every row; an empty
column means the default for every row.* This module must not know who decides.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from domain.kernel import Fact


class Reference(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The transaction that row `of` refers to (the original of a return or a post-void). Epoch 0 means any."""

    of: int
    store: str
    business_day: str
    register: str
    number: int
    epoch: int = 0


class TaxRow(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A line of the tax summary of row `of`."""

    of: int
    code: str
    amount: int


class Note(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A rule that only notes: its `code`, the row `of` the transaction and the `line` in it (-1: the whole)."""

    code: str
    of: int
    line: int = -1
    detail: str = ""


class Transactions(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Transactions as columns: first those with a value per transaction, then per line, then per tender.

    `time` is local wall-clock seconds from the midnight that begins the business day, `offset` minutes from UTC.
    `line_count` and `tender_count` cut the line and tender columns. A line's amount at list price is
    `net + discounts` (and `+ tax` where prices include tax): it always foots, so it is not stored twice.
    `cost` is what the goods of the line cost when they were issued. `voided` lists the lines voided before completion.
    """

    register: list[str]
    number: list[int]
    hash: list[str]
    time: list[int]
    offset: list[int]
    line_count: list[int]
    tender_count: list[int]
    kind: list[str] = []
    epoch: list[int] = []
    cashier: list[str] = []
    customer: list[str] = []
    charges: list[int] = []
    rounding: list[int] = []
    reason: dict[int, str] = {}
    original: list[Reference] = []
    taxes: list[TaxRow] = []
    sku: list[str] = []
    quantity: list[int] = []
    net: list[int] = []
    tax: list[int] = []
    cost: list[int] = []
    discounts: dict[str, list[int]] = {}
    voided: list[int] = []
    tender: list[str] = []
    tendered: list[int] = []
    change: list[int] = []
    notes: list[Note] = []

    def __len__(self) -> int:
        return len(self.number)


class Rejected(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A transaction that was refused: why, at which field (JSON pointer into the batch), and its kept bytes."""

    code: str
    field: str
    reason: str
    bytes_hash: str
    bytes_length: int
    register: str = ""
    number: int = 0


class Conflict(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A transaction whose key is taken by another content (`changed_content`), or whose content already stands under
    a neighbouring day or another epoch (`suspected_repeat`). `first_hash` is what stands, `hash` what came; its bytes
    are kept. `first_epoch` is that of what stands, where it is another one (else -1). `again` marks one that is
    quarantined already and came once more."""

    register: str
    number: int
    hash: str
    first_hash: str
    why: Literal["changed_content", "suspected_repeat"]
    bytes_hash: str
    bytes_length: int
    epoch: int = 0
    first_day: str = ""
    again: bool = False
    first_epoch: int = -1


class RegisterState(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A register in this day as its setting and its declaration have it."""

    code: str
    numbering: Literal["daily", "continuous"]
    first_number: int
    drawer: bool
    epoch: int = 0
    last_number: int = -1


class SalesReported(Fact, frozen=True):
    """A batch of a store's transactions, or part `part` of `parts` of a large one, with the outcome of each.

    `after_close` says how many of `transactions` came to a sealed day. The answer is what the parts say together.
    """

    TOPIC: ClassVar[str] = "sales.SalesReported.1"

    batch_id: str
    bytes_hash: str
    currency: str
    transactions: Transactions
    prices_include_tax: bool = False
    registers: list[RegisterState] = []
    duplicates: int = 0
    after_close: int = 0
    conflicts: list[Conflict] = []
    rejected: list[Rejected] = []
    part: int = 1
    parts: int = 1


class NoSalesDeclared(Fact, frozen=True):
    """The store says that nothing was sold."""

    TOPIC: ClassVar[str] = "sales.NoSalesDeclared.1"

    reason: str = ""


class DrawerDeclared(Fact, frozen=True):
    """A blind count. `drawer` is a register, a cashier or empty, by the store's balancing level. The latest of a
    drawer holds; a later one says that it `corrects`."""

    TOPIC: ClassVar[str] = "sales.DrawerDeclared.1"

    drawer: str
    balancing: str
    currency: str
    tender: list[str]
    counted: list[int]
    corrects: bool = False


class MissingNumbers(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Numbers `first` to `last` of a register that never came, and where: head, middle or tail."""

    register: str
    first: int
    last: int
    place: Literal["head", "middle", "tail"]
    epoch: int = 0


class Totals(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A day in one currency. Training, voids and cancels are in `transactions` only."""

    currency: str
    transactions: int = 0
    receipts: int = 0
    lines: int = 0
    net: int = 0
    tax: int = 0
    discounts: int = 0
    charges: int = 0
    rounding: int = 0
    tendered: dict[str, int] = {}


class OverShort(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Declared less expected of one tender in one drawer: positive is over."""

    drawer: str
    tender: str
    expected: int
    declared: int


class DayClosed(Fact, frozen=True):
    """The seal: totals, the stream's version, the hash over the facts it includes, and what was still open.

    Of very many gaps or conflicts the first are listed; `more_missing` counts the numbers and `more_conflicts` the
    conflicts that are not.
    """

    TOPIC: ClassVar[str] = "sales.DayClosed.1"

    totals: Totals
    sealed_version: int
    sealed_hash: str
    missing: list[MissingNumbers] = []
    open_conflicts: list[str] = []
    over_short: list[OverShort] = []
    reason: str = ""
    more_missing: int = 0
    more_conflicts: int = 0


class DayRestated(Fact, frozen=True):
    """A sealed day changed: the `number`th restatement, what it added, the new totals, and the facts that caused it.

    `over_short` is that of all drawers counted so far, as it is now. While a drawer that was used is not counted, cash
    is in neither `delta` nor `totals`; the restatement that its count makes adds what was left out.
    """

    TOPIC: ClassVar[str] = "sales.DayRestated.1"

    number: int
    delta: Totals
    totals: Totals
    causes: list[str]
    over_short: list[OverShort] = []


class ConflictResolved(Fact, frozen=True):
    """Headquarters decided: the first stays, or the second takes its place (`accepted`)."""

    TOPIC: ClassVar[str] = "sales.ConflictResolved.1"

    register: str
    number: int
    hash: str
    first_hash: str
    decision: Literal["keep_first", "replace"]
    reason: str
    currency: str
    epoch: int = 0
    prices_include_tax: bool = False
    accepted: Transactions | None = None


class TransactionReversed(Fact, frozen=True):
    """A transaction taken back at its own values: the columns are the original's, unsigned by the reversal."""

    TOPIC: ClassVar[str] = "sales.TransactionReversed.1"

    currency: str
    transactions: Transactions
    reason: str
    prices_include_tax: bool = False


FACTS = (
    SalesReported,
    NoSalesDeclared,
    DrawerDeclared,
    DayClosed,
    DayRestated,
    ConflictResolved,
    TransactionReversed,
)
