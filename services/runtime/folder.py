"""The data folder: what lies where in it, and its one owner.

The owner holds an advisory lock on the file `lock`, which also says who it is; the operating system lets go of it when
the process ends, however it ends.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import socket
from pathlib import Path
from typing import Any


class FolderInUse(RuntimeError):
    """Another process owns the folder; says which."""


class Folder:
    """Paths within a data folder, and its lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events = path / "events.sqlite"
        self.views = path / "views.duckdb"
        self.snapshots = path / "snapshots.sqlite"
        self.demo = path / "demo.json"
        self.answers = path / "answers.sqlite"
        self._lock_path = path / "lock"
        self._lock: int | None = None

    def own(self, purpose: str, now: dt.datetime) -> None:
        """Take ownership.

        Raises:
            FolderInUse: another process has it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise FolderInUse(f"the data folder {self.path} is in use by {self.holder_text()}") from None
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose, "since": now.isoformat()}
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(holder).encode(), 0)
        self._lock = lock

    def release(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def holder(self) -> dict[str, Any] | None:
        """Who owns the folder now, None if nobody does."""
        try:
            lock = os.open(self._lock_path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return self._said()
        finally:
            os.close(lock)
        return None

    def holder_text(self) -> str:
        """Who owns the folder, for people."""
        said = self._said()
        if "pid" not in said:
            return "another process"
        return f"process {said['pid']} on {said['host']} ({said['purpose']}, since {said['since']})"

    def _said(self) -> dict[str, Any]:
        try:
            said = json.loads(self._lock_path.read_text() or "{}")
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    def clear(self) -> None:
        """Delete log, views and snapshots. Only the owner may."""
        for name in ("events.sqlite", "views.duckdb", "snapshots.sqlite", "answers.sqlite", "demo.json"):
            for suffix in ("", "-wal", "-shm", ".wal"):
                (self.path / (name + suffix)).unlink(missing_ok=True)
