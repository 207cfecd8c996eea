"""What was sold: the rows that facts of trading days add up to, and the question `sales`."""

from projections.sales.question import SALES
from projections.sales.view import VIEW

__all__ = ["SALES", "VIEW"]
