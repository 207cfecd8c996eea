"""The rules for a transaction of a till, each listed once: its code, what breaking it does, and its source.

`reject`: it is not part of the books, its bytes are kept. `note`: it happened, so it counts, with an exception beside
it. `derived`: it needs another fact and is found when the books are read, so that a later fact clears it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from domain.sales.facts import MissingNumbers, RegisterState

EFFECTIVE: Final = frozenset({"sale", "return", "post_void"})
CASH_IN: Final = frozenset({"float_in", "paid_in"})
CASH_OUT: Final = frozenset({"drop", "paid_out"})
CASH: Final = "cash"
QUANTITY_LIMIT: Final = 1_000_000  # thousandths: a thousand units on one line
AMOUNT_LIMIT: Final = 100_000  # major units on one line


class Rule(msgspec.Struct, frozen=True):
    """A named rule; the sentence is true of a transaction that keeps it."""

    code: str
    outcome: Literal["reject", "note", "derived"]
    says: str
    source: str


RULES: Final = tuple(
    Rule(*row)
    for row in (
        ("malformed", "reject", "it is JSON of the published schema", "facts.md 3"),
        ("duplicate_field", "reject", "no field stands twice in one object", "facts.md 3"),
        ("bad_value", "reject", "each value says what its field asks for, in the currency's decimals", "rules.md 1"),
        ("unknown_register", "reject", "its register is one of the store's on that day", "facts.md 3"),
        (
            "unknown_epoch",
            "reject",
            "the epoch it names is its register's on that day, or one more (a till replaced, a counter that wrapped)",
            "facts.md 3",
        ),
        ("line_does_not_foot", "reject", "list = net + discounts (+ tax where prices include it)", "rules.md 1"),
        ("net_does_not_foot", "reject", "the sum of the lines' net is the header's net", "rules.md 1"),
        ("tax_does_not_foot", "reject", "the sum of the lines' tax is the header's and the summary's", "rules.md 1"),
        ("total_does_not_foot", "reject", "net + tax + charges is the header's total", "rules.md 1"),
        ("tenders_do_not_foot", "reject", "tenders less change are the total plus rounding", "rules.md 1"),
        ("items_do_not_foot", "reject", "the sum of quantities is the header's item count", "rules.md 1"),
        ("lines_on_cash_movement", "reject", "floats, drops, paid-ins and paid-outs carry no goods", "rules.md 1"),
        ("no_counting_line", "note", "a sale, return or post-void has a line that is not voided", "rules.md 1"),
        ("signs_differ", "note", "quantity and amount of a line have the same sign", "rules.md 1"),
        (
            "wrong_direction",
            "note",
            "a sale takes in money, a return or post-void gives it back, floats and the like are above zero",
            "rules.md 1",
        ),
        ("tender_without_sale", "note", "a no-sale, void, cancel or training takes no money", "rules.md 1"),
        ("money_without_quantity", "note", "a line with money has a quantity", "facts.md 3"),
        ("quantity_without_money", "note", "a line with a quantity has money", "facts.md 3"),
        (
            "tender_against_sale",
            "note",
            "no tender runs against its transaction (a coupon above the sale)",
            "facts.md 3",
        ),
        ("quantity_limit", "note", "a line has at most 1,000 units", "facts.md 3"),
        ("amount_limit", "note", "a line has at most 100,000 in its currency", "facts.md 3"),
        ("outside_day", "note", "the transaction ended within its business day", "rules.md 1, facts.md 3"),
        ("offset_differs", "note", "its time has the offset that the store's clocks have on that day", "facts.md 1"),
        ("not_linked", "note", "a post-void names its original", "rules.md 1"),
        ("unknown_article", "derived", "its articles are registered", "facts.md 2, 3"),
        ("price_differs", "derived", "list is the list price in force times the quantity", "facts.md 3"),
        ("returned_more_than_sold", "derived", "no more is returned than the original sold", "rules.md 1"),
        (
            "refunded_more_than_paid",
            "derived",
            "no more is given back for an article than was paid for it with the original",
            "rules.md 1",
        ),
        ("original_unknown", "derived", "the original of a linked return is in the books", "rules.md 1"),
        ("cost_unknown", "derived", "the cost of what was issued is known", "facts.md 6"),
    )
)
RULE: Final = {rule.code: rule for rule in RULES}


def epoch_is_known(named: int, in_force: int) -> bool:
    """Whether a register may number in an epoch that is named: its own on that day, or the next (facts.md 3)."""
    return in_force <= named <= in_force + 1


def expected_drawer(kind: str, amount: int) -> int:
    """What one tender of a transaction of `kind` adds to the drawer, change apart (rules.md 1).

    `expected = float + cash tendered - change - cash refunds + float-ins - drops - paid-outs + paid-ins`; refunds are
    negative tenders.
    """
    if kind in EFFECTIVE or kind in CASH_IN:
        return amount
    return -amount if kind in CASH_OUT else 0


def missing_numbers(seen: Iterable[int], register: RegisterState, previous_last: int | None) -> list[MissingNumbers]:
    """The gaps of a register in a day: head, middle and tail (rules.md 1).

    `previous_last` is the last number of the register's nearest earlier day, used where numbering is continuous.
    Numbers below the first expected are no gap. Sorted by number.
    """
    first = register.first_number
    if register.numbering == "continuous" and previous_last is not None:
        first = previous_last + 1
    numbers = sorted(number for number in seen if number >= first)
    gaps: list[MissingNumbers] = []
    next_number = first
    for number in numbers:
        if number > next_number:
            place: Literal["head", "middle"] = "head" if next_number == first else "middle"
            gaps.append(MissingNumbers(register.code, next_number, number - 1, place, register.epoch))
        next_number = max(next_number, number + 1)
    if register.last_number >= next_number:
        gaps.append(MissingNumbers(register.code, next_number, register.last_number, "tail", register.epoch))
    return gaps
