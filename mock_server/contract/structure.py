"""The parts of OpenAPI that the mock reads, as one JSON Schema, so that compiling meets no surprise."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs

from mock_server.contract.operation import METHODS
from mock_server.contract.schema import Schemas
from mock_server.document import Array, DocumentError, Object, Place, place_at, place_of, plain

# What stands below these keys is an author's data, where `$ref` is a word like any other.
_DATA = frozenset({"example", "examples", "value", "enum", "const", "default"})

# What may name a header or a media type: with a line break in it, another header would begin.
_HEADER_NAME = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
_MEDIA_TYPE = "^[!-~]+/[ -~]+$"


def _map(of: Any, names: str | None = None) -> dict[str, Any]:
    keys = {"propertyNames": {"pattern": names}} if names else {}
    return {"type": "object", "additionalProperties": of, **keys}


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def _list(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _own(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def _reference(kind: str) -> dict[str, Any]:
    return _object("$ref", **{"$ref": {"type": "string", "pattern": f"^#/components/{kind}/[^/]+$"}})


def _or_reference(kind: str, of: Any) -> dict[str, Any]:
    return {"type": "object", "if": {"required": ["$ref"]}, "then": _reference(kind), "else": of}


_TEXT = {"type": "string"}
_SCHEMA = {"allOf": [{"$ref": "https://json-schema.org/draft/2020-12/schema"}, _own("schema")]}
_EXAMPLES = _map(_or_reference("examples", _own("example")))
_RESPONSES = _map(_or_reference("responses", _own("response")), "^[0-9]{3}$")
_HEADERS = _map(_or_reference("headers", _own("header")), _HEADER_NAME)
_PARAMETERS = _list(_or_reference("parameters", _own("parameter")))

_DEFS = {
    # The words of a schema that are read one by one; the meta-schema sees to the rest.
    "schema": {
        "type": "object",
        "if": {"required": ["$ref"]},
        "then": _reference("schemas"),
        "properties": {
            "properties": _map(_own("schema")),
            "items": _own("schema"),
            "allOf": _list(_own("schema")),
            "if": _own("schema"),
            "then": _own("schema"),
            "enum": {"minItems": 1},
            "examples": {"minItems": 1},
        },
    },
    "example": _object("value"),
    "header": _object(schema=_SCHEMA),
    "parameter": _object(
        "name",
        "in",
        "schema",
        name=_TEXT,
        schema=_SCHEMA,
        **{"in": {"enum": ["query", "path", "header", "cookie"]}},
    ),
    "media": _object("schema", schema=_SCHEMA, examples=_EXAMPLES),
    "content": _map(_own("media"), _MEDIA_TYPE),
    "response": _object(
        headers=_HEADERS, content=_own("content"), **{"x-empty-body": {"pattern": _MEDIA_TYPE}}
    ),
    "request": _object("content", content={**_own("content"), "minProperties": 1}),
    "operation": _object(
        "responses",
        operationId={"type": "string", "minLength": 1},
        summary=_TEXT,
        parameters=_PARAMETERS,
        requestBody=_or_reference("requestBodies", _own("request")),
        responses=_RESPONSES,
    ),
    "path": _object(parameters=_PARAMETERS, **dict.fromkeys(METHODS, _own("operation"))),
}

_DOCUMENT = {
    **_object(
        "info",
        "paths",
        "components",
        "x-service",
        info=_object("title", "version", title=_TEXT, version=_TEXT),
        servers=_list(_object("url", url=_TEXT)),
        paths=_map(_own("path"), "^/"),
        components=_object(
            "schemas",
            "securitySchemes",
            schemas=_map(_SCHEMA),
            parameters=_map(_or_reference("parameters", _own("parameter"))),
            headers=_HEADERS,
            responses=_map(_or_reference("responses", _own("response"))),
            requestBodies=_map(_or_reference("requestBodies", _own("request"))),
            examples=_EXAMPLES,
            securitySchemes=_map({"type": "object"}),
        ),
        **{"x-service": _object(refusals=_RESPONSES)},
    ),
    "$defs": _DEFS,
}


@cache
def _validator() -> jsonschema_rs.Validator:
    # Masked, because a message that quotes half the document is no sentence.
    return jsonschema_rs.validator_for(_DOCUMENT, mask="this")


def check_texts(document: Object) -> None:
    """Raise DocumentError at a text that no validator and no answer can take."""
    for place, text in _texts(document, document.place):
        if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
            raise DocumentError(
                "a text holds half a surrogate pair, which UTF-8 cannot write: remove it.", place
            )


def check(document: Object) -> None:
    """Raise DocumentError, with file and line, at the first thing that is not where or what it must be."""
    for error in _validator().iter_errors(plain(document)):
        path = list(error.instance_path)
        raise DocumentError(
            f"{'/'.join(map(str, path)) or 'the document'}: {error.message}.", place_at(document, path)
        )
    schemas = Schemas(document)
    for node in _references(document):
        schemas.resolve(node)


def _texts(node: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Yield every text with its place, keys too."""
    if isinstance(node, str):
        yield place, node
    elif isinstance(node, Object):
        for key, value in node.items():
            yield place_of(node, key), key
            yield from _texts(value, place_of(node, key))
    elif isinstance(node, Array):
        for index, item in enumerate(node):
            yield from _texts(item, place_of(node, index))


def _references(node: Any, *, named: bool = False) -> Iterator[Object]:
    """Yield each mapping that is a reference. `named`: the mapping's keys are names, not words."""
    if isinstance(node, Object):
        if not named and isinstance(node.get("$ref"), str):
            yield node
        for key, value in node.items():
            if named or key not in _DATA:
                yield from _references(value, named=not named and key in {"properties", "examples"})
            elif key == "examples" and isinstance(value, Object):
                yield from _references(value, named=True)
    elif isinstance(node, Array):
        for item in node:
            yield from _references(item)
