"""Two services beside each other, or a mock that runs already, and what is said of options that make no sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from contract_tests.command.commands import twin
from contract_tests.document import Facts
from contract_tests.guard.cleaning import Cleaner, CleanUp
from contract_tests.guard.exchange import Exchange
from contract_tests.recording import read_recording
from contract_tests.report.accepted import Acceptances
from contract_tests.run.settings import Code, Stop, made_up_key
from contract_tests.twin.compare import Comparison, Difference, Rows, Side
from contract_tests.twin.lockstep import SequenceOutcome
from contract_tests.twin.report import as_json, as_text
from contract_tests.twin.sides import Variation, mock_of
from contract_tests.twin.twin import Plan, Shown, Twins, run_twin, service_of
from mock_server.app import create_app
from mock_server.document import load
from mock_server.server import Server
from tests.check.process import run
from tests.second_opinion import SecondOpinion
from tests.twin.running import KEY, opened

AGAINST = "real-key-2"
NOWHERE = "http://127.0.0.1:1/api"


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    server = Server(create_app())
    server.start()
    yield f"{server.url}/api"
    server.stop(grace=0)


def test_two_services_are_compared_as_a_user_does_it(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{AGAINST}\n", encoding="utf-8")
    with (
        SecondOpinion({}, {KEY: 12}, bugs=["missing-name-status"]) as right,
        SecondOpinion({}, {AGAINST: 5}) as left,
    ):
        before = right.snapshot(KEY), left.snapshot(AGAINST)
        ran = run(
            tmp_path, "twin", "--base-url", right.url, "--against", left.url, "--against-key-file", "key",
            "--sequences", "60", "--seed", "1", "--record", "right.jsonl", BITPEAK_API_KEY=KEY,
        )  # fmt: skip
        assert (right.snapshot(KEY), left.snapshot(AGAINST)) == before
    assert ran.code == Code.FINDINGS, ran
    assert "status: left 401, right 403\n" in ran.out
    assert ran.out.count("$BITPEAK_AGAINST_API_KEY") == ran.out.count("$BITPEAK_API_KEY") == 1
    assert not any(key in ran.out + ran.err for key in (KEY, AGAINST))
    assert ran.out.endswith("They differ.\n")
    assert "open question" not in ran.out, "nobody asked one"
    recording = read_recording(tmp_path / "right.jsonl")
    assert recording.is_whole
    assert {each.exchange.url.startswith(right.url) for each in recording.exchanges} == {True}
    assert {file.name for file in tmp_path.iterdir()} == {"key", "right.jsonl", ".bitpeak-ledger"}


def check_mock(mock: str, folder: Path, *, name: bool) -> str:
    """Compare a service that answers one question otherwise with a mock that runs already."""
    with (
        SecondOpinion({"create-status": "ok"}, {KEY: 3}) as service,
        opened(service.url, folder) as opening,
    ):
        plan = Plan(sequences=4, seed=1, mock_url=mock, name=name)
        found = run_twin(opening, plan, Acceptances(), lambda _: None)
    assert found.left == mock
    return as_text(found, Acceptances(), str)


def test_a_mock_that_runs_already_is_compared(mock: str, tmp_path: Path) -> None:
    text = check_mock(mock, tmp_path, name=False)
    assert "status: left 201, right 200" in text
    assert '--header "Authorization: Bearer mock-twin"' in text, "a line for the mock has a key of the mock"


def test_keys_that_were_made_up_open_two_accounts(mock: str, tmp_path: Path) -> None:
    """Though both worlds begin with the same rows."""
    key, other = made_up_key(), made_up_key()
    with opened(mock, tmp_path, key=key, other_key=other, key_is_generated=True) as opening:
        assert service_of(opening, opening.run.facts).other_key == other


def test_nobody_is_sent_to_sweep_what_cannot_be_swept(
    mock: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is made up is forgotten: that of a mock beside a run, or of a run on this computer."""
    monkeypatch.setattr(Cleaner, "clean", lambda _: CleanUp(unfinished="The service has gone away."))
    with mock_of(Variation(url=mock), load(), can_write=True):
        pass
    with opened(mock, tmp_path, key=made_up_key(), key_is_generated=True) as opening:
        pass
    assert not opening.guard.clean_up().complete
    assert "sweep" not in caplog.text
    told = f"The API key was made up, so no sweep can finish the clean-up: look at {mock}."
    assert opening.way_to_finish == told
    with opened(mock, tmp_path, key=made_up_key()) as opening:
        pass
    assert f"run `bitpeak-mock sweep {opening.guard.ledger_file}`" in caplog.text
    assert opening.way_to_finish.endswith(f"bitpeak-mock sweep {opening.guard.ledger_file}")


@pytest.mark.heavy
def test_what_a_mock_that_runs_already_answers_otherwise_has_a_name(mock: str, tmp_path: Path) -> None:
    assert "    the open question create-status: " in check_mock(mock, tmp_path, name=True)


@pytest.mark.parametrize(
    ("answers", "code", "complaint"),
    [
        ((), Code.CANNOT, "is not a mock. Name a running `bitpeak-mock serve`"),
        (
            ("create-status=ok",),
            Code.CANNOT,
            "runs another document than this run: give --document, --overlay",
        ),
    ],
)
def test_what_is_no_mock_of_this_document_is_not_compared(
    answers: tuple[str, ...], code: Code, complaint: str, mock: str, tmp_path: Path
) -> None:
    with SecondOpinion({}, {KEY: 3}) as service, opened(service.url, tmp_path, answers=answers) as opening:
        other = mock if answers else service.url
        with pytest.raises(Stop, match=complaint) as stopped:
            run_twin(opening, Plan(sequences=4, seed=1, mock_url=other), Acceptances(), lambda _: None)
    assert stopped.value.code == code


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (
            ("--mock-url", NOWHERE, "--against", NOWHERE),
            Code.USAGE,
            "--mock-url and --against do not go together",
        ),
        (
            ("--recording", "a.jsonl", "--against", NOWHERE),
            Code.USAGE,
            "--against and --recording and --base-url do not",
        ),
        (("--against-key-file", "key"), Code.USAGE, "--against-key-file goes with --against only"),
        (
            ("--against", f"{NOWHERE}/"),
            Code.USAGE,
            "--against is the service of --base-url: name another one",
        ),
    ],
)
def test_sides_that_do_not_go_together_are_said(words: tuple[str, ...], code: Code, complaint: str) -> None:
    done = CliRunner(env={"BITPEAK_API_KEY": KEY}).invoke(twin, ["--base-url", NOWHERE, *words])
    assert (done.exit_code, complaint in done.output) == (code, True), done.output


def test_a_service_that_goes_away_ends_the_run(tmp_path: Path) -> None:
    server = Server(create_app())
    server.start()
    with opened(f"{server.url}/api", tmp_path, key="mock-of-a-user") as opening:
        server.stop(grace=0)
        with pytest.raises(Stop, match="no longer responds") as stopped:
            run_twin(opening, Plan(sequences=4, seed=1), Acceptances(), lambda _: None)
    assert stopped.value.code == Code.UNREACHABLE


@pytest.mark.parametrize(("text", "differs"), [("No row 1001abc", False), ("No row 7", True)])
def test_ids_in_texts_are_paired(text: str, *, differs: bool) -> None:
    sides = []
    for said, row in ((text, 1001), ("No row 2abc", 2)):
        rows, body = Rows([]), json.dumps({"message": said})
        rows.own.append(row)
        sides.append(
            Side(Exchange("GET", "", "", (), "", (), "", 404, (), body, 0), "http://a.invalid", rows)
        )
    assert bool(Comparison(Facts(load().data)).differences(*sides)) == differs


def test_values_that_differ_are_told_as_json() -> None:
    found = Difference("/data", False, [{"type": None}])
    shown = Shown(SequenceOutcome((), (), (), (), (found,)), {})
    twins = Twins("http://left", "http://right", names=False, shown=[shown])
    assert '/data: left false, right [{"type": null}]\n' in as_text(twins, Acceptances(), str)
    (place,) = json.loads(as_json(twins, Acceptances(), str))["differences"][0]["places"]
    assert (place["left"], place["right"]) == ("false", '[{"type": null}]')
