"""Cash and other tenders of a day's drawers: what should be there, what was counted, what is over or short.

What should be there is known here and nowhere else until the count is declared.
"""

from __future__ import annotations

from collections.abc import Set

from domain.columns import spread
from domain.sales.facts import DrawerDeclared, OverShort, Transactions
from domain.sales.rules import CASH, expected_drawer


class Drawers:
    """The drawers of one trading day. Expected amounts are kept by till and cashier and added at need."""

    def __init__(self) -> None:
        self._moved: dict[tuple[str, str, str], int] = {}
        self.declared: dict[str, dict[str, int]] = {}
        self.balancing = "register"

    def add(self, t: Transactions, registers: Set[str], sign: int) -> None:
        """Count the tenders into the drawers of `registers`; change is always cash (rules.md 1)."""
        if not registers:
            return
        count = len(t)
        names, kinds = spread(t.register, count, ""), spread(t.kind, count, "sale")
        cashiers = spread(t.cashier, count, "")
        moved = self._moved
        row = 0
        for index, paid in enumerate(t.tender_count):
            if names[index] in registers:
                moved.setdefault((names[index], cashiers[index], CASH), 0)
                for place in range(row, row + paid):
                    change = t.change[place] if t.change else 0
                    amount = expected_drawer(kinds[index], t.tendered[place])
                    key = (names[index], cashiers[index], t.tender[place])
                    moved[key] = moved.get(key, 0) + sign * amount
                    if change and expected_drawer(kinds[index], 1):
                        cash = (names[index], cashiers[index], CASH)
                        moved[cash] -= sign * change
            row += paid

    def declare(self, fact: DrawerDeclared) -> None:
        """Take note of a count."""
        self.balancing = fact.balancing
        self.declared[fact.drawer] = dict(zip(fact.tender, fact.counted, strict=True))

    def expected(self, balancing: str) -> dict[str, dict[str, int]]:
        """Expected amounts by drawer and tender at a balancing level."""
        drawers: dict[str, dict[str, int]] = {}
        for (register, cashier, tender), amount in self._moved.items():
            drawer = {"register": register, "cashier": cashier}.get(balancing, "")
            held = drawers.setdefault(drawer, {})
            held[tender] = held.get(tender, 0) + amount
        return drawers

    def undeclared(self, balancing: str) -> list[str]:
        """Drawers that were used and not counted."""
        return sorted(set(self.expected(balancing)) - set(self.declared))

    def over_short(self, balancing: str) -> list[OverShort]:
        """`declared - expected` of each tender that was counted, and of cash always (rules.md 1)."""
        expected = self.expected(balancing)
        rows = []
        for drawer, counted in sorted(self.declared.items()):
            for tender in sorted({CASH, *counted}):
                should = expected.get(drawer, {}).get(tender, 0)
                rows.append(OverShort(drawer, tender, should, counted.get(tender, 0)))
        return rows
