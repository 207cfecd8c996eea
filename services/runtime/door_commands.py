"""The commands of `counterfoil` that open the doors: serving, and the tokens that let in.

It must not know what is served.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.runtime import serving
from services.runtime.house import now
from services.runtime.invitation import DAYS, invitation
from services.runtime.screens import beside, harmless, screen
from services.runtime.settings import Settings
from services.runtime.tokens import ROLES, NoSuchToken, revoke, sign
from services.runtime.words import Data, in_words, settings_of

doors = typer.Typer()
HOST: Final = "127.0.0.1"
PORT: Final = 8000
Port = Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen at; 0: one that is free.")]


@doors.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = HOST,
    port: Port = PORT,
    data: Data = None,
) -> None:
    """Serve stores, headquarters and auditors over HTTP, until stopped; what was begun is finished first."""
    settings = settings_of(context, data)

    def told(url: str) -> None:
        beside().print(harmless(f"{url} serves {settings.data}; its description is at /docs"), soft_wrap=True)

    with in_words():
        serving.serve(settings, host, port, told)


def serve_demo(settings: Settings, port: int) -> None:
    """Serve a loaded demo on this machine, and say how to ask.

    Raises:
        FolderInUse, CannotServe: as serving does.
    """

    def told(url: str) -> None:
        lines = invitation(settings, url, now())
        screen().print(harmless(f"\nServing at {url} until Ctrl+C; its description is at {url}/docs"), soft_wrap=True)
        screen().print(harmless(f"In another shell, with tokens that are good for {DAYS} days:\n"))
        for line in lines:
            screen().print(harmless(line), soft_wrap=True)

    serving.serve(settings, HOST, port, told)


@doors.command()
def token(
    context: typer.Context,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")] = "",
    store: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="A store of the role; may be repeated.")
    ] = None,
    days: Annotated[int, typer.Option(help="How many days it is good.")] = 30,
    actor: Annotated[str, typer.Option(metavar="CODE", help="Who bears it, a code; never a name.")] = "",
    revoked: Annotated[str, typer.Option("--revoke", metavar="ID", help="Instead: let a token be good no more.")] = "",
    data: Data = None,
) -> None:
    """Sign a token for somebody who is to use the doors, or revoke one by its id.

    The key is made on first use and stays in the data folder. A server that runs takes note of a revoked token at once.
    """
    settings = settings_of(context, data)
    with in_words():
        if bool(role) == bool(revoked):
            raise NoSuchToken("name a role to sign a token, or with --revoke the id of one to revoke")
        if revoked:
            revoke(settings.data, revoked)
            beside().print(harmless(f"{revoked} is good no more"))
            return
        signed = sign(settings.data, role, store or [], days, now(), actor=actor, audience=settings.audience)
    typer.echo(signed.token)
    ends = f"counterfoil token --revoke {signed.jti}"
    beside().print(harmless(f"good until {signed.expires:%Y-%m-%d}; {ends} ends it sooner"), soft_wrap=True)
