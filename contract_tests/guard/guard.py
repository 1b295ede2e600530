"""The guard: every request of a suite to the target goes through it, and it alone holds the key."""

from __future__ import annotations

import atexit
import contextlib
import email.errors
import logging
import secrets
import shlex
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from contract_tests.document import Facts
from contract_tests.guard.account import Account, Census
from contract_tests.guard.cleaning import Cleaner, CleanUp
from contract_tests.guard.exchange import (
    KEY_VARIABLE,
    Exchange,
    GuardRefusal,
    Reply,
    Request,
    TargetFailed,
    failed,
    refused,
)
from contract_tests.guard.feed import Feed
from contract_tests.guard.ledger import Ledger, Marker, check_swept
from contract_tests.guard.mask import Redactor
from contract_tests.guard.policy import Alarm
from contract_tests.guard.relay import Relay
from contract_tests.guard.upstream import GuardSettings, is_loopback
from mock_server.document import Document

_LOG = logging.getLogger("contract_tests.guard")
_LARGEST = 32 * 1024 * 1024
_IDLE = 75.0  # seconds for which a connection may be idle
_LONGEST_LINE = 1024
_POLL = 0.02  # seconds until a close is noticed
# The complaints of the parser that concern headers. It has others, as it takes an absent body for a broken one.
_HEADER_DEFECTS = (
    email.errors.FirstHeaderLineIsContinuationDefect,
    email.errors.HeaderDefect,
    email.errors.MisplacedEnvelopeHeaderDefect,
    email.errors.MissingHeaderBodySeparatorDefect,
)

Respond = Callable[[Request], Reply]


class Door:
    """Serves one function on a port of 127.0.0.1, a free one for 0, until it is closed.

    The function uses a key. So a door serves only requests whose Host is a name or address of loopback, or one of
    `hosts`: a web page could make a browser send others (DNS rebinding). If `hosts` is given, an Origin must be such a
    name, too. Without it, the kit can ask what a service does with foreign origins.

    Raises OSError if the port is taken.
    """

    def __init__(self, answer: Respond, port: int = 0, hosts: Collection[str] | None = None) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.answer = answer
        self._server.hosts = frozenset(host.lower() for host in hosts or ())
        self._server.checks_origins = hosts is not None
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL,), name="guard", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Accept no more connections, and drop the open ones."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    answer: Respond
    hosts: frozenset[str]
    checks_origins: bool

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore the error: a client may go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    wbufsize = -1  # a response is sent in one piece
    disable_nagle_algorithm = True
    server: _Server

    def handle_expect_100(self) -> bool:
        """Let the client send its body at once: the buffered writer would hold the line back."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def parse_request(self) -> bool:
        """Serve all methods by one function, while the base class looks for `do_GET` and the like."""
        if not super().parse_request():
            return False
        self._serve()
        self.wfile.flush()
        return False

    def _serve(self) -> None:
        try:
            headers = tuple((name, value) for name, value in self.headers.items())
            self._check_names()
            request = Request(self.command, self.path, headers, self._body())
        except GuardRefusal as no:
            self.close_connection = True
            self._write(refused(no))
            return
        self._write(_responding(self.server.answer, request))

    def _check_names(self) -> None:
        """Raise GuardRefusal if Host or Origin is not a name of this computer."""
        named = [f"//{host}" for host in self.headers.get_all("Host", [])]
        origins = self.headers.get_all("Origin", []) if self.server.checks_origins else ()
        for url in (*named, *origins):
            if not _is_loopback(url) and _host_of(url) not in self.server.hosts:
                name = url.removeprefix("//")[:100]
                what = f"{name!r} is not a name of this computer. Call 127.0.0.1, or allow the name."
                raise GuardRefusal("host", what)

    def _body(self) -> bytes:
        """Read the body. Raises GuardRefusal if its end is ambiguous."""
        if any(isinstance(defect, _HEADER_DEFECTS) for defect in self.headers.defects):
            raise GuardRefusal("malformed-request", "A header is malformed.")
        lengths = self.headers.get_all("Content-Length", [])
        coding = [value.strip().lower() for value in self.headers.get_all("Transfer-Encoding", [])]
        if coding:
            if coding != ["chunked"] or lengths:
                raise GuardRefusal("malformed-request", "The length of the body is ambiguous.")
            return self._chunks()
        if len(set(lengths)) > 1 or any(not (n.isascii() and n.isdigit()) for n in lengths):
            raise GuardRefusal("malformed-request", "Content-Length is not one number.")
        size = int(lengths[0][:12]) if lengths else 0
        if size > _LARGEST:
            raise GuardRefusal("malformed-request", f"The body is larger than {_LARGEST} bytes.")
        return self._exactly(size)

    def _chunks(self) -> bytes:
        pieces: list[bytes] = []
        while size := self._chunk_size():
            if size + sum(map(len, pieces)) > _LARGEST:
                raise GuardRefusal("malformed-request", f"The body is larger than {_LARGEST} bytes.")
            pieces.append(self._exactly(size))
            self.rfile.readline(_LONGEST_LINE)
        while self.rfile.readline(_LONGEST_LINE).strip():
            pass  # trailers are ignored
        return b"".join(pieces)

    def _chunk_size(self) -> int:
        line = self.rfile.readline(_LONGEST_LINE).partition(b";")[0].strip()
        if not line or len(line) > 8 or line.strip(b"0123456789abcdefABCDEF"):
            raise GuardRefusal("malformed-request", "A chunk of the body has no size.")
        return int(line, 16)

    def _exactly(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise GuardRefusal("malformed-request", "The body ends before its length.")
        return data

    def _write(self, reply: Reply) -> None:
        """Write a response with its true length; 204 and 304 have none."""
        self.send_response_only(reply.status, reply.reason)
        for name, value in reply.headers:
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if reply.status not in {204, 304} and self.command != "HEAD":
            self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and reply.status not in {204, 304}:
            self.wfile.write(reply.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse what is not HTTP, in the form of the guard's other refusals."""
        self.close_connection = True
        self.command = getattr(self, "command", None) or "GET"
        self.request_version = self.protocol_version
        with contextlib.suppress(OSError):
            self._write(
                refused(GuardRefusal("malformed-request", f"What arrived is not a request ({code})."))
            )
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class says so
        """Log nothing: the feed tells of every exchange."""


def _responding(respond: Respond, request: Request) -> Reply:
    """Return the response to a request, the guard's own if `respond` fails."""
    try:
        return respond(request)
    except Exception as error:
        # The disk may be full, or the guard may be faulty. Only the kind is told: the text could hold the key.
        _LOG.error("the guard failed on a request: %s", type(error).__name__)
        return failed(TargetFailed("guard", f"The guard itself failed ({type(error).__name__})."))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(url: str) -> bool:
    host = _host_of(url)
    return is_loopback(host) or host.endswith(".localhost")


_Job = tuple[Callable[[], Reply], "SimpleQueue[Reply]"]


class _Threads:
    """Runs functions in other threads, which are kept: a new thread takes longer than a request."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[_Job | None]] = []
        self._is_closed = False

    def run(self, function: Callable[[], Reply]) -> Reply:
        """Return what a function returns. It runs on if an exception, as by a signal, interrupts the caller."""
        replies: SimpleQueue[Reply] = SimpleQueue()
        try:
            jobs = self._idle.pop()
        except IndexError:
            jobs = SimpleQueue()
            threading.Thread(target=self._work, args=(jobs,), name="guard", daemon=True).start()
        jobs.put((function, replies))
        return replies.get()

    def _work(self, jobs: SimpleQueue[_Job | None]) -> None:
        while (job := jobs.get()) is not None:
            function, replies = job
            reply = function()
            self._idle.append(jobs)
            if self._is_closed:
                self.close()
            replies.put(reply)
            del job, function, replies, reply

    def close(self) -> None:
        """End the idle threads now, and the busy ones when they are done."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().put(None)


# Signals that end a process. Not all of them exist on every system.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_STUBBORN = 3  # this many signals stop even a clean-up; `sweep` can finish it


@dataclass(frozen=True, slots=True)
class Stats:
    """What has passed so far.

    `sent` counts every request to the target, the guard's own and repeated ones included, `retried` those that were
    sent again. `waited` is in seconds. `created` counts creates that were tried, `live` rows that may exist now.
    """

    sent: int
    retried: int
    waited: float
    created: int
    live: int


class Guard:
    """A proxy on loopback. As a context manager it starts, and cleans up at the end, even after an exception.

    Suites talk to `url` with `Authorization: Bearer {placeholder_key}`. The constructor raises GuardRefusal if the
    target or the key is not acceptable; it sends nothing.
    """

    def __init__(self, settings: GuardSettings, document: Document | None = None) -> None:
        self._settings = settings
        self._marker = Marker()
        self._account = Account(settings, document, self._marker)
        self.placeholder_key = f"guard-{secrets.token_hex(8)}"
        origin = self._account.target.origin
        self._feed = Feed(origin, self.placeholder_key, Redactor(settings.key).clean)
        self._ledger = Ledger(self._account.target.url, self._marker, None)
        self._door: Door | None = None
        self._relay: Relay | None = None
        self._threads = _Threads()
        self._closing = threading.RLock()
        self._cleaned: CleanUp | None = None
        self.is_cleaning = False

    def __repr__(self) -> str:
        return f"Guard({self.target!r}, allow_writes={self._settings.allow_writes})"

    @property
    def target(self) -> str:
        """The target's base URL."""
        return self._account.target.url

    @property
    def facts(self) -> Facts:
        """The document as the guard reads it."""
        return self._account.surface.facts

    @property
    def url(self) -> str:
        """The base URL for the suites. Raises RuntimeError before the start."""
        if self._door is None:
            raise RuntimeError("The guard has not started.")
        return f"http://127.0.0.1:{self._door.port}{self._account.target.path}"

    @property
    def marker(self) -> str:
        """The run's marker, `bpm-` and eight hex digits."""
        return self._marker.run

    @property
    def marker_length(self) -> int:
        """How many characters a stored name has more than the name that suites see."""
        return Marker.LENGTH

    @property
    def patience(self) -> float:
        """How many seconds the target may take for a response."""
        return self._settings.timeout

    @property
    def ledger_file(self) -> Path | None:
        """The ledger's path; None if the run only reads, or if its key is made up, so that no sweep could use it."""
        return self._ledger.file

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Why the run has stopped writing, and what it broke; empty if it may write, or if it only reads."""
        if self._relay is None:
            return ()
        broken = self._relay.holdings.takes_bytes
        return (*self._relay.holdings.alarms, *([broken] if isinstance(broken, Alarm) else []))

    def curl_of(self, alarm: Alarm) -> str:
        """Return a curl line that shows the cause of an alarm, with the key in `$BITPEAK_API_KEY`."""
        if alarm.about == "bytes":
            facts = self._account.surface.facts
            update, field = facts.operation("update"), facts.form["name"]
            url = shlex.quote(self._account.target.origin + self._account.path_of("update", alarm.row))
            key, name = (
                f'--header "Authorization: Bearer {KEY_VARIABLE}"',
                f"""--form "{field}=$(printf 'a\\377b')\"""",
            )
            return f"curl --request {update.method} {key} {name} {url}"
        path = self._account.path_of("list" if alarm.row is None else "retrieve", alarm.row)
        return f'curl --header "Authorization: Bearer {KEY_VARIABLE}" {shlex.quote(self._account.target.origin + path)}'

    @property
    def fault(self) -> str:
        """Why the ledger could not be written, in a sentence; empty if it could."""
        return self._ledger.fault

    @property
    def cleaned(self) -> CleanUp | None:
        """What the last clean-up did, None before one."""
        return self._cleaned

    def start(self) -> None:
        """Begin the ledger and open the door. Raises Unswept, and OSError if the ledger cannot be written."""
        settings = self._settings
        if settings.allow_writes and settings.sweepable:
            self._ledger = Ledger.open_for(
                self.target, settings.ledger_dir, settings.key, settings.clock, self._marker
            )
        elif settings.sweepable:
            check_swept(self.target, settings.ledger_dir)
        self._relay = Relay(settings, self._account, self._ledger, self.placeholder_key, self._feed)
        self._door = Door(lambda request: self.pass_on(request, self.url))
        atexit.register(self.close)

    def pass_on(self, request: Request, door: str) -> Reply:
        """Serve one request that came through a door; links in the response lead to the door's base URL.

        Raises RuntimeError before the start.
        """
        if self._relay is None:
            raise RuntimeError("The guard has not started.")
        return self._relay.through(self._relay.answer(request), door)

    def respond(self, request: Request) -> Reply:
        """Serve a request of this process, without the door.

        It runs in another thread, so that a signal that interrupts the caller leaves no write half done.
        """
        url = self.url
        return self._threads.run(lambda: _responding(lambda each: self.pass_on(each, url), request))

    def on_exchange(self, listener: Callable[[Exchange], None]) -> None:
        """Call a function with every exchange from now on, one at a time; it must not use the guard's URL itself."""
        self._feed.listen(listener)

    def stats(self) -> Stats:
        """Return what has passed so far."""
        entries = [entry for entry in list(self._ledger.entries.values()) if entry.is_create]
        upstream = self._account.upstream
        return Stats(
            sent=upstream.budget.sent,
            retried=upstream.retried,
            waited=upstream.budget.waited,
            created=len(entries),
            live=sum(entry.exists for entry in entries),
        )

    def clean_up(self, *, drain: bool = True) -> CleanUp:
        """Delete every row of the run, and tell what was done; the door lets nothing more through.

        Without `drain`, it does not wait for requests under way: none of them writes. A complete clean-up is not
        repeated.
        """
        with self._closing:
            if self._cleaned is not None and self._cleaned.complete:
                return self._cleaned
            self.is_cleaning = True
            try:
                self._drain(self._settings.drain if drain else 0.0)
                harm = next((alarm.sentence for alarm in self.alarms if alarm.about == "others"), "")
                cleaner = Cleaner(self._ledger, self._account, self._settings, harm)
                self._cleaned = cleaner.clean()
                self._compare(cleaner.census)
            finally:
                self.is_cleaning = False
        if not self._cleaned.complete and self._settings.sweepable:
            _LOG.warning("rows may be left: run `bitpeak-mock sweep %s`", self._ledger.file)
        return self._cleaned

    def _compare(self, census: Census) -> None:
        """Compare the rows of others in the last list with what they were before."""
        if self._relay is not None and not census.gap:
            self._relay.holdings.compare("list", census.rows, whole=census.is_counted)

    def _drain(self, seconds: float) -> None:
        if self._relay is None:
            return
        if seconds and self._relay.gate.under_way:
            self._settings.tell(f"waiting for requests under way, {seconds:g} s at most")
        self._relay.gate.close(seconds)
        self._relay.restore()

    def close(self, *, drain: bool = True) -> None:
        """Clean up and close the door; closing twice does nothing."""
        with self._closing:
            if self._door is None:
                return
            try:
                self.clean_up(drain=drain)
            finally:
                atexit.unregister(self.close)
                self._door.close()
                self._door = None
                self._threads.close()
                self._account.upstream.close()
                self._ledger.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Terminated(KeyboardInterrupt):
    """Raised when a signal asks the process to end. `code` is the exit code that a shell expects for it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.code = 128 + number


@contextmanager
def interruptible(is_cleaning: Callable[[], bool]) -> Iterator[None]:
    """Raise Terminated in the main thread at SIGINT, SIGTERM, SIGBREAK, or SIGHUP unless `nohup` keeps it away.

    Put it around the guard, so that a run cleans up before it ends. During a clean-up, signals are only counted, and
    the third one raises. In another thread it does nothing: Python handles signals in the main thread only.
    """
    heard: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        heard.append(number)
        if not is_cleaning() or len(heard) >= _STUBBORN:
            raise Terminated(number)

    is_main = threading.current_thread() is threading.main_thread()
    numbers = [getattr(signal, name) for name in _SIGNALS if is_main and hasattr(signal, name)]
    if numbers and hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        numbers.remove(signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
