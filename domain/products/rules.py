"""The rules for what is said of an article, the units it may be measured in, and the row it becomes. Pure: it must not
know what was said before.
"""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

from stdnum import ean
from stdnum.exceptions import ValidationError

from domain.kernel import Refusal, RefusalKind
from domain.products.commands import DescribeArticle
from domain.values import MINOR_UNITS, SKU, Invalid, Scaled, effective_day

UNITS: Final[dict[str, str]] = {
    # UN/CEFACT Recommendation 20, common codes: what a shop sells by. Packages (box, bottle) are Recommendation 21.
    # counted
    "EA": "each", "C62": "one", "H87": "piece", "NAR": "article", "PR": "pair", "TPR": "ten pairs", "SET": "set",
    "KT": "kit", "AS": "assortment", "NMP": "pack", "TP": "ten packs", "DZN": "dozen", "DPC": "dozen pieces",
    "DZP": "dozen packs", "GRO": "gross", "CEN": "hundred", "MIL": "thousand", "RM": "ream", "SW": "skein",
    "HEA": "head", "Q3": "meal", "13": "ration", "14": "shot", "E27": "dose", "E48": "service unit",
    # weight
    "MGM": "milligram", "GRM": "gram", "HGM": "hectogram", "KGM": "kilogram", "TNE": "tonne", "ONZ": "ounce",
    "APZ": "troy ounce", "LBR": "pound", "STI": "stone (UK)", "STN": "ton (US)",
    # volume
    "MLT": "millilitre", "CLT": "centilitre", "DLT": "decilitre", "LTR": "litre", "HLT": "hectolitre",
    "MTQ": "cubic metre", "LPA": "litre of pure alcohol", "OZA": "fluid ounce (US)", "OZI": "fluid ounce (UK)",
    "PTL": "liquid pint (US)", "PTI": "pint (UK)", "QTL": "liquid quart (US)", "QTI": "quart (UK)",
    "GLL": "gallon (US)", "GLI": "gallon (UK)", "BLL": "barrel (US)",
    # length and area
    "MMT": "millimetre", "CMT": "centimetre", "DMT": "decimetre", "MTR": "metre", "LM": "linear metre", "INH": "inch",
    "FOT": "foot", "YRD": "yard", "CMK": "square centimetre", "MTK": "square metre", "FTK": "square foot",
    "YDK": "square yard",
    # time and energy
    "MIN": "minute", "HUR": "hour", "DAY": "day", "WEE": "week", "MON": "month", "ANN": "year", "KWH": "kilowatt hour",
    "MWH": "megawatt hour",
}  # fmt: skip

PRICE: Final = Scaled(4)  # ten-thousandths of the major unit, as the views keep money
NOT_GIVEN: Final = -1
GTIN_LIMIT: Final = 100  # GTINs of one article
DIGITS: Final = frozenset("0123456789")


class BadArticle(Refusal):
    """A field of an article does not say what it asks for."""

    code: ClassVar[str] = "bad_value"
    kind: ClassVar[RefusalKind] = "invalid"


class Row(NamedTuple):
    """A version of an article as a row of `ArticlesDescribed`: the names are the fact's columns."""

    sku: str
    unit: str
    effective_from: str
    name: str
    gtins: str
    department: str
    category: str
    subcategory: str
    brand: str
    manufacturer: str
    package_size: str
    currency: str
    list_price: int
    cost: int


def row_of(command: DescribeArticle) -> Row:
    """The row an article becomes. Free text stays as it came, whatever it holds.

    Raises:
        BadArticle: names the first field that does not say what it asks for.
    """
    if SKU.fullmatch(command.sku) is None:
        raise BadArticle("is not an article number: 1 to 40 letters, digits, '.', '_', '/', '+' or '-'", "/sku")
    if command.unit not in UNITS:
        raise BadArticle("is not a unit of UN/CEFACT Recommendation 20 that a shop sells by", "/unit")
    if command.effective_from:
        _check_day(command.effective_from)
    if command.currency not in MINOR_UNITS and (command.currency or command.list_price or command.cost):
        raise BadArticle("is not a currency of ISO 4217 that books are kept in; a price needs one", "/currency")
    return Row(
        command.sku,
        command.unit,
        command.effective_from,
        command.name,
        _gtins(command.gtins) if command.gtins else "",
        command.department,
        command.category,
        command.subcategory,
        command.brand,
        command.manufacturer,
        command.package_size,
        command.currency,
        _price("/list_price", command.list_price) if command.list_price else NOT_GIVEN,
        _price("/cost", command.cost) if command.cost else NOT_GIVEN,
    )


def _check_day(text: str) -> None:
    try:
        effective_day(text)
    except Invalid as invalid:
        raise BadArticle(str(invalid), "/effective_from") from None


def _gtins(said: tuple[str, ...]) -> str:
    if len(said) > GTIN_LIMIT:
        raise BadArticle(f"has more than {GTIN_LIMIT} GTINs", "/gtins")
    try:
        return " ".join(dict.fromkeys(map(gtin14, said)))
    except Invalid:
        place = next(place for place, text in enumerate(said) if not is_gtin(text))
        raise BadArticle("is not a GTIN: 8, 12, 13 or 14 digits, the last a check digit", f"/gtins/{place}") from None


def gtin14(text: str) -> str:
    """A GTIN with 14 digits: GTIN-8, -12 and -13 get leading zeros (GS1 General Specifications, modulo 10).

    Raises:
        Invalid: not 8, 12, 13 or 14 digits, a wrong check digit, or nothing but zeros.
    """
    try:
        if not DIGITS.issuperset(text):
            raise Invalid("has other characters than digits")
        digits = str(ean.validate(text)).zfill(14)
    except ValidationError:
        raise Invalid("has a wrong length or check digit") from None
    if not digits.strip("0"):
        raise Invalid("has nothing but zeros")
    return digits


def is_gtin(text: str) -> bool:
    """Whether `gtin14` reads it."""
    try:
        gtin14(text)
    except Invalid:
        return False
    return True


def _price(field: str, text: str) -> int:
    try:
        price = PRICE[text]
    except Invalid as invalid:
        raise BadArticle(str(invalid), field) from None
    if price < 0:
        raise BadArticle("is below zero", field)
    return price
