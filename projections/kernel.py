"""The view database: its tables, `apply` of a batch in one transaction with its position, `wait`, and reading.

Every view gets its time machine here. A table that is additive carries `position` (of the fact that made the row) and
`business_day`; a table of versions carries `known_from` and `known_to`, the positions between which a version was what
the house knew. `Reading.tables` gives each table as it was known at a position, so that whoever asks writes plain table
names and cannot read past it. This module must not know any area, fact or question.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol

import duckdb
import pyarrow as pa

from domain.kernel import Fact, Recorded, Refusal

SCHEMA: Final = 1  # raise it when a view fills the same tables in another way
MEMORY_LIMIT: Final = "512MB"
_ABOUT: Final = """
CREATE TABLE about (schema VARCHAR NOT NULL);
CREATE TABLE positions (partition VARCHAR NOT NULL, position UBIGINT NOT NULL);
"""
_FEW_VALUES: Final = 200  # an insert costs 1.4 to 2.4 ms from Arrow, however small; as parameters so many cost as much
_IN_BULK: Final = {"checkpoint_threshold": "1GB", "threads": "1"}
_CREATED: Final = re.compile(r"CREATE TABLE (\w+)")


class SchemaDiffers(Refusal):
    """The file was filled by another version of the views; they are rebuilt from the log, nothing is lost."""

    code = "schema_differs"
    kind = "conflict"

    def __init__(self, path: Path | None) -> None:
        super().__init__(f"the views in {path} were made by another version: run `counterfoil rebuild`")


class ViewsUnreadable(Refusal):
    """The file cannot be opened; the views are rebuilt from the log, nothing is lost."""

    code = "views_unreadable"
    kind = "conflict"

    def __init__(self, path: Path | None, why: str) -> None:
        super().__init__(f"the views in {path} cannot be opened ({why}): run `counterfoil rebuild`")


class NotYetKnown(Refusal):
    """A position was asked for that these views have not reached; whoever may wait waits first."""

    code = "not_yet_known"
    kind = "missing"

    def __init__(self, asked: int, reached: int) -> None:
        super().__init__(f"position {asked} is not in the views yet; they stand at {reached}", "known_at")


class QuestionStopped(Refusal):
    """Whoever asked has stopped it."""

    code = "question_stopped"
    kind = "conflict"


class QuestionTooLarge(Refusal):
    """It needs more memory than the views may hold."""

    code = "question_too_large"
    kind = "invalid"


@contextmanager
def in_words() -> Iterator[None]:
    """What the database says when it cannot go on, as a refusal."""
    try:
        yield
    except duckdb.InterruptException:
        raise QuestionStopped("the question was stopped before it was answered") from None
    except duckdb.OutOfMemoryException:
        raise QuestionTooLarge("the question needs too much memory: ask for fewer days or a coarser cut") from None


class Write:
    """What a view may do inside the transaction that applies a batch."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append rows, column by column name; a column left out is NULL."""
        if not rows.num_rows:
            return
        columns = ", ".join(rows.column_names)
        few = rows.num_rows * rows.num_columns <= _FEW_VALUES
        if few and not any(pa.types.is_nested(kind) for kind in rows.schema.types):
            row = f"({', '.join('?' * rows.num_columns)})"
            values = list(chain.from_iterable(zip(*(column.to_pylist() for column in rows.columns), strict=True)))
            self._cursor.execute(f"INSERT INTO {table} ({columns}) VALUES {', '.join([row] * rows.num_rows)}", values)
        else:
            self._cursor.execute(f"INSERT INTO {table} ({columns}) SELECT * FROM rows")

    def execute(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, which sees what this batch has written so far, and give its rows."""
        return self._cursor.execute(sql, parameters).fetchall()


class View(Protocol):
    """Some tables and how facts fill them.

    `ddl` creates the tables, without keys and indexes. `apply` gets only the `facts` the view names, each exactly
    once, in the order of their positions; it gives the same rows for any interleaving of owners.
    """

    @property
    def name(self) -> str: ...
    @property
    def ddl(self) -> str: ...
    @property
    def facts(self) -> tuple[type[Fact], ...]: ...
    def apply(self, recorded: Sequence[Recorded], write: Write) -> None: ...


def tables_of(view: View) -> list[str]:
    """The tables a view creates."""
    return _CREATED.findall(view.ddl)


def ddl_beside(module: str) -> str:
    """The text of the `.sql` file beside a module, given its `__file__`."""
    return Path(module).with_suffix(".sql").read_text(encoding="utf-8")


class Reading:
    """One snapshot of the views on a cursor of its own; `position` is what it holds."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, columns: dict[str, frozenset[str]]) -> None:
        self._cursor = cursor
        self._columns = columns
        self.position = int(_one(cursor, "SELECT coalesce(min(position), 0) FROM positions"))

    def known(self, at: int | dt.datetime | None) -> int:
        """The position to read at. A time means the largest position up to which nothing was recorded after it.

        Raises:
            NotYetKnown: the snapshot does not reach the position.
        """
        if at is None:
            return self.position
        if isinstance(at, dt.datetime):
            first_after = _one(self._cursor, "SELECT min(position) FROM facts WHERE recorded_at > $at", at=at)
            if first_after is None:
                return self.position
            before = "SELECT coalesce(max(position), 0) FROM facts WHERE position < $first"
            return min(self.position, int(_one(self._cursor, before, first=first_after)))
        if at > self.position:
            raise NotYetKnown(at, self.position)
        return at

    def newest(self) -> tuple[int, str]:
        """The position and the recorded time of the last fact held; (0, "") when there is none."""
        stamp = "strftime(recorded_at, '%Y-%m-%dT%H:%M:%S.%fZ')"
        self._cursor.execute(f"SELECT position, {stamp} FROM facts ORDER BY position DESC LIMIT 1")
        row = self._cursor.fetchone()
        return (0, "") if row is None else (int(row[0]), str(row[1]))

    def ask(
        self, sql: str, parameters: dict[str, object], known: int, as_of: dt.date | None, rows: int
    ) -> pa.RecordBatchReader:
        """Run a statement over the tables as known at `known`, without business days after `as_of`, and stream its
        rows in batches. The statement names plain tables and cannot see more; the snapshot lives until `close`."""
        tables = ", ".join(
            f"{table} AS NOT MATERIALIZED (SELECT * FROM main.{table} WHERE {_as_known(columns, known, as_of)})"
            for table, columns in self._columns.items()
            if re.search(rf"\b{table}\b", sql)
        )
        if tables:  # DuckDB cannot parse a statement with a WITH of its own in brackets behind another
            own = sql.removeprefix("WITH ")
            sql = f"WITH {tables}{' ' if own == sql else ', '}{own}"
        with in_words():
            self._cursor.execute(sql, parameters)
            return self._cursor.to_arrow_reader(rows)

    def origins(self, areas: Sequence[str], known: int, as_of: dt.date | None) -> list[str]:
        """Where the facts of some areas come from (reported, panel, simulated, derived), up to `known` and `as_of`."""
        sql = "SELECT DISTINCT origin FROM facts WHERE list_contains($areas, area) ORDER BY origin"
        found = self.ask(sql, {"areas": list(areas)}, known, as_of, 10).read_all()
        return [str(origin) for origin in found["origin"].to_pylist()]

    def stop(self) -> None:
        """Stop what is being asked, from any thread: whoever asks it gets `QuestionStopped`."""
        self._cursor.interrupt()

    def close(self) -> None:
        """Let the snapshot go."""
        self._cursor.close()


def _as_known(columns: frozenset[str], known: int, as_of: dt.date | None) -> str:
    if "known_from" in columns:
        return f"known_from <= {known:d} AND known_to > {known:d}"
    day = ""
    if as_of is not None and "business_day" in columns:  # what has no business day holds on any
        day = f" AND (business_day <= DATE '{as_of}' OR business_day IS NULL)"
    return f"position <= {known:d}{day}"


def _one(cursor: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> Any:
    row = cursor.execute(sql, parameters).fetchone()
    return None if row is None else row[0]


def _make_whole(path: Path, config: dict[str, Any]) -> None:
    """Put an empty database at `path`, whole or not at all: DuckDB cannot open a file that it was killed making."""
    growing = path.with_name(f"{path.name}.new")
    growing.unlink(missing_ok=True)
    duckdb.connect(str(growing), config=config).close()
    growing.replace(path)


class ViewDatabase:
    """One DuckDB database that holds a list of views; `path` None keeps it in memory.

    One thread applies; any thread may wait and read. Only one process may have the file open.

    Raises:
        SchemaDiffers: the file was made for other views.
        ViewsUnreadable: it is damaged, or another program has it open.
    """

    def __init__(
        self, path: Path | None, views: Sequence[View], *, memory_limit: str = MEMORY_LIMIT, threads: int | None = None
    ) -> None:
        self.path = path
        self.views = tuple(views)
        config: dict[str, Any] = {
            "autoinstall_known_extensions": "false",  # a machine without internet would wait seconds for nothing
            "autoload_known_extensions": "false",
            "storage_compatibility_version": "latest",  # texts as compressed dictionaries, read a fifth faster
            "memory_limit": memory_limit,
            **({} if threads is None else {"threads": str(threads)}),
        }
        if path is not None and not path.exists():
            _make_whole(path, config)
        try:
            self._root = duckdb.connect(":memory:" if path is None else str(path), config=config)
        except duckdb.Error as unreadable:
            raise ViewsUnreadable(path, str(unreadable).partition("\n")[0]) from unreadable
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        self._writer = self._root.cursor()
        self._writing = threading.Lock()  # a cursor serves one thread at a time, and applying is not all it does
        self._routes: dict[type[Fact], list[int]] = {}
        for place, view in enumerate(self.views):
            for fact in view.facts:
                self._routes.setdefault(fact, []).append(place)
        self._changed = threading.Condition()
        try:
            self._open_tables()
            self._columns = self._read_columns()
        except BaseException:
            self.close()
            raise
        rows = self._writer.execute("SELECT partition, position FROM positions").fetchall()
        self._reached: dict[str, int] = dict(rows)

    # -- writing: one thread

    def apply(self, recorded: Sequence[Recorded], partition: str = "") -> None:
        """Add facts of a partition, in one transaction with its position; those already applied are skipped.

        Any error rolls everything back and comes out: a view that cannot apply a fact stops.
        """
        self.apply_parts((recorded,), partition)

    def apply_parts(self, parts: Iterable[Sequence[Recorded]], partition: str = "") -> None:
        """The same for facts that come part by part: one transaction for all of them, and memory for one at a time."""
        reached = self._reached.get(partition)
        last = begin = -1 if reached is None else reached
        with self._transaction() as write:
            for part in parts:
                new: list[Recorded] = []
                for item in part:
                    if item.position > last:
                        last = item.position
                        new.append(item)
                self._share_out(new, write)
            if last == begin:
                return
            if reached is None:
                write.execute("INSERT INTO positions VALUES (?, ?)", (partition, last))
            else:
                write.execute("UPDATE positions SET position = ? WHERE partition = ?", (last, partition))
        with self._changed:
            self._reached[partition] = last
            self._changed.notify_all()

    def _share_out(self, recorded: Sequence[Recorded], write: Write) -> None:
        """Give each view the facts it names."""
        shares: list[list[Recorded]] = [[] for _ in self.views]
        for item in recorded:
            for place in self._routes.get(type(item.fact), ()):
                shares[place].append(item)
        for view, share in zip(self.views, shares, strict=True):
            if share:
                view.apply(share, write)

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Within, the write-ahead log is let grow to 1 GB and one thread inserts beside the loader (3.3 to 2.1 us a
        line); one checkpoint at the end."""
        with self._writing:
            before = {name: _one(self._writer, f"SELECT current_setting('{name}')") for name in _IN_BULK}
            for name, value in _IN_BULK.items():
                self._writer.execute(f"SET {name} = '{value}'")
        try:
            yield
        finally:
            with self._writing:
                for name, value in before.items():
                    self._writer.execute(f"SET {name} = '{value}'")
        self.checkpoint()

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file; what a copy of the file needs first."""
        with self._writing:
            self._writer.execute("CHECKPOINT")

    def clear(self) -> None:
        """Empty every view, so that the log can be applied from its beginning."""
        with self._transaction() as write:
            for table in (*self._columns, "positions"):
                write.execute(f"DELETE FROM {table}")
        with self._changed:
            self._reached.clear()

    def close(self) -> None:
        """Close the file. Called when the thread that applies has ended."""
        self._writer.close()
        self._root.close()

    # -- reading: any thread

    def position(self) -> int:
        """What has been applied: the least over the partitions."""
        return min(self._reached.values(), default=0)

    def wait(self, position: int, timeout: float) -> bool:
        """Wait until the views have reached `position`; False when `timeout` seconds have passed first."""
        with self._changed:
            return self._changed.wait_for(lambda: self.position() >= position, timeout)

    def read(self) -> Reading:
        """A snapshot to ask; the caller closes it."""
        cursor = self._root.cursor()
        cursor.begin()
        return Reading(cursor, self._columns)

    # -- inside

    @contextmanager
    def _transaction(self) -> Iterator[Write]:
        with self._writing:
            self._writer.begin()
            try:
                yield Write(self._writer)
            except BaseException:
                self._writer.rollback()
                raise
            self._writer.commit()

    def _open_tables(self) -> None:
        ddl = _ABOUT + "".join(view.ddl for view in self.views)
        schema = f"{SCHEMA}:{hashlib.sha256(ddl.encode()).hexdigest()[:16]}"
        made = _one(self._writer, "SELECT count(*) FROM duckdb_tables()")
        if not made:
            with self._transaction() as write:
                write.execute(ddl)
                write.execute("INSERT INTO about VALUES (?)", (schema,))
        elif (schema,) not in self._writer.execute("SELECT schema FROM about").fetchall():
            raise SchemaDiffers(self.path)

    def _read_columns(self) -> dict[str, frozenset[str]]:
        """The columns of each table of the views, which tell how it is read at a position."""
        found: dict[str, frozenset[str]] = {}
        for view in self.views:
            for table in tables_of(view):
                sql = "SELECT column_name FROM duckdb_columns() WHERE table_name = $table"
                columns = frozenset(name for (name,) in self._writer.execute(sql, {"table": table}).fetchall())
                if not columns & {"position", "known_from"}:
                    raise ValueError(f"{view.name}: {table} has no position and no versions, so it forgets the past")
                found[table] = columns
        return found
