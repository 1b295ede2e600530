"""The handler as the document describes it: its JSON, and the settings of each type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mock_server.contract.functions import HANDLER
from mock_server.contract.operation import Operation
from mock_server.contract.schema import Check, CheckText, Schemas
from mock_server.contract.template import Template, check_required, compile_template
from mock_server.contract.text import Quote, quote_again
from mock_server.document import DocumentError, Object, place_of


@dataclass(frozen=True, slots=True)
class Shape:
    """The settings of one type: `constants` maps each key, in order, to its fixed value or None if a form fills it.

    `masks` maps a key to what replies show in place of its value: a text, or one sign for each character.
    """

    container: str  # "object", "array", or "either": a list where there is nothing, as PHP writes it
    constants: Mapping[str, str | None]
    masks: Mapping[str, str | Mapping[str, str]]

    def text(self, settings: Mapping[str, str], quote: Quote) -> str:
        """Write the settings as JSON."""
        if self.container == "array" or (self.container == "either" and not settings):
            return "[]"
        if self.masks:
            settings = {key: self._shown(key, value) for key, value in settings.items()}
        members = [f"{quote_again(key, quote)}:{quote(value)}" for key, value in settings.items()]
        return "{" + ",".join(members) + "}"

    def _shown(self, key: str, value: str) -> str:
        mask = self.masks.get(key, value) if value else value
        return mask if isinstance(mask, str) else mask["each"] * len(value)


# The facts without which there is no handler to speak of.
_IDENTITY = ("id", "type", "name", "settings", "enabled", "created")

# What the mock is sure to write for a fact.
_TIME = "2025-12-05 15:32:34"
_SAMPLES: Mapping[str, tuple[Any, ...]] = {
    "id": (1,),
    "enabled": (True, False),
    "enabled-integer": (1, 0),
    "created": (_TIME,),
    "changed": (None, _TIME),
}

# What a handler without a type has: only the defect `x-update.unsent: blanked` makes one.
_NO_SHAPE = Shape("object", {}, {})


@dataclass(frozen=True, slots=True)
class Resource:
    """The handler's JSON: its template, the check of one row, and per type the shape of its settings."""

    template: Template
    check: Check
    check_text: CheckText
    shapes: Mapping[str, Shape]
    quote: Quote
    types: tuple[str, ...]

    def shape(self, type_name: str) -> Shape:
        """Return the settings' shape of a type."""
        return self.shapes.get(type_name, _NO_SHAPE)


def compile_resource(schemas: Schemas, schema: Object, quote: Quote) -> Resource:
    """Compile the schema of one handler. Raises DocumentError where a type of the enum has no settings."""
    resolved = schemas.resolve(schema)
    template = compile_template(schemas, resolved, quote, HANDLER)
    names = {word: key for key, word in template.properties.items()}
    for fact in _IDENTITY:
        if fact not in names:
            raise DocumentError(f"a handler needs a property with `x-value: {fact}`.", resolved.place)
    _check_samples(schemas, resolved, template.properties)
    shapes = dict(_shapes(schemas, resolved, names["type"], names["settings"]))
    # A merge leaves settings of another type behind, which stay as secret as they were.
    masks = {key: mask for shape in shapes.values() for key, mask in shape.masks.items()}
    shapes = {name: replace(shape, masks=masks) for name, shape in shapes.items()}
    types = tuple(schemas.resolve(resolved["properties"][names["type"]]).get("enum", ()))
    for name in types:
        if name not in shapes:
            what = (
                f"the type {name!r} has no settings: give it a branch of allOf, `if: type, then: settings`."
            )
            raise DocumentError(what, place_of(resolved, "allOf"))
    return Resource(template, schemas.check(schema), schemas.check_text(schema), shapes, quote, types)


def _check_samples(schemas: Schemas, resolved: Object, facts: Mapping[str, str]) -> None:
    """Raise DocumentError where a property does not allow what the mock is sure to write there."""
    for key, fact in facts.items():
        node = resolved["properties"][key]
        integer = fact == "enabled" and schemas.resolve(node).get("type") == "integer"
        for sample in _SAMPLES.get(f"{fact}-integer" if integer else fact, ()):
            if complaint := schemas.check(node)(sample):
                what = f"{key} does not allow what the mock writes there, such as {sample!r}: {complaint}."
                raise DocumentError(what, place_of(resolved["properties"], key))


def _shapes(
    schemas: Schemas, resource: Object, type_key: str, settings_key: str
) -> Iterator[tuple[str, Shape]]:
    """Read the branches of `allOf` that say: if the type is this, the settings are those."""
    for branch in resource.get("allOf", ()):
        try:
            name = branch["if"]["properties"][type_key]["const"]
            settings = schemas.resolve(branch["then"]["properties"][settings_key])
        except KeyError:
            name = None
        if not isinstance(name, str):
            raise DocumentError(
                "a branch of the handler's allOf must read `if: {properties: {type: {const: …}}}`, "
                "`then: {properties: {settings: …}}`.",
                branch.place,
            )
        yield name, _shape(schemas, name, settings)


def _shape(schemas: Schemas, name: str, settings: Object) -> Shape:
    """Compile the settings of one type. Raises DocumentError where they are other than texts."""
    given = settings.get("type", "object")
    kinds = {given} if isinstance(given, str) else set(given)
    if not kinds & {"array", "object"}:
        raise DocumentError(f"the settings of {name} are an object, or an empty array.", settings.place)
    container = "either" if {"array", "object"} <= kinds else "array" if "array" in kinds else "object"
    check_required(settings)
    properties = settings.get("properties", Object(settings.place))
    constants: dict[str, str | None] = {}
    masks: dict[str, str | Mapping[str, str]] = {}
    for key, node in properties.items():
        setting = schemas.resolve(node)
        constants[key] = setting.get("const", setting.get("default"))
        if not isinstance(constants[key], str | None) or "string" not in setting.get("type", "string"):
            raise DocumentError(f"the setting {key!r} of {name} is a text.", place_of(properties, key))
        if "x-mask" in setting:
            masks[key] = setting["x-mask"]
    return Shape(container, constants, masks)


def check_types(operations: Iterable[Operation], resource: Resource) -> None:
    """Raise DocumentError where a form takes a type, or a type has a setting, that the other does not know."""
    for operation in operations:
        if operation.form is None:
            continue
        field = operation.form.fields[operation.form.names["type"]]
        types = field.schema.get("enum", () if not resource.types else None)
        if types is None:
            what = f"{operation.id}: the form takes any type and answers have {len(resource.types)}: give it the enum."
            raise DocumentError(what, operation.place)
        for name in types:
            if name not in resource.shapes:
                what = f"{operation.id}: the form takes the type {name!r}, which has no settings in answers."
                raise DocumentError(what, operation.place)
            _check_filled(operation, name, resource.shape(name))


def _check_filled(operation: Operation, type_name: str, shape: Shape) -> None:
    own = {field.name for field in operation.form.own(type_name)} if operation.form is not None else set()
    for key, constant in shape.constants.items():
        if constant is None and key not in own:
            what = f"{operation.id}: the type {type_name!r} has the setting {key!r}, which no field of the form fills."
            raise DocumentError(what, operation.place)
