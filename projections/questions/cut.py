"""A question and what was asked of it, composed to one statement.

The measures come from as few sources as offer them and can be cut by every dimension asked for; each is grouped by the
cut, the parts are put together and sorted. Values that come from outside are only ever bound; numbers and days, which
cannot say anything else, are written out. It must not know any area.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from projections.kernel import Reading, ViewDatabase
from projections.questions.answer import Answer
from projections.questions.model import (
    Asked,
    Column,
    Dimension,
    Kind,
    Measure,
    Question,
    QuestionRefused,
    Source,
    offering,
)

BATCH_ROWS: Final = 65_536
_SQL_TYPE: Final[dict[Kind, str]] = {
    "text": "VARCHAR",
    "day": "DATE",
    "number": "BIGINT",
    "count": "BIGINT",
    "money": "DECIMAL(38, 4)",
    "price": "DECIMAL(38, 4)",
    "quantity": "DECIMAL(38, 3)",
    "time": "TIMESTAMPTZ",
}
_OF_A_CURRENCY: Final = frozenset({"money", "price"})
_ADDS_UP: Final = frozenset({"count", "money", "quantity"})


def ask(views: ViewDatabase, question: Question, asked: Asked, reading: Reading | None = None) -> Answer:
    """Answer a question from one snapshot of the views: a new one, or one that the caller may stop meanwhile.

    Raises:
        QuestionRefused: it means nothing.
        NotYetKnown: `known_at` lies beyond the views.
        QuestionStopped, QuestionTooLarge: it was begun and not answered.
    """
    reading = reading or views.read()
    try:
        cut = _Cut(question, asked)
        known = reading.known(asked.known_at)
        origins = reading.origins(question.areas, known, asked.as_of)
        rows = reading.ask(cut.sql(known), cut.parameters, known, asked.as_of, BATCH_ROWS)
    except BaseException:
        reading.close()
        raise
    return Answer(asked, cut.columns, known, origins, reading, rows)


class _Cut:
    """A question and what was asked of it, checked, on the way to one statement."""

    def __init__(self, question: Question, asked: Asked) -> None:
        self.question = question
        self.asked = asked
        self.parameters: dict[str, object] = {}
        self.by = [question.dimension(name, "by") for name in _once(asked.by, "by")]
        self.filters = self._filters()
        if asked.first is not None and asked.last is not None and asked.first > asked.last:
            raise QuestionRefused(f"the first day {asked.first} is after the last {asked.last}", "first")
        self.used = {dimension.name for dimension in self.by} | set(self.filters)
        self.known = {measure.name: measure for measure in question.measures}
        self.chosen = self._choose()
        if any(self.known[name].kind in _OF_A_CURRENCY for name in self.chosen) and "currency" not in asked.by:
            self.by.append(question.dimension("currency", "by"))
        self.columns = self._columns()

    def _filters(self) -> dict[str, tuple[Dimension, list[str]]]:
        filters: dict[str, tuple[Dimension, list[str]]] = {}
        for number, (name, text) in enumerate(self.asked.where):
            dimension = self.question.dimension(name, "where")
            try:
                self.parameters[f"w{number}"] = dimension.read(text)
            except ValueError as error:
                raise QuestionRefused(f"{name}={text} cannot be: {error}", "where") from None
            filters.setdefault(name, (dimension, []))[1].append(f"$w{number}")
        return filters

    def _choose(self) -> dict[str, Sequence[str]]:
        """The measures asked for, or all that the dimensions allow, and the figures each is made of."""
        names = _once(self.asked.measures, "measures")
        chosen: dict[str, Sequence[str]] = {}
        for name in names or self.known:
            if name not in self.known:
                raise QuestionRefused(
                    f"{self.question.name} has no measure {name!r}; it has {', '.join(self.known)}", "measures"
                )
            figures = self._figures(self.known[name])
            if figures:
                chosen[name] = figures
            elif names:
                raise QuestionRefused(self._why_not(self.known[name]), "measures")
        if not chosen:
            cut = " and ".join(sorted(self.used)) or "no dimension"
            raise QuestionRefused(f"no measure of {self.question.name} allows {cut} together", "by")
        return chosen

    def _figures(self, measure: Measure) -> Sequence[str]:
        """What a measure is made of in this cut: of figures, else of itself; of nothing where the cut forbids it."""
        own = (measure.name, measure.beside) if self._explains(measure) else (measure.name,)
        for figures in (measure.figures, own):
            if figures and all(self._sources(figure) for figure in figures):
                return figures
        return ()

    def _explains(self, measure: Measure) -> bool:
        """Whether the column beside a measure is shown: not where the rows are cut by it."""
        return bool(measure.beside) and measure.beside not in self.asked.by

    def _sources(self, figure: str) -> list[Source]:
        return [
            source
            for source in self.question.sources
            if figure in source.measures
            and self.used <= set(source.dimensions)
            and set(source.needs) <= set(self.asked.by)
        ]

    def _fewest(self) -> list[tuple[Source, list[str]]]:
        """Sources for all figures, and few of them: the one that offers most of what is left goes first."""
        left = list(dict.fromkeys(figure for figures in self.chosen.values() for figure in figures))
        offers = {figure: self._sources(figure) for figure in left}
        parts = []
        while left:
            best = max(self.question.sources, key=lambda source: sum(source in offers[figure] for figure in left))
            parts.append((best, [figure for figure in left if best in offers[figure]]))
            left = [figure for figure in left if best not in offers[figure]]
        return parts

    def _why_not(self, measure: Measure) -> str:
        cuts = []
        for source in offering(self.question, measure):
            needs = f" (always by {', '.join(source.needs)})" if source.needs else ""
            cuts.append(", ".join(source.dimensions) + needs)
        wanted = " and ".join(sorted(self.used)) or "no dimension"
        return f"{measure.name} cannot be cut by {wanted}; it allows {'; or '.join(dict.fromkeys(cuts))}"

    def _columns(self) -> list[Column]:
        columns = [Column(item.name, item.kind, item.says) for item in self.by]
        for measure in (self.known[name] for name in self.chosen):
            columns.append(Column(measure.name, measure.kind, measure.says, measure.unit))
            if self._explains(measure):
                columns.append(Column(measure.beside, "text", f"what {measure.name} counts"))
        return columns

    # -- the statement

    def sql(self, known: int) -> str:
        """The statement, over tables that are already as known at `known`."""
        keys = ", ".join(f"k{number}" for number in range(len(self.by)))
        parts = self._fewest()
        ctes = [f"part{n} AS ({self._part(source, figures, known)})" for n, (source, figures) in enumerate(parts)]
        rows = "part0"
        for number in range(1, len(parts)):
            rows += f" FULL JOIN part{number} USING ({keys})" if keys else f", part{number}"
        shown = [f'{item.label.format(f"k{n}")} AS "{item.name}"' for n, item in enumerate(self.by)]
        for name, figures in self.chosen.items():
            shown += self._shown(self.known[name], figures)
        order = f" ORDER BY {keys}" if keys else ""
        return f"WITH {', '.join(ctes)} SELECT {', '.join(shown)} FROM {rows}{order}"

    def _shown(self, measure: Measure, figures: Sequence[str]) -> list[str]:
        made = figures is measure.figures
        value = measure.sql if made else f'"{measure.name}"'
        if measure.kind in _ADDS_UP and not measure.may_be_empty:
            value = f"coalesce({value}, 0)"
        shown = [f'CAST({value} AS {_SQL_TYPE[measure.kind]}) AS "{measure.name}"']
        if self._explains(measure):
            beside = measure.beside_sql if made else f'"{measure.beside}"'
            shown.append(f'CAST({beside} AS VARCHAR) AS "{measure.beside}"')
        return shown

    def _part(self, source: Source, names: Sequence[str], known: int) -> str:
        keys = [f"{item.sql} AS k{number}" for number, item in enumerate(self.by)]
        figures = [f'{source.measures[name]} AS "{name}"' for name in names]
        rows = self._filled(self._rows(source), known)
        if not source.grain:
            return f"SELECT {', '.join(keys + figures)} {rows} GROUP BY ALL"
        inner = f"SELECT {', '.join([*keys, *source.grain, *source.partials])} {rows} GROUP BY ALL"
        outer = [f"k{number}" for number in range(len(keys))]
        return f"SELECT {', '.join(outer + figures)} FROM ({inner}) GROUP BY ALL"

    def _rows(self, source: Source) -> str:
        dimensions = [*self.by, *(dimension for dimension, _ in self.filters.values())]
        joins = [self.question.joins[name] for name in dict.fromkeys(item.join for item in dimensions if item.join)]
        conditions = [f"{dimension.sql} IN ({', '.join(values)})" for dimension, values in self.filters.values()]
        if source.where:
            conditions.append(source.where)
        if source.day and self.asked.first is not None:
            conditions.append(f"{source.day} >= {{first}}")
        if source.day and self.asked.last is not None:
            conditions.append(f"{source.day} <= {{last}}")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"FROM {source.relation} AS r {' '.join(joins)}{where}"

    def _filled(self, sql: str, known: int) -> str:
        """Put numbers and days, which cannot say anything else, where the definition names them."""
        asked = self.asked
        on = asked.as_of or asked.today
        if on is None and ("{on}" in sql or ("{article_day}" in sql and asked.articles == "today")):
            raise QuestionRefused(f"{self.question.name} needs a day to look from: as_of or today", "as_of")
        for name, day in (("first", asked.first), ("last", asked.last), ("as_of", asked.as_of), ("on", on)):
            sql = sql.replace(f"{{{name}}}", f"DATE '{day}'" if day is not None else "NULL::DATE")
        article_day = "r.business_day" if asked.articles == "as-sold" else f"DATE '{on}'"
        return sql.replace("{article_day}", article_day).replace("{known}", str(known))


def _once(names: Sequence[str], where: str) -> Sequence[str]:
    for name in names:
        if names.count(name) > 1:
            raise QuestionRefused(f"{name} stands twice", where)
    return names
