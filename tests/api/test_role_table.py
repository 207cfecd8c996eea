"""The page about roles says what the code does."""

from __future__ import annotations

from api import role_table
from api.app import permission_of, routes_of
from api.roles import ROLES
from tests.house.documents import sections, table
from tests.support.http import Entrance


def test_the_page_is_that_of_the_code() -> None:
    assert role_table.COPY.read_text(encoding="utf-8") == role_table.text(), "renew it: python -m api.role_table"


def test_the_page_names_for_each_address_those_who_may(entrance: Entrance) -> None:
    written = {row[0]: row[1] for row in table(sections(role_table.COPY)["Addresses"])}
    for route in routes_of(entrance.app):
        needed = permission_of(route)
        for method in route.methods or ():
            named = written.pop(f"{method} {route.path}").split(", ")
            assert named == (["anybody"] if needed is None else [role for role in ROLES if needed in ROLES[role]])
    assert written == {}
