"""The commands of the area `products`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from domain.products.aggregate import Catalogue, DescribeOutcome, version_said
from domain.products.commands import DescribeArticle
from domain.products.rules import row_of
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
        """Look up which version of an article from a day on holds; empty where there is none. It names that day."""

        def command(unit: Unit) -> str:
            found = unit.peek(Catalogue, "articles/catalogue", "products").version_of(sku, effective_from)
            return f"{found}.{effective_from}" if found else ""

        return command

    @staticmethod
    def version_said(asked: DescribeArticle) -> str:
        """The version that a description is, whether or not it holds."""
        return f"{version_said(row_of(asked))}.{asked.effective_from}"
