"""What may be said of an article, as it stands on the wire: how the article is from a day on."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from domain.kernel import Origin

Text = Annotated[str, Meta(max_length=500)]


class DescribeArticle(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
    tag_field="schema",
    tag="counterfoil/article/1",
):
    """An article as it is from `effective_from` on (left out: from the beginning). `unit` is a UN/CEFACT Rec 20 code.

    `list_price` and `cost` are per unit in `currency`, decimal text with at most four decimals.
    """

    sku: str
    unit: str = "EA"
    effective_from: str = ""
    name: Text = ""
    gtins: tuple[str, ...] = ()
    department: Text = ""
    category: Text = ""
    subcategory: Text = ""
    brand: Text = ""
    manufacturer: Text = ""
    package_size: Text = ""
    currency: str = ""
    list_price: str = ""
    cost: str = ""
    origin: Origin = "reported"
