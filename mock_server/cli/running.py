"""Runs the server of `serve`: start, ready line, reload, and the signals that end it."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

from mock_server.app import App
from mock_server.cli.banner import write_banner, write_ready
from mock_server.cli.log import Log
from mock_server.cli.options import load_mock
from mock_server.cli.serve import Serving
from mock_server.cli.terminal import PROGRAM, Failure, OutputLost
from mock_server.mock import Mock
from mock_server.server import BadCertificate, CannotBind, Server, ServerLimits, TLSFiles

# Objects that are made before the garbage collector runs: 14 times the default, a few megabytes at most.
_COLLECT_AFTER = 10_000
# Seconds that delayed responses get once the server is told to stop.
_GRACE = 1.0
# The exit code that a shell reports for a program that SIGINT has ended.
_INTERRUPTED = 130
# Seconds between two looks at the watched files, and seconds that a change must rest: editors write in several steps.
_WATCH_EVERY, _REST = 0.5, 0.05

# What changes whenever a file does. None stands for a missing file.
Stamp = tuple[int, int, int] | None


def run(serving: Serving) -> None:
    """Serve until a signal comes. Raises Failure if the start does not succeed."""
    with awaited_signal() as wait, Log(serving.log_format, serving.quiet, serving.verbose) as log:
        running = RunningServer(serving, log)
        running.start()
        # What the start has made stays, and a request leaves almost no cycles behind. So Python's garbage collector
        # need not look at the one and can seldom look for the other: retrieve takes 10 % less CPU time.
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
        try:
            with ExitStack() as meanwhile:
                if serving.port_file is not None:
                    meanwhile.enter_context(port_file(serving.port_file, running.server.port))
                running.announce()
                if serving.watch:
                    meanwhile.enter_context(watching(running.mock.files, running.reload))
                wait()
        finally:
            running.server.stop(_GRACE)
            running.sum_up()


class RunningServer:
    """A server, and the mock that it serves at the moment."""

    def __init__(self, serving: Serving, log: Log) -> None:
        self._serving = serving
        self._log = log
        self.mock = self._load()
        tls = TLSFiles(serving.tls_cert, serving.tls_key) if serving.tls_cert and serving.tls_key else None
        # The server must let through whatever the document allows in a body.
        limits = ServerLimits(body_bytes=self.mock.contract.service.body_bytes)
        self.server = Server(App(self.mock), serving.host, serving.port, tls=tls, limits=limits)

    def start(self) -> None:
        """Listen. Raises Failure."""
        try:
            self.server.start()
        except (CannotBind, BadCertificate) as error:
            raise Failure(str(error)) from error

    def announce(self) -> None:
        """Write the banner, after a warning if other computers can reach the mock."""
        serving, url = self._serving, self.server.url
        if not serving.is_local:
            self._warn(f"Other computers can reach {serving.host}, and the API accepts any key of the mock.")
        is_json = serving.log_format == "json"
        text = write_ready(self.mock, url) if is_json else write_banner(self.mock, serving, url)
        try:
            # A closed pipe does not stop the mock: its reader has seen the first lines and goes on to use it.
            with suppress(BrokenPipeError, ValueError):
                sys.stdout.write(text)
                sys.stdout.flush()
        except OutputLost as lost:
            self._warn(f"Cannot write to standard output ({lost.strerror}). The mock is at {url}.")

    def reload(self) -> Iterable[Path]:
        """Serve what the files say now, or go on as before if they are wrong. Return the files to watch."""
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
        sentence = (
            f"Reloaded {document.base_name} ({document.digest.short}). Every key starts again from the seed."
        )
        self._log.note("reloaded", sentence, digest=str(document.digest))
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
        mock = load_mock(self._serving.settings, [self._log.observe])
        self._log.follow(mock.contract)
        return mock

    def _warn(self, sentence: str) -> None:
        self._log.note("warning", f"{PROGRAM}: warning: {sentence}")


@contextmanager
def port_file(file: Path, port: int) -> Iterator[None]:
    """Have a file with the port, one line of digits. Raises Failure."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_text(f"{port}\n", encoding="ascii")
        draft.replace(file)  # in one step, so that no reader sees half of it
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

    A second SIGINT ends the process at once. The signals need a handler even though they end a process by default:
    process 1 of a container gets only signals that it handles.
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

    # A signal writes its number into a socket. On a lock or a queue, one that comes right before the wait is lost.
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

    `changed` returns the files to watch from then on. It must not raise.
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
            # These stamps are older than the reload, so a change during the reload is seen in the next round.
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
