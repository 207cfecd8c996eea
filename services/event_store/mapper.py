"""The stored form of a fact: JSON `{"meta":…,"fact":…}`, compressed with zstd against a dictionary of typical facts.

Most facts are short and say the same names, so a dictionary halves them. It is written into the log's own file when the
file is made and never changes there: the file can be read without this program. The hash for proofs is over the JSON.
"""

from __future__ import annotations

import threading
from importlib.resources import files
from typing import Any, Final, Generic, TypeVar

import msgspec
import zstandard
from eventsourcing.persistence import Mapper, StoredEvent

from domain.kernel import Fact, Meta
from domain.registry import FACTS, upcast

F = TypeVar("F")
LEVEL: Final = 1


def typical_facts() -> bytes:
    """The dictionary that a new log is made with."""
    return files("services.event_store").joinpath("typical_facts.txt").read_bytes()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A fact on its way into the log."""

    originator_id: str
    originator_version: int
    meta: Meta
    fact: Fact


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
        self.written: list[bytes] = []
        self.use(b"")

    def use(self, dictionary: bytes) -> None:
        """Compress and decompress against this dictionary: that of the log's file."""
        self._dictionary = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        self._dictionary.precompute_compress(level=LEVEL)
        self._compress = zstandard.ZstdCompressor(
            level=LEVEL, dict_data=self._dictionary, write_content_size=True, write_checksum=False
        ).compress

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        body = self._encode(Envelope(domain_event.meta, domain_event.fact))
        self.written.append(body)
        return StoredEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            domain_event.fact.TOPIC,
            self._compress(body),
        )

    def body(self, state: bytes) -> bytes:
        """The JSON of a stored row."""
        try:
            decompress = self._local.decompress
        except AttributeError:  # one for each thread: the library's are not to be shared
            decompress = self._local.decompress = zstandard.ZstdDecompressor(dict_data=self._dictionary).decompress
        return bytes(decompress(state))

    def read(self, topic: str, body: bytes) -> Envelope[Any]:
        """A fact from its JSON, through the upcasts its topic needs."""
        decoder = self._decoders.get(topic)
        if decoder is not None:
            return decoder.decode(body)
        raw = msgspec.json.decode(body)
        topic, raw["fact"] = upcast(topic, raw["fact"])
        return self._decoders[topic].decode(msgspec.json.encode(raw))
