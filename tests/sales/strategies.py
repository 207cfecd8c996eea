"""Transactions of all kinds for property tests: each foots, many are odd."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from domain.values import amount_text
from tests.support.house import DAY, Json

SKUS = st.sampled_from(["milk", "salt", "A/1", "7"])
CODES = st.sampled_from(["", "anna", "ben"])
CENTS = st.integers(-500, 2_000)
TENDERS = st.sampled_from(["cash", "card", "voucher"])
KINDS = st.sampled_from(
    ["sale"] * 6 + ["return", "return", "post_void", "void", "cancel", "no_sale", "training", "float_in", "drop"]
)


def money(cents: int) -> str:
    return amount_text(cents, 2)


@st.composite
def lines(draw: st.DrawFn, sign: int = 1) -> Json:
    net, tax = sign * draw(CENTS), draw(st.sampled_from([0, 0, 0, 7]))
    off = draw(st.dictionaries(st.sampled_from(["loyalty", "coupon"]), st.integers(0, 50), max_size=2))
    made: Json = {
        "sku": draw(SKUS),
        "net": money(net),
        "quantity": amount_text(sign * draw(st.sampled_from([0, 1_000, 1_000, 2_000, 1_250, -500])), 3),
        "list": money(net + sum(off.values())),
    }
    if off:
        made["discounts"] = [{"kind": kind, "amount": money(amount)} for kind, amount in off.items()]
    if tax:
        made["tax"] = money(tax)
    if draw(st.integers(0, 9)) == 0:
        made["voided"] = True
    return made


@st.composite
def transactions(
    draw: st.DrawFn, number: st.SearchStrategy[int] | None = None, registers: tuple[str, ...] = ("T1", "T2", "KIOSK")
) -> Json:
    """A transaction that is fit to be read."""
    kind = draw(KINDS)
    sign = -1 if kind in {"return", "post_void"} else 1
    cash_only = kind in {"float_in", "drop"}
    sold: list[Json] = [] if cash_only else draw(st.lists(lines(sign), max_size=4))
    charges, rounding = draw(st.sampled_from([0, 0, 0, 25])), draw(st.sampled_from([0, 0, 0, -2]))
    counting = [each for each in sold if "voided" not in each]
    due = charges + rounding + sum(_cents(each["net"]) + _cents(each.get("tax", "0")) for each in counting)
    made: Json = {
        "at": f"{DAY}T{draw(st.integers(0, 23)):02}:30:00{draw(st.sampled_from(['+00:00', '+01:00']))}",
        "kind": kind,
        "number": draw(st.integers(1, 10_000) if number is None else number),
        "register": draw(st.sampled_from(registers)),
        "lines": sold,
        "tenders": draw(_paid(due)),
    }
    optional: dict[str, Any] = {
        "cashier": draw(CODES),
        "customer": draw(CODES),
        "epoch": draw(st.sampled_from([0, 0, 0, 2])),
        "reason": draw(st.sampled_from(["", "", "torn"])),
        "charges": money(charges) if charges else "",
        "rounding": money(rounding) if rounding else "",
    }
    made |= {name: value for name, value in optional.items() if value}
    if sign < 0 and draw(st.booleans()):
        made["original"] = {"number": draw(st.integers(1, 40)), "register": draw(st.sampled_from(registers))}
    return made


@st.composite
def _paid(draw: st.DrawFn, due: int) -> list[Json]:
    """Tenders that come to `due`, in one or two kinds, perhaps with change."""
    first = draw(st.sampled_from([due, due, due // 2]))
    change = draw(st.sampled_from([0, 0, 300]))
    parts = [(first + change, change)] + ([(due - first, 0)] if due != first else [])
    return [
        {"kind": draw(TENDERS), "amount": money(amount)} | ({"change": money(back)} if back else {})
        for amount, back in parts
    ]


def _cents(text: str) -> int:
    return int(text.replace(".", "")) if "." in text else int(text) * 100
