"""What was decided, from flags and the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract_tests.run.flags import FLAGS, SUITES
from contract_tests.run.settings import KEY_NAME, Code, RunSettings, Stop, read_settings, with_environment

HERE = "http://127.0.0.1:4055/api"
THERE = "https://service.invalid/api"


def settings(given: dict[str, Any], environment: dict[str, str] | None = None) -> RunSettings:
    return read_settings(given, None, environment or {})


def test_this_computer_needs_no_permission_and_no_key() -> None:
    here = settings({"base_url": HERE})
    assert (here.is_live, here.allow_writes, here.rate, here.key_is_generated) == (False, True, None, True)
    assert here.key.startswith("mock-")
    assert here.other_key not in {here.key, None}
    assert here.key != settings({"base_url": HERE}).key


@pytest.mark.parametrize(
    "url", [THERE, "http://127.0.0.1.example.com/api", "http://[::2]/api", "http://10.0.0.1/api"]
)
def test_another_computer_is_live(url: str) -> None:
    there = settings({"base_url": url}, {KEY_NAME: "k"})
    assert (there.is_live, there.allow_writes, there.rate, there.key_is_generated) == (True, False, 50, False)
    assert not there.is_whole
    assert settings({"base_url": url, "allow_writes": True}, {KEY_NAME: "k"}).is_whole


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://x/api", f"{HERE}?x=1", "http://u:p@127.0.0.1/api", "http://[x/api"]
)
def test_what_is_no_base_url_is_a_wrong_option(url: str) -> None:
    with pytest.raises(Stop, match="write https://HOST/PATH") as stopped:
        settings({"base_url": url})
    assert stopped.value.code == Code.USAGE


def test_a_key_is_never_made_up_for_another_computer() -> None:
    with pytest.raises(Stop, match=KEY_NAME) as stopped:
        settings({"base_url": THERE})
    assert stopped.value.code is Code.USAGE


def test_the_key_file_counts_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(" from-file \n", encoding="utf-8")
    given = {"base_url": THERE, "api_key_file": str(file)}
    assert settings(given, {KEY_NAME: "from-environment"}).key == "from-file"
    assert settings({"base_url": THERE}, {KEY_NAME: "from-environment"}).key == "from-environment"


def test_the_key_is_asked_for_last() -> None:
    assert read_settings({"base_url": THERE}, lambda: "typed", {}).key == "typed"
    assert read_settings({"base_url": THERE}, lambda: "typed", {KEY_NAME: "set"}).key == "set"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_key_file_that_holds_no_key(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(Stop) as stopped:
        settings({"base_url": THERE, "api_key_file": str(file)})
    assert stopped.value.code is Code.CANNOT


def test_the_key_is_not_in_the_settings_text() -> None:
    found = settings({"base_url": THERE}, {KEY_NAME: "real-secret"})
    assert "real-secret" not in repr(found)


def test_each_flag_has_a_variable() -> None:
    texts = {"switch": "yes", "number": "3", "list": "a, b", "text": "x"}
    environment = {flag.variable: (flag.choices[0] if flag.choices else texts[flag.kind]) for flag in FLAGS}
    values = with_environment({}, environment)
    assert all(value is not None for value in values.values()), values
    assert (values["allow_writes"], values["rate"], values["overlay"]) == (True, 3, ["a", "b"])


def test_a_flag_counts_before_its_variable() -> None:
    assert with_environment({"rate": 7}, {"BITPEAK_CHECK_RATE": "3"})["rate"] == 7


@pytest.mark.parametrize(("name", "text"), [("RATE", "fast"), ("PROFILE", "slow"), ("NO_COLOR", "maybe")])
def test_a_variable_that_is_wrong_is_named(name: str, text: str) -> None:
    with pytest.raises(Stop, match=f"BITPEAK_CHECK_{name}"):
        with_environment({}, {f"BITPEAK_CHECK_{name}": text})


@pytest.mark.parametrize("name", ["rate", "max_requests"])
def test_a_number_is_not_zero(name: str) -> None:
    with pytest.raises(Stop, match=f"--{name.replace('_', '-')} is 0"):
        settings({"base_url": HERE, name: 0})


def test_suites_run_in_their_own_order() -> None:
    assert settings({"base_url": HERE, "suite": ("model", "page")}).suites == ("page", "model")
    assert SUITES[0] == "questions"
