"""Clients that mean no good, against a server on a socket: each is answered or let go, and costs a bounded memory."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from services.decoding import BATCH_LIMIT
from services.runtime import serving as served
from tests.support.house import DAY, a_store, batch, sale
from tests.support.served import Server, serving

BATCHES = f"/store/1/days/{DAY}/batches"
MEMORY_MB = 400  # whatever is sent; 249 were measured
MB = 1_000_000
IDLE = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served") / "folder", a_store("1"), a_store("2")) as server:
        yield server
        assert server.process.poll() is None
        assert server.memory_mb() < MEMORY_MB


@pytest.fixture(autouse=True)
def good_requests_go_on(server: Server) -> Iterator[None]:
    """Whatever a test does, a store is served while it does it, and afterwards."""
    stop = threading.Event()
    answers: list[int] = []

    def ask() -> None:
        with server.client("store", "1") as client:
            while not (answers and stop.wait(0.05)):
                answers.append(client.post(BATCHES, content=batch(sale(1))).status_code)
                server.drain()

    asking = threading.Thread(target=ask)
    asking.start()
    yield
    stop.set()
    asking.join(60)
    assert set(answers) == {200}


def head(server: Server, *headers: str, path: str = BATCHES) -> bytes:
    """The head of a request of a store, which says how long its body is unless `headers` do."""
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: doors",
        f"Authorization: Bearer {server.token('store', '1')}",
        "Content-Type: application/json",
        *headers,
    )
    return "\r\n".join([*lines, "", ""]).encode()


def answer(connection: socket.socket) -> tuple[int, dict[str, object]]:
    """The status and the body of an answer that closes its connection or says how long it is."""
    said = b""
    while b"\r\n\r\n" not in said:
        part = connection.recv(65_536)
        assert part, said
        said += part
    start, _, body = said.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in start.split(b"\r\n") if line.lower().startswith(b"content-len"))
    while len(body) < length:
        body += connection.recv(65_536)
    return int(start.split()[1]), json.loads(body)


def pour(connection: socket.socket, part: bytes, times: int) -> int:
    """Send a part again and again until nobody takes it; how often it was taken."""
    for number in range(times):
        try:
            connection.sendall(part)
        except OSError:
            return number
    return times


def test_a_body_of_100_mb_is_refused_before_it_is_all_there(server: Server) -> None:
    with server.raw() as connection:
        connection.sendall(head(server, f"Content-Length: {100 * MB}"))
        taken = pour(connection, b" " * MB, 100)
        status, said = answer(connection)
    assert (status, said["code"]) == (413, "too_large")
    assert taken < 100


def test_an_endless_body_is_read_no_further_than_is_worth_it(server: Server) -> None:
    chunk = b"%x\r\n" % MB + b" " * MB + b"\r\n"
    with server.raw() as connection:
        connection.sendall(head(server, "Transfer-Encoding: chunked"))
        taken = pour(connection, chunk, 400)
        status, said = answer(connection)
    assert (status, said["code"]) == (413, "too_large")
    assert taken * MB < 10 * BATCH_LIMIT


def test_what_is_compressed_is_not_even_opened(server: Server) -> None:
    bomb = gzip.compress(b" " * 200 * MB)
    for encoding in ("gzip", "deflate", "br", "zstd", "gzip, identity", "GZIP"):
        with server.client("store", "1") as client:
            response = client.post(BATCHES, content=bomb, headers={"Content-Encoding": encoding})
        assert (response.status_code, response.json()["code"]) == (415, "media_not_taken")


@pytest.mark.slow
def test_a_body_that_does_not_come_is_waited_for_no_longer_than_said(server: Server) -> None:
    began = time.monotonic()
    with server.raw() as connection:
        connection.sendall(head(server, "Content-Length: 1000") + b"{")
        status, said = answer(connection)
    assert (status, said["code"]) == (408, "slow_body")
    assert time.monotonic() - began < 20


@pytest.mark.slow
def test_connections_on_which_nothing_is_said_are_let_go(server: Server) -> None:
    idle = [server.raw() for _ in range(IDLE)]
    for connection in idle[::2]:  # half of them begin to say something
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: do")
    try:
        with server.client("store", "1") as client:
            assert client.get("/store/1/sales").status_code == 200
        began = time.monotonic()
        for connection in idle:
            assert connection.recv(1) == b""
        assert time.monotonic() - began < served.HEAD_SECONDS + 10
    finally:
        for connection in idle:
            connection.close()


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "multipart/form-data; boundary=x", "json", "é"])
def test_a_body_of_another_kind_is_not_taken(server: Server, kind: str) -> None:
    with server.client("store", "1") as client:
        response = client.post(BATCHES, content=batch(sale(2)), headers={b"Content-Type": kind.encode()})
    assert (response.status_code, response.json()["code"]) == (415, "media_not_taken")


@pytest.mark.parametrize(
    "store",
    ["..", ".", "..%2f2", "%2e%2e%2f2", "1%00", "1%2f..%2f2", "1;2", "1%20", "%ff", "1%0d%0aX-Evil:1", "a" * 5_000],
)
def test_no_trick_in_a_store_s_code_leads_anywhere(server: Server, store: str) -> None:
    with server.raw() as connection:
        connection.sendall(head(server, "Content-Length: 2", path=f"/store/{store}/days/{DAY}/closing") + b"{}")
        status, said = answer(connection)
    assert status in {403, 404, 422}
    assert "root" not in json.dumps(said)


@pytest.mark.parametrize("name", ["X-Request-ID", "Idempotency-Key", "wait-for", "If-Match", "Origin"])
def test_nothing_that_is_sent_comes_back_as_a_header(server: Server, name: str) -> None:
    with server.raw() as connection:
        connection.sendall(head(server, f"{name}: a%0d%0aX-Evil: 1", "Content-Length: 2") + b"{}")
        said = connection.recv(65_536).lower()
    assert said.startswith(b"http/1.1 4")
    assert b"evil" not in said.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n evil\r\nno colon\r\n\r\n",
        b"GET /store/1/sales HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
    ids=["nul", "folded", "version", "tls", "two lengths", "negative", "long head"],
)
def test_what_is_no_request_is_no_trouble(server: Server, request_: bytes) -> None:
    with server.raw() as connection:
        connection.sendall(request_)
        try:
            said = connection.recv(65_536)
        except ConnectionResetError:
            said = b""
    assert said == b"" or said.startswith(b"HTTP/1.1 4")


def test_a_request_within_another_s_body_is_not_taken_for_one(server: Server) -> None:
    smuggled = b"GET /metrics HTTP/1.1\r\nHost: doors\r\n\r\n"
    with server.raw() as connection:
        connection.sendall(head(server, f"Content-Length: {len(smuggled)}") + smuggled)
        status, said = answer(connection)
    assert (status, said["code"]) == (400, "malformed")
