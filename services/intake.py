"""The one intake: from the bytes of a line or body to a command, whichever door they came through.

What is refused is kept with its reason in the same save and comes back as a `Refused`, never as a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from domain.kernel import Refusal, RefusalKind
from domain.products.aggregate import DescribeOutcome
from domain.products.commands import DescribeArticle
from domain.sales.commands import CloseDay, DeclareDrawer, DeclareNoSales, ResolveConflict
from domain.sales.outcomes import Answer, Listed
from domain.stock.commands import RecordMovement
from domain.stores.commands import DescribeStore
from domain.values import business_day
from services.batches import ReadBatch
from services.decoding import BadValue, checked, decode, schema_of, seeming_schema, sha256, storable
from services.event_store import Clock
from services.places import Place, at_its_place
from services.products import Products
from services.refusals import keep_refused
from services.sales import Sales
from services.stock import Stock
from services.stores import Stores
from services.writer import Command, Unit

__all__ = ["ARTICLE", "BATCH", "STORE", "Answer", "Described", "Intake", "Listed", "Place", "Refused", "VersionMoved"]

BATCH = "counterfoil/batch/1"
ARTICLE = "counterfoil/article/1"
STORE = "counterfoil/store/1"


class Refused(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A line that was refused as a whole: the schema it seemed to be, the code, the field, the reason, the kind."""

    schema: str
    code: str
    field: str
    reason: str
    source: str = ""
    kind: RefusalKind = "invalid"


class Described(msgspec.Struct, frozen=True, gc=False):
    """What became of a description: whether it changed anything, and the version that holds now."""

    changed: bool
    version: str


class VersionMoved(Refusal):
    """Somebody else has described it anew since the caller looked."""

    code = "version_moved"
    kind = "conflict"


class Intake:
    """Turns what comes in into commands for the writer."""

    def __init__(self, clock: Clock) -> None:
        self.sales = Sales(clock)
        self.stores = Stores()
        self.products = Products()
        self.stock = Stock(self.sales.terms)

    def line(self, raw: bytes, source: str = "", schema: str = "", *, place: Place | None = None) -> Command[Any]:
        """A command for one line of any schema; answers `Answer`, `bool`, `DescribeOutcome` or `Refused`.

        A line that was sent to a `place` must be of that store and day.
        """

        def make() -> Command[Any]:
            name = schema or schema_of(raw)
            if name == BATCH:
                return self.sales.report(raw, place=place)
            asked = decode(name, raw)
            if place is not None:
                at_its_place(asked, place)
            return self._command(asked, raw)

        return kept_when_refused(make, raw, source, schema or seeming_schema(raw), place)

    def batch(
        self, raw: bytes, source: str = "", ahead: ReadBatch | None = None, place: Place | None = None
    ) -> Command[Answer | Refused]:
        """A command for the body of a batch, perhaps read ahead, perhaps sent to a place."""
        return kept_when_refused(lambda: self.sales.report(raw, ahead, place), raw, source, BATCH, place)

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

    def description(
        self, raw: bytes, source: str, schema: str, place: Place, match: str | None = None
    ) -> Command[Described | Refused]:
        """A command for the description of a store or an article, sent to its place.

        With `match` it is taken in only while that version of it, as somebody looked at it, still holds.
        """

        def make() -> Command[Described]:
            asked = decode(schema, raw)
            at_its_place(asked, place)
            describe = self._command(asked, raw)

            def command(unit: Unit) -> Described:
                if match is not None and self._version_beside(asked, match)(unit) != match:
                    raise VersionMoved("it has been described anew since you looked: look again, then decide")
                outcome = describe(unit)
                changed = bool(outcome.accepted if isinstance(outcome, DescribeOutcome) else outcome)
                return Described(changed, self._version(asked)(unit))

            return command

        return kept_when_refused(make, raw, source, schema, place)

    def _version(self, asked: DescribeStore | DescribeArticle) -> Command[str]:
        if isinstance(asked, DescribeStore):
            return self.stores.version(asked.store)
        return self.products.version(asked.sku, asked.effective_from)

    def _version_beside(self, asked: DescribeStore | DescribeArticle, match: str) -> Command[str]:
        """What holds now of what somebody looked at: of an article the version from that day on."""
        if isinstance(asked, DescribeStore):
            return self._version(asked)
        return self.products.version(asked.sku, match.partition(".")[2])

    def _article(self, asked: DescribeArticle) -> Command[DescribeOutcome]:
        """One article; in a call of its own, what is refused of it is refused as a whole."""
        describe = self.products.describe([asked])

        def command(unit: Unit) -> DescribeOutcome:
            outcome = describe(unit)
            for bad in outcome.refused:
                raise BadValue(bad.reason, bad.field)
            return outcome

        return command

    def _command(self, asked: Any, raw: bytes) -> Command[Any]:
        match asked:
            case DescribeArticle():
                return self._article(asked)
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


def kept_when_refused(
    make: Callable[[], Command[Any]], raw: bytes, source: str, schema: str, place: Place | None = None
) -> Command[Any]:
    """The command that `make` makes; a refusal of either is kept with the bytes and answered as `Refused`."""
    try:
        inner = make()
    except Refusal as why:
        problem = why
        return lambda unit: refuse(unit, raw, problem, source, schema, place=place)

    def command(unit: Unit) -> Any:
        context = unit.context
        try:
            return inner(unit)
        except Refusal as why:
            unit.context = context
            return refuse(unit, raw, why, source, schema, place=place)

    return command


def refuse(
    unit: Unit, raw: bytes, why: Refusal, source: str, schema: str, code: str = "", place: Place | None = None
) -> Refused:
    """Keep a refused line and say so. It is filed under the place it was sent to, else under the one it names."""
    store, day = (place.store, place.business_day) if place else place_of(raw)
    keep_refused(raw, why, code or why.code, schema=schema, store=store, day=day, source=source)(unit)
    return Refused(schema, code or why.code, storable(why.field), storable(why.reason), storable(source), why.kind)


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
