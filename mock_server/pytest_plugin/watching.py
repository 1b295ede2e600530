"""Watches the worlds of a test, and writes the report of a failure."""

from __future__ import annotations

import re
import signal
import threading
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import pytest

from mock_server.capsule import Capsule, CapsuleStep, CapsuleWorld
from mock_server.cli.terminal import clean, remark_lines
from mock_server.client.control import ControlError, Unreachable, Violated, WentWrong
from mock_server.client.journal import Call, read_journal
from mock_server.client.vocabulary import StateRecord
from mock_server.client.world import Api, RunningMock, WorldChange, check

# Steps, kinds of refused requests, and letters of a body that a report shows. The capsule has all steps.
_STEPS = 40
_KINDS = 5
_LETTERS = 300


# How the sentence of a missed mutation begins.
_FAULT = re.compile(r"The fault (\d+) ")


class WorldHistory:
    """What happened in one world during a test: its first state, then changes and calls in order.

    A world that a fixture of a wider scope or another object holds is watched in later tests, too.
    `is_own`: it belongs to the test that opened it; `is_new`: it was opened during this test.
    """

    def __init__(self, api: Api, *, is_unused: bool) -> None:
        self.mock = api.mock
        self.key = api.api_key
        self.page = api.page
        self.apis = weakref.WeakSet([api])
        self.is_own = False
        self._last = self._violated = self._defects = 0  # what the journal said the last time
        self._state: StateRecord | None = None
        self.shared_state: StateRecord | None = None  # what fixtures of a wider scope made of it
        self.is_new = True
        self.forget()
        if not is_unused:
            self._look()

    def begin(self) -> None:
        """Begin a test with the present world."""
        self.is_new = False
        self._look()

    def _look(self) -> None:
        """Take the present state as the first one."""
        self.catch_up()  # what came before the test does not concern it
        self.forget()
        self._state = self.shared_state = self.control("GET", "/state")

    @property
    def state(self) -> StateRecord:
        """The first state. For an unused world, it is read now from a new one, since most tests never need it."""
        if self._state is None:
            state = self._state = self.mock.channel.control("GET", "/state", key=self.mock.new_key())
            if self.steps and isinstance(self.steps[0], Call):
                state["clock"]["now"] = self.steps[0].record["time"]
        return self._state

    def forget(self) -> None:
        """Forget all that was noted."""
        self.steps: list[CapsuleStep] = []
        self.violated = self.defects = 0

    @property
    def is_over(self) -> bool:
        """Whether no later test can use the world."""
        return self.is_own or not self.apis

    def control(self, method: str, path: str, body: Any = None, /, **query: Any) -> Any:
        """Send a control request about this world, and note nothing."""
        return self.mock.channel.control(method, path, body, key=self.key, **query)

    def catch_up(self) -> int:
        """Note new calls, and count violations and defects, including those of forgotten calls.

        Return the number of the latest request that reached no world.
        """
        page = read_journal(self.mock.channel, self._last, key=self.key)
        self.steps += page.calls
        if page.last < self._last:  # the world was reset
            self._violated = self._defects = 0
        self.violated += page.violated - self._violated
        self.defects += page.defects - self._defects
        self._last, self._violated, self._defects = page.last, page.violated, page.defects
        return page.lobby

    def note(self, change: WorldChange) -> None:
        """Note a change that was made."""
        self.steps.append(change)
        if change.path == "/reset":
            self._last = self._violated = self._defects = 0

    @property
    def calls(self) -> list[Call]:
        """The calls, oldest first."""
        return [step for step in self.steps if isinstance(step, Call)]

    def missed(self) -> str:
        """Return a sentence on a fault that found nothing to change in any response, or an empty text."""
        remarks = {
            int(_FAULT.match(each["sentence"])[1]): each["sentence"]  # type: ignore[index]
            for call in self.calls
            for each in call.record["violations"]
            if each["code"] == "mutation-missed"
        }
        if not remarks:
            return ""
        struck = {fault["id"] for fault in self.control("GET", "/faults")["faults"] if fault["hits"]}
        struck |= {call.fault for call in self.calls}
        return next((f"{remarks[each]} Correct its pointer." for each in remarks.keys() - struck), "")

    @property
    def accepted(self) -> set[Call]:
        """The calls whose violations the test accepts."""
        return {call for api in self.apis for call in api.journal.accepted}

    @property
    def strict(self) -> bool:
        """Whether violations are refused in this world."""
        return bool(self.control("GET", "/rules")["strict"])


class Tampering:
    """Makes responses wrong while a test runs again, by a fault in each of its worlds after the test's own faults.

    `order` is the fault, or None. `seconds`: the time that the body of the test may take. `states`: the first states
    of its shared worlds.
    """

    def __init__(
        self, order: Mapping[str, Any] | None, seconds: float, states: Mapping[WorldHistory, StateRecord]
    ) -> None:
        self._order = order
        self._seconds = seconds
        self._states = states
        self._armed: dict[WorldHistory, int] = {}

    def restore(self, world: WorldHistory) -> None:
        """Put a shared world in its first state."""
        if world in self._states:
            world.control("PUT", "/state", self._states[world])
        self.arm(world)

    def arm(self, world: WorldHistory) -> None:
        """Arm the fault, or arm it again after new faults of the test."""
        if self._order is None:
            return
        former = self._armed.pop(world, None)
        if former in {fault["id"] for fault in world.control("GET", "/faults")["faults"]}:
            world.control("DELETE", "/faults", id=former)
        self._armed[world] = world.control("POST", "/faults", self._order)["id"]

    @contextmanager
    def limit(self) -> Iterator[None]:
        """Fail the test if its body takes too long. This needs alarms and the main thread."""
        if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
            yield
            return

        def ring(_number: int, _frame: FrameType | None) -> None:
            pytest.fail("A wrong response kept the test busy for too long.", pytrace=False)

        before = signal.signal(signal.SIGALRM, ring)
        # Repeated, as the test may catch what is raised.
        signal.setitimer(signal.ITIMER_REAL, self._seconds, 0.5)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


class Watcher:
    """Watches the worlds that a test takes, and the requests that reach no world meanwhile."""

    def __init__(self) -> None:
        self.worlds: list[WorldHistory] = []
        self.refused: list[Call] = []
        self.passed = False
        self.tampering: Tampering | None = None
        # The last call that was read of each mock's lobby, and the last one before the next test.
        self._lobbies: dict[RunningMock, int] = {}
        self._next: dict[RunningMock, int] = {}

    def begin_test(self) -> str:
        """Forget the last test, but go on to watch worlds that outlive it. Return an error, or an empty text."""
        self.refused, self.passed = [], False
        self._lobbies |= self._next
        self.worlds = [world for world in self.worlds if not world.is_over]
        try:
            for world in self.worlds:
                if self.tampering is not None:
                    self.tampering.restore(world)
                world.begin()
        except (ControlError, Unreachable) as error:
            self.worlds = []
            return str(error)
        return ""

    def shared_is_ready(self) -> None:
        """Note that a fixture of a wider scope is ready, so that sabotage can go back to this state."""
        for world in self.worlds:
            if not world.is_own:
                world.shared_state = world.control("GET", "/state")

    def own(self, api: Api) -> None:
        """Note that a world belongs to the test that runs now."""
        self._of(api).is_own = True

    def opened(self, api: Api, *, is_new: bool) -> None:
        """Begin to watch a world."""
        for world in self.worlds:
            if (world.mock, world.key) == (api.mock, api.api_key):
                world.apis.add(api)
                return
        if api.mock not in self._lobbies:
            self._news(api.mock)  # requests before the run do not concern it
        self.worlds.append(WorldHistory(api, is_unused=is_new))
        if self.tampering is not None:
            self.tampering.arm(self.worlds[-1])

    @contextmanager
    def changing(self, api: Api, change: WorldChange) -> Iterator[None]:
        """Note the calls before a change, and then the change."""
        world = self._of(api)
        world.catch_up()
        yield
        world.note(change)
        if self.tampering is not None and change.path in {"/faults", "/state", "/reset"}:
            self.tampering.arm(world)

    def look_around(self) -> None:
        """Note new calls, and new requests that reached no world. Raises ControlError, Unreachable."""
        for world in self.worlds:
            world.catch_up()
        for mock in self._mocks():
            self.refused += self._news(mock)

    def concerned(self) -> list[WorldHistory]:
        """Return the worlds that the test opened or used, else all that it could have used."""
        return [world for world in self.worlds if world.is_new or world.steps] or self.worlds

    def limit(self) -> AbstractContextManager[None]:
        """Return the context in which the body of the test runs."""
        return nullcontext() if self.tampering is None else self.tampering.limit()

    def complaint(self) -> str:
        """Return a sentence on a defect, or on a violation in a strict world, or an empty text."""
        try:
            for world in self.worlds:
                self._next[world.mock] = world.catch_up()
                violated = world.violated if world.violated and world.strict else 0
                check(world.calls, violated, world.defects, world.accepted)
                if self.tampering is None and (missed := world.missed()):
                    return missed
        except (WentWrong, Violated, ControlError, Unreachable) as error:
            return str(error)
        return ""

    def _mocks(self) -> list[RunningMock]:
        return list(dict.fromkeys(world.mock for world in self.worlds))

    def _news(self, mock: RunningMock) -> list[Call]:
        """Return the requests that reached no world of a mock since the last time."""
        page = read_journal(mock.channel, self._lobbies.get(mock, 0), lobby=True)
        self._lobbies[mock] = self._next[mock] = page.last
        return page.calls

    def _of(self, api: Api) -> WorldHistory:
        return next(world for world in self.worlds if api in world.apis)


def write_capsule(
    item: pytest.Item, watcher: Watcher, report: pytest.TestReport, flags: Mapping[str, Sequence[str]]
) -> Path | None:
    """Write the capsule of a failed test, and return its path, or None if there is nothing to write or it fails.

    `flags` are those of `serve` by the URL of the mock.
    """
    if not any(world.steps for world in watcher.worlds):
        return None
    mock = watcher.worlds[0].mock
    worlds = [CapsuleWorld(world.state, world.steps) for world in watcher.concerned()]
    failure = report.longreprtext
    for world in watcher.worlds:  # a value that the report shows may name its key, which a file must not have
        failure = failure.replace(world.key, f"{world.key[:9]}…")
    capsule = Capsule(item.nodeid, failure, mock.info, flags.get(mock.url, ()), worlds)
    name = re.sub(r"[^\w.-]+", "-", item.nodeid)[-100:].strip("-")
    path = _capsules(item.config) / f"{name}-{sha256(item.nodeid.encode()).hexdigest()[:8]}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        capsule.write(path)
    except OSError as error:
        report.sections.append(("bitpeak-mock", f"Cannot write the capsule {path}: {error.strerror}."))
        return None
    return path


def _capsules(config: pytest.Config) -> Path:
    given: str | None = config.getoption("bitpeak_capsules")
    if given is not None:
        return Path(config.invocation_params.dir, given)
    cache = getattr(config, "cache", None)
    return Path(cache.mkdir("bitpeak")) if cache is not None else config.rootpath / ".bitpeak"


def write_section(watcher: Watcher, capsule: Path | None, *, shared: bool, stays: bool) -> str:
    """Return a readable text on what happened in the worlds of a test.

    `shared`: other tests may use the mock at the same time; `stays`: it runs on, so its page can be opened.
    """
    lines: list[str] = []
    worlds = watcher.concerned()
    for number, world in enumerate(worlds, 1):
        if len(worlds) > 1:
            lines.append(f"world {number}")
        if (left_out := len(world.steps) - _STEPS) > 0:
            lines.append(f"… {left_out} before these")
        for step in world.steps[-_STEPS:]:
            lines += _step_lines(step)
        if not world.steps:
            lines.append(f"nothing: no request with this test's key reached the mock{_proxy(world.mock.url)}")
        lines.append(f"key: {world.key}" + (f", page: {world.page}" if stays else ""))
    over_socket = any(world.mock.channel.app is None for world in watcher.worlds)
    lines += _refused_lines(watcher.refused, shared=shared and over_socket)
    if capsule is not None:
        lines.append(f"again: bitpeak-mock replay {capsule}")
    return "\n".join(lines)


def _proxy(url: str) -> str:
    """Name a proxy that may have got the requests to a mock."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy is None or proxy_bypass(parts.netloc):
        return ""
    return f". {parts.scheme}_proxy is {proxy}, which may have got them: set no_proxy={parts.hostname}"


def _step_lines(step: CapsuleStep) -> Iterator[str]:
    if isinstance(step, WorldChange):
        yield f"  · {step.method} {step.path} {_cut(str(step.body or ''))}".rstrip()
        return
    # The name of an outage tells that its status is not in the document.
    beyond = " and ".join(name for name in step.beyond if name != "status")
    told = f": {step.wire}" if step.wire else f": {beyond} beyond the document" if beyond else ""
    fault = "" if step.fault is None else f" (fault {step.fault}{told})"
    yield f"{step.number:3} {step.time:%H:%M:%S} {_call_line(step)}{fault}"
    form = " ".join(f"{name}={value!r}" for name, value in step.request.form.items())
    if sent := form or step.request.text:
        yield f"      > {_cut(sent)}"
    if step.response.text:
        yield f"      < {_cut(step.response.text)}"
    yield from (f"      {line}" for line in remark_lines(step.remarks, step.hint, step.defect))


def _refused_lines(refused: Sequence[Call], *, shared: bool) -> Iterator[str]:
    """Yield lines on requests that reached no world, because their key was wrong: no test's journal has them."""
    if not refused:
        return
    count = "1 request was" if len(refused) == 1 else f"{len(refused)} requests were"
    whose = ", of this test or of others that use the mock" if shared else ""
    yield f"meanwhile {count} refused before any world was reached{whose}:"
    kinds = Counter((_call_line(call), call.response.text or "", call.hint) for call in refused)
    for (line, text, hint), times in kinds.most_common(_KINDS):
        yield f"{times:3} × {line}"
        yield f"      < {_cut(text)}"
        if hint:
            yield f"      ? {clean(hint)}"
    if len(kinds) > _KINDS:
        yield f"… and {len(kinds) - _KINDS} other kinds"


def _call_line(call: Call) -> str:
    words = (call.method, call.target, call.status, call.refusal or call.operation or "")
    return clean(" ".join(map(str, words))).rstrip()


def _cut(text: str) -> str:
    return clean(text if len(text) <= _LETTERS else f"{text[:_LETTERS]}…")
