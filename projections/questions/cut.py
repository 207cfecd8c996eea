"""A question and what was asked of it, composed to one statement.

Each measure comes from the first source that can be cut by every dimension asked for; each source is grouped by the
cut, the parts are put together and sorted. Values that come from outside are only ever bound; numbers and days, which
cannot say anything else, are written out. It must not know any area.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from projections.kernel import ViewDatabase
from projections.questions.answer import Answer
from projections.questions.model import Asked, Column, Dimension, Kind, Measure, Question, QuestionRefused, Source, offering

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


def ask(views: ViewDatabase, question: Question, asked: Asked) -> Answer:
    """Answer a question from one snapshot of the views.

    Raises:
        QuestionRefused: it means nothing.
        NotYetKnown: `known_at` lies beyond the views.
    """
    cut = _Cut(question, asked)
    reading = views.read()
    try:
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
        self.chosen = self._choose()
        measures = [measure for measure, _ in self.chosen]
        if any(measure.kind in _OF_A_CURRENCY for measure in measures) and "currency" not in asked.by:
            self.by.append(question.dimension("currency", "by"))
        self.columns = self._columns(measures)

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

    def _choose(self) -> list[tuple[Measure, Source]]:
        """The source of each measure: of those asked for, or of all that the dimensions allow."""
        known = {measure.name: measure for measure in self.question.measures}
        names = _once(self.asked.measures, "measures")
        chosen = []
        for name in names or known:
            if name not in known:
                raise QuestionRefused(
                    f"{self.question.name} has no measure {name!r}; it has {', '.join(known)}", "measures"
                )
            source = self._source(known[name])
            if source is not None:
                chosen.append((known[name], source))
            elif names:
                raise QuestionRefused(self._why_not(known[name]), "measures")
        if not chosen:
            cut = " and ".join(sorted(self.used)) or "no dimension"
            raise QuestionRefused(f"no measure of {self.question.name} allows {cut} together", "by")
        return chosen

    def _source(self, measure: Measure) -> Source | None:
        for source in offering(self.question, measure):
            if self.used <= set(source.dimensions) and set(source.needs) <= set(self.asked.by):
                return source
        return None

    def _why_not(self, measure: Measure) -> str:
        cuts = []
        for source in offering(self.question, measure):
            needs = f" (always by {', '.join(source.needs)})" if source.needs else ""
            cuts.append(", ".join(source.dimensions) + needs)
        wanted = " and ".join(sorted(self.used)) or "no dimension"
        return f"{measure.name} cannot be cut by {wanted}; it allows {'; or '.join(dict.fromkeys(cuts))}"

    def _columns(self, measures: Sequence[Measure]) -> list[Column]:
        columns = [Column(item.name, item.kind, item.says) for item in self.by]
        for measure in measures:
            columns.append(Column(measure.name, measure.kind, measure.says, measure.unit))
            if measure.beside and measure.beside not in self.asked.by:
                columns.append(Column(measure.beside, "text", f"what {measure.name} counts"))
        return columns

    # -- the statement

    def sql(self, known: int) -> str:
        """The statement, over tables that are already as known at `known`."""
        parts: dict[int, tuple[Source, list[tuple[str, str]]]] = {}
        for measure, source in self.chosen:
            offered = parts.setdefault(id(source), (source, []))[1]
            offered.append((measure.name, source.measures[measure.name]))
            if measure.beside and measure.beside not in self.asked.by:
                offered.append((measure.beside, source.measures[measure.beside]))
        keys = [f"k{number}" for number in range(len(self.by))]
        ctes = [f"part{n} AS ({self._part(*part, known)})" for n, part in enumerate(parts.values())]
        alone = len(ctes) == 1
        rows = " UNION ALL BY NAME ".join(f"SELECT * FROM part{number}" for number in range(len(ctes)))
        shown = [f'{item.label.format(key)} AS "{item.name}"' for item, key in zip(self.by, keys, strict=True)]
        shown += [self._figure(measure, alone) for measure, _ in self.chosen for measure in self._pair(measure)]
        group = f" GROUP BY {', '.join(keys)}" if keys and not alone else ""
        order = f" ORDER BY {', '.join(keys)}" if keys else ""
        return f"WITH {', '.join(ctes)} SELECT {', '.join(shown)} FROM ({rows}){group}{order}"

    def _pair(self, measure: Measure) -> Iterator[Measure]:
        yield measure
        if measure.beside and measure.beside not in self.asked.by:
            yield Measure(measure.beside, "", kind="text", may_be_empty=True)

    @staticmethod
    def _figure(measure: Measure, alone: bool) -> str:
        value = f'"{measure.name}"' if alone else f'any_value("{measure.name}")'
        if measure.kind in _ADDS_UP and not measure.may_be_empty:
            value = f"coalesce({value}, 0)"
        return f'CAST({value} AS {_SQL_TYPE[measure.kind]}) AS "{measure.name}"'

    def _part(self, source: Source, measures: Sequence[tuple[str, str]], known: int) -> str:
        keys = [f"{item.sql} AS k{number}" for number, item in enumerate(self.by)]
        figures = [f'{expression} AS "{name}"' for name, expression in measures]
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
