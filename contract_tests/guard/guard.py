"""The guard: the only door from the suites to a target, and the only holder of the key."""

from __future__ import annotations

import atexit
import logging
import secrets
import shlex
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, MappingProxyType, TracebackType
from typing import Self

from contract_tests.guard.account import Account, Census
from contract_tests.guard.cleaning import Cleaner, CleanUp
from contract_tests.guard.door import Door
from contract_tests.guard.exchange import KEY_VARIABLE, Exchange, Reply, Request
from contract_tests.guard.ledger import Ledger, Marker, check_swept
from contract_tests.guard.mask import Redactor
from contract_tests.guard.policy import NOWHERE, Alarm
from contract_tests.guard.relay import Feed, Relay
from contract_tests.guard.upstream import GuardSettings
from mock_server.document import Document

_LOG = logging.getLogger("contract_tests.guard")

# Signals that end a process. Not all of them exist on every system.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_STUBBORN = 3  # so many signals stop even a clean-up; the sweep can finish it


@dataclass(frozen=True, slots=True)
class Stats:
    """What has passed so far.

    `sent` counts every request to the target, the guard's own and repeated ones included; `passed` the suites' that
    were answered; `refused` and `failed` those that were not, by reason. `waited` is in seconds. `created` counts
    creates that were tried, `live` rows that may exist now.
    """

    sent: int
    passed: int
    refused: Mapping[str, int]
    failed: Mapping[str, int]
    retried: int
    waited: float
    created: int
    live: int


class Guard:
    """A proxy on loopback. As a context manager it starts, and cleans up at the end, however the end comes.

    Suites talk to `url` with `Authorization: Bearer {placeholder_key}`. Making one raises GuardRefusal if the target
    or the key is not acceptable; nothing has been sent by then.
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
    def url(self) -> str:
        """The base URL for the suites. Raises RuntimeError before the start."""
        if self._door is None:
            raise RuntimeError("The guard has not started.")
        return f"http://127.0.0.1:{self._door.port}{self._account.target.path}"

    @property
    def nowhere(self) -> str:
        """A URL that no service has, and that may be read: for the question what an unknown route gets."""
        return f"{self.url}/{NOWHERE}"

    @property
    def marker(self) -> str:
        """The run's marker, `bpm-` and eight hex digits."""
        return self._marker.run

    @property
    def marker_length(self) -> int:
        """By how many characters a stored name is longer than the one that suites see."""
        return Marker.LENGTH

    @property
    def patience(self) -> float:
        """For how many seconds the target may be silent."""
        return self._settings.timeout

    @property
    def ledger_file(self) -> Path | None:
        """The ledger, None for a run that may only read."""
        return self._ledger.file

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Why the run writes no more; empty if it may, or if it may only read."""
        return tuple(self._relay.holdings.alarms) if self._relay is not None else ()

    def curl_of(self, alarm: Alarm) -> str:
        """Return a line for a shell that shows what an alarm is about, with the key in `$BITPEAK_API_KEY`."""
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
        if settings.allow_writes:
            self._ledger = Ledger.open_for(
                self.target, settings.ledger_dir, settings.key, settings.clock, self._marker
            )
        else:
            check_swept(self.target, settings.ledger_dir)
        self._relay = Relay(settings, self._account, self._ledger, self.placeholder_key, self._feed)
        self._door = Door(lambda request: self.pass_on(request, self.url))
        atexit.register(self.close)

    def pass_on(self, request: Request, door: str) -> Reply:
        """Answer one request that came through a door, at the base URL that its links are to lead back to.

        Raises RuntimeError before the start.
        """
        if self._relay is None:
            raise RuntimeError("The guard has not started.")
        return self._relay.through(self._relay.answer(request), door)

    def on_exchange(self, listener: Callable[[Exchange], None]) -> None:
        """Call a function with every exchange from now on, one at a time; it must not use the guard's URL itself."""
        self._feed.listen(listener)

    def stats(self) -> Stats:
        """Return what has passed so far."""
        entries = [entry for entry in list(self._ledger.entries.values()) if entry.is_create]
        upstream = self._account.upstream
        return Stats(
            sent=upstream.budget.sent,
            passed=self._feed.passed,
            refused=MappingProxyType(dict(self._feed.refused)),
            failed=MappingProxyType(dict(self._feed.failed)),
            retried=upstream.retried,
            waited=upstream.budget.waited,
            created=len(entries),
            live=sum(entry.exists for entry in entries),
        )

    def clean_up(self, *, drain: bool = True) -> CleanUp:
        """Delete every row of the run, and tell what was done; the door lets nothing more through.

        Without `drain`, requests under way are not waited for: none of them writes. What is complete is not done
        again.
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
        if not self._cleaned.complete:
            _LOG.warning("rows may be left: run `bitpeak-mock sweep %s`", self._ledger.file)
        return self._cleaned

    def _compare(self, census: Census) -> None:
        """Hold the rows of others, as the last list shows them, against what they were before."""
        if self._relay is not None and not census.gap:
            self._relay.holdings.compare("list", census.rows, self._account.number_in, whole=True)

    def _drain(self, seconds: float) -> None:
        if self._relay is None:
            return
        if seconds and self._relay.gate.under_way:
            self._settings.tell(f"waiting for requests under way, {seconds:g} s at most")
        self._relay.gate.close(seconds)

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
    """A signal asks the process to end. `code` is the exit code that a shell expects of it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.code = 128 + number


@contextmanager
def interruptible(is_cleaning: Callable[[], bool]) -> Iterator[None]:
    """Raise Terminated in the main thread at SIGINT, SIGTERM, SIGBREAK, or SIGHUP unless `nohup` keeps it away.

    Put it around the guard, so that a run cleans up before it goes. A signal that comes while `is_cleaning` says so is
    only counted, unless it is the third. To be used in the main thread only: Python raises ValueError elsewhere.
    """
    heard: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        heard.append(number)
        if not is_cleaning() or len(heard) >= _STUBBORN:
            raise Terminated(number)

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        numbers.remove(signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
