"""No service, whatever it says, gets a run to harm a row of others, or to say that all is gone while it is not."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from mock_server.document import Document, load
from tests.guard.conftest import through
from tests.guard.scripted import Asked, Said
from tests.hostile.odd import LIES
from tests.hostile.service import KEY, Behaving
from tests.hostile.trial import Trial, lying, run, use
from tests.hostile.wild import Wild

PAIRS = [*itertools.combinations(sorted(LIES), 2)]
# Pairs that got past an earlier guard, and others.
SHORT = [
    ("LendsIds", "ShowsTheNewestRow"),
    ("DeletesAnother", "FailsEveryFifth"),
    ("BringsRowsBack", "HidesNewRows"),
    ("HidesNewRows", "StoresTwice"),
    ("LeadsToTheRow", "ConstantNames"),
    ("BringsRowsBack", "HidesDisabledRows"),
    ("QueuesCreatesWithoutIds", "StoresTwice"),
    ("RetriesCreates", "HidesAType"),
    ("VersionsRows", "CachesReads"),
    ("GlobalIds", "LosesCreates"),
    ("CachesReads", "LendsIds"),
    ("CachesReads", "RestoresABackup"),
    ("ChangesIds", "DeletesAnother"),
    ("ChangesIds", "DisablesDeletedRows"),
    ("ChangesIds", "HidesDisabledRows"),
    ("ChangesIds", "Upserts"),
    ("ConflictsAfterStoring", "ShowsRowsLate"),
    ("ConflictsAfterStoring", "Upserts"),
    ("DeletesAnother", "ReusesIds"),
    ("DeletesLate", "ReusesIds"),
    ("AlternatesReplicas", "LosesDeletes"),
    ("CachesReads", "LosesEverySeventh"),
    ("FindsNothingLater", "HidesAType"),
    ("FindsNothingLater", "RestoresABackup"),
    ("ForgetsRowsLater", "HidesAType"),
    ("ForgetsRowsLater", "RestoresABackup"),
    *random.Random(1).sample(PAIRS, 56),
]
# What the run is not stopped for: nothing is lost by it, or it is the service's right.
BEARABLE = {
    *(
        "TakesBlankNames",
        "LosesCreates",
        "LosesAllCreates",
        "StoresNothing",
        "RefusesAndStores",
        "StoresTwice",
    ),
    *(
        "AnswersNoId",
        "AnswersNothing",
        "TextIds",
        "UuidIds",
        "DigitIds",
        "FloatIds",
        "PaddedIds",
        "ShowsRowsLate",
    ),
    *("DeletesLate", "RefusesDeletes", "LosesDeletes", "HidesNewRows", "BringsRowsBack"),
    *("LosesEverySeventh", "FailsEveryFifth", "NestsRecentRows", "UpsertsByAddress"),
    *("CapsUncountedPages", "RefusesPagesBeyondTheLast", "ShowsTheFirstPageAlone", "DeletesWhateverIsAsked"),
    *("GivesTheSmallestFreeId", "ForbidsAll"),
    *("CountsTooFew", "CountsTooMany", "CountsNothing", "IgnoresThePage"),
    *("NormalizesNames", "LowersNames", "FoldsBlanks", "ReturnsTheNamesake", "DeletesNamesakes", "GlobalIds"),
    *(
        "LeadsElsewhere",
        "LeadsToTheRow",
        "QueuesCreates",
        "ConflictsAfterStoring",
        "HidesDisabledRows",
        "HidesAType",
    ),
    *(
        "MasksAddresses",
        "TimesOut",
        "CapsTheList",
        "GrowsWhileRead",
        "ArchivesRows",
        "MakesWhatItUpdates",
        "RetriesCreates",
        "RefusesUnknownIdsBy400",
    ),
}
# How much the run notices depends on how long it takes.
LATE = {"ChangesIds", "CachesReads", "ReadsAReplica", "AlternatesReplicas", "ListsAReplica"}


@pytest.fixture(scope="module")
def document() -> Document:
    return load()


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the wait for each write of a ledger, which matters if the machine stops, and takes half of the time."""
    monkeypatch.setattr("contract_tests.guard.ledger.os.fsync", lambda _: None)


def test_a_service_that_behaves_is_left_as_it_was(tmp_path: Path, document: Document) -> None:
    trial = Trial(Behaving, tmp_path, document)
    guard = run(trial)
    assert guard.alarms == ()
    assert trial.service.left == []
    assert guard.stats().created > 6


@pytest.mark.parametrize("name", LIES)
def test_no_lie_does_harm(name: str, tmp_path: Path, document: Document) -> None:
    guard = run(Trial(lying(name), tmp_path, document))
    assert name in LATE or bool(guard.alarms) is (name not in BEARABLE), guard.alarms


@pytest.mark.parametrize("name", LIES)
def test_no_lie_does_harm_to_a_sweep(name: str, tmp_path: Path, document: Document) -> None:
    run(Trial(lying(name), tmp_path, document, on_the_wire=False), is_killed=True)


@pytest.mark.parametrize("names", SHORT, ids="+".join)
def test_no_two_lies_do_harm(names: tuple[str, str], tmp_path: Path, document: Document) -> None:
    for number, order in enumerate((names, names[::-1])):
        trial = Trial(lying(*order), tmp_path / str(number), document, on_the_wire=False)
        run(trial, is_killed=bool(number))


@pytest.mark.heavy
@pytest.mark.parametrize("part", range(40))
def test_no_pair_of_lies_does_harm(part: int, tmp_path: Path, document: Document) -> None:
    """Each pair in both orders, finished and killed; all that fail are named."""
    failed = []
    for names in PAIRS[part::40]:
        for order, is_killed in itertools.product((names, names[::-1]), (False, True)):
            try:
                folder = tmp_path / f"{'+'.join(order)} {is_killed}"
                run(Trial(lying(*order), folder, document, on_the_wire=False), is_killed=is_killed)
            except AssertionError as error:
                what = str(error).partition("\n")[0]
                failed.append(f"{'+'.join(order)}, {'killed' if is_killed else 'finished'}: {what}")
    assert not failed, "\n".join(failed)


LATE_DELETES = [
    *itertools.product(
        ("DeletesWhateverIsAsked",), ("DeletesLate", "QueuesDeletes"), ("ListsAReplica", "ReadsAReplica")
    )
]


@pytest.mark.parametrize("names", LATE_DELETES, ids="+".join)
@pytest.mark.parametrize("is_killed", [False, True], ids=["finished", "killed"])
def test_deletes_that_are_late_behind_a_replica_do_no_harm(
    names: tuple[str, ...], is_killed: bool, tmp_path: Path, document: Document
) -> None:
    for number, order in enumerate(itertools.permutations(names)):
        trial = Trial(lying(*order), tmp_path / str(number), document, on_the_wire=False)
        run(trial, is_killed=is_killed)


def rampage(seed: int, folder: Path, document: Document) -> None:
    """Run a service that lies at random, and see that the run neither harms a stranger nor says that all is gone."""
    trial = Trial(Behaving, folder, document, on_the_wire=False)
    trial.service = Wild(seed, trial.time.clock)
    run(trial, is_killed=seed % 3 == 0)


@pytest.mark.parametrize("seed", range(30))
def test_no_lie_at_random_does_harm(seed: int, tmp_path: Path, document: Document) -> None:
    rampage(seed, tmp_path, document)


@pytest.mark.heavy
@pytest.mark.parametrize("part", range(25))
def test_a_thousand_runs_do_no_harm(part: int, tmp_path: Path, document: Document) -> None:
    for seed in range(40 * part, 40 * part + 40):
        rampage(1000 + seed, tmp_path / str(seed), document)


@pytest.mark.parametrize(
    "name", ["CutsNamesAt8", "CutsNamesAt16", "ShoutsNames", "EscapesNames", "ConstantNames"]
)
def test_the_run_stops_after_the_first_row_that_it_cannot_prove(
    name: str, tmp_path: Path, document: Document
) -> None:
    trial = Trial(lying(name), tmp_path, document)
    guard = run(trial)
    assert len(trial.service.left) == 1
    (alarm,) = guard.alarms
    assert f"A retrieve of {trial.service.left[0]} does not show the row" in alarm.sentence
    assert guard.cleaned is not None
    assert str(trial.service.left[0]) in guard.cleaned.sentences[0]


@pytest.mark.parametrize("name", ["TextIds", "UuidIds", "DigitIds", "FloatIds", "PaddedIds"])
def test_ids_of_any_spelling_can_be_owned(name: str, tmp_path: Path, document: Document) -> None:
    trial = Trial(lying(name), tmp_path, document)
    guard = run(trial)
    assert (guard.alarms, trial.service.left) == ((), [])
    assert guard.cleaned is not None
    assert guard.cleaned.complete


def test_a_list_that_shows_no_row_of_the_run_proves_nothing(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("HidesNewRows"), tmp_path, document)
    guard = run(trial)
    assert trial.service.left == []
    assert guard.cleaned is not None
    assert "never shown a row of this run" in guard.cleaned.unlisted


def test_a_row_that_the_list_hides_is_found_by_its_id(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("HidesAType", "StoresTwice"), tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        client.created("Listed")
        client.post(
            "", {"name": "Hidden, and a second one", "type": "slack", "slack": "https://example.com/x"}
        )
        assert len(trial.service.left) == 4
        done = guard.clean_up()
    assert (trial.service.left, done.complete) == ([], True)


def test_a_row_that_has_moved_may_be_left(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("VersionsRows"), tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        row = client.created()
        client.get("")
        client.update(row, name="")
        (left,) = trial.service.left
        why = f"Handlers may be left: the list shows rows that were not there before the run: {left}."
        assert [guard.clean_up().sentences for _ in range(2)] == [[why]] * 2
    assert trial.service.left == [left]


@pytest.mark.parametrize(("method", "count"), [("POST", 1), ("GET", 3)])
@pytest.mark.parametrize("goes_on", [True, False])
def test_a_mark_that_an_update_has_taken_is_given_back_later_if_responses_are_lost(
    method: str, count: int, goes_on: bool, tmp_path: Path, document: Document
) -> None:
    class Losing(Behaving):
        left_to_lose = 0

        def answer(self, asked: Asked) -> Said | None:
            reply = super().answer(asked)
            is_lost = asked.method == method and self.left_to_lose > 0
            self.left_to_lose -= is_lost
            return None if is_lost else reply

    trial = Trial(Losing, tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        row = client.created()
        client.update(row, is_enabled="1")
        client.get(f"/{row}")
        trial.service.left_to_lose = count  # type: ignore[attr-defined]
        assert client.update(row, name="").status == 502
        if goes_on:
            assert client.update(row, is_enabled="0").status == 200
        done = guard.clean_up()
    assert (guard.alarms, trial.service.left, done.complete) == ((), [], True)


def test_a_row_whose_mark_was_given_back_may_be_deleted(tmp_path: Path, document: Document) -> None:
    trial = Trial(Behaving, tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        row = client.created()
        client.get(f"/{row}")
        client.update(row, name="")
        assert client.delete(row).status < 300
        assert client.created() > row
        done = guard.clean_up()
    assert (guard.alarms, trial.service.left, done.complete) == ((), [], True)


def test_a_service_that_cannot_list_any_more_is_swept_by_ids(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("BreaksItsListLater"), tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        rows = [client.created(f"Row {number}") for number in range(3)]
        assert client.create().refused == "halted"
        (alarm,) = guard.alarms
        assert alarm.sentence.startswith("The list cannot be read: Expecting value")
        assert alarm.about == "list"
        copy = tmp_path / "killed.jsonl"
        assert guard.ledger_file is not None
        copy.write_bytes(guard.ledger_file.read_bytes())
        trial.service.page = lambda *_: Said(200, b"")  # type: ignore[method-assign]  # for good
        done = trial.swept(copy)
        assert trial.service.left == []
    assert (sorted(map(str, done.deleted)), done.complete) == (sorted(map(str, rows)), False)
    assert done.sentences == [
        "Handlers may be left: The list cannot be read: Expecting value: line 1 column 1 (char 0)."
    ]


def test_both_rows_of_a_create_that_made_two_are_remembered(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("StoresTwice"), tmp_path, document)
    with trial.opened() as guard:
        row = through(guard).created()
        trial.service.rows[row]["name"] = "A user took it over"
        for _ in range(2):
            done = guard.clean_up()
            assert (list(done.failed), done.complete) == ([row], False)
        copy = tmp_path / "killed.jsonl"
        assert guard.ledger_file is not None
        copy.write_bytes(guard.ledger_file.read_bytes())
        for _ in range(2):
            assert list(trial.swept(copy).failed) == [row]
    assert trial.service.left == [row]


def test_a_delete_is_seen_to_be_done_before_the_next_write(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("DeletesAnother"), tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        rows = [client.created(name) for name in ("One", "Two")]
        client.delete(rows[0])
        client.get(f"/{rows[0]}")
        assert client.delete(rows[1]).refused == "halted"
        (alarm,) = guard.alarms
    assert "A retrieve still shows" in alarm.sentence
    assert len(trial.service.harmed) == 1


def test_no_sweep_repeats_a_delete_that_did_something_else(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("DeletesAnother"), tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        rows = [client.created(name) for name in ("One", "Two")]
        client.delete(rows[0])
        copy = tmp_path / "killed.jsonl"
        assert guard.ledger_file is not None
        copy.write_bytes(guard.ledger_file.read_bytes())
        for _ in range(3):
            assert set(trial.swept(copy).failed) == {*rows}
    assert len(trial.service.harmed) == 1


def test_a_sweep_goes_on_if_a_delete_was_only_late(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("QueuesDeletes"), tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        rows = [client.created(name) for name in ("One", "Two")]
        client.delete(rows[0])
        assert client.create().refused == "halted"
        copy = tmp_path / "killed.jsonl"
        assert guard.ledger_file is not None
        copy.write_bytes(guard.ledger_file.read_bytes())
        found = [trial.swept(copy) for _ in range(2)]
    assert f"The handler {rows[1]} stays although it was deleted" in found[0].failed[rows[1]]
    assert (trial.service.left, found[1].complete) == ([], True)


@pytest.mark.parametrize(
    "name", ["SwitchesToAFullAccount", "SwitchesToASmallAccount", "SwitchesToAnEmptyAccount"]
)
def test_in_another_account_nothing_is_deleted_and_nothing_is_proven(
    name: str, tmp_path: Path, document: Document
) -> None:
    trial = Trial(lying(name), tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        rows = [client.created(name) for name in ("One", "Two")]
        copy = tmp_path / "killed.jsonl"
        assert guard.ledger_file is not None
        copy.write_bytes(guard.ledger_file.read_bytes())
        trial.service.turn = trial.service.first  # type: ignore[attr-defined]
        done = trial.swept(copy)
    assert trial.service.left == rows
    assert "none of the rows that were there before the run: it may be another account's" in done.unlisted


def test_a_row_that_leaves_a_page_is_not_gone(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("ShowsTheFirstPageAlone"), tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        for number in range(8):
            client.created(f"Row {number}")
            client.get("")
        assert guard.alarms == ()
    assert guard.cleaned is not None
    assert (guard.cleaned.complete, trial.service.left) == (True, [])


def test_waiting_for_a_service_that_is_late_has_an_end(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("DeletesLate"), tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        while (reply := client.create()).status == 201:
            client.delete(reply.data["id"])
            assert len(trial.service.left) < 3
        assert reply.refused == "halted"
        (alarm,) = guard.alarms
    assert alarm == (
        "The service shows late what was written: the run has waited 120 s in all for that.",
        "late",
        None,
    )
    assert (trial.service.left, guard.cleaned and guard.cleaned.complete) == ([], True)


def test_a_stranger_who_gets_an_own_id_keeps_the_row(tmp_path: Path, document: Document) -> None:
    trial = Trial(lying("ReusesIds"), tmp_path, document)
    with trial.opened() as guard:
        client = through(guard)
        row = client.created()
        client.delete(row)
        assert client.delete(row).refused == "foreign"
        assert client.create().refused == "halted"
        assert not guard.clean_up().complete
    assert trial.service.rows[row]["name"] == "A stranger's new one"


@pytest.mark.parametrize("is_killed", [False, True], ids=["finished", "killed"])
def test_a_service_that_needs_no_names_is_left_as_it_was(
    is_killed: bool, tmp_path: Path, document: Document
) -> None:
    trial = Trial(lying("TakesBlankNames"), tmp_path, document)
    guard = run(trial, is_killed=is_killed)
    assert (guard.alarms, trial.service.left) == ((), [])
    assert trial.service.nameless > 2, "such creates were sent"


def test_no_nameless_create_is_sent_if_its_row_could_not_be_proven(
    tmp_path: Path, document: Document
) -> None:
    trial = Trial(lying("TakesBlankNames", "MasksAddresses"), tmp_path, document)
    guard = run(trial)
    assert (guard.alarms, trial.service.left) == ((), [])
    assert trial.service.nameless == 0


def test_what_lies_is_a_service_that_the_suites_could_use(tmp_path: Path, document: Document) -> None:
    trial = Trial(Behaving, tmp_path, document)
    with trial.opened() as guard:
        use(through(guard))
        names = [row["name"] for row in through(guard).get("?results_per_page=100").data]
    assert "A stranger's 1" not in names
    assert "Row 3, renamed" in names
    assert KEY not in repr(names)
