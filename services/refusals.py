"""Keeping what was refused: a fact with the reason, and the bytes beside the log, in one save."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from domain.audit.facts import SubmissionRefused
from domain.audit.refusals import RefusedSubmission, refusal_stream
from domain.kernel import Refusal
from services.decoding import BATCH_LIMIT, sha256
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
    """A command that keeps a refused body with the reason; False when it was kept before.

    Of a body over the limit the hash, the length and the first 64 KiB are kept. Whoever never held such a body gives
    its beginning as `raw` and hash and length of the `whole`.
    """

    def command(unit: Unit) -> bool:
        bytes_hash, length = whole or (sha256(raw), len(raw))
        data = raw if length <= BATCH_LIMIT else raw[:KEPT_OF_TOO_LARGE]
        refused = unit.load(RefusedSubmission, refusal_stream(bytes_hash, code), "access")
        fact = SubmissionRefused(code, why.field, why.reason, bytes_hash, length, len(data), schema, store, day, source)
        new = refused.refuse(fact)
        if new:
            unit.keep_bytes(KeptBytes(bytes_hash, length, data, code))
        return new

    return command
