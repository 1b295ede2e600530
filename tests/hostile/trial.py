"""What a run does to a service, through the guard and nothing else, and what must hold afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contract_tests.guard.cleaning import CleanUp, sweep
from contract_tests.guard.guard import Guard
from contract_tests.guard.upstream import GuardSettings
from mock_server.document import Document
from tests.guard.client import Client, Reply
from tests.guard.conftest import Hurried, through
from tests.guard.scripted import Scripted
from tests.hostile.odd import LIES
from tests.hostile.service import KEY, Behaving

# How many of the stranger's rows the service may have harmed of itself before the run writes no more.
MOST_HARMED = 2


def lying(*names: str) -> type[Behaving]:
    """Return a service with some lies at once, the first of them outermost."""
    lies = [LIES[name] for name in names]
    apart = [cls for cls in lies if not any(cls is not other and issubclass(other, cls) for other in lies)]
    return type("+".join(names), tuple(apart), {})


class Trial:
    """A guard before a service that lies; its clock runs ahead while somebody sleeps."""

    def __init__(self, service: type[Behaving], folder: Path, document: Document, **given: Any) -> None:
        self.time = Hurried()
        self.service = service(self.time.clock)
        self._folder, self._document, self._given = folder, document, given

    @contextmanager
    def opened(self) -> Iterator[Guard]:
        with Scripted(self.service) as target:
            settings = GuardSettings(
                target=target.url, key=KEY, allow_writes=True, ledger_dir=self._folder, clock=self.time.clock,
                sleep=self.time.sleep, timeout=5.0, **self._given,
            )  # fmt: skip
            guard = Guard(settings, self._document)
            guard.start()
            try:
                yield guard
            finally:
                guard.close()

    def swept(self, file: Path) -> CleanUp:
        """Sweep a ledger an hour later."""
        self.time.sleep(3600.0)
        return sweep(file, KEY, document=self._document, clock=self.time.clock, sleep=self.time.sleep)


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


def ids_in(reply: Reply) -> list[object]:
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
    assert len(service.harmed) <= MOST_HARMED, "the run went on writing"
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
    with trial.opened() as guard:
        use(through(guard))
        file = guard.ledger_file
        assert file is not None
        if is_killed:
            copy = file.with_name(f"killed-{file.name}")
            copy.write_bytes(file.read_bytes())
            check(trial, copy, trial.swept(copy))
        else:
            check(trial, file, guard.clean_up())
    assert guard.cleaned is not None
    check(trial, file, guard.cleaned)
    return guard
