"""What a run does to a service, through the guard and nothing else, and what must hold afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from contract_tests.guard import guard
from contract_tests.guard.cleaning import CleanUp, sweep
from contract_tests.guard.exchange import Reply, Request, TargetFailed
from contract_tests.guard.guard import Guard
from contract_tests.guard.upstream import GuardSettings, Parcel, Upstream
from mock_server.document import Document
from tests.guard import client
from tests.guard.client import Client
from tests.guard.conftest import Hurried, through
from tests.guard.scripted import Asked, Scripted
from tests.hostile.odd import LIES
from tests.hostile.service import KEY, Behaving

# How often the service may have harmed rows of the stranger of itself before the run writes no more.
MOST_HARMED = 2


def lying(*names: str) -> type[Behaving]:
    """Return a service with some lies at once, the first of them outermost."""
    lies = [LIES[name] for name in names]
    apart = [cls for cls in lies if not any(cls is not other and issubclass(other, cls) for other in lies)]
    return type("+".join(names), tuple(apart), {})


class Trial:
    """A guard before a service that lies; its clock runs ahead while somebody sleeps.

    Not `on_the_wire`: no request takes a connection, neither that to the guard nor that to the service. This is for
    many trials: one of each lie is on the wire.
    """

    def __init__(
        self,
        service: type[Behaving],
        folder: Path,
        document: Document,
        *,
        on_the_wire: bool = True,
        **given: Any,
    ) -> None:
        self.time = Hurried()
        self.service = service(self.time.clock)
        self._folder, self._document, self._given = folder, document, given
        self._on_the_wire = on_the_wire

    @contextmanager
    def opened(self) -> Iterator[Guard]:
        with self._served() as url:
            settings = GuardSettings(
                target=url, key=KEY, allow_writes=True, ledger_dir=self._folder, clock=self.time.clock,
                sleep=self.time.sleep, timeout=5.0, **self._given,
            )  # fmt: skip
            guarding = Guard(settings, self._document)
            guarding.start()
            try:
                yield guarding
            finally:
                guarding.close()

    @contextmanager
    def _served(self) -> Iterator[str]:
        if self._on_the_wire:
            with Scripted(self.service) as target:
                yield target.url
            return
        with (
            patch.object(Upstream, "_once", lambda _, parcel: self._answered(parcel)),
            patch.object(guard, "Door", lambda _: SimpleNamespace(port=9, close=lambda: None)),
        ):
            yield "http://127.0.0.1:9/api"

    def _answered(self, parcel: Parcel) -> Reply:
        headers = {name.lower(): text for name, text in parcel.headers}
        answer = None
        with contextlib.suppress(
            ArithmeticError, LookupError, TypeError, ValueError
        ):  # two lies that do not fit
            answer = self.service(Asked(parcel.method, parcel.path, headers, parcel.body))
        if answer is None:
            raise TargetFailed("no-answer", "The target gave no whole answer.")
        return Reply(answer.status, "", tuple(answer.headers.items()), answer.body)

    def client(self, guarding: Guard) -> Client:
        """Return a client of a suite."""
        return through(guarding) if self._on_the_wire else Direct(guarding)

    def swept(self, file: Path) -> CleanUp:
        """Sweep a ledger an hour later."""
        self.time.sleep(3600.0)
        return sweep(file, KEY, document=self._document, clock=self.time.clock, sleep=self.time.sleep)


class Direct(Client):
    """A client without a connection to its guard."""

    def __init__(self, guarding: Guard) -> None:
        super().__init__(guarding.url, guarding.placeholder_key)
        self._guard = guarding

    def call(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        authorization: str | None = "",
    ) -> client.Reply:
        own = () if authorization is None else (("Authorization", authorization or f"Bearer {self.key}"),)
        request = Request(method, target, (*own, *(headers or {}).items()), body)
        reply = self._guard.pass_on(request, self._guard.url)
        return client.Reply(reply.status, {name.lower(): text for name, text in reply.headers}, reply.body)


def use(client: Client) -> None:
    """Do what suites do: create, look, list, update, delete, and try what should be refused."""
    made: list[object] = []
    for number, kind in enumerate(("email", "webhook", "internal_notification", "slack", "email")):
        fields = {} if kind == "internal_notification" else {kind: f"https://example.com/{number}"}
        reply = client.post("", {"name": f"Row {number} of the run", "type": kind, **fields})
        made += ids_in(reply)
        for row in made[-1:]:
            if number % 2:
                client.get(f"/{row}")
            client.update(row, name=f"Row {number}, renamed", is_enabled="0")
    for fields in ({"name": ""}, {"name": "\t "}, {}, {"name[]": "Nameless"}):
        made += ids_in(client.post("", {"type": "email", "email": "hey@example.com", **fields}))
        client.update(made[-1] if made else 0, email="hello@example.com")
    client.post("", {"name": "  ", "type": "internal_notification"})
    client.post("", {})
    client.get("?results_per_page=100")
    for row in made[:2]:
        client.delete(row)
        client.delete(row)
        client.get(f"/{row}")
    for row in (1, 5, 12, "0", "abc", "9999999999999"):
        client.update(row, name="No row of the run")
        client.delete(row)
    made += ids_in(client.create("A last one"))
    for row in made[-2:]:
        client.update(row, name="")
        client.get("")


def ids_in(reply: client.Reply) -> list[object]:
    if reply.status != 201:
        return []
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return [reply.data["id"]]
    return []


def check(trial: Trial, file: Path, done: CleanUp) -> None:
    """No row of the stranger is harmed; rows of the run are gone, or each may be left by its word."""
    service = trial.service
    assert KEY not in "\n".join([repr(done), *(each.read_text() for each in file.parent.glob("*.jsonl*"))])
    assert not service.touched, "a row of the stranger was written to"
    assert service.times_harmed <= MOST_HARMED, "the run went on writing"
    if done.complete:
        assert not service.left, f"{done} says that all is gone"
        assert not file.exists()
        return
    assert file.exists(), "the ledger is open"
    assert done.sentences
    named = {str(row) for row in done.failed}
    for row in service.left:
        is_named = str(service.written_id(row)) in named or str(row) in named
        assert is_named or done.open or done.unlisted, f"{row} is left, and {done} does not say so"


def run(trial: Trial, *, is_killed: bool = False) -> Guard:
    """Use a service through the guard, clean up, and check, twice; a killed run is swept first."""
    with trial.opened() as guarding:
        use(trial.client(guarding))
        file = guarding.ledger_file
        assert file is not None
        if is_killed:
            copy = file.with_name(f"killed-{file.name}")
            copy.write_bytes(file.read_bytes())
            check(trial, copy, trial.swept(copy))
        else:
            check(trial, file, guarding.clean_up())
    assert guarding.cleaned is not None
    check(trial, file, guarding.cleaned)
    return guarding
