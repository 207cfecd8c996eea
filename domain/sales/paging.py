"""What the facts of one batch say: each a part of its transactions, conflicts and rejections, the first its registers.

It must not know what the day already holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from domain.sales.commands import RegisterCount
from domain.sales.facts import Conflict, RegisterState, Rejected, Transactions
from domain.sales.judging import keys_of
from domain.sales.reading import Terms

OUTCOMES_BESIDE: Final = 10  # conflicts, and rejections, beside the transactions of the first fact
OUTCOMES_A_FACT: Final = 100  # below 200 KiB at 1,500 bytes for the longest rejection and 400 for a conflict
NO_TRANSACTIONS: Final = Transactions([], [], [], [], [], [], [])


def pages(
    parts: Sequence[Transactions], conflicts: Sequence[Conflict], rejected: Sequence[Rejected]
) -> Iterator[tuple[Transactions, list[Conflict], list[Rejected]]]:
    """What each fact of a batch says: a few outcomes beside the transactions, the rest in facts of their own."""
    few = OUTCOMES_BESIDE
    yield parts[0], list(conflicts[:few]), list(rejected[:few])
    for part in parts[1:]:
        yield part, [], []
    for begin in range(few, max(len(conflicts), len(rejected)), OUTCOMES_A_FACT):
        end = begin + OUTCOMES_A_FACT
        yield NO_TRANSACTIONS, list(conflicts[begin:end]), list(rejected[begin:end])


def register_states(
    terms: Terms, parts: Sequence[Transactions], counts: Sequence[RegisterCount], conflicts: Sequence[Conflict]
) -> list[RegisterState]:
    """The registers this batch speaks of, with the last number each declares."""
    last = {(count.code, count.epoch or terms.registers[count.code].epoch): count.last_number for count in counts}
    used = {(c.register, c.epoch) for c in conflicts}
    for t in parts:
        used |= (
            {key[:2] for key in keys_of(t)} if len(t.register) > 1 or t.epoch else {(name, 0) for name in t.register}
        )
    return [
        msgspec.structs.replace(terms.registers[code], epoch=epoch, last_number=last.get((code, epoch), -1))
        for code, epoch in sorted({*used, *last})
    ]
