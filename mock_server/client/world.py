"""One world of a mock: what a test seeds, breaks and asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Never, Protocol, Unpack

from mock_server.client.channel import Said
from mock_server.client.errors import Violated, WentWrong
from mock_server.client.exchange import Exchange
from mock_server.client.journal import Journal, Mark, remembered
from mock_server.client.orders import FaultWords, QuotaWords
from mock_server.client.writing import read_moment, write_duration, write_latency, write_moment

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from mock_server.client.mock import Mock

State = Mapping[str, Any]


class Change(NamedTuple):
    """A control request that changes a world."""

    method: str
    path: str
    body: Any = None


class Watcher(Protocol):
    """Hears of each world that a test takes, and of each change that it makes, before and after it."""

    def opened(self, api: Api) -> None:
        """Hear of a world, before anything happens in it."""

    def before(self, api: Api, change: Change) -> None:
        """Hear of a change to come."""

    def after(self, api: Api, change: Change) -> None:
        """Hear of a change that was made."""


class Api:
    """The API as one user has it. Made by `Mock.world`; `app` is the mock where it is in this process, else None."""

    # So that a misspelt `api.latency = …` is an error and not lost; likewise in what a test gets from here.
    __slots__ = ("_mark", "_watcher", "api_key", "app", "base_url", "journal", "mock")

    def __init__(self, mock: Mock, key: str, watcher: Watcher | None = None) -> None:
        self.mock = mock
        self.api_key = key
        self.base_url = mock.base_url
        self.app: WSGIApplication | None = mock.channel.app
        self._watcher = watcher
        self._mark = Mark()
        self.journal = Journal(mock.control, key, self._mark, {})
        if watcher is not None:
            watcher.opened(self)

    @property
    def headers(self) -> dict[str, str]:
        """What each request of this user has."""
        return {"Authorization": f"Bearer {self.api_key}"}

    def another(self) -> Api:
        """Return the world of another user, who shares nothing with this one."""
        return self.mock.world(watcher=self._watcher)

    def seed(self, handlers: Iterable[Mapping[str, Any]]) -> State:
        """Replace the handlers. One may leave out what the service assigns. Raises TypeError where they are none."""
        return self.restore({"handlers": handler_rows(handlers)})

    def fail(self, refusal: str | None = None, **order: Unpack[FaultWords]) -> Mapping[str, Any]:
        """Arm a fault: once, for any operation, unless said otherwise. Return it as the mock shows it.

        `fail("rate_limited")`, `fail(status=503, times=3)`, `fail(wire="reset", operation=…)`, `fail(latency="2s")`.
        """
        fault: Mapping[str, Any] = self._change("POST", "/faults", fault_order(refusal, **order))
        return fault

    @property
    def faults(self) -> list[Mapping[str, Any]]:
        """What is armed, in the order in which it is tried; `hits` says how often each struck."""
        faults: list[Mapping[str, Any]] = self._ask("GET", "/faults")["faults"]
        return faults

    def heal(self) -> None:
        """Disarm all faults."""
        self._change("DELETE", "/faults")

    def freeze(self, at: str | datetime | None = None) -> datetime:
        """Stop the clock, at a moment or where it is. A latency then moves the clock, and holds nothing back."""
        moment = {} if at is None else {"now": write_moment(at)}
        return self._clock({**moment, "frozen": True})

    def advance(self, by: str | float | timedelta) -> datetime:
        """Move the clock ahead: `advance("1h")`, or a number of seconds. Return the new time."""
        return self._clock({"advance": write_duration(by)})

    def unfreeze(self) -> datetime:
        """Let the clock run on."""
        return self._clock({"frozen": False})

    @property
    def now(self) -> datetime:
        """The world's time."""
        return read_moment(self._ask("GET", "/clock")["now"])

    def quota(self, **change: Unpack[QuotaWords]) -> Mapping[str, Any]:
        """Enforce a quota, or use some of it up; without a word, only say what is left."""
        asked = self._change("PATCH", "/quota", change) if change else self._ask("GET", "/quota")
        quota: Mapping[str, Any] = asked
        return quota

    def answers(self, *unnamed: Never, **questions: str) -> Mapping[str, str]:
        """Answer open questions otherwise, their names with `_` for `-`. Return all answers in force.

        `answers(create_status="ok")`. Raises TypeError where a question is not named.
        """
        if unnamed:
            raise TypeError('answers takes each question by its name: answers(create_status="ok").')
        changes = {name.replace("_", "-"): answer for name, answer in questions.items()}
        asked = self._change("PATCH", "/questions", changes) if changes else self._ask("GET", "/questions")
        return {each["id"]: each["answer"] for each in asked["questions"]}

    @property
    def strict(self) -> bool:
        """Whether what the service would swallow in silence is refused, and fails the test."""
        return bool(self._ask("GET", "/rules")["strict"])

    @strict.setter
    def strict(self, strict: bool) -> None:
        self._change("PATCH", "/rules", {"strict": strict})

    @property
    def latency(self) -> str:
        """How long each answer is held back."""
        return str(self._ask("GET", "/rules")["latency"])

    @latency.setter
    def latency(self, latency: str | float | timedelta | tuple[float, float]) -> None:
        self._change("PATCH", "/rules", {"latency": write_latency(latency)})

    def snapshot(self) -> State:
        """Return all of the world but its journal, to restore it later."""
        state: State = self._ask("GET", "/state")
        return state

    def restore(self, state: State) -> State:
        """Replace the parts of the world that are given; return all of it."""
        restored: State = self._change("PUT", "/state", dict(state))
        return restored

    def reset(self) -> State:
        """Begin anew, the journal included."""
        state: State = self._change("POST", "/reset")
        self._mark.since = 0
        return state

    def coverage(self) -> Mapping[str, Any]:
        """Return which behaviours were exercised in this world."""
        coverage: Mapping[str, Any] = self._ask("GET", "/coverage")
        return coverage

    def send(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Said:
        """Make one call of the API as this user; `target` is path and query, with the base path."""
        return self.mock.channel.ask(method, target, {**(headers or {}), **self.headers}, body)

    def verify(self) -> None:
        """Raise WentWrong where the mock broke its own document, Violated where this strict world met a violation."""
        said = remembered(self.mock.control, key=self.api_key)
        exchanges = [Exchange(each) for each in said["exchanges"]]
        check(exchanges, strict=any(each.record["violations"] for each in exchanges) and self.strict)

    def _clock(self, change: Mapping[str, Any]) -> datetime:
        return read_moment(self._change("PATCH", "/clock", change)["now"])

    def _ask(self, method: str, path: str) -> Any:
        return self.mock.control.ask(method, path, key=self.api_key)

    def _change(self, method: str, path: str, body: Any = None) -> Any:
        change = Change(method, path, body)
        if self._watcher is not None:
            self._watcher.before(self, change)
        said = self.mock.control.ask(method, path, body, key=self.api_key)
        if self._watcher is not None:
            self._watcher.after(self, change)
        return said


def handler_rows(handlers: object) -> list[Mapping[str, Any]]:
    """Return the handlers of a seed. Raises TypeError where they are none."""
    if isinstance(handlers, Iterable) and not isinstance(handlers, (str, bytes, Mapping)):
        rows = list(handlers)
        if all(isinstance(row, Mapping) for row in rows):
            return rows
    raise TypeError(
        f"A seed is a list of handlers, each of them a mapping, and not {handlers!r:.60}: "
        "read a file of them first, or name it by @pytest.mark.bitpeak(seed=…)."
    )


def fault_order(refusal: str | None = None, **order: Unpack[FaultWords]) -> dict[str, Any]:
    """Write a fault in the words of openapi/control.yaml."""
    facts: dict[str, Any] = {**order}
    if refusal is not None:
        facts["refusal"] = refusal
    if facts.get("latency") is not None:
        facts["latency"] = write_latency(facts["latency"])
    return facts


def check(exchanges: Iterable[Exchange], *, strict: bool) -> None:
    """Raise WentWrong for a defect among the exchanges; where it is strict, Violated for a violation."""
    for exchange in exchanges:
        if exchange.defect:
            sentence = f"bitpeak-mock broke its own document at {exchange!r}: {exchange.defect}"
            raise WentWrong(f"{sentence} This is a defect of bitpeak-mock; please report it.")
        if strict and exchange.record["violations"]:
            sentences = " ".join(each["sentence"] for each in exchange.record["violations"])
            raise Violated(f"{exchange!r} violates what the API documents: {sentences}")
