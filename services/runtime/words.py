"""What the commands of `counterfoil` share: where the data is, the exit status, and every trouble said in words.

It must not know any command.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import msgspec
import typer

from domain.kernel import Refusal
from services.event_store import ClockBehind, UnreadableFact
from services.runtime.folder import Folder, FolderInUse
from services.runtime.house import House
from services.runtime.screens import beside, harmless
from services.runtime.settings import Settings
from services.transport.embedded import FeedStopped

LOOK_AT_IT: Final = 1
MEANS_NOTHING: Final = 2
IN_USE: Final = 3
INTERRUPTED: Final = 130
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder (else COUNTERFOIL_DATA, data).", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a screen.")]


class NothingHere(Refusal):
    """The folder holds no log."""

    code = "nothing_here"
    kind = "missing"


def settings_of(context: typer.Context, data: Path | None) -> Settings:
    """The settings; `--data` may stand before or after the command."""
    chosen = data or context.obj
    return Settings() if chosen is None else Settings(data=chosen)


def must_hold_a_log(folder: Folder) -> None:
    if not folder.events.exists():
        raise NothingHere(f"there is no data in {folder.path} yet: counterfoil demo or counterfoil import brings some")


@contextmanager
def open_house(settings: Settings, purpose: str) -> Iterator[House]:
    """A house over a folder that must be there, with its views up to date."""
    must_hold_a_log(Folder(settings.data))
    with House(settings, purpose) as house:
        house.settle()
        yield house


@contextmanager
def in_words() -> Iterator[None]:
    """Whatever may stand in the way is said in words and ends with its status."""
    try:
        yield
    except FolderInUse as in_use:
        stop(str(in_use), IN_USE)
    except Refusal as refusal:
        stop(refusal.reason, MEANS_NOTHING)
    except (FeedStopped, ClockBehind, UnreadableFact, BrokenProcessPool, OSError) as problem:
        stop(str(problem), LOOK_AT_IT)
    except KeyboardInterrupt:
        stop("interrupted; what was taken in so far is kept, and the same command goes on from there", INTERRUPTED)


def stop(words: str, status: int) -> NoReturn:
    beside().print(harmless(words), soft_wrap=True)
    raise typer.Exit(status)


def print_json(value: Any) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
