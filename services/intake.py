"""The one intake: from the bytes of a line or body to a command, whichever door they came through.

What is refused is kept with its reason in the same save and comes back as a `Refused`, never as a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from domain.kernel import Refusal
from domain.products.aggregate import DescribeOutcome
from domain.products.commands import DescribeArticle
from domain.sales.commands import CloseDay, DeclareDrawer, DeclareNoSales, ResolveConflict
from domain.sales.outcomes import Answer
from domain.stock.commands import RecordMovement
from domain.stores.commands import DescribeStore
from domain.values import business_day
from services.batches import ReadBatch
from services.decoding import checked, decode, schema_of, seeming_schema, sha256, storable
from services.event_store import Clock
from services.products import Products
from services.refusals import keep_refused
from services.sales import Sales
from services.stock import Stock
from services.stores import Stores
from services.writer import Command, Unit

BATCH = "counterfoil/batch/1"
ARTICLE = "counterfoil/article/1"


class Refused(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A line that was refused as a whole: the schema it seemed to be, the code, the field and the reason."""

    schema: str
    code: str
    field: str
    reason: str
    source: str = ""


class Intake:
    """Turns what comes in into commands for the writer."""

    def __init__(self, clock: Clock) -> None:
        self.sales = Sales(clock)
        self.stores = Stores()
        self.products = Products()
        self.stock = Stock(self.sales.terms)

    def line(self, raw: bytes, source: str = "", schema: str = "") -> Command[Any]:
        """A command for one line of any schema; answers `Answer`, `bool`, `str`, `DescribeOutcome` or `Refused`."""

        def make() -> Command[Any]:
            name = schema or schema_of(raw)
            if name == BATCH:
                return self.sales.report(raw)
            return self._command(decode(name, raw), raw)

        return kept_when_refused(make, raw, source, schema or seeming_schema(raw))

    def batch(self, raw: bytes, source: str = "", ahead: ReadBatch | None = None) -> Command[Answer | Refused]:
        """A command for the body of a batch, perhaps read ahead."""
        return kept_when_refused(lambda: self.sales.report(raw, ahead), raw, source, BATCH)

    def articles(self, lines: Sequence[tuple[bytes, str]]) -> Command[list[DescribeOutcome | Refused]]:
        """A command for many lines about articles: one outcome for those that are well, one for each that is not."""

        def command(unit: Unit) -> list[DescribeOutcome | Refused]:
            outcomes: list[DescribeOutcome | Refused] = []
            good: dict[str, list[tuple[DescribeArticle, bytes, str]]] = {}
            for raw, source in lines:
                try:
                    asked: DescribeArticle = decode(ARTICLE, raw)
                except Refusal as why:
                    outcomes.append(refuse(unit, raw, why, source, ARTICLE))
                else:
                    good.setdefault(asked.origin, []).append((asked, raw, source))
            for rows in good.values():
                outcome = self.products.describe([asked for asked, _, _ in rows])(unit)
                outcomes.append(outcome)
                for bad in outcome.refused:
                    _, raw, source = rows[bad.index]
                    outcomes.append(refuse(unit, raw, Refusal(bad.reason, bad.field), source, ARTICLE, bad.code))
            return outcomes

        return command

    def _command(self, asked: Any, raw: bytes) -> Command[Any]:
        match asked:
            case DescribeArticle():
                return self.products.describe([asked])
            case DescribeStore():
                return self.stores.describe(asked)
        checked("/business_day", asked.business_day, business_day)
        match asked:
            case RecordMovement():
                return self.stock.move(asked, sha256(raw))
            case DeclareDrawer():
                return self.sales.declare(asked)
            case DeclareNoSales():
                return self.sales.declare_no_sales(asked)
            case ResolveConflict():
                return self.sales.resolve(asked)
            case CloseDay():
                return self.sales.close(asked)
        raise TypeError(f"no command takes {type(asked).__name__}")


def kept_when_refused(make: Callable[[], Command[Any]], raw: bytes, source: str, schema: str) -> Command[Any]:
    """The command that `make` makes; a refusal of either is kept with the bytes and answered as `Refused`."""
    try:
        inner = make()
    except Refusal as why:
        problem = why
        return lambda unit: refuse(unit, raw, problem, source, schema)

    def command(unit: Unit) -> Any:
        context = unit.context
        try:
            return inner(unit)
        except Refusal as why:
            unit.context = context
            return refuse(unit, raw, why, source, schema)

    return command


def refuse(unit: Unit, raw: bytes, why: Refusal, source: str, schema: str, code: str = "") -> Refused:
    """Keep a refused line and say so."""
    store, day = place_of(raw)
    keep_refused(raw, why, code or why.code, schema=schema, store=store, day=day, source=source)(unit)
    return Refused(schema, code or why.code, storable(why.field), storable(why.reason), storable(source))


class _Place(msgspec.Struct):
    store: str = ""
    business_day: str = ""


_decode_place = msgspec.json.Decoder(_Place).decode


def place_of(raw: bytes) -> tuple[str, str]:
    """Whose line it says it is, as far as that can be read."""
    try:
        place = _decode_place(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", ""
    return place.store[:40], place.business_day[:10]
