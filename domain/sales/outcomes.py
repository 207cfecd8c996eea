"""What became of a batch: the five outcomes and the answer a store gets, the first time and every time after."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.kernel import Refusal
from domain.sales.facts import Conflict, Rejected, SalesReported

Outcome = Literal["accepted", "duplicate", "conflict", "rejected", "after_close"]


class Listed(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A transaction that was not simply accepted: which, what became of it, and why."""

    outcome: Literal["conflict", "rejected"]
    code: str
    register: str = ""
    number: int = 0
    field: str = ""
    reason: str = ""
    hash: str = ""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Counts by outcome, and a list of what needs a look. `accepted` leaves out those `after_close`."""

    batch_id: str
    accepted: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0
    after_close: int = 0
    listed: list[Listed] = []
    replayed: bool = False


def answer_of(fact: SalesReported, before: Answer | None) -> Answer:
    """The answer as far as this part of the batch goes; parts of a large batch add up."""
    accepted = len(fact.transactions) - fact.after_close
    listed = [*map(_conflict, fact.conflicts), *map(_rejected, fact.rejected)]
    if before is not None:
        return msgspec.structs.replace(
            before,
            accepted=before.accepted + accepted,
            conflict=before.conflict + len(fact.conflicts),
            rejected=before.rejected + len(fact.rejected),
            after_close=before.after_close + fact.after_close,
            listed=[*before.listed, *listed],
        )
    return Answer(
        fact.batch_id,
        accepted,
        fact.duplicates,
        len(fact.conflicts),
        len(fact.rejected),
        fact.after_close,
        listed,
    )


def _conflict(conflict: Conflict) -> Listed:
    why = {
        "changed_content": "this number already stands with other content; headquarters decides which holds",
        "suspected_repeat": f"the same transaction already stands under {conflict.first_day}; headquarters decides",
    }[conflict.why]
    return Listed("conflict", conflict.why, conflict.register, conflict.number, "", why, conflict.hash)


def _rejected(rejected: Rejected) -> Listed:
    return Listed("rejected", rejected.code, rejected.register, rejected.number, rejected.field, rejected.reason)


class UnknownStore(Refusal):
    code = "unknown_store"
    kind = "missing"


class StoreNotOpen(Refusal):
    code = "store_not_open"
    kind = "conflict"


class FutureDay(Refusal):
    code = "future_day"
    kind = "invalid"


class BatchIdTaken(Refusal):
    code = "batch_id_taken"
    kind = "conflict"


class SalesExist(Refusal):
    code = "sales_exist"
    kind = "conflict"


class NothingReported(Refusal):
    code = "nothing_reported"
    kind = "conflict"


class DrawerNotDeclared(Refusal):
    code = "drawer_not_declared"
    kind = "conflict"


class AlreadyDeclared(Refusal):
    code = "already_declared"
    kind = "conflict"


class UnknownDrawer(Refusal):
    code = "unknown_drawer"
    kind = "invalid"


class TooManyDiscountKinds(Refusal):
    code = "too_many_discount_kinds"
    kind = "invalid"


class NumberTaken(Refusal):
    code = "number_taken"
    kind = "conflict"


class NoOpenConflict(Refusal):
    code = "no_open_conflict"
    kind = "missing"
