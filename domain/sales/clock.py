"""Reading when a transaction ended, quickly: its day, its clock time and its offset are each seen often."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from domain.values import MEMO_LIMIT, Invalid

DAY_SECONDS: Final = 86_400
_USUAL: Final = 25  # characters of 2017-03-05T10:12:33-05:00
_CLOCK: Final = re.compile(r"T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])")
_OFFSET: Final = re.compile(r"([+-])(0[0-9]|1[0-4]):([0-5][0-9])")


class _Days(dict[str, int]):
    """Wall-clock seconds of the midnight that begins a day."""

    def __missing__(self, text: str) -> int:
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            day = None
        if day is None or day.isoformat() != text:
            raise Invalid("is not a time like 2017-03-05T10:12:33-05:00")
        return _held(self, text, day.toordinal() * DAY_SECONDS)


class _Clocks(dict[str, int]):
    """Seconds since midnight of `T10:12:33`."""

    def __missing__(self, text: str) -> int:
        found = _CLOCK.fullmatch(text)
        if found is None:
            raise Invalid("is not a time like 2017-03-05T10:12:33-05:00")
        hours, minutes, seconds = map(int, found.groups())
        return _held(self, text, hours * 3600 + minutes * 60 + seconds)


class _Offsets(dict[str, int]):
    """Minutes from UTC of `-05:00`."""

    def __missing__(self, text: str) -> int:
        found = _OFFSET.fullmatch(text)
        if found is None:
            raise Invalid("has no offset from UTC such as -05:00")
        minutes = int(found[2]) * 60 + int(found[3])
        return _held(self, text, -minutes if found[1] == "-" else minutes)


def _held(memo: dict[str, int], text: str, value: int) -> int:
    if len(memo) >= MEMO_LIMIT:
        memo.clear()
    memo[text] = value
    return value


DAYS: Final = _Days()
CLOCKS: Final = _Clocks()
OFFSETS: Final = _Offsets()


def ends(at: str) -> tuple[int, int, str]:
    """Local wall-clock seconds (of no particular epoch), minutes from UTC, and the canonical text, in whole seconds.

    Raises:
        Invalid: it is no time, or has no offset.
    """
    if len(at) == _USUAL:
        offset = OFFSETS[at[19:]]
        return DAYS[at[:10]] + CLOCKS[at[10:19]], offset, at
    try:
        moment = dt.datetime.fromisoformat(at)
    except ValueError:
        raise Invalid("is not a time like 2017-03-05T10:12:33-05:00") from None
    if moment.utcoffset() is None:
        raise Invalid("has no offset from UTC such as -05:00")
    text = moment.isoformat(timespec="seconds")
    if len(text) != _USUAL:
        raise Invalid("has an offset that is not of whole minutes")
    return ends(text)
