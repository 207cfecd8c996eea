"""The commands that open the doors: the demo that goes on to serve, an address that is taken, tokens that end early."""

from __future__ import annotations

import shlex
import shutil
import socket
from pathlib import Path

import httpx2
import pytest

from services.runtime import tokens
from tests.runtime.world import run
from tests.support.house import a_store
from tests.support.http import open_entrance
from tests.support.served import Server


@pytest.mark.slow
def test_the_demo_goes_on_to_serve_and_its_three_lines_work(loaded: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(loaded, data)
    server = Server(data, "demo", "--port", "0", "--data", str(data))
    try:
        lines = server.hear(r"(?s)(curl [^\n]+\n[^c]*){3}").splitlines()
        known = dict(line.split("=", 1) for line in lines if line.partition("=")[0].endswith("_TOKEN"))
        asked = [line for line in lines if line.startswith("curl ")]
        assert len(known) == len(asked) == 3
        answers = [ask(line, known) for line in asked]
        assert [answer.status_code for answer in answers] == [200, 200, 200], [answer.text for answer in answers]
        day, sales, csv = answers
        assert day.json()["state"] == "closed"
        assert [row["month"] for row in sales.json()["rows"]] == ["2017-01"]
        assert csv.text.startswith("department")
        assert httpx2.get(f"{server.url}/docs").status_code == 200
    finally:
        status = server.stop()
    assert status == 0


def ask(line: str, known: dict[str, str]) -> httpx2.Response:
    """Do what a curl line does, with the variables that a shell would know."""
    for name, token in known.items():
        line = line.replace(f"${name}", token)
    program, option, header, url = shlex.split(line)
    assert (program, option) == ("curl", "-H")
    name, _, value = header.partition(": ")
    return httpx2.get(url, headers={name: value}, timeout=60)


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_an_address_that_is_taken_is_said_to_be(command: str, loaded: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run(command, "--port", str(port), "--data", loaded)
    assert result.exit_code == 1
    assert f"cannot serve on 127.0.0.1 port {port}: another process listens there" in result.stderr
    assert "--port" in result.stderr
    assert "curl" not in result.stdout


def test_an_address_of_another_machine_is_not_listened_at(tmp_path: Path) -> None:
    result = run("serve", "--host", "192.0.2.1", "--data", tmp_path)
    assert result.exit_code == 1
    assert "cannot serve on 192.0.2.1 port 8000" in result.stderr


def test_a_token_that_is_revoked_is_good_no_more_from_the_next_request_on(tmp_path: Path) -> None:
    with open_entrance(tmp_path / "folder", a_store("1")) as entrance:
        done = run("token", "--role", "headquarters", "--data", entrance.folder)
        token = done.stdout.strip()
        jti = done.stderr.split("--revoke ")[1].split()[0]
        tokens.revoked_path(entrance.folder).write_text("somebody-else  # written by hand, its line not ended")
        assert entrance.when("GET", "/hq/sales", token).status_code == 200
        ended = run("token", "--revoke", jti, "--data", entrance.folder)
        assert ended.exit_code == 0, ended.stderr
        assert ended.stdout == ""
        answer = entrance.when("GET", "/hq/sales", token)
        assert (answer.status_code, answer.json()["detail"]) == (401, "this token has been revoked")
        assert entrance.when("GET", "/hq/sales", entrance.token()).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a role"),
        (["--role", "auditor", "--revoke", "abc"], "name a role"),
        (["--revoke", "no id at all"], "the id of the token"),
        (["--revoke", "abc"], "no token was ever signed"),
    ],
)
def test_a_revocation_that_means_nothing_is_refused(arguments: list[str], words: str, tmp_path: Path) -> None:
    result = run("token", *arguments, "--data", tmp_path)
    assert result.exit_code == 2
    assert words in result.stderr
    assert list(tmp_path.iterdir()) == []
