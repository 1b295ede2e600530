"""The guard: the only door from the suites to a target, and the only holder of the key."""

from __future__ import annotations

import atexit
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from contract_tests.guard.assembly import Ground, Line, connect, survey_ground
from contract_tests.guard.cleaning import Cleaner, CleanUp
from contract_tests.guard.credentials import Credentials
from contract_tests.guard.door import Door
from contract_tests.guard.exchange import Exchange
from contract_tests.guard.feed import Feed
from contract_tests.guard.gate import Gate
from contract_tests.guard.holdings import Holdings
from contract_tests.guard.ledger import Ledger, check_swept
from contract_tests.guard.marker import Marker
from contract_tests.guard.outgoing import Outgoing
from contract_tests.guard.policy import NOWHERE, Policy
from contract_tests.guard.redaction import Redactor
from contract_tests.guard.relay import Relay
from contract_tests.guard.reply import Reply
from contract_tests.guard.request import Request
from contract_tests.guard.returns import Returns
from contract_tests.guard.settings import GuardSettings
from contract_tests.guard.writes import Writes
from mock_server.document import Document

_LOG = logging.getLogger("contract_tests.guard")


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

    Suites talk to `url` with `Authorization: Bearer {placeholder_key}`. Making one raises GuardRefusal where the target
    or the key is not acceptable; nothing has been sent by then.
    """

    def __init__(self, settings: GuardSettings, document: Document | None = None) -> None:
        self._settings = settings
        self._ground: Ground = survey_ground(settings, document)
        self._marker = Marker()
        self._line: Line = connect(settings, self._ground, self._marker)
        self.placeholder_key = f"guard-{secrets.token_hex(8)}"
        redactor = Redactor(settings.key)
        self._feed = Feed(self._ground.target.origin, self.placeholder_key, redactor.clean)
        self._gate = Gate()
        self._ledger = Ledger(self._ground.target.url, self._marker, None)
        self._redactor = redactor
        self._door: Door | None = None
        self._line_out: Relay | None = None
        self._closing = threading.RLock()
        self._cleaned: CleanUp | None = None
        self.is_cleaning = False

    def __repr__(self) -> str:
        return f"Guard({self._ground.target.url!r}, allow_writes={self._settings.allow_writes})"

    @property
    def target(self) -> str:
        """The target's base URL."""
        return self._ground.target.url

    @property
    def url(self) -> str:
        """The base URL for the suites. Raises RuntimeError before the start."""
        if self._door is None:
            raise RuntimeError("The guard has not started.")
        return f"http://127.0.0.1:{self._door.port}{self._ground.target.path}"

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
    def cleaned(self) -> CleanUp | None:
        """What the last clean-up did, None before one."""
        return self._cleaned

    def start(self) -> None:
        """Begin the ledger and open the door. Raises Unswept, and OSError where the ledger cannot be written."""
        settings, target = self._settings, self._ground.target
        if settings.allow_writes:
            self._ledger = Ledger.open_for(
                target.url, settings.ledger_dir, settings.key, settings.clock, self._marker
            )
        else:
            check_swept(target.url, settings.ledger_dir)
        self._line_out = self._relay()
        self._door = Door(lambda request: self.pass_on(request, self.url))
        atexit.register(self.close)

    def pass_on(self, request: Request, door: str) -> Reply:
        """Answer one request that came through a door, at the base URL that its links are to lead back to.

        Raises RuntimeError before the start.
        """
        if self._line_out is None:
            raise RuntimeError("The guard has not started.")
        return self._line_out.returns.through(self._line_out.answer(request), door)

    def _relay(self) -> Relay:
        settings, surface, target, line = (
            self._settings,
            self._ground.surface,
            self._ground.target,
            self._line,
        )
        holdings = Holdings(self._ledger, settings.impossible_from)
        credentials = Credentials(settings.key, self.placeholder_key, line.account)
        outgoing = Outgoing(surface, self._marker, rewrite_contacts=settings.rewrite_contacts)
        writes = Writes(
            surface=surface, holdings=holdings, account=line.account, credentials=credentials, outgoing=outgoing,
            mask=line.mask, clock=settings.clock, most=settings.live_rows,
        )  # fmt: skip
        returns = Returns(
            target=target, holdings=holdings, account=line.account, mask=line.mask, marker=self._marker,
            redactor=self._redactor,
        )  # fmt: skip
        policy = Policy(
            surface=surface, path=target.path, holdings=holdings, learn=writes.learn,
            allow_writes=settings.allow_writes,
        )  # fmt: skip
        return Relay(
            gate=self._gate, policy=policy, redactor=self._redactor, outgoing=outgoing, credentials=credentials,
            courier=line.courier, writes=writes, returns=returns, feed=self._feed,
        )  # fmt: skip

    def on_exchange(self, listener: Callable[[Exchange], None]) -> None:
        """Call a function with every exchange from now on, one at a time; it must not use the guard's URL itself."""
        self._feed.listen(listener)

    def stats(self) -> Stats:
        """Return what has passed so far."""
        entries = [entry for entry in list(self._ledger.entries.values()) if entry.number]
        return Stats(
            sent=self._line.courier.budget.sent,
            passed=self._feed.passed,
            refused=MappingProxyType(dict(self._feed.refused)),
            failed=MappingProxyType(dict(self._feed.failed)),
            retried=self._line.courier.retried,
            waited=self._line.courier.budget.waited,
            created=len(entries),
            live=sum(entry.exists for entry in entries),
        )

    def clean_up(self, *, drain: bool = True) -> CleanUp:
        """Delete every row of the run, and tell what was done; the door lets nothing more through.

        Without `drain` nobody waits for requests under way: none of them writes. What is complete is not done again.
        Raises OSError where the ledger cannot be written.
        """
        with self._closing:
            if self._cleaned is not None and self._cleaned.complete:
                return self._cleaned
            self.is_cleaning = True
            try:
                self._drain(self._settings.drain if drain else 0.0)
                self._cleaned = self._cleaner().clean()
            finally:
                self.is_cleaning = False
        if not self._cleaned.complete:
            _LOG.warning("rows may be left: run `bitpeak-mock sweep %s`", self._ledger.file)
        return self._cleaned

    def _drain(self, seconds: float) -> None:
        if seconds and self._gate.under_way:
            self._settings.tell(f"waiting for requests under way, {seconds:g} s at most")
        self._gate.close(seconds)

    def _cleaner(self) -> Cleaner:
        settings = self._settings
        return Cleaner(self._ledger, self._line.account, settings.clock, settings.settle, settings.tell)

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
                self._line.upstream.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
