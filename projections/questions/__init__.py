"""One way to ask everything. A question names its dimensions, measures and sources; what is asked composes to one
statement over the tables as they were known. What allows what follows from the sources and is not said a second time.
"""

from projections.questions.answer import Answer, canonical
from projections.questions.cut import ask
from projections.questions.model import Asked, Column, Dimension, Kind, Measure, Question, QuestionRefused, Source
from projections.questions.texts import read_day, read_known_at, read_month, read_number, read_week, read_where

__all__ = [
    "Answer", "Asked", "Column", "Dimension", "Kind", "Measure", "Question", "QuestionRefused", "Source",
    "ask", "canonical", "read_day", "read_known_at", "read_month", "read_number", "read_week", "read_where",
]  # fmt: skip
