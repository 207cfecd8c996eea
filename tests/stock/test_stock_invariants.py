"""What holds for any run of a ledger's movements: sums, replay, snapshots, and that no cost is lost or doubled."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.stock import rules
from domain.stock.commands import MovedLine, RecordMovement
from domain.stock.facts import StockIssued, StockMoved, StockReturned
from domain.stock.ledger import Ledger
from domain.stock.movements import BadMovement
from domain.stock.rules import Holding
from domain.values import MINOR_UNITS, Scaled, amount_text
from tests.stock.test_stock_decisions import CAUSE, DAY, a_ledger, facts, move, on_hand

SKU = ("milk", "salt", "tea")
SKUS = st.sampled_from(SKU)
QUANTITY = st.integers(1, 7_000)
COST = st.integers(0, 9_999)
GOODS = st.lists(st.tuples(SKUS, QUANTITY), min_size=1, max_size=5)
SALE = st.tuples(st.just("issue"), GOODS)
REFUND = st.tuples(st.just("take_back"), st.lists(st.tuples(SKUS, QUANTITY, st.none() | COST), min_size=1, max_size=4))
COSTED = st.tuples(st.just("receipt"), st.lists(st.tuples(SKUS, QUANTITY, COST), min_size=1, max_size=4))
RECEIPT = st.tuples(st.just("receipt"), st.lists(st.tuples(SKUS, QUANTITY, st.none() | COST), min_size=1, max_size=4))
OPENING = st.tuples(
    st.just("opening"),
    st.lists(st.tuples(SKUS, st.integers(-5_000, 5_000), st.none() | COST), min_size=1, max_size=4),
)
REVERSAL: st.SearchStrategy[tuple[str, list[Any]]] = st.tuples(st.just("reverse"), st.just([]))
ANYTHING = st.lists(st.one_of(SALE, REFUND, RECEIPT, OPENING, REVERSAL), max_size=25)


class Run:
    """A ledger driven through movements, with what went in and came out by the ledger's own answers."""

    def __init__(self) -> None:
        self.ledger = a_ledger()
        self.facts: list[StockMoved] = []
        self.received = self.issued = self.returned = 0

    def do(self, kind: str, lines: list[Any]) -> None:
        sku, quantity = [line[0] for line in lines], [line[1] for line in lines]
        if kind == "issue":
            self.issued += sum(self.ledger.issue(DAY, "USD", sku, quantity, CAUSE))
        elif kind == "take_back":
            cost = [line[2] for line in lines]
            self.returned += sum(self.ledger.take_back(DAY, "USD", sku, quantity, cost, CAUSE))
        elif kind == "reverse":
            sold = [fact for fact in self.facts if isinstance(fact, StockIssued)]
            if sold:
                last = sold[-1]
                self.ledger.reverse(DAY, "USD", last.sku, last.quantity, last.value, CAUSE, "")
        else:
            signed = [None if cost is None else _signed_like(much, cost) for _, much, cost in lines]
            self.received += sum(value or 0 for value in signed)
            values = ["" if value is None else amount_text(value, 2) for value in signed]
            quantities = [amount_text(much, 3) for much in quantity]
            move(self.ledger, kind, *zip(sku, quantities, values, strict=True))
        self.facts += facts(self.ledger)


def _signed_like(quantity: int, amount: int) -> int:
    return amount * ((quantity > 0) - (quantity < 0))


def run_of(movements: list[tuple[str, list[Any]]]) -> Run:
    run = Run()
    for kind, lines in movements:
        run.do(kind, lines)
    return run


@given(ANYTHING)
def test_what_is_on_hand_is_the_sum_of_what_moved(movements: list[tuple[str, list[Any]]]) -> None:
    run = run_of(movements)
    quantity: Counter[str] = Counter()
    value: Counter[str] = Counter()
    for fact in run.facts:
        zeros = [0] * len(fact.sku)
        for sku, moved, worth in zip(fact.sku, fact.quantity, fact.value or zeros, strict=True):
            quantity[sku] += moved
            value[sku] += worth
    for sku in SKU:
        assert on_hand(run.ledger, sku) == (quantity[sku], value[sku])


@given(ANYTHING, st.integers(0, 25))
def test_replayed_facts_and_a_snapshot_on_the_way_give_the_state_that_deciding_gave(
    movements: list[tuple[str, list[Any]]], stop: int
) -> None:
    run = run_of(movements)
    replayed = a_ledger()
    for fact in run.facts[:stop]:
        replayed.replay(fact)
    resumed = a_ledger()
    resumed.restore(replayed.snapshot())
    assert resumed.snapshot() == replayed.snapshot()
    for fact in run.facts[stop:]:
        replayed.replay(fact)
        resumed.replay(fact)
    assert replayed.snapshot() == resumed.snapshot() == run.ledger.snapshot()


@given(ANYTHING)
def test_a_movement_of_many_lines_is_worth_the_same_as_its_lines_one_by_one(
    movements: list[tuple[str, list[Any]]],
) -> None:
    movements = [(kind, lines) for kind, lines in movements if kind != "reverse"]
    whole = run_of(movements)
    single = run_of([(kind, [line]) for kind, lines in movements for line in lines])
    assert [whole.ledger.holding(sku) for sku in SKU] == [single.ledger.holding(sku) for sku in SKU]
    assert (whole.issued, whole.returned) == (single.issued, single.returned)


@given(ANYTHING)
def test_a_row_of_unknown_cost_has_no_value_and_once_known_a_cost_stays_known(
    movements: list[tuple[str, list[Any]]],
) -> None:
    known: set[str] = set()
    for fact in run_of(movements).facts:
        zeros = [0] * len(fact.sku)
        unknown = range(len(fact.sku)) if fact.all_unknown else fact.unknown_cost or ()
        for row, (sku, value) in enumerate(zip(fact.sku, fact.value or zeros, strict=True)):
            if row in unknown:
                assert value == 0
                assert sku not in known
            else:
                known.add(sku)


@given(st.lists(st.one_of(SALE, REFUND, COSTED), max_size=25))
def test_what_was_received_is_either_on_hand_or_in_the_cost_of_goods_sold(
    movements: list[tuple[str, list[Any]]],
) -> None:
    run = run_of(movements)
    caught = sum(sum(fact.catch_up) for fact in run.facts)
    worth = sum(on_hand(run.ledger, sku)[1] for sku in SKU)
    assert run.issued - run.returned + caught + worth == run.received


@given(st.lists(st.one_of(SALE, COSTED, REFUND), max_size=25))
def test_stock_above_zero_is_never_worth_less_than_nothing_and_no_stock_is_worth_nothing(
    movements: list[tuple[str, list[Any]]],
) -> None:
    run = Run()
    for kind, lines in movements:
        run.do(kind, lines)
        for sku in SKU:
            quantity, value = on_hand(run.ledger, sku)
            assert _signed_like(quantity, value) == abs(value)


@given(ANYTHING, GOODS)
def test_a_sale_and_its_reversal_leave_the_stock_as_it_was(
    movements: list[tuple[str, list[Any]]], goods: list[tuple[str, int]]
) -> None:
    run = run_of(movements)
    before = [on_hand(run.ledger, sku) for sku in SKU]
    run.do("issue", goods)
    run.do("reverse", [])
    assert [on_hand(run.ledger, sku) for sku in SKU] == before


@given(st.integers(-9_000, 0), st.integers(0, 10**6), st.integers(1, 9_000), st.integers(0, 10**6))
def test_a_catch_up_is_the_difference_of_unit_costs_times_the_covered_quantity(
    quantity: int, provisional: int, received: int, cost: int
) -> None:
    """rules.md 2: `(c_new - c_prov) x covered quantity`, to half a minor unit."""
    held = Holding(quantity, quantity * provisional, provisional, 1)
    covered = min(-quantity, received)
    exact = (Fraction(cost, received) - provisional) * covered
    assert abs(rules.catch_up(held, received, cost) - exact) <= Fraction(1, 2)


# -- whatever the wire lets through

UNITS = st.sampled_from(["0.001", "1", "9999999999", "9999999999.999"]) | st.integers(1, 10**13 - 1).map(
    lambda thousandths: amount_text(thousandths, 3)
)
BROUGHT = st.sampled_from(["0.001", "1", "10000000"]) | st.integers(1, 10**10).map(
    lambda thousandths: amount_text(thousandths, 3)
)
AMOUNTS = st.sampled_from(["", "0", "1", "1000000", "9999999999"]) | st.integers(0, 10**10 - 1).map(str)
WIRE = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), st.lists(st.tuples(SKUS, UNITS, st.none()), min_size=1, max_size=4)),
        st.tuples(
            st.just("take_back"),
            st.lists(st.tuples(SKUS, UNITS, st.none() | st.integers(0, 10**18)), min_size=1, max_size=4),
        ),
        st.tuples(
            st.sampled_from(["receipt", "opening"]),
            st.lists(st.tuples(SKUS, BROUGHT, AMOUNTS), min_size=1, max_size=3),
        ),
        st.tuples(st.just("reverse"), st.just([])),
    ),
    max_size=25,
)


def run_extremes(movements: list[tuple[str, list[Any]]], currency: str) -> tuple[Ledger, list[StockMoved]]:
    """A ledger driven with what the wire lets through; movements it refuses are passed over."""
    ledger, log = a_ledger(), list[StockMoved]()
    for number, (kind, lines) in enumerate(movements):
        sku, quantity = [line[0] for line in lines], [Scaled(3)[line[1]] for line in lines]
        if kind == "issue":
            ledger.issue(DAY, currency, sku, quantity, CAUSE)
        elif kind == "take_back":
            ledger.take_back(DAY, currency, sku, quantity, [line[2] for line in lines], CAUSE)
        elif kind == "reverse":
            sold = [fact for fact in log if isinstance(fact, StockIssued | StockReturned)]
            if sold:
                ledger.reverse(DAY, currency, sold[-1].sku, sold[-1].quantity, sold[-1].value, CAUSE, "")
        else:
            moved = tuple(MovedLine(*line) for line in lines)
            with suppress(BadMovement):
                asked = RecordMovement("367", DAY, f"m-{number}", kind, moved)  # type: ignore[arg-type]
                ledger.move(asked, f"{number}", MINOR_UNITS[currency], currency)
        log += facts(ledger)
    return ledger, log


@given(WIRE, st.sampled_from(["VND", "USD", "KWD"]))
def test_however_extreme_the_movements_each_row_fits_a_view_and_the_ledger_a_snapshot(
    movements: list[tuple[str, list[Any]]], currency: str
) -> None:
    ledger, log = run_extremes(movements, currency)
    limit = 10 ** (13 + MINOR_UNITS[currency])
    for fact in log:
        assert all(abs(amount) <= limit for amount in (*fact.value, *fact.catch_up))
        assert all(abs(quantity) < 10**14 for quantity in fact.quantity)
    for sku in SKU:
        held = ledger.holding(sku)
        assert abs(held.value) <= limit
        assert abs(held.quantity) <= 10**14
        assert abs(held.uncosted) <= 10**14
    replayed, resumed = a_ledger(), a_ledger()
    for fact in log:
        replayed.replay(fact)
    resumed.restore(ledger.snapshot())
    assert replayed.snapshot() == resumed.snapshot() == ledger.snapshot()


@given(WIRE)
def test_a_row_whose_value_is_too_much_to_hold_is_one_of_unknown_cost(movements: list[tuple[str, list[Any]]]) -> None:
    for fact in run_extremes(movements, "USD")[1]:
        zeros = [0] * len(fact.sku)
        columns = zip(fact.value or zeros, fact.catch_up or zeros, strict=True)
        unknown = range(len(fact.sku)) if fact.all_unknown else fact.unknown_cost or ()
        assert all(columns_of == (0, 0) for row, columns_of in enumerate(columns) if row in unknown)


@given(WIRE)
def test_a_ledger_that_decides_on_rows_one_by_one_comes_to_the_same_whatever_their_size(
    movements: list[tuple[str, list[Any]]],
) -> None:
    movements = [
        (kind, lines if kind in ("issue", "take_back") else lines[:1])  # a movement is refused as a whole
        for kind, lines in movements
        if kind != "reverse"
    ]
    whole, _ = run_extremes(movements, "USD")
    single, _ = run_extremes([(kind, [line]) for kind, lines in movements for line in lines], "USD")
    assert [whole.holding(sku) for sku in SKU] == [single.holding(sku) for sku in SKU]
