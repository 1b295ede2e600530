"""`bitpeak-mock check`: runs the suites on a target, for people who need not know pytest."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import click
import pytest

from contract_tests.command.console import asker, complain, report_defect, say
from contract_tests.report.shapes import as_json, as_text, as_workflow
from contract_tests.run.flags import WORKERS
from contract_tests.run.settings import (
    Code,
    RunSettings,
    Stop,
    announced,
    planned,
    read_settings,
    read_variable,
)
from contract_tests.session.parts import check_places
from contract_tests.session.results import Progress
from contract_tests.session.session import Session, Spread

for _name in ("hypothesis", "schemathesis"):
    # The suites import these much later, when the error could no longer be one sentence.
    if importlib.util.find_spec(_name) is None:
        raise ModuleNotFoundError(f"No module named {_name!r}", name=_name)

_HOME = Path(__file__).parents[1]

# Ignore any configuration and plugins of the surroundings.
_ARGUMENTS = (
    "-c", str(_HOME / "pytest.ini"), "--rootdir", str(_HOME), "--confcutdir", str(_HOME), "--disable-plugin-autoload",
    "-p", "hypothesispytest", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--capture", "no", "--quiet",
    "--no-header", "--no-summary", "--tb", "short", str(_HOME),
)  # fmt: skip
_SPREAD = ("-p", "xdist", "--dist", "worksteal")
_SAFE_PATH = "PYTHONSAFEPATH"
_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


def check(ctx: click.Context, /, **given: Any) -> None:
    """Run the command, as `contract_tests.command.commands` declares it."""
    try:
        workers = _workers(given.pop(WORKERS.key))
        settings = read_settings(given, asker())
        check_places(settings)
    except Stop as stop:
        ctx.exit(complain(stop))
    ctx.exit(run_check(settings, workers))


def run_check(settings: RunSettings, workers: int = 1) -> int:
    """Say what the run costs, run the suites, print the report, and return the exit code."""
    plan = planned(settings)
    if sentence := announced(settings, plan):
        say(sentence)
    settings = plan
    progress = Progress(sys.stderr, settings)
    session = Session(settings, progress) if workers == 1 else Spread(settings, progress)
    arguments = [*_ARGUMENTS, *(() if workers == 1 else (*_SPREAD, "--numprocesses", str(workers)))]
    said = io.StringIO()
    with _alone(), redirect_stdout(said), redirect_stderr(said):
        code = int(pytest.main(arguments, plugins=[session]))
    if session.outcome is not None:
        render = as_json if settings.format == "json" else _text(settings)
        click.echo(as_workflow(session.outcome) if settings.format == "github" else render(session.outcome))
    if session.stopped is not None:
        return complain(session.stopped)
    if session.outcome is not None:
        return code
    if (
        code == pytest.ExitCode.INTERRUPTED
    ):  # it happened before the session began, which therefore cannot know it
        raise KeyboardInterrupt
    return report_defect(said.getvalue(), settings.keys)


def _workers(given: int | None) -> int:
    """Return the number of workers. Raises Stop (USAGE, CANNOT)."""
    text = os.environ.get(WORKERS.variable, "")
    workers = int(read_variable(WORKERS, text)) if given is None and text else 1 if given is None else given
    if workers < 1:
        raise Stop(Code.USAGE, f"--{WORKERS.name} is {workers}, write 1 or more.")
    if workers > 1 and importlib.util.find_spec("xdist") is None:
        raise Stop(Code.CANNOT, "--workers needs pytest-xdist: install bitpeak-mock[spread].")
    return workers


def _text(settings: RunSettings) -> Callable[[Any], str]:
    return lambda outcome: as_text(outcome, color=settings.color and sys.stdout.isatty())


@contextmanager
def _alone() -> Iterator[None]:
    """Ignore pytest's options of the environment, and keep the folder's modules from the workers."""
    taken = {name: os.environ.pop(name) for name in (*_FOREIGN, _SAFE_PATH) if name in os.environ}
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        del os.environ[_SAFE_PATH]
        os.environ.update(taken)
