"""What people see on a terminal: harmless text, progress bars, tables. It must not know where figures come from.

Whatever came from outside is shown through `harmless`, so that no reason and no article's name can move the cursor,
change colours or turn the direction of writing.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Literal, Self

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

PIPE_WIDTH: Final = 160
_GAP: Final = 3  # between two columns of a table; around all of them there are two more, less the last gap
_LEAST_TEXT: Final = 8  # characters to which a column of text may be narrowed
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LABELS: Final = {
    "counterfoil/store/1": "stores",
    "counterfoil/article/1": "articles",
    "counterfoil/movement/1": "movements",
    "counterfoil/batch/1": "batches",
    "counterfoil/no-sales/1": "days without sales",
    "counterfoil/declaration/1": "declarations",
    "counterfoil/resolution/1": "resolutions",
    "counterfoil/closing/1": "closings",
    "": "unreadable lines",
}


def screen() -> Console:
    """Where answers go: the standard output; wide where nobody says how wide it is."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console


def beside() -> Console:
    """Where progress and trouble go: the standard error, so that answers can be piped."""
    return Console(stderr=True, highlight=False)


def escaped(text: str) -> str:
    """The text with everything that a terminal would obey instead of show written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(each) if unicodedata.category(each) in _UNPRINTABLE else each for each in text)


def _escape(character: str) -> str:
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def harmless(value: Any, style: str = "") -> Text:
    """A value as text that is only ever shown; nothing in it is markup."""
    return Text("" if value is None else escaped(str(value)), style)


def table(columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[Any]], title: str = "") -> Table:
    """A table; of each column its name and whether it holds figures."""
    made = Table(box=SIMPLE_HEAD, title=harmless(title) if title else None, title_justify="left", pad_edge=False)
    for name, figures in columns:
        made.add_column(harmless(name), justify="right" if figures else "left", overflow="fold", no_wrap=figures)
    for row in rows:
        made.add_row(*(harmless(value) for value in row))
    return made


def blocks(
    columns: Sequence[tuple[str, bool]],
    keys: int,
    rows: Sequence[Sequence[Any]],
    width: int,
    beside: Container[str] = (),
) -> Iterator[Table]:
    """A table as blocks that fit a width, each beginning with the first `keys` columns: no figure is folded or cut.

    Columns named in `beside` stay with the one before. Text is folded where a block would not fit otherwise; a block
    whose figures alone are too wide is wider than the screen.
    """
    cells = [[escaped("" if value is None else str(value)) for value in row] for row in rows]
    widths = [
        max(cell_len(text) for text in (escaped(name), *(row[place] for row in cells)))
        for place, (name, _) in enumerate(columns)
    ]
    head = list(range(keys))
    groups: list[list[int]] = []
    for place in range(keys, len(columns)):
        if groups and columns[place][0] in beside:
            groups[-1].append(place)
        else:
            groups.append([place])
    for group in groups:
        _narrow([*head, *group], columns, widths, width)
    while groups:
        block = head + groups.pop(0)
        while groups and _width([widths[place] for place in block + groups[0]]) <= width:
            block += groups.pop(0)
        yield _block(columns, widths, block, cells)


def _narrow(places: Sequence[int], columns: Sequence[tuple[str, bool]], widths: list[int], width: int) -> None:
    """Take from the widest columns of text what is too much for these columns to stand side by side."""
    while _width([widths[place] for place in places]) > width:
        wide = [place for place in places if not columns[place][1] and widths[place] > _LEAST_TEXT]
        if not wide:
            return
        widths[max(wide, key=lambda place: widths[place])] -= 1


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * len(widths) - 1


def _block(
    columns: Sequence[tuple[str, bool]], widths: Sequence[int], places: Sequence[int], cells: Sequence[Sequence[str]]
) -> Table:
    made = Table(box=SIMPLE_HEAD, pad_edge=False, width=_width([widths[place] for place in places]))
    for place in places:
        name, figures = columns[place]
        justify: Literal["right", "left"] = "right" if figures else "left"
        made.add_column(harmless(name), justify=justify, overflow="fold", width=widths[place])
    for row in cells:
        made.add_row(*(Text(row[place]) for place in places))
    return made


def label(schema: str) -> str:
    """What lines of a schema are called on the screen."""
    return _LABELS.get(schema, schema)


class Bars:
    """Progress of several parts at once; shows nothing where there is no terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def expect(self, name: str, total: int | None) -> None:
        """Announce a part and how much there is of it."""
        self._tasks[name] = self._progress.add_task(name, total=total)

    def advance(self, name: str, by: int) -> None:
        """So much more of a part is done."""
        if name not in self._tasks:
            self.expect(name, None)
        self._progress.advance(self._tasks[name], by)

    def reach(self, name: str, done: int, total: int) -> None:
        """A part stands here, of as much as is known so far."""
        if name not in self._tasks:
            self.expect(name, total)
        self._progress.update(self._tasks[name], completed=done, total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
