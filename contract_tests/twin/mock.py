"""The mock as a process of its own, and its rows made to match those of another service."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import requests

from contract_tests.document.facts import Facts
from contract_tests.run.settings import Code, Stop

_READY = 120.0  # seconds until the mock must be ready, on a machine that has other things to do
_PATIENCE = 30.0  # seconds for an answer of it
_MARKER = "X-Bitpeak-Mock"
_OTHERS = "(of others)"
# What the keys of a mock begin with.
MOCK_KEY = "mock-"


class MockProcess:
    """`bitpeak-mock serve` on a free port of this computer, while it is open as a context manager.

    It ends with this process, even if that is killed. Of the environment it gets neither the key of a service nor any
    setting: its settings are those of the run.
    """

    def __init__(self, document: str | None, overlays: tuple[str, ...], answers: tuple[str, ...]) -> None:
        self._arguments = [
            *(("--document", document) if document else ()),
            *(word for overlay in overlays for word in ("--overlay", overlay)),
            *(word for answer in answers for word in ("--answer", answer)),
        ]
        self._folder = tempfile.TemporaryDirectory(prefix="bitpeak-twin-")
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: socket.socket | None = None
        self.url = ""

    def __enter__(self) -> Self:
        port = Path(self._folder.name) / "port"
        log = Path(self._folder.name) / "log"
        # The system closes this socket however this process ends, and then the mock goes.
        self._lifeline = socket.create_server(("127.0.0.1", 0))
        serve = ["serve", "--port", "0", "--port-file", str(port), "--quiet", *self._arguments]
        command = [sys.executable, "-m", "mock_server.lifeline", str(self._lifeline.getsockname()[1]), *serve]
        given = {name: text for name, text in os.environ.items() if not _is_ours(name)}
        with log.open("wb") as stream:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, env=given
            )
        deadline = time.monotonic() + _READY
        while not (port.exists() and port.read_text(encoding="ascii").strip()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                self.__exit__(None, None, None)
                raise Stop(Code.CANNOT, f"the mock does not start: {said[-1] if said else 'it says nothing'}")
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{port.read_text(encoding='utf-8').strip()}/api"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        if self._lifeline is not None:
            self._lifeline.close()
        self._folder.cleanup()


def _is_ours(variable: str) -> bool:
    """Tell whether an environment variable means something to the mock, or to this kit."""
    return variable.startswith("BITPEAK_") or variable == "PORT"


def answer_otherwise(url: str, key: str, answers: Mapping[str, str]) -> bool:
    """Give the world of a key these answers; False if they do not go with the others."""
    control = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/_mock/questions"
    with requests.Session() as session:
        session.trust_env = False
        return session.patch(control, params={"key": key}, json=dict(answers), timeout=_PATIENCE).ok


def check_mock(url: str, digest: str) -> None:
    """See that a mock of this document runs at a base URL; no key is sent. Raises Stop (UNREACHABLE, CANNOT, USAGE)."""
    origin = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{origin}/_mock/info", timeout=_PATIENCE, allow_redirects=False)
    except (requests.ConnectionError, requests.Timeout):
        raise Stop(Code.UNREACHABLE, f"no mock answers at {url}.") from None
    except requests.RequestException as error:
        raise Stop(
            Code.USAGE, f"--mock-url {url} is not the URL of a mock ({type(error).__name__})."
        ) from None
    if _MARKER not in answer.headers:
        raise Stop(Code.CANNOT, f"{url} is not a mock. Name a running `bitpeak-mock serve`.")
    # One that asks for its control token does not say what it runs.
    if answer.ok and answer.json()["document"]["digest"] != digest:
        what = "give --document, --overlay and --answer as it has them"
        raise Stop(Code.CANNOT, f"the mock at {url} runs another document than this run: {what}.")


def new_key() -> str:
    """Return a key that the mock makes a world of its own for, and that no real service has."""
    return f"{MOCK_KEY}{secrets.token_hex(8)}"


class Lining:
    """Gives a mock's world as many rows as another service has, past the guard: they stand for rows of others."""

    def __init__(self, url: str, key: str, facts: Facts) -> None:
        self._url = url
        self._facts = facts
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {key}"

    def line_up(self, rows: list[int], wanted: int) -> bool:
        """Make or delete rows until there are so many; False if the mock does not let it, or is not a mock."""
        create = self._url + self._facts.operation("create").path
        before, _, _ = self._facts.operation("delete").path.partition("{")
        forms = [{**example, self._facts.form["name"]: _OTHERS} for example in self._facts.examples.values()]
        for row in rows[wanted:]:
            answer = self._session.delete(f"{self._url}{before}{row}", timeout=_PATIENCE)
            if _MARKER not in answer.headers or not answer.ok:
                return False
        for number in range(len(rows), wanted):
            files = {name: (None, text) for name, text in forms[number % len(forms)].items()}
            answer = self._session.post(create, files=files, timeout=_PATIENCE)
            if _MARKER not in answer.headers or not answer.ok:
                return False
        return True

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
