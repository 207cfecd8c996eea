"""What the tests of the command line share: the commands run in this process, a month of the chain-year, lines by hand.

It must not know what is expected of them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console
from typer.testing import CliRunner, Result

from domain.kernel import Context
from services.demo.complete_journey import ChainYear
from services.runtime.bulk import Tally
from services.runtime.commands import app
from services.runtime.house import House
from services.runtime.importing import apply_all, scan
from services.runtime.screens import Bars
from services.runtime.settings import Settings
from tests.support.house import a_store, batch, closing, declaration, goods_in, no_sales, refund, sale

JANUARY: Final = (dt.date(2017, 1, 1), dt.date(2017, 1, 31))
MONDAY, TUESDAY, WEDNESDAY = "2024-03-04", "2024-03-05", "2024-03-06"
_SKU: Final = re.compile(rb'"sku":"([^"]+)"')


def run(*arguments: str | Path, wide: int = 200) -> Result:
    """Run `counterfoil` as typed."""
    return CliRunner().invoke(app, [str(each) for each in arguments], env={"COLUMNS": str(wide)})


def quiet() -> Bars:
    """Progress that nobody sees."""
    return Bars(Console(file=StringIO()))


class ShortYear(ChainYear):
    """Some days of the chain-year with only those articles that are sold in them."""

    def __init__(self, days: tuple[dt.date, dt.date]) -> None:
        super().__init__(days)
        self._sold = {sku for _, _, body in self.batches() for sku in _SKU.findall(body)}

    def articles(self) -> Iterator[bytes]:
        return (line for line in super().articles() if (found := _SKU.search(line)) and found[1] in self._sold)


def opened(data: Path) -> House:
    """A house on a folder; the caller closes it."""
    return House(Settings(data=data), "a test")


def take_in(data: Path, *files: Path) -> Tally:
    """Import files into a folder."""
    index = scan(files, quiet())
    with opened(data) as house:
        return apply_all(house, index, Context(), quiet())


def write(path: Path, lines: Iterable[bytes], end: bytes = b"\n") -> Path:
    """A file of lines."""
    path.write_bytes(b"".join(line + end for line in lines))
    return path


def article(sku: str, effective_from: str = "", department: str = "DAIRY", **more: str) -> bytes:
    """An article in whole units."""
    told = {"sku": sku, "effective_from": effective_from, "department": department} | more
    return b'{"schema":"counterfoil/article/1",' + ",".join(f'"{k}":"{v}"' for k, v in told.items()).encode() + b"}"


def three_days() -> list[bytes]:
    """Every kind of line but a resolution, for two stores and three days, in the order of nobody's choosing."""
    return [
        closing(MONDAY),
        closing(TUESDAY),
        closing(WEDNESDAY, "2"),
        declaration({"cash": "4.00"}, MONDAY, register="T1"),
        declaration({"cash": "-2.00"}, TUESDAY, register="T1"),
        no_sales(WEDNESDAY, "2"),
        batch(sale(1, day=MONDAY), batch_id="a", day=MONDAY),
        batch(sale(2, day=MONDAY), batch_id="b", day=MONDAY, registers=[{"code": "T1", "last_number": 3}]),
        batch(refund(1, day=TUESDAY, original={"number": 2, "register": "T1", "business_day": MONDAY}), day=TUESDAY),
        batch(sale(7, register="RUN", day=MONDAY), batch_id="r", day=MONDAY, store="2"),
        batch(sale(9, register="RUN", day=TUESDAY), batch_id="s", day=TUESDAY, store="2"),
        goods_in("milk", "40", "32.00", business_day=MONDAY),
        goods_in("milk", "10", "9.00", business_day=TUESDAY, movement_id="m2"),
        article("milk", cost="0.80", currency="USD", list_price="2.00"),
        article("milk", effective_from=TUESDAY, department="COLD"),
        a_store(),
        a_store("2", region="north"),
        a_store("2", region="south", effective_from=TUESDAY),
    ]
