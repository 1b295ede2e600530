"""A failed test in a file, and its replay."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mock_server import Rules, Server, Settings, bitpeak_mock, create_app
from mock_server.capsule import Capsule, CapsuleWorld, write_har
from mock_server.cli import cli
from tests.examples.running import needs

# A bit of all that a capsule has to bring back: seed, clock, faults, quota, answers, forms, two users, a deletion.
SUITE = """
def test_it(client, bitpeak):
    bitpeak.seed([{"type": "slack", "name": "Seeded"}])
    bitpeak.freeze("2026-01-01T00:00:00Z")
    client.create(name="It's \\u017b", type="slack", slack="$KEY `x`")
    bitpeak.advance("1h")
    bitpeak.answers(create_status="ok")
    bitpeak.unfreeze()
    boundary = {"Content-Type": "multipart/form-data; boundary=b"}
    parts = b'--b\\r\\nContent-Disposition: form-data; name="name"\\r\\n\\r\\nIt\\'s new\\r\\n--b--\\r\\n'
    bitpeak.send("POST", "/api/notification-handlers/2", boundary, parts)
    bitpeak.send("DELETE", "/api/notification-handlers/1")
    bitpeak.fail(status=503, operation="list_notification_handlers")
    bitpeak.send("GET", "/api/notification-handlers/?page=2")
    other = bitpeak.another()
    other.send("GET", "/api/notification-handlers/")
    client.get(2)["no such field"]
"""


def capsule_of(suite: pytest.Pytester, text: str, *arguments: str) -> Path:
    suite.makepyfile(test_s=text)
    suite.runpytest_inprocess("--bitpeak-capsules=left", *arguments).assert_outcomes(failed=1)
    (path,) = (suite.path / "left").iterdir()
    return path


def replay(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["replay", str(path), *arguments])


@pytest.fixture
def capsule(suite: pytest.Pytester, url: str) -> Path:
    return capsule_of(suite, SUITE, f"--bitpeak-url={url}")


def test_a_replay_gives_the_same_answers(capsule: Path) -> None:
    result = replay(capsule)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["same", "POST"], ["same", "POST"], ["same", "DELETE"], ["same", "GET"], ["same", "GET"], ["same", "GET"],
    ]  # fmt: skip
    text = capsule.read_text(encoding="utf-8")
    assert "Bearer mock-" in text
    assert '"key": "mock-' in text
    assert not [word for word in text.split() if word.startswith("mock-") and len(word) > 20]


def edited(path: Path, change: Any) -> Path:
    facts = json.loads(path.read_text(encoding="utf-8"))
    change(facts)
    path.write_text(json.dumps(facts), encoding="utf-8")
    return path


def exchanges(facts: Any) -> list[Any]:
    return [step["exchange"] for step in facts["worlds"][0]["steps"] if "exchange" in step]


def test_a_replay_takes_no_settings_from_the_environment(
    capsule: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCUMENT", "OVERLAY", "SEED"):
        monkeypatch.setenv(f"BITPEAK_MOCK_{name}", "no-such-file")
    assert replay(capsule).exit_code == 0


def test_whole_numbers_of_a_capsule_are_integers(capsule: Path) -> None:
    """Another program may have written the file."""
    text = capsule.read_text()
    capsule.write_text(text.replace('"status": 200,', '"status": 200.0,').replace('"id": 1,', '"id": 1.0,'))
    assert capsule.read_text() != text
    result = replay(capsule)
    assert (result.exit_code, "200.0" in result.output) == (0, False)
    assert '"status": 200.0' not in replay(capsule, "--as", "har").output


def test_a_difference_is_shown_and_is_exit_code_1(capsule: Path) -> None:
    def change(facts: Any) -> None:
        first, second, third, *_ = exchanges(facts)
        first["status"] = 418
        second["answer"]["base64"] = "e30="
        third["request"]["base64"] = None

    result = replay(edited(capsule, change))
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].startswith("DIFFERS POST /api/notification-handlers 418")
    assert lines[1].strip() == "the status was 418 and is now 201"
    assert lines[3].strip() == 'the body was {} and is now {"data":{"id":2}}'
    assert "cannot be repeated" in lines[5]
    facts = json.loads(replay(capsule, "--format", "json").stdout)
    assert (facts["same"], facts["different"]) == (3, 3)
    assert facts["calls"][0]["difference"] == lines[1].strip()


def test_several_are_replayed_one_after_the_other(capsule: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    again = replay(capsule, str(capsule))
    assert again.exit_code == 0
    assert again.stdout == 2 * (f"{capsule}:\n" + replay(capsule).stdout)
    assert replay(other, str(capsule)).exit_code == 3
    assert f"{capsule}:\nsame" in replay(other, str(capsule)).stdout
    assert "--as takes one capsule" in replay(capsule, str(capsule), "--as", "har").stderr


def test_as_pytest_it_is_a_test_that_passes(capsule: Path, suite: pytest.Pytester, url: str) -> None:
    suite.makepyfile(test_again=replay(capsule, "--as", "pytest").output)
    result = suite.runpytest_inprocess(f"--bitpeak-url={url}", "test_again.py")
    result.assert_outcomes(passed=1)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@needs("curl")
def test_as_curl_it_is_a_script_that_a_shell_runs(capsule: Path, url: str) -> None:
    script = replay(capsule, "--as", "curl").output
    said = subprocess.run(
        ["sh"], input=script, env={"MOCK": url, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    statuses = [int(line.split()[1]) for line in said.stdout.splitlines() if line.startswith("HTTP/")]
    assert statuses == [201, 200, 200, 503, 200, 200]
    assert "It&#39;s new" in said.stdout


def test_as_har_it_has_every_call(capsule: Path) -> None:
    log = json.loads(replay(capsule, "--as", "har").output)["log"]
    assert log["version"] == "1.2"
    assert [entry["response"]["status"] for entry in log["entries"]] == [201, 200, 200, 503, 200, 200]
    created = log["entries"][0]
    assert created["request"]["url"].endswith("/api/notification-handlers")
    assert created["request"]["postData"]["text"].startswith("name=It%27s")
    assert log["entries"][3]["request"]["queryString"] == [{"name": "page", "value": "2"}]


def test_as_har_no_body_is_lost() -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    with bitpeak_mock(socket=False) as api:
        bodies = [b"name=" + b"n" * 5000, b"name=\xff\x00", b"name=\xc5\xbb\x00", b"name=" + b"n" * 300_000]
        for body in bodies:
            api.send("POST", "/api/notification-handlers", kind, body)
        calls = list(api.journal)
        calls[0].record["answer"]["base64"] = "//4="
    log = write_har(Capsule("test", "", {}, [], [CapsuleWorld({}, calls)]))["log"]
    long, bytes_, text, cut = [entry["request"]["postData"] for entry in log["entries"]]
    mime = {"mimeType": kind["Content-Type"]}
    assert long == {**mime, "text": bodies[0].decode()}
    assert bytes_ == {**mime, "text": base64.b64encode(bodies[1]).decode(), "encoding": "base64"}
    assert text == {**mime, "text": bodies[2].decode()}
    assert cut["comment"].startswith("The beginning of 300005 bytes")
    answers = [entry["response"]["content"] for entry in log["entries"]]
    assert (answers[0]["text"], answers[0]["encoding"]) == ("//4=", "base64")
    assert "encoding" not in answers[1]
    assert json.loads(answers[1]["text"])


def test_the_mocks_flags_are_restored(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nbitpeak_flags = --answer create-status=ok --strict\n")
    path = capsule_of(
        suite, 'def test_it(client):\n    client.create(name="a", type="slack", slack="s", no="b")'
    )
    assert json.loads(path.read_text())["flags"] == ["--answer", "create-status=ok", "--strict"]
    result = replay(path)
    assert (result.exit_code, result.output) == (0, "same    POST /api/notification-handlers 400\n")


def test_a_mock_that_ran_before_is_restored_with_its_answers(suite: pytest.Pytester) -> None:
    rules = Rules(public_url="https://mock.example.com")
    settings = Settings(answers=("create-status=ok",), rules=rules)
    with Server(create_app(settings)) as server:
        path = capsule_of(suite, SUITE, f"--bitpeak-url={server.url}")
    flags = ["--answer=create-status=ok", "--public-url=https://mock.example.com"]
    assert json.loads(path.read_text(encoding="utf-8"))["flags"] == flags
    result = replay(path)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("same    POST /api/notification-handlers 200")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Cannot read"),
        ("no", "is not a capsule, because it is not JSON"),
        ("[]", "is not a capsule of this version"),
        ('{"format": "bitpeak-mock capsule 2"}', "is not a capsule of this version"),
        ('{"format": "bitpeak-mock capsule 1"}', "is not a whole capsule"),
        ("[" * 100_000, "it nests too deeply"),
        ('{"format": "bitpeak-mock capsule 1", "worlds": ' + "[" * 100_000, "it nests too deeply"),
        ('{"format": "bitpeak-mock capsule 1", "worlds": ' + "9" * 100_000, "is not a capsule"),
        (
            '{"format": "bitpeak-mock capsule 1", "worlds": [{"state": 1, "steps": [{"exchange": 1}]}]}',
            "is not a whole",
        ),
    ],
)
def test_a_file_that_is_not_a_capsule_is_named_in_one_sentence(
    tmp_path: Path, content: str | None, sentence: str
) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content)
    result = replay(path)
    assert result.exit_code == 3
    assert sentence in result.output
    assert len(result.output.splitlines()) == 1


def test_a_replay_without_calls_fails(capsule: Path) -> None:
    def change(facts: Any) -> None:
        facts["worlds"] = []

    assert replay(edited(capsule, change)).exit_code == 5


@pytest.mark.parametrize("options", [[], ["-p", "no:cacheprovider"]])
def test_a_capsule_is_left_in_pytests_cache_or_beside_it(
    suite: pytest.Pytester, url: str, options: Sequence[str]
) -> None:
    suite.makepyfile(test_s="def test_it(client): client.get(77)\ndef test_good(client): client.get(1)")
    suite.runpytest_inprocess(f"--bitpeak-url={url}", *options).assert_outcomes(failed=1, passed=1)
    left = suite.path / (".bitpeak" if options else ".pytest_cache/d/bitpeak")
    assert [path.name.rpartition("-")[0] for path in left.iterdir()] == ["test_s.py-test_it"]
