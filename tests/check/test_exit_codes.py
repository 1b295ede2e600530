"""Each way to end has a code, and one sentence unless there is a report."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from contract_tests.guard.ledger import Ledger, Marker
from tests.check.conftest import Written
from tests.check.process import KEY, Ran, check, run
from tests.second_opinion import SecondOpinion


def one_sentence(ran: Ran) -> str:
    lines = [line for line in ran.err.splitlines() if line.startswith("bitpeak-mock: ")]
    assert len(lines) == 1, ran
    assert "Traceback" not in ran.err
    return lines[0]


@pytest.mark.xdist_group("reports")
def test_fine(fine: Written) -> None:
    assert fine.ran.code == 0, fine.ran
    assert fine.ran.out.splitlines()[-1].startswith(f"{fine.url}: no finding: ")


@pytest.mark.xdist_group("reports")
def test_findings(faulty: Written) -> None:
    assert faulty.ran.code == 1, faulty.ran


@pytest.mark.parametrize(
    ("arguments", "variables", "word"),
    [
        ((), {}, "--base-url"),
        (("--base-url", "https://service.invalid/api"), {}, "BITPEAK_API_KEY"),
        (("--base-url", "service.invalid/api"), {}, "write https://HOST/PATH"),
        (("--base-url", "http://127.0.0.1:1/api"), {"BITPEAK_CHECK_SUITE": "page,pages"}, "'pages'"),
    ],
)
def test_wrong_options(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], word: str
) -> None:
    ran = run(tmp_path, "check", *arguments, **variables)
    assert ran.code == 2
    assert word in one_sentence(ran)


def test_an_unknown_suite(tmp_path: Path) -> None:
    ran = run(tmp_path, "check", "--suite", "pages")
    assert ran.code == 2
    assert "'pages'" in ran.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--document", "nowhere.yaml"), "nowhere.yaml"),
        (("--answer", "create-status=perhaps"), "perhaps"),
        (("--html", "no/folder/report.html"), "no/folder"),
        (("--api-key-file", "no-key"), "no-key"),
    ],
)
def test_could_not_start(tmp_path: Path, mock: str, arguments: tuple[str, ...], word: str) -> None:
    ran = check(tmp_path, mock, *arguments)
    assert ran.code == 3, ran
    assert word in one_sentence(ran)


def test_the_key_opens_nothing(tmp_path: Path, mock: str) -> None:
    ran = check(tmp_path, mock, key=KEY)
    assert ran.code == 3
    assert "refuses the key" in one_sentence(ran)
    assert KEY not in ran.err


def test_there_is_no_such_api(tmp_path: Path, mock: str) -> None:
    ran = check(tmp_path, mock.replace("/api", "/api/nothing"))
    assert ran.code == 3, ran
    assert "no such API" in one_sentence(ran)


def test_plain_http_would_show_the_key(tmp_path: Path) -> None:
    ran = check(tmp_path, "http://service.invalid/api", key=KEY)
    assert ran.code == 3
    assert "--allow-plain-http" in one_sentence(ran)


def test_nobody_is_there(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        ran = check(tmp_path, f"http://127.0.0.1:{held.getsockname()[1]}/api")
    assert ran.code == 4, ran
    assert "cannot be reached" in one_sentence(ran)


def test_an_unswept_ledger(tmp_path: Path, mock: str) -> None:
    Ledger.open_for(mock, tmp_path / "ledgers", "mock-killed", lambda: 0.0, Marker()).release()
    ran = check(tmp_path, mock, "--ledger-dir", "ledgers", key="mock-killed")
    assert ran.code == 3
    assert "bitpeak-mock sweep" in one_sentence(ran)


def test_nothing_is_executed(tmp_path: Path) -> None:
    with SecondOpinion(keys={KEY: 3}) as service:
        ran = check(tmp_path, service.url, "--treat-as-live", "--rate", "6000", "--suite", "model", key=KEY)
    assert ran.code == 5, ran
    assert "nothing was executed" in ran.out
