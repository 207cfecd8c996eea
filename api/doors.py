"""What all doors share: the house behind them, who is calling, and the ways in and out.

Commands go to the one writer and questions to a few threads, so that neither a disk nor a long question ever holds up
the others. It must not know any address.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from fastapi import Request

from api.errors import Answered, Busy, ViewsStopped, request_id
from api.identity import Caller, Identity
from api.limits import Body, Rates
from api.watching import Metrics
from domain.kernel import Context, Refusal
from projections.kernel import QuestionStopped
from projections.questions import Answer, Asked, Question
from services.decoding import TooLarge
from services.intake import Place, Refused
from services.refusals import keep_refused
from services.runtime.answers import Answers
from services.runtime.house import House
from services.writer import Command, Kept

T = TypeVar("T")
COMMANDS_WAITING: Final = 1_000
QUESTIONS_WAITING: Final = 64
QUEUE_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.2  # how often a running question is looked after
FIRST_POLL, LONGEST_POLL = 0.002, 0.05


class QuestionTooSlow(Refusal):
    """It was stopped because it took longer than a question may."""

    code = "question_too_slow"
    kind = "invalid"


class Doors:
    """The house as the doors see it."""

    def __init__(self, house: House, metrics: Metrics, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.house = house
        self.clock = house.clock
        self.metrics = metrics
        self.identity = Identity(house.settings, house.clock)
        self.rates = Rates(house.settings.requests_per_second, monotonic)
        self.answers = Answers(house.folder.answers)
        self.deciding: set[tuple[str, str]] = set()
        self._monotonic = monotonic
        self._slots = asyncio.Semaphore(house.settings.questions)
        self._queued = 0
        self._commands = 0
        metrics.watch(lambda: self._commands, self.lag, lambda: house.settings.questions - self._slots._value)

    def close(self) -> None:
        """Finish what was accepted and let go of the folder. Blocks."""
        self.answers.close()
        self.house.close()

    # -- in

    async def do(self, command: Command[T | Refused], request: Request, caller: Caller) -> Kept[T]:
        """Have a command decided and kept.

        Raises:
            Answered: it was refused, and the refusal kept.
            Busy: too many wait already.
        """
        (outcome,) = await self.do_all([command], request, caller)
        if isinstance(outcome.result, Refused):
            raise Answered(outcome.result)
        return outcome

    async def do_all(self, commands: Sequence[Command[Any]], request: Request, caller: Caller) -> list[Kept[Any]]:
        """Have commands decided in order and kept together; some may have been refused.

        Raises:
            Busy: too many wait already.
        """
        if self._commands >= COMMANDS_WAITING:
            raise Busy("too much is being sent in at this moment: try again shortly")
        context = Context(caller.actor, caller.role, correlation=request_id(request))
        submitted = self.house.writer.submit_all([(command, context) for command in commands])
        self._commands += len(commands)
        try:
            # a caller that goes away must not take the commands along: the writer has them
            outcomes = await asyncio.shield(asyncio.wrap_future(submitted))
        finally:
            self._commands -= len(commands)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        return outcomes

    async def keep_too_large(self, body: Body, request: Request, caller: Caller, schema: str, place: Place) -> None:
        """Keep what can be kept of a body that is too large, and refuse it."""
        assert body.whole is not None
        why = TooLarge(f"the body has {body.whole[1]:,} bytes or more, which is too large: send it in several")
        keep = keep_refused(
            body.raw, why, why.code, schema=schema, store=place.store, day=place.business_day,
            source=source_of(request), whole=body.whole,
        )  # fmt: skip
        await self.do(keep, request, caller)
        raise why

    async def keep_attempt(self, request: Request, caller: Caller) -> None:
        """Record that a caller tried a store that is not theirs: once for each address, filed under no store."""
        line = f"{caller.actor} {request.method} {request.url.path}".encode()[:500]
        why = Refusal("the token is not of the store of the address")
        keep = keep_refused(line, why, "foreign_store", source=source_of(request))
        await self.do(keep, request, caller)

    # -- out

    def lag(self) -> int:
        """How many positions the views are behind the log."""
        return max(self.house.store.head() - self.house.views.position(), 0)

    async def reached(self, position: int) -> bool:
        """Wait a bounded time until the views have reached a position.

        Raises:
            ViewsStopped: they never will.
        """
        until = self._monotonic() + self.house.settings.wait_seconds
        poll = FIRST_POLL
        while self.house.views.position() < position:
            if self.house.feed.problem is not None:
                raise ViewsStopped("the figures stand still and are being looked after: tell whoever keeps the house")
            if self._monotonic() >= until:
                return False
            await asyncio.sleep(poll)
            poll = min(2 * poll, LONGEST_POLL)
        return True

    @asynccontextmanager
    async def answering(
        self, asked: Asked, request: Request, question: Question | None = None
    ) -> AsyncIterator[Answer]:
        """An answer, among no more than may be made at once; let go at the end, whatever becomes of it.

        Raises:
            Busy: too many wait, or waited too long.
            QuestionTooSlow: it was stopped, because it took too long.
            QuestionStopped: it was stopped, because the caller went away.
        """
        async with self.slot():
            answer = await self._ask(asked, request, question)
            try:
                yield answer
            finally:
                answer.close()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Within, one of those who may read the views at once.

        Raises:
            Busy: too many wait, or waited too long.
        """
        if self._queued >= QUESTIONS_WAITING:
            raise Busy("too many questions are being answered at this moment: try again shortly")
        self._queued += 1
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise Busy("others' questions took too long to wait for: try again shortly") from None
        finally:
            self._queued -= 1
        try:
            yield
        finally:
            self._slots.release()

    async def _ask(self, asked: Asked, request: Request, question: Question | None) -> Answer:
        """Ask in a thread, looking meanwhile whether the time is over or the caller gone."""
        until = self._monotonic() + self.house.settings.question_seconds
        reading = await asyncio.to_thread(self.house.views.read)
        asking = asyncio.ensure_future(asyncio.to_thread(self.house.views.ask, asked, question, reading))
        too_slow = False
        try:
            while not (await asyncio.wait({asking}, timeout=LOOK_SECONDS))[0]:
                too_slow = self._monotonic() >= until
                if too_slow or await request.is_disconnected():
                    reading.stop()
        except asyncio.CancelledError:
            asking.add_done_callback(_let_go)
            reading.stop()
            raise
        if too_slow and isinstance(asking.exception(), QuestionStopped):
            raise QuestionTooSlow(
                f"the question took more than {self.house.settings.question_seconds:g} s and was stopped: "
                "ask for fewer days or a coarser cut"
            )
        return asking.result()


def _let_go(asking: asyncio.Future[Answer]) -> None:
    """Close an answer that nobody waits for any more."""
    if not asking.cancelled() and asking.exception() is None:
        asking.result().close()


def source_of(request: Request) -> str:
    """Where something came from, as facts name it."""
    return f"{request.method} {request.url.path}"[:120]


def doors_of(request: Request) -> Doors:
    """The doors of the application that a request came to."""
    doors: Doors = request.app.state.doors
    return doors
