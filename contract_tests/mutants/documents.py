"""Documents that say something else than the service does: what no test notices is a sentence that no test reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from contract_tests.document.facts import Facts, read_facts
from contract_tests.document.schema import SchemaPaths
from contract_tests.mutants.mutant import Kind, Mutant
from mock_server.document import load
from mock_server.document.rows import FOREIGN, OWN, UNKNOWN, FormRows, Rows, form_rows, write_rows

Node = dict[str, Any]
Place = tuple[str, ...]

_SCHEMAS = ("components", "schemas")
_ROW = (*_SCHEMAS, "NotificationHandler")
_LIST = (*_SCHEMAS, "ListEnvelope", "properties")
_SIZE = ("components", "parameters", "results_per_page", "schema")
_ITEM = ("paths", "/notification-handlers/{notification_handler_id}")


def document_mutants() -> Iterator[Mutant]:
    """Yield the documents: narrowed, changed, and widened ones."""
    for name, sentence, rewrite in (*_CHANGED, *_WIDENED):
        yield Mutant(f"document-{name}", Kind.DOCUMENT, sentence, rewrite=rewrite)
    yield from _flipped_rows(read_facts(load().data))


def _flipped_rows(facts: Facts) -> Iterator[Mutant]:
    """Yield documents of which one row of the behaviour table has another reaction, for a field of each kind."""
    own = next(fields[0] for fields in facts.types.values() if fields)
    for form in ("CreateForm", "UpdateForm"):
        rows = _rows_of(facts.document, form)
        for field in (facts.form["name"], facts.form["type"], facts.form["enabled"], own):
            for number, row in enumerate(rows.fields.get(field, ())):
                about = "own" if field == own else field
                name = f"row-{form[:-4].lower()}-{about}-{number}-{row.treatment}".replace("_", "-")
                sentence = f"The {form}'s field {about} has another reaction in its row {row}."
                key = OWN if field == own else field
                yield Mutant(name, Kind.DOCUMENT, sentence, rewrite=_flipped(form, field, number, key))
    for name in (FOREIGN, UNKNOWN):
        sentence = f"A create refuses fields of the class {name}."
        refused = _refusing(name, next(iter(_rows_of(facts.document, "CreateForm").refusals)))
        yield Mutant(f"row-create-{name[1:-1]}", Kind.DOCUMENT, sentence, rewrite=refused)


def _rows_of(data: Mapping[str, Any], form: str) -> FormRows:
    schemas = SchemaPaths(data)
    schema = schemas.find("#/components/schemas/" + form)
    return form_rows(schema, schemas.properties(schema), data["x-service"])


def _flipped(form: str, field: str, number: int, key: str) -> Callable[[Node], None]:
    """Say a field's rows outright, one of them with another reaction, for this field or for a class of fields."""

    def rewrite(data: Node) -> None:
        rows = _rows_of(data, form).fields[field]
        schema = SchemaPaths(data).properties(data["components"]["schemas"][form])[field]
        written = write_rows(rows)
        written[number : number + 1] = _other(rows[number : number + 1], schema)
        data["components"]["schemas"][form].setdefault("x-rows", {})[key] = written

    return rewrite


def _other(rows: Rows, schema: Mapping[str, Any]) -> list[Node]:
    """Return a row with another reaction: what was refused is kept, what was changed is taken, all else is a value."""
    (row,) = rows
    (written,) = write_rows(rows)
    if row.reaction == "change":
        return []
    reaction = {"keep": True} if row.reaction == "refuse" else {"value": schema.get("enum", ("other",))[0]}
    return [{"when": written["when"], **reaction}]


def _refusing(name: str, refusal: str) -> Callable[[Node], None]:
    def rewrite(data: Node) -> None:
        rows = [{"when": "any", "refuse": refusal}]
        data["components"]["schemas"]["CreateForm"]["x-rows"] = {name: rows}

    return rewrite


def _at(data: Node, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data


def _set(place: Place, value: Any) -> Callable[[Node], None]:
    def rewrite(data: Node) -> None:
        _at(data, place[:-1])[place[-1]] = value

    return rewrite


def _without(place: Place) -> Callable[[Node], None]:
    def rewrite(data: Node) -> None:
        del _at(data, place[:-1])[place[-1]]

    return rewrite


def _plus(place: Place, value: Any) -> Callable[[Node], None]:
    return lambda data: _at(data, place).append(value)


def _minus(place: Place, value: Any) -> Callable[[Node], None]:
    return lambda data: _at(data, place).remove(value)


def _title(example: str, title: str) -> Callable[[Node], None]:
    def rewrite(data: Node) -> None:
        data["components"]["examples"][example]["value"]["errors"][0]["title"] = title

    return rewrite


def _moved(place: Place, other: str) -> Callable[[Node], None]:
    """Rename a key, such as a status."""

    def rewrite(data: Node) -> None:
        node = _at(data, place[:-1])
        node[other] = node.pop(place[-1])

    return rewrite


_CHANGED = (
    ("narrow-type", "The document has no type google_chat.",
     _minus((*_SCHEMAS, "HandlerType", "enum"), "google_chat")),
    ("wide-type", "The document has one more type.", _plus((*_SCHEMAS, "HandlerType", "enum"), "pigeon")),
    ("size-removed", "The document has no page size 50.", _minus((*_SIZE, "enum"), 50)),
    ("size-added", "The document has a page size 5.", _plus((*_SIZE, "enum"), 5)),
    ("other-default-size", "The default page size is 50.", _set((*_SIZE, "default"), 50)),
    ("row-requires-more", "A handler must have a property more.", _plus((*_ROW, "required"), "owner")),
    ("name-is-number", "A handler's name is a number.", _set((*_ROW, "properties", "name", "type"), "integer")),
    ("changed-never-null", "The time of change is never null.",
     _set((*_ROW, "properties", "last_datetime", "type"), "string")),
    ("id-from-million", "Ids begin at 1000000.", _set((*_ROW, "properties", "id", "minimum"), 1000000)),
    ("total-is-text", "The total is a text.",
     _set((*_LIST, "meta", "properties", "total", "type"), "string")),
    ("next-never-null", "The next link is never null.",
     _set((*_LIST, "links", "properties", "next", "type"), "string")),
    ("email-requires-more", "The settings of email have one more key.",
     _plus((*_SCHEMAS, "EmailSettings", "required"), "cc")),
    ("const-changed", "The setting of internal_notification is another text.",
     _set((*_SCHEMAS, "InternalNotificationSettings", "properties", "internal_notification", "const"), "on")),
    ("not-found-titled-otherwise", "No such row has another title.", _title("not_found", "Nothing here.")),
    ("required-titled-otherwise", "A missing field has another title.", _title("required_fields", "Fill it.")),
    ("plan-titled-otherwise", "An unknown type has another title.", _title("plan_limit", "No more.")),
    ("retrieve-not-found-410", "Retrieving no row gets 410.",
     _moved((*_ITEM, "get", "responses", "404"), "410")),
    ("update-succeeds-202", "An update succeeds with 202.", _moved((*_ITEM, "post", "responses", "200"), "202")),
    ("list-needs-no-name", "A create needs a type only.", _minus((*_SCHEMAS, "CreateForm", "required"), "name")),
    ("name-cut-at-64", "Names are cut at 64.", _set((*_SCHEMAS, "Name", "x-cut"), 64)),
)  # fmt: skip

_WIDENED = (
    ("row-requires-less", "A handler need not have its settings.", _minus((*_ROW, "required"), "settings")),
    ("meta-requires-less", "The list's meta need not have its total.",
     _minus((*_LIST, "meta", "required"), "total")),
    ("const-dropped", "The setting of internal_notification is any text.",
     _without((*_SCHEMAS, "InternalNotificationSettings", "properties", "internal_notification", "const"))),
    ("id-from-minus-one", "Ids begin at -1.", _set((*_ROW, "properties", "id", "minimum"), -1)),
    ("time-of-any-form", "The time of creation has no pattern.",
     _without((*_ROW, "properties", "datetime", "pattern"))),
    ("email-settings-open", "The settings of email may have more keys.",
     _set((*_SCHEMAS, "EmailSettings", "additionalProperties"), True)),
    ("enabled-default-false", "A handler's enabled defaults to false.",
     _set((*_ROW, "properties", "is_enabled", "default"), False)),
    ("any-number-of-errors", "An error may have several elements.",
     _without((*_SCHEMAS, "Error", "properties", "errors", "maxItems"))),
)  # fmt: skip
