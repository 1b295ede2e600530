"""What a run may do, as it was told: write or only read, on this computer and on others; and what was told wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click import Command
from click.testing import CliRunner

from contract_tests.command.commands import check, har, learn, record, twin
from contract_tests.run.settings import KEY_NAME, Code, RunSettings, Stop, read_settings
from contract_tests.session.parts import command_of
from tests.guard.scripted import Scripted
from tests.hostile.service import KEY, Behaving

HERE, THERE = "http://127.0.0.1:4055/api", "https://service.invalid/api"


def settings(given: dict[str, Any], **variables: str) -> RunSettings:
    environment = {KEY_NAME: "k"} | {f"BITPEAK_CHECK_{name}": text for name, text in variables.items()}
    return read_settings(given, None, environment)


@pytest.mark.parametrize(
    ("url", "given", "variables", "may"),
    [
        (HERE, {}, {}, True),
        (HERE, {"read_only": True}, {}, False),
        (HERE, {}, {"READ_ONLY": "1"}, False),
        (HERE, {}, {"ALLOW_WRITES": "0"}, False),
        (HERE, {"allow_writes": False}, {"ALLOW_WRITES": "no"}, False),
        (HERE, {"allow_writes": True}, {"ALLOW_WRITES": "0"}, True),
        (HERE, {"treat_as_live": True}, {}, False),
        (HERE, {"treat_as_live": True, "allow_writes": True}, {}, True),
        (THERE, {}, {}, False),
        (THERE, {}, {"ALLOW_WRITES": "1"}, True),
        (THERE, {"read_only": True}, {}, False),
    ],
)
def test_who_may_write(url: str, given: dict[str, Any], variables: dict[str, str], may: bool) -> None:
    found = settings({"base_url": url, **given}, **variables)
    assert found.allow_writes is may
    assert ("--read-only" in command_of(found)) is (not may and not found.is_live)


def test_a_read_only_run_on_this_computer_only_reads(tmp_path: Path) -> None:
    with Scripted(Behaving()) as target:
        line = [
            "--base-url",
            target.url,
            "--read-only",
            "--suite",
            "page",
            "--ledger-dir",
            str(tmp_path / "l"),
        ]
        result = CliRunner().invoke(check, line, env={KEY_NAME: KEY})
        assert {asked.method for asked in target.asked} <= {"GET", "OPTIONS"}
        assert len(target.asked) > 5
    assert "reading only" in result.output
    assert not (tmp_path / "l").exists()


def test_leave_to_write_and_not_to_write_contradict_each_other() -> None:
    with pytest.raises(Stop, match="contradict each other") as stopped:
        settings({"base_url": HERE, "read_only": True, "allow_writes": True})
    assert stopped.value.code is Code.USAGE


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("ALOW_WRITES", "ALLOW_WRITES"), ("RATES", "RATE"), ("READONLY", "READ_ONLY"), ("WORKER", "WORKERS")],
)
def test_a_misspelt_variable_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(
        Stop, match=f"^BITPEAK_CHECK_{name} is not a .* mean BITPEAK_CHECK_{nearest}"
    ) as stopped:
        settings({"base_url": HERE}, **{name: "1"})
    assert stopped.value.code is Code.USAGE


def test_every_flag_is_shown_by_help() -> None:
    shown = CliRunner().invoke(check, ["--help"]).output
    assert "--treat-as-live" in shown
    assert "--read-only" in shown


def test_a_recording_takes_the_place_of_a_service(tmp_path: Path) -> None:
    line = ["--base-url", HERE, "--recording", str(tmp_path / "recording")]
    result = CliRunner().invoke(twin, line, env={KEY_NAME: KEY})
    assert (result.exit_code, "--recording and --base-url do not go together" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("command", "option", "what"),
    [
        (record, "--out", "the recording"),
        (learn, "--out", "the overlay"),
        (check, "--record", "the recording"),
        (check, "--html", "the report"),
    ],
)
def test_a_file_that_cannot_be_written_is_called_what_it_is(
    command: Command, option: str, what: str, tmp_path: Path
) -> None:
    file = tmp_path / "no" / "folder"
    result = CliRunner().invoke(command, ["--base-url", "http://127.0.0.1:1/api", option, str(file)])
    says = f"bitpeak-mock: {what} {file} cannot be written: the folder {file.parent} does not exist.\n"
    assert (result.exit_code, result.stderr) == (3, says)


@pytest.mark.parametrize("out", ["no/folder", "."])
def test_an_archive_that_cannot_be_written_or_read_ends_with_3(out: str, tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    recording.write_text("no recording\n")
    assert CliRunner().invoke(har, [str(recording)]).exit_code == 3
    with Scripted(Behaving()) as target:
        line = ["--base-url", target.url, "--suite", "page", "--record", str(recording)]
        line += ["--ledger-dir", str(tmp_path / "ledger"), "--read-only"]
        CliRunner().invoke(check, line, env={KEY_NAME: KEY})
    result = CliRunner().invoke(har, [str(recording), "--out", str(tmp_path / out)])
    assert (result.exit_code, "cannot be written" in result.output) == (3, True), result.output
