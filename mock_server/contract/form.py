"""What a client sends: forms and their fields, and the parameters of path and query."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from mock_server.contract.schema import Check, Schemas
from mock_server.document import DocumentError, Object, Place, place_of, plain
from mock_server.document.rows import Reaction, Row, Rows, Walk, compile_rows, form_rows, parameter_rows
from mock_server.document.shape import is_linear
from mock_server.document.treatments import CLEANERS, UNSENT
from mock_server.php import values

# What an item stores for one fact. A mapping holds settings.
Value = str | bool | int | float | None | Mapping[str, str | None]


class Omitted:
    """The value of a setting whose key is left out."""


OMITTED: Final = Omitted()

_CLEANERS: Mapping[str, Callable[[str], str]] = {
    **CLEANERS,
    "strip-tags": values.strip_tags,
    "escape-quotes": values.escape_quotes,
    "trim": values.trim,
    "cast": lambda text: str(values.to_int(text)),
}
_TRUE_SPELLINGS = frozenset({"1", "true", "on", "yes"})
_SWITCHES: Mapping[str, Callable[[str], bool]] = {
    "php-integer-boolean": lambda text: values.to_int(text) != 0,
    "php-boolean": values.truthy,
    "spelled-boolean": lambda text: text.strip().lower() in _TRUE_SPELLINGS,
}


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of a form.

    `fact`: what the field says of an item; None for a setting. `types`: the types that the field belongs to; None for
    all. `order`: its place in the form. `walk` sends a text down the field's rows, and `absent` is the reaction if
    nothing is sent. `kind`: "text", "switch" or "number"; `read` gives the value of a text.
    """

    name: str
    fact: str | None
    types: frozenset[str] | None
    order: int
    schema: Mapping[str, Any]
    rows: Rows
    walk: Walk
    absent: Reaction
    kind: str
    read: Callable[[str], Value]

    @property
    def is_switch(self) -> bool:
        """Whether any text is read as on or off (evidence: B+P for the integer cast)."""
        return self.kind == "switch"

    @property
    def is_setting(self) -> bool:
        """Whether the field is one of the settings of its type."""
        return self.fact is None and self.types is not None

    def admits(self, text: str) -> bool:
        """Tell whether the field allows this text by its enum."""
        return "enum" not in self.schema or text in self.schema["enum"]


@dataclass(frozen=True, slots=True, eq=False)
class Available:
    """The part of a form that is for items of one type.

    `names`: the fields' names. `told`: the fields whose absence is a problem or has a value. `unsent`: what unsent
    settings become when all settings are made anew.
    """

    names: frozenset[str]
    told: tuple[Field, ...]
    unsent: Mapping[str, str | Omitted | None]


class Unique(NamedTuple):
    """A fact that two items cannot share, as `x-unique` says: `row` refuses the second one."""

    field: Field
    row: Row
    behaviours: Collection[str]


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A form's fields by name.

    `type_field`: the field that gives the item's type, if any. `available`: the part for items of a type; `shared`: the
    part for all other types. `foreign` and `unknown` walk the texts of fields of other types, and of unknown fields,
    `nothing` walks what is not sent, if no field of the form is.
    """

    fields: Mapping[str, Field]
    type_field: str | None
    available: Mapping[str, Available]
    shared: Available
    foreign: Walk
    nothing: Walk
    unknown: Walk
    unique: Unique | None

    def own(self, type_name: str) -> tuple[Field, ...]:
        """Return the fields that belong to this type and not to all types."""
        return _own(self.fields, type_name)

    def of_type(self, type_name: str) -> Available:
        """Return the part that is for items of this type."""
        return self.available.get(type_name, self.shared)

    def facts(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """Return the value of each fact. `given`: values by field."""
        fields = self.fields
        return {fact: value for name, value in given.items() if (fact := fields[name].fact) is not None}


def compile_form(schemas: Schemas, schema: Object, unnamed: Collection[str], type_fact: str | None) -> Form:
    """Compile a flat form schema.

    A field without `x-value` gives the property of its name, if `unnamed` has this name. `type_fact`: the fact that is
    the type of an item. Raises DocumentError if the form is not flat.
    """
    form = schemas.resolve(schema)
    nodes = form.get("properties", Object(form.place))
    resolved = {name: _checked(schemas, nodes, name) for name in nodes}
    rows = form_rows(form, resolved, schemas.document["x-service"])
    told = {name: order for order, name in enumerate(form.get("x-order", resolved))}
    fields = {
        name: _field(node, name, told.get(name, len(told)), rows.fields[name], unnamed)
        for name, node in resolved.items()
    }
    type_field = next(
        (name for name, field in fields.items() if field.fact and field.fact == type_fact), None
    )
    _check_fields(form, fields, type_field)
    types = frozenset[str]().union(*(field.types or () for field in fields.values()))
    available = {name: _available(fields, _own(fields, name)) for name in types}
    return Form(
        fields=fields,
        type_field=type_field,
        available=available,
        shared=_available(fields, ()),
        foreign=compile_rows(rows.foreign, {}, _CLEANERS),
        nothing=compile_rows(rows.nothing, {}, _CLEANERS),
        unknown=compile_rows(rows.unknown, {}, _CLEANERS),
        unique=_unique(form, fields),
    )


def _own(fields: Mapping[str, Field], type_name: str) -> tuple[Field, ...]:
    return tuple(field for field in fields.values() if type_name in (field.types or ()))


def _available(fields: Mapping[str, Field], own: Sequence[Field]) -> Available:
    """Return the part of a form for a type that has these fields of its own."""
    here = [field for field in fields.values() if field.types is None or field in own]
    told = [
        field
        for field in here
        if field.absent.outcome == "refuse" or (field.absent.outcome == "value" and not field.is_setting)
    ]
    unsent: dict[str, str | Omitted | None] = {}
    for field in own:
        if field.absent.outcome in {"value", "omit"}:
            unsent[field.name] = OMITTED if field.absent.outcome == "omit" else field.absent.value
    return Available(frozenset(field.name for field in here), tuple(told), unsent)


def _unique(form: Object, fields: Mapping[str, Field]) -> Unique | None:
    """Compile `x-unique`. Raises DocumentError if it does not name a field that each item has."""
    if "x-unique" not in form:
        return None
    words = form["x-unique"]
    field = fields.get(words["field"])
    if field is None or field.fact is None:
        known = ", ".join(field.name for field in fields.values() if field.fact)
        what = f"x-unique: {words['field']!r} is not a field that each item has. Choose from {known}."
        raise DocumentError(what, place_of(words, "field"))
    behaviours = words.get("on", ("create", "update"))
    item, told = plain(words.get("item")), words.get("with", {})
    return Unique(field, Row("any", None, "refuse", words["refuse"], item=item, told=told), tuple(behaviours))


def _check_fields(form: Object, fields: Mapping[str, Field], type_field: str | None) -> None:
    """Raise DocumentError if the form requires an unknown field or names an unknown type."""
    for name in form.get("required", ()):
        if name not in fields:
            what = (
                f"The form requires {name!r}, which is not one of its fields. Add it, or do not require it."
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


def _checked(schemas: Schemas, nodes: Object, name: str) -> Object:
    """Return the schema of a field. Raises DocumentError if the field is not a text."""
    schema = schemas.resolve(nodes[name])
    if schema.get("type") != "string":
        what = f"The field {name!r} must be of type string: a form has only texts."
        raise DocumentError(what, place_of(nodes, name))
    if not all(isinstance(value, str) for value in schema.get("enum", ())):
        what = f"The values of {name!r} must be texts. Quote them."
        raise DocumentError(what, place_of(schema, "enum"))
    if not is_linear(schema.get("pattern", "")):
        what = f"The pattern of {name!r} is not a regular expression, or has look-around or back-references."
        raise DocumentError(what, place_of(schema, "pattern"))
    return schema


def _field(schema: Object, name: str, order: int, rows: Rows, unnamed: Collection[str]) -> Field:
    """Compile one field of a form. Raises DocumentError if a row gives it a value of another kind."""
    condition = schema.get("x-available-when")
    types = None if condition is None else frozenset(next(iter(condition.values())))
    by_name = name if types is None and name in unnamed else None
    kind, read = _reader(schema, rows)
    for row in rows:
        is_right = isinstance(row.effect, bool) == (kind == "switch") and not (
            kind == "number" and row.effect is not None
        )
        if row.reaction == "value" and not is_right:
            what = f"{name!r} is a {kind}, so a row cannot give it the value {row.effect!r}."
            raise DocumentError(f"{what} Give it another one.", row.place)
    walk = compile_rows(rows, schema, _CLEANERS)
    return Field(
        name=name,
        fact=schema.get("x-value", by_name),
        types=types,
        order=order,
        schema=schema,
        rows=rows,
        walk=walk,
        absent=walk(UNSENT),
        kind=kind,
        read=read,
    )


def _reader(schema: Mapping[str, Any], rows: Rows) -> tuple[str, Callable[[str], Value]]:
    """Return the kind of a field's value, and the function that reads it from a text."""
    cast = schema.get("x-cast", "")
    if cast in _SWITCHES:
        return "switch", _SWITCHES[cast]
    if any(row.reaction == "value" and isinstance(row.effect, bool) for row in rows):
        return "switch", _SWITCHES["spelled-boolean"]
    return ("number", values.to_int) if cast == "php-integer" else ("text", str)


# An integer as JSON and OpenAPI write it, as an id is; and what else rows may take for one. Not `int()`: that also
# takes "1_0", " 1" and Arabic digits. One beyond 64 bits is the largest, if no row refuses it.
_STRICT_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]*)\Z")
_LOOSE_INTEGER = re.compile(r"[+-]?[0-9]+\Z")


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A parameter of the path or the query.

    `walk` sends a text down the parameter's rows. `enum`: the allowed values, if they are listed; `check` says what is
    wrong with a value; `lenient`: integers are cast as in PHP; `properties`: the response properties that its values
    name, if the names differ; `most`: up to this number, a number need not be listed (`at-most`).
    """

    name: str
    role: str | None
    default: Any
    enum: tuple[Any, ...]
    check: Check
    is_integer: bool
    lenient: bool
    walk: Walk
    properties: Mapping[str, str]
    place: Place
    most: int | None = None

    def cast(self, text: str) -> int | str | None:
        """Return the value of a text, or None if it has none."""
        if not self.is_integer:
            return text
        if self.lenient:
            return values.to_int(text)
        pattern = _STRICT_INTEGER if self.role is None else _LOOSE_INTEGER
        return values.to_int(text) if pattern.match(text) else None

    def value(self, reaction: Reaction) -> int | str | None:
        """Return the value that a reaction to a text gives, None for the default."""
        value: int | str | None = reaction.value if reaction.is_taken else None
        return self.cast(value) if isinstance(value, str) else value

    def admits(self, value: int | str | None) -> bool:
        """Tell whether the document allows this value."""
        is_between = self.most is not None and isinstance(value, int) and 1 <= value <= self.most
        return value is not None and (is_between or self.check(value) is None)


def compile_parameters(schemas: Schemas, nodes: Sequence[Object], location: str) -> tuple[Parameter, ...]:
    """Compile the parameters in the "query" or the "path" (`location`), in the document's order.

    Raises DocumentError if a default is not an allowed value.
    """
    resolved = [schemas.resolve(node) for node in nodes]
    return tuple(_parameter(schemas, node) for node in resolved if node["in"] == location)


def _parameter(schemas: Schemas, node: Object) -> Parameter:
    schema = schemas.resolve(node["schema"])
    check = schemas.check(node["schema"])
    if "default" in schema and (complaint := check(plain(schema["default"]))):
        what = f"The default of {node['name']} is not allowed by its own schema: {complaint}."
        raise DocumentError(what, place_of(schema, "default"))
    rows = parameter_rows(node, schema)
    is_open = any(row.reaction == "change" and ("at-most", None) in row.effect for row in rows)
    return Parameter(
        name=node["name"],
        role=node.get("x-role"),
        default=schema.get("default"),
        enum=tuple(schema.get("enum", ())),
        check=check,
        is_integer=schema.get("type") == "integer",
        lenient=node.get("x-cast") == "php-integer",
        walk=compile_rows(rows, schema, _CLEANERS),
        properties=node.get("x-properties", {}),
        place=place_of(node, "name"),
        most=max(schema["enum"]) if is_open else None,
    )
