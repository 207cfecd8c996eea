"""What the demo prints when it serves: three tokens and three lines that ask something, to be pasted into a shell.

It must not know what serves.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from services.runtime.settings import Settings
from services.runtime.tokens import sign

STORE: Final = "367"
DAYS: Final = 7
ASKED: Final = (
    ("STORE_TOKEN", "store-manager", f"/store/{STORE}/days/2017-01-05"),
    ("HQ_TOKEN", "headquarters", "/hq/sales?by=month"),
    ("AUDITOR_TOKEN", "auditor", "/auditor/sales?by=department&as_of=2017-06-30&format=csv"),
)
"""For each audience the name of its token, its role, and what it asks."""


def invitation(settings: Settings, url: str, now: dt.datetime) -> list[str]:
    """The lines; the tokens are good for a week from `now`."""
    signed = [
        (
            name,
            sign(
                settings.data, role, [STORE] if role == "store-manager" else [], DAYS, now, audience=settings.audience
            ),
        )
        for name, role, _ in ASKED
    ]
    return [
        *(f"{name}={each.token}" for name, each in signed),
        *(f"curl -H \"Authorization: Bearer ${name}\" '{url}{path}'" for name, _, path in ASKED),
    ]
