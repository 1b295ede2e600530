"""`state`, and seeds that were observed: a world becomes the beginning of others."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from mock_server import Settings, create_app
from mock_server.client import AppChannel, HTTPChannel, RunningMock
from tests.cli.conftest import Invoke, Serve

LIST = "/api/notification-handlers/"
SLACK = {"type": "slack", "name": "Team", "settings": {"slack": "https://example.com/hook"}}


def seeded(file: Path) -> list[dict[str, Any]]:
    """Return the rows that a mock with this seed shows."""
    app = create_app(Settings(seed=file))
    return list(RunningMock(AppChannel(app)).world().send("GET", LIST).json()["data"])


def test_a_world_becomes_a_seed(serve: Serve, invoke: Invoke, tmp_path: Path) -> None:
    served, file = serve(), tmp_path / "seed.yaml"
    url = f"http://127.0.0.1:{served.port}"
    with RunningMock(HTTPChannel(url)) as mock:
        mock.world("mock-anna").seed([SLACK, {"type": "x", "name": "a"}])
    result = invoke("state", url, "--key", "mock-anna")
    assert (result.exit_code, result.stderr) == (0, "")
    file.write_text(result.stdout)
    rows = seeded(file)
    assert [(row["id"], row["name"]) for row in rows] == [(2, "a"), (1, "Team")]
    assert rows[1]["settings"] == SLACK["settings"]


def test_a_state_without_a_mock_or_a_world(serve: Serve, invoke: Invoke) -> None:
    assert invoke("state", "http://127.0.0.1:1", "--key", "mock-a").exit_code == 4
    result = invoke("state", f"http://127.0.0.1:{serve().port}", "--key", "real")
    assert result.exit_code == 3
    assert "The key must begin with 'mock'" in result.stderr


def _calls() -> list[tuple[str, str, int, str]]:
    """Return calls of an app: it lists two handlers, reads one, changes it and deletes the other."""
    with RunningMock(AppChannel(create_app())) as mock:
        api = mock.world()
        api.seed([{**SLACK, "id": 3}, {"type": "email", "name": "Old", "id": 7}])
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        api.send("GET", LIST)
        api.send("POST", f"{LIST}3", form, b"name=New")
        api.send("GET", f"{LIST}3")
        api.send("DELETE", f"{LIST}7")
        api.send("GET", f"{LIST}7")
        api.send("GET", "/api/elsewhere")
        return [(each.method, each.target, each.status, each.response.text or "") for each in api.journal]


def har(path: Path, *, encoded: bool) -> None:
    def content(text: str) -> dict[str, str]:
        return (
            {"text": base64.b64encode(text.encode()).decode(), "encoding": "base64"}
            if encoded
            else {"text": text}
        )

    entries = [
        {
            "request": {"method": method, "url": f"https://bitpeak.ru{target}?page=1"},
            "response": {"status": status, "content": content(text)},
        }
        for method, target, status, text in _calls()
    ]
    path.write_text(json.dumps({"log": {"entries": entries}}))


def recording(path: Path) -> None:
    lines: list[Any] = [
        {"recording": 1, "date": "2026-11-30", "target": "https://bitpeak.ru/api", "document": ""}
    ]
    lines += [
        {
            "request": {"method": method, "url": f"https://bitpeak.ru{target}"},
            "answer": {"status": status, "body": text},
        }
        for method, target, status, text in _calls()
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in [*lines, {"end": "2026-11-30"}]))


@pytest.mark.parametrize("form", ["har", "encoded", "recording"])
def test_what_an_app_has_seen_becomes_a_seed(tmp_path: Path, form: str) -> None:
    file = tmp_path / ("seen.jsonl" if form == "recording" else "seen.har")
    if form == "recording":
        recording(file)
    else:
        har(file, encoded=form == "encoded")
    (row,) = seeded(file)
    assert (row["id"], row["name"], row["settings"]) == (3, "New", SLACK["settings"])


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "seen.har",
            '{"log": {"entries": []}}',
            ":1: No response of /api/notification-handlers shows a row. Record one",
        ),
        ("seen.har", "[]", ":1: This is not a HAR (TypeError: "),
        ("seen.har", "{", ":1: This is not a HAR (JSONDecodeError: "),
        ("seen.jsonl", '{"recording": 1}\nx\n', ":2: This line is not a JSON object."),
        ("seen.jsonl", '{"recording": 2}\n', ":1: This is not a recording of version 1."),
        ("none.har", None, ":1: The file cannot be read (No such file or directory). Check it."),
    ],
)
def test_a_file_that_shows_nothing_is_an_error(
    invoke: Invoke, tmp_path: Path, name: str, text: str | None, says: str
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
    result = invoke("call", "GET", "/notification-handlers/", "--seed", str(file))
    assert result.exit_code == 3
    assert f"{file}{says}" in result.stderr.replace("\n", "")
