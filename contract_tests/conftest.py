"""What the suites share: the run, and the API as it goes through the guard. See `session` for the run's course."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from contract_tests.document.facts import Facts
from contract_tests.generated.generators import prepare_generators
from contract_tests.oracle.own import Own
from contract_tests.report import as_text
from contract_tests.run.flags import FLAGS, Flag
from contract_tests.run.run import Run
from contract_tests.run.settings import read_settings
from contract_tests.run.stop import Code, Stop
from contract_tests.session.selection import WRITES
from contract_tests.session.session import Session
from contract_tests.session.writing import check_places
from contract_tests.target.api import Api

_SESSION = pytest.StashKey[Session]()
_NOT_SPREAD = (
    "one run is one account and cannot be spread over processes: start several runs side by side, each with a key, a "
    "--seed and a --ledger-dir of its own, and let them share what they find by --examples DIR."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the run's options from pytest's command line."""
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
    """Register the run: the one that `bitpeak-mock check` brings, else one of pytest's own options."""
    config.addinivalue_line("markers", "writes: creates, changes or deletes a handler.")
    config.addinivalue_line("markers", "spared(why): left out where each request counts.")
    config.addinivalue_line(
        "markers", "question(id): what the test expects is an answer to this open question."
    )
    brought = [plugin for plugin in config.pluginmanager.get_plugins() if isinstance(plugin, Session)]
    session = brought[0] if brought else _session(config)
    config.stash[_SESSION] = session
    prepare_generators(config, session.settings.seed, session.settings.examples)
    if session.settings.junit is not None:
        config.option.xmlpath = str(session.settings.junit)


def _check_alone(config: pytest.Config) -> None:
    if config.getoption("numprocesses", None):
        raise Stop(Code.USAGE, _NOT_SPREAD)


def _session(config: pytest.Config) -> Session:
    try:
        _check_alone(config)
        settings = read_settings({flag.key: config.getoption(_place(flag)) for flag in FLAGS})
        check_places(settings)
    except Stop as stop:
        pytest.exit(stop.sentence, returncode=stop.code)
    if not settings.color:
        config.option.color = "no"
    session = Session(settings)
    config.pluginmanager.register(session, "bitpeak-session")
    return session


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the report beneath pytest's own words."""
    outcome = config.stash[_SESSION].outcome
    if outcome is not None:
        terminalreporter.section("contract")
        terminalreporter.write_line(as_text(outcome, color=terminalreporter.hasmarkup))


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    opening = pytestconfig.stash[_SESSION].opening
    if opening is None:
        raise pytest.UsageError("the run has not been opened")
    return opening.run


@pytest.fixture(scope="session")
def api(run: Run) -> Api:
    return run.api


@pytest.fixture(scope="session")
def facts(run: Run) -> Facts:
    return run.facts


class Held:
    """The handlers of the suites' own, made anew after a test that failed: what it expected may not be so."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.own = Own(run)

    def begin(self) -> Own:
        """Begin a test."""
        self.own.api.begin()
        return self.own

    def renew(self) -> None:
        """Delete what there is and forget it; what does not go now is the guard's to delete."""
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
    yield held.begin()
    if pytestconfig.stash[_SESSION].has_failed(request.node.nodeid):
        held.renew()


@pytest.fixture
def own(reading: Own) -> Own:
    if not reading.run.can_write:
        pytest.skip(WRITES)
    return reading
