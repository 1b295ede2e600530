"""One mutant's trial: the kit as a process, in two stages, on the mock behind a proxy that the mutant controls."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import runpy
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from contract_tests.guard.exchange import HOP_BY_HOP, Reply, Request
from contract_tests.run.flags import GENERATED, SUITES
from contract_tests.twin.sides import Variation, running_mock
from mock_server.document import dump_yaml, load, plain
from tests.mutants.wire import Kind, Memory, Mutant, Spoil, Trip

_FORKS = multiprocessing.get_context("forkserver")
# Not the suites' own modules, which pytest imports in its own way.
_FORKS.set_forkserver_preload(
    ["contract_tests.command.check", "contract_tests.generated.chains", "contract_tests.oracle.machine"]
)
_FOREIGN = ("BITPEAK_", "PYTEST_")


def check(arguments: Sequence[str], folder: Path, patience: float) -> tuple[int | None, str]:
    """Run `bitpeak-mock check` in a folder; return its exit code, None if it ran out of patience, and its words."""
    words = folder / "words"
    process = _FORKS.Process(target=_check, args=(tuple(arguments), folder, words))
    process.start()
    process.join(patience)
    if process.is_alive():
        process.kill()
        process.join()
        return None, ""
    return process.exitcode, words.read_text(encoding="utf-8", errors="replace") if words.exists() else ""


def _check(arguments: tuple[str, ...], folder: Path, words: Path) -> None:
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    os.chdir(folder)
    log = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    sys.argv = ["bitpeak-mock", "check", *arguments]
    # Late, as a user would start it: this module imports nothing of the command line.
    runpy.run_module("mock_server", run_name="__main__", alter_sys=True)


@contextmanager
def service(answers: Sequence[str] = ()) -> Iterator[int]:
    """Serve the mock with answers to open questions, and yield its port. Raises Stop (CANNOT) if it does not start."""
    with running_mock(Variation(answers=tuple(answers))) as url:
        yield urlsplit(url).port or 0


_ANSWER_WITHIN = 60.0  # seconds, of the service


class SabotageProxy:
    """Stands on a free port of this computer before a service on another, from `with` to its end."""

    def __init__(self, port: int, spoil: Spoil) -> None:
        self._port = port
        self._spoil = spoil
        self._memory = Memory()
        # The memory is one, and the kit has several connections.
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, sent: Request) -> Reply:
        """Let the mutant answer a request."""
        with self._lock:
            trip = Trip(sent, self._forward, self._memory)
            got = self._spoil(trip)
            trip.remember(got)
            return got

    def _forward(self, sent: Request) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_WITHIN)
        try:
            headers = {name: value for name, value in sent.headers if name.lower() not in HOP_BY_HOP}
            if sent.body or sent.header("content-length"):
                headers["Content-Length"] = str(len(sent.body))
            connection.request(sent.method, sent.target, body=sent.body or None, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        kept = tuple(pair for pair in answer.getheaders() if pair[0].lower() not in HOP_BY_HOP)
        return Reply(answer.status, "", kept, body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        class Handler(_Handler):
            proxy = self

        return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    proxy: SabotageProxy

    def __getattr__(self, name: str) -> Any:
        """Serve every method alike."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it
        """Say nothing: the kit reports what it saw."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            got = self.proxy.answer(Request(self.command, self.path, tuple(self.headers.items()), body))
        except (OSError, http.client.HTTPException):
            got = Reply(0, "", (), b"")
        if got.status:
            self._send(got)
        else:
            self.close_connection = True

    def _send(self, got: Reply) -> None:
        chunked = ("Transfer-Encoding", "chunked") in got.headers
        self.send_response_only(got.status)
        for name, value in got.headers:
            self.send_header(name, value)
        if not chunked and got.status != 204:
            self.send_header("Content-Length", str(len(got.body)))
        self.end_headers()
        if self.command == "HEAD" or got.status == 204:
            return
        self.wfile.write(_chunks(got.body) if chunked else got.body)


def _chunks(body: bytes, size: int = 7) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


# The first stage is quick and always does the same; what survives it meets the generated suites.
STAGES = (tuple(suite for suite in SUITES if suite not in GENERATED), GENERATED)
SEED = 1
_PATIENCE = 300  # seconds for one stage
_OPENING = "opening"  # the kit could not even begin


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant: the suites that failed, and the open questions that were answered otherwise.

    `requests` and `seconds` are those of all stages until it died. `words` is the kit's first finding.
    """

    id: str
    killed_by: tuple[str, ...] = ()
    noticed: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()
    requests: int = 0
    seconds: float = 0.0
    words: str = ""

    @property
    def is_dead(self) -> bool:
        """Whether a suite failed."""
        return bool(self.killed_by)


def judge(mutant: Mutant, suites: Sequence[str] = ()) -> Fate:
    """Run the kit against a mutant: all stages, or until it is dead. `suites` limits them."""
    begun = time.monotonic()
    fate = Fate(mutant.id)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(service(mutant.answers))
        proxy = stack.enter_context(SabotageProxy(port, mutant.spoil))
        for stage in STAGES:
            chosen = [suite for suite in stage if not suites or suite in suites]
            if chosen and not fate.is_dead:
                fate = _stage(fate, mutant, proxy.url, folder, chosen)
    return replace(fate, seconds=round(time.monotonic() - begun, 1))


def _stage(fate: Fate, mutant: Mutant, url: str, folder: Path, suites: Sequence[str]) -> Fate:
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    base = url + _base_path()
    arguments = [
        *("--base-url", base, "--json", str(report), "--seed", str(SEED), "--profile", "quick"),
        # A tolerance must not be reported; a bug is wrong by the whole document, or breaks a duty.
        *("--hold-to", "page" if mutant.kind is Kind.TOLERANCE else "document"),
        *("--ledger-dir", str(folder / "ledger"), "--no-color"),
        *(word for suite in suites for word in ("--suite", suite)),
        *_document(mutant, folder),
    ]
    code, said = check(arguments, folder, _PATIENCE)
    if code is None:
        return replace(fate, killed_by=(_OPENING,), words="the kit did not end in time")
    if not report.exists():
        words = (said.strip().splitlines() or [f"exit code {code}"])[-1]
        return replace(fate, killed_by=(_OPENING,), words=words)
    return _read(fate, json.loads(report.read_text(encoding="utf-8")))


def _read(fate: Fate, report: dict[str, Any]) -> Fate:
    failed = {test["suite"] for test in report["tests"] if test["outcome"] == "failed"}
    findings = [*report["contradicts_documentation"], *report["contradicts_itself"]]
    failed |= {finding["suite"] for finding in findings}
    if report["exit_code"] not in (0, 1):
        failed.add(_OPENING)
    ran = {test["suite"] for test in report["tests"] if test["outcome"] != "skipped"}
    first = findings[0]["title"] if findings else report["sentence"]
    return replace(
        fate,
        killed_by=tuple(sorted(failed)),
        noticed=tuple(f"{one['id']}={one['answer']}" for one in report["left_open"] if one["differs"]),
        ran=tuple(sorted({*fate.ran, *ran})),
        requests=fate.requests + report["run"]["requests"],
        words=first,
    )


def _document(mutant: Mutant, folder: Path) -> list[str]:
    if not mutant.actions:
        return []
    file = folder / "document.yaml"
    file.write_text(dump_yaml(changed_document(mutant, folder)), encoding="utf-8")
    return ["--document", str(file)]


def changed_document(mutant: Mutant, folder: Path) -> dict[str, Any]:
    """Return the document that the kit judges a mutant by; its overlay is written into a folder."""
    about = {"title": mutant.sentence, "version": "1.0.0"}
    overlay = {"overlay": "1.1.0", "info": about, "actions": [*mutant.actions]}
    file = folder / "overlay.yaml"
    file.write_text(dump_yaml(overlay), encoding="utf-8")
    data: dict[str, Any] = plain(load(overlays=[file]).data)
    return data


def _base_path() -> str:
    url: str = load().data["servers"][0]["url"]
    return urlsplit(url).path.rstrip("/")
