"""The effective document compiled, once, to frozen facts: what the corridor executes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mock_server.contract import structure, vocabulary
from mock_server.contract.filtering import check_filters
from mock_server.contract.operation import METHODS, Operation, OperationCompiler
from mock_server.contract.refusals import check_names
from mock_server.contract.resource import Resource, check_types, compile_resource
from mock_server.contract.response import RefusalResponse, ResponseCompiler
from mock_server.contract.routes import Routes
from mock_server.contract.schema import Schemas
from mock_server.contract.service import Service, compile_service
from mock_server.contract.text import QUOTES, Quote
from mock_server.document import Document, DocumentError, Object, place_of

_BASE_PATH = re.compile(r"(?:/[^/{}?]+)+\Z")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Contract:
    """All facts of one effective document. `refusals` holds every refusal by name, whoever declares it."""

    document: Document
    title: str
    version: str
    service: Service
    operations: Mapping[str, Operation]
    routes: Routes
    refusals: Mapping[str, RefusalResponse]
    resource: Resource
    quote: Quote

    @property
    def base_path(self) -> str:
        """The path of the document's first server: `/api`."""
        return self.routes.base_path


def compile_contract(document: Document) -> Contract:
    """Compile a document. Raises DocumentError, with file and line, at anything that cannot be served."""
    data = document.data
    structure.check_texts(data)
    vocabulary.check(data)
    structure.check(data)
    words, schemas = data["x-service"], Schemas(data)
    quote = QUOTES[words["json-escapes"]]
    answers = ResponseCompiler(schemas, quote, words["charset"])
    operations = _operations(data, OperationCompiler(schemas, answers))
    refusals = {refusal.name: refusal for refusal in answers.refusals(words["refusals"])}
    for operation in operations.values():
        refusals |= operation.refusals
    check_names(data, refusals)
    resource = compile_resource(schemas, _row_schema(schemas, data), quote)
    check_filters(operations.values(), resource.template.properties)
    check_types(operations.values(), resource)
    return Contract(
        document=document,
        title=data["info"]["title"],
        version=data["info"]["version"],
        service=compile_service(data, schemas),
        operations=operations,
        routes=Routes(operations.values(), _base_path(data), words["trailing-slash"]),
        refusals=refusals,
        resource=resource,
        quote=quote,
    )


def _base_path(data: Object) -> str:
    if not data.get("servers"):
        return ""
    server: Object = data["servers"][0]
    try:
        path = urlsplit(str(server["url"])).path.rstrip("/")
    except ValueError:
        path = "?"
    if path and not _BASE_PATH.match(path):
        what = f"the first server's url {server['url']!r} has no plain path: write https://HOST/PATH."
        raise DocumentError(what, place_of(server, "url"))
    return path


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
    components = data["components"]
    for schema in components["schemas"].values():
        for key, node in schema.get("properties", {}).items():
            resolved = schemas.resolve(node)
            if resolved.get("x-value") != "rows":
                continue
            if "items" not in resolved:
                raise DocumentError(
                    f"{key} needs `items`, the schema of a handler.", place_of(schema["properties"], key)
                )
            items: Object = resolved["items"]
            return items
    what = "no schema has a property with `x-value: rows`, so no list can be answered."
    raise DocumentError(what, place_of(components, "schemas"))
