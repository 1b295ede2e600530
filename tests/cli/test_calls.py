"""`call`: one request in this process."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from mock_server.cli import calls, cli
from mock_server.cli.options import load_mock
from mock_server.mock import Mock, Observer
from mock_server.settings import Settings
from mock_server.state.journal import Exchange
from tests.cli.conftest import PROGRAM, Invoke, environment, open_terminal, run


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


@pytest.mark.parametrize(
    ("option", "sent"),
    [
        ("--form=f=@{0}/a.png", b'; filename="a.png"\r\nContent-Type: image/png\r\n\r\npixels\r\n'),
        (
            '--form=f=@"{0}/b;c";filename=c.txt;type=text/x; charset=utf-8',
            b'; filename="c.txt"\r\nContent-Type: text/x; charset=utf-8\r\n\r\nwords\r\n',
        ),
        (
            "--form=f=@-;filename=",
            b'; filename=""\r\nContent-Type: application/octet-stream\r\n\r\ntyped\r\n',
        ),
        ('--form=f=<"{0}/b;c"', b"\r\n\r\nwords\r\n"),
        ("--form=f=a<b;type=c", b"\r\n\r\na<b;type=c\r\n"),
        ("--form-string=f=@{0}/a.png;type=a", b"\r\n\r\n@{0}/a.png;type=a\r\n"),
    ],
)
def test_files_in_a_form_as_curl_sends_them(
    option: str, sent: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_text("pixels")
    (tmp_path / "b;c").write_text("words")
    seen: list[Exchange] = []

    def load_and_watch(settings: Settings, observers: list[Observer]) -> Mock:
        return load_mock(settings, [*observers, seen.append])

    monkeypatch.setattr(calls, "load_mock", load_and_watch)
    line = ["call", "POST", "/notification-handlers", option.format(tmp_path)]
    CliRunner().invoke(cli, line, input="typed")
    expected = b'Content-Disposition: form-data; name="f"' + sent.replace(b"{0}", os.fsencode(tmp_path))
    assert expected in seen[0].body


@pytest.mark.parametrize(
    ("field", "code", "says"),
    [
        (
            "f=@no",
            3,
            "--form: Cannot read no: No such file or directory. To send a text that begins with @ or <,",
        ),
        ("f=<{0}/bytes", 3, "/bytes: it is not UTF-8. "),
        (
            "f=@no;size=3",
            2,
            "Invalid value 'f=@no;size=3': use @FILE, with ;type= and ;filename= if you like, or <FILE.",
        ),
        ("f=<no;type=a/b", 2, "Invalid value 'f=<no;type=a/b': use @FILE"),
    ],
)
def test_files_in_a_form_that_cannot_be_sent(
    field: str, code: int, says: str, tmp_path: Path, invoke: Invoke
) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff")
    result = invoke("call", "POST", "/notification-handlers", "--form", field.format(tmp_path))
    assert (result.exit_code, result.stdout) == (code, "")
    assert says in result.stderr


def test_a_hint_does_not_continue_the_last_line_of_the_body(invoke: Invoke) -> None:
    result = invoke("call", "GET", "/notification-handlers/", "--no-key")
    hint, body = result.output.splitlines()
    assert hint.startswith("  ? Send the header")
    assert json.loads(body)["errors"]
    assert result.stdout == body


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
    ours, theirs = open_terminal()
    command = [*PROGRAM, "call", "GET", "/notification-handlers/1", "-i"]
    subprocess.run(command, env=environment(), stdout=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 4096).decode().replace("\r\n", "\n")
    os.close(ours)
    head, _, body = shown.partition("\n\n")
    assert head.startswith("HTTP/1.1 200 OK\n")
    assert body.startswith('{\n  "data": {\n')
    assert json.loads(body) == json.loads(piped)
