"""The handler as the document describes it: its JSON, and the settings of each type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mock_server.contract.schema import Check, Schemas
from mock_server.contract.template import Template, compile_template
from mock_server.contract.text import Quote
from mock_server.document import DocumentError, Object, place_of


@dataclass(frozen=True, slots=True)
class Shape:
    """The settings of one type: `constants` maps each key, in order, to its fixed value or None if a form fills it.

    `masks` maps a key to what replies show in place of its value.
    """

    container: str  # "object" or "array"
    constants: Mapping[str, str | None]
    masks: Mapping[str, str]

    def text(self, settings: Mapping[str, str], quote: Quote) -> str:
        """Write the settings as JSON."""
        if self.container == "array":
            return "[]"
        if self.masks:
            settings = {
                key: self.masks.get(key, value) if value else value for key, value in settings.items()
            }
        return "{" + ",".join([f"{quote(key)}:{quote(value)}" for key, value in settings.items()]) + "}"


# What a handler without a type has: only the defect `x-update.unsent: blanked` makes one.
_NO_SHAPE = Shape("object", {}, {})


@dataclass(frozen=True, slots=True)
class Resource:
    """The handler's JSON: its template, the check of one row, and per type the shape of its settings."""

    template: Template
    check: Check
    shapes: Mapping[str, Shape]
    quote: Quote
    types: tuple[str, ...]

    def shape(self, type_name: str) -> Shape:
        """Return the settings' shape of a type."""
        return self.shapes.get(type_name, _NO_SHAPE)


def compile_resource(schemas: Schemas, schema: Object, quote: Quote) -> Resource:
    """Compile the schema of one handler. Raises DocumentError where a type of the enum has no settings."""
    resolved = schemas.resolve(schema)
    template = compile_template(schemas, resolved, quote)
    names = {word: key for key, word in template.properties.items()}
    shapes = dict(_shapes(schemas, resolved, names["type"], names["settings"]))
    types = tuple(schemas.resolve(resolved["properties"][names["type"]]).get("enum", ()))
    for name in types:
        if name and name not in shapes:
            raise DocumentError(
                f"the type {name!r} has no settings: give it a branch of allOf, `if: type, then: settings`.",
                place_of(resolved, "allOf") if "allOf" in resolved else None,
            )
    return Resource(template, schemas.check(schema), shapes, quote, types)


def _shapes(
    schemas: Schemas, resource: Object, type_key: str, settings_key: str
) -> Iterator[tuple[str, Shape]]:
    """Read the branches of `allOf` that say: if the type is this, the settings are those."""
    for branch in resource.get("allOf", ()):
        try:
            name = branch["if"]["properties"][type_key]["const"]
            settings = schemas.resolve(branch["then"]["properties"][settings_key])
        except (KeyError, TypeError):
            raise DocumentError(
                "a branch of the handler's allOf must read `if: {properties: {type: {const: …}}}`, "
                "`then: {properties: {settings: …}}`.",
                place_of(resource, "allOf"),
            ) from None
        properties = settings.get("properties", {})
        constants = {key: node.get("const", node.get("default")) for key, node in properties.items()}
        masks = {key: node["x-mask"] for key, node in properties.items() if "x-mask" in node}
        yield name, Shape(settings.get("type", "object"), constants, masks)
