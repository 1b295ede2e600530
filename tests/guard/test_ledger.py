"""What is written before and after, and the sweep that reads it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from contract_tests.guard.cleaning import sweep
from contract_tests.guard.exchange import GuardRefusal, Unswept
from contract_tests.guard.guard import Guard
from contract_tests.guard.ledger import Ledger
from contract_tests.guard.upstream import GuardSettings
from mock_server.document import Document
from tests.guard.account import ROWS, Target
from tests.guard.conftest import MakeGuard, through
from tests.guard.scripted import Asked, Said, Scripted, said

KEY = "mock-key-of-a-user"


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def ledger_of(guard: Guard) -> Path:
    assert guard.ledger_file is not None
    return guard.ledger_file


def abandon(guard: Guard) -> Path:
    """Let a guard go as `kill -9` would, and return its ledger."""
    file = ledger_of(guard)
    kept = file.read_bytes()
    folder = file.parent.parent / f"killed-{guard.marker}"
    folder.mkdir()
    copy = folder / file.name
    copy.write_bytes(kept)
    return copy


def test_intent_id_and_deletion_are_written_in_order(target: Target, make_guard: MakeGuard) -> None:
    guard = make_guard(target)
    client = through(guard)
    row = client.created()
    client.post("", {"name": "x", "type": "no-such"})
    client.delete(row)
    file = ledger_of(guard)
    first, before, *events = lines(file)
    assert first.keys() == {"event", "target", "marker", "time", "pid", "key_check"}
    assert (first["target"], first["marker"]) == (target.url, guard.marker)
    assert [(line["event"], line.get("number")) for line in events] == [
        ("intent", 1), ("created", 1), ("seen", 1), ("listed", None), ("intent", 2), ("answered", 2), ("doomed", 1),
        ("accepted", 1),
    ]  # fmt: skip
    assert (before["event"], before["ids"]) == ("before", [*range(1, ROWS + 1)])
    assert len({*before["born"]}) == ROWS
    assert guard.clean_up().complete
    assert not file.exists()
    swept = file.with_name(file.name + ".swept")
    assert lines(swept)[-1] == {"event": "deleted", "number": 1}


def test_the_intent_is_on_the_disk_before_the_create_is_sent(make_guard: MakeGuard) -> None:
    seen: list[dict[str, Any]] = []

    def script(asked: Asked) -> Said:
        if asked.method == "POST":
            seen.extend(lines(ledger_of(guard)))
        return said({"data": [], "meta": {"total": 0}}, 200 if asked.method == "GET" else 404)

    with Scripted(script) as target:
        guard = make_guard(target.url)
        through(guard).create()
    assert [line["event"] for line in seen] == ["run", "before", "intent"]


def test_an_unswept_ledger_stops_the_next_run(target: Target, make_guard: MakeGuard, tmp_path: Path) -> None:
    guard = make_guard(target)
    for allow_writes in (True, False):
        with pytest.raises(Unswept, match=r"is not over: wait for its end") as caught:
            make_guard(target, allow_writes=allow_writes)
        assert str(ledger_of(guard)) in str(caught.value)
    guard.close()
    make_guard(target)
    make_guard("http://127.0.0.1:9/api", allow_writes=False)  # another target


def test_the_sweep_finishes_what_a_kill_left(
    target: Target, make_guard: MakeGuard, document: Document
) -> None:
    before = target.rows
    guard = make_guard(target)
    client = through(guard)
    rows = [client.created(f"Row {number}") for number in range(3)]
    client.delete(rows[0])
    file = abandon(guard)
    done = sweep(file, target.key, document=document)
    assert (sorted(done.deleted), done.complete) == (sorted(rows), True)
    assert target.rows == before
    assert sweep(file, target.key, document=document).deleted == []  # again


def test_what_no_longer_bears_the_marker_is_left(
    target: Target, make_guard: MakeGuard, document: Document
) -> None:
    guard = make_guard(target)
    row = through(guard).created()
    target.user().update(row, name="The user took it over")
    kept = target.rows[row]
    done = sweep(abandon(guard), target.key, document=document)
    assert (list(done.failed), done.deleted, done.complete) == ([row], [], False)
    assert "does not show this run's mark" in done.failed[row]
    assert target.rows[row] == kept
    assert list(guard.clean_up().failed) == [row]


def test_the_sweep_wants_the_runs_own_key(target: Target, make_guard: MakeGuard, document: Document) -> None:
    guard = make_guard(target)
    row = through(guard).created()
    file = abandon(guard)
    with pytest.raises(GuardRefusal, match="another key"):
        sweep(file, "mock-another-key", document=document)
    assert file.exists()
    assert row in target.rows


def test_a_torn_line_is_passed_over(target: Target, make_guard: MakeGuard, document: Document) -> None:
    before = target.rows
    guard = make_guard(target)
    through(guard).created()
    file = abandon(guard)
    whole = file.read_bytes()
    # The crash tore the line with the id: the row is found by its marker.
    file.write_bytes(whole[: whole.rindex(b'{"event": "created"') + 12])
    assert sweep(file, target.key, document=document, settle=0).complete
    assert target.rows == before


def test_every_torn_ledger_can_be_read(target: Target, make_guard: MakeGuard, tmp_path: Path) -> None:
    guard = make_guard(target)
    client = through(guard)
    client.delete(client.created())
    whole = ledger_of(guard).read_bytes()
    first = whole.index(b"\n")
    torn = tmp_path / "torn.jsonl"
    for end in range(first, len(whole)):
        torn.write_bytes(whole[:end])
        assert len(Ledger.read(torn).entries) <= 1
    torn.write_bytes(whole[: first - 1])
    with pytest.raises(ValueError, match="not a ledger"):
        Ledger.read(torn)


def test_a_line_after_a_torn_one_is_not_lost(target: Target, make_guard: MakeGuard, tmp_path: Path) -> None:
    guard = make_guard(target)
    through(guard).created()
    file = abandon(guard)
    file.write_bytes(file.read_bytes()[:-5])
    ledger = Ledger.read(file)
    ledger.created(ledger.entries[1], 31)
    ledger.release()
    assert Ledger.read(file).entries[1].id == 31


def test_every_line_is_on_the_disk_before_the_guard_goes_on(
    target: Target, make_guard: MakeGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = make_guard(target)
    file, synced = ledger_of(guard), list[int]()
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(len(lines(file))))
    through(guard).created()
    assert synced == [2, 3, 4]


def test_an_interrupted_sweep_can_be_run_again(
    target: Target, make_guard: MakeGuard, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = target.rows
    guard = make_guard(target)
    client = through(guard)
    for number in range(4):
        client.created(f"Row {number}")
    file = abandon(guard)
    written = Ledger.deleted

    def once(self: Ledger, entry: Any) -> None:
        written(self, entry)
        raise KeyboardInterrupt

    for _ in range(4):
        monkeypatch.setattr(Ledger, "deleted", once)
        with pytest.raises(KeyboardInterrupt):
            sweep(file, target.key, document=document)
    monkeypatch.undo()
    assert sweep(file, target.key, document=document).complete
    assert target.rows == before


def test_the_list_is_searched_on_every_page(
    target: Target, make_guard: MakeGuard, document: Document
) -> None:
    user = target.user()
    for number in range(1100):
        user.created(f"More {number}")
    before = target.rows
    guard = make_guard(target)
    through(guard).created("Lost")
    for number in range(1100):
        user.created(f"Even more {number}")
    file = abandon(guard)
    text = file.read_text().splitlines()
    file.write_text("\n".join(text[:3]) + "\n")  # the id never arrived
    done = sweep(file, target.key, document=document, settle=0)
    assert len(done.deleted) == 1
    assert {row: wire for row, wire in target.rows.items() if row in before} == before


def test_a_guard_that_fails_inside_still_cleans_up(
    target: Target, tmp_path: Path, document: Document
) -> None:
    before = target.rows
    settings = GuardSettings(target=target.url, key=target.key, allow_writes=True, ledger_dir=tmp_path / "l")
    guard = Guard(settings, document)

    def run() -> None:
        with guard:
            through(guard).created()
            through(guard).created("evil.com")

    with pytest.raises(AssertionError, match="418"):
        run()
    assert target.rows == before
    assert [file.suffix for file in (tmp_path / "l").iterdir()] == [".swept"]
    guard.close()
