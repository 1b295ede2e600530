"""A mock says how well it is known to be like a service, and a doctor fails a build on what is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from contract_tests.guard.exchange import Exchange
from contract_tests.recording import Tape
from mock_server import Settings, create_app
from mock_server.cli import cli
from mock_server.document import LEARNED, dump_yaml, load, stamp_text

ROOT = Path(__file__).parents[2]


def overlay(folder: Path, *, days: int = 0, digest: str = "") -> str:
    """Write an overlay as `learn` does."""
    date = datetime.now(UTC) - timedelta(days=days)
    known = load()
    nodes = [node for item in known.data["paths"].values() for node in item.values()]
    operations = [node["operationId"] for node in nodes if "operationId" in node]
    answers = {name: question.assumed for name, question in known.questions().items() if name != "plan-limit"}
    data = {
        "overlay": "1.1.0",
        "info": {"title": "What it does", "version": "1"},
        "actions": [{"target": "$.info", "update": {}}],
        LEARNED: {
            "date": f"{date:%Y-%m-%dT%H:%M:%SZ}", "target": "https://site.example/api",
            "document": digest or str(known.digest),
            "requests": 140, "writes": True, "operations": operations, "refusals": ["not_found"],
            "answers": answers,
            "open": {"plan-limit": "it takes as many creates as the plan allows"}, "unsaid": [], "lessons": [],
        },
    }  # fmt: skip
    file = folder / "learned.yaml"
    file.write_text(dump_yaml(data), encoding="utf-8")
    return str(file)


def recording(
    folder: Path,
    *,
    days: int = 0,
    digest: str = "",
    findings: int | None = 0,
    answers: Mapping[str, str] | None = None,
    is_whole: bool = True,
) -> str:
    """Write a recording of one exchange as `check --record` does."""
    known = load()
    settled = {name: question.assumed for name, question in known.questions().items() if name != "plan-limit"}
    file = folder / "recording.jsonl"
    tape = Tape(file, "https://site.example/api", digest or str(known.digest), str)
    tape.take(Exchange("GET", "https://site.example/api", "", (), "", (), "", 200, (), "", 1.0))
    tape.close({**settled, **(answers or {})}, findings)
    date = datetime.now(UTC) - timedelta(days=days)
    head, *rest = file.read_text(encoding="utf-8").splitlines()
    dated = json.dumps({**json.loads(head), "date": f"{date:%Y-%m-%dT%H:%M:%SZ}"})
    file.write_text("\n".join([dated, *rest[: len(rest) - (not is_whole)]]), encoding="utf-8")
    return str(file)


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def test_a_mock_that_nobody_verified_says_so() -> None:
    answer = (
        create_app()
        .test_client()
        .get("/api/notification-handlers/1", headers={"Authorization": "Bearer mock-1"})
    )
    assert answer.headers["X-Bitpeak-Mock-Verified"] == "never verified"
    assert create_app().test_client().get("/_mock/info").get_json()["verified"] is None
    done = run("doctor")
    assert done.exit_code == 1
    assert "bitpeak-mock learn" in done.output


def test_a_fresh_proof_holds(tmp_path: Path) -> None:
    file = overlay(tmp_path, days=3)
    day = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%d}"
    assert stamp_text(load(overlays=[file])) == f"verified {day}, 5/5 operations, 1 questions open"
    info = create_app(Settings(overlays=(file,))).test_client().get("/_mock/info").get_json()["verified"]
    assert (info["operations"], info["open"], info["current"]) == ({"seen": 5, "all": 5}, 1, True)
    assert run("doctor", "--overlay", file, "--max-age", "30d").exit_code == 0


@pytest.mark.parametrize(
    ("days", "digest", "flags", "complaint"),
    [
        (31, "", ("--max-age", "30d"), "31 days ago"),
        (0, "0" * 64, (), "against another base document"),
        (0, "", ("--max-open", "0"), "1 questions are open"),
    ],
)
def test_a_proof_that_does_not_hold_fails(
    days: int, digest: str, flags: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    file = overlay(tmp_path, days=days, digest=digest)
    done = run("doctor", "--overlay", file, *flags, "--format", "json")
    assert done.exit_code == 1
    assert complaint in json.loads(done.output)["complaints"][0]


def test_the_ledger_tells_what_was_learned_and_what_is_open(tmp_path: Path) -> None:
    rows = json.loads(run("evidence", "--overlay", overlay(tmp_path), "--format", "json").output)
    standing = {(row["kind"], row["name"]): row for row in rows}
    assert standing["question", "create-status"]["standing"] == "learned"
    assert "https://site.example/api" in standing["question", "create-status"]["detail"]
    assert standing["question", "plan-limit"]["standing"] == "open"
    assert standing["refusal", "not_found"]["standing"] == "learned"
    assert standing["refusal", "plan_limit"]["standing"] == "believed"
    assert standing["operation", "list_notification_handlers"]["standing"] == "learned"


def test_what_an_overlay_taught_is_neither_documented_nor_open(tmp_path: Path) -> None:
    file = Path(overlay(tmp_path))
    data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    del data[LEARNED]["answers"]["delete-status"]
    data[LEARNED]["lessons"] = [{"about": "delete-status", "says": "A delete returns 200.", "seen": []}]
    response = {"description": "As the service answers.", "content": {"text/plain": {"schema": {}}}}
    target = "$.paths['/notification-handlers/'].get.responses"
    data["actions"] = [{"target": target, "update": {"415": response}}]
    file.write_text(dump_yaml(data), encoding="utf-8")
    rows = json.loads(run("evidence", "--overlay", str(file), "--format", "json").output)
    standing = {(row["kind"], row["name"]): (row["grade"], row["standing"]) for row in rows}
    assert standing["status", "list_notification_handlers 415"] == ("", "learned")
    assert standing["question", "delete-status"][1] == "learned"
    assert stamp_text(load(overlays=[file])).endswith("1 questions open")


def test_the_readme_has_the_ledger_as_it_is() -> None:
    table = run("evidence", "--format", "summary").output.strip()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert table in readme, "README.md is to hold what `bitpeak-mock evidence --format summary` prints"


def test_a_fresh_recording_is_a_proof(tmp_path: Path) -> None:
    file = recording(tmp_path, days=3)
    done = run("doctor", "--recording", file, "--max-age", "30d", "--max-open", "1")
    day = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%d}"
    said = f"recorded {day} from https://site.example/api, 1 exchanges, 1 questions open\n"
    assert (done.exit_code, done.output) == (0, said)


def test_a_recording_is_a_proof_of_the_mock_that_was_told_what_it_found(tmp_path: Path) -> None:
    file = recording(tmp_path, answers={"create-status": "ok"})
    assert run("doctor", "--recording", file, "--answer", "create-status=ok").exit_code == 0


@pytest.mark.parametrize(
    ("told", "flags", "complaint"),
    [
        ({"days": 31}, ("--max-age", "30d"), "recording.jsonl was recorded 31 days ago"),
        ({"digest": "0" * 64}, (), "against another document"),
        ({}, ("--overlay", "engine-family"), "against another document"),
        ({"is_whole": False}, (), "recording.jsonl has no end"),
        ({"findings": 1}, (), "departed from the document once"),
        ({"findings": 2}, (), "departed from the document 2 times"),
        ({"answers": {"create-status": "ok"}}, (), "Serve the mock with --answer create-status=ok"),
        ({}, ("--answer", "create-status=ok"), "Serve the mock with --answer create-status=created"),
        ({}, ("--max-open", "0"), "1 questions are open, but only 0 may be: plan-limit"),
    ],
)
def test_a_recording_that_does_not_hold_fails(
    told: dict[str, Any], flags: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    done = run("doctor", "--recording", recording(tmp_path, **told), *flags, "--format", "json")
    (complained,) = json.loads(done.output)["complaints"]
    assert (done.exit_code, complaint in complained) == (1, True), complained


def test_both_proofs_are_judged(tmp_path: Path) -> None:
    words = ("--overlay", overlay(tmp_path), "--recording", recording(tmp_path, days=99))
    done = run("doctor", *words)
    assert done.exit_code == 1
    first, second, complaint = done.output.splitlines()
    assert first.startswith("verified ")
    assert second.startswith("recorded ")
    assert "was recorded 99 days ago" in complaint


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "no.jsonl: No such file"),
        ("", "no.jsonl:1: This is not a recording of version 1"),
        ('{"recording":1}', "no.jsonl:1: Invalid head or foot of a recording"),
        ('{"recording":1}\nno', "no.jsonl:2: This line is not a JSON object"),
    ],
)
def test_what_is_no_recording_is_said(text: str | None, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "no.jsonl"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    done = run("doctor", "--recording", str(file))
    assert (done.exit_code, complaint in done.output) == (3, True), done.output


def test_no_status_is_documented_since_the_page_writes_none() -> None:
    rows = json.loads(run("evidence", "--format", "json").output)
    assert {row["standing"] for row in rows if row["kind"] == "status"} == {"believed", "open"}
