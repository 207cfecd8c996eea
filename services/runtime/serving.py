"""Serving over HTTP: the process that listens. What it serves is named by a string, so that nothing here knows it."""

from __future__ import annotations

import os
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


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until told to stop; what was begun is finished first.

    Raises:
        FolderInUse: another process has the data folder.
    """
    folder = Folder(settings.data)
    if folder.holder() is not None:
        raise FolderInUse(f"the data folder {folder.path} is in use by {folder.holder_text()}")
    os.environ["COUNTERFOIL_DATA"] = str(settings.data)
    uvicorn.run(
        APPLICATION,
        factory=True,
        host=host,
        port=port,
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
