"""Runs the server of `serve`: start, banner, reload, and the signals that end it."""

from __future__ import annotations

import gc
import json
import os
import re
import shlex
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from mock_server import PREFIX, __version__
from mock_server.app import App
from mock_server.cli.log import Log
from mock_server.cli.options import load_mock
from mock_server.cli.serve import is_loopback
from mock_server.cli.terminal import PROGRAM, Failure, OutputLost, clean
from mock_server.contract import Operation
from mock_server.document import stamp_facts, stamp_text
from mock_server.mock import Mock
from mock_server.server import BadCertificate, CannotBind, Server, ServerLimits, TLSFiles
from mock_server.settings import Rules, Settings

# New objects before the garbage collector runs: 14 times the default, a few megabytes at most.
_COLLECT_AFTER = 10_000
# Seconds for delayed responses after the server is told to stop.
_GRACE = 1.0
# The exit code that a shell reports for a program that SIGINT has ended.
_INTERRUPTED = 130
# Seconds between two checks of the watched files, and seconds without a further change, as editors write in steps.
_WATCH_EVERY, _REST = 0.5, 0.05

_MULTIPART = "multipart/form-data"
# Values that curl's `--form` takes for a file name or an option.
_SPECIAL = re.compile(r"[@<\"]|.*;", re.DOTALL)

# The digits of a digest that people see, enough to tell documents apart.
_DIGITS = 12

# Facts that change whenever a file changes. None means a missing file.
Stamp = tuple[int, int, int] | None


def run(settings: Settings, token: str | None, given: Mapping[str, Any]) -> None:
    """Serve until a signal comes. Raises Failure if the start does not succeed.

    `given`: the options of `serve`; `token`: the control's, if it was generated.
    """
    with awaited_signal() as wait, Log(given["log_format"], given["quiet"], given["verbose"]) as log:
        running = RunningServer(settings, given, log)
        running.start()
        # Objects of the start are never freed, and requests leave almost no cycles. So Python's garbage collector can
        # ignore the former and run seldom: a retrieve takes 10 % less CPU time.
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
        try:
            with ExitStack() as meanwhile:
                if given["port_file"] is not None:
                    meanwhile.enter_context(port_file(given["port_file"], running.server.port))
                running.announce(token)
                if given["watch"]:
                    meanwhile.enter_context(watching(running.mock.files, running.reload))
                wait()
        finally:
            running.server.stop(_GRACE)
            running.sum_up()


class RunningServer:
    """A server, and the mock that it serves at the moment."""

    def __init__(self, settings: Settings, given: Mapping[str, Any], log: Log) -> None:
        self._settings = settings
        self._given = given
        self._log = log
        self.mock = self._load()
        tls = TLSFiles(given["tls_cert"], given["tls_key"]) if given["tls_cert"] else None
        # The server must let through whatever the document allows in a body.
        limits = ServerLimits(body_bytes=self.mock.contract.service.body_bytes)
        self.server = Server(App(self.mock), given["host"], given["port"], tls=tls, limits=limits)

    def start(self) -> None:
        """Listen. Raises Failure."""
        try:
            self.server.start()
        except (CannotBind, BadCertificate) as error:
            raise Failure(str(error)) from error

    def announce(self, token: str | None) -> None:
        """Write the banner, after a warning if other computers can reach the mock."""
        given, url = self._given, self.server.url
        if not is_loopback(given["host"]):
            self._warn(f"Other computers can reach {given['host']}, and the API accepts any key of the mock.")
        is_json = given["log_format"] == "json"
        text = write_ready(self.mock, url) if is_json else write_banner(self.mock, token, given, url)
        try:
            # A closed pipe does not stop the mock: its reader may have read enough and use the mock.
            with suppress(BrokenPipeError, ValueError):
                sys.stdout.write(text)
                sys.stdout.flush()
        except OutputLost as lost:
            self._warn(f"Cannot write to standard output ({lost.strerror}). The mock is at {url}.")

    def reload(self) -> Iterable[Path]:
        """Serve the changed files, or go on as before if they are wrong. Return the files to watch."""
        try:
            mock = self._load()
        except Failure as failure:
            sentence = f"{PROGRAM}: {failure.message} The former document is still served."
            self._log.note("not-reloaded", sentence)
            return self.mock.files
        self.server.app = App(mock)
        self.mock = mock
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        document = mock.contract.document
        sentence = f"Reloaded {document.base_name} ({document.digest[:_DIGITS]}). Every key starts again from the seed."
        self._log.note("reloaded", sentence, digest=document.digest)
        return mock.files

    def sum_up(self) -> None:
        """Log which calls the rehearsed document would change, if there is one."""
        rehearsal = self.mock.rehearsal
        if rehearsal is None:
            return
        changes = rehearsal.changes()
        changed = sum(count for _, count in changes)
        sentence = f"Rehearsed {rehearsal.name}: {changed} of {rehearsal.calls} calls would change."
        self._log.note("rehearsed", sentence)
        for change, count in changes:
            status = f"{change.status}" + (f" → {change.then}" if change.status != change.then else "")
            places = ", ".join(place for place in change.places if place != "status")
            self._log.note("rehearsed", f"  {count} × {change.operation} {status} {places}".rstrip())

    def _load(self) -> Mock:
        mock = load_mock(self._settings, [self._log.observe])
        self._log.follow(mock.contract)
        return mock

    def _warn(self, sentence: str) -> None:
        self._log.note("warning", f"{PROGRAM}: warning: {sentence}")


@contextmanager
def port_file(file: Path, port: int) -> Iterator[None]:
    """Write a file with the port, and remove it at the end. Raises Failure."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_text(f"{port}\n", encoding="ascii")
        draft.replace(file)  # in one step, so that a reader never sees a part of it
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise Failure(f"Cannot write the port file {file}: {error.strerror}") from error
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink(missing_ok=True)


@contextmanager
def awaited_signal() -> Iterator[Callable[[], None]]:
    """Give a function that waits for SIGTERM, SIGINT, SIGHUP (unless `nohup` blocks it) or Windows' SIGBREAK.

    A second SIGINT ends the process at once. The signals need a handler, because process 1 of a container gets only
    signals that it handles.
    """
    numbers = [signal.SIGTERM, signal.SIGINT]
    if sys.platform == "win32":
        numbers.append(signal.SIGBREAK)
    elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    interrupts = 0

    def handle(number: int, _: FrameType | None) -> None:
        nonlocal interrupts
        interrupts += number == signal.SIGINT
        if interrupts > 1:
            os._exit(_INTERRUPTED)

    # A signal writes its number into a socket. With a lock or a queue, a signal right before the wait would be lost.
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def wait() -> None:
        while reader.recv(1)[0] not in numbers:
            pass

    with reader, writer:
        former = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, handle) for number in numbers}
        try:
            yield wait
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)
            signal.set_wakeup_fd(former)


@contextmanager
def watching(files: Iterable[Path], changed: Callable[[], Iterable[Path]]) -> Iterator[None]:
    """Call `changed`, in a thread of its own, after any of the files has changed.

    `changed` returns the files to watch from then on, and must not raise.
    """
    seen, ended = _stamps(files), threading.Event()

    def watch() -> None:
        nonlocal seen
        while not ended.wait(_WATCH_EVERY):
            now = _stamps(seen)
            if now == seen:
                continue
            while not ended.wait(_REST) and (later := _stamps(seen)) != now:
                now = later
            if ended.is_set():
                return
            # These stamps are older than the reload, so that a change during the reload is noticed.
            seen = {file: now[file] if file in now else _stamp(file) for file in changed()}

    threading.Thread(target=watch, name="mock-watch", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _stamps(files: Iterable[Path]) -> Mapping[Path, Stamp]:
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> Stamp:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def write_banner(mock: Mock, token: str | None, given: Mapping[str, Any], url: str) -> str:
    """Write the banner for people. Its last line is `ready BASE_URL`; --quiet writes only this line.

    `token`: the control's, if it was generated. `url`: the server's, without a slash at its end.
    """
    base_url = url + mock.contract.base_path
    lines: list[str] = []
    if not given["quiet"]:
        lines += [*_facts(mock, token, base_url), ""]
        for operation, line in curl_lines(mock, base_url, insecure=given["tls_cert"] is not None):
            lines += [f"# {operation.id}: {clean(operation.summary)}", line]
        lines.append("")
    return "".join(f"{line}\n" for line in (*lines, f"ready {base_url}"))


def write_ready(mock: Mock, url: str) -> str:
    """Write the banner for programs: one line of JSON."""
    document = mock.contract.document
    facts = {
        "event": "ready",
        "url": url,
        "base_url": url + mock.contract.base_path,
        "key": mock.contract.service.key_example,
        "document": {**mock.contract.facts(), "answers": dict(document.chosen)},
        "verified": stamp_facts(document),
        "version": __version__,
        "pid": os.getpid(),
    }
    return json.dumps(facts) + "\n"


def _facts(mock: Mock, token: str | None, base_url: str) -> list[str]:
    contract, rules = mock.contract, mock.settings.rules
    document, service = contract.document, contract.service
    own = f"{base_url.removesuffix(contract.base_path)}{PREFIX}"
    rows = [
        (
            "document",
            f"{contract.title} {contract.version} ({document.base_name}, {document.digest[:_DIGITS]})",
        ),
        ("overlays", ", ".join(file.name for file in document.overlays)),
        ("proof", stamp_text(document)),
        ("answers", ", ".join(f"{question}={answer}" for question, answer in document.chosen.items())),
        ("rules", ", ".join(_rules(rules))),
        ("links", f"{rules.public_url}{contract.base_path}" if rules.public_url else ""),
        ("API", base_url),
        # A browser sends a fragment to no server, and the page removes it from the address.
        ("page", f"{own}/#token={token}" if token else f"{own}/"),
        ("control", f"{own} (with the header X-Bitpeak-Mock-Token: {token})" if token else own),
        (
            "key",
            f"{service.key_example} (or any that begins with {service.key_prefix!r}; each has its own world)",
        ),
    ]
    return [f"{PROGRAM} {__version__}", *(f"{name:<10}{clean(text)}" for name, text in rows if text)]


def _rules(rules: Rules) -> Iterator[str]:
    """Yield the rules that differ from the defaults."""
    if rules.strict:
        yield "strict"
    if rules.latency.high:
        yield f"latency {rules.latency}"
    if rules.quota is not None:
        yield "quota of the document" if rules.quota == "document" else f"quota {rules.quota}"
    if rules.cors is not None:
        yield "CORS" if rules.cors else "no CORS"


def curl_lines(mock: Mock, base_url: str, *, insecure: bool) -> Iterator[tuple[Operation, str]]:
    """Yield each operation with a command line, made of the document's examples, for a POSIX shell.

    In this order, all of them succeed on a fresh mock. Deletions come last, because other calls use the same items.
    """
    stores = mock.worlds.seed.stores
    operations = sorted(mock.contract.operations.values(), key=lambda operation: operation.method == "DELETE")
    for operation in operations:
        first_id = next((item.id for item in stores[operation.resource.name]), 1)
        url = base_url + re.sub(r"\{[^}]*\}", str(first_id), operation.path)
        words = ["curl", *(["--insecure"] if insecure else []), *_method(operation)]
        words += ["--header", f"Authorization: Bearer {mock.contract.service.key_example}"]
        yield operation, shlex.join([*words, *_form(operation), url])


def _example(operation: Operation) -> Mapping[str, Any]:
    return next(iter(operation.examples.values()), {})


def _method(operation: Operation) -> list[str]:
    implied = "POST" if _example(operation) else "GET"
    return [] if operation.method == implied else ["--request", operation.method]


def _form(operation: Operation) -> Iterator[str]:
    for name, value in _example(operation).items():
        text = str(value)
        if _MULTIPART not in operation.media_types:
            yield "--data-urlencode"
        else:
            yield "--form-string" if _SPECIAL.match(text) else "--form"
        yield f"{name}={text}"
