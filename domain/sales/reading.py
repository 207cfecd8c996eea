"""From the wire to typed columns: every transaction is parsed, footed, noted and hashed here, many at a time.

A batch is read as a whole; when anything in it is unfit, each transaction is read alone, so that the good ones go in
and the bad one is told where it fails. This module must not know what the day already holds.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from operator import add
from typing import Any, Final

import msgspec

from domain.sales.clock import DAYS, ends
from domain.sales.commands import Line, Transaction
from domain.sales.facts import Note, Reference, RegisterState, TaxRow, Transactions
from domain.sales.notes import day_notes, line_notes, tender_notes
from domain.sales.outcomes import TooManyDiscountKinds
from domain.sales.rules import CASH_IN, CASH_OUT, EFFECTIVE
from domain.values import Invalid, Scaled, all_skus, amount_text, business_day, code
from domain.values import sku as article_number

QUANTITY: Final = Scaled(3)
DISCOUNT_KINDS: Final = 64
MONEY: Final = {places: Scaled(places) for places in range(5)}
_encode = msgspec.json.Encoder(order="sorted").encode


class Terms(msgspec.Struct, frozen=True):
    """What of the store and its day the reading needs. `boundary` is minutes after midnight, local."""

    store: str
    day: str
    currency: str
    places: int
    registers: Mapping[str, RegisterState]
    prices_include_tax: bool = False
    boundary: int = 0
    balancing: str = "register"

    @property
    def midnight(self) -> int:
        """Wall-clock seconds of the midnight that begins the business day, on the scale of `ends`."""
        return DAYS[self.day]


class Unfit(Exception):
    """A transaction that the books refuse: the rule's code, the field (JSON pointer in the transaction), the reason."""

    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.field = field
        self.reason = reason


class _Codes(dict[str, str]):
    """Checked codes of registers, cashiers, tenders and the like."""

    def __missing__(self, text: str) -> str:
        if text:
            code(text)
        if len(self) > 100_000:
            self.clear()
        self[text] = text
        return text


CODES: Final = _Codes()


def read(transactions: Sequence[Transaction], terms: Terms) -> Transactions:
    """All transactions as columns, each footed, noted and hashed.

    Raises:
        Unfit: one of them breaks a rejecting rule. With a single transaction the field is named.
    """
    try:
        return _read(transactions, terms)
    except Invalid as invalid:
        if len(transactions) > 1:
            raise Unfit("bad_value", "", str(invalid)) from None
        raise _locate(transactions[0], terms) from None


def _read(transactions: Sequence[Transaction], terms: Terms) -> Transactions:
    money = MONEY[terms.places]
    lines = [line for t in transactions for line in t.lines]
    line_count = [len(t.lines) for t in transactions]
    sku = [line.sku for line in lines]
    if not all_skus(sku):
        raise Invalid("holds what is not an article number")
    quantity = [QUANTITY[line.quantity] for line in lines]
    net = [money[line.net] for line in lines]
    taxes = [line.tax for line in lines]
    tax = [] if taxes.count("0") == len(taxes) else [money[text] for text in taxes]
    discounts = _discounts(lines, money)
    voided = [index for index, line in enumerate(lines) if line.voided]
    _foot_lines(lines, net, tax, discounts, terms)
    times, offsets, stamps = _times(transactions, terms)
    tenders = [tender for t in transactions for tender in t.tenders]
    changes = [tender.change for tender in tenders]
    columns: dict[str, Any] = {
        "register": _one([_register(t, terms) for t in transactions]),
        "number": [t.number for t in transactions],
        "hash": [],
        "time": times,
        "offset": _one(offsets),
        "line_count": line_count,
        "tender_count": [len(t.tenders) for t in transactions],
        "sku": sku,
        "quantity": quantity,
        "net": net,
        "tax": tax,
        "discounts": discounts,
        "voided": voided,
        "tender": [CODES[tender.kind] or _no_kind() for tender in tenders],
        "tendered": [money[tender.amount] for tender in tenders],
        "change": [] if changes.count("0") == len(changes) else [money[text] for text in changes],
    }
    _headers(columns, transactions, terms, money)
    columns["hash"] = _hashes(columns, transactions, stamps, money)
    _foot(columns, transactions, money)
    columns["notes"] = _notes(columns, transactions, terms)
    return Transactions(**columns)


def _no_kind() -> str:
    raise Invalid("names no kind of tender")


def _one(column: list[Any]) -> list[Any]:
    """A column that says the same in every row needs to say it once."""
    return column[:1] if len(column) > 1 and column.count(column[0]) == len(column) else column


def _register(t: Transaction, terms: Terms) -> str:
    if t.register not in terms.registers:
        name = t.register[:40]
        raise Unfit("unknown_register", "/register", f"register {name!r} is not one of this store's on that day")
    return t.register


def _discounts(lines: Sequence[Line], money: Scaled) -> dict[str, list[int]]:
    discounts: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        if line.discounts:
            for discount in line.discounts:
                column = discounts.get(discount.kind)
                if column is None:
                    if len(discounts) == DISCOUNT_KINDS:
                        reason = f"a batch names at most {DISCOUNT_KINDS} kinds of discount"  # a column each
                        raise TooManyDiscountKinds(reason, "/transactions")
                    column = discounts[code(discount.kind)] = [0] * len(lines)
                column[index] += money[discount.amount]
    return discounts


def _foot_lines(
    lines: Sequence[Line], net: list[int], tax: list[int], discounts: dict[str, list[int]], terms: Terms
) -> None:
    money = MONEY[terms.places]
    gross = [money[line.list] for line in lines]
    adds_up = net
    for column in discounts.values():
        adds_up = list(map(add, adds_up, column))
    if tax and terms.prices_include_tax:
        adds_up = list(map(add, adds_up, tax))
    if adds_up != gross:
        index = next(i for i, (a, b) in enumerate(zip(adds_up, gross, strict=True)) if a != b)
        raise Unfit(
            "line_does_not_foot",
            f"/lines/{index}/list",
            f"list is {lines[index].list}, but net and discounts (and tax, where included) add up to another amount",
        )


def _times(transactions: Sequence[Transaction], terms: Terms) -> tuple[list[int], list[int], list[str]]:
    """Wall-clock seconds from the business day's midnight, offsets in minutes, and the canonical instants."""
    found = [ends(t.at) for t in transactions]
    midnight = terms.midnight
    return [end[0] - midnight for end in found], [end[1] for end in found], [end[2] for end in found]


def _headers(columns: dict[str, Any], transactions: Sequence[Transaction], terms: Terms, money: Scaled) -> None:
    """Columns that few chains fill: kept only where some transaction says more than the default."""
    kinds = [t.kind for t in transactions]
    if kinds.count("sale") != len(kinds):
        columns["kind"] = _one(kinds)
    epochs = [t.epoch or terms.registers[t.register].epoch for t in transactions]
    if any(epochs):
        columns["epoch"] = _one(epochs)
    for name in ("cashier", "customer"):
        values = [CODES[getattr(t, name)] for t in transactions]
        if any(values):
            columns[name] = _one(values)
    for name in ("charges", "rounding"):
        texts = [getattr(t, name) for t in transactions]
        if texts.count("0") != len(texts):
            columns[name] = _one([money[text] for text in texts])
    reasons = {index: t.reason for index, t in enumerate(transactions) if t.reason}
    if reasons:
        columns["reason"] = reasons
    originals = [_reference(index, t, terms) for index, t in enumerate(transactions) if t.original is not None]
    if originals:
        columns["original"] = originals
    taxes = [
        TaxRow(index, code(row.code), money[row.amount]) for index, t in enumerate(transactions) for row in t.taxes
    ]
    if taxes:
        columns["taxes"] = taxes


def _reference(index: int, t: Transaction, terms: Terms) -> Reference:
    original = t.original
    assert original is not None
    if original.business_day:
        business_day(original.business_day)
    return Reference(
        index,
        CODES[original.store] or terms.store,
        original.business_day or terms.day,
        code(original.register),
        original.number,
    )


def _hashes(
    columns: dict[str, Any], transactions: Sequence[Transaction], stamps: list[str], money: Scaled
) -> list[str]:
    """The canonical hash of each transaction: SHA-256, first 16 bytes, base64url.

    Over the JSON of the typed transaction with sorted keys, defaults left out and numbers as integers, its lines and
    tenders as columns. What stands in the envelope (store, day, batch) is not part of it.
    """
    sku, quantity, net, tax = columns["sku"], columns["quantity"], columns["net"], columns["tax"]
    discounts = sorted(columns["discounts"].items())
    kind, tendered, change = columns["tender"], columns["tendered"], columns["change"]
    voided = set(columns["voided"])
    hashes = []
    line = tender = 0
    for t, at in zip(transactions, stamps, strict=True):
        to, paid = line + len(t.lines), tender + len(t.tenders)
        typed: dict[str, Any] = {"at": at}
        rows: dict[str, Any] = {}
        cut = {name: part for name, column in discounts if any(part := column[line:to])}
        if cut:
            rows["discounts"] = cut
        if to > line:
            rows["net"], rows["quantity"], rows["sku"] = net[line:to], quantity[line:to], sku[line:to]
            if tax and any(part := tax[line:to]):
                rows["tax"] = part
            if voided and (gone := [index - line for index in range(line, to) if index in voided]):
                rows["voided"] = gone
            typed["lines"] = rows
        if paid > tender:
            given: dict[str, Any] = {"amount": tendered[tender:paid]}
            if change and any(part := change[tender:paid]):
                given["change"] = part
            given["kind"] = kind[tender:paid]
            typed["tenders"] = given
        _rest_of_hash(typed, t, money)
        digest = hashlib.sha256(_encode(typed)).digest()
        hashes.append(urlsafe_b64encode(digest[:16])[:22].decode())
        line, tender = to, paid
    return hashes


def _rest_of_hash(typed: dict[str, Any], t: Transaction, money: Scaled) -> None:
    typed["number"], typed["register"] = t.number, t.register
    if t.kind != "sale":
        typed["kind"] = t.kind
    if t.cashier:
        typed["cashier"] = t.cashier
    if t.customer:
        typed["customer"] = t.customer
    if t.epoch:
        typed["epoch"] = t.epoch
    if t.reason:
        typed["reason"] = t.reason
    if t.charges != "0" and (charges := money[t.charges]):
        typed["charges"] = charges
    if t.rounding != "0" and (rounding := money[t.rounding]):
        typed["rounding"] = rounding
    if t.original is not None:
        typed["original"] = msgspec.to_builtins(t.original)
    if t.taxes:
        typed["taxes"] = [{"amount": money[row.amount], "code": row.code} for row in t.taxes]


def _foot(columns: dict[str, Any], transactions: Sequence[Transaction], money: Scaled) -> None:
    """Σ lines = header, net + tax + charges = total, Σ tenders = total + rounding, Σ quantity = items (rules.md 1)."""
    net, tax, quantity, voided = columns["net"], columns["tax"], columns["quantity"], columns["voided"]
    tendered, change = columns["tendered"], columns["change"]
    if voided:
        gone = set(voided)
        net = [0 if index in gone else value for index, value in enumerate(net)]
        tax = [0 if index in gone else value for index, value in enumerate(tax)]
        quantity = [0 if index in gone else value for index, value in enumerate(quantity)]
    line = tender = 0
    for t in transactions:
        to, paid = line + len(t.lines), tender + len(t.tenders)
        sum_net = sum(net[line:to])
        sum_tax = sum(tax[line:to]) if tax else 0
        total = sum_net + sum_tax + (money[t.charges] if t.charges != "0" else 0)
        if t.net and money[t.net] != sum_net:
            raise _unequal("net_does_not_foot", "/net", t.net, sum_net, money.places)
        if t.tax and money[t.tax] != sum_tax:
            raise _unequal("tax_does_not_foot", "/tax", t.tax, sum_tax, money.places)
        if t.taxes and sum(money[row.amount] for row in t.taxes) != sum_tax:
            raise _unequal("tax_does_not_foot", "/taxes", "another amount", sum_tax, money.places)
        if t.total and money[t.total] != total:
            raise _unequal("total_does_not_foot", "/total", t.total, total, money.places)
        if t.items and QUANTITY[t.items] != sum(quantity[line:to]):
            raise _unequal("items_do_not_foot", "/items", t.items, sum(quantity[line:to]), 3)
        if t.kind in EFFECTIVE:
            given = sum(tendered[tender:paid]) - (sum(change[tender:paid]) if change else 0)
            due = total + (money[t.rounding] if t.rounding != "0" else 0)
            if given != due:
                raise _unequal("tenders_do_not_foot", "/tenders", amount_text(given, money.places), due, money.places)
        elif t.lines and (t.kind in CASH_IN or t.kind in CASH_OUT):
            raise Unfit("lines_on_cash_movement", "/lines", f"a {t.kind} carries money only, no goods")
        line, tender = to, paid


def _unequal(rule: str, field: str, said: str, found: int, places: int) -> Unfit:
    return Unfit(rule, field, f"it says {said}, but it adds up to {amount_text(found, places)}")


def _notes(columns: dict[str, Any], transactions: Sequence[Transaction], terms: Terms) -> list[Note]:
    return [
        *line_notes(columns, transactions, terms.places),
        *tender_notes(columns, transactions),
        *day_notes(columns, transactions, terms.boundary),
    ]


def _locate(t: Transaction, terms: Terms) -> Unfit:
    """The first field of a transaction that does not say what it should, named."""
    money = MONEY[terms.places]
    checks: list[tuple[str, Any, str]] = [
        ("/register", CODES.__getitem__, t.register),
        ("/cashier", CODES.__getitem__, t.cashier),
        ("/customer", CODES.__getitem__, t.customer),
        ("/charges", money.__getitem__, t.charges),
        ("/rounding", money.__getitem__, t.rounding),
    ]
    checks += [
        (f"/{name}", money.__getitem__, value) for name in ("net", "tax", "total") if (value := getattr(t, name))
    ]
    if t.items:
        checks.append(("/items", QUANTITY.__getitem__, t.items))
    for index, line in enumerate(t.lines):
        at = f"/lines/{index}"
        checks += [
            (f"{at}/sku", article_number, line.sku),
            (f"{at}/quantity", QUANTITY.__getitem__, line.quantity),
            (f"{at}/list", money.__getitem__, line.list),
            (f"{at}/net", money.__getitem__, line.net),
            (f"{at}/tax", money.__getitem__, line.tax),
        ]
        for place, discount in enumerate(line.discounts):
            checks.append((f"{at}/discounts/{place}/kind", code, discount.kind))
            checks.append((f"{at}/discounts/{place}/amount", money.__getitem__, discount.amount))
    for index, tender in enumerate(t.tenders):
        checks.append((f"/tenders/{index}/kind", code, tender.kind))
        checks.append((f"/tenders/{index}/amount", money.__getitem__, tender.amount))
        checks.append((f"/tenders/{index}/change", money.__getitem__, tender.change))
    for index, row in enumerate(t.taxes):
        checks.append((f"/taxes/{index}/code", code, row.code))
        checks.append((f"/taxes/{index}/amount", money.__getitem__, row.amount))
    if t.original is not None:
        checks.append(("/original/store", CODES.__getitem__, t.original.store))
        checks.append(("/original/register", code, t.original.register))
        if t.original.business_day:
            checks.append(("/original/business_day", business_day, t.original.business_day))
    for field, check, value in checks:
        try:
            check(value)
        except Invalid as invalid:
            return Unfit("bad_value", field, f"{value[:40]!r} {invalid}")
    try:
        _times([t], terms)
    except Invalid as invalid:
        return Unfit("bad_value", "/at", f"{t.at[:40]!r} {invalid}")
    return Unfit("bad_value", "", "a value does not say what its field asks for")
