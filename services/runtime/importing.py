"""Importing files of lines: two passes, so that one import gives the same books whatever the order of files and lines.

The first pass finds out where each line is and when it is its turn, the second applies them turn by turn: stores and
articles by the day from which they hold, then business day by business day. Bodies stay on disk; what is held of a line
is four integers. It must not know how outcomes are shown.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec

from domain.kernel import Context, Refusal
from domain.products.commands import DescribeArticle
from domain.sales.commands import CloseDay, DeclareDrawer, DeclareNoSales, ReportBatch, ResolveConflict
from domain.stock.commands import RecordMovement
from domain.stores.commands import DescribeStore
from services.decoding import BATCH_LIMIT, TooLarge, cut, schema_of, storable
from services.intake import BATCH, Refused
from services.refusals import KEPT_OF_TOO_LARGE, keep_refused
from services.runtime.bulk import Loader, Tally, without_collection
from services.runtime.house import House
from services.runtime.reading import ReadingRoom
from services.runtime.screens import Bars, label

ORDER: Final[tuple[str, ...]] = tuple(
    str(kind.__struct_config__.tag)
    for kind in (
        DescribeStore,
        DescribeArticle,
        RecordMovement,  # what came in is there before it is sold
        ReportBatch,
        DeclareNoSales,
        DeclareDrawer,
        ResolveConflict,
        CloseDay,
    )
)
"""The order in which the schemas of one business day are applied; stores, then articles, come before any day."""

UNREADABLE: Final = len(ORDER)
BEYOND_LIMIT: Final = UNREADABLE + 1
PIECE_BYTES: Final = 8 * 1024 * 1024  # of lines that are on their way together
WORTH_A_ROOM: Final = 500  # batches; below that a second process costs more than it gives
_BOM: Final = b"\xef\xbb\xbf"
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class NotAFile(Refusal):
    """A name on the command line that no lines can be read from."""

    code = "not_a_file"
    kind = "missing"


class Turn(NamedTuple):
    """When a line is applied: stores, articles, then the days; within a day by schema."""

    phase: int
    day: str
    rank: int


class Place(NamedTuple):
    """Where a line lies: the file by its index, the number of the line, and its bytes."""

    file: int
    number: int
    offset: int
    length: int


class Index:
    """Where every line of some files is, by turn."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files
        self._places: dict[Turn, array[int]] = {}
        self.lines: Counter[str] = Counter()

    def add(self, turn: Turn, place: Place) -> None:
        """Take note of a line."""
        places = self._places.get(turn)
        if places is None:
            places = self._places[turn] = array("Q")
        places.extend(place)
        self.lines[schema_at(turn)] += 1

    def turns(self) -> Iterator[tuple[Turn, Iterator[Place]]]:
        """The turns in order, each with its lines in the order of the files."""
        for turn in sorted(self._places):
            places = self._places[turn]
            yield turn, (Place(*places[at : at + 4]) for at in range(0, len(places), 4))


def schema_at(turn: Turn) -> str:
    """The schema of the lines of a turn; empty for what cannot be read."""
    return ORDER[turn.rank] if turn.rank < UNREADABLE else ""


def apply_all(house: House, index: Index, context: Context, bars: Bars) -> Tally:
    """The second pass: apply all lines. What is refused is counted, kept and listed."""
    room = ReadingRoom() if index.lines[BATCH] >= WORTH_A_ROOM else None
    try:
        loader = Loader(house, context, lambda schema, lines: bars.advance(label(schema), lines), room)
        for schema in (*ORDER, ""):
            if index.lines[schema]:
                bars.expect(label(schema), index.lines[schema])
        with without_collection(), house.bulk():
            _apply(house, loader, index, context)
            loader.drain()
            follow_views(house, bars)
    finally:
        if room is not None:
            room.close()
    return loader.tally


def _apply(house: House, loader: Loader, index: Index, context: Context) -> None:
    phase = 0
    with Source(index.files) as source:
        for turn, places in index.turns():
            if turn.phase != phase:
                phase = turn.phase
                loader.drain()  # batches are read ahead under the terms that the log has by then
            if turn.rank == BEYOND_LIMIT:
                for place in places:
                    outcome = _refuse_too_large(house, source, place, context)
                    loader.tally.count("", outcome, outcome.source)
                continue
            for piece in _pieces(places):
                loader.load(schema_at(turn), ((source.read(place), source.name(place)) for place in piece))


def _pieces(places: Iterable[Place]) -> Iterator[list[Place]]:
    """Lines that may be held in memory together."""
    piece: list[Place] = []
    held = 0
    for place in places:
        if piece and held + place.length > PIECE_BYTES:
            yield piece
            piece, held = [], 0
        piece.append(place)
        held += place.length
    if piece:
        yield piece


def follow_views(house: House, bars: Bars) -> None:
    """Show how the views come after the log, until they hold all of it."""
    head = house.store.head()
    while not house.feed.settle(head, 0.1):
        bars.reach("views", house.views.position(), head)
    bars.reach("views", head, head)


# -- the first pass


def scan(files: Sequence[Path], bars: Bars) -> Index:
    """The first pass: find every line of the files that is not empty.

    Raises:
        NotAFile: one of them is not there, or no file.
    """
    total = sum(_size(path) for path in files)
    bars.expect("MB looked through", total // 1_000_000)
    index = Index(files)
    done = 0
    for which, path in enumerate(files):
        with path.open("rb") as file:
            for number, offset, length, raw in lines_of(file):
                index.add(turn_of(raw, length), Place(which, number, offset, length))
                if number % 1_000 == 0:
                    bars.reach("MB looked through", (done + offset) // 1_000_000, total // 1_000_000)
        done += _size(path)
    bars.reach("MB looked through", total // 1_000_000, total // 1_000_000)
    return index


def _size(path: Path) -> int:
    if not path.exists():
        raise NotAFile(storable(f"there is no file {path}"))
    if not path.is_file():
        raise NotAFile(storable(f"{path} is no file that can be read twice"))
    return path.stat().st_size


def lines_of(file: BinaryIO) -> Iterator[tuple[int, int, int, bytes]]:
    """Number, offset, length and bytes of each line that is not empty, without its end.

    Of a line beyond the limit only the beginning comes, but its true length.
    """
    offset = 0
    number = 0
    while raw := file.readline(BATCH_LIMIT + 2):
        number += 1
        begin, length = offset, len(raw)
        offset += length
        end = raw[-2:]
        while not end.endswith(b"\n") and (more := file.readline(1 << 20)):
            length += len(more)
            offset += len(more)
            end = (end + more)[-2:]
        length -= 2 if end == b"\r\n" else 1 if end.endswith(b"\n") else 0
        raw = raw[:length]
        if number == 1 and raw.startswith(_BOM):
            raw, begin, length = raw[len(_BOM) :], begin + len(_BOM), length - len(_BOM)
        if length > BATCH_LIMIT or raw.strip():
            yield number, begin, length, raw


class _Head(msgspec.Struct):
    schema: str = ""
    business_day: str = ""
    effective_from: str = ""


_decode_head: Final = msgspec.json.Decoder(_Head).decode


def turn_of(raw: bytes, length: int) -> Turn:
    """When a line is applied. A line that says wrong things about itself is refused when its turn comes."""
    if length > BATCH_LIMIT:
        return Turn(3, "", BEYOND_LIMIT)
    head = _head(raw)
    if head.schema not in ORDER:
        return Turn(3, "", UNREADABLE)
    rank = ORDER.index(head.schema)
    day = head.effective_from if rank < 2 else head.business_day
    return Turn(min(rank, 2), day if _DAY.fullmatch(day) else "", rank)


def _head(raw: bytes) -> _Head:
    """What a line says of itself; of one with unreadable parts, as far as they leave the rest readable."""
    try:
        return _decode_head(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _decode_head(cut(raw)[0])
    except (msgspec.MsgspecError, ValueError, RecursionError, Refusal):
        pass
    try:
        return _Head(schema_of(raw))
    except Refusal:
        return _Head()


# -- reading and refusing in the second pass


class Source:
    """Reads lines where the first pass found them; one file is open at a time."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._which = -1
        self._open: BinaryIO | None = None

    def read(self, place: Place) -> bytes:
        """The bytes of a line."""
        return self._at(place).read(place.length)

    def pieces(self, place: Place) -> Iterator[bytes]:
        """The bytes of a line that is too large to hold."""
        file = self._at(place)
        left = place.length
        while left and (piece := file.read(min(left, 1 << 20))):
            left -= len(piece)
            yield piece

    def name(self, place: Place) -> str:
        """The line as people find it: `batches.ndjson:17`."""
        return storable(f"{self._files[place.file].name}:{place.number}")

    def _at(self, place: Place) -> BinaryIO:
        if self._open is None or self._which != place.file:
            self.close()
            self._open, self._which = self._files[place.file].open("rb"), place.file
        self._open.seek(place.offset)
        return self._open

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _refuse_too_large(house: House, source: Source, place: Place, context: Context) -> Refused:
    """Keep the hash, the length and the beginning of a line that is too large to be read."""
    whole = hashlib.sha256()
    beginning = b""
    for piece in source.pieces(place):
        whole.update(piece)
        beginning = beginning or piece[:KEPT_OF_TOO_LARGE]
    why = TooLarge(f"the line has {place.length:,} bytes, more than {BATCH_LIMIT:,}: send the day in several batches")
    name = source.name(place)
    try:
        schema = schema_of(beginning)
    except Refusal:
        schema = ""
    command = keep_refused(
        beginning, why, why.code, schema=schema, source=name, whole=(whole.hexdigest(), place.length)
    )
    house.writer.do(command, context)
    return Refused(schema, why.code, why.field, why.reason, name)
