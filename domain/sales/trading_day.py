"""The trading day of a store: which transaction is new, which came before, what is missing, and the seal.

One stream per store and business day, `day/2017-03-05/367`. It must not know how a batch was parsed, what goods cost
or where facts are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final, Literal

import msgspec

from domain.kernel import Aggregate, Fact
from domain.sales.commands import RegisterCount
from domain.sales.drawer import Drawers
from domain.sales.facts import (
    Conflict,
    ConflictResolved,
    DayClosed,
    DayRestated,
    DrawerDeclared,
    MissingNumbers,
    NoSalesDeclared,
    RegisterState,
    Rejected,
    SalesReported,
    Totals,
    TransactionReversed,
    Transactions,
)
from domain.sales.judging import Key, Standing, Verdict, judge, keys_of
from domain.sales.outcomes import (
    AlreadyDeclared,
    Answer,
    BatchIdTaken,
    DrawerNotDeclared,
    NoOpenConflict,
    NothingReported,
    SalesExist,
    answer_of,
)
from domain.sales.reading import Terms
from domain.sales.rules import missing_numbers
from domain.sales.totals import combined, totals_of

Numbering = tuple[str, int]  # register and epoch: what numbers run within
State = Literal["open", "loading", "totalled", "audited", "closed", "restated"]

OUTCOMES_BESIDE: Final = 10  # conflicts, and rejections, beside the transactions of the first fact
OUTCOMES_A_FACT: Final = 100  # below 200 KiB at 1,500 bytes for the longest rejection and 400 for a conflict
NO_TRANSACTIONS: Final = Transactions([], [], [], [], [], [], [])


def day_stream(store: str, day: str) -> str:
    """The stream of a trading day; the day comes first, so that a year of inserts runs along the index."""
    return f"day/{day}/{store}"


class TradingDay(Aggregate):
    """Decides on batches, declarations, closing and conflicts of one store's business day."""

    keeps_digest: ClassVar[bool] = True
    many: ClassVar[bool] = True

    def __init__(self, stream: str, owner: str, business_day: str = "") -> None:
        super().__init__(stream, owner, business_day)
        self.batches: dict[str, tuple[str, Answer]] = {}
        self.keys: dict[Key, str] = {}
        self.settled: set[tuple[Key, str]] = set()
        self.decisions: dict[tuple[Key, str], str] = {}
        self.conflicts: dict[tuple[Key, str], Conflict] = {}
        self.registers: dict[Numbering, RegisterState] = {}
        self.totals = Totals("")
        self.drawers = Drawers()
        self.no_sales = False
        self.sealed: DayClosed | None = None
        self.restatements = 0

    # -- deciding

    def answered(self, batch_id: str, bytes_hash: str) -> Answer | None:
        """The first answer to this very batch, if it came before.

        Raises:
            BatchIdTaken: the id stands for other bytes.
        """
        held = self.batches.get(batch_id)
        if held is None:
            return None
        if held[0] != bytes_hash:
            raise BatchIdTaken(
                f"batch {batch_id} was sent before with other content; give it an id of its own", "/batch_id"
            )
        return msgspec.structs.replace(held[1], replayed=True)

    def judge(self, t: Transactions, neighbours: Sequence[TradingDay]) -> Verdict:
        """Tell new transactions from those that came before and those that clash (rules.md 1, facts.md 3)."""
        return judge(t, Standing(self.keys, self.settled, self.conflicts.keys()), neighbours)

    def report(
        self,
        batch_id: str,
        bytes_hash: str,
        terms: Terms,
        parts: Sequence[Transactions],
        counts: Sequence[RegisterCount],
        duplicates: int = 0,
        conflicts: Sequence[Conflict] = (),
        rejected: Sequence[Rejected] = (),
    ) -> Answer:
        """Record a judged batch, in as many facts as its size asks for, and the restatement of a sealed day.

        `parts` are what was accepted, as `split` cuts it; there is one at least.
        """
        before, version = self.totals, self.version
        registers = _register_states(terms, parts, counts, conflicts)
        pages = list(_pages(parts, conflicts, rejected))
        for index, (part, clashing, unfit) in enumerate(pages):
            first = index == 0
            self.record(
                SalesReported(
                    batch_id,
                    bytes_hash,
                    terms.currency,
                    part,
                    prices_include_tax=terms.prices_include_tax,
                    registers=registers if first else [],
                    duplicates=duplicates if first else 0,
                    after_close=len(part) if self.sealed else 0,
                    conflicts=clashing,
                    rejected=unfit,
                    part=index + 1,
                    parts=len(pages),
                )
            )
        if any(map(len, parts)):
            self._restate(before, range(version + 1, version + len(parts) + 1))
        return self.batches[batch_id][1]

    def declare_no_sales(self, reason: str) -> bool:
        """Say that nothing was sold. False when that was said before.

        Raises:
            SalesExist: the day has transactions.
        """
        if self.keys:
            raise SalesExist("this day has transactions, so it cannot be declared without sales", "/business_day")
        if self.no_sales:
            return False
        self.record(NoSalesDeclared(reason), reason=reason)
        return True

    def declare_drawer(
        self, drawer: str, balancing: str, currency: str, counted: Mapping[str, int], reason: str = ""
    ) -> bool:
        """Record a blind count. False when this very count was declared before.

        Raises:
            AlreadyDeclared: another count was declared; a second one would no longer be blind.
        """
        before = self.drawers.declared.get(drawer)
        if before == dict(counted):
            return False
        if before is not None:
            raise AlreadyDeclared(
                f"drawer {drawer or 'of the store'} was declared before with other amounts", "/counts"
            )
        self.record(DrawerDeclared(drawer, balancing, currency, list(counted), list(counted.values())), reason=reason)
        return True

    def close(self, balancing: str, previous_last: Mapping[Numbering, int], reason: str = "") -> bool:
        """Seal the day. False when it is sealed already. Gaps and open conflicts do not hinder it: the seal lists them.

        Raises:
            NothingReported: neither transactions nor a declaration of no sales.
            DrawerNotDeclared: a drawer that was used has not been counted.
        """
        if self.sealed is not None:
            return False
        if not self.batches and not self.no_sales:
            raise NothingReported("nothing was reported for this day: send its sales or declare that there were none")
        undeclared = self.drawers.undeclared(balancing)
        if undeclared:
            names = ", ".join(name or "the store's" for name in undeclared)
            raise DrawerNotDeclared(f"count and declare first: drawer {names}", "/business_day")
        self.record(
            DayClosed(
                totals=self.totals,
                sealed_version=self.version,
                sealed_hash=self.digest.hex(),
                missing=self.missing(previous_last),
                open_conflicts=[f"{key[0]}/{key[2]}/{came}" for key, came in sorted(self.conflicts)],
                over_short=self.drawers.over_short(balancing),
                reason=reason,
            ),
            reason=reason,
        )
        return True

    def decided(self, key: Key, came: str) -> str | None:
        """What headquarters decided on a transaction that was quarantined under a key, when nothing there is open."""
        if any(held == key and came in ("", hash_) for held, hash_ in self.conflicts):
            return None
        made = [decision for (held, hash_), decision in self.decisions.items() if held == key and came in ("", hash_)]
        return made[-1] if made else None

    def open_conflict(self, key: Key, came: str) -> Conflict:
        """The quarantined transaction of a key; `came` (its hash) may be left empty when there is only one.

        Raises:
            NoOpenConflict: none is open, or several are and no hash was given.
        """
        fitting = [c for (held, hash_), c in self.conflicts.items() if held == key and came in ("", hash_)]
        if len(fitting) != 1:
            several = f"{len(fitting)} conflicts are open for it, name one by its hash" if fitting else "none is open"
            raise NoOpenConflict(f"register {key[0]} number {key[2]}: {several}", "/number")
        return fitting[0]

    def keep_first(self, conflict: Conflict, currency: str, reason: str) -> None:
        """Headquarters: what stands, stays."""
        self._resolve(conflict, "keep_first", currency, reason, None, False)

    def replace(
        self,
        conflict: Conflict,
        terms: Terms,
        accepted: Transactions,
        reason: str,
        holder: TradingDay,
        first: Transactions,
    ) -> None:
        """Headquarters: the second takes the place of the first, which `holder` (this day or a neighbour) reverses."""
        before = self.totals
        holder.reverse(first, terms, reason)
        version = self.version
        self._resolve(conflict, "replace", terms.currency, reason, accepted, terms.prices_include_tax)
        self._restate(before, range(version + (holder is not self), self.version + 1))

    def reverse(self, first: Transactions, terms: Terms, reason: str) -> None:
        """Take a transaction back at its own values. The caller restates when it goes on with this day."""
        self.record(TransactionReversed(terms.currency, first, reason, terms.prices_include_tax), reason=reason)

    def restate_reversal(self, before: Totals) -> None:
        """Restate a sealed neighbour after one of its transactions was reversed."""
        self._restate(before, range(self.version, self.version + 1))

    def _resolve(
        self,
        conflict: Conflict,
        decision: Literal["keep_first", "replace"],
        currency: str,
        reason: str,
        accepted: Transactions | None,
        includes_tax: bool,
    ) -> None:
        self.record(
            ConflictResolved(
                conflict.register,
                conflict.number,
                conflict.hash,
                conflict.first_hash,
                decision,
                reason,
                currency,
                conflict.epoch,
                includes_tax,
                accepted,
            ),
            reason=reason,
        )

    def _restate(self, before: Totals, versions: Sequence[int]) -> None:
        if self.sealed is None:
            return
        causes = [f"{self.stream}#{version}" for version in versions]
        self.record(DayRestated(self.restatements + 1, combined(self.totals, before, -1), self.totals, causes))

    # -- asking

    @property
    def state(self) -> State:
        """Where the day stands (rules.md 1): open, loading, totalled, audited, closed, restated."""
        if self.sealed is not None:
            return "restated" if self.restatements else "closed"
        if not self.batches and not self.no_sales:
            return "open"
        if self.drawers.undeclared(self.drawers.balancing):
            return "loading"
        return "totalled" if self.conflicts or self.missing({}) else "audited"

    def missing(self, previous_last: Mapping[Numbering, int]) -> list[MissingNumbers]:
        """The gaps of all registers; `previous_last` for those that number on from day to day."""
        seen: dict[Numbering, list[int]] = {}
        for register, epoch, number in self.keys:
            seen.setdefault((register, epoch), []).append(number)
        gaps = []
        for numbering in sorted(self.registers):
            gaps += missing_numbers(seen.get(numbering, ()), self.registers[numbering], previous_last.get(numbering))
        return gaps

    def last_number(self, register: str, epoch: int) -> int | None:
        """The last number this day knows of a register: the greatest seen or declared."""
        numbers = [key[2] for key in self.keys if key[:2] == (register, epoch)]
        state = self.registers.get((register, epoch))
        if state is not None and state.last_number >= 0:
            numbers.append(state.last_number)
        return max(numbers, default=None)

    # -- following

    def follow(self, fact: Fact) -> None:
        match fact:
            case SalesReported():
                self._follow_sales(fact)
            case DayClosed():
                self.sealed = fact
            case DayRestated():
                self.restatements = fact.number
            case DrawerDeclared():
                self.drawers.declare(fact)
            case NoSalesDeclared():
                self.no_sales = True
            case ConflictResolved():
                key = (fact.register, fact.epoch, fact.number)
                self.conflicts.pop((key, fact.hash), None)
                self.settled.add((key, fact.hash))
                self.decisions[key, fact.hash] = fact.decision
                self.settled.add((key, fact.first_hash))
                if fact.accepted is not None:
                    self._add(fact.accepted, fact.currency, 1)
            case TransactionReversed():
                self._add(fact.transactions, fact.currency, -1)
            case _:
                raise TypeError(f"a trading day does not know {type(fact).__name__}")

    def _follow_sales(self, fact: SalesReported) -> None:
        held = self.batches.get(fact.batch_id) if fact.part > 1 else None
        self.batches[fact.batch_id] = (fact.bytes_hash, answer_of(fact, held[1] if held else None))
        for register in fact.registers:
            numbering = (register.code, register.epoch)
            before = self.registers.get(numbering)
            last = max(register.last_number, before.last_number if before is not None else -1)
            self.registers[numbering] = msgspec.structs.replace(register, last_number=last)
        for conflict in fact.conflicts:
            self.conflicts[(conflict.register, conflict.epoch, conflict.number), conflict.hash] = conflict
        self._add(fact.transactions, fact.currency, 1)

    def _add(self, t: Transactions, currency: str, sign: int) -> None:
        if not len(t):
            return
        keys = keys_of(t)
        if sign > 0:
            self.keys.update(zip(keys, t.hash, strict=True))
        else:
            for key, gone in zip(keys, t.hash, strict=True):
                self.keys.pop(key, None)
                self.settled.add((key, gone))
        added = totals_of(t, currency)
        self.totals = added if not self.totals.transactions and sign > 0 else combined(self.totals, added, sign)
        self.drawers.add(t, self._with_drawer(), sign)

    def _with_drawer(self) -> set[str]:
        return {register.code for register in self.registers.values() if register.drawer}


def _pages(
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


def _register_states(
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
