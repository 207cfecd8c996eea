"""What each fact says, in the trade's words: one table, a sentence for every fact there is.

Amounts are written in the currency's major unit. It must not know who reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from domain.audit import facts as audit
from domain.kernel import Fact
from domain.products import facts as products
from domain.sales import facts as sales
from domain.stock import facts as stock
from domain.stores import facts as stores
from domain.values import MINOR_UNITS


def sentence(fact: Fact) -> str:
    """What a fact says."""
    return SENTENCES[type(fact)](fact)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _money(amount: int, currency: str) -> str:
    places = MINOR_UNITS.get(currency, 2)
    return f"{Decimal(amount).scaleb(-places):,.{places}f} {currency}".strip()


def _from(day: str) -> str:
    return f"from {day} on" if day else "from the beginning"


def _because(reason: str) -> str:
    return f", because: {reason}" if reason else ""


def _registered(fact: stores.StoreRegistered) -> str:
    settings = fact.settings
    said = f"{settings.kind.replace('_', ' ')}, books in {settings.currency}, {_from(fact.effective_from)}"
    return f"Store {fact.store} was registered: {said}"


def _settings(fact: stores.StoreSettingsChanged) -> str:
    return f"The store's settings changed {_from(fact.effective_from)}{_because(fact.reason)}"


def _status(fact: stores.StoreStatusChanged) -> str:
    return f"The store is {fact.status} {_from(fact.effective_from)}{_because(fact.reason)}"


def _registers(fact: stores.RegistersChanged) -> str:
    names = ", ".join(register.code for register in fact.registers)
    return f"The store's registers {_from(fact.effective_from)}: {names}{_because(fact.reason)}"


def _articles(fact: products.ArticlesDescribed) -> str:
    few = ", ".join(fact.sku[:3]) + (" and more" if len(fact.sku) > 3 else "")
    return f"{_count(len(fact.sku), 'article version')} described: {few}"


def _reported(fact: sales.SalesReported) -> str:
    part = f", part {fact.part} of {fact.parts}" if fact.parts > 1 else ""
    told = [
        f"{_count(len(fact.transactions), 'transaction')} accepted",
        *([f"{fact.after_close:,} of them after the close"] if fact.after_close else []),
        *([_count(fact.duplicates, "duplicate")] if fact.duplicates else []),
        *([_count(len(fact.conflicts), "conflict")] if fact.conflicts else []),
        *([f"{len(fact.rejected):,} rejected"] if fact.rejected else []),
    ]
    return f"Batch {fact.batch_id}{part} was reported: {', '.join(told)}"


def _no_sales(fact: sales.NoSalesDeclared) -> str:
    return f"The store declared that nothing was sold{_because(fact.reason)}"


def _declared(fact: sales.DrawerDeclared) -> str:
    drawer = f"The drawer of {fact.balancing} {fact.drawer}" if fact.drawer else "The store's drawer"
    counts = ", ".join(
        f"{tender} {_money(counted, fact.currency)}" for tender, counted in zip(fact.tender, fact.counted, strict=True)
    )
    return f"{drawer} was counted: {counts or 'nothing in it'}"


def _closed(fact: sales.DayClosed) -> str:
    totals = fact.totals
    still = [
        *([_count(sum(gap.last - gap.first + 1 for gap in fact.missing), "missing number")] if fact.missing else []),
        *([_count(len(fact.open_conflicts), "open conflict")] if fact.open_conflicts else []),
    ]
    beside = f", with {' and '.join(still)}" if still else ""
    net = _money(totals.net, totals.currency)
    return f"The day was closed at {net} net in {_count(totals.receipts, 'receipt')}{beside}{_because(fact.reason)}"


def _restated(fact: sales.DayRestated) -> str:
    totals = fact.totals
    by, now = _money(fact.delta.net, totals.currency), _money(totals.net, totals.currency)
    return f"The closed day was restated ({fact.number}) by {by} net, to {now}"


def _resolved(fact: sales.ConflictResolved) -> str:
    decision = "the first stays" if fact.decision == "keep_first" else "the second takes its place"
    return f"The conflict about {fact.register} number {fact.number} was decided: {decision}{_because(fact.reason)}"


def _reversed(fact: sales.TransactionReversed) -> str:
    taken = _count(len(fact.transactions), "transaction")
    return f"{taken} taken back at the original values{_because(fact.reason)}"


def _moved(says: str) -> Callable[[stock.StockMoved], str]:
    def told(fact: stock.StockMoved) -> str:
        return f"{says}: {_count(len(fact.sku), 'line')}{_because(fact.reason)}"

    return told


def _refused(fact: audit.SubmissionRefused) -> str:
    what = fact.schema or "Something"
    at = f" at {fact.field}" if fact.field else ""
    return f"{what} was refused ({fact.code}){at}: {fact.reason}"


def _read(fact: audit.AuditorRead) -> str:
    return f"An auditor asked {fact.asked} and was answered as of position {fact.position}"


def _purged(fact: audit.BytesPurged) -> str:
    return f"Kept bytes recorded before {fact.before} were forgotten ({fact.count} bodies): {fact.reason}"


SENTENCES: Final[Mapping[type[Fact], Callable[[Any], str]]] = {
    stores.StoreRegistered: _registered,
    stores.StoreSettingsChanged: _settings,
    stores.StoreStatusChanged: _status,
    stores.RegistersChanged: _registers,
    products.ArticlesDescribed: _articles,
    sales.SalesReported: _reported,
    sales.NoSalesDeclared: _no_sales,
    sales.DrawerDeclared: _declared,
    sales.DayClosed: _closed,
    sales.DayRestated: _restated,
    sales.ConflictResolved: _resolved,
    sales.TransactionReversed: _reversed,
    stock.StockOpened: _moved("The opening stock was recorded"),
    stock.GoodsReceived: _moved("Goods came in"),
    stock.StockIssued: _moved("Goods left by sale"),
    stock.StockReturned: _moved("Goods came back by return"),
    stock.StockReversed: _moved("Movements of goods were taken back"),
    audit.SubmissionRefused: _refused,
    audit.AuditorRead: _read,
    audit.BytesPurged: _purged,
}
"""From a fact to the function that says it."""
