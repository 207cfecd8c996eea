"""The entry point of the command line.

A bulk load starts a second process, which imports this module again: so it loads nothing until it is called.
"""

from __future__ import annotations


def main() -> None:
    """Run `counterfoil` with the arguments of this process; ends it with the command's exit status."""
    from services.runtime.commands import app  # noqa: PLC0415 - see above

    app(prog_name="counterfoil")
