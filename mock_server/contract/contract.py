"""The effective document compiled, once, to frozen facts: what the pipeline executes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mock_server.contract.form import Form, compile_form
from mock_server.contract.operation import (
    Operation,
    OperationDraft,
    Routes,
    compile_operation,
    drafts_of,
    form_schema,
)
from mock_server.contract.resource import Resource, RowSchema, compile_resource, read_row
from mock_server.contract.response import (
    DEEPEST,
    WRITERS,
    Headers,
    RefusalResponse,
    ResponseCompiler,
    Writer,
    own_headers,
)
from mock_server.contract.schema import Schemas, check_document
from mock_server.document import Document, DocumentError, Object, place_of
from mock_server.document.rows import Walk, compile_rows, unknown_parameter_rows
from mock_server.php import FormLimits

# The refusals that the mock itself needs, whatever else the document names.
_REFUSALS = (
    "missing_bearer", "no_access", "not_found", "too_large", "malformed", "head_too_large", "timeout", "violation",
    "defect",
)  # fmt: skip

# The words that name refusals, and the other values that they may have.
_NAMING: Mapping[str, Collection[str]] = {
    "unknown-route": (),
    "other-methods": (),
    "malformed-bearer": (),
    "head": ("as-get", "refused"),
    "deleted": (),
    "media-types": ("ignored", "refused"),
    "unknown-fields": ("ignored",),
    "foreign-fields": ("ignored",),
    "unknown-parameters": ("ignored",),
    "invalid-utf-8": ("replaced",),
    "x-otherwise": ("default",),
    "x-refusals": (),
    "x-rows": (),
}

# The checks that must come before each check.
_NEEDS = {
    "key": ("bearer",),
    "quota": ("key",),
    "existence": ("key", "method"),
    "form": ("key", "method"),
    "id": ("method",),
    "availability": ("form",),
    "unique": ("form",),
    "plan": ("form",),
}


@dataclass(frozen=True, slots=True, eq=False)
class ServiceRules:
    """What holds for the whole service: `x-service` and the security scheme."""

    checks: tuple[str, ...]
    quota: Mapping[str, int] | None
    plan_limit: int | None
    other_methods: Mapping[str, str]  # the refusal at the collection, "list", and at its rows, "row"
    unknown_route: str
    malformed_bearer: str  # the refusal of an Authorization that has no key
    deleted: str  # the refusal of an id whose item was deleted
    redirect: Mapping[str, Any]  # how a path is redirected to its other spelling
    cors: bool
    time_offset: int  # seconds east of UTC
    tells_all: bool  # whether a refusal tells all problems, and not only the first
    between_fields: str  # what stands between the names of {fields}
    fields_as_sent: (
        bool  # whether these are in the order in which they were sent, or else in that of the document
    )
    more: Mapping[str, str]  # what {more} shows, for "one" item beside the first and for "many"
    joined: str  # what stands between the {messages} of problems
    labels: Mapping[str, str]  # what {field:label} shows for a field, if not its name
    head: str  # "as-get", "refused" as any other method, or the name of its refusal
    media_types: Mapping[str, str]  # those not read: "ignored" or a refusal; "other" is any other one
    checks_foreign: bool  # a field of another type walks its own rows, too
    tells_both: bool  # of such a field, also what is wrong with it as one of another type
    without_type: str  # what fields of a type's own are without a good type: "foreign", or "ignored"; or ""
    unknown_parameters: Walk
    body_bytes: int
    limits: FormLimits  # of a form
    key_prefix: str
    key_example: str
    any_case: bool
    headers: Headers  # of every response

    @property
    def key_refusals(self) -> frozenset[str]:
        """The names of the refusals of requests without a good key. Such requests reach no world."""
        return frozenset({"missing_bearer", "no_access", self.malformed_bearer})


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Contract:
    """All facts of one effective document.

    `resources` and `refusals` by name; the refusals of all responses. `methods`: those of all operations, as a CORS
    preflight lists them. `write` writes JSON as the service does.
    """

    document: Document
    title: str
    version: str
    service: ServiceRules
    resources: Mapping[str, Resource]
    operations: Mapping[str, Operation]
    routes: Routes
    refusals: Mapping[str, RefusalResponse]
    methods: str
    write: Writer

    @property
    def base_path(self) -> str:
        """The path of the document's first server: `/api`."""
        return self.routes.base_path

    def facts(self) -> dict[str, Any]:
        """Return what tells the document from others, as plain data."""
        document = self.document
        return {
            "title": self.title,
            "version": self.version,
            "name": document.base_name,
            "digest": document.digest,
            "overlays": [file.name for file in document.overlays],
        }

    @property
    def documented_refusals(self) -> set[str]:
        """The names of the refusals that some operation documents, without those of the service as a whole."""
        return {name for each in self.operations.values() for name in each.refusals}

    def spellings(self, operation_id: str) -> frozenset[str]:
        """Return the ids of all spellings of an operation. Raises KeyError if the document does not have it."""
        counted_as = self.operations[operation_id].counted_as
        return frozenset(each.id for each in self.operations.values() if each.counted_as == counted_as)


def compile_contract(document: Document) -> Contract:
    """Compile a document. Raises DocumentError, with file and line, if it cannot be served."""
    data = document.data
    found = check_document(data)
    words = data["x-service"]
    responses = ResponseCompiler(Schemas(data), WRITERS[words["json-escapes"]], words["charset"])
    refusals = {refusal.name: refusal for refusal in responses.refusals(words["refusals"])}
    resources, operations = _compiled(responses, data)
    for operation in operations.values():
        refusals |= operation.refusals
    _check_refusals(data, refusals, found)
    base_path = urlsplit(data["servers"][0]["url"]).path.rstrip("/") if data.get("servers") else ""
    service = _service(data)
    return Contract(
        document=document,
        title=data["info"]["title"],
        version=data["info"]["version"],
        service=service,
        resources=resources,
        operations=operations,
        routes=Routes(operations.values(), base_path, words),
        refusals=refusals,
        methods=", ".join(dict.fromkeys(operation.method for operation in operations.values())),
        write=responses.write,
    )


def _compiled(responses: ResponseCompiler, data: Object) -> tuple[dict[str, Resource], dict[str, Operation]]:
    """Return the resources and the operations by name, in the document's order. Raises DocumentError."""
    drafts, schemas = drafts_of(data), responses.schemas
    rows = _rows(responses, drafts, data)
    only = next(iter(rows.values())) if len(rows) == 1 else None
    rows_of: dict[str, RowSchema] = {}
    forms: dict[str, Form] = {}
    for draft in drafts:
        row = rows.get(draft.collection, only)
        if row is None:
            what = (
                f"No response below {draft.collection} shows rows. Give a property `x-value: rows` or `row`."
            )
            raise DocumentError(what, draft.place)
        rows_of[draft.id] = row
        schema = form_schema(schemas, draft.node)
        if schema is not None:
            forms[draft.id] = compile_form(schemas, schema, row.unnamed, row.type_fact)
    resources = {}
    for row in rows.values():
        own = [form for name, form in forms.items() if rows_of[name] is row]
        resources[row.name] = compile_resource(responses, row, own)
    operations = {
        draft.id: compile_operation(responses, draft, forms.get(draft.id), resources[rows_of[draft.id].name])
        for draft in drafts
    }
    return resources, operations


def _rows(responses: ResponseCompiler, drafts: list[OperationDraft], data: Object) -> dict[str, RowSchema]:
    """Return the rows of each resource, by the path of its collection. Raises DocumentError."""
    rows: dict[str, RowSchema] = {}
    for draft in drafts:
        _, response = responses.success_of(draft.node["responses"])
        for media in response.get("content", {}).values():
            schema = _found_row(responses.schemas, media["schema"])
            if schema is not None and draft.collection not in rows:
                rows[draft.collection] = read_row(responses.schemas, schema, draft.collection)
    if not rows:
        what = "No response shows rows. Give a property `x-value: rows` and `items`, or `x-value: row`."
        raise DocumentError(what, place_of(data, "paths"))
    names = [row.name for row in rows.values()]
    for row in rows.values():
        if names.count(row.name) > 1:
            what = f"Two resources have the name {row.name!r}. Give each its own by x-resource."
            raise DocumentError(what, row.node.place)
    return rows


def _found_row(schemas: Schemas, schema: Object, depth: int = 0) -> Object | None:
    """Return the schema of the rows that a response shows, if it shows any."""
    properties = schemas.resolve(schema).get("properties", {})
    for key, node in properties.items():
        resolved = schemas.resolve(node)
        found: Object | None = node if resolved.get("x-value") == "row" else None
        if resolved.get("x-value") == "rows":
            if "items" not in resolved:
                raise DocumentError(f"{key} needs `items`, the schema of a row.", place_of(properties, key))
            found = resolved["items"]
        elif found is None and depth < DEEPEST:
            found = _found_row(schemas, node, depth + 1)
        if found is not None:
            return found
    return None


def _service(document: Object) -> ServiceRules:
    """Compile `x-service`. Raises DocumentError if it contradicts itself or the document."""
    words, schemes = document["x-service"], document["components"]["securitySchemes"]
    for position, check in enumerate(words["checks"]):
        for need in _NEEDS.get(check, ()):
            if need not in words["checks"][:position]:
                raise DocumentError(f"checks: {check} needs {need} before it.", place_of(words, "checks"))
    scheme = next((each for each in schemes.values() if "x-mock-keys" in each), None)
    if scheme is None:
        what = "No security scheme has x-mock-keys, so every key would be refused. Add them to one."
        raise DocumentError(what, place_of(document["components"], "securitySchemes"))
    other = words["other-methods"]
    sign, hours, minutes = words["time-offset"][0], words["time-offset"][1:3], words["time-offset"][4:]
    return ServiceRules(
        checks=tuple(words["checks"]),
        quota=words["quota"],
        plan_limit=words["plan-limit"],
        other_methods={"list": other, "row": other} if isinstance(other, str) else other,
        unknown_route=words["unknown-route"],
        malformed_bearer=words.get("malformed-bearer", "missing_bearer"),
        deleted=words.get("deleted", "not_found"),
        redirect=words.get("redirect", {}),
        cors=words["cors"] == "open",
        time_offset=int(f"{sign}1") * (int(hours) * 3600 + int(minutes) * 60),
        tells_all=words.get("errors", {}).get("told") == "all",
        between_fields=words.get("errors", {}).get("fields", ", "),
        fields_as_sent=words.get("errors", {}).get("fields-order", "sent") == "sent",
        more=words.get("errors", {}).get("more", {}),
        joined=words.get("errors", {}).get("joined", ", "),
        labels=words.get("errors", {}).get("labels", {}),
        head=words.get("head", "refused"),
        media_types={"other": "ignored", **words.get("media-types", {})},
        checks_foreign=words.get(
            "foreign-rows", "own-first" if "availability" in words["checks"] else "foreign"
        )
        != "foreign",
        tells_both=words.get("foreign-rows") == "both",
        without_type=words.get("fields-without-type", ""),
        unknown_parameters=compile_rows(unknown_parameter_rows(words), {}),
        body_bytes=words["limits"]["body-bytes"],
        limits=FormLimits(fields=words["limits"]["fields"]),
        key_prefix=scheme["x-mock-keys"]["prefix"],
        key_example=scheme["x-mock-keys"]["example"],
        any_case=scheme.get("x-scheme-case", "exact") == "any",
        headers=own_headers(words),
    )


def _check_refusals(document: Object, refusals: Collection[str], found: Iterable[tuple[Object, str]]) -> None:
    """Raise DocumentError if a word names an unknown refusal, or if a needed one is missing."""
    words = document["x-service"]
    for container, key in _naming(document, found):
        if container[key] not in refusals:
            what = f"{key}: {container[key]} is not one of the refusals ({', '.join(sorted(refusals))})."
            raise DocumentError(what, place_of(container, key))
    needed = [*_REFUSALS, *(["rate_limited"] if words["quota"] is not None else [])]
    needed += ["plan_limit"] if words["plan-limit"] is not None else []
    for name in needed:
        if name not in refusals:
            what = f"No response has the example {name}, which the mock needs to refuse a request. Add one."
            raise DocumentError(what, place_of(words, "refusals"))


def _naming(document: Object, found: Iterable[tuple[Object, str]]) -> Iterator[tuple[Object, str]]:
    """Yield each mapping and key whose value names a refusal. `found`: the places of all words."""
    words = document["x-service"]
    for word in _NAMING:
        if word in words:
            yield from _named(words, word, _NAMING[word])
    for container, word in found:
        if word == "x-paging":
            yield from _named(container[word], "beyond", ("empty", "last-page"))
        elif word == "x-unique":
            yield container[word], "refuse"
        elif word in _NAMING:
            yield from _named(container, word, _NAMING[word])


def _named(container: Object, key: str, others: Collection[str]) -> Iterator[tuple[Object, str]]:
    """Yield the places in a word that name a refusal: its text, the texts of a mapping, or rows that refuse."""
    said = container[key]
    if isinstance(said, Object):
        for each in said:
            yield from _named(said, each, others)
    elif isinstance(said, list):
        yield from ((row, "refuse") for row in said if isinstance(row, Object) and "refuse" in row)
    elif said not in others:
        yield container, key
