"""Serving over HTTP: the process that listens. What it serves is named by a string, so that nothing here knows it."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.event_store import ClockBehind, Conflict, UnreadableFact
from services.runtime.folder import Folder, FolderInUse
from services.runtime.settings import Settings
from services.transport.embedded import FeedStopped

UNAVAILABLE: Final[tuple[type[Exception], ...]] = (ClockBehind, Conflict, FeedStopped, UnreadableFact)
"""What keeps the whole house from answering, whoever asks."""

APPLICATION: Final = "api.app:from_environment"
HEAD_SECONDS: Final = 10.0  # for the head of a request, from the moment the connection is there
KEEP_ALIVE_SECONDS: Final = 15
GRACE_SECONDS: Final = 20
HEAD_BYTES: Final = 32 * 1024
BACKLOG: Final = 2_048  # connections that wait to be taken


class Impatient(H11Protocol):
    """Lets a connection go whose request does not begin, so that idle ones cannot use up all there may be."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._patience = self.loop.call_later(HEAD_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.scope:  # the head of a request is there
            self._patience.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.cancel()
        super().connection_lost(exc)


class CannotServe(OSError):
    """The address cannot be listened at, or the house behind it did not open."""


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        CannotServe: somebody else listens there, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as why:
        reason = "another process listens there" if getattr(why, "errno", 0) == errno.EADDRINUSE else str(why)
        raise CannotServe(f"cannot serve on {host} port {port}: {reason}; choose another with --port") from None


def serve(settings: Settings, host: str, port: int, told: Callable[[str], None]) -> None:
    """Serve until told to stop; what was begun is finished first. `told` hears the address once somebody listens there.

    Raises:
        FolderInUse: another process has the data folder.
        CannotServe: the address cannot be listened at, or the house did not open.
    """
    folder = Folder(settings.data)
    if folder.holder() is not None:
        raise FolderInUse(f"the data folder {folder.path} is in use by {folder.holder_text()}")
    os.environ["COUNTERFOIL_DATA"] = str(settings.data)
    config = uvicorn.Config(
        APPLICATION,
        factory=True,
        http=Impatient,
        ws="none",
        limit_concurrency=settings.connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=HEAD_BYTES,
        server_header=False,
        proxy_headers=False,
        access_log=False,
        log_level="warning",
    )
    server = uvicorn.Server(config)
    with listening(host, port) as door:
        named = f"[{host}]" if ":" in host else host
        told(f"http://{named}:{door.getsockname()[1]}")
        with suppress(KeyboardInterrupt):  # it has stopped tidily by then
            server.run([door])
    if not server.started:
        raise CannotServe("the house did not open: the lines above say why")
