"""Edits the responses of a document: where refusals are and what they say, and properties as they were seen."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from contract_tests.learning.draft import Tree, at
from contract_tests.learning.presentation import Look

_TYPES = (
    (bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"),
)  # fmt: skip


def kind_of(value: Any) -> str:
    """Return the JSON type of a value."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "null")


def described(key: str, values: Sequence[Any]) -> dict[str, Any]:
    """Return the schema of an undocumented property, made from the values that were seen.

    If the value is always the same, it becomes the default. An id, or a value that changes, is readOnly. An id that
    several rows share, such as that of their user, belongs to the account, and becomes a default, too.
    """
    kinds = sorted({kind_of(value) for value in values})
    schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if any(value != values[0] for value in values):
        return schema | {"readOnly": True}
    if key == "id" or key.endswith("_id"):
        shared = {"description": "An id that the rows of an account share.", "default": values[0]}
        return schema | {"readOnly": True} | (shared if len(values) > 1 else {})
    return schema | {"default": values[0]}


def extra(known: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the schemas of the undocumented keys that every row has."""
    shared = [key for key in (rows[0] if rows else ()) if all(key in row for row in rows)]
    return {key: described(key, [row[key] for row in rows]) for key in shared if key not in set(known)}


def missing(known: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the known keys that no row has."""
    return [key for key in known if rows and not any(key in row for row in rows)]


def adjust(schema: dict[str, Any], more: Mapping[str, dict[str, Any]], fewer: Iterable[str]) -> None:
    """Add properties to an object's schema, and remove others."""
    properties = schema.setdefault("properties", {})
    required = [key for key in schema.get("required", ()) if key not in set(fewer)]
    for key in fewer:
        properties.pop(key, None)
    properties.update(more)
    schema["required"] = [*required, *(key for key in more if key not in required)]


_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_UNTYPED = "text/plain"


def operations(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """Yield each operation's id and node."""
    for item in tree["paths"].values():
        for method in _METHODS:
            if "operationId" in item.get(method, {}):
                yield item[method]["operationId"], item[method]


def holders(tree: Tree) -> Iterator[Tree]:
    """Yield each mapping of statuses to responses: those of the operations, and that of the service."""
    for _, node in operations(tree):
        yield node["responses"]
    yield tree["x-service"]["refusals"]


def resolved(tree: Tree, node: Tree) -> Tree:
    """Return what a node refers to, merged with what the node has beside the reference."""
    while "$ref" in node:
        node = {**at(tree, node["$ref"]), **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def examples(tree: Tree, response: Tree) -> Tree:
    """Return the named examples of a response, of all its media types."""
    content: Tree = resolved(tree, response).get("content", {})
    return {name: node for media in content.values() for name, node in media.get("examples", {}).items()}


def status_of(tree: Tree, responses: Tree, name: str) -> int | None:
    """Return the status under which these responses have a refusal; None if they do not have it."""
    return next((int(code) for code, node in responses.items() if name in examples(tree, node)), None)


def documented(tree: Tree, responses: Tree, name: str) -> Look | None:
    """Return how a refusal looks in these responses, as the document says it."""
    status = status_of(tree, responses, name)
    if status is None:
        return None
    content = resolved(tree, responses[str(status)])["content"]
    media_type = next(kind for kind, media in content.items() if name in media.get("examples", {}))
    node = resolved(tree, content[media_type]["examples"][name])
    charset = tree["x-service"]["charset"]
    if charset != "none" and "charset=" not in media_type and "x-charset" not in node:
        media_type = f"{media_type}; charset={charset}"
    headers = tuple(sorted(node.get("x-headers", {}).items()))
    return Look(status, media_type if node.get("x-typed", True) else None, headers, node["value"])


def say(tree: Tree, name: str, look: Look) -> None:
    """Write how a refusal looks, be it new or known."""
    example: Tree = {"value": look.value}
    if look.headers:
        example["x-headers"] = dict(look.headers)
    if look.media_type is None:
        example["x-typed"] = False
    if (
        look.media_type is not None
        and tree["x-service"]["charset"] != "none"
        and "charset=" not in look.media_type
    ):
        example["x-charset"] = "none"
    tree["components"]["examples"][name] = example


def place(tree: Tree, responses: Tree, name: str, look: Look) -> None:
    """Put a refusal under its status and media type in these responses, and remove it from all others."""
    media_type = look.media_type or _UNTYPED
    charset = tree["x-service"]["charset"]
    if charset != "none":
        media_type = media_type.removesuffix(f"; charset={charset}")
    for code in list(responses):
        if name in examples(tree, responses[code]):
            _take(tree, responses, code, name)
    code = str(look.status)
    if code not in responses:
        responses[code] = {"description": "As the service answers.", "content": {}}
    content = _own(tree, responses, code).setdefault("content", {})
    media = content.setdefault(media_type, {"schema": {}, "examples": {}})
    media.setdefault("examples", {})[name] = {"$ref": f"#/components/examples/{name}"}
    if (
        look.media_type is None
        or not isinstance(look.value, dict)
        or ("$ref" in media["schema"] and not _is_error(look.value))
    ):
        media["schema"] = {}


def _is_error(value: Any) -> bool:
    """Tell whether a body is an error in the documented envelope."""
    errors = value.get("errors") if isinstance(value, dict) else None
    return (
        value.keys() == {"errors"}
        and isinstance(errors, list)
        and all(isinstance(each, dict) and each.keys() == {"title", "status"} for each in errors)
    )


def _take(tree: Tree, responses: Tree, code: str, name: str) -> None:
    """Remove a refusal from a response, and the response or media type with it if no refusal is left."""
    content = _own(tree, responses, code)["content"]
    for media_type in list(content):
        content[media_type].get("examples", {}).pop(name, None)
        if not content[media_type].get("examples"):
            del content[media_type]
    if not content:
        del responses[code]


def own_response(tree: Tree, responses: Tree, status: int) -> Tree:
    """Return a response that no other operation shares, so that it may be changed. Raises KeyError."""
    return _own(tree, responses, str(status))


def _own(tree: Tree, responses: Tree, code: str) -> Tree:
    responses[code] = copy.deepcopy(resolved(tree, responses[code]))
    own: Tree = responses[code]
    return own


def form_of(tree: Tree, operation: str) -> Tree:
    """Return the schema of an operation's form; changes to it change the tree. Raises KeyError."""
    node = dict(operations(tree))[operation]
    schema: Tree = next(iter(node["requestBody"]["content"].values()))["schema"]
    return component(tree, schema)


def component(tree: Tree, node: Any) -> Tree:
    """Follow references to the node itself; changes to it change the tree."""
    while "$ref" in node:
        node = at(tree, node["$ref"])
    found: Tree = node
    return found
