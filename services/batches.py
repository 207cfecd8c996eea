"""Reading a batch under the terms of its store and day: a pure function, so that it can be done ahead and elsewhere.

It must not know what the day already holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.kernel import Origin
from domain.sales.commands import RegisterCount, Transaction
from domain.sales.facts import Rejected, Transactions
from domain.sales.reading import Terms, Unfit, read
from services.decoding import BadValue, Incoming, cut, sha256


class ReadBatch(msgspec.Struct, frozen=True, gc=False):
    """A batch as the trading day takes it: its transactions in columns, and what was rejected with its bytes.

    `rows` tells where in the batch each transaction stood (None: all of them, in order).
    """

    store: str
    business_day: str
    batch_id: str
    origin: Origin
    bytes_hash: str
    registers: tuple[RegisterCount, ...]
    terms: Terms
    transactions: Transactions
    rows: list[int] | None = None
    rejected: list[tuple[Rejected, bytes]] = []

    def slices(self, raw: bytes) -> list[bytes]:
        """The bytes of each transaction within those of the batch."""
        _, slices = cut(raw)
        return slices if self.rows is None else [slices[row] for row in self.rows]


def read_batch(incoming: Incoming, terms: Terms) -> ReadBatch:
    """Read all transactions; those that break a rejecting rule are set aside one by one.

    Raises:
        BadValue: the batch declares a register that is not the store's, or one twice.
    """
    batch = incoming.batch
    declared: set[tuple[str, int]] = set()
    for place, count in enumerate(batch.registers):
        if count.code not in terms.registers:
            reason = f"register {count.code[:40]!r} is not one of this store's on that day"
            raise BadValue(reason, f"/registers/{place}/code")
        if (count.code, count.epoch) in declared:
            raise BadValue(f"register {count.code!r} is declared twice", f"/registers/{place}/code")
        declared.add((count.code, count.epoch))
    transactions, rows, rejected = _read_all(incoming, terms)
    return ReadBatch(
        batch.store,
        batch.business_day,
        batch.batch_id,
        batch.origin,
        incoming.bytes_hash,
        batch.registers,
        terms,
        transactions,
        rows,
        rejected,
    )


def _read_all(incoming: Incoming, terms: Terms) -> tuple[Transactions, list[int] | None, list[tuple[Rejected, bytes]]]:
    transactions = incoming.batch.transactions
    try:
        return read(transactions, terms), incoming.rows, incoming.rejected
    except Unfit:
        return _read_each(incoming, transactions, terms)


def _read_each(
    incoming: Incoming, transactions: Sequence[Transaction], terms: Terms
) -> tuple[Transactions, list[int], list[tuple[Rejected, bytes]]]:
    good: list[Transaction] = []
    rows: list[int] = []
    rejected = list(incoming.rejected)
    _, slices = cut(incoming.raw)
    for place, transaction in enumerate(transactions):
        row = place if incoming.rows is None else incoming.rows[place]
        try:
            read([transaction], terms)
        except Unfit as unfit:
            rejected.append((_rejection(row, transaction, unfit, slices[row]), slices[row]))
        else:
            good.append(transaction)
            rows.append(row)
    return read(good, terms), rows, rejected


def _rejection(row: int, transaction: Transaction, unfit: Unfit, part: bytes) -> Rejected:
    field = f"/transactions/{row}{unfit.field}"
    register = transaction.register[:40]
    return Rejected(unfit.code, field, unfit.reason, sha256(part), len(part), register, transaction.number)
