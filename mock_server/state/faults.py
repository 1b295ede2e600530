"""The armed faults of a world, and how a mutation changes the JSON of a response."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from mock_server.settings import Latency

# The most faults of a world, including spent ones.
MOST = 1000

# The state in which each scenario begins.
STARTED = "started"

# Faults of the wire after which many clients silently repeat a request once.
REPEATED = frozenset({"drop", "reset"})

# The name of a property that a mutation adds, or renames one to. No service has it.
_NEW = "x_bitpeak_mock"


class TooManyFaults(Exception):
    """A world cannot hold more armed faults."""


class Mutation(NamedTuple):
    """One change to a JSON document: a `pointer` (RFC 6901), and a `change` by the word of openapi/control.yaml."""

    pointer: str
    change: str
    value: Any = None


@dataclass(slots=True)
class Fault:
    """One fault, by the words of openapi/control.yaml. `calls` counts requests that fit it, `hits` those it struck.

    `operation`: as the operation is counted, so that all its spellings are meant.
    """

    id: int
    calls: int = 0
    hits: int = 0
    operation: str | None = None
    refusal: str | None = None
    status: int | None = None
    wire: str | None = None
    latency: Latency | None = None
    virtual: bool | None = None
    mutation: Mutation | None = None
    headers: Mapping[str, str] | None = None
    body: Any = None
    scenario: str | None = None
    state: str = STARTED
    next: str | None = None
    times: int | None = 1
    after: int = 0
    probability: float = 1.0
    seed: int = 0

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it should."""
        return self.times is not None and self.hits >= self.times

    @property
    def beyond(self) -> tuple[str, ...]:
        """The parts of its response that are not in the document."""
        return tuple(name for name in ("status", "headers", "body") if getattr(self, name) is not None)

    @property
    def only_mutates(self) -> bool:
        """Whether a mutation is its only effect."""
        others = (self.status, self.refusal, self.wire, self.latency, self.headers, self.body)
        return self.mutation is not None and all(each is None for each in others)

    def strikes(self, operation: str, elsewhere: Container[str], states: Mapping[str, str]) -> bool:
        """Tell whether the fault strikes a request to an operation, and count it.

        `elsewhere`: the refusals that only other operations document. `states`: those of the scenarios.
        """
        if self.spent or self.operation not in {None, operation}:
            return False
        if self.operation is None and self.refusal is not None and self.refusal in elsewhere:
            return False
        if self.scenario is not None and states.get(self.scenario, STARTED) != self.state:
            return False
        self.calls += 1
        # Chance depends only on the seed and the number of the call, so a restored fault goes on as before.
        chance = Random(f"{self.seed}/{self.calls}")  # noqa: S311  # for tests to repeat, not for secrets
        if self.calls <= self.after or (self.probability < 1 and chance.random() >= self.probability):
            return False
        self.hits += 1
        return True

    def seconds(self, source: Random) -> float:
        """Return the delay of this call. `source` chooses within the range of the latency."""
        return source.uniform(*self.latency) if self.latency is not None else 0.0


class Faults:
    """The faults of a world, in the order in which they were armed. `states`: those of scenarios that have moved on."""

    def __init__(self) -> None:
        self.all: list[Fault] = []
        self.states: dict[str, str] = {}
        self._ids = 0

    def __bool__(self) -> bool:
        return bool(self.all)

    def copy(self) -> Faults:
        """Return the same faults as an independent list."""
        other = Faults()
        other.all, other.states, other._ids = self.all.copy(), self.states.copy(), self._ids
        return other

    def next_id(self) -> int:
        """Return an id for a new fault."""
        self._ids += 1
        return self._ids

    def arm(self, fault: Fault) -> None:
        """Add a fault; the oldest spent one makes room if need be. Raises TooManyFaults."""
        if len(self.all) >= MOST:
            spent = next((each for each in self.all if each.spent), None)
            if spent is None:
                raise TooManyFaults(f"a world holds at most {MOST} armed faults. Disarm some.")
            self.all.remove(spent)
        self.all.append(fault)

    def disarm(self, fault_id: int | None = None) -> bool:
        """Remove the fault with this id, or all faults and scenarios. False if no fault has the id."""
        before = len(self.all)
        self.all = [] if fault_id is None else [fault for fault in self.all if fault.id != fault_id]
        self.states = {} if fault_id is None else self.states
        return fault_id is None or len(self.all) < before

    def strike(self, operation: str, elsewhere: Container[str]) -> Fault | None:
        """Return the fault that strikes a request to an operation, if any, and advance its scenario.

        `elsewhere`: the refusals that only other operations document.
        """
        fault = next((each for each in self.all if each.strikes(operation, elsewhere, self.states)), None)
        if fault is not None and fault.scenario is not None and fault.next is not None:
            self.states[fault.scenario] = fault.next
        return fault

    def miss(self, fault: Fault) -> None:
        """Take back that a fault struck, because it found nothing to change."""
        fault.hits -= 1
        if fault.scenario is not None and fault.next is not None:
            self.states[fault.scenario] = fault.state


def mutate(document: Any, mutation: Mutation) -> Any:
    """Change a JSON document in place and return it. A step `*` of the pointer means each item of a list.

    Raises LookupError if the document has no such place that can be changed in this way.

        mutate({"data": [{"id": 1}]}, Mutation("/data/*/id", "null"))  ->  {"data": [{"id": None}]}
    """
    holder: dict[str, Any] = {"": document}
    found = list(places(holder, mutation.pointer))
    if not found:
        raise LookupError(mutation.pointer)
    for container, key in reversed(found):  # from the end, because removing an item moves later ones
        _change(container, key, mutation)
    return holder.get("")


def places(container: Any, pointer: str) -> Iterator[tuple[Any, Any]]:
    """Yield the container and the key of each place that a pointer leads to. Its first step is a key of `container`."""
    first, _, more = pointer.partition("/")
    step = first.replace("~1", "/").replace("~0", "~")
    keys: list[Any] = []
    match container:
        case dict():
            keys = [step] if step in container else []
        case list() if step == "*":
            keys = list(range(len(container)))
        case list() if step.isascii() and step.isdigit() and int(step) < len(container):
            keys = [int(step)]
    for key in keys:
        if "/" not in pointer:
            yield container, key
        else:
            yield from places(container[key], more)


def _change(container: Any, key: Any, mutation: Mutation) -> None:
    match mutation.change, container:
        case "missing", _:
            del container[key]
        case "null", _:
            container[key] = None
        case "value", _:
            container[key] = mutation.value
        case "renamed", dict():
            pairs = [(_NEW if name == key else name, value) for name, value in container.items()]
            container.clear()
            container.update(pairs)
        case "extra", _ if isinstance(container[key], dict):
            container[key][_NEW] = mutation.value
        case "extra", _ if isinstance(container[key], list):
            container[key].append(mutation.value)
        case _:
            raise LookupError(key)
