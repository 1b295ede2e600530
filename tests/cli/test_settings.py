"""Options, variables, file and defaults: their precedence, and the errors of wrong ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from mock_server.cli.options import PREFIX, Setting
from mock_server.cli.serve import serve
from tests.cli.conftest import Invoke

SETTINGS = [option for option in serve.params if isinstance(option, Setting)]
VALUES = {
    "port": "8001", "latency": "1s..2s", "quota": "7", "memory": "2GiB",
    "public_url": "https://mock.example.com", "log_format": "json",
}  # fmt: skip


def printed(invoke: Invoke, *arguments: str, **env: str) -> dict[str, Any]:
    result = invoke("serve", "--print-config", "--log-format", "json", *arguments, **env)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_every_option_has_its_own_variable() -> None:
    others = [option.name for option in serve.params if option not in SETTINGS]
    assert others == ["ignore_env"]
    variables = [option.envvar[0] for option in SETTINGS]
    assert variables == [PREFIX + str(option.name).upper() for option in SETTINGS]
    assert len(set(variables)) == len(variables)


@pytest.mark.parametrize("option", SETTINGS, ids=lambda option: option.key)
def test_a_variable_sets_its_option(option: Setting, invoke: Invoke, tmp_path: Path) -> None:
    if option.name in {"config", "print_config"}:
        (tmp_path / "mock.toml").write_text("")
        result = invoke(
            "serve", BITPEAK_MOCK_PRINT_CONFIG="1", BITPEAK_MOCK_CONFIG=str(tmp_path / "mock.toml")
        )
        assert "environment BITPEAK_MOCK_CONFIG" in result.stdout
        return
    value = "1" if option.is_flag else VALUES.get(str(option.name), "some")
    # A certificate needs a key, and a key a certificate.
    both = {"BITPEAK_MOCK_TLS_CERT": "c", "BITPEAK_MOCK_TLS_KEY": "k"} if "tls" in option.key else {}
    variable = PREFIX + str(option.name).upper()
    arguments = [
        "serve",
        "--print-config",
        *([] if option.name == "log_format" else ["--log-format", "json"]),
    ]
    result = invoke(*arguments, **{**both, variable: value})
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)[option.key]
    assert found["origin"] == {"kind": "environment", "name": variable}
    assert found["value"] in (
        True,
        "…" if option.hide_input else value,
        [value],
        int(value) if value.isdecimal() else None,
        both.get(variable),
    )


def test_precedence(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "mock.toml"
    file.write_text(
        '[serve]\nhost = "h-file"\nport = 1\nlatency = "1s"\noverlay = ["a", "b"]\nstrict = true\n'
    )
    found = printed(
        invoke,
        "--config",
        str(file),
        "--host",
        "h-flag",
        BITPEAK_MOCK_HOST="h-env",
        BITPEAK_MOCK_PORT="2",
        PORT="3",
    )
    assert found["host"] == {"value": "h-flag", "origin": {"kind": "flag", "name": ""}}
    assert found["port"] == {"value": 2, "origin": {"kind": "environment", "name": "BITPEAK_MOCK_PORT"}}
    assert found["latency"] == {"value": "1s", "origin": {"kind": "file", "name": str(file)}}
    assert found["overlay"]["value"] == ["a", "b"]
    assert found["strict"]["value"] is True
    assert found["quota"] == {"value": "off", "origin": {"kind": "default", "name": ""}}
    assert found["cors"]["value"] is None


def test_the_environment_can_be_ignored(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "mock.toml"
    file.write_text("latency = '1s'")
    variables = {PREFIX + name: "1" for name in ("STRICT", "UPSTREAM", "RECORD", "CONTROL_TOKEN", "CONFIG")}
    for arguments in (["--ignore-env", "--config", str(file)], ["--config", str(file), "--ignore-env"]):
        found = printed(invoke, *arguments, PORT="1", **variables)
        origins = {key: each["origin"]["kind"] for key, each in found.items()}
        assert {origins.pop(key) for key in ("config", "log-format")} == {"flag"}
        assert origins.pop("latency") == "file"
        assert set(origins.values()) == {"default"}
    assert "--ignore-env" not in invoke("serve", "--print-config").stdout


def test_the_variable_port_is_weaker(invoke: Invoke) -> None:
    assert printed(invoke, PORT="3")["port"]["origin"] == {"kind": "environment", "name": "PORT"}
    assert printed(invoke, PORT="3", BITPEAK_MOCK_PORT="")["port"]["value"] == 3
    assert printed(invoke, "--port", "4", PORT="3")["port"]["origin"]["kind"] == "flag"


def test_what_kubernetes_sets_for_a_service_is_no_setting(invoke: Invoke) -> None:
    link = "tcp://10.0.0.1:80"
    assert printed(invoke, BITPEAK_MOCK_PORT=link)["port"]["origin"]["kind"] == "default"
    assert printed(invoke, BITPEAK_MOCK_PORT=link, PORT="3")["port"]["value"] == 3


def test_commas_separate_values(invoke: Invoke) -> None:
    found = printed(invoke, BITPEAK_MOCK_ANSWER="a=b, c=d,", BITPEAK_MOCK_OVERLAY=" one.yaml ")
    assert found["answer"]["value"] == ["a=b", "c=d"]
    assert found["overlay"]["value"] == ["one.yaml"]


def test_the_table_of_settings(invoke: Invoke) -> None:
    result = invoke("serve", "--print-config", "--no-strict", "--cors", "--answer", "a=b", "--answer", "c=d")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[0] == ["SETTING", "VALUE", "ORIGIN"]
    assert ["strict", "no", "flag"] in rows
    assert ["cors", "yes", "flag"] in rows
    assert ["answer", "a=b,", "c=d", "flag"] in rows
    assert ["seed", "-", "default"] in rows
    assert ["port", "4055", "default"] in rows


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("LATENCY", "5"),
        ("QUOTA", "0"),
        ("PUBLIC_URL", "x"),
        ("STRICT", "maybe"),
        ("LOG_FORMAT", "x"),
    ],
)
def test_an_error_names_the_variable(invoke: Invoke, name: str, value: str) -> None:
    result = invoke("serve", **{PREFIX + name: value})
    assert result.exit_code == 2
    assert f"environment variable {PREFIX}{name}: " in result.stderr
    assert repr(value) in result.stderr


def test_an_error_names_the_variable_port(invoke: Invoke) -> None:
    assert "environment variable PORT: Invalid port 'x': use 0–65535." in invoke("serve", PORT="x").stderr


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prt = 1", "{file}: Unknown setting 'prt': did you mean 'port'?"),
        ("zzzzz = 1", "{file}: Unknown setting 'zzzzz': choose from host, port, port-file,"),
        ("public_url = ''", "{file}: Unknown setting 'public_url': did you mean 'public-url'?"),
        ("config = 'x'", "{file}: Unknown setting 'config': "),
        ("port = '1a'", "{file}, port: Invalid port '1a': use 0–65535."),
        ("port = 1.5", "{file}, port: Invalid port '1.5': use 0–65535."),
        ("port = true", "{file}, port: Invalid port 'True': use 0–65535."),
        ("strict = 2", "{file}, strict: '2' is not a valid boolean."),
        ("quota = [1]", "{file}, quota: Invalid quota '[1]': use off,"),
        ("port = 1\n[serve]\nhost = 'x'", "{file}: Move 'port' into the table [serve]."),
        ("[server]\nport = 1", "{file}: Unknown table [server]: use [serve]."),
        ("port = 1\n[call]\nseed = 'x'", "{file}: Unknown table [call]: use [serve]."),
        ("[port]\nport = 1", "{file}, port: Invalid port "),
        ("[serve]\nprt = 1", "{file}: Unknown setting 'prt': did you mean 'port'?"),
        ("port", "Invalid TOML in {file}: "),
        ("port = " + "[" * 5000, "Invalid TOML in {file}: it nests too deep."),
        (".".join(["a"] * 50_000) + " = 1", "{file}: A file with settings may have 16 KiB."),
        ("# \udcff", "Cannot read {file}: save it as UTF-8."),
    ],
)
def test_an_error_names_the_file(invoke: Invoke, tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "mock.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))
    result = invoke("serve", "--config", str(file))
    assert result.exit_code == 2
    assert sentence.format(file=file) in result.stderr


def test_settings_at_the_top_of_a_file_or_in_a_table(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "mock.toml"
    file.write_text('overlay = "a,b"\ncors = false\n')
    found = printed(invoke, "--config", str(file))
    assert (found["overlay"]["value"], found["cors"]["value"]) == (["a,b"], False)
    file.write_text("[serve]\nport = 5\n[other]\nx = 1\n")
    assert printed(invoke, "--config", str(file))["port"]["value"] == 5
    result = invoke("serve", "--config", str(tmp_path / "none.toml"))
    assert "none.toml: No such file or directory." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--tls-cert", "x"], "--tls-cert and --tls-key need each other."),
        (["--tls-key", "x"], "--tls-cert and --tls-key need each other."),
        (["-q", "-v"], "--quiet and --verbose contradict each other"),
        (["--latency", "5"], "--latency: Invalid duration '5'"),
        (["--no-such"], "No such option"),
    ],
)
def test_wrong_options(invoke: Invoke, arguments: list[str], sentence: str) -> None:
    result = invoke("serve", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
