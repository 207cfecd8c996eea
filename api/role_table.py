"""`python -m api.role_table`: write what each role may do, and where, to docs/roles.md, where a test compares it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from api.app import create, permission_of, routes_of
from api.roles import OF_OWN_STORES, PERMISSIONS, ROLES
from services.runtime.settings import Settings

COPY: Final = Path(__file__).parents[1] / "docs" / "roles.md"
HEAD: Final = """# Roles

What a token's role lets its bearer do: `own` for the stores that the token names, `yes` for the whole chain. What does
not stand here is refused. A token may be given for one scope alone, `read` or `write`.

The tables are those of the code (`api/roles.py`); `python -m api.role_table` writes this page anew.
"""


def text() -> str:
    """The page as it stands in the copy."""
    return "\n".join([HEAD, *_permissions(), "", "## Addresses", "", *_addresses(), ""])


def _permissions() -> Iterator[str]:
    yield "| may | scope | " + " | ".join(ROLES) + " |"
    yield "|---|---|" + "---|" * len(ROLES)
    for name, permission in PERMISSIONS.items():
        mark = "own" if name in OF_OWN_STORES else "yes"
        marks = " | ".join(mark if name in may else "-" for may in ROLES.values())
        yield f"| {permission.says} | {permission.scope} | {marks} |"


def _addresses() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        routes = routes_of(create(Settings(data=Path(folder))))
    yield "| address | roles |"
    yield "|---|---|"
    for route in routes:
        needed = permission_of(route)
        let_in = "anybody" if needed is None else ", ".join(role for role, may in ROLES.items() if needed in may)
        for method in sorted(route.methods or ()):
            yield f"| `{method} {route.path}` | {let_in} |"


def main() -> int:
    """Write the copy anew."""
    COPY.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
