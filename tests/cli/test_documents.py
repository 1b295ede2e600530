"""`routes`, `spec` and `questions`: what is in effect, as text and as JSON."""

import json
from pathlib import Path

import pytest
import yaml

from mock_server.document import Question, digest_of, home, load
from tests.cli.conftest import Invoke

OVERLAY = """\
overlay: 1.0.0
info: {title: t, version: '1'}
actions: [{target: $.info, update: {title: Änderung}}, {target: '$.servers[0]', update: {url: /v2}}]
"""


@pytest.fixture
def overlay(tmp_path: Path) -> str:
    file = tmp_path / "overlay.yaml"
    file.write_text(OVERLAY)
    return str(file)


def test_routes(invoke: Invoke, overlay: str) -> None:
    result = invoke("routes", "--overlay", overlay, "--answer", "create-status=ok")
    assert result.exit_code == 0
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["METHOD", "PATH", "OPERATION", "SUMMARY", "SUCCESS", "REFUSALS"]
    assert len(rows) == 6
    (create,) = (row for row in rows if "create_notification_handler" in row)
    assert create.startswith("POST    /v2/notification-handlers ")
    assert "  200  " in create
    assert (
        "401 missing_bearer, no_access, required_fields, plan_limit; 413 too_large; 429 rate_limited"
        in create
    )


def test_routes_as_json(invoke: Invoke) -> None:
    rows = json.loads(invoke("routes", "--format", "json").stdout)
    retrieve = next(row for row in rows if row["operation"] == "retrieve_notification_handler")
    assert retrieve == {
        "method": "GET",
        "path": "/api/notification-handlers/{notification_handler_id}",
        "operation": "retrieve_notification_handler",
        "summary": "Retrieve a handler",
        "success": 200,
        "refusals": {"missing_bearer": 401, "no_access": 401, "not_found": 404, "rate_limited": 429},
    }


def test_spec(invoke: Invoke, overlay: str, tmp_path: Path) -> None:
    arguments = ["spec", "--overlay", overlay, "--answer", "create-status=ok"]
    effective = load(None, [overlay], ["create-status=ok"])
    as_json = json.loads(invoke(*arguments, "--format", "json").stdout)
    assert digest_of(as_json) == effective.digest
    text = invoke(*arguments).stdout
    assert "title: Änderung" in text
    assert digest_of(yaml.safe_load(text)) == effective.digest
    out = tmp_path / "spec.yaml"
    assert invoke(*arguments, "--out", str(out)).output == ""
    assert out.read_text(encoding="utf-8") == text


def test_variables_of_the_environment(invoke: Invoke, overlay: str) -> None:
    assert "/v2/" in invoke("routes", BITPEAK_MOCK_OVERLAY=overlay).stdout
    assert "Änderung" in invoke("spec", BITPEAK_MOCK_OVERLAY=overlay).stdout


@pytest.mark.parametrize("command", [["routes"], ["spec"], ["call", "GET", "/"]])
def test_a_broken_document(invoke: Invoke, tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("openapi: 3.1.0\npaths: []\n")
    result = invoke(*command, "--document", str(file))
    assert result.exit_code == 3
    assert result.stderr.startswith(f"bitpeak-mock: {file}:2: ")
    assert result.stderr.count("\n") == 1


def test_a_missing_folder(invoke: Invoke) -> None:
    result = invoke("spec", "--out", "/no/such/folder/spec.yaml")
    assert result.exit_code == 3
    assert (
        result.stderr == "bitpeak-mock: Cannot write /no/such/folder/spec.yaml: No such file or directory.\n"
    )


def test_the_questions(invoke: Invoke) -> None:
    head, *rows = invoke("questions").stdout.splitlines()
    assert head.split() == ["QUESTION", "ASSUMED", "OTHER", "ANSWERS", "GRADE"]
    assert [row.split()[0] for row in rows] == list(load().questions())
    assert "create-status" in rows[0]
    assert rows[0].split()[1:] == ["created", "ok", "B"]


def test_a_question(invoke: Invoke) -> None:
    text = invoke("questions", "create-status").stdout
    assert text.startswith("create-status: Which status does a create return?\n")
    assert "  created (assumed): 201 Created.\n" in text
    assert "  ok: 200 OK.\n" in text
    assert "grade       B\n" in text
    assert "operations  create_notification_handler\n" in text
    assert text.endswith("To switch: bitpeak-mock serve --answer create-status=ok\n")


def test_every_question_has_details(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    document = load()
    monkeypatch.setattr("mock_server.document.load", lambda *_: document)
    for question in document.questions().values():
        text = invoke("questions", question.id).stdout
        assert all(answer in text for answer in question.answers)
        assert ("departs from" in text) == question.departure


def test_questions_as_json(invoke: Invoke) -> None:
    every = json.loads(invoke("questions", "--format", "json").stdout)
    (one,) = json.loads(invoke("questions", "create-status", "--format", "json").stdout)
    assert one == every[0]
    question: Question = load().questions()["create-status"]
    assert one["answers"] == {answer.id: answer.means for answer in question.answers.values()}
    assert one["assumed"] == "created"


def test_an_unknown_question(invoke: Invoke) -> None:
    result = invoke("questions", "create-staus")
    assert result.exit_code == 2
    assert "Unknown question 'create-staus': did you mean 'create-status'?" in result.stderr
    assert "see `bitpeak-mock questions`." in invoke("questions", "zzz").stderr


def test_a_broken_file_of_questions(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notification-handlers.yaml").write_bytes(
        (home() / "notification-handlers.yaml").read_bytes()
    )
    (tmp_path / "unspecified.yaml").write_text("questions: 1\n")
    monkeypatch.setattr("mock_server.document.effective.home", lambda: tmp_path)
    result = invoke("questions")
    assert result.exit_code == 3
    assert result.stderr.startswith(f"bitpeak-mock: {tmp_path}/unspecified.yaml:1: ")


OBEYED = frozenset("\x1b\x9b\u202e\u2028\r\x07")
ORDERS = "".join(sorted(OBEYED)) + "]0;owned"


@pytest.mark.parametrize("command", ["routes", "doctor"])
def test_what_an_overlay_or_a_recording_says_is_shown_and_not_obeyed(
    command: str, invoke: Invoke, tmp_path: Path
) -> None:
    overlay, recording = tmp_path / "overlay.json", tmp_path / "recording"
    named = "$.paths['/notification-handlers/'].get"
    change = {"target": named, "update": {"summary": ORDERS}}
    overlay.write_text(
        json.dumps({"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": [change]})
    )
    ends = {"end": "2026-11-30T00:00:00Z", "answers": {"blank-name": ORDERS, "x": "y"}, "findings": 0}
    head = {"recording": 1, "date": "2026-11-30T00:00:00Z", "target": ORDERS, "document": ORDERS}
    recording.write_text(f"{json.dumps(head)}\n{json.dumps(ends)}\n")
    words = ["--recording", str(recording)] if command == "doctor" else ["--overlay", str(overlay)]
    ran = invoke(command, *words)
    assert "owned" in ran.output
    assert not OBEYED & set(ran.output)
