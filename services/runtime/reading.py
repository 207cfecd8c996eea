"""Reading batches ahead in a second process, so that a bulk load uses more than one core.

Only pure work is sent there: bytes and terms go out, batches in columns come back. Whatever goes wrong with a batch
there is left to the one place that decides, which then reads it itself. It must not know the house: the second process
loads no more than it needs.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Protocol

import msgspec

from domain.kernel import Refusal
from domain.sales.reading import Terms
from services.batches import ReadBatch, read_batch
from services.decoding import decode_batch


class Joinable(Protocol):
    """A process that can be waited for."""

    def join(self) -> None: ...


Work = list[tuple[bytes, Terms | None]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[ReadBatch | None]).decode


class ReadingRoom:
    """One process that reads. Close it when the load is done."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _leave_with_parent)

    def read(self, work: Work) -> Future[bytes]:
        """Read batches under their terms; give the future to `result`."""
        return self._pool.submit(read_all, work)

    @staticmethod
    def result(future: Future[bytes]) -> Sequence[ReadBatch | None]:
        """What was read, in order; None where the batch has to be read where it is decided."""
        return _decode(future.result())

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def read_all(work: Work) -> bytes:
    """The work of the second process."""
    return _encode([_read(raw, terms) for raw, terms in work])


def _read(raw: bytes, terms: Terms | None) -> ReadBatch | None:
    if terms is None:
        return None
    try:
        return read_batch(decode_batch(raw), terms)
    except Refusal:
        return None


def _leave_with_parent() -> None:
    """End when the parent is gone, however it went: a killed one cannot say goodbye. An interrupt is for the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: Joinable) -> None:
    parent.join()
    os._exit(1)
