"""A copy of the document that lessons edit, and the Overlay actions that make it from the document."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange

Action = dict[str, Any]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "$") -> list[Action]:
    """Return the actions that turn `before` into `after`, in the order in which to apply them."""
    actions: list[Action] = []
    added: dict[str, Any] = {}
    for key in before:
        if key not in after:
            actions.append({"target": path + step(key), "remove": True})
    for key, value in after.items():
        if key not in before:
            added[key] = value
        elif not _same(before[key], value):
            actions += _changed(before[key], value, path + step(key), key, added)
    return [*actions, *([{"target": path, "update": added}] if added else [])]


def step(key: str | int) -> str:
    """Return a key or an index as a segment of a JSONPath (RFC 9535)."""
    if isinstance(key, int):
        return f"[{key}]"
    if _PLAIN.match(key):
        return f".{key}"
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


def _changed(before: Any, after: Any, path: str, key: str, added: dict[str, Any]) -> Iterator[Action]:
    """Yield the actions for a key. What the update of the parent can do is put into `added` instead."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from changes(before, after, path)
    elif isinstance(before, list) and isinstance(after, list) and _pairs_up(before, after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from changes(one, other, path + step(index))
    elif _is_primitive(before) and _is_primitive(after):
        added[key] = after
    else:
        yield {"target": path, "remove": True}
        added[key] = after


def _pairs_up(before: list[Any], after: list[Any]) -> bool:
    """Tell whether lists of objects can be changed item by item."""
    return len(before) == len(after) and all(isinstance(item, dict) for item in (*before, *after))


def _is_primitive(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def _same(one: Any, other: Any) -> bool:
    """Tell whether two trees are the same. Unlike with `==`, 1 is not true, and 1.0 is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)


Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One thing that was learned. `about` is the id of a question, or another word for the subject.

    `says` is a sentence, and `seen` are the exchanges that prove it. `actions` change the document; empty if the
    service does what the document says.
    """

    about: str
    says: str
    seen: tuple[Exchange, ...]
    actions: tuple[Action, ...]


class Unsayable(Exception):
    """The document has no words for what was seen. The text is a sentence."""


@dataclass
class Draft:
    """The document so far: `tree`, as plain data. `unsaid` are sentences about what it cannot say.

    `unasked` are sentences about what was not asked, or only in part. `provoked` are the names of the refusals that
    were seen. `varying` are headers whose value differs in most responses, such as a count.
    """

    tree: Tree
    lessons: list[Lesson] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    provoked: dict[str, None] = field(default_factory=dict)
    varying: frozenset[str] = frozenset()
    _facts: Facts | None = None

    @property
    def everywhere(self) -> dict[str, str]:
        """The headers that do not distinguish refusals: those of every response, and those that vary."""
        return {**dict.fromkeys(self.varying, ""), **self.tree["x-service"].get("x-headers", {})}

    @property
    def facts(self) -> Facts:
        """The document so far, as the suites read it."""
        if self._facts is None:
            self._facts = Facts(self.tree)
        return self._facts

    def learn(
        self, about: str, says: str, seen: Sequence[Exchange], change: Callable[[Tree], None] | None = None
    ) -> None:
        """Take a lesson. `change` edits the tree, and is undone if it raises Unsayable or makes the tree unreadable."""
        before = self.tree
        actions: tuple[Action, ...] = ()
        if change is not None:
            after = copy.deepcopy(before)
            try:
                change(after)
                _spell_alike(before, after)
                Facts(after)
            except (LookupError, StopIteration, TypeError, ValueError, Unsayable) as error:
                self.unsaid.append(str(error) if isinstance(error, Unsayable) else says)
                return
            actions = tuple(changes(before, after))
            self.tree, self._facts = after, None
        self.lessons.append(Lesson(about, says, tuple(seen), actions))


def _spell_alike(before: Tree, after: Tree) -> None:
    """Change the other spelling of a write like the write itself, if the two were alike before."""
    old, new = _writes(before), _writes(after)
    for name, spelling in old.items():
        write = spelling.get("x-spelling-of")
        if write not in old or not {name, write} <= new.keys():
            continue
        words = {"operationId": name, "x-spelling-of": write}
        if new[name] == spelling == {**old[write], **words}:
            new[name].update(copy.deepcopy(new[write]) | words)
            for word in new[name].keys() - new[write].keys() - words.keys():
                del new[name][word]


def _writes(tree: Tree) -> dict[str, Tree]:
    """Return the operations that write, by their ids."""
    return {
        node["operationId"]: node
        for item in tree["paths"].values()
        for method, node in item.items()
        if method in {"post", "put", "patch", "delete"}
    }


def at(tree: Mapping[str, Any], pointer: str) -> Any:
    """Return the value at a local reference. Raises KeyError if it leads nowhere."""
    node: Any = tree
    for key in pointer.removeprefix("#/").split("/"):
        node = node[key.replace("~1", "/").replace("~0", "~")]
    return node
