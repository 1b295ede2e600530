"""Under load of all kinds a mock responds to every call, keeps no memory, and stops when told."""

from __future__ import annotations

import http.client
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.steadiness.clients import BASE, FORM
from tests.steadiness.process import Mock, running
from tests.steadiness.soak import soak

KEY = {"Authorization": "Bearer mock-key"}


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[Mock]:
    with running(tmp_path) as started:
        yield started


def test_a_short_soak(mock: Mock) -> None:
    result = soak(mock, seconds=4, worlds=40)
    assert result.wrong == []
    kinds = {"create", "list", "stranger", "swallowed", "journal", "arm", "half", "huge", "pipelined", "slow"}
    assert kinds <= result.done.keys()


def test_500_connections_half_of_them_slow(mock: Mock) -> None:
    raw = b"GET /api/notification-handlers/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mock-key\r\n\r\n"
    connections = [mock.connect() for _ in range(500)]
    slow, quick = connections[:250], connections[250:]
    for at in range(0, len(raw), 12):
        for each in slow:
            each.sock.sendall(raw[at : at + 12])
        for each in quick[at * 5 : at * 5 + 50]:
            each.request("GET", f"{BASE}/1", headers=KEY)
            assert each.getresponse().read().startswith(b'{"data":')
    for each in slow:
        answer = http.client.HTTPResponse(each.sock)
        answer.begin()
        assert answer.status == 200
        assert answer.read().startswith(b'{"data":')
    for each in connections:
        each.close()


def test_a_flood_leaves_a_journal_of_bounded_size(mock: Mock) -> None:
    before, body = mock.sample().resident, b"name=" + b"x" * 30_000
    connection = mock.connect()
    for number in range(3000):
        connection.request("POST", f"{BASE}/1", body, {**FORM, "Authorization": f"Bearer mock-{number % 3}"})
        assert connection.getresponse().read()
    connection.close()
    # 90 MB came in; three worlds remember 4 MiB each, and Python's allocator has its slack.
    assert mock.sample().resident - before < 45e6
    told = mock.connect()
    told.request("GET", "/_mock/journal?key=mock-1&limit=1&since=999")
    assert told.getresponse().read().startswith(b'{"exchanges":')
    told.close()


@pytest.mark.parametrize(("path", "header"), [("/?name={}", ""), ("/", "{}")], ids=["targets", "headers"])
def test_long_heads_are_counted_like_bodies(mock: Mock, path: str, header: str) -> None:
    before, connection = mock.sample().resident, mock.connect()
    for number in range(2000):
        long = f"{number:06}" * 7500
        headers = {**KEY, "X-Long": header.format(long)}
        connection.request("GET", BASE + path.format(long), headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()
    # 90 MB came in, and a target is kept twice, as it came and decoded.
    assert mock.sample().resident - before < 45e6


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to be told by")
def test_a_signal_answers_what_was_accepted(mock: Mock) -> None:
    control = mock.connect()
    control.request("POST", "/_mock/faults?key=mock-key", b'{"latency": "400ms", "times": null}')
    assert control.getresponse().read()
    late = [mock.connect() for _ in range(100)]
    for each in late:
        each.request("POST", BASE, b"name=N&type=slack", {**FORM, **KEY})
    control.request("GET", "/_mock/journal?key=mock-key&wait=50s&count=100&limit=1")
    assert control.getresponse().status == 200
    mock.process.send_signal(signal.SIGTERM)
    answers = [each.getresponse() for each in late]
    ids = {answer.read() for answer in answers}
    assert [answer.status for answer in answers] == [201] * 100
    assert len(ids) == 100
    assert mock.process.wait(timeout=60) == 0
    for each in (control, *late):
        each.close()
