"""The effective document compiled, once, to frozen facts: what the corridor executes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mock_server.contract import vocabulary
from mock_server.contract.answer import AnswerCompiler, RefusalAnswer
from mock_server.contract.operation import METHODS, Operation, OperationCompiler
from mock_server.contract.resource import Resource, compile_resource
from mock_server.contract.routes import Routes
from mock_server.contract.schema import Schemas
from mock_server.contract.text import QUOTES, Quote
from mock_server.document import Array, Document, DocumentError, Object, place_of

# What each check needs to have been done before it.
_NEEDS = {
    "key": ("bearer",),
    "quota": ("key",),
    "existence": ("key", "method"),
    "form": ("key", "method"),
    "plan": ("form",),
}


@dataclass(frozen=True, slots=True)
class Service:
    """What holds for the service as a whole: `x-service` and the security scheme, word for word."""

    checks: tuple[str, ...]
    quota: Mapping[str, int] | None
    plan_limit: int | None
    other_methods: str
    unknown_route: str
    cors: bool
    time_offset: int  # seconds east of UTC
    unknown_fields: str
    foreign_fields: str
    array_fields: str
    invalid_utf_8: str
    body_bytes: int
    fields: int
    key_prefix: str
    key_example: str
    any_case: bool
    seed: Array


@dataclass(frozen=True, slots=True)
class Contract:
    """All facts of one effective document. `refusals` holds every refusal by name, whoever declares it."""

    document: Document
    title: str
    version: str
    service: Service
    operations: Mapping[str, Operation]
    routes: Routes
    refusals: Mapping[str, RefusalAnswer]
    resource: Resource
    quote: Quote

    @property
    def base_path(self) -> str:
        """The path of the document's first server: `/api`."""
        return self.routes.base_path


def compile_contract(document: Document) -> Contract:
    """Compile a document. Raises DocumentError, with file and line, at anything that cannot be served."""
    data = document.data
    vocabulary.check(data)
    if "x-service" not in data:
        raise DocumentError(
            "the document has no x-service, which says how the service as a whole behaves.", None
        )
    words, schemas = data["x-service"], Schemas(data)
    quote = QUOTES[words["json-escapes"]]
    answers = AnswerCompiler(schemas, quote, words["charset"])
    operations = _operations(data, OperationCompiler(schemas, answers))
    refusals = {refusal.name: refusal for refusal in answers.refusals(words["refusals"])}
    for operation in operations.values():
        refusals |= operation.refusals
    _check_names(data, refusals)
    return Contract(
        document=document,
        title=data["info"]["title"],
        version=data["info"]["version"],
        service=_service(data, schemas),
        operations=operations,
        routes=Routes(operations.values(), _base_path(data), words["trailing-slash"]),
        refusals=refusals,
        resource=compile_resource(schemas, _row_schema(schemas, data), quote),
        quote=quote,
    )


def _base_path(data: Mapping[str, Any]) -> str:
    servers = data.get("servers") or [{"url": "/"}]
    return urlsplit(str(servers[0]["url"])).path.rstrip("/")


def _operations(data: Object, compiler: OperationCompiler) -> dict[str, Operation]:
    operations: dict[str, Operation] = {}
    for path, item in data["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            operation = compiler.compile(path, method, item)
            if operation.id in operations:
                raise DocumentError(f"the operationId {operation.id} is used twice.", place_of(item, method))
            operations[operation.id] = operation
    return operations


def _row_schema(schemas: Schemas, data: Object) -> Object:
    """Return the schema of one handler: the items of the property that holds a page's rows."""
    for schema in data.get("components", {}).get("schemas", {}).values():
        for node in schema.get("properties", {}).values():
            if node.get("x-value") == "rows":
                items: Object = schemas.resolve(node)["items"]
                return items
    raise DocumentError("no schema has a property with `x-value: rows`, so no list can be answered.", None)


def _check_names(data: Object, refusals: Mapping[str, RefusalAnswer]) -> None:
    """Raise DocumentError where a word names a refusal that no response has as an example."""
    words = data["x-service"]
    named = [(words, key) for key in ("other-methods", "unknown-route")]
    named += [(words, key) for key in ("unknown-fields", "foreign-fields") if words[key] != "ignored"]
    named += [(words, "invalid-utf-8")] if words["invalid-utf-8"] != "replaced" else []
    for schema in data.get("components", {}).get("schemas", {}).values():
        named += [(schema["x-refusals"], word) for word in schema.get("x-refusals", {})]
    for parameter in data.get("components", {}).get("parameters", {}).values():
        named += [(parameter, "x-otherwise")] if parameter.get("x-otherwise", "default") != "default" else []
    for container, key in named:
        if container[key] not in refusals:
            names = ", ".join(sorted(refusals))
            raise DocumentError(
                f"{key}: {container[key]} is none of the refusals ({names}).", place_of(container, key)
            )


def _service(data: Object, schemas: Schemas) -> Service:
    words = data["x-service"]
    for position, check in enumerate(words["checks"]):
        for need in _NEEDS.get(check, ()):
            if need not in words["checks"][:position]:
                raise DocumentError(f"checks: {check} needs {need} before it.", place_of(words, "checks"))
    schemes = data["components"]["securitySchemes"]
    scheme = next(node for node in schemes.values() if "x-mock-keys" in node)
    sign, hours, minutes = words["time-offset"][0], words["time-offset"][1:3], words["time-offset"][4:]
    return Service(
        checks=tuple(words["checks"]),
        quota=words["quota"],
        plan_limit=words["plan-limit"],
        other_methods=words["other-methods"],
        unknown_route=words["unknown-route"],
        cors=words["cors"] == "open",
        time_offset=int(f"{sign}1") * (int(hours) * 3600 + int(minutes) * 60),
        unknown_fields=words["unknown-fields"],
        foreign_fields=words["foreign-fields"],
        array_fields=words["array-fields"],
        invalid_utf_8=words["invalid-utf-8"],
        body_bytes=words["limits"]["body-bytes"],
        fields=words["limits"]["fields"],
        key_prefix=scheme["x-mock-keys"]["prefix"],
        key_example=scheme["x-mock-keys"]["example"],
        any_case=scheme.get("x-scheme-case", "exact") == "any",
        seed=schemas.at(words["seed"], place_of(words, "seed")),
    )
