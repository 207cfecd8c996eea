"""The canonical hash of a transaction: by it a content is known again however it was spelt, and for good.

It must not know what a hash is compared with.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import msgspec

from domain.sales.commands import Transaction
from domain.values import Scaled

_encode = msgspec.json.Encoder(order="sorted").encode


def hashes(columns: dict[str, Any], transactions: Sequence[Transaction], stamps: list[str], money: Scaled) -> list[str]:
    """The canonical hash of each transaction: SHA-256, first 16 bytes, base64url.

    Over the JSON of the typed transaction with sorted keys, defaults left out and numbers as integers, its lines and
    tenders as columns. What stands in the envelope (store, day, batch) is not part of it, nor is the epoch: the same
    content under another epoch of its register must be seen to be the same.
    """
    sku, quantity, net, tax = columns["sku"], columns["quantity"], columns["net"], columns["tax"]
    discounts = sorted(columns["discounts"].items())
    kind, tendered, change = columns["tender"], columns["tendered"], columns["change"]
    voided = set(columns["voided"])
    found = []
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
        found.append(urlsafe_b64encode(digest[:16])[:22].decode())
        line, tender = to, paid
    return found


def _rest_of_hash(typed: dict[str, Any], t: Transaction, money: Scaled) -> None:
    typed["number"], typed["register"] = t.number, t.register
    if t.kind != "sale":
        typed["kind"] = t.kind
    if t.cashier:
        typed["cashier"] = t.cashier
    if t.customer:
        typed["customer"] = t.customer
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
