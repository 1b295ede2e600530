"""The banner: what is in effect, and a curl command for each operation."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mock_server import Settings
from mock_server.app import create_app, mock_of
from mock_server.cli.running import curl_lines
from mock_server.document import home
from tests.cli.conftest import Serve
from tests.examples.running import needs


@needs("curl")
def test_every_line_of_curl_runs(serve: Serve) -> None:
    served = serve()
    lines = served.out.splitlines()
    ids = [line[2:].partition(":")[0] for line in lines if line.startswith("# ")]
    operations = [each["id"] for each in json.loads(served.ask("GET", "/_mock/info")[1])["operations"]]
    assert sorted(ids) == sorted(operations)
    commands = [line for line in lines if line.startswith("curl ")]
    assert len(commands) == len(ids)
    for command in commands:
        shown = subprocess.run(
            ["bash", "-c", f"{command} --silent --show-error --write-out '\\n%{{http_code}}'"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout.splitlines()[-1].startswith("2"), (command, shown)


def test_the_banner_shows_what_is_in_effect(serve: Serve, tmp_path: Path) -> None:
    overlay = tmp_path / "titled.yaml"
    overlay.write_text(
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\n"
        'actions: [{target: $.info, update: {title: "Ander\\e[1ms"}}, '
        "{target: '$.servers[0]', update: {url: 'https://example.com/v2'}}]\n"
    )
    served = serve(
        "--overlay", str(overlay), "--answer", "create-status=ok", "--answer", "delete-status=no-content"
    )
    assert served.out.startswith("bitpeak-mock ")
    assert "document  Ander\\x1b[1ms 2025-12 (notification-handlers.yaml, " in served.out
    assert "overlays  titled.yaml\n" in served.out
    assert "answers   create-status=ok, delete-status=no-content\n" in served.out
    assert f"page      http://127.0.0.1:{served.port}/_mock/\n" in served.out
    assert "key       mock-key (or any that begins with 'mock'; each has its own world)" in served.out
    assert "rules" not in served.out
    assert served.out.endswith(f"ready http://127.0.0.1:{served.port}/v2\n")


def lines_for(path: Path, seed: Path | None = None) -> dict[str, list[str]]:
    mock = mock_of(create_app(Settings(document=path, seed=seed)))
    lines = curl_lines(mock, "http://h/api", insecure=False)
    return {operation.id: shlex.split(line) for operation, line in lines}


@pytest.fixture
def changed(tmp_path: Path) -> Any:
    """Write the document with a text replaced."""

    def write(old: str, new: str) -> Path:
        text = (home() / "notification-handlers.yaml").read_text()
        assert old in text
        file = tmp_path / "changed.yaml"
        file.write_text(text.replace(old, new))
        return file

    return write


def test_curl_asks_for_the_first_handler_of_the_seed(changed: Any, tmp_path: Path) -> None:
    document, seed = changed("title: BitPeak", "title: Bitpeak"), tmp_path / "seed.yaml"
    seed.write_text("- {id: 9, type: email, name: a}\n- {id: 7, type: email, name: b}\n")
    assert (
        lines_for(document, seed)["retrieve_notification_handler"][-1]
        == "http://h/api/notification-handlers/7"
    )
    seed.write_text("[]\n")
    assert (
        lines_for(document, seed)["retrieve_notification_handler"][-1]
        == "http://h/api/notification-handlers/1"
    )


def test_curl_gets_fields_that_look_like_files(changed: Any) -> None:
    document = changed("{name: Example, type: email, email", "{name: '@Exa mple', type: 'a;b', email")
    words = lines_for(document)["create_notification_handler"]
    assert words[3:-1] == [
        "--form-string", "name=@Exa mple", "--form-string", "type=a;b", "--form", "email=hello@example.com",
    ]  # fmt: skip


def test_curl_deletes_last(changed: Any) -> None:
    assert list(lines_for(changed("title: BitPeak", "title: Bitpeak")))[-1] == "delete_notification_handler"


def test_curl_sends_forms_that_are_not_multipart(changed: Any) -> None:
    words = lines_for(changed("multipart/form-data:", "application/x-other:"))["create_notification_handler"]
    assert words[3:5] == ["--data-urlencode", "name=Example"]
