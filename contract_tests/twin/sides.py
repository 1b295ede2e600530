"""The sides of a twin run: a service, the mock, or a recording of either."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange, at
from contract_tests.guard.guard import Guard
from contract_tests.guard.policy import NOWHERE
from contract_tests.guard.upstream import GuardSettings
from contract_tests.probes.handler import multipart
from contract_tests.probes.reading import is_success, mapping
from contract_tests.probes.reading import number as number_of
from contract_tests.run.settings import Code, Stop, made_up_key
from contract_tests.session.opening import listed_rows
from contract_tests.target.api import JSON, WRONG_KEY, TargetApi, json_in
from contract_tests.twin.compare import Rows, Side
from contract_tests.twin.steps import NOBODY, TwinStep
from mock_server.document import Document


class Playback:
    """Returns the exchanges of one sequence in order. `others` are the ids of the rows that were there before."""

    def __init__(self, exchanges: Sequence[Exchange], others: Sequence[int], base: str, facts: Facts) -> None:
        self._exchanges = exchanges
        self._base = base
        self._facts = facts
        self.others = list(others)
        self.begin()

    def look(self) -> list[int]:
        """Return the rows that were there before."""
        return self.others

    def begin(self) -> None:
        """Go back to the first exchange."""
        self.rows, self._left = Rows(self.others), iter(self._exchanges)

    def do(self, step: TwinStep) -> Side:
        """Return the recorded exchange of this step."""
        exchange = next(self._left)
        if step.kind == "create":
            self.rows.own.append(created_id(self._facts, exchange, len(self.rows.own)))
        return Side(exchange, self._base, self.rows)

    @property
    def deleted(self) -> frozenset[int]:
        """The rows that steps have deleted: unknown, and not needed."""
        return frozenset()

    def end(self) -> bool:
        """Tell that nothing is left."""
        return True


_READY = 120.0  # seconds until the mock must be ready, even on a busy machine
_PATIENCE = 30.0  # seconds for a response of the mock
_MARKER = "X-Bitpeak-Mock"
_OTHERS = "(of others)"
# The prefix of a mock's keys.
MOCK_KEY = "mock-"


@dataclass(frozen=True, slots=True)
class Variation:
    """Which mock to use: the running one at `url`, or else a new one with these settings."""

    document: str | None = None
    overlays: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    url: str = ""


@contextmanager
def running_mock(variation: Variation) -> Iterator[str]:
    """Yield the base URL of `bitpeak-mock serve` on a free port of this computer. Raises Stop (CANNOT).

    It ends with this process, even if that is killed. Its environment has neither the key of a service nor settings:
    it gets those of the run.
    """
    with (
        tempfile.TemporaryDirectory(prefix="bitpeak-twin-") as folder,
        # When this process ends in any way, the system closes this socket, and then the mock ends.
        socket.create_server(("127.0.0.1", 0)) as lifeline,
        (Path(folder) / "log").open("w+b") as log,
    ):
        port = Path(folder) / "port"
        command = [
            # -P: a file of the current folder, such as queue.py, must not replace a module.
            *(sys.executable, "-P", "-m", "mock_server.lifeline", str(lifeline.getsockname()[1])),
            *("serve", "--port", "0", "--port-file", str(port), "--quiet"),
            *(("--document", variation.document) if variation.document else ()),
            *(word for overlay in variation.overlays for word in ("--overlay", overlay)),
            *(word for answer in variation.answers for word in ("--answer", answer)),
        ]
        given = {name: text for name, text in os.environ.items() if not _is_ours(name)}
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=given
        )
        try:
            deadline = time.monotonic() + _READY
            while not (port.exists() and port.read_text(encoding="ascii").strip()):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    said = log.read().decode(errors="replace").strip().splitlines() or ["it says nothing"]
                    why = said[-1].removeprefix("bitpeak-mock: ")
                    raise Stop(Code.CANNOT, f"the mock does not start: {why}")
                time.sleep(0.01)
            yield f"http://127.0.0.1:{port.read_text(encoding='ascii').strip()}/api"
        finally:
            process.terminate()
            process.wait()


def _is_ours(variable: str) -> bool:
    """Tell whether the mock or this kit would read an environment variable."""
    return variable.startswith("BITPEAK_") or variable == "PORT"


def answer_otherwise(url: str, key: str, answers: Mapping[str, str]) -> bool:
    """Give these answers to the world of a key; False if they exclude its other answers."""
    control = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/_mock/questions"
    with requests.Session() as session:
        session.trust_env = False
        return session.patch(control, params={"key": key}, json=dict(answers), timeout=_PATIENCE).ok


def check_mock(url: str, digest: str) -> None:
    """Check, without a key, that a mock of this document runs at a URL. Raises Stop (UNREACHABLE, CANNOT, USAGE)."""
    origin = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    try:
        with requests.Session() as session:
            session.trust_env = False
            response = session.get(f"{origin}/_mock/info", timeout=_PATIENCE, allow_redirects=False)
    except (requests.ConnectionError, requests.Timeout):
        raise Stop(Code.UNREACHABLE, f"no mock responds at {url}.") from None
    except requests.RequestException as error:
        raise Stop(
            Code.USAGE, f"--mock-url {url} is not the URL of a mock ({type(error).__name__})."
        ) from None
    if _MARKER not in response.headers:
        raise Stop(Code.CANNOT, f"{url} is not a mock. Name a running `bitpeak-mock serve`.")
    # A mock with a control token does not say what it serves.
    if response.ok and response.json()["document"]["digest"] != digest:
        what = "give --document, --overlay and --answer as it has them"
        raise Stop(Code.CANNOT, f"the mock at {url} runs another document than this run: {what}.")


# The guard's refusals after which the run may not send anything more.
_SPENT = {
    "budget": "all requests that the run may make had been made",
    "closing": "the run is ending",
    "halted": "the run writes no more",
}
_SECOND = 1.0


class Service:
    """Sends the steps of sequences. `key` is the key of a mock, `other_key` that of another account, or empty.

    `others` are the ids of the rows that do not belong to the sequence, oldest first, as of the last look.
    """

    def __init__(  # noqa: PLR0913 - what a side is made of
        self, guard: Guard, api: TargetApi, facts: Facts, *, can_write: bool, key: str, other_key: str
    ) -> None:
        self.guard = guard
        self.api = api
        self.facts = facts
        self.can_write = can_write
        self.key = key
        self.other_key = other_key
        self.rows = Rows([])
        self.last: Exchange | None = None
        self.others: list[int] = []
        self._answered = 0.0
        self._deleted: set[int] = set()
        guard.on_exchange(self._take)

    def _take(self, exchange: Exchange) -> None:
        self.last, self._answered = exchange, time.monotonic()

    def look(self) -> list[int]:
        """Read the list for the rows that are there before a sequence. Raises Stop (CANNOT, UNREACHABLE)."""
        found: list[int] = []
        page, size = 1, max(self.facts.sizes)
        while True:
            response = self.api.list(page, size)
            exchange = self._check_spent()
            if exchange.failed:
                raise Stop(Code.UNREACHABLE, f"{self.guard.target} no longer responds ({exchange.failed}).")
            rows = listed_rows(response, self.facts, self.guard.target)
            found += [
                row
                for row in (number_of(mapping(each).get(self.facts.row["id"])) for each in rows)
                if row is not None
            ]
            if len(rows) < size:
                break
            page += 1
        self.others = sorted(set(found))
        return self.others

    def begin(self) -> None:
        """Begin a sequence, which has no rows yet."""
        self.rows = Rows(self.others)
        self._deleted.clear()

    def do(self, step: TwinStep) -> Side:
        """Send one step, and return the exchange. Raises Stop (NOTHING) if the run may not send anything more."""
        if step.later:
            time.sleep(max(0.0, self._answered + _SECOND - time.monotonic()))
        exchange = self.ask(self._method(step), self._path(step), **_body(step), **self._authorized(step))
        if step.kind == "create":
            self.rows.own.append(created_id(self.facts, exchange, len(self.rows.own)))
        if step.kind == "delete" and isinstance(step.row, int) and 200 <= exchange.status < 300:
            self._deleted.add(self.rows.own[step.row])
        return Side(exchange, self.guard.target, self.rows)

    @property
    def deleted(self) -> frozenset[int]:
        """The numbers of the rows that steps have deleted."""
        return frozenset(number for number, row in enumerate(self.rows.own) if row in self._deleted)

    def _method(self, step: TwinStep) -> str:
        if step.kind == "put":
            return self.facts.other_methods[0]
        return "GET" if step.kind == "nowhere" else self.facts.operation(step.kind).method

    def _path(self, step: TwinStep) -> str:
        if step.kind == "nowhere":
            return f"/{NOWHERE}"
        if step.kind in {"list", "create"}:
            path = self.facts.operation(step.kind).path
            return path.rstrip("/") if step.tail == "/" else path  # the other spelling
        row = self.rows.own[step.row] if isinstance(step.row, int) else step.row or NOBODY
        return self.api.path_of("retrieve" if step.kind == "put" else step.kind, f"{row}{step.tail}")

    def _authorized(self, step: TwinStep) -> dict[str, Any]:
        if step.bearer == "own":
            return {}
        headers = {
            "none": None, "wrong": f"Bearer {WRONG_KEY}", "small": f"bearer {self.api.key}",
            "other": f"Bearer {self.other_key}",
        }  # fmt: skip
        return {"authorization": headers[step.bearer]}

    def ask(self, method: str, path: str, **parts: Any) -> Exchange:
        """Send any request, as `Api.call`, and return the exchange. Raises Stop (NOTHING)."""
        self.last = None
        self.api.call(method, path, **parts)
        return self._check_spent()

    def end(self) -> bool:
        """Delete the sequence's rows, and tell whether all are gone."""
        clean = True
        for row in self.rows.own:
            if row > 0 and row not in self._deleted:
                clean = is_success(self.api.delete(row)) and clean
            if row > 0 and not self.key:  # a mock is trusted
                clean = not is_success(self.api.retrieve(row)) and clean
        self._check_spent()
        return clean

    def _check_spent(self) -> Exchange:
        if self.last is None:
            raise RuntimeError("The guard told of no exchange.")
        if self.last.refused in _SPENT:
            raise Stop(Code.NOTHING, _SPENT[self.last.refused])
        return self.last


# One side of a lock step, live or recorded.
Participant = Service | Playback


def _body(step: TwinStep) -> dict[str, Any]:
    """Return query and body of a step, as `TargetApi.call` takes them."""
    parts: dict[str, Any] = {"query": dict(step.query)} if step.query else {}
    if step.kind not in {"create", "update"}:
        return parts
    form = dict(step.form)
    if step.media == "json":
        return parts | {"body": json.dumps(form).encode(), "headers": {"Content-Type": JSON}}
    if step.media == "urlencoded":
        return parts | {"form": form, "urlencoded": True}
    if len(form) < len(step.form):
        return parts | multipart((name, text.encode()) for name, text in step.form)
    return parts | {"form": form}


def check_other(api: TargetApi, other_key: str, target: str) -> None:
    """Check that a key opens another account than the run's. Raises Stop (CANNOT)."""
    steps = api.facts.schemas.path_to(api.facts.operation("list").response, "rows")
    path, size = api.facts.operation("list").path, {api.facts.size_parameter: max(api.facts.sizes)}
    theirs = api.call("GET", path, query=size, authorization=f"Bearer {other_key}")
    if not is_success(theirs):
        raise Stop(Code.CANNOT, f"{target} refuses the other account's key: it returns {theirs.status}.")
    rows = [response.shown(*steps) for response in (theirs, api.list(1, max(api.facts.sizes)))]
    ids = [{number_of(mapping(row).get(api.facts.row["id"])) for row in each or ()} for each in rows]
    if ids[0] & ids[1] - {None}:
        raise Stop(Code.CANNOT, f"both keys open the same account of {target}: name another account's key.")


def created_id(facts: Facts, exchange: Exchange, number: int) -> int:
    """Return the id from the response to a create; an unused number if it was refused."""
    steps = facts.schemas.path_to(facts.operation("create").response, "id")
    row = number_of(at(json_in(exchange.body), steps)) if 200 <= exchange.status < 300 else None
    return row if row is not None else -1 - number


@contextmanager
def mock_of(variation: Variation, document: Document, *, can_write: bool) -> Iterator[Service]:
    """Yield a mock with its own guard, in a new world. Raises Stop (CANNOT)."""
    facts, key, url = Facts(document.data), made_up_key(), variation.url
    with ExitStack() as stack:
        if not url:
            url = stack.enter_context(running_mock(variation))
        settings = GuardSettings(target=url, key=key, allow_writes=can_write, live_rows=2000, sweepable=False)
        guard = stack.enter_context(Guard(settings, document))
        api = TargetApi(guard.url, guard.placeholder_key, facts, guard.respond)
        stack.callback(api.close)
        yield Service(guard, api, facts, can_write=can_write, key=key, other_key=made_up_key())


@contextmanager
def lining_of(left: Service) -> Iterator[Callable[[int], None]]:
    """Yield a function that gives a mock's world as many rows as another service has, as its rows of others.

    It goes around the guard, and stops early if the mock refuses, or if it is not a mock.
    """
    url, facts = left.guard.target, left.facts
    create = url + facts.operation("create").path
    before, _, _ = facts.operation("delete").path.partition("{")
    forms = [{**example, facts.form["name"]: _OTHERS} for example in facts.examples.values()]

    def is_done(response: requests.Response) -> bool:
        return _MARKER in response.headers and response.ok

    def line_up(wanted: int) -> None:
        rows = left.look()
        is_going = all(
            is_done(session.delete(f"{url}{before}{row}", timeout=_PATIENCE)) for row in rows[wanted:]
        )
        for number in range(len(rows), wanted) if is_going else ():
            files = {name: (None, text) for name, text in forms[number % len(forms)].items()}
            if not is_done(session.post(create, files=files, timeout=_PATIENCE)):
                break
        left.look()

    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {left.key}"
        yield line_up
