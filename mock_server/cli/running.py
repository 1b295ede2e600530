"""Runs a server by a plan, from its start to the signal that ends it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from pathlib import Path

from mock_server.cli.banner import write_banner, write_ready
from mock_server.cli.collector import at_rest, settle
from mock_server.cli.failure import PROGRAM, Failure
from mock_server.cli.loading import door_of, load_mock
from mock_server.cli.log import Log, hints_for
from mock_server.cli.plan import Plan
from mock_server.cli.portfile import PortFile
from mock_server.cli.signals import Signals
from mock_server.cli.streams import OutputLost
from mock_server.cli.watch import Watch
from mock_server.mock import Mock
from mock_server.server import BadCertificate, CannotBind, Limits, Server

# Seconds for answers that are held back when the mock is told to stop: longer, and whoever stops it waits.
_GRACE = 1.0


def run(plan: Plan) -> None:
    """Serve until a signal comes. Raises Failure where the start does not succeed."""
    port_file = PortFile(plan.port_file)
    with Signals(port_file.remove) as signals, Log(plan.wants) as log:
        running = Running(plan, log)
        running.start()
        try:
            port_file.write(running.server.port)
            running.announce()
            with running.watch() if plan.watch else contextlib.nullcontext():
                signals.wait()
        finally:
            port_file.remove()
            running.server.stop(_GRACE)
            running.sum_up()


class Running:
    """A server and the mock that it serves at the moment."""

    def __init__(self, plan: Plan, log: Log) -> None:
        self._plan = plan
        self._log = log
        self.mock = self._load()
        # What the document allows in a body, the server must let through.
        limits = Limits(body_bytes=self.mock.contract.service.body_bytes)
        self.server = Server(door_of(self.mock), plan.host, plan.port, tls=plan.tls, limits=limits)

    def start(self) -> None:
        """Listen. Raises Failure."""
        try:
            self.server.start()
        except (CannotBind, BadCertificate) as error:
            raise Failure(str(error)) from error

    def announce(self) -> None:
        """Warn of what should be known, then say that the mock is ready."""
        if not self._plan.is_local:
            sentence = f"other computers can reach {self._plan.host}, and the API asks none who they are."
            self._log.note("warning", f"{PROGRAM}: warning: {sentence}")
        url = self.server.url
        json = self._plan.log_format == "json"
        text = write_ready(self.mock, url) if json else write_banner(self.mock, self._plan, url)
        try:
            # Whoever closed the pipe after the first lines still wants the mock.
            with contextlib.suppress(BrokenPipeError, ValueError):
                sys.stdout.write(text)
                sys.stdout.flush()
        except OutputLost as lost:
            sentence = f"standard output cannot be written ({lost.strerror}): the mock is at {url}."
            self._log.note("warning", f"{PROGRAM}: warning: {sentence}")

    def sum_up(self) -> None:
        """Say which calls a rehearsed document would change, where one was rehearsed."""
        rehearsal = self.mock.rehearsal
        if rehearsal is None:
            return
        changes = rehearsal.changes()
        would = sum(count for _, count in changes)
        self._log.note(
            "rehearsed", f"rehearsed {rehearsal.name}: {would} of {rehearsal.calls} calls would change"
        )
        for change, count in changes:
            status = (
                f"{change.status} → {change.then}" if change.status != change.then else f"{change.status}"
            )
            places = ", ".join(place for place in change.places if place != "status")
            self._log.note("rehearsed", f"  {count} × {change.operation} {status} {places}".rstrip())

    def watch(self) -> Watch:
        """Return what reloads the mock when a file changes."""
        return Watch(self.mock.files, self.reload)

    def reload(self) -> Iterable[Path]:
        """Serve what the files say now, or go on as before where they are wrong; return the files to watch."""
        try:
            mock = self._load()
        except Failure as failure:
            sentence = f"{PROGRAM}: {failure.message} The former document is still served."
            self._log.note("not-reloaded", sentence)
            return self.mock.files
        self.server.app = door_of(mock)
        self.mock = mock
        settle()
        document = self.mock.contract.document
        sentence = (
            f"reloaded {document.base_name} ({document.digest.short}); every key begins anew from the seed."
        )
        self._log.note("reloaded", sentence, digest=str(document.digest))
        return self.mock.files

    def _load(self) -> Mock:
        with at_rest():
            mock = load_mock(self._plan.settings(), [self._log.observe])
        self._log.hints = hints_for(mock.contract)
        self._log.key_prefix = mock.contract.service.key_prefix
        return mock
