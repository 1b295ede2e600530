"""A suite of a Python consumer: requests, httpx and asyncio, on private worlds and on one that the module shares.

`test_suites.py` runs it from the wheel, in another order and in two processes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from freezegun import freeze_time
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from mock_server.client import Api, ControlError, NotInTime, TooMany, Violated
from mock_server.transports import requests_adapter

PATH = "/notification-handlers"


class Account:
    """What the program under test is."""

    def __init__(self, api: Api) -> None:
        self.url = api.base_url + PATH
        self.session = requests.Session()
        self.session.headers.update(api.headers)
        if api.app is not None:
            self.session.mount("http://", requests_adapter(api.app))

    def names(self) -> list[str]:
        response = self.session.get(f"{self.url}/", timeout=20)
        response.raise_for_status()
        return [row["name"] for row in response.json()["data"]]

    def create(self, **form: str) -> requests.Response:
        return self.session.post(
            self.url, files={name: (None, text) for name, text in form.items()}, timeout=20
        )


@pytest.fixture(params=["socket", "process"])
def api(request: pytest.FixtureRequest) -> Api:
    """Give a private world, once over a socket and once without."""
    name = "bitpeak" if request.param == "socket" else "bitpeak_in_process"
    return request.getfixturevalue(name)  # type: ignore[no-any-return]


@pytest.fixture
def account(api: Api) -> Any:
    found = Account(api)
    yield found
    found.session.close()


@pytest.mark.parametrize("turn", range(4))
def test_a_private_world_begins_alike(api: Api, account: Account, turn: int) -> None:
    assert account.names() == ["Work email"]
    account.create(name=f"Turn {turn}", type="slack", slack="s")
    assert len(account.names()) == 2
    assert len(api.journal) == 3


@pytest.mark.parametrize("turn", range(4))
def test_a_shared_world_is_one(bitpeak_module: Api, turn: int) -> None:
    before = len(bitpeak_module.journal.filter(method="post"))
    Account(bitpeak_module).create(name=f"Turn {turn}", type="slack", slack="s")
    assert len(bitpeak_module.journal.filter(method="POST", path=PATH)) == before + 1


def test_an_undo_is_of_one_world_and_of_what_it_names(api: Api, account: Account) -> None:
    other = api.another()
    before = api.snapshot()
    api.seed([])
    api.fail(status=503)
    other.send(
        "POST", f"/api{PATH}", {"Content-Type": "application/x-www-form-urlencoded"}, b"name=New&type=email"
    )
    api.restore({"handlers": before["handlers"]})
    assert [row["name"] for row in api.snapshot()["handlers"]] == ["Work email"]
    assert [row["name"] for row in other.snapshot()["handlers"]] == ["Work email", "New"]
    assert [fault["status"] for fault in api.faults] == [503]


def test_the_clients_own_retries_work(api: Api, account: Account) -> None:
    retries = Retry(total=3, backoff_factor=0, status_forcelist=[503])
    adapter = HTTPAdapter(max_retries=retries)
    account.session.mount(
        "http://", adapter if api.app is None else requests_adapter(api.app, max_retries=retries)
    )
    api.fail(status=503, times=2)
    assert account.names() == ["Work email"]
    assert [call.status for call in api.journal] == [503, 503, 200]


def test_a_violation_counts_although_it_is_forgotten(bitpeak_in_process: Api) -> None:
    path = "/api/notification-handlers/"
    bitpeak_in_process.send("GET", f"{path}?colour=red")
    for _ in range(1005):
        bitpeak_in_process.send("GET", f"{path}1")
    assert bitpeak_in_process.journal[-1].status == 200
    bitpeak_in_process.strict = True
    with pytest.raises(Violated, match="no longer remembers"):
        bitpeak_in_process.verify()
    bitpeak_in_process.strict = False


def test_a_fault_that_found_nothing_to_change_is_kept(api: Api, account: Account) -> None:
    fault = api.fail(mutation={"pointer": "/data/0/name", "change": "missing"})
    account.session.get(f"{account.url}/1", timeout=20)
    assert [(each["id"], each["hits"]) for each in api.faults] == [(fault["id"], 0)]
    assert "name" not in account.session.get(account.url, timeout=20).json()["data"][0]


def test_a_long_text_is_shown_whole(api: Api, account: Account) -> None:
    url = "https://example.com/" + "x" * 240
    account.create(name="Team", type="slack", slack=url)
    assert api.journal[-1].request.form["slack"] == url


@pytest.mark.parametrize(
    "operation", ["list_notification_handlers", "list_notification_handlers_without_slash"]
)
def test_an_operation_is_meant_however_it_is_spelled(api: Api, account: Account, operation: str) -> None:
    api.fail(status=503, operation=operation, times=2)
    assert account.session.get(account.url, timeout=20).status_code == 503
    assert account.session.get(f"{account.url}/", timeout=20).status_code == 503
    assert len(api.journal.filter(operation=operation)) == 2


@pytest.mark.parametrize(
    "wanted", [{"path": "/notification-handler"}, {"method": "POTS"}, {"violation": "oops"}]
)
def test_a_filter_with_a_slip_is_no_green_test(api: Api, wanted: Any) -> None:
    with pytest.raises(ControlError, match=r"Unknown|Invalid"):
        assert api.journal.filter(**wanted) == []


@pytest.mark.parametrize(
    "seed", [[{"type": "email", "name": "a", "id": 7.0}], [{"type": "email", "name": "a", "id": 7}]]
)
def test_a_whole_number_is_an_integer(api: Api, account: Account, seed: Any) -> None:
    api.seed(seed)
    assert account.create(name="b", type="email").text == '{"data":{"id":8}}'


def test_a_true_retry_after(api: Api, account: Account) -> None:
    api.fail("rate_limited", headers={"Retry-After": "30", "X-RateLimit-Reset": "30"})
    response = account.session.get(account.url, timeout=20)
    assert (response.status_code, response.headers["retry-after"]) == (429, "30")


@pytest.mark.parametrize("status", [408, 425, 502, 504])
def test_any_outage(api: Api, account: Account, status: int) -> None:
    api.fail(status=status, body={"message": "later"})
    response = account.session.get(account.url, timeout=20)
    assert (response.status_code, response.json()) == (status, {"message": "later"})
    assert list(api.journal[-1].beyond) == ["status", "body"]


def test_a_sequence(api: Api, account: Account) -> None:
    api.fail(status=500, scenario="outage", next="recovering")
    api.fail("rate_limited", scenario="outage", state="recovering", next="over")
    assert [account.session.get(account.url, timeout=20).status_code for _ in range(3)] == [500, 429, 200]


def test_a_lost_connection_is_seen_until_it_heals(api: Api, account: Account) -> None:
    api.fail(wire="drop")
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            account.names()
    api.heal()
    assert account.names() == ["Work email"]


def test_exactly_so_many(api: Api, account: Account) -> None:
    account.names()
    api.journal.filter(method="GET").exactly(1)
    api.journal.filter(method="DELETE").exactly(0, quiet="1ms")
    with pytest.raises(TooMany, match="not 0"):
        api.journal.exactly(0)
    with pytest.raises(NotInTime, match=r"- status = 404\n    \+ status = 200"):
        api.journal.filter(status=404).wait(timeout="1ms")


@pytest.mark.bitpeak(strict=True)
def test_an_expected_refusal_is_accepted(api: Api, account: Account) -> None:
    assert account.create(name="a", type="email", colour="red").status_code == 400
    api.journal.filter(violation="unknown-field").accept()


def test_a_hint_says_what_was_meant(api: Api, account: Account) -> None:
    account.create(name="a", type="Slack")
    account.session.put(f"{account.url}/1", timeout=20)
    assert "did you mean 'slack'?" in api.journal[0].hint
    assert api.journal[1].hint == "An update is a POST here. Send POST /api/notification-handlers/1."


def test_a_coroutine_waits(bitpeak: Api) -> None:
    async def main() -> int:
        async with httpx.AsyncClient(headers=bitpeak.headers) as client:
            waiting = asyncio.create_task(bitpeak.journal.wait_async(count=2, timeout="20s"))
            await asyncio.gather(*(client.get(f"{bitpeak.base_url}{PATH}/1") for _ in range(2)))
            return len(await waiting)

    assert asyncio.run(main()) == 2


def test_a_thread_is_waited_for(bitpeak: Api) -> None:
    account = Account(bitpeak)
    later = threading.Timer(0.02, account.names)
    later.start()
    assert bitpeak.journal.wait(timeout="20s")[0].status == 200
    later.join()
    account.session.close()


@freeze_time("2026-01-01")
def test_a_frozen_clock_ends_no_wait_late(api: Api, account: Account) -> None:
    with pytest.raises(NotInTime):
        api.journal.wait(timeout="20ms")
    api.fail(latency="10ms", virtual=False)
    assert account.names() == ["Work email"]


_WITHOUT = "-p no:schemathesis -p no:hypothesispytest -p no:anyio -p no:xdist"


class Project:
    """A folder with tests of its own, which a pytest of its own runs."""

    def __init__(self, folder: Path, **files: str) -> None:
        self.folder = folder
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")

    def run(self, module: str, *words: str, **variables: str) -> str:
        """Run the command of a module, such as `pytest`, in the folder, and return its output.

        pytest loads no plugins of this environment that a consumer has not. They take longer to load than the tests.
        """
        command = [sys.executable, "-P", "-m", module, *words]
        environment = {**os.environ, "PYTEST_ADDOPTS": f"-q {_WITHOUT}", **variables}
        output = self.folder / "output"  # no pipe, which a process that is left behind would keep open
        with output.open("w", encoding="utf-8") as file:
            subprocess.run(command, cwd=self.folder, env=environment, stdout=file, check=False, timeout=120)
        return output.read_text(encoding="utf-8")


CUT_OFF = f"""
import pytest, requests

def test_it(bitpeak):
    url = bitpeak.base_url + "{PATH}/1"
    for wire in ("drop", "truncate"):
        bitpeak.fail(wire=wire, times=1)
        with pytest.raises(requests.RequestException):
            requests.get(url, headers=bitpeak.headers)
    assert requests.get(url, headers=bitpeak.headers).status_code == 404
"""


def test_a_capsule_with_faults_on_the_wire_is_repeated_to_its_end(tmp_path: Path) -> None:
    project = Project(tmp_path, test_cut_off=CUT_OFF)
    assert "1 failed" in project.run("pytest", "--bitpeak-capsules", ".", "test_cut_off.py")
    (capsule,) = (path.name for path in tmp_path.glob("*.json"))
    calls = f"GET /api{PATH}/1 200\n"
    assert project.run("mock_server", "replay", capsule) == f"same    {calls}" * 3
    har = json.loads(project.run("mock_server", "replay", capsule, "--as", "har"))
    assert [entry["response"]["status"] for entry in har["log"]["entries"]] == [0, 200, 200]
    again = project.run("mock_server", "replay", capsule, "--as", "pytest")
    (tmp_path / "test_again.py").write_text(again, encoding="utf-8")
    assert "1 passed" in project.run("pytest", "test_again.py")


def test_modules_of_our_names_disturb_only_a_test_that_asks_for_the_mock(tmp_path: Path) -> None:
    tests = "import mock_server\ndef test_mine(): assert mock_server.MINE\ndef test_asks(bitpeak): ..."
    project = Project(tmp_path, mock_server="MINE = True", contract_tests="", queue="", test_it=tests)
    said = project.run("pytest", "-p", "no:cacheprovider", "test_it.py")
    assert "1 passed, 1 error" in said
    assert "hides the package 'mock_server' of bitpeak-mock. Rename it" in said


def test_a_marker_that_has_no_effect_is_an_error(tmp_path: Path) -> None:
    tests = """
import pytest

@pytest.mark.bitpeak(strict=True)
def test_without_a_world(): ...

@pytest.mark.bitpeak(strict="nonsense", foo=3)
def test_with_unknown_words(bitpeak_module): ...
"""
    said = Project(tmp_path, test_it=tests).run("pytest", "test_it.py")
    assert "1 failed, 1 error" in said
    assert "foo" in said


FORKS = """
import os, time

def test_it(bitpeak):
    if not (number := os.fork()):
        time.sleep(600)
    with open("child", "w") as file:
        print(number, bitpeak.base_url, file=file)
"""


def test_a_process_that_a_test_leaves_does_not_keep_the_mock(tmp_path: Path) -> None:
    # Settings of a `serve`, and of a Service of Kubernetes, do not concern the mock of tests.
    settings = {"BITPEAK_MOCK_PORT": "tcp://10.0.0.1:80", "BITPEAK_MOCK_UPSTREAM": "http://x"}
    said = Project(tmp_path, test_it=FORKS).run("pytest", "test_it.py", **settings)
    number, url = (tmp_path / "child").read_text(encoding="utf-8").split()
    os.kill(int(number), signal.SIGKILL)
    assert "1 passed" in said
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=20)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """Serve a mock for a few connections, beside modules of its own names. It ends without a traceback."""
    for name in ("mock_server", "queue", "click", "email/__init__"):
        file = tmp_path / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text("raise SystemExit('the wrong one')", encoding="utf-8")
    program = Path(sys.executable).with_name("bitpeak-mock")
    with subprocess.Popen(
        ["sh", "-c", 'ulimit -n 40; exec "$0" serve --port 0 --ignore-env', program],
        cwd=tmp_path,
        env={**os.environ, "BITPEAK_MOCK_PORT": "tcp://10.0.0.1:80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield next(
            line.removeprefix("ready ").strip() for line in process.stdout if line.startswith("ready ")
        )
        process.terminate()
        _, log = process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in log


def test_a_mock_without_descriptors_says_how_it_does(served: str) -> None:
    host, port = served.split("/")[2].split(":")
    others = [socket.create_connection((host, int(port))) for _ in range(12)]
    for path in ("health", "control.yaml", "journal?key=mock"):
        assert requests.get(f"http://{host}:{port}/_mock/{path}", timeout=20).status_code == 200
    for other in others:
        other.close()


def test_clients_that_reset_leave_no_traceback(served: str) -> None:
    host, port = served.split("/")[2].split(":")
    request = f"GET /api{PATH}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    for _ in range(20):
        with socket.create_connection((host, int(port))) as client:
            client.sendall(request)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert requests.get(f"{served}{PATH}/", headers={"Authorization": "Bearer mock"}, timeout=20).ok
