"""What successes return: the status of each operation, and what a create and an update show, key by key."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contract_tests.document import Facts
from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.properties import adjust, extra, kind_of, missing
from contract_tests.learning.responses import component, operations, own_response
from contract_tests.probes.observations import handler, renaming
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import mapping
from contract_tests.target.api import TargetResponse


def learn_statuses(prober: Prober, draft: Draft) -> None:
    """Take over the status of each operation's success."""
    statuses: dict[str, Counter[int]] = {}
    for each in prober.exchanges:
        if 200 <= each.status < 300 and each.operation in draft.facts.operations:
            statuses.setdefault(draft.facts.kind_of(each.operation), Counter())[each.status] += 1
    for kind, seen in statuses.items():
        (status, _), *others = seen.most_common()
        if others:
            rare = " or ".join(str(code) for code, _ in others)
            draft.unsaid.append(f"A successful {kind} returns {status}, and sometimes {rare}.")
        if status != draft.facts.operation(kind).success:
            proof = next(
                each
                for each in prober.exchanges
                if each.status == status and draft.facts.kind_of(each.operation) == kind
            )
            draft.learn(
                f"{kind}-status",
                f"A successful {kind} returns {status}.",
                [proof],
                _become(draft, kind, status),
            )


def _become(draft: Draft, kind: str, status: int) -> Callable[[Tree], None]:
    before = str(draft.facts.operation(kind).success)

    def change(tree: Tree) -> None:
        for identity, node in operations(tree):
            if draft.facts.kind_of(identity) == kind:
                node["responses"][str(status)] = node["responses"].pop(before)

    return change


def learn_written(prober: Prober, draft: Draft) -> None:
    """Compare the answer to a create and the answer to an update with the document's."""
    for kind, observe in (("create", _created), ("update", _updated)):
        response, seen = prober.watch(observe)
        shown = mapping(response.shown(*_steps(draft.facts, kind)))
        properties = draft.facts.schemas.properties(_schema(draft.facts, kind))
        rows: Sequence[Mapping[str, Any]] = [shown]
        more, fewer = extra(properties, rows), missing(properties, rows)
        more = {key: _as_row(draft.facts, key, shown[key], schema) for key, schema in more.items()}
        retyped = {
            key: {**properties[key], "type": kind_of(shown[key])}
            for key in properties
            if properties[key].get("x-value") == "settings" and key in shown
            and properties[key].get("type", "object") != kind_of(shown[key])
        }  # fmt: skip
        if more or fewer or retyped:
            says = f"The answer to {kind} has {', '.join(shown) or 'nothing'}."
            draft.learn("write-answer", says, seen[-1:], _change(draft, kind, more | retyped, fewer))


def _created(prober: Prober) -> TargetResponse:
    return prober.once(handler).created


def _updated(prober: Prober) -> TargetResponse:
    return prober.once(renaming).response


def _steps(facts: Facts, kind: str) -> tuple[str, ...]:
    return facts.schemas.path_to(facts.operation(kind).response, "id")[:-1]


def _schema(facts: Facts, kind: str) -> Mapping[str, Any]:
    return facts.schemas.at(facts.operation(kind).response, _steps(facts, kind))


def _as_row(facts: Facts, key: str, value: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a key that handlers have too: it shows the same fact."""
    listed = facts.operation("list").response
    items = facts.schemas.at(listed, facts.schemas.path_to(listed, "rows"))["items"]
    known = facts.schemas.properties(items).get(key)
    if known is None:
        return schema
    kind = {"type": "string"} if known.get("x-value") == "settings" and isinstance(value, str) else {}
    words = ("type", "enum", "minimum", "readOnly", "default", "x-value", "x-text")
    return {word: known[word] for word in words if word in known} | kind


def _change(
    draft: Draft, kind: str, more: Mapping[str, dict[str, Any]], fewer: list[str]
) -> Callable[[Tree], None]:
    facts = draft.facts

    def change(tree: Tree) -> None:
        node = _node(tree, facts, kind)
        adjust(node, more, [*fewer, *(key for key in more if key in node.get("properties", {}))])

    return change


def _node(tree: Tree, facts: Facts, kind: str) -> Tree:
    """Return the schema of what was written, an operation's own: what differs for one may be right for the other."""
    responses = dict(operations(tree))[facts.operation(kind).id]["responses"]
    response = own_response(tree, responses, facts.operation(kind).success)
    media = next(iter(response["content"].values()))
    name = f"{kind.title()}Answer"
    envelope = copy.deepcopy(component(tree, media["schema"]))
    tree["components"]["schemas"][name] = envelope
    media["schema"] = {"$ref": f"#/components/schemas/{name}"}
    node = envelope
    for step in _steps(facts, kind):
        node["properties"][step] = copy.deepcopy(component(tree, node["properties"][step]))
        node = node["properties"][step]
    return node
