"""The forms that a client sends: fields, the types they belong to, and which word of the schema refuses what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mock_server.contract.schema import Schemas
from mock_server.document import DocumentError, Object, place_of
from mock_server.forms import php, tags

_CLEANERS: Mapping[str, Callable[[str], str]] = {
    "strip-tags": tags.strip_tags,
    "escape-quotes": php.escape_quotes,
    "trim": php.trim,
}
_TRUE_SPELLINGS = frozenset({"1", "true", "on", "yes"})
_SWITCHES: Mapping[str, Callable[[str], bool]] = {
    "php-integer-boolean": lambda text: php.to_int(text) != 0,
    "php-boolean": php.truthy,
    "spelled-boolean": lambda text: text.strip().lower() in _TRUE_SPELLINGS,
}

# What a form can say of a handler, beside its settings.
_FACTS = ("name", "type", "enabled")

# Tells whether a word of a schema admits a text, by what is true or false of it.
Admits = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    `fact`: what the field says of the handler ("name", "type", "enabled"); None for a field of its settings.
    `types`: the handler types it belongs to, or None for every type. `limits`: what tells, by the word of the schema,
    whether it admits a text; `tolerated`: those of them whose violation is no refusal.
    """

    name: str
    fact: str | None
    types: frozenset[str] | None
    schema: Mapping[str, Any]
    limits: Mapping[str, Admits]
    tolerated: tuple[tuple[str, Admits], ...]
    switch: Callable[[str], bool] | None
    cleaners: tuple[Callable[[str], str], ...]
    cut: int | None

    def clean(self, text: str) -> str:
        """Return the text as the service stores it."""
        text = _cleaned(self.cleaners, text)
        return text if self.cut is None else text[: self.cut]

    def is_on(self, text: str) -> bool:
        """Return what a switch's text means to the service (evidence: B+P for the integer cast)."""
        return php.truthy(text) if self.switch is None else self.switch(text)

    def admits(self, word: str, text: str) -> bool:
        """Tell whether this word of the field's schema admits a text that was sent."""
        admits = self.limits.get(word)
        return admits is None or bool(admits(text))


# The words of a schema that one field can violate by itself.
WORDS = ("minLength", "pattern", "enum", "maxLength")


@dataclass(frozen=True, slots=True)
class Form:
    """A form's fields by name.

    `refusals`: word of the schema to refusal, in the order they are tried. `refused`: the same refusals, each with what
    tells, by field, whether a text is admitted; None where it is for a field that is required and missing.
    """

    fields: Mapping[str, Field]
    names: Mapping[str, str]  # fact to the field that says it
    required: tuple[str, ...]
    refusals: Mapping[str, str]
    refused: tuple[tuple[str, Mapping[str, Admits] | None], ...]
    own_field_unsent: str
    own_fields: Mapping[str, tuple[Field, ...]]

    def own(self, type_name: str) -> tuple[Field, ...]:
        """Return the fields that belong to this type and not to every type."""
        return self.own_fields.get(type_name, ())


def compile_form(schemas: Schemas, schema: Object) -> Form:
    """Compile a flat form schema. Raises DocumentError at what is not flat."""
    form = schemas.resolve(schema)
    properties = form.get("properties", Object(form.place))
    refusals = form.get("x-refusals", {})
    fields = {name: _field(schemas, properties, name, refusals) for name in properties}
    _check_facts(form, fields)
    own: dict[str, list[Field]] = {}
    for field in fields.values():
        for type_name in field.types or ():
            own.setdefault(type_name, []).append(field)
    unsent = form.get("x-own-field-unsent", "empty")
    frozen = {name: tuple(of_type) for name, of_type in own.items()}
    names = {field.fact: field.name for field in fields.values() if field.fact}
    refused = tuple((refusal, _refused(fields, word)) for word, refusal in refusals.items())
    return Form(fields, names, tuple(form.get("required", ())), refusals, refused, unsent, frozen)


def _refused(fields: Mapping[str, Field], word: str) -> Mapping[str, Admits] | None:
    """Return what refuses the texts of which fields, by a word of their schemas; None for "required"."""
    if word == "required":
        return None
    # A switch casts whatever it is sent (evidence: B+P): the enum's refusal is for the type.
    return {
        field.name: field.limits[word]
        for field in fields.values()
        if word in field.limits and field.switch is None
    }


def _check_facts(form: Object, fields: Mapping[str, Field]) -> None:
    """Raise DocumentError where the form does not say what a handler is, or says it of a type it does not know."""
    facts = {field.fact: field for field in fields.values()}
    for fact in ("name", "type"):
        if fact not in facts:
            raise DocumentError(f"the form has no field with `x-value: {fact}`.", form.place)
    for name in form.get("required", ()):
        if name not in fields:
            raise DocumentError(
                f"the form requires {name!r}, which is none of its fields.", place_of(form, "required")
            )
    types = facts["type"].schema.get("enum")
    for field in fields.values():
        unknown = (
            sorted(field.types.difference(types)) if field.types is not None and types is not None else ()
        )
        for type_name in unknown:
            what = (
                f"the field {field.name!r} is available for {type_name!r}, which is none of the form's types."
            )
            raise DocumentError(what, place_of(form["properties"], field.name))


def _field(schemas: Schemas, properties: Object, name: str, refusals: Mapping[str, str]) -> Field:
    """Compile one field of a form that refuses what violates these words. Raises DocumentError."""
    schema = schemas.resolve(properties[name])
    if schema.get("type") != "string":
        raise DocumentError(
            f"the field {name!r} must be of type string: a form has only texts.", place_of(properties, name)
        )
    types = None
    for other, values in schema.get("x-available-when", {}).items():
        if other != "type":
            raise DocumentError(
                f"{name!r} can be available when `type` has a value, not {other!r}.",
                place_of(properties, name),
            )
        types = frozenset(values)
    if schema.get("x-value", "name") not in _FACTS:
        what = f"the field {name!r} can say {', '.join(_FACTS)} and no other fact."
        raise DocumentError(what, place_of(schema, "x-value"))
    if not all(isinstance(value, str) for value in schema.get("enum", ())):
        raise DocumentError(f"the values of {name!r} must be texts: quote them.", place_of(schema, "enum"))
    cleaners = tuple(_CLEANERS[cleaner] for cleaner in schema.get("x-clean", ()))
    switch = _SWITCHES.get(schema.get("x-cast", ""))
    fact, limits = schema.get("x-value"), dict(_limits(schema, name, cleaners))
    # What is no refusal: of a switch nothing is, as `_refused` says.
    tolerated = tuple((word, limit) for word, limit in limits.items() if switch or word not in refusals)
    return Field(name, fact, types, schema, limits, tolerated, switch, cleaners, schema.get("x-cut"))


def _cleaned(cleaners: Iterable[Callable[[str], str]], text: str) -> str:
    for cleaner in cleaners:
        text = cleaner(text)
    return text


def _limits(
    schema: Object, name: str, cleaners: Iterable[Callable[[str], str]]
) -> Iterator[tuple[str, Admits]]:
    """Yield each word that bounds the field, with what tells whether it admits a text."""
    if "enum" in schema:
        allowed = frozenset(schema["enum"])
        yield "enum", allowed.__contains__
    if "pattern" in schema:
        yield "pattern", _pattern(schema, name).search
    if "minLength" in schema:
        least: int = schema["minLength"]
        yield "minLength", lambda text: len(text) >= least
    if "maxLength" in schema:
        most: int = schema["maxLength"]
        # The service cleans before it looks at the length (evidence: B+P, "trimmed, then cut").
        yield "maxLength", lambda text: len(_cleaned(cleaners, text)) <= most


def _pattern(schema: Object, name: str) -> re.Pattern[str]:
    try:
        return re.compile(schema["pattern"])
    except re.error as error:
        what = f"the pattern of {name!r} is no regular expression: {error}."
        raise DocumentError(what, place_of(schema, "pattern")) from None
