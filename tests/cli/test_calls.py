"""`call`: one request in this process."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import PROGRAM, Invoke, environment, run


@pytest.mark.parametrize(
    "path", ["/notification-handlers/", "/api/notification-handlers/", "notification-handlers/"]
)
def test_the_base_path_is_optional(invoke: Invoke, path: str) -> None:
    result = invoke("call", "get", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["data"][0]["id"] == 1


def test_control_paths(invoke: Invoke) -> None:
    assert json.loads(invoke("call", "GET", "/_mock/health").stdout) == {"status": "ok"}


def test_a_query(invoke: Invoke) -> None:
    result = invoke("call", "GET", "/notification-handlers/?page=2&results_per_page=10")
    assert json.loads(result.stdout)["meta"] == {
        "page": 2,
        "results_per_page": 10,
        "total": 1,
        "total_pages": 1,
    }


def test_a_form(invoke: Invoke) -> None:
    fields = ["--form", "name=ü=ü", "--form", "type=email", "--form", "email=a@example.com"]
    result = invoke("call", "POST", "/notification-handlers", *fields)
    assert (result.exit_code, result.stdout, result.stderr) == (0, '{"data":{"id":2}}', "")


def test_a_violation_is_a_warning_or_strictly_a_refusal(invoke: Invoke) -> None:
    fields = ["--form", "name=a", "--form", "type=email", "--form", "nme=b"]
    result = invoke("call", "POST", "/notification-handlers", *fields)
    assert result.exit_code == 0
    assert result.stderr.startswith("  ! ")
    assert "nme" in result.stderr
    result = invoke("call", "POST", "/notification-handlers", *fields, "--strict")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["errors"][0]["status"] == 400


def test_keys(invoke: Invoke) -> None:
    assert invoke("call", "GET", "/notification-handlers/", "--key", "mock-other").exit_code == 0
    wrong = invoke("call", "GET", "/notification-handlers/", "--key", "real")
    assert (wrong.exit_code, "? The mock's keys begin with 'mock'" in wrong.stderr) == (1, True)
    none = invoke("call", "GET", "/notification-handlers/", "--no-key")
    assert (none.exit_code, "? Send the header 'Authorization: Bearer mock-key'" in none.stderr) == (1, True)
    own = invoke("call", "GET", "/notification-handlers/", "--header", "authorization: Basic x")
    assert "missing the Bearer" in own.stdout
    both = invoke("call", "GET", "/", "--key", "mock", "--no-key")
    assert (both.exit_code, "--key and --no-key contradict" in both.stderr) == (2, True)


def test_status_and_headers(invoke: Invoke) -> None:
    result = invoke("call", "-i", "DELETE", "/notification-handlers/1")
    head, _, body = result.stdout_bytes.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    assert "X-Bitpeak-Mock: " in head
    assert body == ""


def test_seed_and_answers(invoke: Invoke, tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("- {id: 5, type: email, name: Five}\n")
    assert (
        b'"name":"Five"'
        in invoke("call", "GET", "/notification-handlers/5", "--seed", str(seed)).stdout_bytes
    )
    fields = ["--form", "name=a", "--form", "type=email", "--form", "email=a@example.com"]
    result = invoke("call", "-i", "POST", "/notification-handlers", *fields, "--answer", "create-status=ok")
    assert result.stdout.startswith("HTTP/1.1 200 OK")


def test_a_form_is_urlencoded_if_the_document_says_so(invoke: Invoke, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\n"
        "actions: [{target: \"$.paths['/notification-handlers'].post.requestBody.content['multipart/form-data']\", "
        "remove: true}]\n"
    )
    fields = ["--form", "name=a", "--form", "type=email", "--form", "email=a@example.com"]
    result = invoke("call", "POST", "/notification-handlers", *fields, "--overlay", str(overlay))
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--form", "name"], "--form: Invalid value 'name': use for example --form name=Example."),
        (
            ["--header", "name"],
            "--header: Invalid value 'name': use for example --header 'Accept: application/json'.",
        ),
        (["--header", "a: b\r\nc: d"], "Invalid header 'a: b\\r\\nc: d': leave out the line breaks."),
    ],
)
def test_wrong_options(invoke: Invoke, arguments: list[str], sentence: str) -> None:
    result = invoke("call", "GET", "/", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_pipe_gets_bytes_and_a_terminal_gets_indented_json() -> None:
    piped = run("call", "GET", "/notification-handlers/1").stdout
    assert piped.startswith('{"data":{')
    assert not piped.endswith("\n")
    ours, theirs = pytest.importorskip("pty").openpty()
    command = [*PROGRAM, "call", "GET", "/notification-handlers/1", "-i"]
    subprocess.run(command, env=environment(), stdout=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 4096).decode().replace("\r\n", "\n")
    os.close(ours)
    head, _, body = shown.partition("\n\n")
    assert head.startswith("HTTP/1.1 200 OK\n")
    assert body.startswith('{\n  "data": {\n')
    assert json.loads(body) == json.loads(piped)
