"""The one writer: takes waiting commands, decides them one after the other, saves once, then answers.

Each command sees what the ones before it decided. Aggregates stay in a cache that only this thread touches, so it needs
no locks; on a conflict everything the group touched is dropped and each command tried again alone. It must not know
any area.
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, Generic, TypeVar

import msgspec

from domain.kernel import Aggregate, Context, Pending, Recorded, Refusal
from services.event_store import Conflict, EventStore, KeptBytes, next_digest
from services.snapshots import Snapshots

T = TypeVar("T")
A = TypeVar("A", bound=Aggregate)
GROUP: Final = 64
ATTEMPTS: Final = 5
SIBLINGS: Final = 64


class Kept(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """What a command answered, and the position of the last fact it recorded (0: none)."""

    result: T
    position: int


class Unit:
    """What a command may do while it decides: load aggregates, keep bytes."""

    def __init__(self, store: EventStore, cache: Cache) -> None:
        self.store = store
        self._cache = cache
        self.context = Context()
        self.touched: dict[str, Aggregate] = {}
        self.kept: list[KeptBytes] = []

    def load(self, kind: type[A], stream: str, owner: str, business_day: str = "") -> A:
        """An aggregate as the log and this group's earlier commands have it."""
        aggregate = self.peek(kind, stream, owner, business_day)
        self.touched[stream] = aggregate
        return aggregate

    def peek(self, kind: type[A], stream: str, owner: str, business_day: str = "") -> A:
        """The same, for looking only."""
        return self._cache.get(kind, stream, owner, business_day)

    def keep_bytes(self, kept: KeptBytes) -> None:
        """Keep bytes beside the facts of this command."""
        self.kept.append(kept)

    def is_settled(self, aggregate: Aggregate) -> bool:
        """Whether the log holds all that the aggregate says, so that its digest is known."""
        return not aggregate.pending and self._cache.is_kept(aggregate)


class NotSettled(Exception):
    """The command needs the facts of earlier ones kept before it can decide."""


Command = Callable[[Unit], T]


class Cache:
    """The latest aggregates, least recently used out first. `limit` counts aggregates."""

    def __init__(self, store: EventStore, snapshots: Snapshots, limit: int) -> None:
        self._store = store
        self._snapshots = snapshots
        self._limit = limit
        self._held: OrderedDict[str, Aggregate] = OrderedDict()
        self._unkept: set[str] = set()
        self._siblings: OrderedDict[str, set[str]] = OrderedDict()

    def get(self, kind: type[A], stream: str, owner: str, business_day: str) -> A:
        held = self._held.get(stream)
        if held is None:
            held = self._snapshots.load(kind, stream, owner, business_day)
            if not kind.many or self._exists(stream):
                self._store.load(held)
            self._held[stream] = held
        else:
            self._held.move_to_end(stream)
        return held  # type: ignore[return-value]

    def _exists(self, stream: str) -> bool:
        """Whether a stream is in the log, from a list of its siblings: a year of days asks for many that are not."""
        prefix = stream[: stream.rindex("/") + 1]
        siblings = self._siblings.get(prefix)
        if siblings is None:
            siblings = self._siblings[prefix] = self._store.streams(prefix)
            while len(self._siblings) > SIBLINGS:
                self._siblings.popitem(last=False)
        else:
            self._siblings.move_to_end(prefix)
        return stream in siblings

    def is_kept(self, aggregate: Aggregate) -> bool:
        return aggregate.stream not in self._unkept

    def mark_unkept(self, stream: str) -> None:
        self._unkept.add(stream)

    def settle(self) -> None:
        """All that was pending is kept: let go what is too much."""
        for stream in self._unkept:
            siblings = self._siblings.get(stream[: stream.rindex("/") + 1])
            if siblings is not None:
                siblings.add(stream)
        self._unkept.clear()
        while len(self._held) > self._limit:
            _, gone = self._held.popitem(last=False)
            self._snapshots.offer(gone)

    def drop(self, streams: Sequence[str]) -> None:
        for stream in streams:
            self._held.pop(stream, None)
            self._unkept.discard(stream)
        self._siblings.clear()

    def digest(self, stream: str, body: bytes) -> None:
        held = self._held.get(stream)
        if held is not None and held.keeps_digest:
            held.digest = next_digest(held.digest, body)

    def offer_all(self) -> None:
        for held in self._held.values():
            self._snapshots.offer(held)


class Waiting(msgspec.Struct, gc=False):
    """Commands of one caller that are answered together."""

    commands: Sequence[tuple[Command[Any], Context]]
    future: Future[list[Any]]


class Writer:
    """Runs commands in a thread of its own. `on_kept` gets each save's facts in order, right after the commit."""

    def __init__(
        self,
        store: EventStore,
        snapshots: Snapshots,
        on_kept: Callable[[list[Recorded]], None],
        cache_limit: int = 6_000,
    ) -> None:
        self._store = store
        self._cache = Cache(store, snapshots, cache_limit)
        self._on_kept = on_kept
        self._closed = False
        self._waiting: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, command: Command[T], context: Context) -> Future[list[Kept[T] | Exception]]:
        """Queue one command; the future's list has its one outcome."""
        return self.submit_all([(command, context)])

    def submit_all(self, commands: Sequence[tuple[Command[Any], Context]]) -> Future[list[Any]]:
        """Queue commands to be decided in order and saved together. Each outcome is a `Kept` or the exception."""
        if self._closed:
            raise RuntimeError("the writer is closed")
        future: Future[list[Any]] = Future()
        self._waiting.put(Waiting(commands, future))
        return future

    def do(self, command: Command[T], context: Context) -> Kept[T]:
        """Run one command and wait for its outcome; raises what stood in the way."""
        outcome = self.submit(command, context).result()[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        """Finish what is waiting, then stop."""
        self._closed = True
        self._waiting.put(None)
        self._thread.join()
        self._cache.offer_all()

    def _run(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            callers = [waiting]
            held = len(waiting.commands)
            last = False
            while held < GROUP:
                try:
                    more = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                callers.append(more)
                held += len(more.commands)
            self._answer(callers)
            if last:
                return

    def _answer(self, callers: list[Waiting]) -> None:
        commands = [command for caller in callers for command in caller.commands]
        outcomes: list[Any] = []
        while len(outcomes) < len(commands):
            rest = commands[len(outcomes) :]
            try:
                outcomes += self._group(rest)
            except Exception:  # noqa: BLE001 - whatever it is, the first command gets it or gets past it
                outcomes.append(self._alone(*rest[0]))
        begin = 0
        for caller in callers:
            end = begin + len(caller.commands)
            if caller.future.set_running_or_notify_cancel():  # else the caller has given up waiting
                caller.future.set_result(outcomes[begin:end])
            begin = end

    def _alone(self, command: Command[Any], context: Context) -> Any:
        problem: Exception = RuntimeError("never tried")
        for _ in range(ATTEMPTS):
            try:
                return self._group([(command, context)])[0]
            except Conflict as conflict:
                problem = conflict
            except Exception as error:  # noqa: BLE001 - becomes the command's answer
                return error
        return problem

    def _group(self, commands: Sequence[tuple[Command[Any], Context]]) -> list[Any]:
        """Decide one after the other and save once; stop before a command that needs the save done first.

        On any failure but a refusal nothing is saved and all that was touched is forgotten.
        """
        unit = Unit(self._store, self._cache)
        pending: list[tuple[Pending, Context]] = []
        outcomes: list[Any] = []
        ends: list[int] = []
        touched: set[str] = set()
        begun: list[str] = []
        try:
            for command, context in commands:
                unit.context, unit.touched = context, {}
                try:
                    outcome: Any = command(unit)
                except Refusal as refusal:
                    outcome = refusal
                except NotSettled as first:
                    if not outcomes:
                        raise RuntimeError(f"nothing before it waits to be kept: {first}") from first
                    begun = [*unit.touched]
                    break
                finally:
                    touched.update(unit.touched)
                self._collect(unit, pending, refused=isinstance(outcome, Refusal))
                outcomes.append(outcome)
                ends.append(len(pending))
            positions = self._keep(pending, unit.kept)
            self._cache.drop(begun)  # the command that has to wait may have recorded something already
        except BaseException:
            self._cache.drop([*touched])
            raise
        return [
            outcome if isinstance(outcome, Refusal) else Kept(outcome, positions[end - 1] if end > begin else 0)
            for outcome, begin, end in zip(outcomes, [0, *ends], ends, strict=False)
        ]

    def _collect(self, unit: Unit, pending: list[tuple[Pending, Context]], refused: bool) -> None:
        for stream, aggregate in unit.touched.items():
            facts = aggregate.collect()
            if facts and refused:
                raise RuntimeError(f"{stream} recorded facts and then refused: decide first, record last")
            if facts:
                self._cache.mark_unkept(stream)
            pending.extend((fact, unit.context) for fact in facts)

    def _keep(self, pending: Sequence[tuple[Pending, Context]], kept: Sequence[KeptBytes]) -> list[int]:
        if not pending and not kept:
            return []
        recorded = self._store.keep(pending, kept)
        for fact, body in recorded:
            self._cache.digest(fact.stream, body)
        self._cache.settle()
        self._on_kept([fact for fact, _ in recorded])
        return [fact.position for fact, _ in recorded]
