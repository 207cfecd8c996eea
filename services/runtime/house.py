"""The composition root: log, writer, views and feed of one data folder, put together and taken apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from domain.kernel import Recorded, Refusal
from projections.registry import Views
from services.event_store import Clock, EventStore
from services.intake import Intake
from services.runtime.folder import Folder
from services.runtime.settings import Settings
from services.snapshots import Snapshots
from services.transport.embedded import BATCH, EmbeddedFeed
from services.writer import Writer


def now() -> dt.datetime:
    """The present moment; the one place where a clock is read."""
    return dt.datetime.now(dt.UTC)


def software() -> str:
    """The name and version that facts are stamped with."""
    return f"counterfoil {version('counterfoil')}"


class ViewsOfAnotherLog(Refusal):
    """The views hold facts that the log does not: one of the two files was replaced by another copy."""

    code = "views_of_another_log"
    kind = "conflict"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"the views in {folder} were made from another log: run `counterfoil rebuild`, nothing is lost"
        )


class House:
    """Everything that works on one data folder, which it owns while it is open.

    Raises:
        FolderInUse: another process owns it.
        ViewsOfAnotherLog, SchemaDiffers: the views have to be rebuilt first.
    """

    def __init__(self, settings: Settings, purpose: str, clock: Clock = now) -> None:
        self.settings = settings
        self.clock = clock
        self.folder = Folder(settings.data)
        self.folder.own(purpose, clock())
        try:
            self.store = EventStore(self.folder.events, clock, software())
            self.views = self._open_views()
            self._same_history()
            self.snapshots = Snapshots(self.folder.snapshots, self.store)
            self.feed = EmbeddedFeed(self.store.after, self.store.head, self.views)
            self.writer = Writer(self.store, self.snapshots, self._kept, settings.cache)
            self.intake = Intake(clock)
        except BaseException:
            self.folder.release()
            raise

    def _same_history(self) -> None:
        if not self.store.holds(*self.views.newest()):
            raise ViewsOfAnotherLog(self.folder.path)

    def _kept(self, facts: list[Recorded]) -> None:
        self.feed.offer(facts)

    def _open_views(self) -> Views:
        return Views(
            self.folder.views,
            memory_limit=self.settings.views_memory,
            threads=self.settings.views_threads,
        )

    def recorded(self, positions: Iterable[int]) -> Iterator[tuple[Recorded, bytes]]:
        """The facts at some positions with their stored JSON, `{"meta":…,"fact":…}`, read as they are taken."""
        return self.store.at(positions)

    def settle(self) -> None:
        """Wait until the views hold all that the log holds."""
        self.feed.settle(self.store.head())

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Within, the views are filled in large transactions; then they are settled and both files checkpointed."""
        with self.views.bulk():
            self.feed.gather(BATCH)
            try:
                yield
                self.settle()
            finally:
                self.feed.gather(1)
        self.store.checkpoint()

    def rebuild(self) -> int:
        """All views from the log; gives the position they stand at."""
        self.feed.close()
        self.views.clear()
        self.feed = EmbeddedFeed(self.store.after, self.store.head, self.views)
        with self.views.bulk():
            self.settle()
        return self.views.position()

    def close(self) -> None:
        """Finish what was accepted, then let go of the folder."""
        self.writer.close()
        self.feed.close()
        self.views.close()
        self.snapshots.close()
        self.store.close()
        self.folder.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
