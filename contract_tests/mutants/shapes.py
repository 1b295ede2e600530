"""Answers of another shape than the document's, one for each place that it describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from contract_tests.mutants.mutant import Kind, Mutant
from contract_tests.mutants.wire import Begin, Wire

Change = Callable[[dict[str, Any]], None]


def shape_mutants(wire: Wire) -> Iterator[Mutant]:
    """Yield a mutant for each way in which a handler, an envelope or an error can be misshapen."""
    yield from _of_rows(wire)
    yield from _of_list(wire)
    yield from _of_ids(wire)
    yield from _of_errors(wire)


def _of_rows(wire: Wire) -> Iterator[Mutant]:
    schemas = wire.facts.schemas
    steps = schemas.path_to(wire.facts.operation("retrieve").answer, "row")
    row = schemas.at(wire.facts.operation("retrieve").answer, steps)
    for name, node in schemas.properties(row).items():
        for way, change in _ways(name, node).items():
            yield _mutant(f"row-{name}-{way}", f"A handler's {name} is {way}.", wire.in_rows(change))


def _of_list(wire: Wire) -> Iterator[Mutant]:
    schemas = wire.facts.schemas
    answer = wire.facts.operation("list").answer
    for top, node in schemas.properties(answer).items():
        for way, change in _ways(top, node).items():
            yield _mutant(f"list-{top}-{way}", f"The list's {top} is {way}.", wire.in_data(change, "list"))
        for name, below in schemas.properties(node).items():
            for way, change in {**_ways(name, below), **_off(name, below)}.items():
                begin = wire.in_data(_within(top, change), "list")
                yield _mutant(f"list-{top}-{name}-{way}", f"The list's {top}.{name} is {way}.", begin)


def _of_ids(wire: Wire) -> Iterator[Mutant]:
    for kind in ("create", "update"):
        (top, name) = wire.steps(kind, "id")
        node = wire.facts.schemas.at(wire.facts.operation(kind).answer, (top, name))
        for way, change in {**_ways(name, node), **_off(name, node)}.items():
            begin = wire.in_data(_within(top, change), kind)
            yield _mutant(f"{kind}-{name}-{way}", f"The {name} in the answer to {kind} is {way}.", begin)


def _of_errors(wire: Wire) -> Iterator[Mutant]:
    def within(change: Change) -> Change:
        def each(data: dict[str, Any]) -> None:
            for errors in data.values():
                for error in errors if isinstance(errors, list) else ():
                    change(error)

        return each

    for name, way in (("title", "missing"), ("title", "null"), ("status", "missing"), ("status", "null")):
        change = within(_ways(name, {"type": "string"})[way])
        begin = wire.in_data(change, "list", "retrieve", "create", "update", "delete", failed=True)
        yield _mutant(f"error-{name}-{way}", f"An error's {name} is {way}.", begin)


def _ways(name: str, node: Mapping[str, Any]) -> dict[str, Change]:
    types = node.get("type")
    ways: dict[str, Change] = {
        "missing": lambda data: data.pop(name, None) and None,
        "renamed": lambda data: data.update({f"{name}_of": data.pop(name, None)}),
        "retyped": lambda data: data.update({name: _retyped(data.get(name))}),
    }
    if "null" not in (types or ()):
        ways["null"] = lambda data: data.update({name: None})
    return ways


def _off(name: str, node: Mapping[str, Any]) -> dict[str, Change]:
    if node.get("type") != "integer":
        return {}
    return {"off-by-one": lambda data: data.update({name: _plus_one(data.get(name))})}


def _plus_one(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else value


def _retyped(value: Any) -> Any:
    """Return a value that says the same in another type; what can say nothing else becomes a number."""
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return "" if not value else [value]
    return 7


def _within(top: str, change: Change) -> Change:
    def each(data: dict[str, Any]) -> None:
        if isinstance(data.get(top), dict):
            change(data[top])

    return each


def _mutant(name: str, sentence: str, begin: Begin) -> Mutant:
    return Mutant(name.replace("_", "-"), Kind.BUG, sentence, begin)
