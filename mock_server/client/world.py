"""A running mock and its worlds, for tests."""

from __future__ import annotations

import secrets
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Unpack, cast, overload
from urllib.parse import quote

from mock_server.client.control import (
    IS_A_MISTAKE,
    AppChannel,
    ClientResponse,
    HTTPChannel,
    Violated,
    WentWrong,
    write_duration,
    write_latency,
    write_moment,
)
from mock_server.client.journal import Call, Calls, read_journal
from mock_server.client.vocabulary import (
    CoverageRecord,
    Duration,
    FaultRecord,
    FaultWords,
    QuestionAnswers,
    QuotaRecord,
    QuotaWords,
    RefusalName,
    StateRecord,
)
from mock_server.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


__tracebackhide__ = IS_A_MISTAKE


class WorldChange(NamedTuple):
    """A control request that changes a world."""

    method: str
    path: str
    body: Any = None


class WorldObserver(Protocol):
    """Is notified of the worlds that a test takes, and of its changes."""

    def opened(self, api: Api, *, is_new: bool) -> None:
        """Note a world that a test takes. `is_new`: nothing can have happened in it."""

    def changing(self, api: Api, change: WorldChange) -> AbstractContextManager[None]:
        """Return the context in which the change is made."""


# Items of a resource in the form in which the service shows them.
Rows = Iterable[Mapping[str, Any]]

# A file of rows, or the rows themselves, which a document with several resources has by name.
Seed = str | Path | Rows | Mapping[str, Rows]


class RunningMock:
    """A running mock. A `with` block closes its connections, but does not stop it.

    Example: `RunningMock(HTTPChannel("http://127.0.0.1:4055")).world()`
    """

    def __init__(self, channel: HTTPChannel, observer: WorldObserver | None = None) -> None:
        self.channel = channel
        self.observer = observer

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return self.channel.url

    @cached_property
    def info(self) -> Any:
        """What the mock serves and by which rules, by `Info` of `openapi/control.yaml`. Raises ControlError."""
        return self.channel.control("GET", "/info")

    @property
    def base_url(self) -> str:
        """The base URL for a client of the API."""
        return self.url + str(self.info["base_path"])

    def world(self, key: str | None = None) -> Api:
        """Return the world of a key, or a new world."""
        return Api(self, key or self.new_key(), is_new=key is None)

    def new_key(self) -> str:
        """Return a new key."""
        return f"{self.info['key']['prefix']}-{secrets.token_hex(8)}"

    def coverage(self) -> Any:
        """Return which behaviours were exercised in all worlds, by `Coverage` of `openapi/control.yaml`."""
        return self.channel.control("GET", "/coverage")

    def close(self) -> None:
        """Close idle connections."""
        self.channel.close()

    def __enter__(self) -> RunningMock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# What to do instead of assigning to an attribute of `Api`.
_INSTEAD = {
    "now": "Use freeze(at) or advance(by)",
    "faults": "Use fail(…) or heal()",
    "scenarios": 'Use restore({"scenarios": …})',
    "quota": "Use quota(requests=60)",
    "answers": 'Use answers(create_status="ok")',
}


class Api:
    """The API as one user sees it: a base URL, a key, and the world of that key. Made by `RunningMock.world`.

    `app` is the mock's WSGI app if it runs in this process, else None.
    """

    # With slots, a misspelt `api.latncy = …` is an error. Other classes for tests have slots, too.
    __slots__ = ("__weakref__", "api_key", "app", "base_url", "journal", "mock")

    def __init__(self, mock: RunningMock, key: str, *, is_new: bool = False) -> None:
        self.mock = mock
        self.api_key = key
        self.base_url = mock.base_url
        self.app: WSGIApplication | None = mock.channel.app
        self.journal = Calls(mock.channel, key)
        if mock.observer is not None:
            mock.observer.opened(self, is_new=is_new)

    if not TYPE_CHECKING:  # a type checker would allow any name

        def __setattr__(self, name: str, value: object) -> None:
            if name in _INSTEAD:
                raise AttributeError(f"{name!r} cannot be set. {_INSTEAD[name]}.")
            super().__setattr__(name, value)

    def __repr__(self) -> str:
        page = "" if isinstance(self.mock.channel, AppChannel) else f" {self.page}"
        return f"<Api {self.base_url} {self.api_key}{page}>"

    @property
    def page(self) -> str:
        """The address of the web page that shows this world, for as long as the mock runs."""
        return f"{self.mock.url}/_mock/#key={quote(self.api_key)}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that each request of this user needs."""
        return {"Authorization": f"Bearer {self.api_key}"}

    def another(self) -> Api:
        """Return the world of another user. It shares nothing with this one."""
        return self.mock.world()

    def seed(self, handlers: Rows | Mapping[str, Rows]) -> StateRecord:
        """Replace the handlers. Leave out what the service assigns, if you like. Raises TypeError for wrong types.

        Example: `seed([{"type": "slack", "name": "Team"}])`. If the document has other resources, name them:
        `seed({"projects": [{"name": "Roof"}]})`.
        """
        return self.restore(seed_of(handlers, self.mock))

    def fail(self, refusal: RefusalName | str | None = None, **order: Unpack[FaultWords]) -> FaultRecord:
        """Arm a fault and return it as the mock shows it. By default it strikes once, at any operation.

        Examples: `fail("rate_limited")`, `fail(status=503, times=3)`, `fail(wire="truncate")`, `fail(latency="2s")`.
        `wire="drop"` and `"reset"` strike until `heal()` by default, since many clients silently repeat such a request
        once. `headers=` and `body=` replace those of a response: `fail("rate_limited", headers={"Retry-After":
        "30"})`. Faults of a `scenario=` strike in its state `state=` and move it to `next=`. It begins as "started".
        """
        return cast("FaultRecord", self.control("POST", "/faults", fault_order(refusal, **order)))

    @property
    def faults(self) -> list[FaultRecord]:
        """The armed faults in the order in which they are tried. `hits` counts how often each struck."""
        return cast("list[FaultRecord]", self.control("GET", "/faults")["faults"])

    @property
    def scenarios(self) -> dict[str, str]:
        """The state of each scenario. Set one by `restore({"scenarios": {"outage": "over"}})`."""
        states: dict[str, str] = self.control("GET", "/faults")["scenarios"]
        return states

    def heal(self) -> None:
        """Disarm all faults, and reset all scenarios."""
        self.control("DELETE", "/faults")

    def freeze(self, at: str | datetime | None = None) -> datetime:
        """Stop the clock, now or at a given moment. A latency then moves the clock and delays nothing."""
        moment = {} if at is None else {"now": write_moment(at)}
        return self._clock({**moment, "frozen": True})

    def advance(self, by: Duration) -> datetime:
        """Move the clock ahead and return the new time: `advance("1h")`. A number is in seconds."""
        return self._clock({"advance": write_duration(by)})

    def unfreeze(self) -> datetime:
        """Let the clock run again."""
        return self._clock({"frozen": False})

    @property
    def now(self) -> datetime:
        """The world's time."""
        return datetime.fromisoformat(self.control("GET", "/clock")["now"])

    def quota(self, **change: Unpack[QuotaWords]) -> QuotaRecord:
        """Enforce a quota, or use some of it. Return the quota.

        Examples: `quota(requests=60, used=59)`, `quota(enforced=False)`
        """
        said = self.control("PATCH", "/quota", change) if change else self.control("GET", "/quota")
        return cast("QuotaRecord", said)

    @overload
    def answers(self, questions: Mapping[str, str], /) -> Mapping[str, str]: ...
    @overload
    def answers(self, **questions: Unpack[QuestionAnswers]) -> Mapping[str, str]: ...
    def answers(self, *questions: Any, **named: Any) -> Mapping[str, str]:
        """Change answers to open questions. Return all answers in force.

        Example: `answers(create_status="ok")`, or for questions of another document `answers({"its-question": "yes"})`.
        """
        if any(not isinstance(each, Mapping) for each in questions):
            raise TypeError('answers takes each question by its name: answers(create_status="ok").')
        changes = {name.replace("_", "-"): answer for name, answer in ChainMap(named, *questions).items()}
        found = self.control("PATCH", "/questions", changes) if changes else self.control("GET", "/questions")
        return {each["id"]: each["answer"] for each in found["questions"]}

    @property
    def strict(self) -> bool:
        """Whether the mock refuses what the service would silently ignore or change, so that the test fails."""
        return bool(self.control("GET", "/rules")["strict"])

    @strict.setter
    def strict(self, strict: bool) -> None:
        self.control("PATCH", "/rules", {"strict": strict})

    @property
    def latency(self) -> str:
        """How long each response is delayed. Set it to `"200ms"`, a number of seconds, or a range of two."""
        return str(self.control("GET", "/rules")["latency"])

    @latency.setter
    def latency(self, latency: Duration | tuple[float, float]) -> None:
        self.control("PATCH", "/rules", {"latency": write_latency(latency)})

    def snapshot(self) -> StateRecord:
        """Return the state of the world without its journal, for `restore`."""
        return cast("StateRecord", self.control("GET", "/state"))

    def restore(self, state: StateRecord | Mapping[str, Any]) -> StateRecord:
        """Replace the given parts of the world. Return its whole state."""
        return cast("StateRecord", self.control("PUT", "/state", dict(state)))

    def reset(self) -> StateRecord:
        """Reset the world and its journal."""
        state = self.control("POST", "/reset")
        self.journal.since = 0
        return cast("StateRecord", state)

    def coverage(self) -> CoverageRecord:
        """Return which behaviours were exercised in this world."""
        return cast("CoverageRecord", self.control("GET", "/coverage"))

    def send(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> ClientResponse:
        """Call the API as this user: `send("GET", "/api/notification-handlers/?page=2")`."""
        return self.mock.channel.ask(method, target, {**(headers or {}), **self.headers}, body)

    def verify(self) -> None:
        """Raise WentWrong for a defect of the mock, and Violated for a violation if this world is strict."""
        page = read_journal(self.mock.channel, key=self.api_key)
        strict = page.violated > 0 and self.strict
        check(page.calls, page.violated if strict else 0, page.defects, self.journal.accepted)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Send a control request about this world, and return what the mock says.

        Example: `control("PATCH", "/clock", {"advance": "1h"})`
        """
        observer = None if method == "GET" else self.mock.observer
        change = WorldChange(method, path, body)
        with nullcontext() if observer is None else observer.changing(self, change):
            return self.mock.channel.control(method, path, body, key=self.api_key)

    def _clock(self, change: Mapping[str, Any]) -> datetime:
        return datetime.fromisoformat(self.control("PATCH", "/clock", change)["now"])


def seed_of(rows: object, mock: RunningMock) -> dict[str, Any]:
    """Return the part of a state that a seed is: rows by resource. Raises TypeError if they are not mappings.

    Rows without a name are those of the document's first resource, which is its only one as a rule.
    """
    if isinstance(rows, Mapping) and all(isinstance(each, list) for each in rows.values()):
        return dict(rows)
    if isinstance(rows, Iterable) and not isinstance(rows, (str, bytes, Mapping)):
        listed = list(rows)
        if all(isinstance(row, Mapping) for row in listed):
            return {mock.info["operations"][0]["resource"]: listed}
    raise TypeError(
        f"A seed is a list of handlers, each of them a mapping, and not {rows!r:.60}. "
        "Read a file of them first, or name it in @pytest.mark.bitpeak(seed=…)."
    )


def fault_order(refusal: str | None = None, **order: Unpack[FaultWords]) -> dict[str, Any]:
    """Return the order of a fault for the control. Raises TypeError for an order that cannot be meant."""
    facts: dict[str, Any] = {**order}
    if isinstance(refusal, int):
        raise TypeError(f"Invalid refusal {refusal}: write status={refusal}.")
    if refusal is None and not facts:
        raise TypeError('The fault does nothing. Add a refusal, or for example status=503 or wire="drop".')
    for name in ("calls", "hits"):
        if name in facts:
            raise TypeError(
                f"The mock counts {name!r} itself. Remove it; `times` is how often a fault strikes."
            )
    if refusal is not None:
        facts["refusal"] = refusal
    if facts.get("latency") is not None:
        facts["latency"] = write_latency(facts["latency"])
    return facts


def check(calls: Iterable[Call], violated: int, defects: int, accepted: Set[Call]) -> None:
    """Raise WentWrong if the mock had a defect, and Violated if a call violated the API's document.

    `violated` and `defects` count such calls, including forgotten ones. Violations of `accepted` calls are not errors.
    """
    violating = set(accepted)
    for call in calls:
        if call.defect:
            message = f"bitpeak-mock broke its own document at {call!r}: {call.defect}"
            raise WentWrong(f"{message} This is a defect of bitpeak-mock. Please report it.")
        if violated and call.violations:
            violating.add(call)
            if call not in accepted:
                raise Violated(f"{call!r} violates what the API documents: {' '.join(call.remarks)}")
    if defects:
        raise WentWrong(
            "bitpeak-mock broke its own document in a call that it no longer remembers. Look sooner."
        )
    if forgotten := max(violated - len(violating), 0):
        what = "1 call" if forgotten == 1 else f"{forgotten} calls"
        raise Violated(
            f"{what} that the mock no longer remembers violated what the API documents. "
            "Make fewer calls in the test, or check `journal.filter(violation='any')` sooner."
        )


@contextmanager
def bitpeak_mock(  # noqa: PLR0913 - the words of the marker, too
    settings: Settings | None = None,
    *,
    url: str | None = None,
    token: str | None = None,
    socket: bool = True,
    seed: Seed | None = None,
    strict: bool | None = None,
    answers: Mapping[str, str] | None = None,
    faults: Sequence[str | Mapping[str, Any]] | None = None,
) -> Iterator[Api]:
    """Start a mock on a free port and give one of its worlds. With `url`, use a running mock.

    With `socket=False` the mock has no port, for clients with a transport of `mock_server.transports`. `seed`,
    `strict`, `answers` and `faults` say how the world begins, as in the marker `bitpeak`; a seed's file is looked up
    in the current folder. At the end of the block, WentWrong is raised if the mock broke its own document, and
    Violated for a violation in a strict world.
    """
    words = {"seed": seed, "strict": strict, "answers": answers, "faults": faults}
    wanted = {word: value for word, value in words.items() if value is not None}
    with ExitStack() as stack:
        channel = _open(settings, stack, socket=socket) if url is None else HTTPChannel(url, token=token)
        api = stack.enter_context(RunningMock(channel)).world()
        if wanted:
            api.restore(first_state(wanted, Path(), api.mock))
        yield api
        api.verify()


def first_state(wanted: Mapping[str, Any], folder: Path, mock: RunningMock) -> dict[str, Any]:
    """Return the state in which a world begins, by the words of the marker `bitpeak`. Raises TypeError, DocumentError.

    The name of a seed's file is relative to the folder.
    """
    answers, faults = wanted.get("answers", {}), wanted.get("faults", ())
    if not isinstance(answers, Mapping):
        raise TypeError(f"answers={answers!r:.60} is not a mapping of questions to answers.")
    if isinstance(faults, (str, Mapping)):
        raise TypeError(f"faults={faults!r:.60} is not a list. Write faults=[{faults!r:.60}].")
    state = seed_of(_rows(wanted["seed"], folder), mock) if "seed" in wanted else {}
    if "strict" in wanted:
        state["rules"] = {"strict": wanted["strict"]}
    if "answers" in wanted:
        state["answers"] = {name.replace("_", "-"): answer for name, answer in answers.items()}
    if "faults" in wanted:
        state["faults"] = [
            fault_order(**each) if isinstance(each, Mapping) else fault_order(each) for each in faults
        ]
    return state


def _rows(seed: Seed, folder: Path) -> Any:
    """Return the rows of a seed, or read them from a YAML or JSON file, as `serve --seed` does."""
    if not isinstance(seed, (str, Path)):
        return seed
    from mock_server.document import read  # late: few tests have a file

    return read(folder / seed)


def _open(settings: Settings | None, stack: ExitStack, *, socket: bool) -> HTTPChannel:
    # Imported here, because a client of another mock does not need the server.
    from mock_server.app import App
    from mock_server.mock import Mock
    from mock_server.server import Server

    app = App(Mock(settings or Settings()))
    if not socket:
        return AppChannel(app)
    return HTTPChannel(stack.enter_context(Server(app)).url, app)
