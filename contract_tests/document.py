"""The effective document as the kit reads it: schemas, operations, forms, and what a whole run must reach."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mock_server.document import load
from mock_server.document.rows import (
    FormRows,
    Reaction,
    Row,
    Walk,
    compile_rows,
    form_rows,
    parameter_rows,
    react,
)
from mock_server.document.treatments import TREATMENTS, UNSENT

# Values that are new each time, by their form.
_FORMS = (
    ("uuid", re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")),
    ("now:iso", re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")),
    ("now", re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b")),
    (
        "now:http",
        re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"),
    ),
)
_HEX = re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{12,128}\b")


# What a refusal lists of its problems.
_LISTS: Mapping[str, type] = {"{items}": list, "{items-by-field}": dict}


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
    """Return a text with placeholders for values that are new each time: two services make them of the same form."""
    for name, pattern in _FORMS:
        text = pattern.sub(f"{{{name}}}", text)
    return _HEX.sub(lambda found: f"{{hex:{len(found[0])}}}", text)


def fits(template: Any, value: Any) -> bool:
    """Tell whether a body could come from a template; a placeholder stands for any text."""
    if isinstance(template, str) and template in _LISTS:
        return isinstance(value, _LISTS[template])
    if isinstance(template, str) and isinstance(value, str):
        pieces = [re.escape(piece) for piece in re.split(r"\{[a-z]+(?::[A-Za-z0-9,]+)?\}", template)]
        return re.fullmatch(".*".join(pieces), value, re.DOTALL) is not None
    if isinstance(template, dict) and isinstance(value, dict):
        if template.keys() == value.keys():
            return all(fits(template[key], value[key]) for key in template)
        return len(template) == len(value) and all(map(fits, _pairs(template), _pairs(value)))
    if isinstance(template, list) and isinstance(value, list):
        return len(template) == len(value) and all(map(fits, template, value))
    if template == "{now:unix}":
        return isinstance(value, int)
    return type(template) is type(value) and bool(template == value)


def _pairs(value: Mapping[str, Any]) -> list[list[Any]]:
    return [[key, each] for key, each in value.items()]


# The keys that lead from the top of an answer to a place in it.
Steps = tuple[str, ...]

_DEEPEST = 12


class SchemaPaths:
    """The schemas of one document."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def find(self, reference: str) -> Any:
        """Return what a local reference names. Raises KeyError if nothing stands there."""
        node: Any = self._data
        for step in reference.removeprefix("#").strip("/").split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            node = node[int(key)] if isinstance(node, list) else node[key]
        return node

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow references; what stands beside one is laid over what it names."""
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
        """Return an object's property by `x-value` word."""
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
        """Return the schema of a place, an empty one if the place has no schema."""
        for step in steps:
            schema = self.properties(schema).get(step, {})
        return schema


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


@dataclass(frozen=True, slots=True)
class FormWords:
    """A form: schema by field, the fields it requires, its rows, and what walks down the rows of each field."""

    fields: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    rows: FormRows
    walks: Mapping[str, Walk]

    def react(self, name: str, text: str | None) -> Reaction:
        """Return what becomes of a text that one of the form's fields is sent, of None if it is not sent."""
        return self.walks[name](text, UNSENT)

    def walk_foreign(self, text: str) -> Reaction:
        """Return what becomes of a field of another type."""
        return react(self.rows.foreign, text, {})

    def walk_unknown(self, text: str) -> Reaction:
        """Return what becomes of a field that the form does not have."""
        return react(self.rows.unknown, text, {})

    @property
    def ignores_foreign(self) -> bool:
        """Whether fields of other types have no effect."""
        return all(row.reaction not in {"refuse", "otherwise"} for row in self.rows.foreign)

    @property
    def ignores_unknown(self) -> bool:
        """Whether fields that the form does not have have no effect."""
        return all(row.reaction not in {"refuse", "otherwise"} for row in self.rows.unknown)

    def longest(self, name: str) -> int | None:
        """Return how many characters of a text are taken as they are, None if any number of them."""
        lengths = [row.argument for row in self.rows.fields[name] if row.treatment == "longer-than"]
        return min(lengths, default=None)


@dataclass(frozen=True, slots=True)
class SettingsWords:
    """The settings of one type: `constants` maps each key to its fixed value, None if a form fills it."""

    container: str
    constants: Mapping[str, str | None]
    masked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Words:
    """`update` and `paging` are what `x-update` and `x-paging` say, `service` what `x-service` says.

    `row` maps the properties of a handler to their schemas, `id_parameter` is the id in a path; `masked` are the
    settings that any type masks.
    """

    facts: Facts
    create_form: FormWords
    update_form: FormWords
    update: Mapping[str, str]
    paging: Mapping[str, str]
    service: Mapping[str, Any]
    shapes: Mapping[str, SettingsWords]
    row: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, Mapping[str, Any]]
    id_parameter: Mapping[str, Any]
    masked: frozenset[str]

    def shape(self, type_name: str) -> SettingsWords:
        """Return the shape of a type's settings, an empty one for the type that a blanked handler has."""
        return self.shapes.get(type_name, SettingsWords("object", {}, frozenset()))

    def id_refusal(self, text: str) -> str | None:
        """Return the name of the refusal of an id that no handler has; None if the document cannot say it."""
        schema = self.facts.schemas.resolve(self.id_parameter["schema"])
        reaction = react(parameter_rows(self.id_parameter, schema), text, schema)
        if reaction.outcome == "otherwise":
            return None
        return reaction.row.refusal if reaction.row and reaction.outcome == "refuse" else "not_found"

    def unread_refusal(self, media_type: str) -> str | None:
        """Return the name of the refusal of a body that is not read for its media type; None if it is ignored."""
        said = self.service.get("media-types", {})
        name = said.get(media_type, said.get("other", "ignored"))
        return None if name == "ignored" else str(name)

    def service_refusal(self, word: str) -> DocumentedRefusal:
        """Return the refusal that `x-service` names by a word of its own, such as `other-methods`."""
        said = self.service[word]
        return self.facts.shared[said if isinstance(said, str) else said["row"]]


def read_words(facts: Facts) -> Words:
    """Read the words out of the facts' document. Raises KeyError if it lacks one."""
    document, schemas = facts.document, facts.schemas
    listed = facts.operation("list")
    update = document["paths"][facts.operation("update").path]["post"]
    items = schemas.at(listed.answer, schemas.path_to(listed.answer, "rows"))["items"]
    shapes = _shapes(facts, schemas.resolve(items))
    parameters = [schemas.resolve(node) for node in document["paths"][listed.path]["get"]["parameters"]]
    return Words(
        facts=facts,
        create_form=_form(facts, document["paths"][facts.operation("create").path]["post"]),
        update_form=_form(facts, update),
        update=update["x-update"],
        paging=document["paths"][listed.path]["get"]["x-paging"],
        service=document["x-service"],
        shapes=shapes,
        row=schemas.properties(items),
        parameters={node["x-role"]: node for node in parameters if "x-role" in node},
        id_parameter=_id_parameter(facts),
        masked=frozenset(key for shape in shapes.values() for key in shape.masked),
    )


def _id_parameter(facts: Facts) -> Mapping[str, Any]:
    path = facts.document["paths"][facts.operation("retrieve").path]
    nodes = [*path.get("parameters", ()), *path["get"].get("parameters", ())]
    found: Mapping[str, Any] = next(
        one for one in map(facts.schemas.resolve, nodes) if one.get("in") == "path"
    )
    return found


def _form(facts: Facts, node: Mapping[str, Any]) -> FormWords:
    schema = facts.schemas.resolve(next(iter(node["requestBody"]["content"].values()))["schema"])
    fields = facts.schemas.properties(schema)
    rows = form_rows(schema, fields, facts.document["x-service"])
    walks = {name: compile_rows(rows.fields[name], field) for name, field in fields.items()}
    return FormWords(fields, tuple(schema.get("required", ())), rows, walks)


def _shapes(facts: Facts, items: Mapping[str, Any]) -> dict[str, SettingsWords]:
    """Read the branches that say: if the type is this, the settings are those."""
    type_key, settings_key = facts.row["type"], facts.row["settings"]
    found = {}
    for branch in items.get("allOf", ()):
        name = branch["if"]["properties"][type_key]["const"]
        settings = facts.schemas.resolve(branch["then"]["properties"][settings_key])
        properties = facts.schemas.properties(settings)
        constants = {key: node.get("const", node.get("default")) for key, node in properties.items()}
        masked = frozenset(key for key, node in properties.items() if "x-mask" in node)
        found[name] = SettingsWords(settings.get("type", "object"), constants, masked)
    return found


_CHOSEN = "M"  # the grade of our own choices, to which no target can be held
_RATE_LIMITED = 429


def demanded_operations(facts: Facts) -> tuple[DocumentedOperation, ...]:
    """Return the operations that must succeed; another spelling only if the document says that it does the same."""
    alike = facts.document.get("x-service", {}).get("trailing-slash", "same") == "same"
    return tuple(
        operation for operation in facts.operations.values() if alike or not _is_spelling(facts, operation)
    )


def demanded_refusals(facts: Facts) -> dict[str, tuple[DocumentedRefusal, ...]]:
    """Return the refusals to provoke by operation.

    Left out are the rate limit, which a run is to stay below, what the document marks as a choice of its own, a
    refusal of a form that no rule of the form leads to, and another spelling's refusals, which are the operation's.
    A refusal that an overlay names is demanded only if a text leads to it: the suites send texts.
    """
    return {
        operation.id: tuple(_demanded(facts, operation))
        for operation in facts.operations.values()
        if not _is_spelling(facts, operation)
    }


def _is_spelling(facts: Facts, operation: DocumentedOperation) -> bool:
    return "x-spelling-of" in facts.document["paths"][operation.path][operation.method.lower()]


def _demanded(facts: Facts, operation: DocumentedOperation) -> Iterator[DocumentedRefusal]:
    node = facts.document["paths"][operation.path][operation.method.lower()]
    of_forms = facts.operation("create").refusals.keys() - facts.operation("list").refusals.keys()
    own = _of_form(facts, node)
    chosen = {int(status) for status in node["responses"] if _grade(facts, node, status) == _CHOSEN}
    packaged = load().data["components"]["examples"]
    by_text = _by_text(facts, node)
    for refusal in operation.refusals.values():
        if refusal.status == _RATE_LIMITED or refusal.status in chosen:
            continue
        if refusal.name not in packaged and refusal.name not in by_text:
            continue
        if refusal.name not in of_forms or refusal.name in own:
            yield refusal


def _by_text(facts: Facts, node: Mapping[str, Any]) -> set[str]:
    """Return the refusals of an operation to which a row leads that speaks of a text, and not of how it is sent."""
    resolve, rows = facts.schemas.resolve, list[Row]()
    for parameter in map(resolve, node.get("parameters", ())):
        rows += parameter_rows(parameter, resolve(parameter["schema"]))
    for media in resolve(node.get("requestBody", {})).get("content", {}).values():
        form = resolve(media["schema"])
        of_form = form_rows(form, facts.schemas.properties(form), facts.document["x-service"])
        rows += [row for each in of_form.fields.values() for row in each]
    return {row.refusal for row in rows if TREATMENTS[row.treatment].about != "sending"}


def _grade(facts: Facts, node: Mapping[str, Any], status: str) -> str:
    return str(facts.schemas.resolve(node["responses"][status]).get("x-grade", ""))


def _of_form(facts: Facts, node: Mapping[str, Any]) -> set[str]:
    """Return the refusals that a rule of an operation's form leads to, if the form has such a rule."""
    content = facts.schemas.resolve(node.get("requestBody", {})).get("content", {})
    found: set[str] = set()
    for media in content.values():
        form = facts.schemas.resolve(media["schema"])
        rows = form_rows(form, facts.schemas.properties(form), facts.document["x-service"])
        found |= {row.refusal for each in rows.fields.values() for row in each}
    return found - {""}


def refusing(facts: Facts, operation_id: str) -> dict[str, DocumentedRefusal]:
    """Return the refusals that wrong data of an operation can get, by name: those to which its rows lead."""
    operation, resolve = facts.operations[operation_id], facts.schemas.resolve
    node = facts.document["paths"][operation.path][operation.method.lower()]
    names = set[str]()
    for parameter in map(resolve, node.get("parameters", ())):
        names |= {row.refusal for row in parameter_rows(parameter, resolve(parameter["schema"]))}
    for media in resolve(node.get("requestBody", {})).get("content", {}).values():
        form = resolve(media["schema"])
        names |= form_rows(form, facts.schemas.properties(form), facts.document["x-service"]).refusals
    known = {**facts.shared, **operation.refusals}
    return {name: known[name] for name in sorted(names) if name in known}
