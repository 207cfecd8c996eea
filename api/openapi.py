"""`python -m api.openapi`: write the published description to docs/openapi.json, where a test compares it."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Final

from api.app import create
from services.runtime.settings import Settings

COPY: Final = Path(__file__).parents[1] / "docs" / "openapi.json"


def text() -> str:
    """The description as it stands in the copy."""
    with tempfile.TemporaryDirectory() as folder:
        described = create(Settings(data=Path(folder))).openapi()
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the copy anew."""
    COPY.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
