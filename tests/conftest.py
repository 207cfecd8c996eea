"""What holds for every test: no deadline on shared machines, and no test near anybody's data folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever asks the environment for its data folder gets an empty one of this test's own."""
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
