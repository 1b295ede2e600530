"""The document's own words on forms, settings, pages and the service, as the suites need them beside the facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.document.facts import DocumentedRefusal, Facts
from mock_server.document.rows import FormRows, Reaction, Walk, compile_rows, form_rows, parameter_rows, react
from mock_server.document.treatments import UNSENT


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
