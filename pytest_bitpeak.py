"""The pytest plugin of bitpeak-mock: fixtures, the marker `bitpeak`, and flags.

pytest loads this module in every run. So it imports only pytest until a test asks for a mock. It has a name of its own,
so that a folder `mock_server` beside a project's tests does not disturb a run that uses no fixture.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pytest

if TYPE_CHECKING:
    from mock_server.client import Api, RunningMock
    from mock_server.pytest_plugin.run import PluginRun

Made = TypeVar("Made")

_RUN: pytest.StashKey[PluginRun] = pytest.StashKey()
_HAS_WORLD: pytest.StashKey[bool] = pytest.StashKey()  # of a test

# The packages of others that the mock needs in this process.
_NEEDED = ("click", "flask", "httptools", "jsonpath", "jsonschema_rs", "msgspec", "werkzeug", "yaml")

# The words of the marker: the types of their values, and how to call them.
_WORDS: Mapping[str, tuple[Any, str]] = {
    "seed": ((str, os.PathLike, Iterable), "a list of handlers or the name of a file"),
    "strict": (bool, "True or False"),
    "answers": (Mapping, "a mapping of questions to answers"),
    "faults": ((list, tuple), "a list of names of refusals, and of faults as mappings"),
}

# The scopes of shared worlds, from the narrowest.
_SCOPES = ("class", "module", "package", "session")

_MARKER = (
    "bitpeak(seed=…, strict=…, answers=…, faults=…): how the world of a test begins: handlers or a file of them, "
    "whether violations fail the test, answers to open questions, armed faults."
)

# The two measures of a suite, each with flags `--bitpeak-NAME`, `…-json` and `…-fail-under`: what they show, of what.
_MEASURES = {
    "cov": (
        "Show which behaviours of the API the tests exercised, and which not.",
        "behaviours were exercised",
    ),
    "sabotage": (
        "Run each test that passes again, once for each wrong response, and show which go unnoticed.",
        "breaking responses were noticed",
    ),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flags, and the setting `bitpeak_flags`."""
    add = parser.getgroup("bitpeak", "bitpeak-mock").addoption
    add("--bitpeak-url", metavar="URL", help="Use the mock that runs there, and start none.")
    add("--bitpeak-token", metavar="TOKEN", help="The control token of that mock.")
    where = (
        "Where failed tests leave their capsules, for `bitpeak-mock replay`.  [default: in pytest's cache]"
    )
    add("--bitpeak-capsules", metavar="DIR", help=where)
    for name, (shows, share) in _MEASURES.items():
        add(f"--bitpeak-{name}", action="store_const", const=True, help=shows)
        add(f"--bitpeak-{name}-json", metavar="FILE", help="Write that as JSON.")
        least = f"Fail if less than N percent of the {share}."
        add(f"--bitpeak-{name}-fail-under", metavar="N", type=float, help=least)
    flags = "Flags of `bitpeak-mock serve` for the mock of the tests."
    parser.addini("bitpeak_flags", flags, type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and prepare what the flags ask for."""
    config.addinivalue_line("markers", _MARKER)
    covers, sabotages = (_asks_for(config, name) for name in _MEASURES)
    if covers and sabotages:
        raise pytest.UsageError("--bitpeak-cov would count what --bitpeak-sabotage repeats. Use one of them.")
    if sabotages and config.getoption("usepdb", False):
        raise pytest.UsageError("--pdb would stop at each response of --bitpeak-sabotage. Use one of them.")
    if sabotages:
        config.pluginmanager.register(_run(config).saboteur, "bitpeak-sabotage")
    if covers:
        _run(config)


def _asks_for(config: pytest.Config, name: str) -> bool:
    flags = (f"bitpeak_{name}{end}" for end in ("", "_json", "_fail_under"))
    return any(config.getoption(flag) is not None for flag in flags)


def _run(config: pytest.Config) -> PluginRun:
    """Return what the plugin knows of this run. It is made when it is first needed."""
    run = config.stash.get(_RUN, None)
    if run is None:
        _check_import()
        with _explained():
            from mock_server.pytest_plugin.run import PluginRun

        run = config.stash[_RUN] = PluginRun(config)
    return run


def _check_import() -> None:
    """Raise pytest.UsageError if a file of the user's hides our package."""
    spec = find_spec("mock_server")
    found = spec and spec.origin
    if found and Path(found).parent != Path(__file__).with_name("mock_server"):
        raise pytest.UsageError(
            f"{found} hides the package 'mock_server' of bitpeak-mock. Rename it, or keep its folder out of sys.path: "
            "see pytest's --import-mode=importlib."
        )


@contextmanager
def _explained() -> Iterator[None]:
    """Raise pytest.UsageError in place of what fails since a file of the user's hides a module, as click.py does."""
    try:
        yield
    except (ImportError, AttributeError, TypeError, SyntaxError, SystemExit) as error:
        if hider := _hider():
            name = hider.parent.name if hider.stem == "__init__" else hider.stem
            raise pytest.UsageError(
                f"{hider} hides the module {name!r}, which bitpeak-mock needs. Rename it, or keep its folder out of "
                "sys.path: see pytest's --import-mode=importlib."
            ) from error
        raise


def _hider() -> Path | None:
    """Return a file of the user's that is found before the module of its name that the mock needs, if there is one."""
    for name in (*_NEEDED, *sys.stdlib_module_names):
        spec = PathFinder.find_spec(name)
        if spec is None or not spec.origin or {"site-packages", "dist-packages"} & {*Path(spec.origin).parts}:
            continue
        file = Path(spec.origin)
        folder = file.parents[1] if file.stem == "__init__" else file.parent
        others = [path for path in sys.path if Path(path or ".").resolve() != folder.resolve()]
        if PathFinder.find_spec(name, others) is not None:
            return file
    return None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist where to find the mock."""
    _run(node.config).invite(node.workerinput)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the results of a worker of xdist. A worker that crashed has none."""
    _run(node.config).hear_worker(getattr(node, "workeroutput", None) or {})


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Sum up, and stop the mock."""
    if (run := session.config.stash.get(_RUN, None)) is not None:
        run.finish(session)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show coverage or sabotage."""
    if (run := config.stash.get(_RUN, None)) is not None:
        run.write(terminalreporter)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the mock of a run that did not finish."""
    if (run := config.stash.get(_RUN, None)) is not None:
        run.close()


@pytest.fixture(scope="session")
def bitpeak_flags(pytestconfig: pytest.Config) -> list[str]:
    """Give the flags of `bitpeak-mock serve` for the mock of the tests. A conftest.py may override it."""
    flags: list[str] = pytestconfig.getini("bitpeak_flags")
    return flags


@pytest.fixture(scope="session")
def bitpeak_server(pytestconfig: pytest.Config, bitpeak_flags: list[str]) -> Iterator[RunningMock]:
    """Give the mock that all processes of the run share: `.url`, `.base_url`, `.info`, `.world()`."""
    with _run_for_test(pytestconfig).mock(bitpeak_flags) as mock:
        yield mock


@pytest.fixture(scope="session")
def bitpeak_app(pytestconfig: pytest.Config, bitpeak_flags: list[str]) -> RunningMock:
    """Give a mock in this process, without a socket."""
    run = _run_for_test(pytestconfig)
    return _or_fail(lambda: run.mock_in_process(bitpeak_flags))


@pytest.fixture
def bitpeak(request: pytest.FixtureRequest, bitpeak_server: RunningMock) -> Api:
    """Give a world that only this test sees: `.base_url`, `.api_key`, `.seed()`, `.fail()`, `.journal`."""
    return _own_world(request, bitpeak_server)


def _own_world(request: pytest.FixtureRequest, mock: RunningMock) -> Api:
    request.node.stash[_HAS_WORLD] = True
    return _run(request.config).world(mock, request.node, is_own=True)


def _shared(scope: Literal["class", "module", "package", "session"]) -> Any:
    """Return a fixture of a wider scope."""

    @pytest.fixture(scope=scope, name=f"bitpeak_{scope}")
    def world(request: pytest.FixtureRequest, bitpeak_server: RunningMock) -> Api:
        return _run(request.config).world(bitpeak_server, request.node)

    world.__doc__ = (
        f"Give a world that the tests of a {scope} share. A failed test shows what happened during it."
    )
    return world


bitpeak_class = _shared("class")
bitpeak_module = _shared("module")
bitpeak_package = _shared("package")
bitpeak_session = _shared("session")


@pytest.fixture
def bitpeak_in_process(request: pytest.FixtureRequest, bitpeak_app: RunningMock) -> Api:
    """Give the same without a socket. Give its `app` to `requests_adapter` or `httpx_transport`."""
    return _own_world(request, bitpeak_app)


def _run_for_test(config: pytest.Config) -> PluginRun:
    return _or_fail(lambda: _run(config))


def _or_fail(make: Callable[[], Made]) -> Made:
    """Make something, or fail the test with the sentence of the pytest.UsageError."""
    trouble = ""
    try:
        with _explained():
            return make()
    except pytest.UsageError as error:
        trouble = str(error)
    pytest.fail(trouble, pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forget the last test. Check the markers."""
    run = item.config.stash.get(_RUN, None)
    if run is not None and (trouble := run.watcher.begin_test()):
        pytest.fail(trouble, pytrace=False)
    for marker in item.iter_markers("bitpeak"):
        if trouble := _wrong_marker(marker):
            pytest.fail(f"@pytest.mark.bitpeak of {item.name}: {trouble}", pytrace=False)


def _wrong_marker(marker: pytest.Mark) -> str:
    """Return what is wrong with a marker, or an empty text."""
    if marker.args or set(marker.kwargs) - set(_WORDS):
        unknown = ", ".join(f"{word}=…" for word in marker.kwargs if word not in _WORDS)
        remedy = f"Remove {unknown}." if unknown else "Name each value."
        return f"It takes {', '.join(f'{word}=…' for word in _WORDS)} and nothing else. {remedy}"
    for word, (types, right) in _WORDS.items():
        value = marker.kwargs.get(word, ())
        if word in marker.kwargs and not isinstance(value, types):
            return f"{word}={value!r:.60} is not {right}."
    return ""


def _idle_marker(item: pytest.Item) -> str:
    """Return a sentence on a marker without effect, or an empty text."""
    names: Collection[str] = getattr(item, "fixturenames", ())
    if item.stash.get(_HAS_WORLD, False):
        return ""
    shared = [scope for scope in _SCOPES if f"bitpeak_{scope}" in names]
    for node, _ in item.iter_markers_with_node("bitpeak"):
        kinds: tuple[type[object], ...] = (pytest.Class, pytest.Module, pytest.Package)
        width = next((at for at, kind in enumerate(kinds) if isinstance(node, kind)), len(kinds))
        if node is item:
            return (
                f"@pytest.mark.bitpeak of {item.name} has no effect, since the test has no world of its own. "
                "Use the fixture `bitpeak`, or mark the class or module that shares a world."
            )
        if shared and all(_SCOPES.index(scope) > width for scope in shared):
            return (
                f"@pytest.mark.bitpeak of {node.name} has no effect on the world of `bitpeak_{shared[0]}`, "
                f"which is shared more widely. Use `bitpeak` or `bitpeak_{_SCOPES[width]}`."
            )
    return ""


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test whose mock broke its own document, and a strict test that violated the API's."""
    run = item.config.stash.get(_RUN, None)
    try:
        with nullcontext() if run is None else run.watcher.limit():
            yield
    except BaseException as error:
        if sentence := _complaint(item):
            error.add_note(sentence)
        raise
    if sentence := _complaint(item) or _idle_marker(item):
        pytest.fail(sentence, pytrace=False)


def _complaint(item: pytest.Item) -> str:
    run = item.config.stash.get(_RUN, None)  # the body of the test may have asked for the first mock
    return "" if run is None else run.watcher.complaint()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the journal to the report of a failure, and leave a capsule."""
    report = yield
    if (run := item.config.stash.get(_RUN, None)) is not None:
        run.hear_report(item, report)
    return report
