"""However a run ends, the user's rows are as they were, and nothing of the run's is left."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from contract_tests.guard.cleaning import sweep
from contract_tests.guard.exchange import Request
from contract_tests.guard.guard import Guard, Terminated, interruptible
from mock_server.document import Document
from tests.guard.account import ROWS, Target
from tests.guard.conftest import MakeGuard, through

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "child"


def begin(target: Target, folder: Path) -> subprocess.Popen[str]:
    """Start a run in a process of its own; it is in the midst of writing when this returns."""
    command = [sys.executable, "-m", "tests.guard.child", target.url, target.key, str(folder)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def end(child: subprocess.Popen[str], number: int) -> int:
    child.send_signal(number)
    try:
        return child.wait(timeout=20)
    finally:
        child.kill()
        if child.stdout is not None:
            child.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_in_a_clean_up(number: signal.Signals, target: Target, folder: Path) -> None:
    before = target.rows
    child = begin(target, folder)
    assert len(target.rows) > ROWS
    assert end(child, number) == 128 + number
    assert target.rows == before
    assert [file.suffix for file in folder.iterdir()] == [".swept"]


def test_a_kill_is_followed_by_a_sweep(target: Target, folder: Path, document: Document) -> None:
    before = target.rows
    assert end(begin(target, folder), signal.SIGKILL) == -signal.SIGKILL
    assert len(target.rows) > ROWS
    (file,) = folder.iterdir()
    assert target.key not in file.read_text()
    done = sweep(file, target.key, document=document, settle=0)
    assert done.complete
    assert target.rows == before
    assert [one.suffix for one in folder.iterdir()] == [".swept"]


def test_signals_during_a_clean_up_are_let_go_but_the_third() -> None:
    cleaning, before = False, signal.getsignal(signal.SIGINT)  # a shell's background job ignores SIGINT
    with interruptible(lambda: cleaning):
        cleaning = True
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Terminated) as ended:
            signal.raise_signal(signal.SIGTERM)
        assert ended.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGINT) is before


def test_an_exit_without_a_close_cleans_up(target: Target, folder: Path) -> None:
    before = target.rows
    program = (
        "import sys; from pathlib import Path; from contract_tests.guard.guard import Guard\n"
        "from contract_tests.guard.upstream import GuardSettings\n"
        "from tests.guard.client import Client\n"
        "guard = Guard(GuardSettings(target=sys.argv[1], key=sys.argv[2], allow_writes=True,"
        " ledger_dir=Path(sys.argv[3])))\n"
        "guard.start(); Client(guard.url, guard.placeholder_key).created(); sys.exit(7)"
    )
    command = [sys.executable, "-c", program, target.url, target.key, str(folder)]
    assert subprocess.run(command, cwd=ROOT, timeout=30, check=False).returncode == 7
    assert any("POST" in line for line in target.journal)
    assert target.rows == before


def test_many_threads_through_one_guard(guard: Guard, target: Target, make_guard: MakeGuard) -> None:
    before = target.rows
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            client = through(guard)
            for turn in range(8):
                row = client.created(f"Row {number}/{turn}")
                assert client.get(f"/{row}").data["name"] == f"Row {number}/{turn}"
                assert client.update(row, name="Other").status == 200
                assert client.delete(turn + 1).refused == "foreign"
                if turn % 2:
                    assert client.delete(row).status == 200
                client.get("?results_per_page=100")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert guard.stats().created == 48
    assert guard.stats().live == 24
    assert guard.clean_up().complete
    assert target.rows == before


def test_calls_of_this_process_share_a_thread_that_ends_with_the_guard(guard: Guard) -> None:
    others = {*threading.enumerate()}
    key = ("Authorization", f"Bearer {guard.placeholder_key}")
    reads = [Request("GET", "/api/notification-handlers", (key,), b"") for _ in range(5)]
    assert [guard.respond(read).status for read in reads] == [200] * 5
    (thread,) = {*threading.enumerate()} - others
    guard.close()
    thread.join(10)
    assert not thread.is_alive()


def test_the_clean_up_waits_for_what_is_under_way(guard: Guard, target: Target) -> None:
    before = target.rows
    stop = threading.Event()
    seen: list[str] = []

    def work() -> None:
        client = through(guard)
        while not stop.is_set():
            seen.append(client.create().refused)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while guard.stats().created < 10:
        pass
    done = guard.clean_up()
    stop.set()
    for thread in threads:
        thread.join()
    assert done.complete
    assert target.rows == before
    assert {"", "closing"} <= set(seen)
    assert guard.clean_up() is guard.cleaned is done
