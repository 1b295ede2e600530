"""Fixtures of the suites: the run, and the API behind the guard. `session` has the hooks that conduct the run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from contract_tests.generated.drawing import prepare_generators
from contract_tests.oracle.own import Own
from contract_tests.probes.effective import Effective
from contract_tests.report.shapes import as_text
from contract_tests.run.flags import FLAGS, Flag
from contract_tests.run.run import Run
from contract_tests.run.settings import Stop, planned, read_settings
from contract_tests.session.opening import Opening
from contract_tests.session.parts import check_places
from contract_tests.session.results import WRITES
from contract_tests.session.session import RunPlugin, Session, Spread, Worker

_SESSION = pytest.StashKey[Session]()
_REPORTING = pytest.StashKey[RunPlugin]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the run's options to pytest's command line."""
    group = parser.getgroup("bitpeak contract")
    for flag in FLAGS:
        text = f"{flag.help} [{flag.variable}]"
        group.addoption(f"--{flag.name}", dest=_place(flag), help=text, **_kind(flag))


def _place(flag: Flag) -> str:
    return f"bitpeak_{flag.key}"


def _kind(flag: Flag) -> dict[str, Any]:
    if flag.kind == "switch":
        return {"action": "store_true", "default": False}
    kind: dict[str, Any] = {"metavar": flag.metavar} if flag.metavar else {}
    if flag.choices:
        kind["choices"] = flag.choices
    if flag.kind == "number":
        kind["type"] = int
    return kind | ({"action": "append", "default": []} if flag.kind == "list" else {"default": None})


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the run: that of `bitpeak-mock check`, or one made from pytest's options."""
    config.addinivalue_line("markers", "writes: creates, changes or deletes a handler.")
    config.addinivalue_line("markers", "spared(why): left out where each request counts.")
    config.addinivalue_line(
        "markers", "question(id): what the test expects is an answer to this open question."
    )
    plugins = config.pluginmanager.get_plugins()
    brought = [plugin for plugin in plugins if isinstance(plugin, RunPlugin)]
    session = brought[0] if brought else _session(config)
    config.stash[_REPORTING] = session
    if isinstance(session, Session):
        config.stash[_SESSION] = session
    prepare_generators(config, session.settings.seed, session.settings.examples)


def _session(config: pytest.Config) -> RunPlugin:
    told = getattr(config, "workerinput", None)  # of a worker of xdist
    session = _of_options(config) if told is None else Worker(told)
    config.pluginmanager.register(session, "bitpeak-session")
    return session


def _of_options(config: pytest.Config) -> RunPlugin:
    try:
        settings = read_settings({flag.key: config.getoption(_place(flag)) for flag in FLAGS})
        check_places(settings)
    except Stop as stop:
        pytest.exit(stop.sentence, returncode=stop.code)
    if not settings.color:
        config.option.color = "no"
    settings = planned(settings)
    # xdist, if installed, decides in the same way whether there are workers.
    is_spread = config.getoption("dist", "no") != "no" and config.getoption("tx", None)
    return Spread(settings) if is_spread else Session(settings)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the report below pytest's own output."""
    outcome = config.stash[_REPORTING].outcome
    if outcome is not None:
        terminalreporter.section("contract")
        terminalreporter.write_line(as_text(outcome, color=terminalreporter.hasmarkup))


@pytest.fixture(scope="session")
def opening(pytestconfig: pytest.Config) -> Opening:
    opening = pytestconfig.stash[_SESSION].opening
    if opening is None:
        raise pytest.UsageError("the run has not been opened")
    return opening


@pytest.fixture(scope="session")
def run(opening: Opening) -> Run:
    return opening.run


@pytest.fixture(scope="session")
def effective(opening: Opening) -> Effective:
    """Return what the run's opening found."""
    if opening.effective is None:
        raise pytest.UsageError("the open questions have not been asked")
    return opening.effective


class Held:
    """Holds the suites' own handlers. They are made anew after a failed test, which may have left them in any state."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.own = Own(run)

    def renew(self) -> None:
        """Delete the handlers and forget them. The guard deletes later what cannot be deleted now."""
        with contextlib.suppress(AssertionError):
            self.own.clean()
        self.own = Own(self._run)


@pytest.fixture(scope="session")
def held(run: Run) -> Iterator[Held]:
    held = Held(run)
    yield held
    held.own.clean()


@pytest.fixture
def reading(held: Held, request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[Own]:
    yield held.own
    if pytestconfig.stash[_SESSION].has_failed(request.node.nodeid):
        held.renew()


@pytest.fixture
def own(reading: Own) -> Own:
    if not reading.run.can_write:
        pytest.skip(WRITES)
    return reading
