"""A run before its first test: it says what it waits for, and a signal ends it there as anywhere."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from contract_tests.command.check import run_check
from contract_tests.command.commands import learn
from contract_tests.run.flags import FLAGS
from contract_tests.run.settings import RunSettings, read_settings
from tests.guard.scripted import Asked, Said, Scripted, said

KEY = "mock-key-of-a-user"


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Release all waiting threads at the end."""
    released = threading.Event()
    yield released
    released.set()


def settings_for(target: Scripted, folder: Path) -> RunSettings:
    told = {"base_url": target.url, "ledger_dir": str(folder)}
    return read_settings(
        dict.fromkeys(flag.key for flag in FLAGS) | told, environment={"BITPEAK_API_KEY": KEY}
    )


def test_ctrl_c_ends_the_wait_for_a_service_that_hangs(
    released: threading.Event, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def hang(_: Asked) -> Said:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        released.wait()
        return said({})

    with Scripted(hang) as target:
        code = run_check(settings_for(target, tmp_path))
    assert code == 130
    assert capsys.readouterr().err.splitlines() == [
        f"waiting for {target.url} to show its list, 30 s at most",
        "bitpeak-mock: ended by SIGINT while it opened; nothing was created.",
    ]
    assert [file.suffix for file in tmp_path.iterdir()] == [".swept"]


@pytest.mark.parametrize(
    ("status", "kind", "body", "complaint"),
    [
        (200, "text/html; charset=utf-8", b"<!DOCTYPE html>", "has no such API"),
        (200, "application/json", b'{"data": {}}', "does not show its list"),
        (500, "application/json", b'{"data": []}', "does not show its list"),
    ],
)
def test_nothing_is_learned_from_what_is_no_such_api(
    status: int, kind: str, body: bytes, complaint: str, tmp_path: Path
) -> None:
    file = tmp_path / "learned.yaml"
    words = ["--out", str(file), "--ledger-dir", str(tmp_path / "ledgers")]
    with Scripted(lambda _: Said(status, body, {"Content-Type": kind})) as target:
        result = CliRunner().invoke(learn, ["--base-url", target.url, *words], env={"BITPEAK_API_KEY": KEY})
        assert {asked.method for asked in target.asked} == {"GET"}
    assert (result.exit_code, complaint in result.output) == (3, True), result.output
    assert not file.exists()


PAGE = Said(403, b"<!DOCTYPE html><title>Just a moment...</title>", {"Content-Type": "text/html"})


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (PAGE, "as a firewall in front of an API does"),
        (PAGE._replace(status=503), "as a firewall in front of an API does"),
        (said({"errors": []}, 403), "refuses the key: it returns 403"),
        (said({"detail": "Not Found"}, 404), "/notification-handlers/ is 404; check --base-url"),
        (
            Said(301, b"", {"Location": "https://127.0.0.1/api/"}),
            "redirects to https on the same host, https://127.0.0.1/api/",
        ),
        (
            Said(302, b"", {"Location": "https://example.com/login"}),
            "redirects to another host, https://example.com/login",
        ),
    ],
    ids=["challenge", "challenge with 503", "key", "nothing", "https", "elsewhere"],
)
def test_what_stands_before_an_api_is_told_as_what_it_is(
    answer: Said, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Scripted(lambda _: answer) as target:
        code = run_check(settings_for(target, tmp_path))
    assert code == 3
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("bitpeak-mock: ")
    assert complaint in last


def test_a_key_that_was_made_up_and_is_refused_is_called_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Scripted(lambda _: said({"errors": []}, 401)) as target:
        settings = replace(settings_for(target, tmp_path), key_is_generated=True)
        assert run_check(settings) == 3
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith("it returns 401. The key was made up; set BITPEAK_API_KEY.")
