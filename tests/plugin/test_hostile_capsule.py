"""A capsule may come from anywhere: from a stranger's report, from another branch. What it says is never run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from tests.plugin.test_capsule import capsule_of, edited, replay
from tests.plugin.test_replay import WIRE

HOSTILE = {
    "docstring": 't"""\nopen("OWNED", "w")\n"""',
    "other docstring": "'''\nopen('OWNED', 'w')\n#",
    "line": "\nopen('OWNED', 'w')\n",
    "indented line": "'\n    import os\n    os.mkdir('OWNED')\n",
    "quotes": '"""',
    "quote": '"',
    "apostrophe": "'",
    "backslash": "\\",
    "substitution": "$(touch OWNED)",
    "backticks": "`touch OWNED`",
    "end of a word": "'; touch OWNED; '",
    "end of a text": '"; touch OWNED; "',
    "shell line": "\ntouch OWNED\n",
    "other line ends": "\r\ntouch OWNED\r\u2028touch OWNED\u2028\x0ctouch OWNED\x0c",
    "next command": "; touch OWNED #",
    "variable": "${IFS}",
    "file": "@OWNED",
    "NUL": "\0",
}
# Without these, nothing is written at all.
_SPARED = {"format", "base64", "time"}


def poisoned(value: Any, text: str) -> Any:
    """Return JSON data with a text at the end of each text, each header's name and each status."""
    if isinstance(value, dict):
        return {
            key if key == key.lower() else key + text: each if key in _SPARED else poisoned(each, text)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [poisoned(each, text) for each in value]
    if isinstance(value, str):
        return value + text
    is_status = isinstance(value, int) and 200 <= value < 600
    return f"{value}{text}" if is_status else value


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("capsule") / "capsule.json"


@pytest.fixture
def capsule(suite: pytest.Pytester, url: str, written: Path, tmp_path: Path) -> Path:
    """Return a copy of a capsule that was written once."""
    if not written.exists():
        written.write_bytes(capsule_of(suite, WIRE, f"--bitpeak-url={url}").read_bytes())
    copy = tmp_path / "capsule.json"
    copy.write_bytes(written.read_bytes())
    return copy


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("field", ["", "test", "time"])
def test_as_pytest(
    capsule: Path, tmp_path: Path, text: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = replay(hostile(capsule, text, field), "--as", "pytest").output
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    exec(compile(source, "test_again.py", "exec"), space)
    (test,) = (each for name, each in space.items() if name.startswith("test_"))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(MagicMock())
    assert not (tmp_path / "OWNED").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("field", ["", "test", "time"])
def test_as_curl(capsule: Path, tmp_path: Path, text: str, field: str) -> None:
    script = replay(hostile(capsule, text, field), "--as", "curl").output
    (tmp_path / "bin").mkdir()
    curl = tmp_path / "bin" / "curl"
    curl.write_text("#!/bin/sh\nexit 0\n")
    curl.chmod(0o755)
    path = f"{curl.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["sh"], input=script, text=True, env={"PATH": path}, cwd=tmp_path, capture_output=True, check=True
    )
    assert not (tmp_path / "OWNED").exists()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_as_har(capsule: Path, text: str) -> None:
    assert json.loads(replay(hostile(capsule, text, ""), "--as", "har").output)["log"]["version"] == "1.2"


def hostile(capsule: Path, text: str, field: str) -> Path:
    """Put a text into one field of a capsule, or into all but the times."""

    def change(facts: Any) -> None:
        match field:
            case "test":
                facts["test"] += text
            case "time":
                for step in facts["worlds"][0]["steps"]:
                    if "exchange" in step:
                        step["exchange"]["time"] += text
            case _:
                facts.update(poisoned(facts, text))

    return edited(capsule, change)


def test_a_target_that_is_no_path_is_left_out(capsule: Path) -> None:
    """`$MOCK@evil.example/` would be a request to another host."""

    def change(facts: Any) -> None:
        for step in facts["worlds"][0]["steps"]:
            if "exchange" in step:
                step["exchange"]["target"] = "@evil.example/x"

    script = replay(edited(capsule, change), "--as", "curl").output
    assert "# Left out: GET @evil.example/x. Its target is not a path." in script
    assert "$MOCK\"'@" not in script


def test_a_parametrized_test_may_have_any_id(capsule: Path) -> None:
    def change(facts: Any) -> None:
        facts["test"] = 'test_a.py::test_it["""-²\\]'

    said = replay(edited(capsule, change), "--as", "pytest").output
    compile(said, "test_again.py", "exec")
    assert "def test_it_again(" in said
