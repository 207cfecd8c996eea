"""Slow, endless and absent clients: each costs no more than it may, and the others do not notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from api import limits
from api.app import create
from api.consistency import BadPosition, position_token, read_position
from api.errors import TooManyRequests
from api.limits import Rates
from domain.kernel import Context
from services.decoding import BATCH_LIMIT
from services.intake import STORE, Intake, Place, Refused
from services.runtime.commands import app as commands
from services.runtime.settings import Settings
from tests.support.house import DAY, a_store, batch, open_desk, sale
from tests.support.http import JSON, Entrance, Lines, open_entrance, problem_of

BATCHES = f"/store/1/days/{DAY}/batches"


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[httpx2.AsyncClient, dict[str, str]]]:
    """A client in the same loop as the application, and the headers that let a store in."""
    with open_entrance(folder, a_store("1")) as entrance:
        bearer = {"Authorization": f"Bearer {entrance.token('store', '1')}", **JSON}
    app = create(Settings(data=folder), log=Lines())
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://doors") as client,
    ):
        yield client, bearer


def test_a_body_that_comes_too_slowly_is_not_waited_for_and_others_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CHUNK_SECONDS", 0.5)

    async def dripping() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)
        yield b"}"

    async def go() -> tuple[httpx2.Response, httpx2.Response]:
        async with served(tmp_path) as (client, bearer):
            slow = asyncio.ensure_future(client.post(BATCHES, content=dripping(), headers=bearer))
            await asyncio.sleep(0.1)
            good = await client.post(BATCHES, content=batch(sale(1)), headers=bearer)
            assert not slow.done()
            return await slow, good

    slow, good = asyncio.run(go())
    problem_of(slow, 408, "slow_body")
    assert good.status_code == 200


def test_of_an_endless_body_no_more_is_read_than_is_worth_it(tmp_path: Path) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1_000_000
            yield b" " * 1_000_000

    async def go() -> httpx2.Response:
        async with served(tmp_path) as (client, bearer):
            return await client.post(BATCHES, content=endless(), headers=bearer)

    problem_of(asyncio.run(go()), 413, "too_large")
    assert sent <= BATCH_LIMIT + limits.READ_ON + 2_000_000


def test_a_caller_that_goes_away_takes_no_command_along(tmp_path: Path) -> None:
    async def go() -> int:
        async with served(tmp_path) as (client, bearer):
            for number in range(1, 6):
                body = batch(sale(number), batch_id=f"b{number}")
                gone = asyncio.ensure_future(client.post(BATCHES, content=body, headers=bearer))
                await asyncio.sleep(0.001 * number)
                gone.cancel()
            answer = await client.post(BATCHES, content=batch(sale(9), batch_id="b9"), headers=bearer)
            return answer.status_code

    assert asyncio.run(go()) == 200


def test_a_bucket_fills_again() -> None:
    now = [0.0]
    rates = Rates(10, lambda: now[0])
    for _ in range(20):
        rates.take("a")
    with pytest.raises(TooManyRequests):
        rates.take("a")
    rates.take("b")
    now[0] = 0.1
    rates.take("a")
    with pytest.raises(TooManyRequests):
        rates.take("a")


@pytest.mark.parametrize(("owner", "position"), [("1", 0), ("a:b", 7), ("", 10**17)])
def test_a_position_comes_back_out_of_its_token(owner: str, position: int) -> None:
    assert read_position(position_token(owner, position)) == position


@pytest.mark.parametrize("token", ["", "=", "AAAA", "é", "MS8x\n", "x" * 500])
def test_what_is_no_token_is_no_position(token: str) -> None:
    with pytest.raises(BadPosition):
        read_position(token)


def test_a_description_is_taken_in_only_while_the_version_it_was_made_for_holds(tmp_path: Path) -> None:
    with open_desk(tmp_path, a_store("1")) as desk:
        intake: Intake = desk.intake
        held = desk.writer.do(intake.stores.version("1"), Context()).result

        def describe(name: str, match: str | None) -> Any:
            command = intake.description(a_store("1", name=name), "", STORE, Place("1"), match)
            return desk.writer.do(command, Context()).result

        assert describe("first", held).changed
        late = describe("second", held)
        assert isinstance(late, Refused)
        assert (late.code, late.kind) == ("version_moved", "conflict")
        assert describe("second", desk.writer.do(intake.stores.version("1"), Context()).result).changed
        assert desk.writer.do(intake.stores.version("9"), Context()).result == ""


def test_the_command_line_signs_a_token_that_opens(entrance: Entrance) -> None:
    arguments = ["token", "--role", "store", "--store", "1", "--days", "1", "--data", str(entrance.folder)]
    done = CliRunner().invoke(commands, arguments)
    assert done.exit_code == 0, done.output
    assert entrance.when("GET", "/store/1/sales", done.stdout.strip()).status_code == 200
    wrong = CliRunner().invoke(commands, [*arguments[:3], "--data", str(entrance.folder)])
    assert wrong.exit_code == 2


def test_a_folder_that_is_served_is_not_served_twice(entrance: Entrance) -> None:
    done = CliRunner().invoke(commands, ["serve", "--data", str(entrance.folder)])
    assert done.exit_code == 3
    assert "in use" in done.output


def test_a_token_signed_for_another_audience_does_not_open(tmp_path: Path) -> None:
    with open_entrance(tmp_path, a_store("1"), audience="chain-a") as entrance:
        there, elsewhere = (entrance.token("auditor", audience=each) for each in ("chain-a", "chain-b"))
        assert entrance.when("GET", "/auditor/sales", there).status_code == 200
        problem_of(entrance.when("GET", "/auditor/sales", elsewhere), 401, "unauthenticated")
