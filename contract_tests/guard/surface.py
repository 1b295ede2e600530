"""What the guard needs to know of the API, read from the effective document and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from contract_tests.document import SchemaPaths, Steps

Kind = Literal["list", "retrieve", "create", "update", "delete"]

_KINDS: tuple[Kind, ...] = ("list", "retrieve", "create", "update", "delete")
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MEDIA_TYPE = "application/json"
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class GuardedOperation:
    """One operation. `segments` are the path's, `slashed`: it ends in a slash, `on_row`: in a row's id."""

    kind: Kind
    id: str
    method: str
    segments: tuple[str, ...]
    on_row: bool
    slashed: bool


class ListParameters(NamedTuple):
    """The list's parameters, and the largest page; empty and 0 if none exist."""

    page: str
    size: str
    largest: int


class RateHeaders(NamedTuple):
    """The rate headers' names in lower case, empty if none exist, and the window in seconds."""

    remaining: str
    reset: str
    window: float


@dataclass(frozen=True, slots=True)
class Surface:
    """The API as the guard sees it.

    `row` gives the property of a row by its `x-value` word, `properties` the schema of each property. `rows`,
    `retrieved`, `written_id` and `total` say where an answer has its rows, its one row, the id of a create, and the
    total. `name_field` is the form field that names a row; `addresses` are the form fields whose documented examples
    are addresses.
    """

    base_path: str
    operations: tuple[GuardedOperation, ...]
    row: Mapping[str, str]
    properties: Mapping[str, Mapping[str, Any]]
    rows: Steps
    retrieved: Steps
    written_id: Steps
    total: Steps
    name_field: str
    addresses: frozenset[str]
    paging: ListParameters
    quota: RateHeaders

    def of(self, kind: Kind) -> GuardedOperation:
        """Return the operation of a kind. Raises KeyError if the document has none."""
        for operation in self.operations:
            if operation.kind == kind:
                return operation
        raise KeyError(kind)


def survey(data: Mapping[str, Any]) -> Surface:
    """Read a document's data. Raises ValueError, in a sentence, if a needed fact is missing."""
    schemas = SchemaPaths(data)
    nodes = dict(_operations(data))
    missing = set(_KINDS) - {operation.kind for operation in nodes}
    if missing:
        raise ValueError(f"The document has no operation whose operationId begins with {min(missing)}_.")
    first = {operation.kind: node for operation, node in reversed(nodes.items())}
    listed = _answer(schemas, first["list"])
    rows = schemas.path_to(listed, "rows")
    items = schemas.resolve(schemas.at(listed, rows).get("items", {}))
    row = schemas.words(items)
    if not rows or not {"id", "name"} <= row.keys():
        raise ValueError(
            "The document's list has no property with x-value: rows, or its rows no id and name."
        )
    return Surface(
        base_path=urlsplit((data.get("servers") or [{"url": ""}])[0]["url"]).path.rstrip("/"),
        operations=tuple(nodes),
        row=row,
        properties=schemas.properties(items),
        rows=rows,
        retrieved=schemas.path_to(_answer(schemas, first["retrieve"]), "row"),
        written_id=schemas.path_to(_answer(schemas, first["create"]), "id") or (row["id"],),
        total=schemas.path_to(listed, "total"),
        name_field=schemas.words(_form(schemas, first["create"])).get("name", row["name"]),
        addresses=_addresses(schemas, [first["create"], first["update"]]),
        paging=_paging(schemas, first["list"]),
        quota=_quota(schemas, data),
    )


def _paging(schemas: SchemaPaths, node: Mapping[str, Any]) -> ListParameters:
    parameters = [schemas.resolve(parameter) for parameter in node.get("parameters", ())]
    roles = {parameter.get("x-role"): parameter for parameter in parameters}
    size = roles.get("size", {})
    largest = max(size.get("schema", {}).get("enum", [0]))
    return ListParameters(roles.get("page", {}).get("name", ""), size.get("name", ""), largest)


def _quota(schemas: SchemaPaths, data: Mapping[str, Any]) -> RateHeaders:
    declared = data.get("components", {}).get("headers", {})
    words = {schemas.resolve(node).get("x-value"): name.lower() for name, node in declared.items()}
    window = (data.get("x-service", {}).get("quota") or {}).get("seconds", _MINUTE)
    return RateHeaders(words.get("quota-remaining", ""), words.get("quota-reset", ""), float(window))


def _operations(data: Mapping[str, Any]) -> Iterator[tuple[GuardedOperation, Mapping[str, Any]]]:
    for path, item in data["paths"].items():
        segments = tuple(path.strip("/").split("/"))
        for method in _METHODS:
            node = item.get(method, {})
            kind = node.get("x-behaviour")
            if kind is not None:
                on_row = segments[-1].startswith("{")
                yield (
                    GuardedOperation(
                        kind, node["operationId"], method.upper(), segments, on_row, path.endswith("/")
                    ),
                    node,
                )


def _answer(schemas: SchemaPaths, node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of an operation's first 2xx answer."""
    for status, response in node["responses"].items():
        if str(status).startswith("2"):
            content = schemas.resolve(response).get("content", {})
            return schemas.resolve(content.get(_MEDIA_TYPE, {}).get("schema", {}))
    return {}


def _form(schemas: SchemaPaths, node: Mapping[str, Any]) -> Mapping[str, Any]:
    for content in node.get("requestBody", {}).get("content", {}).values():
        return schemas.resolve(content.get("schema", {}))
    return {}


def _addresses(schemas: SchemaPaths, nodes: list[Mapping[str, Any]]) -> frozenset[str]:
    """Return the fields that some documented example fills with an e-mail address or a URL."""
    found: set[str] = set()
    for node in nodes:
        for content in node.get("requestBody", {}).get("content", {}).values():
            for example in content.get("examples", {}).values():
                value = schemas.resolve(example).get("value", {})
                found |= {k for k, v in value.items() if isinstance(v, str) and ("://" in v or "@" in v)}
    return frozenset(found)
