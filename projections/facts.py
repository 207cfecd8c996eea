"""The view of the log itself: one row per fact with its metadata. It must not know what a fact says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from domain.kernel import Fact, Recorded
from domain.registry import FACTS, area_of
from projections.columns import codes, days
from projections.kernel import Reading, Write, ddl_beside

_TEXTS = ("owner", "actor", "role", "device", "on_behalf_of", "reason", "origin", "causation", "correlation")


class LogView:
    """One row per fact, of any kind."""

    name = "facts"
    ddl = ddl_beside(__file__)
    facts: tuple[type[Fact], ...] = tuple(FACTS.values())

    def apply(self, recorded: Sequence[Recorded], write: Write) -> None:
        """One row for each fact."""
        metas = [item.meta for item in recorded]
        topics = [item.fact.TOPIC for item in recorded]
        write.insert(
            "facts",
            pa.table(
                {
                    "position": pa.array([item.position for item in recorded], pa.uint64()),
                    "recorded_at": _moments([meta.recorded_at for meta in metas]),
                    "stream": pa.array([item.stream for item in recorded]),
                    "version": pa.array([item.version for item in recorded], pa.uint32()),
                    "topic": codes(topics),
                    "area": codes([area_of(topic) for topic in topics]),
                    "business_day": days([meta.business_day for meta in metas], 1),
                    **{name: codes([getattr(meta, name) for meta in metas]) for name in _TEXTS},
                }
            ),
        )


def _moments(texts: Sequence[str]) -> pa.Array:
    """UTC times in RFC 3339, whatever way they write the offset zero."""
    bare = [text.removesuffix("Z").removesuffix("+00:00") for text in texts]
    return pa.array(np.array(bare, dtype="datetime64[us]")).cast(pa.timestamp("us", "UTC"))


VIEW = LogView()

_OF: Final = {
    "actor": "actor = $actor",
    "day": "(owner = $store AND business_day = $day::DATE) OR position IN "
    "(SELECT position FROM refusals WHERE store = $store AND business_day = $day::DATE)",
    # versions that hold no more are facts of the article's life too, so not as known at one position
    "article": "position IN (SELECT known_from FROM main.article_versions WHERE sku = $article)",
}
LIFE_OF: Final = tuple(_OF)
"""What a trail can follow through the log: an actor, a store's business day, an article."""


def positions(reading: Reading, of: str, names: Mapping[str, str], after: int, known: int, limit: int) -> list[int]:
    """The positions of up to `limit` facts in somebody's or something's life, above `after` and up to `known`."""
    sql = f"SELECT position FROM facts WHERE position > $after AND ({_OF[of]}) ORDER BY position LIMIT {limit:d}"
    rows = reading.ask(sql, {"after": after, **names}, known, None, limit)
    found: list[int] = rows.read_all()["position"].to_pylist()
    return found
