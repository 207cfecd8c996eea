"""The commands of the area `products`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from domain.products.aggregate import Catalogue, DescribeOutcome
from domain.products.commands import DescribeArticle
from services.writer import Unit


class Products:
    """Commands about articles, to be run by the writer."""

    def describe(self, asked: Sequence[DescribeArticle]) -> Callable[[Unit], DescribeOutcome]:
        """Take in how articles are from a day on; all of one origin."""

        def command(unit: Unit) -> DescribeOutcome:
            catalogue = unit.load(Catalogue, "articles/catalogue", "products")
            unit.context = msgspec.structs.replace(unit.context, origin=asked[0].origin)
            return catalogue.describe(asked)

        return command

    def version(self, sku: str, effective_from: str = "") -> Callable[[Unit], str]:
        """Look up which version of an article from a day on holds; empty where there is none."""

        def command(unit: Unit) -> str:
            return unit.peek(Catalogue, "articles/catalogue", "products").version_of(sku, effective_from)

        return command
