"""What did not simply go into the books: conflicts in quarantine with their decisions, and what was refused, with why.

It must not know the rules that refused it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from domain.audit.facts import BytesPurged, SubmissionRefused
from domain.kernel import Fact, Recorded
from domain.sales.facts import ConflictResolved, SalesReported
from domain.values import Invalid, business_day
from projections.attributes import BUSINESS_DAY, MONTH, REGION, REGION_JOIN, STORE
from projections.kernel import Write, ddl_beside
from projections.questions import Dimension, Measure, Question, Source, read_number
from projections.rows import COUNT, DAY, POSITION, TEXT, table_of

_STORE_DAY: Final = {"position": POSITION, "business_day": DAY, "store": TEXT}
_KEY: Final = _STORE_DAY | {"register": TEXT, "number": COUNT, "epoch": COUNT, "hash": TEXT}
_CONFLICTS: Final = _KEY | {"why": TEXT, "first_hash": TEXT, "first_day": TEXT, "bytes_hash": TEXT}
_DECISIONS: Final = _KEY | {"decision": TEXT}
_REFUSALS: Final = _STORE_DAY | {
    "source": TEXT, "code": TEXT, "field": TEXT, "reason": TEXT, "bytes_hash": TEXT, "bytes_length": COUNT,
}  # fmt: skip
_TABLES: Final = {
    "conflicts": _CONFLICTS,
    "conflict_decisions": _DECISIONS,
    "refusals": _REFUSALS,
    "purged_bytes": {"position": POSITION, "bytes_hash": TEXT},
}


class QuarantineView:
    """One row for each conflict, decision, refusal and purged hash."""

    name = "quarantine"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = (SalesReported, ConflictResolved, SubmissionRefused, BytesPurged)

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """The rows of the facts; most have none."""
        rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}
        for item in recorded:
            match item.fact:
                case SalesReported() as fact:
                    if fact.conflicts:
                        rows["conflicts"] += _conflicts(item, fact)
                    if fact.rejected:
                        rows["refusals"] += _rejected(item, fact)
                case ConflictResolved() as fact:
                    key = (fact.register, fact.number, fact.epoch, fact.hash)
                    rows["conflict_decisions"].append((*_store_day(item), *key, fact.decision))
                case SubmissionRefused() as fact:
                    rows["refusals"].append(_refused(item, fact))
                case BytesPurged() as fact:
                    rows["purged_bytes"] += [(item.position, hash_) for hash_ in fact.hashes]
        for table, columns in _TABLES.items():
            if rows[table]:
                write.insert(table, table_of(columns, rows[table]))


def _store_day(item: Recorded) -> tuple[Any, ...]:
    return item.position, item.meta.business_day, item.meta.owner


def _conflicts(item: Recorded, fact: SalesReported) -> list[tuple[Any, ...]]:
    return [
        (*_store_day(item), c.register, c.number, c.epoch, c.hash, c.why, c.first_hash, c.first_day, c.bytes_hash)
        for c in fact.conflicts
    ]


def _rejected(item: Recorded, fact: SalesReported) -> list[tuple[Any, ...]]:
    return [
        (*_store_day(item), fact.batch_id, r.code, r.field, r.reason, r.bytes_hash, r.bytes_length)
        for r in fact.rejected
    ]


def _refused(item: Recorded, fact: SubmissionRefused) -> tuple[Any, ...]:
    try:
        day = business_day(fact.day).isoformat()
    except Invalid:
        day = item.meta.recorded_at[:10]
    return (
        item.position, day, fact.store, fact.source, fact.code, fact.field, fact.reason, fact.bytes_hash,
        fact.bytes_length,
    )  # fmt: skip


VIEW = QuarantineView()

_CONFLICT_KEY: Final = "store, business_day, register, epoch, number, hash"
CONFLICTS: Final = f"""(
    SELECT {_CONFLICT_KEY}, why, first_hash, first_day, bytes_hash, came_at, CASE any_value(decision)
        WHEN 'keep_first' THEN 'kept_first' WHEN 'replace' THEN 'replaced' ELSE 'open' END AS status
    FROM (SELECT {_CONFLICT_KEY}, arg_min(why, position) AS why, arg_min(first_hash, position) AS first_hash,
        arg_min(first_day, position) AS first_day, arg_min(bytes_hash, position) AS bytes_hash,
        min(position) AS came_at
        FROM conflicts GROUP BY ALL)
    LEFT JOIN conflict_decisions USING ({_CONFLICT_KEY}) GROUP BY ALL
)"""
"""What stands against something else, once however often it came, and whether that is decided."""

_BYTES: Final = Dimension(
    "bytes",
    "kept, or purged since",
    "CASE WHEN purge.bytes_hash IS NULL THEN 'kept' ELSE 'purged' END",
    join="purge",
)
_PURGE_JOIN: Final = (
    "LEFT JOIN (SELECT bytes_hash, max(position) AS position FROM purged_bytes GROUP BY ALL) purge "
    "ON purge.bytes_hash = r.bytes_hash AND purge.position > r."
)
_HASHES: Final = (
    Dimension("hash", "the hash of what came", "r.hash"),
    Dimension("first_hash", "the hash of what stands", "r.first_hash"),
    Dimension("bytes_hash", "the SHA-256 under which its bytes are kept", "r.bytes_hash"),
    _BYTES,
)
_PLACE: Final = ("store", "business_day", "month", "region")

QUARANTINE: Final = Question(
    name="quarantine",
    title="Transactions that stand against others, and what headquarters decided",
    areas=("sales",),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        REGION,
        Dimension("register", "the register", "r.register"),
        Dimension("number", "the number of the transaction", "r.number", "number", read=read_number),
        Dimension("epoch", "the epoch of its numbering", "r.epoch", "number", read=read_number),
        Dimension("why", "changed_content, or suspected_repeat of a neighbouring day", "r.why"),
        Dimension("first_day", "the neighbouring day, where it repeats one", "r.first_day"),
        Dimension("status", "open, kept_first or replaced", "r.status"),
        *_HASHES,
    ),
    measures=(Measure("conflicts", "transactions in quarantine, once each however often they came", arrival=True),),
    sources=(
        Source(
            CONFLICTS,
            (*_PLACE, "register", "number", "epoch", "why", "first_day", "status", *(item.name for item in _HASHES)),
            {"conflicts": "count(*)"},
        ),
    ),
    joins={"region": REGION_JOIN, "purge": f"{_PURGE_JOIN}came_at"},
)

REFUSED: Final = Question(
    name="refused",
    title="What was refused as a whole or rejected out of a batch, and why",
    areas=("sales", "audit"),
    dimensions=(
        STORE,
        BUSINESS_DAY,
        MONTH,
        REGION,
        Dimension("source", "where it came from: a file with its line, a door, or the batch", "r.source"),
        Dimension("code", "the rule that refused it", "r.code"),
        Dimension("field", "the field it is about, as a JSON pointer", "r.field"),
        Dimension("reason", "why, in words", "r.reason"),
        Dimension("bytes_hash", "the SHA-256 under which its bytes are kept", "r.bytes_hash"),
        _BYTES,
    ),
    measures=(
        Measure("refused", "refusals", arrival=True),
        Measure("bytes_length", "bytes that were refused", unit="bytes", arrival=True),
    ),
    sources=(
        Source(
            "refusals",
            (*_PLACE, "source", "code", "field", "reason", "bytes_hash", "bytes"),
            {"refused": "count(*)", "bytes_length": "sum(r.bytes_length)"},
        ),
    ),
    joins={"region": REGION_JOIN, "purge": f"{_PURGE_JOIN}position"},
)
