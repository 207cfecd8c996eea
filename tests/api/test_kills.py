"""A server that is killed under load: what it acknowledged is there once, and its answer can be had again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from domain.sales.facts import SalesReported
from services.event_store import EventStore
from services.runtime.folder import Folder
from services.runtime.house import now
from tests.support.house import DAY, a_store, batch, sale
from tests.support.served import Server, serving

KILLS = 5
SENDERS = 4
BATCHES = f"/store/1/days/{DAY}/batches"
Answer = dict[str, Any]


def a_batch(number: int) -> bytes:
    """A batch of its own, of two receipts."""
    return batch(sale(2 * number - 1), sale(2 * number), batch_id=f"b{number}")


class Load:
    """Senders, each of batches of its own, until the server is gone; what was acknowledged is noted."""

    def __init__(self, server: Server, first: int) -> None:
        self.acknowledged: dict[int, Answer] = {}
        self.sent = first
        self._server = server
        self._lock = threading.Lock()
        self._senders = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        for sender in self._senders:
            sender.start()

    def _send(self) -> None:
        with self._server.client("store", "1") as client:
            while True:
                with self._lock:
                    self.sent += 1
                    number = self.sent
                try:
                    response = client.post(BATCHES, content=a_batch(number))
                except httpx2.TransportError:
                    return
                assert response.status_code == 200, response.text
                self.acknowledged[number] = response.json()

    def wait(self, number: int) -> None:
        """Until so many are acknowledged."""
        until = time.monotonic() + 60
        while len(self.acknowledged) < number:
            assert time.monotonic() < until
            time.sleep(0.001)

    def ended(self) -> None:
        for sender in self._senders:
            sender.join(60)


def said(answer: Answer) -> Answer:
    """An answer without what is of the moment it was given at."""
    return {name: value for name, value in answer.items() if name not in {"replayed", "position"}}


@pytest.mark.slow
def test_what_was_acknowledged_before_a_kill_is_there_once(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    folder, sent = tmp_path / "folder", 0
    acknowledged: dict[int, Answer] = {}
    for kill in range(KILLS):
        with serving(folder, *([a_store("1")] if kill == 0 else [])) as server:
            load = Load(server, sent)
            load.wait(10 * (kill + 1))
            server.kill()
            load.ended()
            acknowledged |= load.acknowledged
            sent = load.sent
    with serving(folder) as server, server.client("store", "1") as client:
        for number, first in acknowledged.items():
            again = client.post(BATCHES, content=a_batch(number)).json()
            assert again["replayed"] is True, number
            assert said(again) == said(first)
            assert again["accepted"] == 2
        rows = client.get("/store/1/sales", params={"measures": "transactions", "after": again["position"]}).json()
    record_property("acknowledged", len(acknowledged))
    reported = batches_of(folder)
    assert len(reported) == len(set(reported))
    assert {f"b{number}" for number in acknowledged} <= set(reported)
    assert [row["transactions"] for row in rows["rows"]] == [2 * len(reported)]


def batches_of(folder: Path) -> list[str]:
    """The batches whose sales the log holds, once for each fact."""
    store = EventStore(Folder(folder).events, now, "test")
    try:
        return [each.fact.batch_id for each in store.after(0, 1_000_000) if isinstance(each.fact, SalesReported)]
    finally:
        store.close()
