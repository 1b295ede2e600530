"""A recording holds what passed, without keys; replayed on a mock it finds drift with no network."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from contract_tests.command.commands import har
from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.recording import RecordingProxy, as_har, read_recording
from contract_tests.report.accepted import Acceptances
from contract_tests.run.settings import Stop
from contract_tests.session.opening import learn_behind
from contract_tests.twin.replay import Offline, run_offline
from contract_tests.twin.report import offline_text
from contract_tests.twin.sides import Variation
from mock_server.document import load
from tests.second_opinion import SecondOpinion
from tests.twin.running import KEY, opened

pytestmark = pytest.mark.xdist_group("recording")

ANSWERS = {"create-status": "ok", "list-order": "oldest-first"}


def recorded(folder: Path, answers: Mapping[str, str], bugs: tuple[str, ...] = ()) -> Path:
    """Record a brief learning of a service: about a hundred and forty exchanges of every kind."""
    file = folder / "recording.jsonl"
    with (
        SecondOpinion(answers, {KEY: 30}, bugs=bugs) as service,
        opened(service.url, folder, record=file) as opening,
    ):
        learn_behind(opening, lambda _: None, brief=True)
        opening.end_recording(0)
    return file


def replayed(file: Path, *answers: str) -> Offline:
    return run_offline(read_recording(file), Variation(answers=answers), load(answers=answers), Acceptances())


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(tmp_path_factory.mktemp("today"), ANSWERS)


def test_a_mock_that_agrees_shows_no_drift(today: Path) -> None:
    offline = replayed(today, *(f"{name}={answer}" for name, answer in ANSWERS.items()))
    assert offline.replayed.exchanges > 100
    assert not offline.replayed.drifts
    sent = [field for each in read_recording(today).exchanges for field in each.exchange.form]
    assert any(field.filename is not None for field in sent)
    assert all("file" not in why for why in offline.replayed.left_out), "a file is sent again as a file"


@pytest.mark.heavy
def test_other_answers_are_named_by_the_recording(today: Path) -> None:
    offline = replayed(today)
    assert offline.replayed.drifts
    assert not offline.unnamed
    assert offline.answers == ANSWERS


def test_answers_that_a_recording_does_not_have_are_found_by_trying(tmp_path: Path) -> None:
    """As with one of `record`, which asks no question."""
    file = tmp_path / "recording.jsonl"
    with (
        SecondOpinion({"create-status": "ok"}, {KEY: 3}) as service,
        opened(service.url, tmp_path, record=file) as opening,
    ):
        opening.run.api.create({"name": "Mine", "type": "email"})
        opening.end_recording()
    offline = replayed(file)
    assert offline.replayed.drifts
    assert (offline.answers, offline.unnamed) == ({}, [])
    assert offline.fitting == {"create-status": "ok"}
    assert "  create-status=ok\n" in offline_text(offline, Acceptances(), str)


@pytest.mark.heavy
def test_the_drift_of_tomorrow_is_found_offline(tmp_path: Path, today: Path) -> None:
    answers = tuple(f"{name}={answer}" for name, answer in ANSWERS.items())
    tomorrow = replayed(recorded(tmp_path, ANSWERS, bugs=("wrong-total", "update-resets-settings")), *answers)
    places = {each.place for drift in tomorrow.unnamed for each in drift.differences}
    assert "/meta/total" in places
    assert any(place.startswith("/data/settings/") for place in places)
    # And a mock that has drifted from what was recorded is found by the recording of today.
    drifted = replayed(today, *answers, "delete-status=no-content")
    assert {drift.recorded.method for drift in drifted.replayed.drifts} == {"DELETE"}
    assert drifted.answers == {"delete-status": "empty-ok"}


def test_a_recording_is_redacted_and_whole(today: Path) -> None:
    text = today.read_text(encoding="utf-8")
    recording = read_recording(today)
    assert KEY not in text
    assert "Zażółć" not in json.loads(json.dumps(text)), "rows of others are masked"
    assert (recording.is_whole, recording.findings) == (True, 0)
    assert recording.digest == str(load().digest)
    assert recording.answers["create-status"] == "ok"


def test_a_killed_run_leaves_a_recording_without_an_end(today: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl"
    cut.write_text("\n".join(today.read_text(encoding="utf-8").splitlines()[:-1]), encoding="utf-8")
    assert not read_recording(cut).is_whole


def test_what_is_no_recording_is_said_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "no.jsonl"
    file.write_text('{"recording":1}\nnonsense\n', encoding="utf-8")
    with pytest.raises(Stop, match=r"no\.jsonl:2: This line is not a JSON object"):
        read_recording(file)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"recording": 1}\n{"a":' + '{"a":' * 50_000, "\0", "[1]\n[2]", ""]
)
def test_a_deep_or_other_file_is_no_recording(text: str, tmp_path: Path) -> None:
    file = tmp_path / "no.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Stop, match=r"no\.jsonl:\d: Th|Head or foot"):
        read_recording(file)


def places(node: object, steps: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Yield the steps to each place in parsed JSON."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, below in members:
        yield (*steps, step)
        yield from places(below, (*steps, step))


@pytest.mark.parametrize("other", [None, -1, "http://[", [[1]], {"a": "\x1b[2J"}, "\ud800", 10**400])
def test_whatever_stands_in_an_exchange_it_becomes_an_archive_or_a_sentence(
    other: object, tmp_path: Path, today: Path
) -> None:
    head, line, *_ = today.read_text(encoding="utf-8").splitlines()
    file = tmp_path / "bent.jsonl"
    for *steps, last in [*places(json.loads(line))]:
        bent = json.loads(line)
        parent = bent
        for step in steps:
            parent = parent[step]
        parent[last] = other
        file.write_text(f"{head}\n{json.dumps(bent)}\n", encoding="utf-8")
        result = CliRunner().invoke(har, [str(file)])
        assert isinstance(result.exception, SystemExit | None), (steps, last)
        assert "\x1b" not in result.output


def test_a_recording_becomes_an_archive(today: Path) -> None:
    recording = read_recording(today)
    log = as_har(recording)["log"]
    assert log["version"] == "1.2"
    assert len(log["entries"]) == len(recording.exchanges)
    create = next(entry for entry in log["entries"] if entry["comment"] == "create_notification_handler")
    assert create["request"]["postData"]["mimeType"] == "multipart/form-data"
    assert {"name", "value"} == {*create["request"]["postData"]["params"][0]}
    assert KEY not in json.dumps(log)


def test_an_archive_has_bytes_that_are_no_utf_8_in_base64(today: Path) -> None:
    recording = read_recording(today)
    create = next(each for each in recording.exchanges if each.exchange.form)
    raw = b"\xff\xc5\xbc"
    text = raw.decode(errors="surrogateescape")
    form = (create.exchange.form[0]._replace(value=text), *create.exchange.form[1:])
    as_form = replace(create, exchange=replace(create.exchange, form=form))
    as_text = replace(create, exchange=replace(create.exchange, form=(), raw=text))
    entries = as_har(replace(recording, exchanges=(as_form, as_text)))["log"]["entries"]
    sent = [entry["request"]["postData"] for entry in entries]
    assert [sorted(each) for each in sent] == [["mimeType", "params"], ["encoding", "mimeType", "text"]]
    assert b64decode(sent[0]["params"][0]["value"]) == b64decode(sent[1]["text"]) == raw
    assert [each.get("encoding") for each in sent[0]["params"][:2]] == ["base64", None]


def test_a_proxy_answers_only_at_names_of_this_computer_and_pages_of_it(tmp_path: Path) -> None:
    """It holds the key of the service, so a page on the web must not reach it (DNS rebinding)."""
    told: list[Exchange] = []
    with SecondOpinion({}, {KEY: 5}) as service, opened(service.url, tmp_path) as opening:
        facts = Facts(opening.known.data)
        proxy = RecordingProxy(opening.guard, facts, 0, lambda each, _: told.append(each), hosts=["Recorder"])
        bearer, path = {"Authorization": "Bearer mock-consumer"}, f"{proxy.url}/notification-handlers/"
        strange: list[dict[str, str]] = [
            *({"Host": host} for host in ("evil.example", "127.0.0.1.evil.example:80", "", "[", "10.0.0.1")),
            *({"Origin": origin} for origin in ("http://evil.example", "null", "file://", "http://[")),
            {"Host": "recorder", "Origin": "http://evil.example"},
        ]
        said = [requests.get(path, headers={**bearer, **each}, timeout=30) for each in strange]
        told.clear()
        known: list[dict[str, str]] = [
            {}, {"Host": "localhost:1"}, {"Host": "recorder:1"}, {"Origin": "http://localhost:3000"},
        ]  # fmt: skip
        served = [requests.get(path, headers={**bearer, **each}, timeout=30).status_code for each in known]
        proxy.close()
    assert {(each.status_code, each.headers["X-Guard-Refused"]) for each in said} == {(418, "host")}
    assert all("not a name of this computer" in each.text for each in said)
    assert (served, len(told)) == ([200] * 4, 4)


def test_a_proxy_passes_on_what_is_safe_and_judges_it(tmp_path: Path) -> None:
    told: list[tuple[Exchange, list[str]]] = []
    with (
        SecondOpinion({"meta-total": "total-results"}, {KEY: 5}) as service,
        opened(service.url, tmp_path) as opening,
    ):
        before = service.snapshot(KEY)
        proxy = RecordingProxy(opening.guard, Facts(opening.known.data), 0, lambda *each: told.append(each))
        headers, path = {"Authorization": "Bearer mock-consumer"}, f"{proxy.url}/notification-handlers"
        page = requests.get(f"{path}/", headers=headers, timeout=30).json()
        made = requests.post(
            path, headers=headers, files={"name": (None, "Mine"), "type": (None, "email")}, timeout=30
        )
        refused = requests.delete(f"{path}/{page['data'][0]['id']}", headers=headers, timeout=30)
        nobody = requests.get(f"{path}/1", headers={"Authorization": "Bearer nobody"}, timeout=30)
        proxy.close()
        assert json.loads(service.snapshot(KEY, foreign=True)) == json.loads(before)
    assert page["links"]["self"].startswith(proxy.url), "links lead back through the proxy"
    assert (made.status_code, refused.status_code, nobody.status_code) == (201, 418, 401)
    assert [complaints for _, complaints in told if complaints] == [
        ['`meta` in the answer to a list: "total" is a required property']
    ]
    assert KEY not in repr(told)
