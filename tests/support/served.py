"""A server as it runs for real: `counterfoil serve` in a process of its own, on a socket of this machine.

It must not know any address.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

from domain.kernel import Context
from services.runtime.house import House
from services.runtime.settings import Settings
from services.runtime.tokens import sign

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 60.0  # seconds until a server that was started listens, or ends after it was told to


class Server:
    """A process that serves a folder."""

    def __init__(self, folder: Path, *command: str, **settings: str) -> None:
        self.folder = folder
        named = {f"COUNTERFOIL_{name.upper()}": value for name, value in settings.items()}
        arguments = command or ("serve", "--port", "0", "--data", str(folder))
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from services.runtime.cli import main; main()", *arguments],
            cwd=ROOT,
            env=os.environ | named,
            stdout=subprocess.PIPE if command else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if command else subprocess.PIPE,
        )
        self.said = ""
        self.url = self._heard(r"http://[\d.]+:\d+")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def _heard(self, pattern: str) -> str:
        """Read what the process says until it says this."""
        pipe = self.process.stdout or self.process.stderr
        assert pipe is not None
        until = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.said)) is None:
            assert select.select([pipe], [], [], max(until - time.monotonic(), 0))[0], self.said
            part = os.read(pipe.fileno(), 65_536)
            assert part, self.said
            self.said += part.decode()
        return found[0]

    def hear(self, pattern: str) -> str:
        """What the process says, up to this."""
        self._heard(pattern)
        return self.said

    def drain(self) -> None:
        """Throw away what it has said, so that its pipe never fills."""
        pipe = self.process.stdout or self.process.stderr
        assert pipe is not None
        while select.select([pipe], [], [], 0)[0] and os.read(pipe.fileno(), 65_536):
            pass

    def memory_mb(self) -> float:
        """The most memory the process has held, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    def token(self, role: str, *stores: str) -> str:
        return sign(self.folder, role, stores, 1, dt.datetime.now(dt.UTC)).token

    def client(self, role: str, *stores: str, **more: Any) -> httpx2.Client:
        """A client with a token."""
        headers = {"Authorization": f"Bearer {self.token(role, *stores)}", "Content-Type": "application/json"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30, **more)

    def raw(self) -> socket.socket:
        """A connection on which nothing was said yet."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def kill(self) -> None:
        """End it at once, with nothing tidied up."""
        self.process.kill()
        self._ended()

    def stop(self) -> int:
        """Tell it to stop, as a terminal does; gives its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self._ended()

    def _ended(self) -> int:
        try:
            self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode


@contextmanager
def serving(folder: Path, *bodies: bytes, **settings: str) -> Iterator[Server]:
    """A server over a folder that has taken in `bodies`; stopped tidily at the end unless it has ended before."""
    with House(Settings(data=folder), "a test") as house:
        for body in bodies:
            house.writer.do(house.intake.line(body), Context())
    server = Server(folder, **settings)
    try:
        yield server
    finally:
        server.stop()
