"""The parameters that filter and order a list: each names a property that a list can be filtered by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mock_server.contract.operation import Operation
from mock_server.contract.parameter import Parameter
from mock_server.document import DocumentError

# The facts of a handler that have a text to compare.
COMPARABLE = frozenset({"id", "type", "name", "enabled", "created", "changed", "never"})

_NAMING = frozenset({"search-property", "order-property", "range-property"})


def check_filters(operations: Iterable[Operation], properties: Mapping[str, str]) -> None:
    """Raise DocumentError where a parameter names a property that no list can be filtered or ordered by.

    `properties`: each property of a handler to the fact that it shows.
    """
    for operation in operations:
        for parameter in operation.query:
            for name in _named(parameter):
                if properties.get(parameter.properties.get(name, name)) not in COMPARABLE:
                    listed = ", ".join(key for key, fact in properties.items() if fact in COMPARABLE)
                    what = f"{parameter.name}: {name!r} names no property of a handler that can be compared"
                    raise DocumentError(f"{what} ({listed}).", parameter.place)


def _named(parameter: Parameter) -> tuple[str, ...]:
    if parameter.role == "equals":
        return (parameter.name,)
    if parameter.role not in _NAMING:
        return ()
    if not parameter.enum:
        what = f"{parameter.name} names a property, so its schema lists which in an enum."
        raise DocumentError(what, parameter.place)
    return tuple(map(str, parameter.enum))
