"""Edits the responses of a document's tree: which refusal stands where, and what it says."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from contract_tests.learning.draft import Tree, at
from contract_tests.probes.reading import error_of
from contract_tests.target.api import Answer

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JSON = "application/json"


class Refused(NamedTuple):
    """How a request was refused: the status, and title and status as the body has them."""

    status: int
    title: str
    shown: int | str


def refused(answer: Answer) -> Refused | None:
    """Read a refusal; None for an answer that is none, or has no such body."""
    error = error_of(answer)
    if not 400 <= answer.status < 500 or error.title is None or error.status is None:
        return None
    return Refused(answer.status, error.title, error.status)


def operations(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """Yield each operation's id and node."""
    for item in tree["paths"].values():
        for method in _METHODS:
            if "operationId" in item.get(method, {}):
                yield item[method]["operationId"], item[method]


def holders(tree: Tree) -> Iterator[Tree]:
    """Yield each mapping of status to response: the operations' and the service's own."""
    for _, node in operations(tree):
        yield node["responses"]
    yield tree["x-service"]["refusals"]


def resolved(tree: Tree, node: Tree) -> Tree:
    """Return what a node refers to, with what stands beside the reference on top."""
    while "$ref" in node:
        node = {**at(tree, node["$ref"]), **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def examples(tree: Tree, response: Tree) -> Tree:
    """Return the named examples of a response, as they stand."""
    content: Tree = resolved(tree, response).get("content", {})
    media: Tree = next(iter(content.values()), {})
    found: Tree = media.get("examples", {})
    return found


def status_of(tree: Tree, responses: Tree, name: str) -> int | None:
    """Return the status under which a refusal stands, None where it does not."""
    return next((int(code) for code, node in responses.items() if name in examples(tree, node)), None)


def documented(tree: Tree, responses: Tree, name: str) -> Refused | None:
    """Return what the document says of a refusal in these responses."""
    status = status_of(tree, responses, name)
    if status is None:
        return None
    error = tree["components"]["examples"][name]["value"]["errors"][0]
    return Refused(status, error["title"], error["status"])


def say(tree: Tree, name: str, seen: Refused) -> None:
    """Write what a refusal says, whether it is there already or not."""
    value = {"errors": [{"title": seen.title, "status": seen.shown}]}
    kept = tree["components"]["examples"].get(name, {})
    tree["components"]["examples"][name] = {**kept, "value": value}


def place(tree: Tree, responses: Tree, name: str, status: int) -> None:
    """Put a refusal under a status of these responses, and take it away from any other."""
    for code in list(responses):
        if name in examples(tree, responses[code]) and code != str(status):
            own = _own(tree, responses, code)
            del examples(tree, own)[name]
            if not examples(tree, own):
                del responses[code]
    code = str(status)
    if code not in responses or not examples(tree, responses[code]):
        responses[code] = {
            "description": "As the service answers.",
            "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}, "examples": {}}},
        }
    if name not in examples(tree, responses[code]):
        own = _own(tree, responses, code)
        examples(tree, own)[name] = {"$ref": f"#/components/examples/{name}"}


def own_response(tree: Tree, responses: Tree, status: int) -> Tree:
    """Return a response that may be changed without changing another operation's. Raises KeyError."""
    return _own(tree, responses, str(status))


def _own(tree: Tree, responses: Tree, code: str) -> Tree:
    responses[code] = copy.deepcopy(resolved(tree, responses[code]))
    own: Tree = responses[code]
    return own


def form_of(tree: Tree, operation: str) -> Tree:
    """Return the schema of an operation's form, to be changed in place. Raises KeyError."""
    node = dict(operations(tree))[operation]
    schema: Tree = next(iter(node["requestBody"]["content"].values()))["schema"]
    return component(tree, schema)


def component(tree: Tree, node: Any) -> Tree:
    """Follow references to the node itself, to be changed in place."""
    while "$ref" in node:
        node = at(tree, node["$ref"])
    found: Tree = node
    return found
