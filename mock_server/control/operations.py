"""The control's document, compiled: operations by path and method, their parameters, bodies and answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from mock_server.contract import Check, RefusalResponse, ResponseCompiler, Schemas
from mock_server.contract.text import quote_plainly
from mock_server.control.request import unusable
from mock_server.document import Object, home, read_object
from mock_server.refusal import Refusal

# Texts that a boolean parameter may be.
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@cache
def control_document() -> Object:
    """Return the document as it stands in its file."""
    return read_object(home() / "control.yaml")


class Parameter(NamedTuple):
    """One parameter of a query."""

    name: str
    kind: str
    check: Check
    default: Any

    def read(self, text: str) -> Any:
        """Return a parameter's value. Raises Refusal."""
        value: Any = text
        if self.kind == "integer" and text.isascii() and text.isdigit() and len(text) < 16:
            value = int(text)
        elif self.kind == "boolean":
            value = _BOOLEANS.get(text, text)
        if complaint := self.check(value):
            raise unusable(f"The parameter {self.name} is wrong: {complaint.removeprefix('the value: ')}.")
        return value


class Operation(NamedTuple):
    """One control operation. `world`: "needed", "optional" or "none"; `body` is None where it takes none.

    `contents`: the check of the answer by its media type.
    """

    id: str
    world: str
    open: bool
    parameters: Mapping[str, Parameter]
    body: Check | None
    status: int
    contents: Mapping[str, Check]
    refusals: Mapping[str, RefusalResponse]

    def media_type(self, accept: str) -> str | None:
        """Return the media type to answer in: the first of `Accept` that the document has, else its own first."""
        wanted = [part.partition(";")[0].strip() for part in accept.split(",")]
        return next((each for each in wanted if each in self.contents), next(iter(self.contents), None))

    def read_query(self, query: str) -> dict[str, Any]:
        """Return the parameters' values, defaults included. Raises Refusal."""
        values = {name: each.default for name, each in self.parameters.items()}
        for name, text in parse_qsl(query, keep_blank_values=True):
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise unusable(
                    f"There is no parameter {name[:60]!r} here: leave it out, or take one of {known}."
                )
            values[name] = self.parameters[name].read(text)
        return values


class Operations:
    """The operations by path and method, each compiled when it is first asked for: a start is not to wait for them."""

    def __init__(self, document: Object) -> None:
        self._document = document
        self._schemas = Schemas(document)
        self._answers = ResponseCompiler(self._schemas, quote_plainly, "none")
        self._compiled: dict[str, Operation] = {}

    def __iter__(self) -> Iterator[Operation]:
        for path, item in self._document["paths"].items():
            yield from (self.find(method.upper(), path) for method in item)

    def find(self, method: str, path: str) -> Operation:
        """Return the operation of a path below the prefix. Raises Refusal where there is none."""
        item: Mapping[str, Object] = self._document["paths"].get(path, {})
        node = item.get("get" if method == "HEAD" else method.lower()) if method.isupper() else None
        if node is None:
            raise Refusal("not_found")
        operation = self._compiled.get(node["operationId"])
        if operation is None:
            operation = self._compiled[node["operationId"]] = self._compile(node)
        return operation

    @cached_property
    def not_found(self) -> RefusalResponse:
        """The refusal of a path that the document does not have."""
        (refusal,) = self._answers.refusals(self._document["x-unknown-path"])
        return refusal

    @cached_property
    def outages(self) -> Mapping[str, RefusalResponse]:
        """The outages that a fault can be armed with, by name."""
        return {outage.name: outage for outage in self._answers.refusals(self._document["x-outages"])}

    def _compile(self, node: Object) -> Operation:
        responses = node["responses"]
        ((code, response),) = ((code, each) for code, each in responses.items() if code.startswith("2"))
        contents = self._schemas.resolve(response).get("content", {})
        return Operation(
            id=node["operationId"],
            world=node.get("x-world", "none"),
            open=node.get("x-open", False),
            parameters={each.name: each for each in map(self._parameter, node.get("parameters", ()))},
            body=self._body(node),
            status=int(code),
            contents={each: self._schemas.check(node["schema"]) for each, node in contents.items()},
            refusals={refusal.name: refusal for refusal in self._answers.refusals(responses)},
        )

    def _parameter(self, node: Object) -> Parameter:
        node = self._schemas.resolve(node)
        schema = self._schemas.resolve(node["schema"])
        return Parameter(
            node["name"], schema["type"], self._schemas.check(node["schema"]), schema.get("default")
        )

    def _body(self, node: Object) -> Check | None:
        if "requestBody" not in node:
            return None
        return self._schemas.check(node["requestBody"]["content"]["application/json"]["schema"])
