"""What was said of articles: batches of versions in parallel columns.

*A column of one value holds for every row; an empty column means the default for every row.*
"""

from __future__ import annotations

from typing import ClassVar

from domain.kernel import Fact


class ArticlesDescribed(Fact, frozen=True):
    """Versions of articles, each holding from its `effective_from` (empty: from the beginning) on.

    `list_price` and `cost` are ten-thousandths of the currency's major unit per unit of measure, -1 where not given.
    `gtins` are 14 digits, several parted by a blank.
    """

    TOPIC: ClassVar[str] = "products.ArticlesDescribed.1"

    sku: list[str]
    unit: list[str]
    effective_from: list[str] = []
    name: list[str] = []
    gtins: list[str] = []
    department: list[str] = []
    category: list[str] = []
    subcategory: list[str] = []
    brand: list[str] = []
    manufacturer: list[str] = []
    package_size: list[str] = []
    currency: list[str] = []
    list_price: list[int] = []
    cost: list[int] = []


FACTS = (ArticlesDescribed,)
