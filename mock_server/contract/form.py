"""The forms that a client sends: fields, the types they belong to, and which word of the schema refuses what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

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

# Tells whether a text violates a word of a schema.
Violates = Callable[[str], bool]


class Field(NamedTuple):
    """One field of a form.

    `fact`: what the field says of the handler ("name", "type", "enabled"); None for a field of its settings.
    `types`: the handler types it belongs to, or None for every type. `limits`: what tells, by the word of the schema,
    whether a text violates it.
    """

    name: str
    fact: str | None
    types: frozenset[str] | None
    schema: Mapping[str, Any]
    limits: Mapping[str, Violates]
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

    def violates(self, word: str, text: str) -> bool:
        """Tell whether a text that was sent violates this word of the field's schema."""
        violates = self.limits.get(word)
        return violates is not None and violates(text)


# The words of a schema that one field can violate by itself.
WORDS = ("minLength", "pattern", "enum", "maxLength")


class Form(NamedTuple):
    """A form's fields by name.

    `refusals`: word of the schema to refusal, in the order they are tried. `refused`: the same refusals, each with what
    tells, by field, whether a text is refused; None where it is for a field that is required and missing. `tolerated`:
    by field, the words of its schema whose violation is no refusal, with what tells of one.
    """

    fields: Mapping[str, Field]
    names: Mapping[str, str]  # fact to the field that says it
    required: tuple[str, ...]
    refusals: Mapping[str, str]
    refused: tuple[tuple[str, Mapping[str, Violates] | None], ...]
    tolerated: Mapping[str, tuple[tuple[str, Violates], ...]]
    own_field_unsent: str
    own_fields: Mapping[str, tuple[Field, ...]]

    def own(self, type_name: str) -> tuple[Field, ...]:
        """Return the fields that belong to this type and not to every type."""
        return self.own_fields.get(type_name, ())


def compile_form(schemas: Schemas, schema: Object) -> Form:
    """Compile a flat form schema. Raises DocumentError at what is not flat."""
    form = schemas.resolve(schema)
    properties = form.get("properties", Object(form.place))
    fields = {name: _field(schemas, properties, name) for name in properties}
    _check_facts(form, fields)
    own: dict[str, list[Field]] = {}
    for field in fields.values():
        for type_name in field.types or ():
            own.setdefault(type_name, []).append(field)
    unsent = form.get("x-own-field-unsent", "empty")
    frozen = {name: tuple(of_type) for name, of_type in own.items()}
    names = {field.fact: field.name for field in fields.values() if field.fact}
    required, refusals = tuple(form.get("required", ())), form.get("x-refusals", {})
    refused = tuple((refusal, _refused(fields, word)) for word, refusal in refusals.items())
    tolerated = {field.name: tuple(_tolerated(field, refusals)) for field in fields.values()}
    return Form(fields, names, required, refusals, refused, tolerated, unsent, frozen)


def _refused(fields: Mapping[str, Field], word: str) -> Mapping[str, Violates] | None:
    """Return what refuses the texts of which fields, by a word of their schemas; None for "required"."""
    if word == "required":
        return None
    # A switch casts whatever it is sent (evidence: B+P): the enum's refusal is for the type.
    return {
        field.name: field.limits[word]
        for field in fields.values()
        if word in field.limits and field.switch is None
    }


def _tolerated(field: Field, words: Mapping[str, str]) -> Iterator[tuple[str, Violates]]:
    for word, violates in field.limits.items():
        if field.switch or word not in words:
            yield word, violates


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


def _field(schemas: Schemas, properties: Object, name: str) -> Field:
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
    return Field(name, fact, types, schema, limits, switch, cleaners, schema.get("x-cut"))


def _cleaned(cleaners: Iterable[Callable[[str], str]], text: str) -> str:
    for cleaner in cleaners:
        text = cleaner(text)
    return text


def _limits(
    schema: Object, name: str, cleaners: Iterable[Callable[[str], str]]
) -> Iterator[tuple[str, Violates]]:
    """Yield each word that bounds the field, with what tells whether a text is beyond it."""
    if "enum" in schema:
        allowed = frozenset(schema["enum"])
        yield "enum", lambda text: text not in allowed
    if "pattern" in schema:
        search = _pattern(schema, name).search
        yield "pattern", lambda text: search(text) is None
    if "minLength" in schema:
        least: int = schema["minLength"]
        yield "minLength", lambda text: len(text) < least
    if "maxLength" in schema:
        most: int = schema["maxLength"]
        # The service cleans before it looks at the length (evidence: B+P, "trimmed, then cut").
        yield "maxLength", lambda text: len(_cleaned(cleaners, text)) > most


def _pattern(schema: Object, name: str) -> re.Pattern[str]:
    try:
        return re.compile(schema["pattern"])
    except re.error as error:
        what = f"the pattern of {name!r} is no regular expression: {error}."
        raise DocumentError(what, place_of(schema, "pattern")) from None
