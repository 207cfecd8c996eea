"""An entrance over a folder with two stores and an article."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import a_store
from tests.support.http import Entrance, open_entrance


@pytest.fixture
def entrance(tmp_path: Path) -> Iterator[Entrance]:
    with open_entrance(tmp_path / "folder", a_store("1"), a_store("2")) as opened:
        yield opened
