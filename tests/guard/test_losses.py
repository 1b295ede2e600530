"""Answers that are late, lost or wrong: the rows behind them are found all the same, and no other is touched."""

from __future__ import annotations

import re
import threading
import time

import pytest

from contract_tests.guard.cleaning import sweep
from contract_tests.guard.ledger import CreateState, Ledger
from mock_server.document import Document
from tests.guard.conftest import MakeGuard, through
from tests.guard.scripted import Asked, Said, Scripted, said
from tests.guard.test_ledger import ledger_of

KEY = "mock-key-of-a-user"


class Slow:
    """A service that makes the row of a create and answers late, or never."""

    def __init__(self) -> None:
        self.rows: dict[int, str] = {1: "The user's own"}
        self.released = threading.Event()
        self.answers = True

    def __call__(self, asked: Asked) -> Said | None:
        path = asked.path.partition("?")[0].rstrip("/")
        if asked.method == "POST":
            name = re.search(rb'name="name"\r\n\r\n(.*?)\r\n', asked.body)
            assert name
            self.released.wait(10)
            self.rows[max(self.rows) + 1] = name[1].decode()
            return said({"data": {"id": max(self.rows)}}, 201) if self.answers else None
        if path.endswith("handlers"):
            rows = [{"id": row, "name": name} for row, name in self.rows.items()]
            return said({"data": rows, "meta": {"total": len(rows)}})
        row = int(path.rpartition("/")[2])
        if row not in self.rows:
            return said({}, 404)
        if asked.method == "DELETE":
            return said({}) if self.rows.pop(row) else None
        return said({"data": {"id": row, "name": self.rows[row]}})


def test_a_create_that_is_never_answered_is_found_by_its_name(make_guard: MakeGuard) -> None:
    service = Slow()
    service.answers = False
    service.released.set()
    with Scripted(service) as target:
        guard = make_guard(target.url)
        assert through(guard).create().headers["x-guard-failed"] == "no-answer"
        assert len(service.rows) == 2
        assert Ledger.read(ledger_of(guard)).entries[1].state is CreateState.OPEN
        done = guard.clean_up()
        assert (done.deleted, done.complete, service.rows) == ([2], True, {1: "The user's own"})


def test_a_create_that_happens_after_the_run_is_swept_later(
    make_guard: MakeGuard, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Slow()
    with Scripted(service) as target:
        guard = make_guard(target.url, timeout=0.2)
        assert through(guard).create().headers["x-guard-failed"] == "timeout"
        done = guard.clean_up()
        assert (done.deleted, done.complete) == ([], False)
        (marker,) = done.open
        assert marker.startswith(guard.marker)
        file = ledger_of(guard)
        guard.close()
        assert not sweep(file, KEY, document=document).complete  # too soon to say that it never will
        service.released.set()
        while len(service.rows) == 1:
            time.sleep(0.01)
        assert sweep(file, KEY, document=document).deleted == [2]
        assert service.rows == {1: "The user's own"}
        assert sweep(file, KEY, document=document).complete


def test_a_create_that_never_happened_is_closed_in_time(make_guard: MakeGuard, document: Document) -> None:
    empty = said({"data": [], "meta": {"total": 0}})
    with Scripted(lambda asked: None if asked.method == "POST" else empty) as target:
        guard = make_guard(target.url)
        through(guard).create()
        assert not guard.clean_up().complete
        file = ledger_of(guard)
        guard.close()
        assert sweep(file, KEY, document=document, clock=lambda: time.time() + 61).complete
        assert not file.exists()


def test_a_service_that_names_a_wrong_id_harms_nobody(make_guard: MakeGuard) -> None:
    service = Slow()
    service.released.set()

    def lying(asked: Asked) -> Said | None:
        reply = service(asked)
        return said({"data": {"id": 1}}, 201) if asked.method == "POST" and reply else reply

    with Scripted(lying) as target:
        guard = make_guard(target.url)
        client = through(guard)
        assert client.create().data == {"id": 1}
        assert client.delete(1).refused == client.update(1, name="x").refused == "foreign"
        assert client.create().refused == "halted"
        (alarm,) = guard.alarms
        assert (alarm.about, "the id 1, which was there before" in alarm.sentence) == ("ids", True)
        done = guard.clean_up()
        assert (done.deleted, done.complete) == ([2], True), "the row that was made is found by its mark"
        assert service.rows == {1: "The user's own"}


def test_an_id_that_is_named_twice_stays_with_its_row(make_guard: MakeGuard) -> None:
    service = Slow()
    service.released.set()

    def repeating(asked: Asked) -> Said | None:
        reply = service(asked)
        creates = asked.method == "POST" and asked.path.endswith("handlers")
        return said({"data": {"id": 2}}, 201) if creates else reply

    with Scripted(repeating) as target:
        guard = make_guard(target.url)
        client = through(guard)
        assert [client.create().data, client.get("/2").status, client.create().data] == [
            {"id": 2},
            200,
            {"id": 2},
        ]
        assert client.update(2, name="Other").refused == "halted"
        assert sorted(guard.clean_up().deleted) == [2, 3]
        assert service.rows == {1: "The user's own"}


def test_the_clean_up_waits_for_a_create_under_way(make_guard: MakeGuard) -> None:
    service = Slow()
    with Scripted(service) as target:
        guard = make_guard(target.url)
        suite = threading.Thread(target=lambda: through(guard).create())
        suite.start()
        while not target.asked:
            time.sleep(0.001)
        threading.Timer(0.1, service.released.set).start()
        done = guard.clean_up()
        suite.join()
        assert (done.deleted, done.complete, service.rows) == ([2], True, {1: "The user's own"})


BROKEN = {
    "retrieve": ["handler 2 may be left: it cannot be looked at: the target answers 500."],
    "list": ["Handlers may be left: The list cannot be read: it answers 500."],
    "delete": ["handler 2 may be left: it is still there; its delete returned 500."],
    "unmarked retrieve": [
        "handler 2 may be left: its create was answered with this id, and a look has never shown it."
    ],
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_clean_up_says_what_it_could_not_do(broken: str, make_guard: MakeGuard) -> None:
    service = Slow()
    service.released.set()

    is_broken = False

    def faulty(asked: Asked) -> Said | None:
        if not is_broken:
            return service(asked)
        on_row = asked.path.rpartition("/")[2].isdigit()
        kind = {"GET": "retrieve" if on_row else "list", "DELETE": "delete"}.get(asked.method)
        if kind == broken:
            return said({}, 500)
        if broken == "unmarked retrieve" and kind == "retrieve":
            return said({"data": {"id": 1}}, 404)
        return service(asked)

    with Scripted(faulty) as target:
        guard = make_guard(target.url)
        row = through(guard).create().data["id"]
        is_broken = True
        done = guard.clean_up()
        assert not done.complete
        assert all(sentence in " ".join(done.sentences) for sentence in BROKEN[broken])
        assert (row in service.rows) is (broken != "list")
        assert ledger_of(guard).exists()
        assert 1 in service.rows
