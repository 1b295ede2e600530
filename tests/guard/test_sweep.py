"""`bitpeak-mock sweep` where the service is in no state to be swept."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contract_tests.command.commands import sweep
from contract_tests.guard.exchange import Unswept
from contract_tests.guard.ledger import Ledger, Marker, check_swept
from tests.guard.scripted import Asked, Said, Scripted, said
from tests.guard.test_masking import spellings

KEY = "mock-key-of-a-user"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a late service again at once: no service here is late."""
    for module in ("account", "cleaning"):
        monkeypatch.setattr(f"contract_tests.guard.{module}.PAUSES", (0.0, 0.0))


def left(url: str, folder: Path) -> Path:
    """Leave a ledger with two rows, and one create that was never answered."""
    ledger = Ledger.open_for(url, folder, KEY, lambda: time.time() - 3600, Marker())
    for row in (31, 32):
        ledger.created(entry := ledger.intend(0.0), row)
        ledger.seen(entry)
    ledger.intend(0.0)
    assert ledger.file is not None
    ledger.release()
    return ledger.file


def swept(*arguments: Path | str) -> Result:
    return CliRunner().invoke(sweep, [str(each) for each in arguments], env={"BITPEAK_API_KEY": KEY})


def test_nobody_is_there(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        file = left(f"http://127.0.0.1:{held.getsockname()[1]}/api", tmp_path)
        result = swept(file)
    assert result.exit_code == 4, result.output
    assert result.output.startswith(f"bitpeak-mock: {file}: Nothing listens at this address.")
    assert file.exists()


def test_one_ledger_that_cannot_be_swept_hinders_no_other(tmp_path: Path) -> None:
    with socket.socket() as held, Scripted(lambda _: said({"data": [], "meta": {}}, 404)) as target:
        held.bind(("127.0.0.1", 0))
        left(f"http://127.0.0.1:{held.getsockname()[1]}/api", tmp_path / "worker-1")
        other = left(target.url, tmp_path / "worker-2")
        result = swept("--ledger-dir", tmp_path)
    assert result.exit_code == 4, result.output
    assert f"{other}: 2 deleted" in result.output


@pytest.mark.parametrize("status", [401, 500])
def test_what_can_never_be_swept_can_be_given_up(status: int, tmp_path: Path) -> None:
    with Scripted(lambda _: said({}, status)) as target:
        file = left(target.url, tmp_path)
        tried = swept(file)
        assert tried.exit_code == 1
        assert f"bitpeak-mock sweep --forget {file}" in tried.output
        asked = len(target.asked)
        result = swept("--forget", file)
        assert len(target.asked) == asked, "nothing is sent any more"
    assert result.exit_code == 0, result.output
    for row in ("handler 31", "handler 32", "a handler whose creation got no response"):
        assert row in result.output
    check_swept(target.url, tmp_path)
    kept = file.with_name(f"{file.name}.forgotten")
    assert json.loads(kept.read_text().splitlines()[0])["marker"] in result.output


def test_a_forgotten_ledger_can_still_be_swept(tmp_path: Path) -> None:
    with Scripted(lambda _: said({"data": [], "meta": {}}, 404)) as target:
        file = left(target.url, tmp_path)
        swept("--forget", file)
        assert "2 deleted" in swept(f"{file}.forgotten").output


# Clears the screen, and forges lines of ours and of GitHub Actions.
ORDERS = "\x1b[2J\x9b5A\r\n\u2028bitpeak-mock: all deleted\n::error::forged\n"
SPOKEN = [
    Said(500, ORDERS.encode(), {"Content-Type": "text/plain", "X-Said": "\x1b[2J"}),
    Said(302, b"", {"Location": f"https://elsewhere.example/\x1b[2J{KEY}"}),
    Said(200, ORDERS.encode(), {"Content-Type": f"application/json; {KEY}"}),
    said({"data": [{"id": ORDERS}, {"id": KEY}], "meta": {"total": ORDERS}}),
    said({"data": {"id": KEY, "name": ORDERS}, "meta": {"total": 10**400}}),
    Said(200, json.dumps(ORDERS).encode() + b"[" * 100_000),
    Said(200, b'{"%b": 1, "%b": 2}' % (KEY.encode(), KEY.encode())),
    Said(200, b" " * 2**21),
    None,
]


def check_said(output: str, file: Path) -> None:
    """See that all lines are the sweep's own, and that nothing in them is obeyed or shows the key."""
    ours = ("bitpeak-mock: ", "cleaning up: ", "what may be left ", str(file))
    assert not [line for line in output.splitlines() if not line.startswith(ours)]
    assert not {sign for sign in output if sign in "\x1b\x9b\r\u2028"}
    assert not [name for name, spelled in spellings(KEY).items() if spelled in output]


@pytest.mark.parametrize("spoken", SPOKEN)
def test_what_a_service_says_to_a_sweep_is_not_obeyed(
    spoken: Said | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contract_tests.guard.upstream._LARGEST", 2**20)
    with Scripted(lambda _: spoken) as target:
        file = left(target.url, tmp_path)
        for words in ((), ("--forget",)):
            result = swept(*words, file)
            check_said(result.output, file)
            assert result.exit_code == (0 if words else 4 if spoken in SPOKEN[-2:] else 1), result.output
    assert not [asked for asked in target.asked if asked.method != "GET"]


@pytest.mark.parametrize("name", ["target", "marker", "key_check"])
def test_what_a_ledger_says_to_a_sweep_is_not_obeyed(name: str, tmp_path: Path) -> None:
    file = left("http://127.0.0.1:9/api", tmp_path)
    first, _, rest = file.read_text().partition("\n")
    file.write_text(json.dumps(json.loads(first) | {name: f"http://127.0.0.1:9/{ORDERS}"}) + f"\n{rest}")
    for words in ((), ("--forget",)):
        check_said(swept(*words, file).output, file)


def test_only_what_is_named_is_given_up(tmp_path: Path) -> None:
    file = left("http://127.0.0.1:9/api", tmp_path)
    result = swept("--forget", "--ledger-dir", tmp_path)
    assert result.exit_code == 2
    assert file.exists()


def test_a_ledger_of_a_run_that_is_not_over_is_let_alone(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/api"
    ledger = Ledger.read(left(url, tmp_path))
    ledger.hold()
    before = ledger.file.read_bytes() if ledger.file else b""
    with pytest.raises(Unswept, match="is not over: wait for its end"):
        check_swept(url, tmp_path)
    result = swept(ledger.file or "")
    assert (result.exit_code, "is not over" in result.output) == (3, True), result.output
    result = swept("--forget", ledger.file or "")
    assert (result.exit_code, "is not over" in result.output) == (3, True), result.output
    assert ledger.file is not None
    assert ledger.file.read_bytes() == before
    ledger.release()
    with pytest.raises(Unswept, match=rf"bitpeak-mock sweep {ledger.file}`\.$"):
        check_swept(url, tmp_path)


def gone(_: object) -> Said:
    return said({"data": [], "meta": {"total": 0}}, 404)


def test_of_two_sweeps_at_once_one_waits(tmp_path: Path) -> None:
    others: list[Result] = []

    def script(asked: Asked) -> Said:
        if not others:
            others.append(swept(file))
        return gone(asked)

    with Scripted(script) as target:
        file = left(target.url, tmp_path)
        swept(file)
    assert (others[0].exit_code, "is not over" in others[0].output) == (3, True), others


def test_a_ledger_that_another_sweep_finishes_meanwhile_is_not_begun_anew(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/api"
    late = Ledger.read(left(url, tmp_path))
    assert late.file is not None
    first = Ledger.read(late.file)
    first.finish()
    with pytest.raises(FileNotFoundError):
        late.hold()
    assert [file.suffix for file in tmp_path.iterdir()] == [".swept"]


def test_a_link_to_a_ledger_is_not_finished_in_its_place(tmp_path: Path) -> None:
    page = {"data": [], "meta": {"total": 0}}
    with Scripted(
        lambda asked: said(page, 404 if asked.path[-1].isdigit() and "?" not in asked.path else 200)
    ) as target:
        file = left(target.url, tmp_path / "ledgers")
        link = tmp_path / "link.jsonl"
        link.symlink_to(file)
        result = swept(link)
    assert link.is_symlink()
    assert not [each for each in tmp_path.iterdir() if each.name == "link.jsonl.swept"], result.output


def test_another_target_does_not_get_the_key(tmp_path: Path) -> None:
    with Scripted(lambda _: said({}, 404)) as target:
        file = left("http://127.0.0.1:9/api", tmp_path)
        file.write_text(file.read_text().replace("http://127.0.0.1:9/api", target.url))
        result = swept(file)
        assert (result.exit_code, target.asked) == (3, [])
    assert "for another target" in result.output


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "created", "number": 1}', '{"event": "created", "number": "x", "id": 1}', '{"event": "intent"}',
        '{"event": "created", "number": 1, "id": null}', '{"event": "before", "ids": 5}',
        '{"event": "before", "ids": [{}]}', '{"event": "intent", "number": [], "time": 1}',
        '{"event": "intent", "number": 9, "time": {}}', '{"event": "intent", "number": 1e999, "time": 1}',
    ],
)  # fmt: skip
def test_a_malformed_line_is_told_in_a_sentence(line: str, tmp_path: Path) -> None:
    file = left("http://127.0.0.1:9/api", tmp_path)
    file.write_text(f"{file.read_text()}{line}\n")
    result = swept(file)
    assert result.exit_code == 3, result.output
    assert "is not a ledger: its event 9 cannot be read." in result.output


def test_deep_lines_are_passed_over_as_torn_ones(tmp_path: Path) -> None:
    file = left("http://127.0.0.1:9/api", tmp_path)
    file.write_text(file.read_text() + "[" * 200_000 + "\n")
    assert len(Ledger.read(file).entries) == 3
