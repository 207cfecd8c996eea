"""Loading the chain-year into a data folder, day by day, and remembering that it is there.

A load that was interrupted goes on where it stopped: what is closed is skipped, everything else may be sent again.
Books with facts of anybody else are neither loaded into nor deleted. It must not know how the year is shown.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from domain.kernel import Context, Refusal
from domain.sales.facts import DayClosed
from domain.sales.trading_day import day_stream
from domain.values import MINOR_UNITS
from projections.questions import Asked
from services.demo.complete_journey import ABOUT, ChainYear
from services.event_store import Clock, EventStore, UnreadableFact
from services.intake import ARTICLE, BATCH
from services.runtime.bulk import Line, Loader, Tally, without_collection
from services.runtime.folder import Folder
from services.runtime.house import House, software
from services.runtime.importing import WORTH_A_ROOM, follow_views
from services.runtime.kept import all_facts
from services.runtime.reading import ReadingRoom
from services.runtime.screens import Bars, label
from services.runtime.settings import Settings

STORE: Final = "counterfoil/store/1"
CLOSING: Final = "counterfoil/closing/1"
AS_DEMO: Final = Context(actor="demo", origin="panel")
OF_THE_PANEL: Final = (("origin", "panel"),)
ANOTHER_FOLDER: Final = "name a folder of its own: counterfoil demo --data DIR"
NOTE_EVERY: Final = 2.0  # seconds between notes of how long the load has taken so far


class NotTheDemosOwn(Refusal):
    """The log holds facts that the demo did not write, so it is somebody's books."""

    code = "not_the_demos_own"
    kind = "conflict"

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"the demo neither loads into nor deletes the books in {folder}: {why}; {ANOTHER_FOLDER}")


class Demo(msgspec.Struct):
    """What `demo.json` holds. `seconds` is what all runs of the load took together, to queryable views and files that
    are checkpointed; `head` the position the log stood at; `complete` is false while there is something left to do.
    Sums come from the views, `net_sales` in `currency`."""

    complete: bool = False
    head: int = 0
    seconds: float = 0.0
    stores: int = 0
    articles: int = 0
    transactions: int = 0
    lines: int = 0
    store_days: int = 0
    net_sales: str = "0"
    currency: str = ""
    refused: int = 0
    lines_per_second: int = 0
    events: int = 0
    events_bytes: int = 0
    views_bytes: int = 0
    peak_memory_mb: int = 0
    data: str = ABOUT
    origin: str = "panel"


def only_the_demos(store: EventStore) -> None:
    """Whether each fact of a log was written by the demo: its actor says so, which no import and no other command does.

    Raises:
        NotTheDemosOwn: one was not, or cannot be read.
    """
    folder = store.path.parent
    try:
        for item in all_facts(store.after):
            if item.meta.actor != AS_DEMO.actor:
                why = f"they hold facts that it did not write, such as {item.fact.TOPIC} at position {item.position:,}"
                raise NotTheDemosOwn(folder, why)
    except UnreadableFact as unreadable:
        raise NotTheDemosOwn(folder, f"nobody can tell whose they are ({unreadable})") from unreadable


def start_over(settings: Settings, clock: Clock) -> None:
    """Delete what a folder holds, when all of it is the demo's.

    Raises:
        FolderInUse: another process owns it.
        NotTheDemosOwn: it is not.
    """
    folder = Folder(settings.data)
    folder.own("demo", clock())
    try:
        if folder.events.exists():
            with closing(EventStore(folder.events, clock, software())) as store:
                only_the_demos(store)
        folder.clear()
    finally:
        folder.release()


def found(house: House) -> Demo | None:
    """The figures of the load, when the whole year is in this log."""
    demo = noted(house.folder.demo)
    return demo if demo.complete and demo.head <= house.store.head() else None


def noted(path: Path) -> Demo:
    """What was noted last; an empty note where there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Demo)
    except (OSError, msgspec.MsgspecError):
        return Demo()


def note(path: Path, demo: Demo) -> None:
    """Put a note in place of the last, whole or not at all."""
    growing = path.with_suffix(".part")
    growing.write_bytes(msgspec.json.format(msgspec.json.encode(demo), indent=2))
    growing.replace(path)


class Load:
    """One run of the load. `before` is how many seconds earlier runs took, `started` when this one opened the folder
    (on the monotonic clock).

    Raises:
        NotTheDemosOwn: the log holds facts of somebody else.
    """

    def __init__(self, house: House, year: ChainYear, bars: Bars, started: float) -> None:
        self._house = house
        self._year = year
        self._bars = bars
        self._started = started
        only_the_demos(house.store)
        self._before = 0.0 if house.store.head() == 0 else noted(house.folder.demo).seconds
        self._noted_at = started

    def run(self) -> Demo:
        """Load what is not there yet; the views hold all of it afterwards."""
        room = ReadingRoom() if self._year.counts.store_days >= WORTH_A_ROOM else None
        try:
            loader = Loader(self._house, AS_DEMO, self._progress, room)
            with without_collection(), self._house.bulk():
                self._feed(loader)
                follow_views(self._house, self._bars)
        except BaseException:
            self._note_seconds()
            raise
        finally:
            if room is not None:
                room.close()
        demo = self._measure(loader.tally)
        note(self._house.folder.demo, demo)
        return demo

    def _feed(self, loader: Loader) -> None:
        year, bars = self._year, self._bars
        closed = frozenset(self._house.store.with_topic(DayClosed.TOPIC))
        for schema, total in (
            (STORE, year.counts.stores),
            (ARTICLE, year.counts.articles),
            (BATCH, year.counts.store_days),
            (CLOSING, year.counts.store_days),
        ):
            bars.expect(label(schema), total)
        loader.load(STORE, from_year(year.stores()))
        loader.drain()  # batches are read ahead under the terms that the log has by then
        loader.load(ARTICLE, from_year(year.articles()))
        closings = year.closings()
        for _, batches in groupby(year.batches(), key=lambda batch: batch[1]):
            batch_lines: list[Line] = []
            closing_lines: list[Line] = []
            for store, day, body in batches:
                closing = next(closings)
                if day_stream(store, day) not in closed:
                    batch_lines.append((body, "chain-year"))
                    closing_lines.append((closing, "chain-year"))
                else:
                    bars.advance(label(BATCH), 1)
                    bars.advance(label(CLOSING), 1)
            loader.load(BATCH, batch_lines)
            loader.load(CLOSING, closing_lines)
        loader.drain()

    def _progress(self, schema: str, lines: int) -> None:
        self._bars.advance(label(schema), lines)
        now = time.monotonic()
        if now - self._noted_at > NOTE_EVERY:
            self._noted_at = now
            self._bars.reach("views", self._house.views.position(), self._house.store.head())
            self._note_seconds()

    def _note_seconds(self) -> None:
        note(self._house.folder.demo, Demo(seconds=self._seconds()))

    def _seconds(self) -> float:
        return round(self._before + time.monotonic() - self._started, 2)

    def _measure(self, tally: Tally) -> Demo:
        """The figures; taken after the clock has stopped."""
        seconds = self._seconds()
        house, folder = self._house, self._house.folder
        sums = house.views.ask(Asked("sales", where=OF_THE_PANEL, measures=("transactions", "lines", "net"))).rows()
        days = house.views.ask(
            Asked("sales", by=("store", "business_day"), where=OF_THE_PANEL, measures=("transactions",))
        ).rows()
        lines = sum(row["lines"] for row in sums)
        return Demo(
            complete=not tally.refused,
            head=house.store.head(),
            seconds=seconds,
            stores=len({row["store"] for row in days}),
            articles=self._year.counts.articles,
            transactions=sum(row["transactions"] for row in sums),
            lines=lines,
            store_days=len(days),
            net_sales=", ".join(amount(row["net"], row["currency"]) for row in sums),
            currency=", ".join(row["currency"] for row in sums),
            refused=len(tally.refused),
            lines_per_second=round(lines / seconds),
            events=house.store.head(),
            events_bytes=bytes_of(folder.events),
            views_bytes=bytes_of(folder.views),
            peak_memory_mb=peak_memory_mb(),
        )


def from_year(bodies: Iterator[bytes]) -> Iterator[Line]:
    """Lines that say they come from the chain-year."""
    return ((body, "chain-year") for body in bodies)


def amount(value: Decimal, currency: str) -> str:
    """An amount as text in the decimals of its currency: `4596039.58`."""
    return str(value.quantize(Decimal(1).scaleb(-MINOR_UNITS[currency])))


def peak_memory_mb() -> int:
    """The most memory this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))


def bytes_of(path: Path) -> int:
    """The size of a file, 0 where there is none."""
    return path.stat().st_size if path.exists() else 0
