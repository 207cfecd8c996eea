"""Words that all areas share: amounts, quantities, codes, business days, currencies.

Money is an integer of minor units in facts; this module is the only one that reads it from text. It must not know
any area.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

MINOR_UNITS: Final[dict[str, int]] = {
    # ISO 4217, the exponent of each currency a chain may keep its books in
    "AED": 2, "AUD": 2, "BHD": 3, "BRL": 2, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2, "COP": 2, "CZK": 2,
    "DKK": 2, "EGP": 2, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "ISK": 0,
    "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "MAD": 2, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "OMR": 3,
    "PEN": 2, "PHP": 2, "PLN": 2, "PYG": 0, "RON": 2, "RUB": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2,
    "TND": 3, "TRY": 2, "TWD": 2, "UAH": 2, "UGX": 0, "USD": 2, "UYU": 2, "VND": 0, "ZAR": 2,
}  # fmt: skip

CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}")
SKU: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,39}")
_SKU_COLUMN: Final = re.compile(rf"(?:{SKU.pattern}\n)*{SKU.pattern}")
WHOLE_DIGITS: Final = 10  # ten thousand million on one line is a slip of the keyboard in any currency
MEMO_LIMIT: Final = 200_000


class Invalid(ValueError):
    """A value that does not say what its field asks for; the reason is for people."""


def code(text: str) -> str:
    """A code of a store, register, cashier, batch: 1 to 40 of A-Z a-z 0-9 . _ : -, beginning with letter or digit."""
    if CODE.fullmatch(text) is None:
        raise Invalid("is not a code: 1 to 40 letters, digits, '.', '_', ':' or '-', beginning with a letter or digit")
    return text


def business_day(text: str) -> dt.date:
    """A business day, `YYYY-MM-DD`.

    Raises:
        Invalid: it is no day of the calendar, or written otherwise.
    """
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid("is not a day of the calendar written as YYYY-MM-DD") from None
    if day.isoformat() != text:
        raise Invalid("is not a day of the calendar written as YYYY-MM-DD")
    return day


def effective_day(text: str) -> dt.date:
    """The business day from which something holds; the first day of the calendar is said by leaving it out.

    Raises:
        Invalid: it is no day, or that one.
    """
    day = business_day(text)
    if day == dt.date.min:
        raise Invalid("is the beginning of time, which is said by leaving the field out")
    return day


class Scaled(dict[str, int]):
    """Reads decimal text as an integer of `places` decimals; remembers what it has read, to a limit.

    >>> Scaled(2)["12.50"]
    1250

    A float never comes near it: "1e2", "NaN", "1,5" and a third decimal are `Invalid`.
    """

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places
        decimals = rf"(?:\.[0-9]{{1,{places}}})?" if places else ""
        self._shape = re.compile(rf"-?(?:0|[1-9][0-9]{{0,{WHOLE_DIGITS - 1}}}){decimals}")

    def __missing__(self, text: str) -> int:
        if self._shape.fullmatch(text) is None:
            kept = f" with at most {self.places} decimals" if self.places else " without decimals"
            raise Invalid(f"is not a plain decimal number{kept} and at most {WHOLE_DIGITS} digits before the point")
        whole, _, part = text.lstrip("-").partition(".")
        value = int(whole + part.ljust(self.places, "0"))
        if text[0] == "-":
            value = -value
        if len(self) >= MEMO_LIMIT:
            self.clear()
        self[text] = value
        return value


def sku(text: str) -> str:
    """An article number.

    Raises:
        Invalid: it is none.
    """
    if SKU.fullmatch(text) is None:
        raise Invalid("is not an article number: 1 to 40 letters, digits, '.', '_', '/', '+' or '-'")
    return text


def all_skus(column: list[str]) -> bool:
    """Whether every text is an article number: one search over all is quicker than one for each."""
    text = "\n".join(column)
    return not column or (text.count("\n") == len(column) - 1 and _SKU_COLUMN.fullmatch(text) is not None)


def amount_text(minor: int, places: int) -> str:
    """An integer of minor units as decimal text: `amount_text(-5, 2)` is `-0.05`."""
    if places == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def round_half_even(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded to the nearest integer, halves to the even one. Exact for any size."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2):
        quotient += 1
    return quotient
