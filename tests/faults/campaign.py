"""Kills loads until there have been enough faults, and checks every load that has come to its end.

The same seed gives the same plan of faults; where a kill at a random moment strikes is up to the machine. It must not
know how a child dies, only that it did.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from domain.kernel import Recorded
from domain.sales.commands import ReportBatch
from domain.sales.facts import DayClosed, SalesReported
from domain.sales.judging import keys_of
from domain.sales.outcomes import Answer
from services.runtime.house import House
from tests.faults.child import BEGINS, Acknowledged, Kind, Plan
from tests.support.runs import CONTEXT, Answers, Cut, answers, assert_equal, facts_of, load, open_house

ROOT: Final = Path(__file__).resolve().parents[2]
MOMENT: Final = "moment"
MAKING: Final = "making"
REACH: Final[dict[str, int]] = {
    # how far into the rest of the load a place is hit at most
    "making": 1, "save": 12, "answer": 12, "apply": 40, "position": 3,
    "log_checkpoint": 2, "views_checkpoint": 2, "snapshot": 12,
}  # fmt: skip
KINDS: Final = (MOMENT, *get_args(Kind))
PATIENCE: Final = 120.0  # seconds a load may take before something is wrong with the machine
LAST_BREATH: Final = 10.0  # seconds in which what a killed load has started must be gone

Transaction = tuple[str, str, str, int]
Say = Callable[[str], None]


@dataclass
class Outcome:
    """What came of a campaign."""

    seed: int
    faults: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    loads: int = 0
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    equal: bool = True
    orphans: int = 0
    problems: list[str] = field(default_factory=list)

    def blame(self, problem: str) -> None:
        """Take note of something that must not be."""
        self.problems.append(problem)

    @property
    def well(self) -> bool:
        """Whether nothing was lost, doubled, different or left behind."""
        return self.equal and not (self.lost or self.twice or self.orphans or self.problems)


@dataclass(frozen=True)
class Undisturbed:
    """What a load leads to that nobody kills."""

    lines: Path
    bodies: dict[tuple[str, str], bytes]
    transactions: Counter[Transaction]
    answers: Answers
    log: list[bytes]
    seconds: float


def undisturbed(source: Cut, folder: Path) -> Undisturbed:
    """Load the lines once, in peace."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = folder / "lines.ndjson"
    lines.write_bytes(b"".join(line + b"\n" for line in source.lines()))
    began = time.perf_counter()
    with open_house(folder / "undisturbed") as house:
        load(house, source.lines())
        seconds = time.perf_counter() - began
        found, log = answers(house.views), [_without_time(fact) for fact in _log(house)]
    sent: Counter[Transaction] = Counter()
    for batch in source.batches:
        report = msgspec.json.decode(batch.body, type=ReportBatch)
        sent.update((batch.store, batch.business_day, t.register, t.number) for t in report.transactions)
    bodies = {(batch.store, batch.business_day): batch.body for batch in source.batches}
    return Undisturbed(lines, bodies, sent, found, log, seconds)


class Campaign:
    """Loads into fresh folders below `folder`, each killed again and again."""

    def __init__(self, peace: Undisturbed, folder: Path, seed: int, say: Say = lambda _: None) -> None:
        self._peace = peace
        self._folder = folder
        self._random = random.Random(seed)
        self._say = say
        self._deck: list[str] = []
        self.outcome = Outcome(seed)

    def run(self, faults: int) -> Outcome:
        """Cause so many faults; each load is let come to its end and checked."""
        while self.outcome.faults < faults:
            self._one_load(faults)
        return self.outcome

    def _one_load(self, faults: int) -> None:
        self.outcome.loads += 1
        folder = self._folder / f"load-{self.outcome.loads}"
        acknowledged = folder.with_suffix(".acknowledged")
        done, first = False, True
        while not done:
            kind = self._draw(first) if self.outcome.faults < faults else None
            plan = self._plan(folder, acknowledged, kind, early=first)
            done = self._child(plan, kind)
            if done and kind is not None:
                self._deck.append(kind)  # its place was never reached
            if not done:
                self.outcome.faults += 1
                self.outcome.kinds[kind or "?"] += 1
            first = False
        self._check(folder, acknowledged)

    def _draw(self, first: bool) -> str:
        """The next kind of fault; only a load that has just begun can be killed while its files are made."""
        if not any(kind != MAKING for kind in self._deck):
            fresh = [*KINDS, MOMENT]
            self._random.shuffle(fresh)
            self._deck += fresh
        if first and MAKING in self._deck:
            self._deck.remove(MAKING)
            return MAKING
        return self._deck.pop(max(place for place, kind in enumerate(self._deck) if kind != MAKING))

    def _plan(self, folder: Path, acknowledged: Path, kind: str | None, early: bool) -> Plan:
        chance = self._random
        place: Any = None if kind == MOMENT else kind
        nth = 1 if place is None or early else chance.randint(1, REACH[place])
        bulk = place in ("log_checkpoint", "views_checkpoint") or chance.random() < 0.5
        return Plan(
            str(self._peace.lines), str(folder), str(acknowledged), place, nth, bulk, room=chance.random() < 0.3
        )

    def _child(self, plan: Plan, kind: str | None) -> bool:
        """Run a load until it ends or dies; whether it came to its end."""
        path = self._folder / "plan.json"
        path.write_bytes(msgspec.json.encode(plan))
        with (self._folder / "errors").open("w+b") as errors:
            child = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.child", str(path)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
            assert child.stdout is not None
            assert child.stdout.readline().strip() in (BEGINS.encode(), b"")
            self._wait(child, kind)
            errors.seek(0)
            said = errors.read().decode(errors="replace")
        self._say(f"  {kind or 'to its end':16} {self._told(plan)} {_ended(child.returncode)}")
        if child.returncode > 0:
            raise AssertionError(f"the load failed instead of going on:\n{said}")
        if child.returncode < 0 and not _all_gone(child.pid):
            self.outcome.orphans += 1
            self.outcome.blame(f"a process outlives the load that started it ({kind}, {self._told(plan)})")
        return child.returncode == 0

    def _wait(self, child: subprocess.Popen[bytes], kind: str | None) -> None:
        if kind == MOMENT:
            try:
                child.wait(self._random.uniform(0, self._peace.seconds))
            except subprocess.TimeoutExpired:
                child.kill()
        child.wait(PATIENCE)
        if child.stdout is not None:
            child.stdout.close()

    @staticmethod
    def _told(plan: Plan) -> str:
        ways = ["in bulk" if plan.bulk else "line by line", *(["read ahead"] if plan.room else [])]
        return f"{'' if plan.kind is None else plan.nth:>3} {', '.join(ways)}"

    # -- what must be true

    def _check(self, folder: Path, acknowledged: Path) -> None:
        answered = self._answered(acknowledged)
        outcome, peace = self.outcome, self._peace
        with open_house(folder) as house:
            house.settle()
            if house.store.integrity() != "ok":
                outcome.blame(f"{folder.name}: the log's file is damaged: {house.store.integrity()}")
            try:
                assert_equal(answers(house.views), peace.answers, "killed", "undisturbed")
            except AssertionError as different:
                outcome.equal = False
                outcome.blame(f"{folder.name}: {different}")
            log = list(_log(house))
            for ours, theirs in zip_longest((_without_time(fact) for fact in log), peace.log):
                if ours != theirs:
                    outcome.equal = False
                    outcome.blame(f"{folder.name}: the log says {ours!r:.400}\nundisturbed it says {theirs!r:.400}")
                    break
            there = Counter(_transactions(log))
            outcome.lost += (peace.transactions - there).total()
            outcome.twice += (there - peace.transactions).total()
            outcome.twice += sum(times > 1 for times in _batches(log).values())
            self._send_again(house, answered)
        self._say(f"  checked: {len(log)} facts, {len(answered)} batches acknowledged")

    def _answered(self, path: Path) -> dict[tuple[str, str], Answer]:
        """The first answer to each batch. A second first answer means that the first was given for nothing."""
        answered: dict[tuple[str, str], Answer] = {}
        for line in path.read_bytes().splitlines():
            note = msgspec.json.decode(line, type=Acknowledged)
            place = (note.store, note.business_day)
            before = answered.setdefault(place, note.answer)
            if before is note.answer:
                self.outcome.acknowledged += 1
                continue
            if not note.answer.replayed:
                self.outcome.lost += 1
                self.outcome.blame(f"batch {note.batch_id} was acknowledged and then taken in again")
            if not _same(before, note.answer):
                self.outcome.blame(f"batch {note.batch_id} was answered {before} and then {note.answer}")
        return answered

    def _send_again(self, house: House, answered: dict[tuple[str, str], Answer]) -> None:
        head = house.store.head()
        commands = [(house.intake.batch(self._peace.bodies[place]), CONTEXT) for place in answered]
        for before, kept in zip(answered.values(), house.writer.submit_all(commands).result(), strict=True):
            again = kept.result
            if not (isinstance(again, Answer) and again.replayed):
                self.outcome.lost += 1
                self.outcome.blame(f"batch {before.batch_id} was acknowledged and is not there: {again}")
            elif not _same(before, again):
                self.outcome.blame(f"batch {before.batch_id} was answered {before} and then {again}")
        if house.store.head() != head:
            self.outcome.blame("sending again what was acknowledged recorded facts")


def _same(one: Answer, other: Answer) -> bool:
    return msgspec.structs.replace(one, replayed=True) == msgspec.structs.replace(other, replayed=True)


def _ended(code: int) -> str:
    return "came to its end" if code == 0 else f"ended by {signal.Signals(-code).name}" if code < 0 else "failed"


def _all_gone(session: int) -> bool:
    """Whether nothing of a session is alive, within a moment."""
    until = time.monotonic() + LAST_BREATH
    while time.monotonic() < until:
        if not any(_alive(session)):
            return True
        time.sleep(0.02)
    return False


def _alive(session: int) -> Iterator[int]:
    """The processes of a session that are not merely waiting to be buried."""
    if not Path("/proc/self/stat").exists():
        try:
            os.killpg(session, 0)
        except (ProcessLookupError, PermissionError):
            return
        yield session
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of = entry.read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(of) == session and state not in "ZX":
            yield int(entry.parent.name)


# -- the log


def _log(house: House) -> Iterator[Recorded]:
    for batch in facts_of(house):
        yield from batch


def _without_time(recorded: Recorded) -> bytes:
    """A fact as two runs must agree on it: when it was recorded, and the hash over that, are their own."""
    fact = recorded.fact
    if isinstance(fact, DayClosed):
        fact = msgspec.structs.replace(fact, sealed_hash="")
    meta = msgspec.structs.replace(recorded.meta, recorded_at="")
    return msgspec.json.encode((recorded.position, recorded.stream, recorded.version, meta, fact))


def _transactions(log: list[Recorded]) -> Iterator[Transaction]:
    for recorded in log:
        if isinstance(recorded.fact, SalesReported):
            for register, _, number in keys_of(recorded.fact.transactions):
                yield recorded.meta.owner, recorded.meta.business_day, register, number


def _batches(log: list[Recorded]) -> Counter[tuple[str, str]]:
    return Counter(
        (recorded.stream, recorded.fact.batch_id)
        for recorded in log
        if isinstance(recorded.fact, SalesReported) and recorded.fact.part == 1
    )
