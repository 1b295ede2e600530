"""The pytest plugin.

pytest loads this module in every run, so that it imports nothing but pytest until a test asks for a mock.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.pytest_plugin.options import COVERAGE, MARKER, SABOTAGE, add_options

if TYPE_CHECKING:
    from mock_server.client import Api, Mock
    from mock_server.pytest_plugin.recorder import Recorder
    from mock_server.pytest_plugin.run import Run

_RUN: pytest.StashKey[Run] = pytest.StashKey()
_RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flags."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker; begin what the flags ask for."""
    config.addinivalue_line("markers", MARKER)
    if _asked(config, SABOTAGE):
        if _asked(config, COVERAGE):
            raise pytest.UsageError("--bitpeak-cov would count what --bitpeak-sabotage repeats: choose one.")
        if config.getoption("usepdb", False):
            raise pytest.UsageError(
                "--pdb would stop at each wrong answer of --bitpeak-sabotage: choose one."
            )
    if _asked(config, (*COVERAGE, *SABOTAGE)):
        _run(config)


def _asked(config: pytest.Config, names: tuple[str, ...]) -> bool:
    return any(config.getoption(name) is not None for name in names)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist where the mock of the run is met."""
    _run(node.config).invite(node.workerinput)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear what a worker of xdist has seen, unless it crashed."""
    _run(node.config).hear_worker(getattr(node, "workeroutput", None) or {})


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Sum up, and end the mock."""
    if (run := session.config.stash.get(_RUN, None)) is not None:
        run.finish(session)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show what was asked for."""
    if (run := config.stash.get(_RUN, None)) is not None:
        run.write(terminalreporter)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the mock of a run that did not get to its end."""
    if (run := config.stash.get(_RUN, None)) is not None:
        run.close()


def _run(config: pytest.Config) -> Run:
    """Return what the plugin knows of this run; it is made when it is first needed."""
    run = config.stash.get(_RUN, None)
    if run is None:
        from mock_server.pytest_plugin.run import Run

        run = config.stash[_RUN] = Run(config)
    return run


@pytest.fixture(scope="session")
def bitpeak_flags(pytestconfig: pytest.Config) -> list[str]:
    """Give the flags of `bitpeak-mock serve` for the mock of the tests; a conftest.py may override it."""
    flags: list[str] = pytestconfig.getini("bitpeak_flags")
    return flags


@pytest.fixture(scope="session")
def bitpeak_server(pytestconfig: pytest.Config, bitpeak_flags: list[str]) -> Iterator[Mock]:
    """Give the one mock of the run, whichever process started it: `.url`, `.base_url`, `.info`, `.world()`."""
    with _run(pytestconfig).mock(bitpeak_flags) as mock:
        yield mock


@pytest.fixture(scope="session")
def bitpeak_app(pytestconfig: pytest.Config, bitpeak_flags: list[str]) -> Mock:
    """Give a mock in this very process, without a socket."""
    return _run(pytestconfig).mock_in_process(bitpeak_flags)


@pytest.fixture
def bitpeak(request: pytest.FixtureRequest, bitpeak_server: Mock) -> Api:
    """Give the API as a user of this test alone has it: `.base_url`, `.api_key`, `.seed()`, `.fail()`, `.journal`."""
    return _world(request, bitpeak_server)


@pytest.fixture
def bitpeak_in_process(request: pytest.FixtureRequest, bitpeak_app: Mock) -> Api:
    """Give the same without a socket, for a client with `requests_adapter(….app)` or `httpx_transport(….app)`."""
    return _world(request, bitpeak_app)


def _world(request: pytest.FixtureRequest, mock: Mock) -> Api:
    from mock_server.pytest_plugin.arrangement import arrange

    stash = request.node.stash
    if _RECORDER not in stash:
        stash[_RECORDER] = _run(request.config).recorder()
    api = mock.world(watcher=stash[_RECORDER])
    arrange(api, request.node)
    return api


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forget what was recorded of the test when it ran before, if it did."""
    if _RECORDER in item.stash:
        del item.stash[_RECORDER]


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test whose mock broke its own document, and a strict one that violated the API's."""
    recorder = item.stash.get(_RECORDER, None)
    try:
        with nullcontext() if recorder is None else recorder.limit():
            yield
    except BaseException as error:
        if sentence := _complaint(item):
            error.add_note(sentence)
        raise
    if sentence := _complaint(item):
        pytest.fail(sentence, pytrace=False)


def _complaint(item: pytest.Item) -> str:
    recorder = item.stash.get(_RECORDER, None)  # the test itself may have asked for a mock
    return "" if recorder is None else recorder.complaint()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the journal to the report of a failure, and leave a capsule."""
    report = yield
    if (recorder := item.stash.get(_RECORDER, None)) is not None:
        _run(item.config).heard(item, recorder, report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Run the test; then, where sabotage was asked for, again with wrong answers."""
    if not _asked(item.config, SABOTAGE):
        return (yield)
    started = time.monotonic()
    done = yield
    recorder = item.stash.get(_RECORDER, None)
    if recorder is not None and recorder.passed and not item.session.shouldstop:
        _run(item.config).saboteur.run(item, nextitem, recorder, time.monotonic() - started)
    return done
