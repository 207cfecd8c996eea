"""The trail: which facts there are of a day, a transaction, a batch, an article or an actor, and what each says in the
trade's words. It must not know who may follow it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from domain.audit.reads import AuditorsDay, reads_stream
from domain.kernel import Fact, Meta, Recorded
from domain.products.facts import ArticlesDescribed
from domain.sales.facts import ConflictResolved, DayRestated, SalesReported, TransactionReversed, Transactions
from domain.sales.judging import keys_of
from domain.stock.facts import StockMoved
from projections.facts import positions
from services.runtime.house import House
from services.runtime.sentences import sentence
from services.writer import Command, Unit

PAGE_STEPS: Final = 100
PAGE_BYTES: Final = 1024 * 1024  # of JSON shown; one fact may have a quarter of it
LOOKED_FACTS: Final = 2_000  # for one page, whether they belong to it or not
LOOKED_BYTES: Final = 16 * 1024 * 1024
AT_ONCE: Final = 500


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a trail is of: a store's business day, a transaction or batch of it, an article, or an actor."""

    of: Literal["day", "transaction", "batch", "article", "actor"]
    store: str = ""
    business_day: str = ""
    register: str = ""
    number: int = 0
    batch: str = ""
    article: str = ""
    actor: str = ""


class Step(msgspec.Struct, frozen=True):
    """A fact of a trail: where it stands in the log, what it says, who, when and why (`meta`), and its JSON."""

    position: int
    stream: str
    version: int
    topic: str
    says: str
    meta: Meta
    fact: msgspec.Raw


class Page(msgspec.Struct, frozen=True):
    """Some steps in the order of the log, the position up to which facts were looked for, and the position after which
    the next page begins (None: there is none)."""

    steps: list[Step]
    known: int
    after: int | None


class _Stored(msgspec.Struct):
    fact: msgspec.Raw


_decode_stored: Final = msgspec.json.Decoder(_Stored).decode


def follow(house: House, about: About, after: int = 0, known: int | None = None) -> Page:
    """The next page of a trail, of the facts above `after` and up to `known` (left out: all that the views hold).

    A page ends early where looking on would take long, so one may be empty and still have a next.

    Raises:
        NotYetKnown: `known` lies beyond the views.
    """
    reading = house.views.read()
    try:
        upto = reading.known(known)
        of = about.of if about.of in {"actor", "article"} else "day"
        names = {
            "actor": {"actor": about.actor},
            "article": {"article": about.article},
            "day": {"store": about.store, "day": about.business_day},
        }[of]
        steps: list[Step] = []
        looked = looked_bytes = shown_bytes = 0
        while found := positions(reading, of, names, after, upto, AT_ONCE):
            for recorded, body in house.recorded(found):
                after = recorded.position
                looked, looked_bytes = looked + 1, looked_bytes + len(body)
                if _belongs(house, about, recorded):
                    steps.append(_step(recorded, body))
                    shown_bytes += len(body)
                if (
                    len(steps) == PAGE_STEPS
                    or shown_bytes >= PAGE_BYTES
                    or looked >= LOOKED_FACTS
                    or looked_bytes >= LOOKED_BYTES
                ):
                    return Page(steps, upto, after)
        return Page(steps, upto, None)
    finally:
        reading.close()


def _step(recorded: Recorded, body: bytes) -> Step:
    fact = recorded.fact
    raw = _decode_stored(body).fact
    return Step(recorded.position, recorded.stream, recorded.version, fact.TOPIC, sentence(fact), recorded.meta, raw)


# -- what belongs to a transaction or a batch


def _belongs(house: House, about: About, recorded: Recorded) -> bool:
    """Whether a fact of the day tells of the transaction or batch, or follows from one that does."""
    match about.of:
        case "transaction" | "batch":
            if _tells_of(about, recorded.fact):
                return True
            return any(_tells_of(about, fact) for fact in _causes(house, recorded))
        case "article":
            return isinstance(recorded.fact, ArticlesDescribed) and about.article in recorded.fact.sku
    return True


def _tells_of(about: About, fact: Fact) -> bool:
    if about.of == "batch":
        return isinstance(fact, SalesReported) and fact.batch_id == about.batch
    return (about.register, about.number) in _told(fact)


def _told(fact: Fact) -> Iterator[tuple[str, int]]:
    """Register and number of each transaction that a fact of the trading day tells of."""
    match fact:
        case SalesReported():
            yield from _keys(fact.transactions)
            yield from ((each.register, each.number) for each in fact.conflicts)
            yield from ((each.register, each.number) for each in fact.rejected)
        case ConflictResolved():
            yield fact.register, fact.number
        case TransactionReversed():
            yield from _keys(fact.transactions)


def _keys(transactions: Transactions) -> Iterable[tuple[str, int]]:
    return ((register, number) for register, _, number in keys_of(transactions))


def _causes(house: House, recorded: Recorded) -> Iterator[Fact]:
    """The facts of the trading day that a fact names as its causes."""
    named = [recorded.meta.causation]
    match recorded.fact:
        case StockMoved() as moved:
            named.append(moved.cause)
        case DayRestated() as restated:
            named += restated.causes
    for name in filter(None, named):
        stream, _, version = name.rpartition("#")
        cause = house.store.named(stream, int(version))
        if cause is not None:
            yield cause.fact


# -- reading leaves a trail too


def record_read(asked: str, position: int, day: str) -> Command[None]:
    """A command that records what an auditor asked, and the position at which it is answered. `day` is UTC's."""

    def command(unit: Unit) -> None:
        unit.load(AuditorsDay, reads_stream(day, unit.context.actor), "access").read(asked, position)

    return command
