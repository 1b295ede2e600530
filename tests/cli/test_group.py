"""The group of commands: help, version and lazy imports."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from mock_server import __version__
from mock_server.cli import COMMANDS, cli
from tests.cli.conftest import Invoke, environment, run


def test_no_command_shows_help() -> None:
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


def test_help_is_quick_as_it_imports_little() -> None:
    heavy = {
        "flask",
        "yaml",
        "jsonschema_rs",
        "asyncio",
        "mock_server.mock",
        "pytest",
        "requests",
        "hypothesis",
    }
    assert not imported_by(*([name, "--help"] for name in COMMANDS)) & heavy


def test_wait_imports_little() -> None:
    url = "http://127.0.0.1:1"
    heavy = {"flask", "yaml", "jsonschema_rs", "msgspec", "asyncio", "mock_server.mock"}
    assert not imported_by(["wait", url, "--timeout", "0"]) & heavy


def test_learning_waits_for_no_test_engine(tmp_path: Path) -> None:
    modules = imported_by(
        ["learn", "--base-url", "http://127.0.0.1:1/api", "--out", str(tmp_path / "learned.yaml")]
    )
    assert "contract_tests.learning.learn" in modules
    assert not modules & {"hypothesis", "pytest", "schemathesis"}


def imported_by(*calls: Sequence[str]) -> set[str]:
    """Run commands one after another in one process, and return the modules that are imported in the end."""
    code = (
        "import sys\n"
        "from mock_server.cli import main\n"
        f"for words in {[*map(list, calls)]}:\n"
        "    sys.argv[1:] = words\n"
        "    try: main()\n"
        "    except SystemExit: pass\n"
        "print('modules', *sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert result.stdout.splitlines()[-1].startswith("modules "), result.stderr
    return set(result.stdout.splitlines()[-1].split())


def test_an_internal_error_shows_its_traceback_and_exits_with_70(tmp_path: Path) -> None:
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


def test_characters_beyond_the_encoding_are_escaped() -> None:
    result = run("questions", PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "__import__('click').Abort"])
def test_ctrl_c_ends_with_130_at_any_moment(raised: str) -> None:
    program = (
        "from mock_server import cli\n"
        f"def end(*_): raise {raised}\n"
        "cli.importlib.import_module = end\n"
        "import sys; sys.argv = ['x', 'check']\n"
        "cli.main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (130, "bitpeak-mock: ended by Ctrl-C.\n")
