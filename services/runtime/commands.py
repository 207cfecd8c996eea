"""The commands of `counterfoil`, and their exit status: 0 done, 1 done with something to look at, 2 asked in a way that
means nothing, 3 the data folder is in use, 130 interrupted. It must not know how any of it is done.
"""

from __future__ import annotations

import datetime as dt
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from domain.kernel import Context
from domain.values import Invalid, business_day
from projections.export import export as write_file
from projections.export import json_parts
from projections.questions import Asked, read_known_at, read_where
from projections.registry import QUESTIONS
from services.decoding import json_schemas
from services.demo.complete_journey import ABOUT, ChainYear
from services.refusals import forget_bytes
from services.runtime import reports
from services.runtime.demo import Load, found, start_over
from services.runtime.doctor import examine
from services.runtime.door_commands import PORT, Port, doors, serve_demo
from services.runtime.folder import Folder
from services.runtime.house import House, now
from services.runtime.importing import apply_all, follow_views, scan
from services.runtime.kept import all_facts, purgeable
from services.runtime.screens import Bars, beside, harmless, screen
from services.runtime.summary import show_summary
from services.runtime.words import (
    LOOK_AT_IT,
    MEANS_NOTHING,
    AsJson,
    Data,
    in_words,
    must_hold_a_log,
    open_house,
    print_json,
    settings_of,
    stop,
)


class Articles(StrEnum):
    """Which version of an article describes what was sold."""

    AS_SOLD = "as-sold"
    TODAY = "today"


app = typer.Typer(
    help="Counterfoil, the back office of a chain of stores: facts that nobody can change, and figures traced to them.",
    epilog="Ends with 0 done, 1 done with something to look at, 2 asked in a way that means nothing, 3 folder in use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


def _day(text: str) -> dt.date:
    try:
        return business_day(text)
    except Invalid as invalid:
        raise typer.BadParameter(f"{text!r} {invalid}") from None


def _names(texts: list[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for text in texts or () for name in text.split(",") if name.strip())


@app.callback()
def everywhere(context: typer.Context, data: Data = None) -> None:
    """What holds for every command."""
    context.obj = data


app.add_typer(doors)


# -- loading


@app.command()
def demo(
    context: typer.Context,
    data: Data = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over: delete the folder's demo first.")] = False,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the summary.")] = False,
    port: Port = PORT,
    as_json: AsJson = False,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Only write the chain-year as files that `import` takes.")
    ] = None,
) -> None:
    """Load a real chain-year, show what it adds up to, and serve it until stopped.

    A year that is there already is shown at once; a load that was interrupted goes on where it stopped. A folder with
    facts that the demo did not write is neither loaded into nor deleted.
    """
    started = time.monotonic()
    settings = settings_of(context, data)
    with in_words():
        if to is not None:
            with Bars(beside()) as bars:
                ChainYear().write(to, bars.reach)
            screen().print(harmless(f"stores, articles, batches and closings are in {to}, as import takes them"))
            screen().print(harmless(ABOUT, "italic dim"), soft_wrap=True)
            return
        if fresh:
            start_over(settings, now)
        with House(settings, "demo") as house:
            loaded = found(house)
            with Bars(beside()) as bars:
                figures = loaded or Load(house, ChainYear(), bars, started).run()
                follow_views(house, bars)
            if as_json:
                print_json(figures)
            else:
                show_summary(screen(), house.views, figures, loaded_now=loaded is None)
        if not figures.complete:
            raise typer.Exit(LOOK_AT_IT)
        if not (no_serve or as_json):
            serve_demo(settings, port)


@app.command(name="import")
def import_files(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of JSON, one object a line.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take in files of lines, each naming its schema: counterfoil/batch/1 and the like (counterfoil schema lists them).

    The order of files and lines does not matter: one call applies stores, then articles, then business day by business
    day movements and batches, days without sales and declarations, resolutions, closings. Sending again is harmless.
    Refused lines are listed with field and reason and kept. Ends with 1 when anything was refused or is in conflict, be
    it the first time or in a batch sent again.
    """
    started = time.monotonic()
    settings = settings_of(context, data)
    with in_words(), Bars(beside()) as bars:
        index = scan(files, bars)
        with House(settings, "import") as house:
            tally = apply_all(house, index, Context(), bars)
    seconds = round(time.monotonic() - started, 2)
    if as_json:
        print_json(reports.import_object(tally, seconds))
    else:
        reports.show_import(screen(), tally, seconds)
    if tally.refused or tally.listed:
        raise typer.Exit(LOOK_AT_IT)


# -- asking


@app.command()
def export(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="Which question; --list explains them.")] = "",
    by: Annotated[list[str] | None, typer.Option(metavar="DIMENSION,...", help="The cut.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="DIMENSION=VALUE", help="Keep what fits; the same dimension twice means either."),
    ] = None,
    measures: Annotated[list[str] | None, typer.Option(metavar="MEASURE,...", help="Left out: all that fit.")] = None,
    first: Annotated[
        dt.date | None, typer.Option("--from", parser=_day, metavar="DAY", help="The first business day.")
    ] = None,
    last: Annotated[
        dt.date | None, typer.Option("--to-day", parser=_day, metavar="DAY", help="The last business day.")
    ] = None,
    as_of: Annotated[
        dt.date | None,
        typer.Option("--as-of", parser=_day, metavar="DAY", help="Without business days after this one."),
    ] = None,
    known_at: Annotated[
        str, typer.Option(metavar="POSITION|TIME", help="As it was known then; a time names its offset.")
    ] = "",
    articles: Annotated[Articles, typer.Option(help="Which version of an article counts.")] = Articles.AS_SOLD,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="A .csv, .parquet or .json file.")] = None,
    list_all: Annotated[
        bool, typer.Option("--list", help="Explain every question: dimensions, measures, units.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question, on the screen or into a file."""
    with in_words():
        if list_all:
            _list_questions(as_json)
            return
        asked = Asked(
            question,
            by=_names(by),
            where=tuple(read_where(each) for each in where or ()),
            measures=_names(measures),
            first=first,
            last=last,
            as_of=as_of,
            known_at=read_known_at(known_at) if known_at else None,
            articles=articles.value,
            today=now().date(),
        )
        with open_house(settings_of(context, data), "export") as house:
            answer = house.views.ask(asked)
            if to is not None:
                rows = write_file(answer, to)
                beside().print(harmless(f"{rows:,} rows as known at position {answer.position} in {to}"))
            elif as_json:
                for part in json_parts(answer):
                    typer.echo(part, nl=False)
            else:
                reports.show_answer(screen(), answer)
        if isinstance(asked.known_at, dt.datetime) and asked.known_at >= now():
            beside().print(harmless(f"{known_at} is still to come: what is recorded until then may change this answer"))


def _list_questions(as_json: bool) -> None:
    if as_json:
        print_json([each.describe() for each in QUESTIONS.values()])
    else:
        reports.show_questions(screen(), QUESTIONS)


@app.command()
def schema(
    name: Annotated[str, typer.Argument(help="Such as counterfoil/batch/1, or batch for short.")] = "",
) -> None:
    """List the schemas of import lines, or print the JSON Schema of one."""
    schemas = dict(json_schemas())
    if not name:
        for each in schemas:
            typer.echo(each)
        return
    chosen = [each for each in schemas if name in (each, each.removeprefix("counterfoil/"), each.split("/")[1])]
    if not chosen:
        stop(f"there is no schema {name!r}; there are {', '.join(schemas)}", MEANS_NOTHING)
    print_json(schemas[chosen[0]])


# -- looking after the folder


@app.command()
def rebuild(context: typer.Context, data: Data = None) -> None:
    """Make all views anew from the log; answers are the same as before."""
    started = time.monotonic()
    settings = settings_of(context, data)
    folder = Folder(settings.data)
    with in_words():
        must_hold_a_log(folder)
        folder.own("rebuild", now())
        try:
            for suffix in ("", ".wal"):  # whatever made them, and in whatever state they are
                folder.views.with_name(folder.views.name + suffix).unlink(missing_ok=True)
        finally:
            folder.release()
        with House(settings, "rebuild") as house, Bars(beside()) as bars:
            with house.bulk():
                follow_views(house, bars)
            position = house.views.position()
    screen().print(f"the views are made anew, to position {position:,}; {time.monotonic() - started:,.1f} s")


@app.command()
def doctor(
    context: typer.Context,
    seals: Annotated[
        bool, typer.Option("--seals", help="Compute each day's sealed hash anew from its stored facts, and compare.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say what is where, in which versions, whether it is sound, and who holds the folder. Ends with 1 if it is not.

    It looks whether the log is a sound database (SQLite's quick_check), whether each block of the views has its
    checksum, and whether the views were made from this log. That no stored fact was changed, only --seals tells.
    """
    with Bars(beside()) as bars:
        health = examine(settings_of(context, data), now, bars.reach if seals else None)
    if as_json:
        print_json(health)
    else:
        reports.show_health(screen(), health)
    if health.trouble:
        raise typer.Exit(LOOK_AT_IT)


@app.command()
def kept(
    context: typer.Context,
    hash_: Annotated[str, typer.Argument(metavar="HASH", help="The SHA-256 that `export refused` names.")],
    data: Data = None,
) -> None:
    """Show the bytes of what was refused or conflicts; what a terminal would obey is written as an escape."""
    with in_words(), open_house(settings_of(context, data), "kept") as house:
        bytes_kept = house.store.kept(hash_)
        if bytes_kept is None:
            stop(f"nothing is kept under {hash_}, or it has been purged", MEANS_NOTHING)
        reports.show_kept(screen(), bytes_kept)


@app.command()
def purge(
    context: typer.Context,
    before: Annotated[
        dt.date, typer.Option("--before", parser=_day, metavar="DAY", help="Recorded before this day (UTC).")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded.")],
    data: Data = None,
) -> None:
    """Forget the kept bytes of what was refused, or of conflicts decided; never those of an open conflict.

    Hash, length and reason stay, and that it was done is a fact of its own.
    """
    if before > now().date():
        stop(f"{before} is still to come: what is recorded until then is not known yet", MEANS_NOTHING)
    if not reason.strip():
        stop("say why: --reason TEXT", MEANS_NOTHING)
    with in_words(), open_house(settings_of(context, data), "purge") as house:
        hashes = purgeable(all_facts(house.store.after), before)
        forgotten = house.writer.do(forget_bytes(hashes, before.isoformat(), reason.strip()), Context()).result
        house.store.checkpoint()  # or the bytes might stay in the write-ahead log
    screen().print(f"bodies forgotten: {forgotten:,}")
