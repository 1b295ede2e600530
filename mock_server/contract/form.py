"""What a client sends: forms with their fields and the reasons to refuse them, and the parameters of path and query."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mock_server.contract.schema import Check, Schemas
from mock_server.document import DocumentError, Object, Place, place_of, plain
from mock_server.php import values

# What an item stores for one fact. A mapping holds settings.
Value = str | bool | int | float | None | Mapping[str, str | None]

# Gives a text as the service stores it.
Cleaner = Callable[[str], str]

# Tells whether a word of a schema admits a text, by what is true or false of the result.
Admits = Callable[[str], object]

_CLEANERS: Mapping[str, Cleaner] = {
    "strip-tags": values.strip_tags,
    "escape-quotes": values.escape_quotes,
    "trim": values.trim,
}
_TRUE_SPELLINGS = frozenset({"1", "true", "on", "yes"})
_SWITCHES: Mapping[str, Callable[[str], bool]] = {
    "php-integer-boolean": lambda text: values.to_int(text) != 0,
    "php-boolean": values.truthy,
    "spelled-boolean": lambda text: text.strip().lower() in _TRUE_SPELLINGS,
}

# The words of a schema that one field can violate by itself.
WORDS = ("minLength", "pattern", "enum", "maxLength")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    `fact`: what the field says of an item; None for one of the settings of its type. `types`: the types that it belongs
    to; None for all. `limits`: what tells whether a text is admitted, by the word of the schema; `tolerated`: those of
    them whose violation is not refused. `kind`: "text", "switch" or "number"; `read` gives the value of a text. `clean`
    gives the text as the service stores it, of at most `cut` characters.
    """

    name: str
    fact: str | None
    types: frozenset[str] | None
    schema: Mapping[str, Any]
    limits: Mapping[str, Admits]
    tolerated: tuple[tuple[str, Admits], ...]
    kind: str
    read: Callable[[str], Value]
    clean: Cleaner
    cut: int | None

    @property
    def is_switch(self) -> bool:
        """Whether any text is read as on or off (evidence: B+P for the integer cast)."""
        return self.kind == "switch"

    def admits(self, word: str, text: str) -> bool:
        """Tell whether a word of the field's schema admits a text that was sent."""
        admits = self.limits.get(word)
        return admits is None or bool(admits(text))


# A reason to refuse a form: the refusal, the field, and what tells whether its text is admitted. None: the field must
# have a text; SENT: it must be there, with or without one.
Reason = tuple[str, str, Admits | None]


def SENT(_: str) -> bool:  # noqa: N802 - a constant, known by its identity
    """Admit each text of a field that was sent."""
    return True


@dataclass(frozen=True, slots=True)
class Available:
    """The part of a form that is for items of one type: the fields' names, and the reasons to refuse, in order."""

    names: frozenset[str]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A form's fields by name.

    `type_field`: the field that gives the item's type, if any. `refusals`: word of the schema to refusal, in the order
    in which they are tried. `available`: the part for items of a type; `shared`: the part for all other types.
    """

    fields: Mapping[str, Field]
    type_field: str | None
    required: tuple[str, ...]
    refusals: Mapping[str, str]
    own_field_unsent: str
    available: Mapping[str, Available]
    shared: Available

    def own(self, type_name: str) -> tuple[Field, ...]:
        """Return the fields that belong to this type and not to all types."""
        return _own(self.fields, type_name)

    def of_type(self, type_name: str) -> Available:
        """Return the part that is for items of this type."""
        return self.available.get(type_name, self.shared)

    def values(self, sent: Mapping[str, str]) -> dict[str, Value]:
        """Return the value of each fact that was sent. `sent`: cleaned texts by field."""
        fields = self.fields
        return {
            fact: field.read(text)
            for field, text in ((fields[name], text) for name, text in sent.items())
            if (fact := field.fact) is not None
        }


def compile_form(schemas: Schemas, schema: Object, unnamed: Collection[str], type_fact: str | None) -> Form:
    """Compile a flat form schema.

    A field without `x-value` that has one of the `unnamed` names gives the property of that name. `type_fact`: the fact
    that is the type of an item. Raises DocumentError if the form is not flat.
    """
    form = schemas.resolve(schema)
    nodes = form.get("properties", Object(form.place))
    refusals = form.get("x-refusals", {})
    fields = {name: _field(schemas, nodes, name, refusals, unnamed) for name in nodes}
    type_field = next(
        (name for name, field in fields.items() if field.fact and field.fact == type_fact), None
    )
    _check_fields(form, fields, type_field)
    unsent = form.get("x-own-field-unsent", "empty")
    required = tuple(form.get("required", ()))
    types = frozenset[str]().union(*(field.types or () for field in fields.values()))
    shared = _available(fields, required, refusals)
    available = {}
    for type_name in types:
        own = tuple(field.name for field in _own(fields, type_name))
        needed = (*required, *own) if unsent == "refused" else required
        available[type_name] = _available(fields, needed, refusals, own)
    return Form(fields, type_field, required, refusals, unsent, available, shared)


def _own(fields: Mapping[str, Field], type_name: str) -> tuple[Field, ...]:
    return tuple(field for field in fields.values() if type_name in (field.types or ()))


def _available(
    fields: Mapping[str, Field],
    needed: tuple[str, ...],
    refusals: Mapping[str, str],
    own: tuple[str, ...] = (),
) -> Available:
    """Return the part of a form for a type that has these fields of its own and needs those fields."""
    available = frozenset(field.name for field in fields.values() if field.types is None or field.name in own)
    reasons: list[Reason] = []
    for word, refusal in refusals.items():
        if word == "required":
            # An empty text counts as missing, unless a field has a refusal of its own for it.
            reasons += [
                (
                    refusal,
                    name,
                    SENT if "minLength" in fields[name].limits and "minLength" in refusals else None,
                )
                for name in needed
            ]
            continue
        # A switch casts any text (evidence: B+P), unless it has a refusal of its own: that of an enum is for the type.
        reasons += [
            (refusal, field.name, field.limits[word])
            for field in fields.values()
            if word in field.limits and not field.is_switch and field.name in available
        ]
    reasons += [
        (field.schema["x-otherwise"], field.name, field.limits["enum"])
        for field in fields.values()
        if field.is_switch
        and "enum" in field.limits
        and "x-otherwise" in field.schema
        and field.name in available
    ]
    return Available(available, tuple(reasons))


def _check_fields(form: Object, fields: Mapping[str, Field], type_field: str | None) -> None:
    """Raise DocumentError if the form requires a field, or names a type, that it does not have."""
    for name in form.get("required", ()):
        if name not in fields:
            what = (
                f"The form requires {name!r}, which is not one of its fields. Add the field or drop the word."
            )
            raise DocumentError(what, place_of(form, "required"))
    allowed = None if type_field is None else fields[type_field].schema.get("enum")
    for field in fields.values():
        condition = field.schema.get("x-available-when", {})
        place = place_of(form.get("properties", form), field.name)
        if type_field is not None and condition and type_field not in condition:
            what = (
                f"x-available-when of {field.name!r} must name {type_field!r}, the field that gives the type."
            )
            raise DocumentError(what, place)
        for type_name in sorted(set(field.types or ()).difference(allowed)) if allowed is not None else ():
            what = (
                f"The field {field.name!r} is available for {type_name!r}, which is not a type of the form."
            )
            raise DocumentError(what, place)


def _field(
    schemas: Schemas, nodes: Object, name: str, refusals: Mapping[str, str], unnamed: Collection[str]
) -> Field:
    """Compile one field of a form that refuses what violates the words of `refusals`. Raises DocumentError."""
    schema = schemas.resolve(nodes[name])
    if schema.get("type") != "string":
        what = f"The field {name!r} must be of type string: a form has only texts."
        raise DocumentError(what, place_of(nodes, name))
    if not all(isinstance(value, str) for value in schema.get("enum", ())):
        what = f"The values of {name!r} must be texts. Quote them."
        raise DocumentError(what, place_of(schema, "enum"))
    condition = schema.get("x-available-when")
    types = None if condition is None else frozenset(next(iter(condition.values())))
    by_name = name if types is None and name in unnamed else None
    cleaners = tuple(_CLEANERS[cleaner] for cleaner in schema.get("x-clean", ()))
    kind, read = _reader(schema)
    limits = dict(_limits(schema, name, _cleaner(cleaners)))
    cut = schema.get("x-cut")
    return Field(
        name=name,
        fact=schema.get("x-value", by_name),
        types=types,
        schema=schema,
        limits=limits,
        # Nothing that a switch is sent is refused, as `_available` says.
        tolerated=tuple(
            (word, limit) for word, limit in limits.items() if kind == "switch" or word not in refusals
        ),
        kind=kind,
        read=read,
        clean=_cleaner(cleaners, cut),
        cut=cut,
    )


def _reader(schema: Mapping[str, Any]) -> tuple[str, Callable[[str], Value]]:
    """Return the kind of value that a field gives, and what reads it from a text."""
    cast = schema.get("x-cast", "")
    if cast in _SWITCHES:
        return "switch", _SWITCHES[cast]
    return ("number", values.to_int) if cast == "php-integer" else ("text", str)


def _cleaner(cleaners: Sequence[Cleaner], cut: int | None = None) -> Cleaner:
    """Return a function that applies all of these in order, and then cuts."""
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
        # The service cleans a text before it looks at the length (evidence: B+P, "trimmed, then cut").
        yield "maxLength", lambda text: len(clean(text)) <= most


def _pattern(schema: Object, name: str) -> re.Pattern[str]:
    try:
        return re.compile(schema["pattern"])
    except re.error as error:
        what = f"The pattern of {name!r} is not a regular expression: {error}."
        raise DocumentError(what, place_of(schema, "pattern")) from None


# An integer as JSON and OpenAPI write it. Not `int()`: that also takes "1_0", " 1" and Arabic digits.
_STRICT_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the path or the query. `otherwise`: "default", or the refusals that invalid values get.

    `enum`: the values allowed, if they are few; `check` says what is wrong with a value; `lenient`: an integer is cast
    as PHP casts; `properties`: its values to the response properties that they name, if the two differ.
    """

    name: str
    role: str | None
    default: Any
    enum: tuple[Any, ...]
    check: Check
    is_integer: bool
    lenient: bool
    otherwise: str | Mapping[str, str]
    properties: Mapping[str, str]
    place: Place

    def cast(self, text: str) -> int | str | None:
        """Return the value of a text, None if the text spells none."""
        if not self.is_integer:
            return text
        if self.lenient:
            return values.to_int(text)
        return int(text) if _STRICT_INTEGER.match(text) else None

    def admits(self, value: int | str | None) -> bool:
        """Tell whether the document allows this value."""
        return value is not None and self.check(value) is None

    def otherwise_of(self, text: str) -> str:
        """Return "default", or the name of the refusal that this invalid text gets."""
        if isinstance(self.otherwise, str):
            return self.otherwise
        return self.otherwise["number" if _STRICT_INTEGER.match(text.removeprefix("-")) else "word"]


def compile_parameters(schemas: Schemas, nodes: Sequence[Object], location: str) -> tuple[Parameter, ...]:
    """Compile the parameters that stand in `location` ("query" or "path"), in the document's order.

    Raises DocumentError if a default is not one of the values allowed.
    """
    resolved = [schemas.resolve(node) for node in nodes]
    return tuple(_parameter(schemas, node) for node in resolved if node["in"] == location)


def _parameter(schemas: Schemas, node: Object) -> Parameter:
    schema = schemas.resolve(node["schema"])
    check = schemas.check(node["schema"])
    if "default" in schema and (complaint := check(plain(schema["default"]))):
        what = f"The default of {node['name']} is not allowed by its own schema: {complaint}."
        raise DocumentError(what, place_of(schema, "default"))
    return Parameter(
        name=node["name"],
        role=node.get("x-role"),
        default=schema.get("default"),
        enum=tuple(schema.get("enum", ())),
        check=check,
        is_integer=schema.get("type") == "integer",
        lenient=node.get("x-cast") == "php-integer",
        otherwise=node.get("x-otherwise", "default"),
        properties=node.get("x-properties", {}),
        place=place_of(node, "name"),
    )
