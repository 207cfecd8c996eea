"""What is odd about sales that count nevertheless: the rows noted with them, and the question `exceptions`."""

from projections.exceptions.question import EXCEPTIONS
from projections.exceptions.view import VIEW

__all__ = ["EXCEPTIONS", "VIEW"]
