"""The sides of a twin run: a service, the mock, or a recording in place of either."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import requests

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.guard.guard import Guard
from contract_tests.guard.policy import NOWHERE
from contract_tests.guard.upstream import GuardSettings
from contract_tests.probes.reading import is_success, mapping
from contract_tests.probes.reading import number as number_of
from contract_tests.run.settings import Code, Stop
from contract_tests.session.opening import listed
from contract_tests.target.api import TargetApi, TargetResponse
from contract_tests.twin.compare import Rows, Side
from contract_tests.twin.step import Sender, TwinStep, send
from mock_server.document import Document


class Playback:
    """Gives back the exchanges of one sequence, in their order. `others` are the ids of the rows that were there."""

    def __init__(self, exchanges: Sequence[Exchange], others: Sequence[int], base: str, facts: Facts) -> None:
        self._exchanges = exchanges
        self._base = base
        self._facts = facts
        self._others = list(others)
        self.rows = Rows(self._others)
        self._at = 0

    @property
    def others(self) -> list[int]:
        """The ids of the rows that were there before the sequence, oldest first."""
        return self._others

    def look(self) -> list[int]:
        """Return the rows that were there."""
        return self._others

    def begin(self) -> None:
        """Begin the sequence anew."""
        self.rows, self._at = Rows(self._others), 0

    def do(self, step: TwinStep) -> Side:
        """Return the exchange that this step was."""
        exchange = self._exchanges[self._at]
        self._at += 1
        if step.kind == "create":
            self.rows.own.append(created_id(self._facts, exchange, len(self.rows.own)))
        return Side(exchange, self._base, self.rows)

    def end(self) -> bool:
        """Leave nothing behind."""
        return True


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
        # -P: a module of this folder, such as a queue.py, must not replace one of ours.
        command = [
            sys.executable,
            "-P",
            "-m",
            "mock_server.lifeline",
            str(self._lifeline.getsockname()[1]),
            *serve,
        ]
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
                why = said[-1].removeprefix("bitpeak-mock: ") if said else "it says nothing"
                raise Stop(Code.CANNOT, f"the mock does not start: {why}")
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


# Refusals of the guard that mean that the run may send nothing more.
_SPENT = {
    "budget": "all requests that the run may make had been made",
    "closing": "the run is ending",
    "halted": "the run writes no more",
}
_SECOND = 1.0


class Participant(Protocol):
    """One side of a lock step, live or recorded."""

    @property
    def others(self) -> list[int]:
        """The ids of the rows that do not belong to a sequence, oldest first, as last looked at."""

    def look(self) -> list[int]:
        """Look for those rows anew."""

    def begin(self) -> None:
        """Begin a sequence: no row is its own yet."""

    def do(self, step: TwinStep) -> Side:
        """Give the exchange of one step."""

    def end(self) -> bool:
        """Delete the sequence's rows, and tell whether all are gone."""


class Service:
    """Sends the steps of sequences. `key` is a mock's own key, `other_key` another account's, empty for none."""

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
        self._sender = Sender(api, facts, f"/{NOWHERE}", other_key)
        self._answered = 0.0
        self._others: list[int] = []
        self._deleted: set[int] = set()
        guard.on_exchange(self._take)

    def _take(self, exchange: Exchange) -> None:
        self.last, self._answered = exchange, time.monotonic()

    @property
    def others(self) -> list[int]:
        """The ids of the rows that do not belong to a sequence, oldest first, as last looked at."""
        return self._others

    def look(self) -> list[int]:
        """Walk through the list for the rows that are there before a sequence. Raises Stop (CANNOT, UNREACHABLE)."""
        found: list[int] = []
        page, size = 1, max(self.facts.sizes)
        while True:
            answer = self.api.list(page, size)
            exchange = self._check_spent()
            if exchange.failed:
                raise Stop(Code.UNREACHABLE, f"{self.guard.target} no longer answers ({exchange.failed}).")
            rows = listed(answer, self.facts, self.guard.target)
            found += [
                row
                for row in (number_of(mapping(each).get(self.facts.row["id"])) for each in rows)
                if row is not None
            ]
            if len(rows) < size:
                break
            page += 1
        self._others = sorted(set(found))
        return self._others

    def begin(self) -> None:
        """Begin a sequence: no row is its own yet."""
        self.rows = Rows(self._others)
        self._deleted.clear()

    def do(self, step: TwinStep) -> Side:
        """Send one step, and return the exchange. Raises Stop (NOTHING) if the run may send nothing more."""
        if step.later:
            time.sleep(max(0.0, self._answered + _SECOND - time.monotonic()))
        self.last = None
        send(step, self._sender, self.rows.own)
        exchange = self._check_spent()
        if step.kind == "create":
            self.rows.own.append(created_id(self.facts, exchange, len(self.rows.own)))
        if step.kind == "delete" and isinstance(step.row, int) and 200 <= exchange.status < 300:
            self._deleted.add(self.rows.own[step.row])
        return Side(exchange, self.guard.target, self.rows)

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
            if row > 0 and not self.key:  # a mock is believed
                clean = not is_success(self.api.retrieve(row)) and clean
        self._check_spent()
        return clean

    def _check_spent(self) -> Exchange:
        if self.last is None:
            raise RuntimeError("The guard told of no exchange.")
        if self.last.refused in _SPENT:
            raise Stop(Code.NOTHING, _SPENT[self.last.refused])
        return self.last


def check_other(api: TargetApi, other_key: str, target: str) -> None:
    """See that a key opens another account than the run's own. Raises Stop (CANNOT)."""
    steps = api.facts.schemas.path_to(api.facts.operation("list").answer, "rows")
    path, size = api.facts.operation("list").path, {api.facts.size_parameter: max(api.facts.sizes)}
    theirs = api.call("GET", path, query=size, authorization=f"Bearer {other_key}")
    if not is_success(theirs):
        raise Stop(Code.CANNOT, f"{target} refuses the other account's key: it answers {theirs.status}.")
    rows = [answer.shown(*steps) for answer in (theirs, api.list(1, max(api.facts.sizes)))]
    ids = [{number_of(mapping(row).get(api.facts.row["id"])) for row in each or ()} for each in rows]
    if ids[0] & ids[1] - {None}:
        raise Stop(Code.CANNOT, f"both keys open the same account of {target}: name another account's key.")


def created_id(facts: Facts, exchange: Exchange, number: int) -> int:
    """Return the id that a create answered; a number that no row has if it was refused."""
    steps = facts.schemas.path_to(facts.operation("create").answer, "id")
    answer = TargetResponse(exchange.status, {}, exchange.body.encode())
    row = number_of(answer.shown(*steps)) if is_success(answer) else None
    return row if row is not None else -1 - number


@dataclass(frozen=True, slots=True)
class Variation:
    """Which mock: the one that runs at `url`, or else one that is started with these."""

    document: str | None = None
    overlays: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    url: str = ""


@contextmanager
def mock_of(variation: Variation, document: Document, *, can_write: bool) -> Iterator[Service]:
    """Yield a mock behind a guard of its own, in a new world. Raises Stop (CANNOT)."""
    facts, key, url = Facts(document.data), new_key(), variation.url
    with ExitStack() as stack:
        if not url:
            mock = MockProcess(variation.document, variation.overlays, variation.answers)
            url = stack.enter_context(mock).url
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bitpeak-twin-"))
        settings = GuardSettings(
            target=url,
            key=key,
            allow_writes=can_write,
            live_rows=2000,
            ledger_dir=Path(folder),
            sweepable=False,
        )
        guard = stack.enter_context(Guard(settings, document))
        api = TargetApi(guard.url, guard.placeholder_key, facts, guard.respond)
        stack.callback(api.close)
        yield Service(guard, api, facts, can_write=can_write, key=key, other_key=new_key())


@contextmanager
def lining_of(left: Service, facts: Facts) -> Iterator[Callable[[int], None]]:
    """Yield what gives a mock as many rows as it is told, past its guard."""
    lining = Lining(left.guard.target, left.key, facts)

    def line_up(wanted: int) -> None:
        lining.line_up(left.look(), wanted)
        left.look()

    try:
        yield line_up
    finally:
        lining.close()
