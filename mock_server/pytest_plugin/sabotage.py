"""Sabotage: runs a passed test again for each wrong response to its calls, to see whether it notices."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

# What other plugins use to run a test again. It has no public name.
from _pytest.runner import runtestprotocol

from mock_server.cli.terminal import table
from mock_server.client.vocabulary import StateRecord
from mock_server.pytest_plugin.coverage import SuiteMeasure
from mock_server.pytest_plugin.watching import Tampering, Watcher, WorldHistory
from mock_server.state.faults import places

if TYPE_CHECKING:
    from mock_server.document import Object

# A test also notices a wrong response if it takes more than five times its usual time and these seconds.
_PATIENCE = 2.0
_TIMES = 5

# The changes in the order of the table's columns.
_CHANGES = ("missing", "renamed", "null", "value", "extra")
# Instead of a change: a test that failed when it ran again without a change.
_UNCHANGED = "unchanged"
_NAMES = 3  # tests that a row of the table names

# Wrong values by type. The first one whose type the schema does not allow is used.
_OTHERS: Mapping[str, Any] = {"string": "bitpeak-mock", "integer": 4055}
_ADDED = "bitpeak-mock"
_EVERY = "*"


class ResponseField(NamedTuple):
    """A place in a response: a pointer by RFC 6901, with `*` for any item of an array."""

    pointer: str
    types: frozenset[str]
    required: bool


class WrongResponse(NamedTuple):
    """A wrong response. `order` arms it as a fault; `breaking`: the document does not allow it."""

    operation: str
    field: str
    change: str
    breaking: bool
    order: Mapping[str, Any]


class ResponseSchemas:
    """The fields of the successful responses of each operation, read from the effective document in YAML."""

    def __init__(self, document: str) -> None:
        # Late: a run without sabotage reads no document.
        from mock_server.contract import Schemas
        from mock_server.document import operations_in, read_text

        data = read_text(document, "openapi.yaml")
        self._resolved = Schemas(data).resolve
        self._fields = {operation["operationId"]: self._read(operation) for operation in operations_in(data)}

    def wrong(self, operation: str, function: str, body: Any) -> Iterator[WrongResponse]:
        """Yield the wrong responses for a response. Faults name its operation by `function`."""
        for field in self._fields[operation]:
            for container, key in islice(places({"": body}, field.pointer), 1):
                yield from _changed(function, field, container[key])
        yield WrongResponse(function, "", "outage", True, {"status": 503})
        yield WrongResponse(function, "", "truncated", True, {"wire": "truncate"})

    def _read(self, operation: Mapping[str, Any]) -> list[ResponseField]:
        fields: dict[str, ResponseField] = {}
        for status, response in operation["responses"].items():
            content = self._resolved(response).get("content", {})
            if str(status).startswith("2"):
                for media in content.values():
                    for field in self._walk(media["schema"], "", required=True):
                        known = fields.get(field.pointer, field)
                        types, required = known.types | field.types, known.required or field.required
                        fields[field.pointer] = ResponseField(field.pointer, types, required)
        return list(fields.values())

    def _walk(self, schema: Object, pointer: str, *, required: bool) -> Iterator[ResponseField]:
        schema = self._resolved(schema)
        types = schema.get("type", ())
        if types or "properties" in schema:
            yield ResponseField(pointer, frozenset([types] if isinstance(types, str) else types), required)
        for name, below in schema.get("properties", {}).items():
            step = name.replace("~", "~0").replace("/", "~1")
            yield from self._walk(below, f"{pointer}/{step}", required=name in schema.get("required", ()))
        if "items" in schema:
            yield from self._walk(schema["items"], f"{pointer}/{_EVERY}", required=False)
        for word in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(word, ()):
                yield from self._walk(branch, pointer, required=False)
        if "then" in schema:
            yield from self._walk(schema["then"], pointer, required=False)


def _changed(function: str, field: ResponseField, value: Any) -> Iterator[WrongResponse]:
    """Yield the wrong responses for one field. What the document allows is not wrong."""

    def wrong(change: str, *, breaking: bool = True, **more: Any) -> WrongResponse:
        order = {"mutation": {"pointer": field.pointer, "change": change, **more}}
        return WrongResponse(function, field.pointer, change, breaking, order)

    if field.pointer and field.required:
        yield wrong("missing")
        yield wrong("renamed")
    if field.pointer and field.types and not field.pointer.endswith(_EVERY):
        if "null" not in field.types:
            yield wrong("null")
        yield wrong("value", value=_retyped(field.types, value))
    if isinstance(value, dict):
        yield wrong("extra", breaking=False, value=_ADDED)


def _retyped(types: frozenset[str], value: Any) -> Any:
    """Return a value of another type: the same value as a text, if texts are not allowed."""
    if "string" not in types and isinstance(value, (bool, int)):
        return str(value).lower()
    return next(other for name, other in _OTHERS.items() if name not in types)


class SabotageTrial(NamedTuple):
    """One test under one wrong response."""

    operation: str
    field: str
    change: str
    breaking: bool
    test: str
    noticed: bool


class Saboteur(SuiteMeasure):
    """Runs the trials, and reports their results."""

    name = "sabotage"

    def __init__(self, config: pytest.Config, watcher: Watcher) -> None:
        super().__init__(config)
        self._config = config
        self._watcher = watcher
        self._schemas: dict[str, ResponseSchemas] = {}
        self._states: dict[WorldHistory, StateRecord] = {}
        self.trials: list[SabotageTrial] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Note the world of a fixture of a wider scope."""
        __tracebackhide__ = True  # hidden in the report of a failed fixture
        done = yield
        if fixturedef.scope != "function":
            self._watcher.shared_is_ready()
        return done

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Run a test, and if it passed run it again with wrong responses."""
        started = time.monotonic()
        done = yield
        if self._watcher.passed and not item.session.shouldstop:
            self._try(item, nextitem, time.monotonic() - started)
        return done

    def _try(self, item: pytest.Item, nextitem: pytest.Item | None, seconds: float) -> None:
        """Run a test that passed in this time with each wrong response, if it passes again without any."""
        wrong_responses = self._wrong_responses()
        shared = [world for world in self._watcher.worlds if not world.is_over]
        self._states = {world: world.shared_state or world.state for world in shared}
        after = {world: world.control("GET", "/state") for world in shared}
        with _quiet(), _briefly(self._config), self._put_back(after):
            if wrong_responses and self._fails(item, item.parent, None, seconds):
                self.trials.append(SabotageTrial("", "", _UNCHANGED, False, item.nodeid, True))
                self._fails(item, nextitem, None, seconds)  # for what it tears down
                return
            for world in self._watcher.worlds:
                if not world.is_over:  # this trial has opened a shared world, whose last user was the test
                    self._states.setdefault(world, world.shared_state or world.state)
            for number, wrong in enumerate(wrong_responses, 1):
                self._show(f"sabotage of {item.name}: wrong response {number} of {len(wrong_responses)}")
                # Only after the last trial, fixtures of wider scopes are torn down as after the first run.
                following: Any = nextitem if number == len(wrong_responses) else item.parent
                noticed = self._fails(item, following, wrong, seconds)
                self.trials.append(SabotageTrial(*wrong[:4], item.nodeid, noticed))
        self._show("")

    @contextmanager
    def _put_back(self, states: Mapping[WorldHistory, StateRecord]) -> Iterator[None]:
        """Leave the shared worlds as the test left them the first time."""
        try:
            yield
        finally:
            for world, state in states.items():
                world.control("PUT", "/state", state)

    def add(self, trials: Iterable[Sequence[Any]]) -> None:
        """Take the trials of a worker of xdist."""
        self.trials += [SabotageTrial(*trial) for trial in trials]

    @property
    def percent(self) -> float:
        """The share of the breaking responses that some test noticed."""
        noticed, tried = self._share(breaking=True)
        return 100.0 * noticed / tried if tried else 0.0

    def facts(self) -> dict[str, Any]:
        """Return all results, for programs."""
        noticed, breaking = self._share(breaking=True)
        disturbed, additions = self._share(breaking=False)
        mutants = [
            {
                "operation": operation,
                "field": field,
                "change": change,
                "breaking": trials[0].breaking,
                "noticed_by": [trial.test for trial in trials if trial.noticed],
                "unnoticed_by": [trial.test for trial in trials if not trial.noticed],
            }
            for (operation, field, change), trials in self._by_response().items()
        ]
        return {
            "mutants": mutants,
            "breaking": breaking,
            "noticed": noticed,
            "percent": round(self.percent, 1),
            "additions": additions,
            "tolerated": additions - disturbed,
            "not_repeatable": self._not_repeatable(),
        }

    def write(self, terminal: pytest.TerminalReporter) -> None:
        """Show a row for each field."""
        terminal.section("bitpeak-mock: wrong responses, and which tests notice them")
        if not self._by_response():
            terminal.line("none was tried: no test that passed had a response of a mock")
        else:
            facts = self.facts()
            head = ("OPERATION", "FIELD", *(change.upper() for change in _CHANGES), "TESTS THAT DEPEND ON IT")
            terminal.line(table(head, self._rows()))
            terminal.line("")
            terminal.line(
                "x noticed   . unnoticed   ok tolerated   FAILS not tolerated   - allowed, so not tried"
            )
            terminal.line(
                f"{facts['noticed']} of {facts['breaking']} breaking responses noticed, {self.percent:.1f} %; "
                f"{facts['tolerated']} of {facts['additions']} additions tolerated"
            )
        for test in self._not_repeatable():
            terminal.line(f"left out, because it fails if it runs twice without a change: {test}")
        super().write(terminal)

    def _wrong_responses(self) -> list[WrongResponse]:
        """Return the wrong responses for all responses of the test, each once."""
        found: dict[tuple[str, str, str], WrongResponse] = {}
        for world in self._watcher.worlds:
            functions = {each["id"]: each["counted_as"] for each in world.mock.info["operations"]}
            schemas = self._schemas_of(world)
            for call in world.calls:
                body = call.response.body
                if call.operation is None or call.refusal or not body:
                    continue
                for wrong in schemas.wrong(call.operation, functions[call.operation], json.loads(body)):
                    found.setdefault(wrong[:3], wrong)
        return list(found.values())

    def _schemas_of(self, world: WorldHistory) -> ResponseSchemas:
        """Return the schemas of a world's document. It depends on the answers to its open questions."""
        varied = json.dumps(world.control("GET", "/state")["answers"], sort_keys=True)
        if varied not in self._schemas:
            self._schemas[varied] = ResponseSchemas(str(world.control("GET", "/openapi.yaml")))
        return self._schemas[varied]

    def _fails(self, item: pytest.Item, following: Any, wrong: WrongResponse | None, seconds: float) -> bool:
        order = wrong and {**wrong.order, "operation": wrong.operation, "times": None}
        self._watcher.tampering = Tampering(order, _PATIENCE + _TIMES * seconds, self._states)
        try:
            reports = runtestprotocol(item, log=False, nextitem=following)
        finally:
            self._watcher.tampering = None
        return any(report.failed for report in reports)

    def _show(self, progress: str) -> None:
        """Show the progress on a terminal, in a line that is overwritten. An empty text removes it."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and terminal.isatty and not hasattr(self._config, "workerinput"):
            terminal.ensure_newline()
            terminal.rewrite(progress, erase=True)
            if not progress:
                terminal.rewrite("")

    def _not_repeatable(self) -> list[str]:
        return sorted({trial.test for trial in self.trials if trial.change == _UNCHANGED})

    def _rows(self) -> Iterator[tuple[str, ...]]:
        by_response = self._by_response()
        for operation, field in dict.fromkeys((operation, field) for operation, field, _ in by_response):
            cells = [_cell(by_response.get((operation, field, change), [])) for change in _CHANGES]
            tests = self._dependent(operation, field, _CHANGES)
            yield operation, field or "(the whole)", *cells, tests
        for (operation, field, change), trials in by_response.items():
            if change not in _CHANGES:
                blank = [""] * (len(_CHANGES) - 1)
                yield (
                    operation,
                    f"({change})",
                    _cell(trials),
                    *blank,
                    self._dependent(operation, field, [change]),
                )

    def _dependent(self, operation: str, field: str, changes: Sequence[str]) -> str:
        names = dict.fromkeys(
            trial.test.rpartition("::")[2]
            for (o, f, change), trials in self._by_response().items()
            for trial in trials
            if (o, f) == (operation, field) and change in changes and trial.breaking and trial.noticed
        )
        shown = ", ".join(list(names)[:_NAMES])
        return f"{shown} and {len(names) - _NAMES} more" if len(names) > _NAMES else shown

    def _by_response(self) -> dict[tuple[str, str, str], list[SabotageTrial]]:
        """Return the trials by what was wrong, in an order that does not depend on which ran first."""
        found: dict[tuple[str, str, str], list[SabotageTrial]] = {}
        for trial in sorted(trial for trial in self.trials if trial.change != _UNCHANGED):
            found.setdefault((trial.operation, trial.field, trial.change), []).append(trial)
        return found

    def _share(self, *, breaking: bool) -> tuple[int, int]:
        every = [trials for trials in self._by_response().values() if trials[0].breaking == breaking]
        return sum(any(trial.noticed for trial in trials) for trials in every), len(every)


def _cell(trials: list[SabotageTrial]) -> str:
    if not trials:
        return "-"
    noticed = any(trial.noticed for trial in trials)
    if trials[0].breaking:
        return "x" if noticed else "."
    return "FAILS" if noticed else "ok"


@contextmanager
def _briefly(config: pytest.Config) -> Iterator[None]:
    """Leave the source out of hidden reports, because finding it takes longer than the test."""
    style, config.option.tbstyle = config.option.tbstyle, "value"
    try:
        yield
    finally:
        config.option.tbstyle = style


@contextmanager
def _quiet() -> Iterator[None]:
    """Ignore what failed trials leave behind, such as open sockets, so that the next test is not blamed."""
    names = ("last_type", "last_value", "last_traceback", "last_exc")
    last = {name: getattr(sys, name) for name in names if hasattr(sys, name)}
    hook = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    try:
        yield
    finally:
        for name in names:
            if hasattr(sys, name):
                delattr(sys, name)
        for name, value in last.items():
            setattr(sys, name, value)
        gc.collect()
        sys.unraisablehook = hook
