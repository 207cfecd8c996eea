"""The commands of `counterfoil`, and their exit status: 0 done, 1 done with something to look at, 2 not understood,
3 the data folder is in use, 130 interrupted. It must not know how any of it is done.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from domain.kernel import Context, Refusal
from domain.values import Invalid, business_day
from projections.questions import Asked, read_known_at, read_where
from projections.registry import QUESTIONS
from services.decoding import json_schemas
from services.demo.complete_journey import ChainYear
from services.event_store import ClockBehind, UnreadableFact
from services.runtime import reports
from services.runtime.demo import Load, bytes_of, follow_views, found
from services.runtime.doctor import examine
from services.runtime.folder import Folder, FolderInUse
from services.runtime.house import House, now
from services.runtime.importing import import_files
from services.runtime.kept import all_facts, purgeable
from services.runtime.screens import Bars, beside, harmless, label, screen
from services.runtime.settings import Settings
from services.runtime.summary import show_summary
from services.transport.embedded import FeedStopped

IN_USE: Final = 3
INTERRUPTED: Final = 130

app = typer.Typer(
    help="Counterfoil, the back office of a chain of stores: facts that nobody can change, and figures traced to them.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
Data = Annotated[
    Path | None, typer.Option("--data", help="The data folder (also COUNTERFOIL_DATA; else data).", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a screen.")]
"""
