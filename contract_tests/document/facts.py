"""What the suites expect, read from the effective document and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from contract_tests.document.schema import SchemaPaths, fits, read

_METHODS = ("get", "post", "put", "patch", "delete")
# Methods that are tried if the document does not have them. No service has the last one.
_OTHER_METHODS = ("PUT", "PATCH", "PURGE")


@dataclass(frozen=True, slots=True)
class DocumentedRefusal:
    """One documented refusal. `status` is what HTTP says, `media_type` is None if it has none, `value` is the body.

    `title` and `shown_status` are what a body in the documented envelope says; `title` is empty for any other body, and
    `value` is then a template, with placeholders for what differs each time.
    """

    name: str
    status: int
    title: str
    shown_status: int | str
    media_type: str | None = "application/json"
    value: Any = None

    def is_shown_by(self, status: int, body: bytes | str) -> bool:
        """Tell whether a response is this refusal: by its title in the documented envelope, else by all of its body."""
        if status != self.status:
            return False
        data = read(body if isinstance(body, bytes) else body.encode(), self.media_type)
        if not self.title:
            return fits(self.value, data)
        try:
            return bool(data["errors"][0]["title"] == self.title)
        except (LookupError, TypeError):
            return False


@dataclass(frozen=True, slots=True)
class DocumentedOperation:
    """One operation. `kind` is what it does, by `x-behaviour`: list, retrieve, create, update or delete.

    `success` is its 2xx status; `answer` the schema of that answer's body, empty for no body.
    """

    id: str
    kind: str
    method: str
    path: str
    success: int
    answer: Mapping[str, Any]
    media_types: tuple[str, ...]
    refusals: Mapping[str, DocumentedRefusal]


@dataclass(frozen=True, slots=True)
class Facts:
    """The effective document as the suites read it.

    `types` maps each handler type to its own form fields; `examples` maps it to the document's example of a create.
    `shared` are the refusals of the service as a whole, by name. `row` maps an `x-value` word to the property of a
    handler that shows it (`id`, `type`, `name`, `settings`, `enabled`, `changed`, `created`), `form` likewise to the
    form field. `sizes` are the page sizes.
    """

    document: Mapping[str, Any]
    schemas: SchemaPaths
    base_path: str
    operations: Mapping[str, DocumentedOperation]
    shared: Mapping[str, DocumentedRefusal]
    types: Mapping[str, tuple[str, ...]]
    examples: Mapping[str, Mapping[str, str]]
    row: Mapping[str, str]
    form: Mapping[str, str]
    sizes: tuple[int, ...]
    default_size: int
    page_parameter: str
    size_parameter: str

    def operation(self, kind: str) -> DocumentedOperation:
        """Return the first operation of a kind. Raises StopIteration if the document has none."""
        return next(self.of_kind(kind))

    def of_kind(self, kind: str) -> Iterator[DocumentedOperation]:
        """Yield the operations of a kind, in the document's order."""
        return _of_kind(self.operations, kind)

    @property
    def other_methods(self) -> tuple[str, ...]:
        """Methods that the path of one handler does not have."""
        path = self.operation("retrieve").path
        known = {operation.method for operation in self.operations.values() if operation.path == path}
        return tuple(method for method in _OTHER_METHODS if method not in known)

    def kind_of(self, operation_id: str) -> str:
        """Return what an operation does, empty if the document does not have it."""
        operation = self.operations.get(operation_id)
        return "" if operation is None else operation.kind

    def refusal(self, kind: str, name: str) -> DocumentedRefusal:
        """Return a documented refusal of an operation. Raises KeyError if the document lacks it."""
        refusals = self.operation(kind).refusals
        return refusals[name] if name in refusals else self.shared[name]


def read_facts(document: Mapping[str, Any]) -> Facts:
    """Read the effective document's data. Raises KeyError or StopIteration if it does not describe such an API."""
    schemas = SchemaPaths(document)
    operations = {
        node["operationId"]: _operation(schemas, path, method, node)
        for path, item in document["paths"].items()
        for method, node in item.items()
        if method in _METHODS
    }
    create = _node(document, operations, "create")
    form = schemas.resolve(next(iter(create["requestBody"]["content"].values()))["schema"])
    listed = next(_of_kind(operations, "list"))
    items = schemas.resolve(schemas.at(listed.answer, schemas.path_to(listed.answer, "rows"))["items"])
    update = _node(document, operations, "update")
    update_form = schemas.resolve(next(iter(update["requestBody"]["content"].values()))["schema"])
    words = schemas.words(form)
    parameters = _parameters(schemas, document, listed)
    return Facts(
        document=document,
        schemas=schemas,
        base_path=urlsplit(document["servers"][0]["url"]).path.rstrip("/"),
        operations=operations,
        shared=_shared(schemas, document["x-service"]["refusals"]),
        types=_types(schemas, form, words["type"]),
        examples=_examples(schemas, create, words["type"]),
        row=schemas.words(items),
        form={**schemas.words(update_form), **words},
        sizes=tuple(parameters["size"]["schema"]["enum"]),
        default_size=parameters["size"]["schema"]["default"],
        page_parameter=parameters["page"]["name"],
        size_parameter=parameters["size"]["name"],
    )


def _of_kind(operations: Mapping[str, DocumentedOperation], kind: str) -> Iterator[DocumentedOperation]:
    return (operation for operation in operations.values() if operation.kind == kind)


def _node(
    document: Mapping[str, Any], operations: Mapping[str, DocumentedOperation], kind: str
) -> Mapping[str, Any]:
    operation = next(_of_kind(operations, kind))
    node: Mapping[str, Any] = document["paths"][operation.path][operation.method.lower()]
    return node


def _operation(schemas: SchemaPaths, path: str, method: str, node: Mapping[str, Any]) -> DocumentedOperation:
    success, answer = 0, {}
    refusals: dict[str, DocumentedRefusal] = {}
    for code, unresolved in node["responses"].items():
        response = schemas.resolve(unresolved)
        for media_type, media in response.get("content", {}).items():
            if code.startswith("2"):
                answer = dict(schemas.resolve(media["schema"]))
            else:
                refusals |= _refusals(schemas, int(code), media_type, media)
        success = int(code) if code.startswith("2") else success
    media_types = tuple(schemas.resolve(node.get("requestBody", {})).get("content", {}))
    kind: str = node["x-behaviour"]
    return DocumentedOperation(
        node["operationId"], kind, method.upper(), path, success, answer, media_types, refusals
    )


def _shared(schemas: SchemaPaths, responses: Mapping[str, Any]) -> dict[str, DocumentedRefusal]:
    found: dict[str, DocumentedRefusal] = {}
    for code, response in responses.items():
        for media_type, media in schemas.resolve(response).get("content", {}).items():
            found |= _refusals(schemas, int(code), media_type, media)
    return found


def _refusals(
    schemas: SchemaPaths, status: int, media_type: str, media: Mapping[str, Any]
) -> dict[str, DocumentedRefusal]:
    found = {}
    for name, example in media.get("examples", {}).items():
        node = schemas.resolve(example)
        value, kind = node["value"], media_type if node.get("x-typed", True) else None
        try:
            (error,) = value["errors"]
            title, shown = str(error["title"]), error["status"]
        except (LookupError, TypeError, ValueError):
            title, shown = "", status
        found[name] = DocumentedRefusal(name, status, title, shown, kind, value)
    return found


def _types(schemas: SchemaPaths, form: Mapping[str, Any], type_field: str) -> dict[str, tuple[str, ...]]:
    properties = schemas.properties(form)
    names = properties[type_field]["enum"]
    own = {name: node.get("x-available-when", {}).get(type_field, ()) for name, node in properties.items()}
    return {name: tuple(field for field, types in own.items() if name in types) for name in names}


def _examples(
    schemas: SchemaPaths, create: Mapping[str, Any], type_field: str
) -> dict[str, Mapping[str, str]]:
    media = next(iter(create["requestBody"]["content"].values()))
    values = [schemas.resolve(example)["value"] for example in media.get("examples", {}).values()]
    return {value[type_field]: value for value in values}


def _parameters(
    schemas: SchemaPaths, document: Mapping[str, Any], listed: DocumentedOperation
) -> dict[str, Mapping[str, Any]]:
    nodes = document["paths"][listed.path]["get"]["parameters"]
    return {schemas.resolve(node).get("x-role", ""): schemas.resolve(node) for node in nodes}
