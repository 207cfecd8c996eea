"""The list of views and the list of questions. What is not in them does not exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from projections import (
    coverage,
    days,
    drawer,
    exceptions,
    facts,
    gaps,
    products,
    quarantine,
    sales,
    stock,
    stores,
)
from projections.kernel import MEMORY_LIMIT, Reading, View, ViewDatabase
from projections.questions import Answer, Asked, Question, QuestionRefused, ask

VIEWS: Final[tuple[View, ...]] = (
    facts.VIEW,
    sales.VIEW,
    stores.VIEW,
    products.VIEW,
    stock.VIEW,
    coverage.VIEW,
    gaps.VIEW,
    drawer.VIEW,
    days.VIEW,
    exceptions.VIEW,
    quarantine.VIEW,
)

QUESTIONS: Final[Mapping[str, Question]] = {
    question.name: question
    for question in (
        sales.SALES,
        stores.STORES,
        products.ARTICLES,
        stock.STOCK,
        coverage.COVERAGE,
        coverage.OUTCOMES,
        gaps.GAPS,
        drawer.DRAWER,
        days.DAYS,
        exceptions.EXCEPTIONS,
        quarantine.QUARANTINE,
        quarantine.REFUSED,
    )
}


class Views(ViewDatabase):
    """The views of this house, and any question asked of them. `path` None keeps them in memory."""

    def __init__(
        self,
        path: Path | None,
        views: Sequence[View] = VIEWS,
        *,
        memory_limit: str = MEMORY_LIMIT,
        threads: int | None = None,
    ) -> None:
        super().__init__(path, views, memory_limit=memory_limit, threads=threads)

    def newest(self) -> tuple[int, str]:
        """The position and the recorded time (RFC 3339, UTC) of the last fact applied; (0, "") when there is none."""
        reading = self.read()
        try:
            return reading.newest()
        finally:
            reading.close()

    def ask(self, asked: Asked, question: Question | None = None, reading: Reading | None = None) -> Answer:
        """Answer from one snapshot, on a cursor of its own; from any thread.

        `question` is one of the list made narrower, for whom not all of it is meant; `reading` a snapshot to use.

        Raises:
            QuestionRefused: nobody knows the question, or it means nothing.
            NotYetKnown: `known_at` lies beyond the views; whoever may wait waits first.
        """
        return ask(self, question or question_of(asked.question), asked, reading)


def question_of(name: str) -> Question:
    """The question of that name.

    Raises:
        QuestionRefused: there is none; the reason names those there are.
    """
    question = QUESTIONS.get(name)
    if question is None:
        raise QuestionRefused(f"there is no question {name!r}; there are {', '.join(QUESTIONS)}", "question")
    return question
