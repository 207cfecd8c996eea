"""The stock ledger of a location: what is on hand in quantity and value, and what each movement costs.

One stream per location, `ledger/367`. Quantities in thousandths, values in minor units. It must not know sales, nor
where facts are kept. Most articles of a chain that begins never have a known cost, so those are held as a bare
quantity, and an issue of them is one addition a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern
from typing import ClassVar, Final

import msgspec

from domain.kernel import Aggregate, Fact, Refusal, RefusalKind
from domain.stock import rules
from domain.stock.commands import RecordMovement
from domain.stock.facts import GoodsReceived, StockIssued, StockMoved, StockOpened, StockReturned, StockReversed
from domain.stock.rules import Holding
from domain.values import Invalid, Scaled, code
from domain.values import sku as article_number

LINES_A_FACT: Final = 2_000  # at 100 bytes for the longest line, below the 256 KiB of a fact (facts.md 2)

Line = tuple[str, int, int | None]  # article, quantity, value where it is known


class MovementIdTaken(Refusal):
    """The movement id stands for other content already."""

    code: ClassVar[str] = "movement_id_taken"
    kind: ClassVar[RefusalKind] = "conflict"


class BadMovement(Refusal):
    """A movement that cannot be booked; `field` points at what is wrong."""

    code: ClassVar[str] = "bad_movement"
    kind: ClassVar[RefusalKind] = "invalid"


def ledger_stream(store: str) -> str:
    """The stream of a location's ledger."""
    return f"ledger/{store}"


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state of a ledger at a version, as it is kept to spare a long replay."""

    version: int
    digest: bytes
    uncosted: dict[str, int]
    brought: dict[str, int]
    costed: dict[str, Holding]
    movements: dict[str, str]


class Ledger(Aggregate):
    """Decides what goods cost that leave, come in or come back at one location."""

    def __init__(self, stream: str, owner: str, business_day: str = "") -> None:
        super().__init__(stream, owner, business_day)
        self._uncosted: dict[str, int] = {}  # quantity of articles whose cost was never known
        self._brought: dict[str, int] = {}  # of it, what was opened and received
        self._costed: dict[str, Holding] = {}  # articles whose cost was known once
        self._movements: dict[str, str] = {}  # movement id and the hash of its bytes

    def holding(self, sku: str) -> Holding:
        """What is on hand of an article."""
        held = self._costed.get(sku)
        if held is None:
            held = Holding(self._uncosted.get(sku, 0), uncosted=self._brought.get(sku, 0))
        return held

    # -- deciding

    def issue(self, business_day: str, currency: str, sku: list[str], quantity: list[int], cause: str) -> list[int]:
        """Let goods leave by sale; negative stock is allowed (rules.md 2). Quantities are positive.

        Returns the cost of each line in minor units; empty when it is zero for all.
        """
        moved = [-out for out in quantity]
        if self._none_costed(sku):
            self._record_uncosted(StockIssued(currency, sku, moved, all_unknown=True, cause=cause), business_day)
            return []
        held: dict[str, Holding] = {}
        value: list[int] = []
        unknown: list[int] = []
        for row, (article, out) in enumerate(zip(sku, quantity, strict=True)):
            now = held.get(article) or self._costed.get(article)
            cost = 0
            if now is None:
                unknown.append(row)
            else:
                cost = rules.cost_of(now, out)
                held[article] = rules.after(now, -out, -cost)
            value.append(-cost)
        if not any(value):
            value = []
        fact = StockIssued(currency, sku, moved, value, unknown_cost=unknown or None, cause=cause)
        self.record(fact, business_day=business_day)
        return [-moved_value for moved_value in value]

    def take_back(
        self,
        business_day: str,
        currency: str,
        sku: list[str],
        quantity: list[int],
        cost: Sequence[int | None],
        cause: str,
    ) -> list[int]:
        """Take goods back by refund, at the cost of their own issue, else at the current average (facts.md 6).

        `cost` is for the whole line in minor units; None where the refund names no sale. 0 is taken for unknown too: an
        issue whose cost nobody knew went at 0, and a receipt may have caught up since.
        Returns what each line came back at; empty when that is zero for all.
        """
        if not any(cost) and self._none_costed(sku):
            self._record_uncosted(StockReturned(currency, sku, quantity, all_unknown=True, cause=cause), business_day)
            return []
        draft = Draft(self)
        back_at: list[int] = []
        for article, back, own in zip(sku, quantity, cost, strict=True):
            held = draft.holding(article)
            if not own and not held.known:
                draft.move_uncosted(article, back)
                back_at.append(0)
                continue
            worth = own or rules.cost_of(held, back)
            draft.bring(article, back, worth)
            back_at.append(worth)
        self.record(draft.fact(StockReturned, currency, cause=cause), business_day=business_day)
        return back_at if any(back_at) else []

    def reverse(
        self,
        business_day: str,
        currency: str,
        sku: list[str],
        quantity: list[int],
        value: list[int],
        cause: str,
        reason: str,
    ) -> None:
        """Take a transaction's movements back at their own values (facts.md 3).

        `quantity` and `value` are signed as they once moved; an empty `value` is zero for every line.
        """
        moved = [-once for once in quantity]
        if not any(value) and self._none_costed(sku):
            uncosted = StockReversed(currency, sku, moved, all_unknown=True, cause=cause, reason=reason)
            self._record_uncosted(uncosted, business_day, reason)
            return
        draft = Draft(self)
        for article, back, once in zip(sku, moved, value or [0] * len(sku), strict=True):
            if once or draft.holding(article).known:
                draft.move(article, back, -once)
            else:
                draft.move_uncosted(article, back)
        fact = draft.fact(StockReversed, currency, cause=cause, reason=reason)
        self.record(fact, business_day=business_day, reason=reason)

    def move(self, command: RecordMovement, bytes_hash: str, places: int, currency: str) -> bool:
        """Book an opening or a receipt. False when this very movement was booked before; nothing is recorded then.

        A line without a value comes in at the current average, where there is one. `places` are the decimals of the
        currency.

        Raises:
            MovementIdTaken: the id stands for other bytes.
            BadMovement: the id or a line does not say what it should; the field is a JSON pointer.
        """
        before = self._movements.get(command.movement_id)
        if before == bytes_hash:
            return False
        if before is not None:
            raise MovementIdTaken(
                f"movement {command.movement_id} was sent before with other content; give it an id of its own",
                "/movement_id",
            )
        lines = read_lines(command, places)
        kind = StockOpened if command.movement == "opening" else GoodsReceived
        for start in range(0, len(lines), LINES_A_FACT):
            draft = Draft(self, came_in=True)
            for sku, quantity, value in lines[start : start + LINES_A_FACT]:
                draft.book(sku, quantity, value)
            fact = draft.fact(
                kind, currency, movement_id=command.movement_id, bytes_hash=bytes_hash, reason=command.reason
            )
            self.record(fact, business_day=command.business_day, reason=command.reason)
        return True

    def _none_costed(self, sku: list[str]) -> bool:
        return not self._costed or self._costed.keys().isdisjoint(sku)

    def _record_uncosted(self, fact: StockMoved, business_day: str, reason: str = "") -> None:
        if fact.sku:
            self.record(fact, business_day=business_day, reason=reason)

    # -- following

    def follow(self, fact: Fact) -> None:
        """Add what moved."""
        assert isinstance(fact, StockMoved)
        if fact.movement_id:
            self._movements[fact.movement_id] = fact.bytes_hash
        came_in = isinstance(fact, StockOpened | GoodsReceived)
        if not fact.all_unknown:
            self._follow_costed(fact, came_in)
            return
        _add(self._uncosted, fact.sku, fact.quantity)
        if came_in:
            _add(self._brought, fact.sku, fact.quantity)

    def _follow_costed(self, fact: StockMoved, came_in: bool) -> None:
        unknown = fact.unknown_cost or ()
        if unknown:  # an article's rows without a cost always come before its first row with one
            skus, moves = [fact.sku[row] for row in unknown], [fact.quantity[row] for row in unknown]
            _add(self._uncosted, skus, moves)
            if came_in:
                _add(self._brought, skus, moves)
        zeros = [0] * len(fact.sku)
        passed_over = frozenset(unknown)
        rows = zip(fact.sku, fact.quantity, fact.value or zeros, fact.catch_up or zeros, strict=True)
        for row, (sku, moved, value, caught) in enumerate(rows):
            if row in passed_over:
                continue
            held = self._costed.get(sku)
            if held is None:
                self._brought.pop(sku, None)
                held = Holding(self._uncosted.pop(sku, 0))
            stated = value + caught if came_in or not held.known else None
            self._costed[sku] = rules.after(held, moved, value, stated)

    # -- sparing a long replay

    def snapshot(self) -> bytes:
        """The state as JSON. Take it when nothing is pending: what is pending is not in it, but counted."""
        return msgspec.json.encode(
            Snapshot(self.version, self.digest, self._uncosted, self._brought, self._costed, self._movements)
        )

    def restore(self, snapshot: bytes) -> None:
        """Take on the state of a snapshot; later facts are replayed onto it.

        Raises:
            msgspec.MsgspecError: these bytes are no snapshot of a ledger; the ledger is as it was.
        """
        kept = msgspec.json.decode(snapshot, type=Snapshot)
        self.version, self.digest = kept.version, kept.digest
        self._uncosted, self._brought, self._costed = kept.uncosted, kept.brought, kept.costed
        self._movements = kept.movements


def _add(held: dict[str, int], sku: list[str], quantity: list[int]) -> None:
    for article, moved in zip(sku, quantity, strict=True):
        if article in held:
            held[article] += moved
        else:
            held[intern(article)] = moved  # the same article stands in the ledgers of many stores


class Draft:
    """The columns of a fact in the making, over what a ledger holds: a later row sees the earlier ones."""

    def __init__(self, ledger: Ledger, came_in: bool = False) -> None:
        self._ledger = ledger
        self._came_in = came_in
        self._held: dict[str, Holding] = {}
        self.sku: list[str] = []
        self.quantity: list[int] = []
        self.value: list[int] = []
        self.catch_up: list[int] = []
        self.unknown: list[int] = []

    def holding(self, sku: str) -> Holding:
        """What is on hand after the rows so far."""
        return self._held.get(sku) or self._ledger.holding(sku)

    def book(self, sku: str, quantity: int, value: int | None) -> None:
        """A line of a movement: at its value, else at the current average or last known cost, else at none."""
        held = self.holding(sku)
        if value is None and held.known:
            value = rules.cost_of(held, quantity)
        if value is not None and quantity != 0:
            self.bring(sku, quantity, value)
        elif held.known:
            self.move(sku, 0, 0)
        else:
            self.move_uncosted(sku, quantity)

    def bring(self, sku: str, quantity: int, cost: int) -> None:
        """Goods at a cost of their own; one row more, of quantity 0, when they give earlier ones their first cost."""
        held = self.holding(sku)
        late = 0 if held.known else rules.late_cost(held, quantity, cost)
        if late:
            self._row(sku, 0, late, 0)
            held = rules.after(held, 0, late, late)
        caught = rules.catch_up(held, quantity, cost)
        self._row(sku, quantity, cost - caught, caught)
        stated = cost if self._came_in or not held.known else None
        self._held[sku] = rules.after(held, quantity, cost - caught, stated)

    def move(self, sku: str, quantity: int, value: int) -> None:
        """Goods of an article with a known cost, at a decided value."""
        held = self.holding(sku)
        stated = value if self._came_in or not held.known else None
        self._row(sku, quantity, value, 0)
        self._held[sku] = rules.after(held, quantity, value, stated)

    def move_uncosted(self, sku: str, quantity: int) -> None:
        """Goods whose cost nobody has ever known."""
        self.unknown.append(len(self.sku))
        self._row(sku, quantity, 0, 0)
        self._held[sku] = rules.after_uncosted(self.holding(sku), quantity, self._came_in)

    def _row(self, sku: str, quantity: int, value: int, caught: int) -> None:
        self.sku.append(sku)
        self.quantity.append(quantity)
        self.value.append(value)
        self.catch_up.append(caught)

    def fact(
        self,
        kind: type[StockMoved],
        currency: str,
        cause: str = "",
        movement_id: str = "",
        bytes_hash: str = "",
        reason: str = "",
    ) -> StockMoved:
        """The rows as a fact; a column of zeros is left out."""
        all_unknown = len(self.unknown) == len(self.sku)
        return kind(
            currency,
            self.sku,
            self.quantity,
            self.value if any(self.value) else [],
            self.catch_up if any(self.catch_up) else [],
            unknown_cost=None if all_unknown or not self.unknown else self.unknown,
            all_unknown=all_unknown,
            cause=cause,
            movement_id=movement_id,
            bytes_hash=bytes_hash,
            reason=reason,
        )


def read_lines(command: RecordMovement, places: int) -> list[Line]:
    """The lines of a movement as integers.

    Raises:
        BadMovement: at the first field that does not say what it should.
    """
    if not command.lines:
        raise BadMovement("a movement has at least one line", "/lines")
    quantities, values = Scaled(3), Scaled(places)
    opening = command.movement == "opening"
    field = "/movement_id"
    lines: list[Line] = []
    try:
        code(command.movement_id)
        for index, line in enumerate(command.lines):
            field = f"/lines/{index}/sku"
            sku = article_number(line.sku)
            field = f"/lines/{index}/quantity"
            quantity = quantities[line.quantity]
            _check(rules.quantity_may_move(quantity, opening), "is zero, negative or too much for one line")
            field = f"/lines/{index}/value"
            value = values[line.value] if line.value else None
            if value is not None:
                fits = rules.value_fits_quantity(value, quantity, places)
                _check(fits, "does not go with its quantity: another sign, no quantity, or too much for one unit")
            lines.append((sku, quantity, value))
    except Invalid as wrong:
        raise BadMovement(str(wrong), field) from wrong
    return lines


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Invalid(otherwise)
