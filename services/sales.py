"""The commands of the trading day: report, declare, close, resolve. Each method loads, asks, keeps.

The day's sales and the store's stock are decided together and kept in one save. It must not know how a body was read
from a wire or a file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from domain.kernel import Aggregate
from domain.sales.commands import CloseDay, DeclareDrawer, DeclareNoSales, ReportBatch, ResolveConflict
from domain.sales.facts import Conflict, RegisterState, Transactions
from domain.sales.judging import Verdict, keys_of
from domain.sales.outcomes import (
    Answer,
    DayTooOld,
    FutureDay,
    NoOpenConflict,
    NumberTaken,
    StoreNotOpen,
    UnknownDrawer,
    UnknownStore,
)
from domain.sales.reading import TENDERS, Terms, Unfit, read
from domain.sales.selection import select, split
from domain.sales.trading_day import Numbering, TradingDay, day_stream
from domain.stores.aggregate import Store, StoreDay
from domain.values import Scaled, code
from services.batches import ReadBatch, read_batch
from services.decoding import BadValue, checked, decode_batch, decode_transaction, sha256
from services.event_store import Clock, KeptBytes
from services.goods import Originals, find_transaction, move_goods, take_goods_back
from services.places import Place, at_its_place
from services.writer import NotSettled, Unit

A = TypeVar("A", bound=Aggregate)
FIRST_DAY = "2000-01-01"  # of a store that was open from the beginning, whenever that was: before it is a slip
FIRST_DAY_OF_DATED = "1900-01-01"  # no books go further back, and each day has days before it to look at
DAYS_AT_ONCE = 10  # earlier days asked for in one go


class Looks(Protocol):
    """Whoever can show an aggregate without deciding on it."""

    def peek(self, kind: type[A], stream: str, owner: str, business_day: str = "") -> A: ...


class Sales:
    """Commands of the area `sales`, to be run by the writer. `clock` gives the present moment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._terms: dict[tuple[str, str, int], Terms] = {}
        self._past = ""

    def report(
        self, raw: bytes, ahead: ReadBatch | None = None, place: Place | None = None
    ) -> Callable[[Unit], Answer]:
        """Take in a batch: five outcomes, and the same answer whenever it is sent again.

        `ahead` is the batch read before its turn came; it counts while the terms that it was read under hold. A batch
        that was sent to a `place` must be of that store and day.
        """
        incoming = None
        head: ReadBatch | ReportBatch
        if ahead is None:
            incoming = decode_batch(raw)
            head, bytes_hash = incoming.batch, incoming.bytes_hash
        else:
            head, bytes_hash = ahead, ahead.bytes_hash
        if place is not None:
            at_its_place(head, place)

        def command(unit: Unit) -> Answer:
            terms = self.terms(unit, head.store, head.business_day)
            day = self.day(unit, head.store, head.business_day)
            answered = day.answered(head.batch_id, bytes_hash)
            if answered is not None:
                return answered
            batch = ahead
            if batch is None or batch.terms != terms:
                batch = read_batch(incoming or decode_batch(raw), terms)
            unit.context = msgspec.structs.replace(unit.context, origin=batch.origin)
            verdict = day.judge(batch.transactions, self._neighbours(unit, terms.store, terms.day))
            conflicts = _quarantine(unit, raw, batch, verdict)
            for row, part in batch.rejected:
                unit.keep_bytes(KeptBytes(row.bytes_hash, row.bytes_length, part, row.code))
            accepted = batch.transactions if verdict.new is None else select(batch.transactions, verdict.new)
            originals = Originals(unit, terms, accepted)
            parts: list[Transactions] = []
            for version, some in enumerate(split(accepted), day.version + 1):
                parts.append(move_goods(unit, terms, some, f"{day.stream}#{version}", originals))
            rejected = [row for row, _ in batch.rejected]
            return day.report(
                batch.batch_id, bytes_hash, terms, parts, batch.registers, verdict.duplicates, conflicts, rejected
            )

        return command

    def declare(self, asked: DeclareDrawer) -> Callable[[Unit], bool]:
        """Take in the blind count of a drawer, or the correction of one."""

        def command(unit: Unit) -> bool:
            terms = self.terms(unit, asked.store, asked.business_day)
            unit.context = msgspec.structs.replace(unit.context, origin=asked.origin)
            drawer = _drawer(asked, terms)
            if asked.corrects and not asked.reason:
                raise BadValue("says nothing; a count is corrected for a reason", "/reason")
            counted: dict[str, int] = {}
            money = Scaled(terms.places)
            for place, count in enumerate(asked.counts):
                checked(f"/counts/{place}/tender", count.tender, TENDERS.__getitem__)
                tender = TENDERS[count.tender]
                if tender in counted:
                    raise BadValue(f"tender {count.tender!r} is counted twice", f"/counts/{place}/tender")
                checked(f"/counts/{place}/amount", count.amount, money.__getitem__)
                counted[tender] = money[count.amount]
            day = self.day(unit, asked.store, asked.business_day)
            return day.declare_drawer(drawer, terms.balancing, terms.currency, counted, asked.reason, asked.corrects)

        return command

    def declare_no_sales(self, asked: DeclareNoSales) -> Callable[[Unit], bool]:
        """Take in that nothing was sold."""

        def command(unit: Unit) -> bool:
            self.terms(unit, asked.store, asked.business_day)
            unit.context = msgspec.structs.replace(unit.context, origin=asked.origin)
            return self.day(unit, asked.store, asked.business_day).declare_no_sales(asked.reason)

        return command

    def close(self, asked: CloseDay) -> Callable[[Unit], bool]:
        """Seal a day. Its facts are kept first, since the seal holds the hash over them."""

        def command(unit: Unit) -> bool:
            terms = self.terms(unit, asked.store, asked.business_day)
            day = self.day(unit, asked.store, asked.business_day)
            if not unit.is_settled(day):
                raise NotSettled
            unit.context = msgspec.structs.replace(unit.context, origin=asked.origin)
            return day.close(terms.balancing, _previous_last(unit, day), asked.reason)

        return command

    def resolve(self, asked: ResolveConflict) -> Callable[[Unit], bool]:
        """Headquarters' decision on a quarantined transaction; False when it was decided so before."""

        def command(unit: Unit) -> bool:
            terms = self.terms(unit, asked.store, asked.business_day)
            day = self.day(unit, asked.store, asked.business_day)
            register = terms.registers.get(asked.register)
            epoch = asked.epoch or (register.epoch if register else 0)
            key = (asked.register, epoch, asked.number)
            if day.decided(key, asked.hash) == asked.decision:
                return False
            conflict = day.open_conflict(key, asked.hash)
            unit.context = msgspec.structs.replace(unit.context, origin=asked.origin)
            if asked.decision == "keep_first":
                day.keep_first(conflict, terms.currency, asked.reason)
            else:
                self._replace(unit, day, conflict, terms, asked.reason)
            return True

        return command

    def _replace(self, unit: Unit, day: TradingDay, conflict: Conflict, terms: Terms, reason: str) -> None:
        holder = day
        if conflict.first_day and conflict.first_day != day.business_day:
            holder = self.day(unit, day.owner, conflict.first_day)
        if not unit.is_settled(holder) or not unit.is_settled(day):
            raise NotSettled
        key = (conflict.register, conflict.epoch, conflict.number)
        first_key = key if conflict.first_epoch < 0 else (conflict.register, conflict.first_epoch, conflict.number)
        first = find_transaction(unit, holder, first_key)
        if holder is not day and holder.keys.get(first_key) != conflict.first_hash:
            first = None  # headquarters has put another in its place since: that one stays
        kept = unit.store.kept(conflict.bytes_hash)
        if kept is None or (first is None and holder is day):
            raise NoOpenConflict("what it stands against, or its own bytes, are no longer there", "/number")
        if (holder is not day or first_key != key) and key in day.keys:
            raise NumberTaken("another transaction has come under this number since; it cannot hold both", "/number")
        try:
            second = read([decode_transaction(kept.data)], terms)
        except Unfit as unfit:  # the store's terms have changed since it came
            raise BadValue(f"the second no longer fits what holds for the store: {unfit.reason}", "/number") from None
        originals = Originals(unit, terms, second)
        if first is not None:
            take_goods_back(unit, holder, first.transactions, terms, reason)
            holder.reverse(first.transactions, terms.currency, first.prices_include_tax, reason)
            if holder is not day:
                holder.restate_reversal()
        second = move_goods(unit, terms, second, f"{day.stream}#{day.version + 1}", originals)
        day.replace(conflict, terms, second, reason, reversed_here=holder is day)

    # -- what the commands share

    def terms(self, unit: Looks, store: str, business_day: str) -> Terms:
        """What holds for a store on a day.

        Raises:
            UnknownStore, StoreNotOpen, DayTooOld, FutureDay: it cannot be reported.
        """
        checked("/store", store, code)
        held = unit.peek(Store, f"store/{store}", store)
        if not held.version:
            raise UnknownStore(f"there is no store {store}", "/store")
        key = (store, business_day, held.version)
        terms = self._terms.get(key)
        if terms is None:
            on = held.on(business_day)
            first = FIRST_DAY if held.on("").status == "open" else FIRST_DAY_OF_DATED
            if business_day < first:
                reason = f"the books of store {store} begin on {first}; say from which day on it was open"
                raise DayTooOld(reason, "/business_day")
            if on.status != "open":
                raise StoreNotOpen(f"store {store} was not open on {business_day}", "/business_day")
            self._not_in_the_future(business_day, on)
            if len(self._terms) > 10_000:
                self._terms.clear()
            terms = self._terms[key] = _terms(store, business_day, on)
        return terms

    def _not_in_the_future(self, business_day: str, on: StoreDay) -> None:
        if business_day < self._past:
            return
        today = self._clock().astimezone(ZoneInfo(on.settings.time_zone)).date()
        if dt.date.fromisoformat(business_day) > today:
            raise FutureDay(f"{business_day} has not begun in this store yet", "/business_day")
        self._past = (today - dt.timedelta(days=2)).isoformat()  # begun in every time zone there is

    def day(self, unit: Unit, store: str, business_day: str) -> TradingDay:
        """The trading day, to be decided on."""
        return unit.load(TradingDay, day_stream(store, business_day), store, business_day)

    def _neighbours(self, unit: Unit, store: str, business_day: str) -> list[TradingDay]:
        return [unit.peek(TradingDay, day_stream(store, day), store, day) for day in _beside(business_day)]


def _terms(store: str, business_day: str, on: StoreDay) -> Terms:
    hours, minutes = on.settings.day_boundary.split(":")
    return Terms(
        store,
        business_day,
        on.settings.currency,
        on.places,
        {
            name: RegisterState(
                register.code, register.numbering, register.first_number, register.drawer, register.epoch
            )
            for name, register in on.registers.items()
        },
        on.settings.prices_include_tax,
        int(hours) * 60 + int(minutes),
        on.settings.balancing,
        _offsets(business_day, on.settings.time_zone),
    )


@lru_cache(maxsize=4_096)
def _offsets(business_day: str, time_zone: str) -> tuple[int, ...]:
    """Minutes from UTC that clocks of a zone show from the midnight that begins a day to the end of the next day."""
    zone, midnight = ZoneInfo(time_zone), dt.datetime.fromisoformat(business_day)
    moments = [(midnight + dt.timedelta(days=days)).replace(tzinfo=zone) for days in range(3)]
    return tuple(sorted({round(moment.utcoffset().total_seconds() / 60) for moment in moments}))  # type: ignore[union-attr]


def _previous_last(unit: Unit, day: TradingDay) -> dict[Numbering, int]:
    """The last number of each register that numbers on, from its nearest earlier day, however long ago that was.

    Raises:
        NotSettled: facts of an earlier day are not in the log yet, where the search is made.
    """
    wanted = {numbering for numbering, state in day.registers.items() if state.numbering == "continuous"}
    found: dict[Numbering, int] = {}
    stream = day.stream
    if wanted and any(each.endswith(f"/{day.owner}") and each.startswith("day/") for each in unit.unkept()):
        raise NotSettled
    while wanted - found.keys() and (earlier := unit.store.earlier(stream, DAYS_AT_ONCE)):
        for stream in earlier:
            held = unit.peek(TradingDay, stream, day.owner, stream.split("/")[1])
            for numbering in wanted - found.keys():
                last = held.last_number(*numbering)
                if last is not None:
                    found[numbering] = last
            if not wanted - found.keys():
                break
    return found


@lru_cache(maxsize=4_096)
def _beside(business_day: str) -> tuple[str, str]:
    date = dt.date.fromisoformat(business_day)
    return (date - dt.timedelta(days=1)).isoformat(), (date + dt.timedelta(days=1)).isoformat()


def _drawer(asked: DeclareDrawer, terms: Terms) -> str:
    """The drawer a declaration is about, by the store's balancing level."""
    for name, said in (("register", asked.register), ("cashier", asked.cashier)):
        if said and terms.balancing not in (name, "register"):
            raise UnknownDrawer(f"this store balances by {terms.balancing}, so it has no drawer by {name}", f"/{name}")
    if terms.balancing == "store":
        return ""
    if terms.balancing == "cashier":
        if asked.cashier:  # what nobody put their name to is a drawer of its own
            checked("/cashier", asked.cashier, code)
        return asked.cashier
    register = terms.registers.get(asked.register)
    if register is None or not register.drawer:
        raise UnknownDrawer(f"register {asked.register!r} of this store has no drawer on that day", "/register")
    return asked.register


def _quarantine(unit: Unit, raw: bytes, batch: ReadBatch, verdict: Verdict) -> list[Conflict]:
    """The clashing transactions with their bytes kept."""
    t = batch.transactions
    if not verdict.clashes:
        return []
    keys, slices = keys_of(t), batch.slices(raw)
    conflicts = []
    for clash in verdict.clashes:
        part = slices[clash.of]
        kept = KeptBytes(sha256(part), len(part), part, "conflict")
        unit.keep_bytes(kept)
        register, epoch, number = keys[clash.of]
        conflicts.append(
            Conflict(
                register,
                number,
                t.hash[clash.of],
                clash.first_hash,
                clash.why,
                kept.hash,
                kept.length,
                epoch,
                clash.first_day,
                clash.again,
                clash.first_epoch,
            )
        )
    return conflicts
