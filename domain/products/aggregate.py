"""The catalogue: which versions of articles are known, so that what is said again is not recorded again.

One stream, `articles/catalogue`. It keeps a fingerprint of each version, not the version: what an article is called or
costs is read from the views. It must not know who sells an article.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from domain.columns import packed, spread
from domain.kernel import Aggregate, Fact
from domain.products.commands import DescribeArticle
from domain.products.facts import ArticlesDescribed
from domain.products.rules import NOT_GIVEN, BadArticle, Row, row_of

STREAM: Final = "articles/catalogue"
OWNER: Final = "products"
ARTICLES_IN_A_FACT: Final = 1_500
BYTES_IN_A_FACT: Final = 192 * 1024  # of JSON; a fact may have 256 KiB with its metadata (facts.md 1)
DEFAULTS: Final[dict[str, Any]] = dict.fromkeys(Row._fields, "") | {"list_price": NOT_GIVEN, "cost": NOT_GIVEN}

_encode: Final = msgspec.json.Encoder().encode


class RefusedArticle(msgspec.Struct, frozen=True, gc=False):
    """An article of a call that was not recorded: its place in the call, the field (JSON pointer), and why."""

    index: int
    code: str
    field: str
    reason: str


class DescribeOutcome(msgspec.Struct, frozen=True):
    """What became of a call: how many versions are new, how many were known already, and what was refused."""

    accepted: int
    duplicate: int
    refused: list[RefusedArticle]


class Catalogue(Aggregate):
    """Decides which versions of articles are new."""

    def __init__(self, stream: str = STREAM, owner: str = OWNER, business_day: str = "") -> None:
        super().__init__(stream, owner, business_day)
        self._fingerprints: dict[str, int] = {}

    def describe(self, commands: Sequence[DescribeArticle]) -> DescribeOutcome:
        """Record the versions that are new, in order, in facts of bounded size.

        The same content for an article and day as already holds is a duplicate; other content for it holds from now
        on. What cannot be read is refused by itself; the rest goes in.
        """
        refused: list[RefusedArticle] = []
        new: list[tuple[Row, int]] = []
        said: dict[str, int] = {}
        held = self._fingerprints
        for index, command in enumerate(commands):
            try:
                row = row_of(command)
            except BadArticle as bad:
                refused.append(RefusedArticle(index, bad.code, bad.field, bad.reason))
                continue
            body = _encode(row)
            key, fingerprint = _key(row.sku, row.effective_from), _fingerprint(body)
            if said.get(key, held.get(key)) != fingerprint:
                said[key] = fingerprint
                new.append((row, len(body)))
        for rows in _cut(new):
            self.record(described(rows))
        return DescribeOutcome(len(new), len(commands) - len(new) - len(refused), refused)

    def version_of(self, sku: str, effective_from: str = "") -> str:
        """A name for what holds of an article from a day on; empty where nothing does."""
        fingerprint = self._fingerprints.get(_key(sku, effective_from))
        return "" if fingerprint is None else _named(fingerprint)

    def follow(self, fact: Fact) -> None:
        """The later version of an article and day is the one that holds."""
        if isinstance(fact, ArticlesDescribed):
            for row in rows_of(fact):
                self._fingerprints[_key(row[0], row[2])] = _fingerprint(_encode(row))


def described(rows: Sequence[Row]) -> ArticlesDescribed:
    """The rows as columns, what can be left out left out. The article numbers always stand in full."""
    columns = dict(zip(Row._fields, map(list, zip(*rows, strict=True)), strict=True))
    return ArticlesDescribed(
        sku=columns.pop("sku"), **{name: packed(column, DEFAULTS[name]) for name, column in columns.items()}
    )


def rows_of(fact: ArticlesDescribed) -> Iterator[tuple[Any, ...]]:
    """The columns as rows, in the order of `Row`."""
    n = len(fact.sku)
    others = [spread(getattr(fact, name), n, DEFAULTS[name]) for name in Row._fields[1:]]
    return zip(fact.sku, *others, strict=True)


def version_said(row: Row) -> str:
    """The name of the version that a row is."""
    return _named(_fingerprint(_encode(row)))


def _named(fingerprint: int) -> str:
    return f"{fingerprint:016x}"


def _cut(new: Sequence[tuple[Row, int]]) -> Iterator[list[Row]]:
    """Parts small enough for a fact. A row takes as a row of JSON at least what it takes in columns."""
    rows: list[Row] = []
    filled = 0
    for row, size in new:
        if rows and (len(rows) == ARTICLES_IN_A_FACT or filled + size > BYTES_IN_A_FACT):
            yield rows
            rows, filled = [], 0
        rows.append(row)
        filled += size
    if rows:
        yield rows


def _key(sku: str, effective_from: str) -> str:
    """One text for an article and a day: an article number holds no blank, and one object less is kept for each."""
    return f"{sku} {effective_from}" if effective_from else sku


def _fingerprint(body: bytes) -> int:
    """Eight bytes that stand for the content of a version."""
    return int.from_bytes(blake2b(body, digest_size=8).digest(), "big")
