"""What holds for the guard holds for the commands as people call them, however they end."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from tests.check.process import PATIENCE, Ran, run, start, until
from tests.guard.scripted import Scripted
from tests.guard.test_masking import spellings
from tests.hostile.commands import COMMANDS, carry_out, check_done, ending
from tests.hostile.odd import LIES
from tests.hostile.service import KEY, Behaving
from tests.hostile.speaking import OBEYED, Speaking
from tests.hostile.trial import lying
from tests.second_opinion import SecondOpinion

# A few of all, each day: those that had got a real run to do harm, or to say what was not so.
SHORT = [
    ("check", "ShowsRecentRows", "finished"),
    ("check", "CutsNamesAt16", "finished"),
    ("check", "HidesNewRows", "killed"),
    ("check standard", "NumbersAndLoses", "interrupted"),
    ("learn", "AnswersANamelessRow", "finished"),
    ("record", "ReusesIds", "killed"),
]


@pytest.mark.parametrize(("command", "lie", "end"), SHORT, ids=str)
def test_a_command_does_no_harm(command: str, lie: str, end: str, tmp_path: Path) -> None:
    service = lying(lie)()
    check_done(carry_out(command, service, tmp_path, end), service)


EACH = [*itertools.product(COMMANDS, LIES), *itertools.product(["learn standard"], [*LIES][::9])]


@pytest.mark.heavy
@pytest.mark.parametrize(("command", "lie"), EACH)
def test_no_command_does_harm(command: str, lie: str, tmp_path: Path) -> None:
    service = lying(lie)()
    end, moment = ending(command, lie)
    end = "finished" if command not in COMMANDS else end
    check_done(carry_out(command, service, tmp_path, end, moment), service)


@pytest.mark.parametrize("command", ["check", pytest.param("learn", marks=pytest.mark.heavy)])
def test_a_service_that_behaves_is_left_as_it_was(command: str, tmp_path: Path) -> None:
    service = Behaving()
    done = carry_out(command, service, tmp_path)
    check_done(done, service)
    assert (service.left, done.open_ledgers) == ([], [])
    assert service.last > len(service.strangers), "it wrote"


@pytest.mark.heavy
@pytest.mark.parametrize("lie", ["TextIds", "UuidIds"])
def test_ids_that_are_texts_are_a_finding_and_stop_no_run(lie: str, tmp_path: Path) -> None:
    service = lying(lie)()
    done = carry_out("check", service, tmp_path)
    check_done(done, service)
    assert done.ran.code == 1
    assert 'is not of type "integer"' in " ".join(done.ran.out.split())
    assert "writes no more" not in done.said
    assert (service.left, done.open_ledgers) == ([], [])


@pytest.mark.parametrize(
    "command",
    ["check", *(pytest.param(each, marks=pytest.mark.heavy) for each in ("check standard", "learn", "twin"))],
)
def test_a_service_that_needs_no_names_is_left_as_it_was(command: str, tmp_path: Path) -> None:
    service = lying("TakesBlankNames")()
    done = carry_out(command, service, tmp_path)
    check_done(done, service)
    assert (service.left, done.open_ledgers) == ([], [])
    assert service.nameless > 1, "it was asked"


def killed(command: str, number: int, folder: Path) -> None:
    """Kill a command at some moment, and sweep: nothing is left, and nothing of others was touched."""
    service = Behaving()
    _, moment = ending(command, number)
    done = carry_out(command, service, folder, "killed", moment)
    check_done(done, service)
    assert (service.left, done.open_ledgers) == ([], []), done.said


@pytest.mark.parametrize("command", ["check"])
def test_a_kill_is_swept(command: str, tmp_path: Path) -> None:
    killed(command, 0, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("part", range(10))
@pytest.mark.parametrize("command", COMMANDS)
def test_any_kill_is_swept(command: str, part: int, tmp_path: Path) -> None:
    for number in range(4 * part, 4 * part + 4):
        folder = tmp_path / str(number)
        folder.mkdir()
        killed(command, number, folder)


def heard(ran: Ran, *files: Path) -> None:
    """See that nothing which was said or written is obeyed, or shows the key."""
    said = ran.out + ran.err
    for text in (said, *(file.read_text(encoding="utf-8") for file in files)):
        assert not [name for name, spelled in spellings(KEY).items() if spelled in text]
    # An overlay has a service's texts as they came.
    for text in (said, *(file.read_text(encoding="utf-8") for file in files if file.name != "out")):
        assert not {sign for sign in text if sign in OBEYED}
    assert not [line for line in said.splitlines() if line.startswith("bitpeak-mock: all deleted")]
    assert "Traceback" not in said


REPORTS = ("--record", "rec", "--json", "r.json", "--html", "r.html", "--junit", "r.xml")
SPOKEN_TO = [
    ("check", "--suite", "page", "--suite", "lifecycle", *REPORTS),
    ("learn", "--out", "out", "--profile", "quick"),
    # A minute: it repeats its calls again and again.
    pytest.param(("learn", "--out", "out"), marks=pytest.mark.heavy),
    pytest.param(("twin", "--sequences", "3"), marks=pytest.mark.heavy),
]


@pytest.mark.parametrize("words", SPOKEN_TO, ids=lambda words: f"{words[0]} {words[-1]}")
def test_what_a_service_says_is_shown_and_not_obeyed(words: tuple[str, ...], tmp_path: Path) -> None:
    with Scripted(Speaking()) as target:
        ran = run(tmp_path, words[0], "--base-url", target.url, *words[1:], BITPEAK_API_KEY=KEY)
    assert ran.code in {0, 1}, ran
    files = [file for file in tmp_path.iterdir() if file.is_file()]
    heard(ran, *files)
    if words[0] == "check":
        ElementTree.parse(tmp_path / "r.xml")
        assert "<script>alert" not in (tmp_path / "r.html").read_text(encoding="utf-8")
        assert "\\x1b[2J" in ran.out, "it is shown"
        heard(archive := run(tmp_path, "har", "rec"))
        assert archive.code == 0


def test_a_workflow_obeys_nothing_that_a_service_says(tmp_path: Path) -> None:
    with Scripted(Speaking()) as target:
        words = ("check", "--suite", "page", "--format", "github", "--base-url", target.url)
        ran = run(tmp_path, *words, BITPEAK_API_KEY=KEY)
    heard(ran)
    first, *lines = ran.out.splitlines()
    token = first.removeprefix("::stop-commands::")
    rest = lines[lines.index(f"::{token}::") + 1 :]
    assert rest
    assert all(line.startswith(("::error title=", "::warning title=", "::notice title=")) for line in rest)


def ended(process: subprocess.Popen[str]) -> None:
    """Kill a process, and wait for all that it has started."""
    there = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    psutil.wait_procs(there, timeout=PATIENCE)


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(6))
def test_a_killed_run_of_two_workers_is_swept(number: int, tmp_path: Path) -> None:
    keys = (KEY, f"{KEY}-2")
    _, moment = ending("workers", number)
    with SecondOpinion(keys=dict.fromkeys(keys, 3)) as service:
        before = [service.snapshot(key) for key in keys]
        line = ("check", "--base-url", service.url, "--workers", "2", "--profile", "standard")
        process = start(tmp_path, *line, BITPEAK_API_KEY="\n".join(keys))
        until(lambda: len(service.log) > 5 * moment, process)
        ended(process)
        swept = run(tmp_path, "sweep", BITPEAK_API_KEY="\n".join(keys))
        again = run(tmp_path, "sweep", BITPEAK_API_KEY="\n".join(keys))
        assert [service.snapshot(key) for key in keys] == before, swept
    assert again.code == 0, again
    assert not list((tmp_path / ".bitpeak-ledger").glob("**/*.jsonl"))


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(6))
def test_two_runs_at_once_that_are_killed_are_swept(number: int, tmp_path: Path) -> None:
    service = Behaving()
    _, moment = ending("at once", number)
    with Scripted(service) as target:
        line = ("check", "--base-url", target.url, "--profile", "standard", "--ledger-dir")
        runs = [start(tmp_path, *line, name, BITPEAK_API_KEY=KEY) for name in ("one", "two")]
        until(lambda: len(target.asked) > 2 * moment or runs[0].poll() is not None, runs[1])
        for process in runs:
            ended(process)
        for name in ("one", "two", "one", "two"):
            swept = run(tmp_path, "sweep", "--ledger-dir", name, BITPEAK_API_KEY=KEY)
    assert not service.touched
    assert service.left == [], swept
