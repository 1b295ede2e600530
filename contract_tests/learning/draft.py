"""The document in the making: each lesson changes it, and is kept as the actions that do so."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract_tests.document.facts import Facts, read_facts
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.changes import Action, changes

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One thing that was learned. `about` is a question's id, or what the lesson is about in a word.

    `says` is a sentence, `seen` the exchanges that prove it, `actions` what it changes: nothing where the service does
    what the document says.
    """

    about: str
    says: str
    seen: tuple[Exchange, ...]
    actions: tuple[Action, ...]


class Unsayable(Exception):
    """What was seen has no words in a document of this kind. The text is a sentence."""


@dataclass
class Draft:
    """`tree` is the document so far, plain data. `unsaid` are sentences on what it cannot say.

    `provoked` are the names of the refusals that were seen.
    """

    tree: Tree
    lessons: list[Lesson] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    provoked: dict[str, None] = field(default_factory=dict)
    _facts: Facts | None = None

    @property
    def facts(self) -> Facts:
        """The document so far, as the suites read it."""
        if self._facts is None:
            self._facts = read_facts(self.tree)
        return self._facts

    def learn(
        self, about: str, says: str, seen: Sequence[Exchange], change: Callable[[Tree], None] | None = None
    ) -> None:
        """Take a lesson. `change` edits the tree; what it makes unreadable, or calls Unsayable, is undone and said."""
        before = self.tree
        actions: tuple[Action, ...] = ()
        if change is not None:
            after = copy.deepcopy(before)
            try:
                change(after)
                read_facts(after)
            except (LookupError, StopIteration, TypeError, ValueError, Unsayable) as error:
                self.unsaid.append(str(error) if isinstance(error, Unsayable) else says)
                return
            actions = tuple(changes(before, after))
            self.tree, self._facts = after, None
        self.lessons.append(Lesson(about, says, tuple(seen), actions))


def at(tree: Mapping[str, Any], pointer: str) -> Any:
    """Return what a local reference names. Raises KeyError where there is nothing."""
    node: Any = tree
    for key in pointer.removeprefix("#/").split("/"):
        node = node[key.replace("~1", "/").replace("~0", "~")]
    return node
