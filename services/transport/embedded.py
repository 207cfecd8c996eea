"""The embedded feed: facts go from the log to the views within one process, in batches, in order, each once.

What the writer has just kept is handed over as it is, so that nothing is decoded twice; what is missing in between is
pulled from the log, which is the truth. It must not know any view.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Protocol

from domain.kernel import Recorded

BATCH: Final = 4_096  # facts handed to the views at once
TRANSACTION: Final = 16_384  # facts in one of their transactions in bulk: whole row groups go straight to the file
HELD: Final = 40_000  # facts handed over and not yet applied; beyond that they are pulled from the log again


class Applies(Protocol):
    """The views, as the feed sees them."""

    def apply_parts(self, parts: Iterable[Sequence[Recorded]]) -> None: ...

    def position(self) -> int: ...


class FeedStopped(RuntimeError):
    """The views could not apply a fact. They show what they had; nothing behind it is applied."""


class EmbeddedFeed:
    """Applies facts to the views in a thread of its own."""

    def __init__(self, pull: Callable[[int, int], list[Recorded]], head: Callable[[], int], views: Applies) -> None:
        self._pull = pull
        self._head = head
        self._views = views
        self._offered: deque[Recorded] = deque()
        self._changed = threading.Condition()
        self._gather = 1
        self._hurry = 0  # how many are waiting for the views, so that gathering has to stop
        self._closing = False
        self._behind = True  # whether the log may hold facts that were not handed over
        self.problem: Exception | None = None
        self._ahead: tuple[int, Future[list[Recorded]]] | None = None
        self._reader = ThreadPoolExecutor(1, "log-reader")
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self._thread.start()

    def offer(self, recorded: list[Recorded]) -> None:
        """Take facts over right after they were kept. Never blocks and never fails."""
        with self._changed:
            if len(self._offered) + len(recorded) > HELD:
                self._offered.clear()
                self._behind = True
            elif not self._behind:
                self._offered.extend(recorded)
            self._changed.notify_all()

    def gather(self, facts: int) -> None:
        """Wait for at least so many facts before applying (1: never wait); for bulk loads."""
        with self._changed:
            self._gather = facts
            self._changed.notify_all()

    def waiting(self) -> int:
        """Facts handed over and not yet applied."""
        return len(self._offered)

    def relax(self, facts: int) -> None:
        """Wait until at most half of `facts` are waiting, so that a bulk load does not run away from the views."""
        with self._changed:
            self._changed.wait_for(lambda: self.problem is not None or len(self._offered) <= facts // 2)

    def settle(self, position: int, timeout: float | None = None) -> bool:
        """Wait until the views have reached a position; False when the time is over.

        Raises:
            FeedStopped: they never will.
        """
        with self._changed:
            self._hurry += 1
            self._changed.notify_all()
            reached = self._changed.wait_for(
                lambda: self.problem is not None or self._views.position() >= position, timeout
            )
            self._hurry -= 1
        if self.problem is not None:
            raise FeedStopped(f"the views stopped: {self.problem}") from self.problem
        return reached

    def close(self) -> None:
        """Apply what was handed over, then stop."""
        with self._changed:
            self._closing = True
            self._gather = 1
            self._changed.notify_all()
        self._thread.join()
        self._reader.shutdown()

    def _run(self) -> None:
        while True:
            try:
                first = self._next(self._views.position())
                if first is None:
                    return
                self._views.apply_parts(self._parts(first))
            except Exception as problem:  # noqa: BLE001 - shown to whoever waits; never skipped
                with self._changed:
                    self.problem = problem
                    self._changed.notify_all()
                return
            with self._changed:
                self._changed.notify_all()

    def _parts(self, first: list[Recorded]) -> Iterator[list[Recorded]]:
        """What one transaction of the views holds: the first batch, and more where many are coming."""
        yield first
        taken, position = len(first), first[-1].position
        while taken < TRANSACTION and (batch := self._more(position)) is not None:
            yield batch
            taken, position = taken + len(batch), batch[-1].position

    def _next(self, position: int) -> list[Recorded] | None:
        """The next batch above a position, however long it takes; None when the feed closes."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._behind or self._closing or self._has_enough())
                if not self._behind:
                    return self._take()
                if self._closing:
                    return None
            batch = self._catch_up(position)
            if batch is not None:
                return batch

    def _more(self, position: int) -> list[Recorded] | None:
        """Another batch for the transaction that is open; None to have it committed, since somebody waits for it or
        there is nothing more at hand."""
        with self._changed:
            if not self._behind:
                if self._gather == 1:
                    return None
                self._changed.wait_for(lambda: self._behind or self._closing or self._hurry or self._has_enough())
                if not self._behind:
                    return self._take()
            if self._closing:
                return None
        return self._catch_up(position)

    def _has_enough(self) -> bool:
        return len(self._offered) >= (1 if self._hurry else self._gather)

    def _take(self) -> list[Recorded] | None:
        return [self._offered.popleft() for _ in range(min(BATCH, len(self._offered)))] or None

    def _catch_up(self, position: int) -> list[Recorded] | None:
        """The facts of the log above a position, the next batch being read while this one is applied; None when there
        are none, so that from now on what is kept is handed over."""
        ahead, self._ahead = self._ahead, None
        batch = ahead[1].result() if ahead is not None and ahead[0] == position else self._pull(position, BATCH)
        if len(batch) == BATCH:
            last = batch[-1].position
            self._ahead = (last, self._reader.submit(self._pull, last, BATCH))
        if batch:
            return batch
        with self._changed:
            # nothing can be handed over while we are behind, so look once more under the lock
            if self._head() <= position:
                self._behind = False
        return None
