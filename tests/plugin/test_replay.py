"""Scripts written from a capsule send the same bytes, and go on after faults on the wire."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from mock_server import bitpeak_mock
from mock_server.capsule import Capsule, CapsuleWorld, write_curl
from mock_server.client import Api, Call, Interrupted
from tests.examples.running import needs
from tests.plugin.test_capsule import capsule_of, replay

ITEM = "/api/notification-handlers/1"
LIST = "/api/notification-handlers"

WIRE = """
import pytest
from mock_server.client import Interrupted

def test_it(bitpeak):
    for wire in ("drop", "reset", "empty", "truncate"):
        bitpeak.fail(wire=wire, times=1)
        with pytest.raises(Interrupted):
            bitpeak.send("GET", "/api/notification-handlers/1")
    bitpeak.fail(wire="slow", latency="10ms")
    for _ in range(2):
        assert bitpeak.send("GET", "/api/notification-handlers/1").status == 200
    assert [call.wire for call in bitpeak.journal] == ["drop", "reset", "empty", "truncate", "slow", None]
    assert not bitpeak
"""


@pytest.fixture
def cut_off(suite: pytest.Pytester, url: str) -> Path:
    return capsule_of(suite, WIRE, f"--bitpeak-url={url}")


def test_a_replay_goes_through_faults_on_the_wire(cut_off: Path) -> None:
    result = replay(cut_off)
    assert (result.exit_code, result.output) == (0, f"same    GET {ITEM} 200\n" * 6)


def test_as_pytest_it_goes_through_them(cut_off: Path, suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(test_again=replay(cut_off, "--as", "pytest").output)
    for mock in ([f"--bitpeak-url={url}"], []):
        suite.runpytest_inprocess(*mock, "test_again.py").assert_outcomes(passed=1)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@needs("curl")
def test_as_curl_it_goes_through_them(cut_off: Path, url: str) -> None:
    said = run_shell(replay(cut_off, "--as", "curl").output, url)
    ends = re.findall(r"^curl: \d+, as the response is cut off \((\w+)\)|^HTTP/1.1 (\d+)", said, re.MULTILINE)
    words = [wire or status for wire, status in ends]
    assert words == ["drop", "reset", "200", "empty", "200", "truncate", "200", "200"]


def test_as_har_it_shows_what_arrived(cut_off: Path) -> None:
    log = json.loads(replay(cut_off, "--as", "har").output)["log"]
    drop, reset, empty, half, slow, whole = [entry["response"] for entry in log["entries"]]
    assert [each["status"] for each in (drop, reset, empty, half, slow, whole)] == [0, 0, 200, 200, 200, 200]
    assert [each["_error"] for each in (drop, empty)] == ["cut off: drop", "cut off: empty"]
    assert "status 200" in drop["comment"]
    assert (drop["headers"], drop["content"]["text"], empty["content"]["text"]) == ([], "", "")
    text = whole["content"]["text"]
    assert half["content"]["text"] == text[: len(text) // 2]
    assert slow["content"]["text"] == text
    assert "_error" not in slow


def test_a_fault_that_no_longer_strikes_is_a_difference(cut_off: Path) -> None:
    facts = json.loads(cut_off.read_text())
    steps = facts["worlds"][0]["steps"]
    facts["worlds"][0]["steps"] = [step for step in steps if "exchange" in step]
    cut_off.write_text(json.dumps(facts))
    result = replay(cut_off)
    assert result.exit_code == 1
    assert "the response was cut off (drop), and now arrives with status 200" in result.output


class Heard(NamedTuple):
    """What a server heard of a request."""

    method: str
    target: str
    content_type: str | None
    other: str | None
    body: bytes


@pytest.fixture
def listener() -> Iterator[tuple[str, list[Heard]]]:
    heard: list[Heard] = []

    class Ear(BaseHTTPRequestHandler):
        def note(self) -> None:
            headers = self.headers
            body = self.rfile.read(int(headers.get("Content-Length", 0)))
            heard.append(
                Heard(self.command, self.path, headers.get("Content-Type"), headers.get("X-Other"), body)
            )
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = note  # noqa: N815 - http.server calls them so

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Ear) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()


def run_shell(script: str, url: str) -> str:
    environment = {"MOCK": url, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh"], input=script.encode(), env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode(errors="replace")


def script_of(calls: Sequence[Call]) -> str:
    return write_curl(Capsule("test", "", {}, [], [CapsuleWorld({}, calls)]))


MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


def multipart(*fields: tuple[str, str]) -> bytes:
    head = '--b\r\nContent-Disposition: form-data; name="'
    return ("".join(f'{head}{name}"\r\n\r\n{value}\r\n' for name, value in fields) + "--b--\r\n").encode()


PLAIN = [
    [("name", "Team")],
    [("name", '"abc"'), ("type", " leading"), ("slack", "@file"), ("email", "<file;type=x")],
    [("name", "It's Ż"), ("empty", ""), ("lines", "one\ntwo"), ("settings[a][]", "$KEY `x` \\ %")],
]
SPECIAL = [
    [('na"me;x', "value")],
    [("a=b", "value")],
    [("name", "nul\0")],
    [("name", "esc\x1b[31mred")],
    [("name", "carriage\rreturn")],
    [("name", "long" * 40_000)],
]


@pytest.fixture(scope="module")
def mock() -> Iterator[Api]:
    with bitpeak_mock(socket=False) as api:
        yield api


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@needs("curl")
def test_curl_sends_the_same_bytes(mock: Api, listener: tuple[str, list[Heard]]) -> None:
    api = mock.another()
    url, heard = listener
    for fields in PLAIN + SPECIAL:
        api.send("POST", LIST, MULTIPART, multipart(*fields))
    form, json_ = ({"Content-Type": f"application/{kind}"} for kind in ("x-www-form-urlencoded", "json"))
    file = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\ntext\r\n--b--\r\n'
    typed = (
        b'--b\r\nContent-Disposition: form-data; name="f"\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--\r\n'
    )
    others = [
        ("POST", LIST, MULTIPART, file),
        ("POST", LIST, MULTIPART, typed),
        ("POST", LIST, form, b"@name=a&type='$KEY\"\n"),
        ("POST", LIST, json_, json.dumps({"name": "n" * 150_000}).encode()),
        ("POST", LIST, {"Content-Type": "application/octet-stream"}, bytes(range(256))),
        ("POST", LIST, {}, b"no type"),
        ("HEAD", LIST, {}, b""),
        ("GET", f"{LIST}/../x/[1-3]/{{a,b}}?q='\"$KEY", {"X-Other": "$KEY 'quoted' \"twice\" `x`"}, b""),
        ("DELETE", ITEM, {}, b""),
    ]
    for method, target, headers, body in others:
        api.send(method, target, headers, body)
    script = script_of(list(api.journal))
    run_shell(script, url)
    expected = [Heard("POST", LIST, MULTIPART["Content-Type"], None, multipart(*f)) for f in PLAIN + SPECIAL]
    for method, target, headers, body in others:
        expected.append(Heard(method, target, headers.get("Content-Type"), headers.get("X-Other"), body))
    state, *calls = heard
    assert (state.method, state.body) == ("PUT", b"{}")
    assert [named_alike(call) for call in calls] == expected
    assert script.count("--form-string") == sum(len(fields) for fields in PLAIN)


def named_alike(heard: Heard) -> Heard:
    """Give a form the boundary of the test's, since curl makes up its own."""
    made_up = re.search(r"boundary=(-+\w+)", heard.content_type or "")
    if made_up is None:
        return heard
    body = heard.body.replace(made_up[1].encode(), b"b")
    return heard._replace(content_type=MULTIPART["Content-Type"], body=body)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@needs("curl")
def test_what_curl_cannot_send_is_named(mock: Api, listener: tuple[str, list[Heard]]) -> None:
    api = mock.another()
    url, heard = listener
    api.send("POST", LIST, {}, b"x" * 300_000)
    api.send("GET", ITEM, {"X-Other": "\xe9"})
    script = script_of(list(api.journal))
    run_shell(script, url)
    assert f"# Left out: POST {LIST}. The mock does not remember its whole body.\n" in script
    assert "# Left out: the header X-Other, which is not ASCII.\n" in script
    assert [(each.method, each.other) for each in heard] == [("PUT", None), ("GET", None)]


def test_send_meets_each_fault_once(mock: Api) -> None:
    """Over an idle connection, too: a client that tried again would hide the fault."""
    with bitpeak_mock() as api:
        for wire in ("drop", "reset"):
            assert api.send("GET", ITEM).status == 200
            api.fail(wire=wire, times=1)
            with pytest.raises(Interrupted, match="was cut off"):
                api.send("GET", ITEM)
        assert [call.wire for call in api.journal] == [None, "drop", None, "reset"]
