"""From a path to the operations that stand there, without a regular expression."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from mock_server.contract.operation import Operation
from mock_server.document import DocumentError

Slash = Literal["same", "redirect", "distinct"]


@dataclass(slots=True)
class _Node:
    """One segment of the tree. `slashed`: what stands at this path when it ends in a slash."""

    children: dict[str, _Node] = field(default_factory=dict)
    child: _Node | None = None  # the segment that is a parameter
    plain: dict[str, Operation] = field(default_factory=dict)
    slashed: dict[str, Operation] = field(default_factory=dict)


_Operations = dict[str, Operation]  # by method
_Located = tuple[_Operations, _Operations, str | None]


@dataclass(slots=True)
class Route:
    """Where a path leads: operations by method, the parameter's text, and where to redirect to, if anywhere."""

    operations: dict[str, Operation]
    parameter: str | None
    redirect: str | None = None


class Routes:
    """The paths of a document below its base path. `slash`: what a trailing slash changes (`x-service`)."""

    def __init__(self, operations: Collection[Operation], base_path: str, slash: Slash) -> None:
        self.base_path = base_path
        self._slash = slash
        self._root = _Node()
        for operation in operations:
            self._add(operation)
        if slash == "same":
            self._merge(self._root)
        # Most calls are for these, and for them there is nothing to look for.
        plain = [base_path + operation.path for operation in operations if operation.path_parameter is None]
        self._known = {path: self._located(path) for path in (*plain, *(_respelt(path) for path in plain))}

    def _add(self, operation: Operation) -> None:
        node = self._root
        segments = (self.base_path + operation.path).split("/")[1:]
        slashed = segments[-1] == ""
        for segment in segments[:-1] if slashed else segments:
            if not segment.startswith("{"):
                node = node.children.setdefault(segment, _Node())
                continue
            if operation.path_parameter is None or segment != f"{{{operation.path_parameter.name}}}":
                what = f"{operation.path}: {segment} is not described among the path's parameters."
                raise DocumentError(what, operation.place)
            node.child = node.child or _Node()
            node = node.child
        (node.slashed if slashed else node.plain)[operation.method] = operation

    def _merge(self, node: _Node) -> None:
        # Each spelling serves what only the other one declares; what both declare stays its own.
        node.plain, node.slashed = {**node.slashed, **node.plain}, {**node.plain, **node.slashed}
        for child in (*node.children.values(), *([node.child] if node.child else ())):
            self._merge(child)

    def find(self, path: str, method: str = "") -> Route | None:
        """Return the route of a decoded path, or None where the document has nothing.

        `method` tells which spelling is meant where each has operations of its own.
        """
        located = self._known.get(path) or self._located(path)
        if located is None:
            return None
        here, there, parameter = located
        if here and (self._slash == "same" or method in here or method not in there):
            return Route(here, parameter)
        if there and self._slash == "redirect":
            return Route(there, parameter, _respelt(path))
        return None

    def _located(self, path: str) -> _Located | None:
        """Return the operations at a path and at its other spelling, and the text of its parameter."""
        segments = path.split("/")[1:]
        slashed = segments[-1:] == [""]
        if slashed:
            segments.pop()
        node, parameter = self._root, None
        for segment in segments:
            below = node.children.get(segment)
            if below is None:
                below, parameter = node.child, segment
                if below is None:
                    return None
            node = below
        return (node.slashed, node.plain, parameter) if slashed else (node.plain, node.slashed, parameter)


def _respelt(path: str) -> str:
    """Return the path with a slash at its end, or without the one that it has."""
    return path[:-1] if path.endswith("/") else path + "/"
