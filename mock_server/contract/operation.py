"""One operation, frozen: all that the corridor needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mock_server.contract.form import Form, compile_form
from mock_server.contract.functions import check_complete, check_parts, check_query, need_of
from mock_server.contract.parameter import Parameter, compile_parameters
from mock_server.contract.response import RefusalResponse, ResponseCompiler, Success
from mock_server.contract.schema import Schemas
from mock_server.document import DocumentError, Object, Place, place_of

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list is ordered, cut and linked: `x-paging`, word for word."""

    newest_first: bool
    beyond: str
    empty: str
    link_path: str
    link_opening: str
    repeats: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `function` names what serves it; `path_parameter` is None for a path without one."""

    id: str
    function: str
    method: str
    path: str
    summary: str
    path_parameter: Parameter | None
    query: tuple[Parameter, ...]
    form: Form | None
    media_types: frozenset[str]
    success: Success
    refusals: Mapping[str, RefusalResponse]
    paging: Paging | None
    update: Mapping[str, str]
    examples: Mapping[str, Any]  # of its request body, by name
    place: Place


class OperationCompiler(NamedTuple):
    """Compiles the operations of a document's paths."""

    schemas: Schemas
    answers: ResponseCompiler

    def compile(self, path: str, method: str, item: Object) -> Operation:
        """Compile one operation. Raises DocumentError, with file and line, at what cannot be served."""
        node = item[method]
        if "operationId" not in node:
            raise DocumentError(f"{method.upper()} {path} has no operationId.", place_of(item, method))
        need, place = need_of(node), place_of(node, "operationId")
        parameters = [*item.get("parameters", ()), *node.get("parameters", ())]
        in_path = compile_parameters(self.schemas, parameters, "path")
        query = compile_parameters(self.schemas, parameters, "query")
        check_parts(need, node, in_path, path)
        check_query(need, query, place)
        content = self._content(node)
        form = self._form(content)
        if need.complete and form is not None:
            check_complete(form, place)
        return Operation(
            id=node["operationId"],
            function=node.get("x-spelling-of", node["operationId"]),
            method=method.upper(),
            path=path,
            summary=node.get("summary", ""),
            path_parameter=in_path[0] if in_path else None,
            query=query,
            form=form,
            media_types=frozenset(content),
            success=self.answers.success(node["responses"], need.words),
            refusals={refusal.name: refusal for refusal in self.answers.refusals(node["responses"])},
            paging=_paging(node),
            update=node.get("x-update", {}),
            examples=self._examples(content),
            place=place,
        )

    def _content(self, node: Object) -> Mapping[str, Any]:
        content: Mapping[str, Any] = {}
        if "requestBody" in node:
            content = self.schemas.resolve(node["requestBody"])["content"]
        return content

    def _examples(self, content: Mapping[str, Any]) -> dict[str, Any]:
        examples: Mapping[str, Any] = next((media.get("examples", {}) for media in content.values()), {})
        return {name: self.schemas.resolve(example)["value"] for name, example in examples.items()}

    def _form(self, content: Mapping[str, Any]) -> Form | None:
        """Compile the form, which is the same one in whatever media type it comes."""
        schemas = [self.schemas.resolve(media["schema"]) for media in content.values()]
        for media, schema in zip(content.values(), schemas, strict=True):
            if schema != schemas[0]:
                what = "the media types of one body have one schema: make them equal."
                raise DocumentError(what, place_of(media, "schema"))
        return compile_form(self.schemas, schemas[0]) if schemas else None


def _paging(node: Mapping[str, Any]) -> Paging | None:
    if "x-paging" not in node:
        return None
    words = node["x-paging"]
    return Paging(
        newest_first=words["order"] == "newest-first",
        beyond=words["beyond"],
        empty=words["empty"],
        link_path=words["link-path"],
        link_opening=words["link-opening"],
        repeats=words["link-repeats"] == "accepted",
    )
