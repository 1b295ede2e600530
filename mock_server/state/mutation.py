"""A change to the JSON of an answer, for those who want to know what their code makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

# What a new property is called: no service would.
_NEW = "x_bitpeak_mock"


class Mutation(NamedTuple):
    """What is changed where: `pointer` as RFC 6901 has it; `change` by the word of openapi/control.yaml."""

    pointer: str
    change: str
    value: Any = None


class Missed(LookupError):
    """The pointer names nothing in the document that can be changed so."""


def mutate(document: Any, mutation: Mutation) -> Any:
    """Change a JSON document in place and return it; a step `*` of the pointer stands for every item of a list.

    Raises LookupError where the pointer names nothing in it that can be changed so.
    """
    holder: dict[str, Any] = {"": document}
    steps = [step.replace("~1", "/").replace("~0", "~") for step in mutation.pointer.split("/")]
    found = list(_find(holder, steps))
    if not found:
        raise Missed(mutation.pointer)
    for container, key in reversed(found):  # from behind, as an item that goes moves those after it
        _change(container, key, mutation)
    return holder.get("")


def _find(container: Any, steps: list[str]) -> Iterator[tuple[Any, Any]]:
    """Yield the container and the key of each place that the steps lead to."""
    for key in _keys(container, steps[0]):
        if len(steps) == 1:
            yield container, key
        else:
            yield from _find(container[key], steps[1:])


def _keys(container: Any, step: str) -> Iterable[Any]:
    match container:
        case dict():
            return [step] if step in container else []
        case list() if step == "*":
            return range(len(container))
        case list() if step.isascii() and step.isdigit() and int(step) < len(container):
            return [int(step)]
    return []


def _change(container: Any, key: Any, mutation: Mutation) -> None:
    match mutation.change:
        case "missing":
            del container[key]
        case "null":
            container[key] = None
        case "value":
            container[key] = mutation.value
        case "renamed":
            _rename(container, key)
        case "extra":
            _extend(container[key], mutation.value)


def _rename(container: Any, key: Any) -> None:
    match container:
        case dict():
            pairs = [(_NEW if name == key else name, value) for name, value in container.items()]
            container.clear()
            container.update(pairs)
        case _:
            raise Missed(key)


def _extend(value: Any, addition: Any) -> None:
    match value:
        case dict():
            value[_NEW] = addition
        case list():
            value.append(addition)
        case _:
            raise Missed(_NEW)
