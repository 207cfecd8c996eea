"""The reading of documents is itself tested: a reader that finds nothing would find every document in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import documents

TEXT = """# A page, or two

[there](other.md#a-heading), [here](#a-page-or-two), [away](https://example.org/)

```json
{"a": 1}
{
  "b": {"c": 2}
}
```

```sh
make demo   # a comment
counterfoil export sales --by "store"
```

Run `counterfoil export days --by store`, `counterfoil kept HASH` or `counterfoil export QUESTION`.

## Settings

| name | default |
|---|---|
| `A` | 1 |
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_import_lines_may_stand_several_in_a_block_and_over_several_lines(page: Path) -> None:
    assert documents.import_lines(page) == [{"a": 1}, {"b": {"c": 2}}]


def test_commands_are_read_without_comments_and_by_program(page: Path) -> None:
    assert documents.commands(page, "make") == [["demo"]]
    assert documents.commands(page, "counterfoil") == [["export", "sales", "--by", "store"]]


def test_what_is_asked_in_passing_is_found_unless_it_has_a_placeholder(page: Path) -> None:
    assert documents.asked_in_passing(page) == [["export", "days", "--by", "store"]]
    assert documents.commands_named(TEXT) == {"export", "kept"}


def test_links_name_file_and_heading_and_leave_the_world_out(page: Path) -> None:
    assert list(documents.links(page)) == [(page.parent / "other.md", "a-heading"), (page, "a-page-or-two")]
    assert documents.headings(page) >= {"a-page-or-two", "settings"}


def test_tables_are_read_without_their_head(page: Path) -> None:
    assert documents.table(documents.sections(page)["Settings"]) == [("A", "1")]


def test_every_document_is_looked_at() -> None:
    names = {path.name for path in documents.documents()}
    assert {"README.md", "CHANGELOG.md", "guide.md", "operations.md", "0001-fact-layout.md"} <= names
