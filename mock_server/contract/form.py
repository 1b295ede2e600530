"""The forms that a client sends: fields, the types they belong to, and which word of the schema refuses what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mock_server.contract.schema import Schemas
from mock_server.document import DocumentError, Object, place_of
from mock_server.php import tags, values

_CLEANERS: Mapping[str, Callable[[str], str]] = {
    "strip-tags": tags.strip_tags,
    "escape-quotes": values.escape_quotes,
    "trim": values.trim,
}
_TRUE_SPELLINGS = frozenset({"1", "true", "on", "yes"})
_SWITCHES: Mapping[str, Callable[[str], bool]] = {
    "php-integer-boolean": lambda text: values.to_int(text) != 0,
    "php-boolean": values.truthy,
    "spelled-boolean": lambda text: text.strip().lower() in _TRUE_SPELLINGS,
}

# What a form can say of a handler, beside its settings.
_FACTS = ("name", "type", "enabled")

# Gives a text as the service stores it.
Cleaner = Callable[[str], str]

# Tells whether a word of a schema admits a text, by what is true or false of it.
Admits = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    `fact`: what the field says of the handler ("name", "type", "enabled"); None for a field of its settings.
    `types`: the handler types it belongs to, or None for every type. `limits`: what tells, by the word of the schema,
    whether it admits a text; `tolerated`: those of them whose violation is no refusal. `clean` gives the text as the
    service stores it, of at most `cut` characters.
    """

    name: str
    fact: str | None
    types: frozenset[str] | None
    schema: Mapping[str, Any]
    limits: Mapping[str, Admits]
    tolerated: tuple[tuple[str, Admits], ...]
    switch: Callable[[str], bool] | None
    clean: Cleaner
    cut: int | None

    def is_on(self, text: str) -> bool:
        """Return what a switch's text means to the service (evidence: B+P for the integer cast)."""
        return values.truthy(text) if self.switch is None else self.switch(text)

    def admits(self, word: str, text: str) -> bool:
        """Tell whether this word of the field's schema admits a text that was sent."""
        admits = self.limits.get(word)
        return admits is None or bool(admits(text))


# The words of a schema that one field can violate by itself.
WORDS = ("minLength", "pattern", "enum", "maxLength")


# A reason to refuse a form: the refusal, the field, and what tells whether its text is admitted; None where the field
# must have a text.
Reason = tuple[str, str, Admits | None]


@dataclass(frozen=True, slots=True)
class Available:
    """What a form has for handlers of one type: the names of its fields, and the reasons to refuse, in their order."""

    names: frozenset[str]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A form's fields by name.

    `refusals`: word of the schema to refusal, in the order they are tried. `available`: what there is for a handler, by
    its type; `shared`: what there is for one of a type without fields of its own.
    """

    fields: Mapping[str, Field]
    names: Mapping[str, str]  # fact to the field that says it
    required: tuple[str, ...]
    refusals: Mapping[str, str]
    own_field_unsent: str
    available: Mapping[str, Available]
    shared: Available

    def own(self, type_name: str) -> tuple[Field, ...]:
        """Return the fields that belong to this type and not to every type."""
        return _own(self.fields, type_name)

    def of_type(self, type_name: str) -> Available:
        """Return what there is for a handler of this type."""
        return self.available.get(type_name, self.shared)


def compile_form(schemas: Schemas, schema: Object) -> Form:
    """Compile a flat form schema. Raises DocumentError at what is not flat."""
    form = schemas.resolve(schema)
    properties = form.get("properties", Object(form.place))
    refusals = form.get("x-refusals", {})
    fields = {name: _field(schemas, properties, name, refusals) for name in properties}
    _check_facts(form, fields)
    unsent = form.get("x-own-field-unsent", "empty")
    names = {field.fact: field.name for field in fields.values() if field.fact}
    required = tuple(form.get("required", ()))
    types = frozenset[str]().union(*(field.types or () for field in fields.values()))
    shared = _available(fields, required, refusals)
    available = {}
    for type_name in types:
        own = tuple(field.name for field in _own(fields, type_name))
        needed = (*required, *own) if unsent == "refused" else required
        available[type_name] = _available(fields, needed, refusals, own)
    return Form(fields, names, required, refusals, unsent, available, shared)


def _own(fields: Mapping[str, Field], type_name: str) -> tuple[Field, ...]:
    return tuple(field for field in fields.values() if type_name in (field.types or ()))


def _available(
    fields: Mapping[str, Field],
    needed: tuple[str, ...],
    refusals: Mapping[str, str],
    own: tuple[str, ...] = (),
) -> Available:
    """Return what a form has for a type with these fields of its own, which needs those."""
    available = frozenset(field.name for field in fields.values() if field.types is None or field.name in own)
    reasons: list[Reason] = []
    for word, refusal in refusals.items():
        if word == "required":
            reasons += [(refusal, name, None) for name in needed]
            continue
        # A switch casts whatever it is sent (evidence: B+P): the enum's refusal is for the type.
        reasons += [
            (refusal, field.name, field.limits[word])
            for field in fields.values()
            if word in field.limits and field.switch is None and field.name in available
        ]
    return Available(available, tuple(reasons))


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
    for other, wanted in schema.get("x-available-when", {}).items():
        if other != "type":
            raise DocumentError(
                f"{name!r} can be available when `type` has a value, not {other!r}.",
                place_of(properties, name),
            )
        types = frozenset(wanted)
    if schema.get("x-value", "name") not in _FACTS:
        what = f"the field {name!r} can say {', '.join(_FACTS)} and no other fact."
        raise DocumentError(what, place_of(schema, "x-value"))
    if not all(isinstance(value, str) for value in schema.get("enum", ())):
        raise DocumentError(f"the values of {name!r} must be texts: quote them.", place_of(schema, "enum"))
    cleaners = tuple(_CLEANERS[cleaner] for cleaner in schema.get("x-clean", ()))
    switch = _SWITCHES.get(schema.get("x-cast", ""))
    fact, limits = schema.get("x-value"), dict(_limits(schema, name, _cleaner(cleaners)))
    # What is no refusal: of a switch nothing is, as `_available` says.
    tolerated = tuple((word, limit) for word, limit in limits.items() if switch or word not in refusals)
    cut = schema.get("x-cut")
    return Field(name, fact, types, schema, limits, tolerated, switch, _cleaner(cleaners, cut), cut)


def _cleaner(cleaners: Sequence[Cleaner], cut: int | None = None) -> Cleaner:
    """Return what does all of these, in their order, and then cuts."""
    if not cleaners and cut is None:
        return str  # the text itself

    def clean(text: str) -> str:
        for cleaner in cleaners:
            text = cleaner(text)
        return text if cut is None else text[:cut]

    return clean


def _limits(schema: Object, name: str, clean: Cleaner) -> Iterator[tuple[str, Admits]]:
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
        yield "maxLength", lambda text: len(clean(text)) <= most


def _pattern(schema: Object, name: str) -> re.Pattern[str]:
    try:
        return re.compile(schema["pattern"])
    except re.error as error:
        what = f"the pattern of {name!r} is no regular expression: {error}."
        raise DocumentError(what, place_of(schema, "pattern")) from None
