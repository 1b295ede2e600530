"""The group: help, version, and commands that are imported when they are asked for."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from mock_server import __version__
from mock_server.cli import COMMANDS, cli
from tests.cli.conftest import Invoke, environment, run


def test_without_a_command_it_shows_help() -> None:
    result = run()
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: bitpeak-mock [OPTIONS]")
    assert all(f"  {name}  " in result.stdout for name in COMMANDS)


def test_the_version(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"bitpeak-mock, version {__version__}\n"


def test_an_unknown_command(invoke: Invoke) -> None:
    result = invoke("srve")
    assert result.exit_code == 2
    assert f"No such command 'srve'. Choose from {', '.join(COMMANDS)}." in result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(invoke: Invoke, name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, option.name


def test_wait_and_the_version_import_nothing_of_the_mock() -> None:
    code = (
        "import sys; sys.argv = ['x', 'wait', 'http://127.0.0.1:1', '--timeout', '0']\n"
        "from mock_server.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 4, end\n"
        "print(*sorted({'flask', 'yaml', 'jsonschema_rs', 'orjson', 'asyncio', 'mock_server.app'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert result.stdout == "\n", result


def test_a_wait_imports_nothing_that_serves() -> None:
    code = (
        "import sys; from mock_server import cli; sys.argv = ['x', 'wait', 'http://127.0.0.1:1', '--timeout', '0']\n"
        "try: cli.main()\n"
        "finally: print({'flask', 'jsonschema_rs', 'yaml', 'asyncio'} & {*sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 4, result.stderr
    assert result.stdout == "set()\n"


def test_a_defect_keeps_its_traceback_and_has_a_code_of_its_own(tmp_path: Path) -> None:
    code = (
        "from mock_server import cli\n"
        "cli.cli.callback = lambda: 1 / 0\n"
        "import sys; sys.argv = ['x']\n"
        "cli.main()"
    )  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 70
    assert "ZeroDivisionError" in result.stderr
    assert result.stderr.endswith("bitpeak-mock: Internal error. Please report it with the lines above.\n")


def test_a_terminal_without_a_letter_gets_it_spelled_out() -> None:
    result = run("questions", PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
