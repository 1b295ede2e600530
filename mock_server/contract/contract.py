"""The effective document compiled, once, to frozen facts: what the pipeline executes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mock_server.contract import structure, vocabulary
from mock_server.contract.form import Form, compile_form
from mock_server.contract.operation import Draft, Operation, compile_operation, drafts_of, form_schema
from mock_server.contract.refusals import check_names
from mock_server.contract.resource import Resource, Row, compile_resource, read_row
from mock_server.contract.response import RefusalResponse, ResponseCompiler, success_code
from mock_server.contract.routes import Routes
from mock_server.contract.schema import Schemas
from mock_server.contract.service import Service, compile_service
from mock_server.contract.template import DEEPEST
from mock_server.contract.text import QUOTES, Quote
from mock_server.document import Array, Document, DocumentError, Object, place_of

_BASE_PATH = re.compile(r"(?:/[^/{}?]+)+\Z")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Contract:
    """All facts of one effective document.

    `resources` and `refusals` by name; the refusals of all responses. `methods`: those of all operations, as a CORS
    preflight lists them.
    """

    document: Document
    title: str
    version: str
    service: Service
    resources: Mapping[str, Resource]
    operations: Mapping[str, Operation]
    routes: Routes
    refusals: Mapping[str, RefusalResponse]
    methods: str
    quote: Quote

    @property
    def base_path(self) -> str:
        """The path of the document's first server: `/api`."""
        return self.routes.base_path

    @property
    def resource(self) -> Resource:
        """The first resource."""
        return next(iter(self.resources.values()))


def compile_contract(document: Document) -> Contract:
    """Compile a document. Raises DocumentError, with file and line, if it cannot be served."""
    data = document.data
    structure.check_texts(data)
    vocabulary.check(data)
    structure.check(data)
    words, schemas = data["x-service"], Schemas(data)
    quote = QUOTES[words["json-escapes"]]
    responses = ResponseCompiler(schemas, quote, words["charset"])
    refusals = {refusal.name: refusal for refusal in responses.refusals(words["refusals"])}
    drafts = drafts_of(data)
    rows = _rows(data, schemas, drafts)
    resources, operations = _compiled(responses, drafts, rows, _seeds(words, schemas, rows))
    for operation in operations.values():
        refusals |= operation.refusals
    check_names(data, refusals)
    return Contract(
        document=document,
        title=data["info"]["title"],
        version=data["info"]["version"],
        service=compile_service(data),
        resources=resources,
        operations=operations,
        routes=Routes(operations.values(), _base_path(data), words["trailing-slash"]),
        refusals=refusals,
        methods=", ".join(dict.fromkeys(operation.method for operation in operations.values())),
        quote=quote,
    )


def _rows(data: Object, schemas: Schemas, drafts: list[Draft]) -> dict[str, Row]:
    """Return the rows of each resource, by the path of its collection. Raises DocumentError."""
    rows: dict[str, Row] = {}
    for draft in drafts:
        schema = _row_schema(schemas, draft)
        if schema is not None and draft.collection not in rows:
            rows[draft.collection] = read_row(schemas, schema, draft.collection)
    if not rows:
        what = "No response shows rows. Give a property `x-value: rows` and `items`, or `x-value: row`."
        raise DocumentError(what, place_of(data, "paths"))
    names = [row.name for row in rows.values()]
    for row in rows.values():
        if names.count(row.name) > 1:
            what = f"Two resources have the name {row.name!r}. Give each its own by x-resource."
            raise DocumentError(what, row.node.place)
    return rows


def _row_schema(schemas: Schemas, draft: Draft) -> Object | None:
    """Return the schema of the rows that an operation's success shows, if it shows any."""
    response = schemas.resolve(draft.node["responses"][success_code(draft.node["responses"])])
    for media in response.get("content", {}).values():
        found = _found_row(schemas, media["schema"])
        if found is not None:
            return found
    return None


def _found_row(schemas: Schemas, schema: Object, depth: int = 0) -> Object | None:
    properties = schemas.resolve(schema).get("properties", {})
    for key, node in properties.items():
        resolved = schemas.resolve(node)
        if resolved.get("x-value") == "row":
            row: Object = node
            return row
        if resolved.get("x-value") == "rows":
            if "items" not in resolved:
                what = f"{key} needs `items`, the schema of a row."
                raise DocumentError(what, place_of(properties, key))
            items: Object = resolved["items"]
            return items
        found = _found_row(schemas, node, depth + 1) if depth < DEEPEST else None
        if found is not None:
            return found
    return None


def _compiled(
    responses: ResponseCompiler, drafts: list[Draft], rows: Mapping[str, Row], seeds: Mapping[str, Array]
) -> tuple[dict[str, Resource], dict[str, Operation]]:
    """Return the resources and the operations by name, in the document's order. Raises DocumentError."""
    only = next(iter(rows.values())) if len(rows) == 1 else None
    forms: dict[str, Form] = {}
    rows_of: dict[str, Row] = {}
    for draft in drafts:
        row = rows.get(draft.collection, only)
        if row is None:
            what = (
                f"No response below {draft.collection} shows rows. Give a property `x-value: rows` or `row`."
            )
            raise DocumentError(what, draft.place)
        rows_of[draft.id] = row
        schema = form_schema(responses.schemas, draft)
        if schema is not None:
            forms[draft.id] = compile_form(responses.schemas, schema, row.unnamed, row.type_fact)
    resources = {}
    for row in rows.values():
        own = [form for name, form in forms.items() if rows_of[name] is row]
        resources[row.name] = compile_resource(responses, row, own, seeds[row.name])
    operations = {
        draft.id: compile_operation(responses, draft, forms.get(draft.id), resources[rows_of[draft.id].name])
        for draft in drafts
    }
    return resources, operations


def _seeds(words: Object, schemas: Schemas, rows: Mapping[str, Row]) -> dict[str, Array]:
    """Return the rows that a new world begins with, by resource. Raises DocumentError."""
    names = [row.name for row in rows.values()]
    seeds = dict.fromkeys(names, Array(words.place))
    named = words.get("seed", {})
    if isinstance(named, str) and len(names) > 1:
        what = f"seed: the document has several resources. Write a pointer for each: {', '.join(names)}."
        raise DocumentError(what, place_of(words, "seed"))
    for name, pointer in {names[0]: named}.items() if isinstance(named, str) else named.items():
        place = place_of(words, "seed") if isinstance(named, str) else place_of(named, name)
        if name not in names:
            raise DocumentError(f"seed: {name!r} is not a resource ({', '.join(names)}).", place)
        seed = schemas.at(pointer, place)
        if not isinstance(seed, Array):
            raise DocumentError("seed: the pointer names no list of rows.", place)
        seeds[name] = seed
    return seeds


def _base_path(data: Object) -> str:
    if not data.get("servers"):
        return ""
    server: Object = data["servers"][0]
    try:
        path = urlsplit(str(server["url"])).path.rstrip("/")
    except ValueError:
        path = "?"
    if path and not _BASE_PATH.match(path):
        what = f"The first server's url {server['url']!r} has no plain path. Write https://HOST/PATH."
        raise DocumentError(what, place_of(server, "url"))
    return path
