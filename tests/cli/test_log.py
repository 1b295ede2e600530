"""The log: a line for each request, and remarks below it."""

import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
import requests

from mock_server.cli.log import Format, Log, Note, is_colourful
from mock_server.refusal import Violation
from mock_server.state.journal import Exchange
from tests.cli.conftest import PROGRAM, Serve, environment, open_terminal, wait_until

EXCHANGE = Exchange(
    "POST",
    "/api/x",
    401,
    sent_target="/api/x?\x9b\x1b[2J\n",
    sent_key="mock",
    operation="create",
    refusal="no_access",
    violations=(Violation("extra", "the field 'a\x07' is ignored: remove it."),),
    defect="broken\nin two",
    hint="send\ta key",
    seconds=0.00123456,
)


def test_text_lines(serve: Serve) -> None:
    served = serve()
    form = {"name": "a", "type": "email", "nme": "b"}
    url = f"http://127.0.0.1:{served.port}/api/notification-handlers"
    requests.post(url, data=form, headers={"Authorization": "Bearer mock-long-key"}, timeout=20)
    served.ask("GET", "/api/notification-handlers/?page=2", {"Authorization": "Bearer real-key-of-mine"})
    served.ask("GET", "/api/notification-handlers/%07", {})
    served.ask("GET", "/_mock/info")
    lines = served.logged("%07").splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d POST   /api/notification-handlers 201 [\d.]+ms mock-l…13", lines[0])
    assert lines[1].startswith("  ! ")
    assert "nme" in lines[1]
    assert re.fullmatch(r".{8} GET    /api/notification-handlers/\?page=2 401 [\d.]+ms real-k…16", lines[2])
    assert lines[3].startswith("  ? The mock's keys begin with 'mock'. ")
    assert re.fullmatch(r".{8} GET    /api/notification-handlers/%07 401 [\d.]+ms -", lines[4])
    assert lines[5].startswith("  ? Send the header 'Authorization: Bearer mock-key'")
    assert len(lines) == 6
    assert "\x1b" not in served.err


def test_verbose_lines(serve: Serve) -> None:
    served = serve("-v")
    served.ask("GET", "/api/notification-handlers/77?q=mock-secret")
    assert "secret" not in served.logged("GET")
    assert served.logged("GET").endswith(" mock… retrieve_notification_handler not_found\n")


def test_json_lines(serve: Serve) -> None:
    served = serve("--log-format", "json", "--host", "0.0.0.0")
    served.ask("GET", "/api/notification-handlers?page=x")
    served.ask("GET", "/nowhere", {})
    warning, listed, nowhere = (json.loads(line) for line in served.logged("nowhere").splitlines())
    assert warning["event"] == "warning"
    assert datetime.fromisoformat(listed.pop("ts")).tzinfo is not None
    assert listed.pop("ms") > 0
    (violation,) = listed.pop("violations")
    assert violation["code"]
    assert "page" in violation["sentence"]
    assert listed == {
        "event": "request", "method": "GET", "path": "/api/notification-handlers?page=x", "status": 200,
        "key": "mock…", "operation": "list_notification_handlers_without_slash", "refusal": None, "defect": None,
        "hint": None,
    }  # fmt: skip
    assert (nowhere["status"], nowhere["operation"], nowhere["refusal"]) == (404, None, "site_page")


def test_control_characters_are_escaped() -> None:
    text = Format(verbose=True).lines(0.0, EXCHANGE)
    lines = text.split("\n")
    assert lines[0].endswith("POST   /api/x?%C2%9B%1B%5B2J%0A 401 1.23ms mock… create no_access")
    assert lines[1:] == [
        "  ! the field 'a\\x07' is ignored: remove it.", "  ? send\\x09a key", "  DEFECT broken\\x0ain two", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?api_key=mock-secret-1", "?api_key=…"),
        ("?page=2&Access%54oken=abc&results_per_page=10", "?page=2&Access%54oken=…&results_per_page=10"),
        ("?q=%6Dock-secret-1", "?q=…"),
        ("?client_secret=a=b", "?client_secret=…"),
        ("?key=&page=2", "?key=&page=2"),
        ("?page=2", "?page=2"),
        ("", ""),
    ],
)
def test_keys_are_redacted(query: str, shown: str) -> None:
    exchange = replace(EXCHANGE, sent_target=f"/api/x{query}")
    assert f" /api/x{shown} 401 " in Format(key_prefix="mock").lines(0.0, exchange)
    assert json.loads(Format("json", key_prefix="mock").lines(0.0, exchange))["path"] == f"/api/x{shown}"


def test_colours() -> None:
    text = Format(coloured=True).lines(0.0, EXCHANGE)
    assert " \x1b[33m401\x1b[0m " in text
    assert "\x1b[35m  ! the field" in text


def test_a_malformed_request() -> None:
    exchange = Exchange("", "", 400, refusal="malformed")
    assert Format().lines(0.0, exchange).endswith(" -      - 400 0.0ms -\n")


def test_a_json_line_is_one_line_of_ascii() -> None:
    line = Format("json").lines(0.0, EXCHANGE)
    assert line.isascii()
    assert line.count("\n") == 1
    found = json.loads(line)
    assert (found["path"], found["defect"], found["ts"]) == (
        EXCHANGE.target,
        EXCHANGE.defect,
        "1970-01-01T00:00:00.000+00:00",
    )
    assert json.loads(Format("json").lines(0.0, Note("reloaded", "now", {"digest": "d"})))["digest"] == "d"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 2


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], io.StringIO]:
    """Return a function that replaces standard error by a terminal. Call it in the test, after pytest's own capture."""

    def put() -> io.StringIO:
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm")
        return stream

    return put


def test_colours_are_for_terminals_that_want_them(
    terminal: Callable[[], io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal()
    assert is_colourful()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not is_colourful()
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("TERM", "dumb")
    assert not is_colourful()


def test_a_quiet_log_has_internal_errors_alone(
    terminal: Callable[[], io.StringIO],
) -> None:
    standard_error = terminal()
    with Log(quiet=True) as log:
        log.observe(replace(EXCHANGE, defect="", sent_target="/usual"))
        log.observe(EXCHANGE)
        logging.getLogger("mock_server.state.world").warning("a world was dropped")
        logging.getLogger("mock_server.server").error("a request could not be read")
    text = standard_error.getvalue()
    assert "/usual" not in text
    assert "DEFECT" in text
    assert "a world was dropped" not in text
    assert text.endswith("\na request could not be read\n")
    log.observe(EXCHANGE)  # after the end it is ignored


def test_the_log_goes_on_after_a_line_that_fails(terminal: Callable[[], io.StringIO]) -> None:
    standard_error = terminal()
    log = Log("json")
    log.note("odd", "No JSON can hold this.", fact=object())
    wait_until(lambda: log._queue.empty())
    log.note("usual", "This one is written.")
    log.close()
    (line,) = standard_error.getvalue().splitlines()
    assert json.loads(line)["event"] == "usual"


def test_dropped_lines_are_counted(
    terminal: Callable[[], io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    standard_error = terminal()
    monkeypatch.setattr("mock_server.cli.log._MOST", 3)
    going = threading.Event()

    def render(_: Format, __: float, event: Note) -> str:
        going.wait()
        return f"{event.sentence}\n"

    monkeypatch.setattr(Format, "lines", render)
    log = Log()
    log.note("n", "1")
    wait_until(lambda: log._queue.empty())
    threading.Event().wait(0.05)  # it holds that line now
    for number in range(2, 9):
        log.note("n", str(number))
    going.set()
    log.close()
    lost = "4 lines were dropped, because the log is not read fast enough."
    assert standard_error.getvalue().splitlines() == ["1", lost, "2", "3", "4"]


def test_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with Log() as log:
        log.observe(EXCHANGE)
    assert not is_colourful()


def test_a_terminal_gets_colours() -> None:
    ours, theirs = open_terminal()
    command = [*PROGRAM, "serve", "--port", "0", "--log-format", "text"]
    with subprocess.Popen(
        command, env=environment(TERM="xterm"), stdout=subprocess.PIPE, stderr=theirs, text=True
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        url = next(line for line in process.stdout if line.startswith("ready ")).split()[1]
        requests.get(url, timeout=20)
        shown = os.read(ours, 4096).decode()
        process.terminate()
        assert process.wait(10) == 0
    os.close(ours)
    assert "\x1b[33m404\x1b[0m" in shown
