"""The stored form of a fact: JSON `{"meta":…,"fact":…}`, compressed with zstd against a dictionary of typical facts.

Most facts are short and say the same names, so a dictionary halves them. It is written into the log's own file when the
file is made and never changes there: the file can be read without this program. The hash for proofs is over the JSON.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final, Generic, TypeVar

import msgspec
import zstandard
from eventsourcing.persistence import Mapper, StoredEvent

from domain.kernel import Fact, Meta, Pending
from domain.registry import FACTS, upcast

F = TypeVar("F")
LEVEL: Final = 1


def typical_facts() -> bytes:
    """The dictionary that a new log is made with."""
    return files("services.event_store").joinpath("typical_facts.txt").read_bytes()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A fact on its way into the log: what it says, its JSON (what hashes are over) and its stored form."""

    originator_id: str
    originator_version: int
    meta: Meta
    fact: Fact
    body: bytes
    state: bytes


class Envelope(msgspec.Struct, Generic[F], frozen=True, gc=False):
    """The stored form."""

    meta: Meta
    fact: F


class FactMapper(Mapper[str]):
    """Facts to stored rows and back. Made for one writing thread; reading threads have decompressors of their own."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._decoders = {topic: msgspec.json.Decoder(Envelope[fact]) for topic, fact in FACTS.items()}  # type: ignore[valid-type]
        self._local = threading.local()
        self.use(b"")

    def use(self, dictionary: bytes) -> None:
        """Compress and decompress against this dictionary: that of the log's file."""
        self._dictionary = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        self._dictionary.precompute_compress(level=LEVEL)
        self._compressor = zstandard.ZstdCompressor(
            level=LEVEL, dict_data=self._dictionary, write_content_size=True, write_checksum=False
        )

    def written(self, facts: Sequence[tuple[Pending, Meta]]) -> list[Entry]:
        """Facts in their stored form, compressed in one go: each call lets go of the interpreter."""
        if not facts:
            return []
        bodies: list[Any] = [self._encode(Envelope(meta, pending.fact)) for pending, meta in facts]
        states = self._compressor.multi_compress_to_buffer(bodies)
        return [
            Entry(pending.stream, pending.version, meta, pending.fact, body, states[place].tobytes())
            for place, ((pending, meta), body) in enumerate(zip(facts, bodies, strict=True))
        ]

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        entry: Entry = domain_event
        return StoredEvent(entry.originator_id, entry.originator_version, entry.fact.TOPIC, entry.state)

    def bodies(self, states: list[bytes]) -> list[bytes]:
        """The JSON of stored rows.

        Raises:
            zstandard.ZstdError: one of them is broken.
        """
        if not states:
            return []
        try:
            decompressor = self._local.decompressor
        except AttributeError:  # one for each thread: the library's are not to be shared
            decompressor = self._local.decompressor = zstandard.ZstdDecompressor(dict_data=self._dictionary)
        try:
            bodies = decompressor.multi_decompress_to_buffer(states)
        except ValueError as broken:  # not even the beginning is that of a compressed row
            raise zstandard.ZstdError(str(broken)) from broken
        return [bodies[place].tobytes() for place in range(len(bodies))]

    def read(self, topic: str, body: bytes) -> Envelope[Any]:
        """A fact from its JSON, through the upcasts its topic needs."""
        decoder = self._decoders.get(topic)
        if decoder is not None:
            return decoder.decode(body)
        raw = msgspec.json.decode(body)
        topic, raw["fact"] = upcast(topic, raw["fact"])
        return self._decoders[topic].decode(msgspec.json.encode(raw))
