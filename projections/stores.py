"""The view of stores: settings, status and registers of a store on a day, as known at a position.

It must not know what a store reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from domain.kernel import Fact, Recorded
from domain.stores.facts import RegistersChanged, Settings, StoreRegistered, StoreSettingsChanged, StoreStatusChanged
from projections import versions
from projections.kernel import Write, ddl_beside
from projections.questions import Dimension, Measure, Question, Source

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SETTINGS: Final = (
    "kind", "owner", "region", "name", "gln", "time_zone", "day_boundary", "currency", "prices_include_tax",
    "balancing",
)  # fmt: skip
_TYPES: Final[dict[str, pa.DataType]] = {
    "prices_include_tax": pa.bool_(),
    "weekdays": pa.list_(pa.uint8()),
    "closed_on": pa.list_(pa.date32()),
    "open_on": pa.list_(pa.date32()),
    "registers": pa.list_(
        pa.struct(
            [
                ("code", pa.string()),
                ("numbering", pa.string()),
                ("first_number", pa.uint64()),
                ("epoch", pa.uint32()),
                ("drawer", pa.bool_()),
            ]
        )
    ),
}


class StoreView:
    """Versions of stores: what is said of settings, of the status and of the registers is dated apart."""

    name = "stores"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = (StoreRegistered, StoreSettingsChanged, StoreStatusChanged, RegistersChanged)

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """What is said holds from its day on, known from its fact on."""
        said: dict[str, list[tuple[Recorded, str, dict[str, Any]]]] = {}
        for item in recorded:
            match item.fact:
                case StoreRegistered() | StoreSettingsChanged() as fact:
                    content, table = _settings(fact.settings), "store_versions"
                case StoreStatusChanged() as fact:
                    content, table = {"status": fact.status}, "store_status"
                case RegistersChanged() as fact:
                    content, table = (
                        {"registers": [_register(register) for register in fact.registers]},
                        "store_registers",
                    )
                case _:
                    raise TypeError(f"the view of stores does not know {type(item.fact).__name__}")
            said.setdefault(table, []).append((item, fact.effective_from, content))
        for table, rows in said.items():
            _hold(write, table, rows)


def _hold(write: Write, table: str, rows: Sequence[tuple[Recorded, str, dict[str, Any]]]) -> None:
    columns = {"store": pa.array([item.meta.owner for item, _, _ in rows], pa.string())}
    for name in rows[0][2]:
        columns[name] = pa.array([content[name] for _, _, content in rows], _TYPES.get(name, pa.string()))
    versions.hold(
        write,
        table,
        "store",
        versions.days_from([day for _, day, _ in rows]),
        np.array([item.position for item, _, _ in rows], np.int64),
        pa.table(columns),
    )


def _settings(settings: Settings) -> dict[str, Any]:
    calendar = settings.calendar
    return {name: getattr(settings, name) for name in _SETTINGS} | {
        "weekdays": None if calendar is None else [_WEEKDAYS.index(day) + 1 for day in calendar.weekdays],
        "closed_on": None if calendar is None else _dates(calendar.closed_on),
        "open_on": None if calendar is None else _dates(calendar.open_on),
    }


def _dates(texts: Sequence[str]) -> list[Any]:
    dates: list[Any] = np.array(texts, dtype="datetime64[D]").tolist()
    return dates


def _register(register: Any) -> dict[str, Any]:
    return {name: getattr(register, name) for name in ("code", "numbering", "first_number", "epoch", "drawer")}


VIEW = StoreView()

# Settings hold from the first on; before a store has a status, and while it has none, it is closed.
_STORES: Final = """(
    SELECT v.*, coalesce(s.status, 'closed') AS status, coalesce(len(g.registers), 0) AS registers
    FROM store_versions v
    LEFT JOIN store_status s ON s.store = v.store AND s.valid_from <= {on} AND {on} < s.valid_to
    LEFT JOIN store_registers g ON g.store = v.store AND g.valid_from <= {on} AND {on} < g.valid_to
    WHERE v.valid_from <= {on} AND {on} < v.valid_to
)"""
_ATTRIBUTES: Final = (
    ("status", "open, suspended or closed"),
    ("kind", "own, franchise, online_shop or distribution_centre"),
    ("region", "the region"),
    ("owner", "who owns it"),
    ("name", "what it is called"),
    ("gln", "its GS1 Global Location Number"),
    ("time_zone", "its time zone"),
    ("currency", "the currency of its books"),
    ("balancing", "what a drawer belongs to: register, cashier or store"),
)

STORES: Final = Question(
    name="stores",
    title="Which stores there are on a day (as of, else today), and what holds for them",
    areas=("stores",),
    dimensions=(
        Dimension("store", "the store", "r.store"),
        *(Dimension(name, says, f"r.{name}") for name, says in _ATTRIBUTES),
    ),
    measures=(Measure("stores", "stores"), Measure("registers", "registers of the stores")),
    sources=(
        Source(
            _STORES,
            ("store", *(name for name, _ in _ATTRIBUTES)),
            {"stores": "count(*)", "registers": "sum(r.registers)"},
            day="",
        ),
    ),
)
