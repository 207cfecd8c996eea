"""A real desk on a folder of its own: log, snapshots, writer and intake, with a clock that a test sets; no views.

Beside it, builders for what a store sends in. It must not know what becomes of it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from domain.kernel import Context, Fact, Recorded
from domain.sales.commands import Transaction
from domain.sales.facts import RegisterState as State
from domain.sales.facts import Transactions
from domain.sales.reading import Terms, read
from domain.sales.trading_day import TradingDay, day_stream
from domain.stock.ledger import Ledger, ledger_stream
from services.event_store import EventStore
from services.intake import Intake
from services.snapshots import Snapshots
from services.writer import Writer

F = TypeVar("F", bound=Fact)
Json = dict[str, Any]

STORE = "1"
DAY = "2026-03-05"
NEXT_DAY = "2026-03-06"
NOON = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
REGISTERS: tuple[Json, ...] = (
    {"code": "T1"},
    {"code": "T2"},
    {"code": "KIOSK", "drawer": False},
    {"code": "RUN", "numbering": "continuous"},
)
TERMS = Terms(
    STORE,
    DAY,
    "USD",
    2,
    {
        "T1": State("T1", "daily", 1, drawer=True),
        "T2": State("T2", "daily", 1, drawer=True),
        "KIOSK": State("KIOSK", "daily", 1, drawer=False),
        "RUN": State("RUN", "continuous", 1, drawer=True),
    },
)
"""What holds for the store that `a_store()` describes."""


class Desk:
    """What a house has, without its views. `kept` holds every fact in the order in which it was kept."""

    def __init__(self, folder: Path, cache: int = 6_000) -> None:
        self.folder = folder
        self.now = NOON
        self.kept: list[Recorded] = []
        self.store = EventStore(folder / "events.sqlite", self.clock, "test")
        self.snapshots = Snapshots(folder / "snapshots.sqlite", self.store)
        self.writer = Writer(self.store, self.snapshots, self.kept.extend, cache)
        self.intake = Intake(self.clock)

    def clock(self) -> dt.datetime:
        return self.now

    def send(self, *bodies: bytes) -> Any:
        """What the last of these bodies was answered; each is kept before the next is sent."""
        answer = None
        for body in bodies:
            answer = self.writer.do(self.intake.line(body), Context()).result
        return answer

    def send_together(self, *bodies: bytes) -> list[Any]:
        """What each was answered, decided as one group; an error is given as it is."""
        commands = [(self.intake.line(body), Context()) for body in bodies]
        outcomes = self.writer.submit_all(commands).result(timeout=30)
        return [outcome if isinstance(outcome, Exception) else outcome.result for outcome in outcomes]

    def facts(self, kind: type[F]) -> list[F]:
        """The facts of a kind that the log holds, in order."""
        return [each.fact for each in self.log() if isinstance(each.fact, kind)]

    def log(self) -> list[Recorded]:
        """All facts of the log."""
        return self.store.after(0, 1_000_000)

    def day(self, day: str = DAY, store: str = STORE) -> TradingDay:
        """A trading day as the log has it."""
        return self.store.load(TradingDay(day_stream(store, day), store, day))

    def ledger(self, store: str = STORE) -> Ledger:
        """A ledger as the log has it."""
        return self.store.load(Ledger(ledger_stream(store), store))

    def close(self) -> None:
        self.writer.close()
        self.snapshots.close()
        self.store.close()


@contextmanager
def open_desk(folder: Path, *bodies: bytes, cache: int = 6_000) -> Iterator[Desk]:
    """A desk that has taken in `bodies`."""
    folder.mkdir(parents=True, exist_ok=True)
    desk = Desk(folder, cache)
    try:
        desk.send(*bodies)
        yield desk
    finally:
        desk.close()


# -- what is sent in


def a_store(store: str = STORE, registers: Sequence[Json] = REGISTERS, currency: str = "USD", **more: Any) -> bytes:
    """The description of a store that has always been open."""
    return _json(
        schema="counterfoil/store/1", store=store, kind="own", time_zone="UTC", currency=currency,
        registers=list(registers), **more,
    )  # fmt: skip


def line(sku: str = "milk", net: str = "2.00", quantity: str = "1", **more: Any) -> Json:
    """A line at list price; `list` follows from the net amount and the discounts unless it is given."""
    off = sum((Decimal(discount["amount"]) for discount in more.get("discounts", ())), Decimal(0))
    return {"sku": sku, "net": net, "quantity": quantity, "list": str(Decimal(net) + off)} | more


def tender(amount: str, kind: str = "cash", **more: Any) -> Json:
    return {"amount": amount, "kind": kind} | more


def sale(number: int, *lines: Json, register: str = "T1", day: str = DAY, **more: Any) -> Json:
    """A sale, or what `kind` says: one carton of milk unless lines are given, paid in cash unless tenders are."""
    sold = list(lines) or [line()]
    made = {"at": f"{day}T10:00:00+00:00", "kind": "sale", "number": number, "register": register, "lines": sold} | more
    if "tenders" not in made and made["kind"] in {"sale", "return", "post_void"}:
        made["tenders"] = [tender(str(_due(made)))]
    return made


def refund(number: int, *lines: Json, **more: Any) -> Json:
    """A return: what came back stands below zero."""
    return sale(number, *(lines or [line(net="-2.00", quantity="-1")]), kind="return", **more)


def movement_of_cash(number: int, kind: str, amount: str, **more: Any) -> Json:
    """A float, a drop, a paid-in or a paid-out."""
    return sale(number, kind=kind, tenders=[tender(amount)], **more) | {"lines": []}


def _due(made: Json) -> Decimal:
    counting = [each for each in made["lines"] if not each.get("voided")]
    goods = sum((Decimal(each["net"]) + Decimal(each.get("tax", "0")) for each in counting), Decimal(0))
    return goods + Decimal(made.get("charges", "0")) + Decimal(made.get("rounding", "0"))


def batch(
    *transactions: Any,
    batch_id: str = "b1",
    day: str = DAY,
    store: str = STORE,
    registers: Sequence[Json] = (),
    **more: Any,
) -> bytes:
    """A batch of transactions."""
    return _json(
        schema="counterfoil/batch/1", store=store, business_day=day, batch_id=batch_id, registers=list(registers),
        transactions=list(transactions), **more,
    )  # fmt: skip


def declaration(counts: dict[str, str], day: str = DAY, store: str = STORE, **more: Any) -> bytes:
    """The count of a drawer, by tender."""
    counted = [{"tender": kind, "amount": amount} for kind, amount in counts.items()]
    return _json(schema="counterfoil/declaration/1", store=store, business_day=day, counts=counted, **more)


def closing(day: str = DAY, store: str = STORE) -> bytes:
    return _json(schema="counterfoil/closing/1", store=store, business_day=day)


def no_sales(day: str = DAY, store: str = STORE) -> bytes:
    return _json(schema="counterfoil/no-sales/1", store=store, business_day=day)


def resolution(number: int, decision: str, day: str = DAY, register: str = "T1", **more: Any) -> bytes:
    return _json(
        schema="counterfoil/resolution/1", store=STORE, business_day=day, register=register, number=number,
        decision=decision, reason="looked at the paper roll", **more,
    )  # fmt: skip


def goods_in(sku: str, quantity: str, value: str, store: str = STORE, **more: Any) -> bytes:
    """A receipt of goods."""
    said = {"movement": "receipt", "movement_id": "m1", "business_day": DAY} | more
    return _json(
        schema="counterfoil/movement/1", store=store, lines=[{"sku": sku, "quantity": quantity, "value": value}], **said
    )


def _json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


# -- the same, read


def typed(*transactions: Json) -> list[Transaction]:
    return [msgspec.json.decode(json.dumps(each), type=Transaction) for each in transactions]


def columns(*transactions: Json, terms: Terms = TERMS) -> Transactions:
    """Transactions as the trading day takes them."""
    return read(typed(*transactions), terms)
