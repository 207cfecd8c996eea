"""Every fact ever stored, by topic: the dictionary of the log. A fact that is not here does not exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from domain.audit import facts as audit
from domain.kernel import Fact
from domain.products import facts as products
from domain.sales import facts as sales
from domain.stock import facts as stock
from domain.stores import facts as stores

FACTS: Final[dict[str, type[Fact]]] = {
    fact.TOPIC: fact for area in (stores, products, sales, stock, audit) for fact in area.FACTS
}


def area_of(topic: str) -> str:
    """The area a topic belongs to: `sales.DayClosed.1` is of `sales`."""
    return topic.partition(".")[0]


Upcast = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
UPCASTS: Final[dict[str, Upcast]] = {}
"""For each superseded topic the step to the next one: its JSON in, the newer topic and JSON out."""


def upcast(topic: str, fact: dict[str, Any], steps: Mapping[str, Upcast] = UPCASTS) -> tuple[str, dict[str, Any]]:
    """Bring the JSON of an old fact to the topic that is read today.

    Raises:
        KeyError: nobody knows the topic.
    """
    while topic not in FACTS:
        topic, fact = steps[topic](fact)
    return topic, fact
