"""Keeping what was refused, and forgetting it: a fact with the reason, and the bytes beside the log, in one save."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from domain.audit.facts import SubmissionRefused
from domain.audit.purges import PURGES_STREAM, Purges
from domain.audit.refusals import RefusedSubmission, refusal_stream
from domain.kernel import Refusal
from services.decoding import BATCH_LIMIT, sha256, storable
from services.event_store import KeptBytes
from services.writer import Unit

KEPT_OF_TOO_LARGE: Final = 64 * 1024


def keep_refused(
    raw: bytes,
    why: Refusal,
    code: str,
    *,
    schema: str = "",
    store: str = "",
    day: str = "",
    source: str = "",
    whole: tuple[str, int] | None = None,
) -> Callable[[Unit], bool]:
    """A command that keeps a refused body with the reason; False when it was refused for it before.

    Bytes that were purged since then are kept again, although nothing new is recorded: they may be asked for.

    Of a body over the limit the hash, the length and the first 64 KiB are kept. Whoever never held such a body gives
    its beginning as `raw` and hash and length of the `whole`.
    """

    def command(unit: Unit) -> bool:
        bytes_hash, length = whole or (sha256(raw), len(raw))
        data = raw if length <= BATCH_LIMIT else raw[:KEPT_OF_TOO_LARGE]
        refused = unit.load(RefusedSubmission, refusal_stream(bytes_hash, code), "access")
        said = [storable(text) for text in (schema, store, day, source)]
        fact = SubmissionRefused(code, storable(why.field), storable(why.reason), bytes_hash, length, len(data), *said)
        unit.keep_bytes(KeptBytes(bytes_hash, length, data, code))
        return refused.refuse(fact)

    return command


def forget_bytes(hashes: Sequence[str], before: str, reason: str) -> Callable[[Unit], int]:
    """A command that forgets the bytes of these hashes that are still there, and records it; answers how many."""

    def command(unit: Unit) -> int:
        there = [hash_ for hash_ in hashes if unit.store.kept(hash_) is not None]
        if there:
            unit.load(Purges, PURGES_STREAM, "access").purge(before, reason, there)
            unit.purge_bytes(there)
        return len(there)

    return command
