"""The effective document as the kit reads it: schemas, operations, forms, and what a whole run must reach."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from mock_server.document import load
from mock_server.document.rows import (
    FormRows,
    Reaction,
    Row,
    Rows,
    Walk,
    compile_rows,
    form_rows,
    parameter_rows,
    react,
)
from mock_server.document.treatments import TREATMENTS, SentInput

# How a time of today is written, by the format that placeholders name; the empty one is that of the document. The first
# has groups: the fraction of a second, and the offset from UTC.
TIMES = {
    "iso": re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)"),
    "": re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b"),
    "http": re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} 20[2-9]\d \d\d:\d\d:\d\d GMT"),
}
# Values that a service makes anew for each response, by the form in which they are written.
_FORMS = (
    ("uuid", re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")),
    *((f"now:{form}" if form else "now", pattern) for form, pattern in TIMES.items()),
)
_HEX = re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{12,128}\b")


# An id that no handler has: far beyond what a site counts to, and within 32 bits.
NOBODYS = 2_000_000_011

# Placeholders for the list of problems that a refusal shows, and what each becomes in JSON.
_LISTS: Mapping[str, type] = {"{items}": list, "{items-by-field}": dict}

# A placeholder that stands for a number.
_NUMBER = re.compile(r"\{(?:now:unix(?:-ms)?|[a-z]+:number)\}")


def read(body: bytes, media_type: str | None) -> Any:
    """Return a body as data if it is JSON, else as text."""
    text = body.decode("utf-8", "replace")
    if media_type is not None and "json" in media_type:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def by_form(text: str) -> str:
    """Return a text with placeholders for values made anew each time: two services write them in the same form."""
    for name, pattern in _FORMS:
        text = pattern.sub(f"{{{name}}}", text)
    return _HEX.sub(lambda found: f"{{hex:{len(found[0])}}}", text)


def fits(template: Any, value: Any) -> bool:
    """Tell whether a body could come from a template; a placeholder stands for any text."""
    if isinstance(template, str) and template in _LISTS:
        return isinstance(value, _LISTS[template])
    if isinstance(template, str) and isinstance(value, str):
        pieces = [re.escape(piece) for piece in re.split(r"\{[a-z]+(?::[A-Za-z0-9, ]+)?\}", template)]
        return re.fullmatch(".*".join(pieces), value, re.DOTALL) is not None
    if isinstance(template, dict) and isinstance(value, dict):
        if template.keys() == value.keys():
            return all(fits(template[key], value[key]) for key in template)
        return len(template) == len(value) and all(
            map(fits, map(list, template.items()), map(list, value.items()))
        )
    if isinstance(template, list) and isinstance(value, list):
        return len(template) == len(value) and all(map(fits, template, value))
    if isinstance(template, str) and _NUMBER.fullmatch(template):
        return isinstance(value, int)
    return type(template) is type(value) and bool(template == value)


# The keys that lead from the top of a response's body to a place in it.
Steps = tuple[str, ...]

_DEEPEST = 12


class SchemaPaths:
    """The schemas of one document."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def find(self, reference: str) -> Any:
        """Return the node that a local reference points at. Raises KeyError if it points at nothing."""
        node: Any = self._data
        for step in reference.removeprefix("#").strip("/").split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            node = node[int(key)] if isinstance(node, list) else node[key]
        return node

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow references. Keys beside a reference override those of its target."""
        for _ in range(_DEEPEST):
            if "$ref" not in node:
                break
            beside = {key: value for key, value in node.items() if key != "$ref"}
            node = {**self.find(node["$ref"]), **beside}
        return node

    def properties(self, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Return an object's properties, resolved."""
        found: dict[str, Mapping[str, Any]] = {}
        for key, node in self.resolve(schema).get("properties", {}).items():
            found[key] = self.resolve(node)
        return found

    def words(self, schema: Mapping[str, Any]) -> dict[str, str]:
        """Return the name of each property that has an `x-value` word, by that word."""
        named = {node.get("x-value"): key for key, node in self.properties(schema).items()}
        return {word: key for word, key in named.items() if word is not None}

    def path_to(self, schema: Mapping[str, Any], word: str, depth: int = 0) -> Steps:
        """Return the keys to the property that has an `x-value` word; empty if no property has it."""
        if depth > _DEEPEST:
            return ()
        properties = self.properties(schema)
        for key, node in properties.items():
            if node.get("x-value") == word:
                return (key,)
        for key, node in properties.items():
            if below := self.path_to(node, word, depth + 1):
                return (key, *below)
        return ()

    def at(self, schema: Mapping[str, Any], steps: Steps) -> Mapping[str, Any]:
        """Return the schema of a place, or an empty one if the place has no schema."""
        for step in steps:
            schema = self.properties(schema).get(step, {})
        return schema


_METHODS = ("get", "post", "put", "patch", "delete")
# Methods to try if the document does not have them. No service knows the last one.
_OTHER_METHODS = ("PUT", "PATCH", "PURGE")


@dataclass(frozen=True, slots=True)
class DocumentedRefusal:
    """One documented refusal: its HTTP `status`, its `media_type` (None without one), and its body as `value`.

    `title` and `shown_status` are the values in a body of the documented envelope. For any other body `title` is empty,
    and `value` is a template with placeholders for what differs each time.
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

    `success` is its 2xx status, `response` the schema of that response's body (empty for no body). `is_spelling` means
    that it is another spelling of an operation that the document also has.
    """

    id: str
    kind: str
    method: str
    path: str
    success: int
    response: Mapping[str, Any]
    media_types: tuple[str, ...]
    refusals: Mapping[str, DocumentedRefusal]
    is_spelling: bool

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments of the path."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def on_row(self) -> bool:
        """Whether the path ends in the id of a row."""
        return self.segments[-1].startswith("{")


@dataclass(frozen=True, slots=True)
class FormWords:
    """A form: the schema of each field, the required fields, the rows, and a walk down the rows of each field."""

    fields: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    rows: FormRows
    walks: Mapping[str, Walk]

    def react(self, name: str, text: str | None) -> Reaction:
        """Return what becomes of a text sent in one of the form's fields, or of a field not sent (None)."""
        return self.walks[name](SentInput(text))

    def walk_foreign(self, text: str) -> Reaction:
        """Return what becomes of a field of another type."""
        return react(self.rows.foreign, text, {})

    def walk_unknown(self, text: str) -> Reaction:
        """Return what becomes of an unknown field."""
        return react(self.rows.unknown, text, {})

    @property
    def ignores_foreign(self) -> bool:
        """Whether fields of other types have no effect."""
        return all(row.reaction not in {"refuse", "otherwise"} for row in self.rows.foreign)

    @property
    def ignores_unknown(self) -> bool:
        """Whether unknown fields have no effect."""
        return all(row.reaction not in {"refuse", "otherwise"} for row in self.rows.unknown)

    def longest(self, name: str) -> int | None:
        """Return how many characters of a text are kept as sent, or None if there is no limit."""
        lengths = [row.argument for row in self.rows.fields[name] if row.treatment == "longer-than"]
        return min(lengths, default=None)


@dataclass(frozen=True, slots=True)
class SettingsWords:
    """The settings of one type, by the names of their fields.

    `constants` maps each one to its fixed value, or to None if a form field fills it. `keys` maps it to the key that
    shows it, if that is another one. Whole numbers of `numbers` are shown as numbers, `alone` only without others.
    """

    container: str
    constants: Mapping[str, str | None] = field(default_factory=dict)
    masked: frozenset[str] = frozenset()
    keys: Mapping[str, str] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()


class Facts:
    """The effective document as the kit reads it. Parts that few callers need are read on first use.

    `types` maps each handler type to its own form fields; `examples` maps it to the document's example of a create.
    `shared` maps names to the refusals of the service as a whole. `row` maps an `x-value` word to the property of a
    handler that shows it (`id`, `type`, `name`, `settings`, `enabled`, `changed`, `created`), `form` likewise to the
    form field. `sizes` are the page sizes. Raises KeyError or StopIteration if the document describes no such API.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        schemas = self.schemas = SchemaPaths(document)
        self.document = document
        self.base_path = urlsplit(document["servers"][0]["url"]).path.rstrip("/")
        self.operations: Mapping[str, DocumentedOperation] = {
            node["operationId"]: _operation(schemas, path, method, node)
            for path, item in document["paths"].items()
            for method, node in item.items()
            if method in _METHODS
        }
        self.shared: Mapping[str, DocumentedRefusal] = {}
        for status, response in document["x-service"]["refusals"].items():
            self.shared |= _refusals(schemas, status, response)
        create = self._media("create")
        words = schemas.words(create["schema"])
        self.form: Mapping[str, str] = {**schemas.words(self._media("update")["schema"]), **words}
        self.row: Mapping[str, str] = schemas.words(self._items)
        self.types = _types(schemas.properties(create["schema"]), words["type"])
        values = [schemas.resolve(example)["value"] for example in create.get("examples", {}).values()]
        self.examples: Mapping[str, Mapping[str, str]] = {value[words["type"]]: value for value in values}
        nodes = map(schemas.resolve, self.node(self.operation("list"))["parameters"])
        self.parameters: Mapping[str, Mapping[str, Any]] = {
            node["x-role"]: node for node in nodes if "x-role" in node
        }
        size = self.parameters["size"]
        self.size_parameter: str = size["name"]
        self.page_parameter: str = self.parameters["page"]["name"]
        self.sizes: tuple[int, ...] = tuple(size["schema"]["enum"])
        self.default_size: int = size["schema"]["default"]

    def operation(self, kind: str) -> DocumentedOperation:
        """Return the operation of a kind, not another spelling of it. Raises StopIteration if there is none."""
        return next(iter(sorted(self.of_kind(kind), key=lambda each: each.is_spelling)))

    def of_kind(self, kind: str) -> Iterator[DocumentedOperation]:
        """Yield the operations of a kind, in the document's order."""
        return (operation for operation in self.operations.values() if operation.kind == kind)

    @property
    def deletes_missing(self) -> bool:
        """Whether deleting a missing row succeeds like any other delete."""
        return self.node(self.operation("delete")).get("x-if-missing") == "done"

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

    def node(self, operation: DocumentedOperation) -> Mapping[str, Any]:
        """Return the document's node of an operation."""
        node: Mapping[str, Any] = self.document["paths"][operation.path][operation.method.lower()]
        return node

    @property
    def other_accounts(self) -> str:
        """The name of the refusal for another account's row; by default that of an unknown id."""
        return str(self.service.get("other-accounts", "not_found"))

    @property
    def deleted(self) -> str:
        """The name of the refusal for a deleted row; by default that of an unknown id."""
        return str(self.service.get("deleted", "not_found"))

    @property
    def service(self) -> Mapping[str, Any]:
        """What `x-service` says."""
        service: Mapping[str, Any] = self.document["x-service"]
        return service

    @property
    def update(self) -> Mapping[str, str]:
        """What `x-update` says."""
        words: Mapping[str, str] = self.node(self.operation("update"))["x-update"]
        return words

    @property
    def paging(self) -> Mapping[str, str]:
        """What `x-paging` says."""
        words: Mapping[str, str] = self.node(self.operation("list"))["x-paging"]
        return words

    @property
    def is_enabled_at_first(self) -> bool:
        """Whether a new handler is enabled if its form does not say."""
        return bool(self.schemas.properties(self._items).get(self.row.get("enabled", ""), {}).get("default"))

    @cached_property
    def own_fields(self) -> frozenset[str]:
        """The form fields that belong to a type, those of all types."""
        return frozenset(field for fields in self.types.values() for field in fields)

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The names of the documented headers that have an `x-value` word, in lower case, by that word."""
        declared = self.document["components"].get("headers", {}).items()
        words = {self.schemas.resolve(node).get("x-value", ""): name.lower() for name, node in declared}
        return {word: name for word, name in words.items() if word}

    @cached_property
    def create_form(self) -> FormWords:
        """The form of a create."""
        return self._form("create")

    @cached_property
    def update_form(self) -> FormWords:
        """The form of an update."""
        return self._form("update")

    def form_of(self, kind: str) -> FormWords:
        """Return the form of a create or an update, by the operation's kind."""
        return self.create_form if kind == "create" else self.update_form

    def rows_of(self, role: str) -> Rows:
        """Return the rows of the list's parameter with an `x-role`, such as `page`."""
        parameter = self.parameters[role]
        return parameter_rows(parameter, self.schemas.resolve(parameter["schema"]))

    def react(self, role: str, text: str | None) -> Reaction:
        """Return what becomes of a text sent in a parameter of the list, or of a parameter not sent (None)."""
        return react(self.rows_of(role), text, self.schemas.resolve(self.parameters[role]["schema"]))

    def _media(self, kind: str) -> Mapping[str, Any]:
        """Return the description of the first media type of an operation's body."""
        body = self.node(self.operation(kind))["requestBody"]
        media: Mapping[str, Any] = next(iter(body["content"].values()))
        return media

    def _form(self, kind: str) -> FormWords:
        schema = self.schemas.resolve(self._media(kind)["schema"])
        fields = self.schemas.properties(schema)
        rows = form_rows(schema, fields, self.service)
        walks = {name: compile_rows(rows.fields[name], field) for name, field in fields.items()}
        return FormWords(fields, tuple(schema.get("required", ())), rows, walks)

    @cached_property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """The properties of a handler, as the list shows them, and their schemas."""
        return self.schemas.properties(self._items)

    @property
    def _items(self) -> Mapping[str, Any]:
        listed = self.operation("list").response
        return self.schemas.resolve(self.schemas.at(listed, self.schemas.path_to(listed, "rows"))["items"])

    @cached_property
    def shapes(self) -> Mapping[str, SettingsWords]:
        """The shape of each type's settings, from the schema's if/then branches."""
        found = {}
        for branch in self._items.get("allOf", ()):
            name = branch["if"]["properties"][self.row["type"]]["const"]
            settings = self.schemas.resolve(branch["then"]["properties"][self.row["settings"]])
            properties = self.schemas.properties(settings)
            nodes = {node.get("x-field", key): node for key, node in properties.items()}
            found[name] = SettingsWords(
                settings.get("type", "object"),
                {field: node.get("const", node.get("default")) for field, node in nodes.items()},
                frozenset(field for field, node in nodes.items() if "x-mask" in node),
                {node["x-field"]: key for key, node in properties.items() if "x-field" in node},
                frozenset(
                    field
                    for field, node in nodes.items()
                    if "integer" in node.get("type", ()) and "const" not in node
                ),
                frozenset(field for field, node in nodes.items() if "x-alone" in node),
            )
        return found

    def fields(self, type_name: str) -> dict[str, str]:
        """Return the fields of the settings that a row of a type shows under other keys, by these keys."""
        shapes = (*self.shapes.values(), self.shape(type_name))  # a merge leaves settings of other types
        return {key: field for shape in shapes for field, key in shape.keys.items()}

    def by_field(self, type_name: str, shown: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that a row shows by the fields that fill them, each value as a form sends it."""
        fields = self.fields(type_name)
        numbers = {field for shape in self.shapes.values() for field in shape.numbers}
        found = {fields.get(key, key): value for key, value in shown.items()}
        is_number = {field for field in numbers & found.keys() if type(found[field]) is int}
        return {field: str(value) if field in is_number else value for field, value in found.items()}

    def shape(self, type_name: str) -> SettingsWords:
        """Return the shape of a type's settings; it is empty for the type of a blanked handler."""
        return self.shapes.get(type_name, SettingsWords("object"))

    @cached_property
    def masked(self) -> frozenset[str]:
        """The settings that at least one type masks."""
        return frozenset(key for shape in self.shapes.values() for key in shape.masked)

    def id_refusal(self, text: str) -> str | None:
        """Return the name of the refusal for an unknown id, or None if the document cannot say it."""
        path = self.document["paths"][self.operation("retrieve").path]
        nodes = map(self.schemas.resolve, (*path.get("parameters", ()), *path["get"].get("parameters", ())))
        parameter = next(node for node in nodes if node.get("in") == "path")
        schema = self.schemas.resolve(parameter["schema"])
        reaction = react(parameter_rows(parameter, schema), text, schema)
        if reaction.outcome == "otherwise":
            return None
        return reaction.refusing.refusal if reaction.refusing else "not_found"

    def unread_refusal(self, media_type: str) -> str | None:
        """Return the name of the refusal for a body of an unread media type, or None if such a body is ignored."""
        said = self.service.get("media-types", {})
        name = said.get(media_type, said.get("other", "ignored"))
        return None if name == "ignored" else str(name)

    def service_refusal(self, word: str) -> DocumentedRefusal:
        """Return the refusal that a word of `x-service` names, such as `other-methods`."""
        said = self.service[word]
        return self.shared[said if isinstance(said, str) else said["row"]]


def _operation(schemas: SchemaPaths, path: str, method: str, node: Mapping[str, Any]) -> DocumentedOperation:
    success, answer = 0, {}
    refusals: dict[str, DocumentedRefusal] = {}
    for code, response in node["responses"].items():
        if code.startswith("2"):
            success = int(code)
            for media in schemas.resolve(response).get("content", {}).values():
                answer = dict(schemas.resolve(media["schema"]))
        else:
            refusals |= _refusals(schemas, code, response)
    media_types = tuple(schemas.resolve(node.get("requestBody", {})).get("content", {}))
    return DocumentedOperation(
        node["operationId"], node["x-behaviour"], method.upper(), path, success, answer, media_types, refusals,
        is_spelling="x-spelling-of" in node,
    )  # fmt: skip


def _refusals(schemas: SchemaPaths, status: str, response: Mapping[str, Any]) -> dict[str, DocumentedRefusal]:
    """Return the refusals among a response's named examples."""
    found = {}
    for media_type, media in schemas.resolve(response).get("content", {}).items():
        for name, example in media.get("examples", {}).items():
            node = schemas.resolve(example)
            value, kind = node["value"], media_type if node.get("x-typed", True) else None
            try:
                (error,) = value["errors"]
                title, shown = str(error["title"]), error["status"]
            except (LookupError, TypeError, ValueError):
                title, shown = "", int(status)
            found[name] = DocumentedRefusal(name, int(status), title, shown, kind, value)
    return found


def _types(properties: Mapping[str, Mapping[str, Any]], type_field: str) -> Mapping[str, tuple[str, ...]]:
    own = {name: node.get("x-available-when", {}).get(type_field, ()) for name, node in properties.items()}
    names = properties[type_field]["enum"]
    return {name: tuple(field for field, types in own.items() if name in types) for name in names}


_WITH_FORM = ("create", "update")
_CHOSEN = "M"  # the grade of this project's own choices, which bind no target
_RATE_LIMITED = 429


def demanded_operations(facts: Facts) -> tuple[DocumentedOperation, ...]:
    """Return the operations that must succeed. Another spelling counts only if the document says it does the same."""
    alike = facts.document.get("x-service", {}).get("trailing-slash", "same") == "same"
    return tuple(operation for operation in facts.operations.values() if alike or not operation.is_spelling)


def demanded_refusals(facts: Facts) -> dict[str, tuple[DocumentedRefusal, ...]]:
    """Return the refusals that a run must provoke, by operation.

    It leaves out the rate limit, which a run stays below; the document's own choices; refusals of a form that no rule
    of the form leads to; and the refusals of other spellings, which are those of the main operation. A refusal that an
    overlay adds is demanded only if sending a text leads to it, and not through `x-rows`: a run tries only as many of
    those as its profile has time for.
    """
    return {
        operation.id: tuple(_demanded(facts, operation))
        for operation in facts.operations.values()
        if not operation.is_spelling
    }


def _demanded(facts: Facts, operation: DocumentedOperation) -> Iterator[DocumentedRefusal]:
    responses = facts.node(operation)["responses"]
    grades = {status: facts.schemas.resolve(node).get("x-grade", "") for status, node in responses.items()}
    of_forms = facts.operation("create").refusals.keys() - facts.operation("list").refusals.keys()
    fields = facts.form_of(operation.kind).rows.fields.values() if operation.kind in _WITH_FORM else ()
    own = {row.refusal for rows in fields for row in rows}
    tried = [row for rows in (*fields, _parameter_rows(facts, operation)) for row in rows if _is_tried(row)]
    by_text = {row.refusal for row in tried}
    packaged = load().data["components"]["examples"]
    for refusal in operation.refusals.values():
        if refusal.status == _RATE_LIMITED or grades.get(str(refusal.status)) == _CHOSEN:
            continue
        if refusal.name not in packaged and refusal.name not in by_text:
            continue
        if operation.kind == "delete" and refusal.name == "not_found" and facts.deletes_missing:
            continue
        if refusal.name not in of_forms or refusal.name in own:
            yield refusal


def _is_tried(row: Row) -> bool:
    return TREATMENTS[row.treatment].about != "sending" and not row.source.startswith("x-rows")


def refusing(facts: Facts, operation_id: str) -> dict[str, DocumentedRefusal]:
    """Return the refusals that wrong data can get at an operation, by name: those that its rows lead to."""
    operation = facts.operations[operation_id]
    names = {row.refusal for row in _parameter_rows(facts, operation)}
    names |= facts.form_of(operation.kind).rows.refusals if operation.kind in _WITH_FORM else set()
    known = {**facts.shared, **operation.refusals}
    return {name: known[name] for name in sorted(names) if name in known}


def _parameter_rows(facts: Facts, operation: DocumentedOperation) -> Iterator[Row]:
    resolve = facts.schemas.resolve
    for parameter in map(resolve, facts.node(operation).get("parameters", ())):
        yield from parameter_rows(parameter, resolve(parameter["schema"]))
