"""What an earlier type has left in the settings, where a change of type keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.handlers import settings_node
from contract_tests.learning.responses import operations
from contract_tests.probes.handler import ProbedHandler
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import is_success, mapping
from contract_tests.probes.trials import Trials


def learn_leftovers(prober: Prober, draft: Draft) -> None:
    """Change a type and then the name, and look what is left; then change to a type without settings of its own."""
    words, trials = _words(draft.tree, draft), Trials(prober)
    if words["unsent"] == "blanked":
        return
    if words["type-change"] == "rebuilt":
        _learn_restored(prober, draft, trials)
        return
    if prober.spares:  # what is left of an earlier type takes more requests
        return
    trials.standing(prober.kinds.mailbox)
    handler = trials.standing(prober.kinds.address)
    if words["same-type"] == "reset":
        _learn_reset(prober, draft, handler)
    _learn_bare(prober, draft, handler)


def _learn_restored(prober: Prober, draft: Draft, trials: Trials) -> None:
    """Give a row a type that it had before, without settings: they may be as they were."""
    kind = prober.kinds.mailbox
    _, earlier = trials.specimen(kind)
    row = trials.walker
    if row is None or row.type == kind:
        row = trials.standing(prober.kinds.address)
    response, seen = prober.watch(lambda _: row.update(type=kind))
    if not is_success(response):
        return
    shown, key = row.look(), prober.facts.row["settings"]
    prober.once(lambda _: dict(shown), ("retyped", kind))  # what becomes of settings that are not sent
    (field,) = draft.facts.types[kind]
    before = mapping(earlier.get(key)).get(field)
    if before and mapping(shown.get(key)).get(field) == before:
        says = "Settings of an earlier type are back when a row has that type again."
        draft.learn("update-type-change", says, seen, _set_restored(draft))


def _set_restored(draft: Draft) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        _words(tree, draft)["type-change"] = "restored"

    return change


def _words(tree: Tree, draft: Draft) -> Tree:
    found: Tree = dict(operations(tree))[draft.facts.operation("update").id]["x-update"]
    return found


def _learn_reset(prober: Prober, draft: Draft, handler: ProbedHandler) -> None:
    (left,) = draft.facts.types[prober.kinds.mailbox]
    name = prober.name()
    shown, seen = prober.watch(_renamed(handler, name))
    what = "dropped" if left not in shown else "kept" if shown[left] else "emptied"
    if what != _words(draft.tree, draft).get("left-over", "dropped"):
        says = f"A setting that an earlier type has left is {what} by an update that keeps the type."
        draft.learn("update-same-type", says, seen, _set_left(draft, what))


def _renamed(handler: ProbedHandler, name: str) -> Callable[[Prober], Any]:
    def rename(_: Prober) -> Any:
        handler.update(name=name)
        handler.look()
        return handler.settings

    return rename


def _set_left(draft: Draft, what: str) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        _words(tree, draft)["left-over"] = what

    return change


def _learn_bare(prober: Prober, draft: Draft, handler: ProbedHandler) -> None:
    """Change to a type that is shown as a list: with something left, no list can show it."""
    bare = prober.kinds.bare
    shown, seen = prober.watch(_retyped(handler, bare, prober.facts.row["settings"]))
    if settings_node(draft, draft.tree, bare).get("type") == "array" and mapping(shown):
        says = f"The settings of {bare} are {shown!r} where an earlier type has left something."
        draft.learn("settings-of-internal-notification", says, seen, _set_either(draft, bare))


def _retyped(handler: ProbedHandler, kind: str, key: str) -> Callable[[Prober], Any]:
    def retype(_: Prober) -> Any:
        handler.update(type=kind)
        return handler.look().get(key)

    return retype


def _set_either(draft: Draft, kind: str) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        settings_node(draft, tree, kind)["type"] = ["object", "array"]

    return change
