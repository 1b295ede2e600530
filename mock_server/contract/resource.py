"""A resource as the document describes it: what an item stores, its JSON, and the settings of each type."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from types import NoneType
from typing import Any
from uuid import UUID

from mock_server.contract.form import Form, Value
from mock_server.contract.response import (
    PLACEHOLDER,
    ResponseCompiler,
    ShownFacts,
    Template,
    Writer,
    check_required,
    compile_template,
    told,
    types_of,
    until_changed,
)
from mock_server.contract.schema import Check, CheckText, Schemas
from mock_server.document import Array, DocumentError, Object, place_of, plain, shape
from mock_server.document.treatments import masked

# The facts that the server gives an item, and their JSON types. "never" is always null.
OWN: Mapping[str, frozenset[str]] = {
    "id": frozenset({"integer"}),
    "created": frozenset({"string"}),
    "changed": frozenset({"string", "null"}),
    "never": frozenset({"null"}),
}

# Values that the mock will write for a fact.
_TIME = "2025-12-05 15:32:34"
_SAMPLES: Mapping[str, tuple[Any, ...]] = {"id": (1,), "created": (_TIME,), "changed": (None, _TIME)}

# The JSON type of a stored value, by its kind.
_KINDS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"string"}),
    "switch": frozenset({"boolean"}),
    "number": frozenset({"integer"}),
    "settings": frozenset({"object"}),
}
_ZEROS: Mapping[str, Value] = {"text": "", "switch": False, "number": 0, "settings": {}}

# A text that may be shown as a number.
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")

# In the JSON of a row, the beginning of its addresses.
SITE = "{site}"

_DIGITS, _LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

# Placeholders about an item: when it was created and last changed (or created), and the number of its changes.
OF_ITEM = frozenset({"created", "changed", "version", "changes"})

# Random values of a given form.
RANDOM: Mapping[str, Callable[[Random, int], str]] = {
    "uuid": lambda chance, _: str(UUID(int=chance.getrandbits(128), version=4)),
    "hex": lambda chance, length: "".join(chance.choices("0123456789abcdef", k=length)),
    "digits": lambda chance, length: "".join(chance.choices(_DIGITS, k=length)),
    "random": lambda chance, length: "".join(chance.choices(_LETTERS, k=length)),
}


@dataclass(frozen=True, slots=True, eq=False)
class SettingsShape:
    """The settings of one type: `constants` maps each one, in order, to its fixed value, or None if a form fills it.

    A setting has the name of the field that fills it. `keys` maps it to the key that responses show it under, if that
    is another one. `masks` maps it to what they show in place of its value: a text, or what `x-mask` says. `numbers`
    are those of which a whole number is shown as one, `alone` those that are shown if no other is but the `fixed` ones,
    whose value no form changes. `beside` has the properties beside the settings that are the same for all items of the
    type.
    """

    container: str  # "object", "array", or "either": an empty list if there are no settings, as PHP writes it
    constants: Mapping[str, Any]
    masks: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    beside: Mapping[str, Any] = field(default_factory=dict)

    def shown(self, settings: Mapping[str, str | None]) -> Mapping[str, Any] | list[str]:
        """Return the settings as responses show them."""
        if self.container == "array" or (self.container == "either" and not settings):
            return []
        if not self.alone.isdisjoint(settings) and not self.alone | self.fixed >= settings.keys():
            settings = {name: value for name, value in settings.items() if name not in self.alone}
        if not (self.masks or self.keys or self.numbers):
            return settings
        return {self.keys.get(name, name): self._written(name, value) for name, value in settings.items()}

    def _written(self, name: str, value: Any) -> Any:
        if not value or not isinstance(value, str):
            return value
        if name in self.numbers and _WHOLE.fullmatch(value):
            return int(value)
        return masked(value, self.masks[name]) if name in self.masks else value

    def by_name(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings by their names: a row of a seed may have their names, or the keys that responses show."""
        names = {self.keys.get(name, name): name for name in self.constants}
        return {names.get(key, key): value for key, value in shown.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Property:
    """A property of a row that shows a stored value. `kind`: "text", "switch", "number" or "settings".

    `default`: the value if none was sent; `needed`: a row cannot show such a default.
    """

    name: str
    fact: str
    kind: str
    default: Value
    needed: bool

    def read(self, shown: Any) -> Value:
        """Return the stored value of what a row shows: a switch may be shown as 0 or 1."""
        if self.kind == "switch":
            return bool(shown)
        return {str(key): str(value) for key, value in shown.items()} if isinstance(shown, dict) else shown


@dataclass(frozen=True, slots=True, eq=False)
class RowSchema:
    """The rows of a resource, before its forms are known. `path` is that of the collection.

    `schema` is that of one row. In `node` and `properties`, references are resolved. `type_key` and `settings_key` are
    the properties in the branches of `allOf`.
    """

    name: str
    path: str
    schema: Object
    node: Object
    properties: Mapping[str, Object]
    type_key: str | None
    settings_key: str | None

    def fact(self, key: str | None) -> str | None:
        """Return the fact that a property shows: its `x-value`, else its name."""
        if key is None or key not in self.properties:
            return None
        fact: str = self.properties[key].get("x-value", key)
        return "settings" if fact == "settings-text" else fact

    @property
    def type_fact(self) -> str | None:
        """The fact that is the type of an item."""
        return self.fact(self.type_key)

    @property
    def unnamed(self) -> tuple[str, ...]:
        """The properties that show the form field of their own name."""
        return tuple(
            key
            for key, node in self.properties.items()
            if "x-value" not in node and "const" not in node and key not in OWN
        )


def read_row(schemas: Schemas, schema: Object, path: str) -> RowSchema:
    """Return the rows of the collection at a path. Raises DocumentError."""
    node = schemas.resolve(schema)
    properties = {key: schemas.resolve(each) for key, each in node.get("properties", {}).items()}
    keys = [_branch_keys(branch) for branch in node.get("allOf", ())]
    for branch, pair in zip(node.get("allOf", ()), keys, strict=True):
        if pair is None or pair != keys[0] or not properties.keys() >= set(pair):
            what = (
                "A branch of a row's allOf must read `if: {properties: {TYPE: {const: …}}}`, "
                "`then: {properties: {SETTINGS: …}}`, with the same two properties in all branches. After the settings,"
                " `then` may have properties with a const."
            )
            raise DocumentError(what, branch.place)
    type_key, settings_key = (keys[0] if keys else None) or (None, None)
    name = node.get("x-resource", {}).get("name", path.rpartition("/")[2])
    return RowSchema(name, path, schema, node, properties, type_key, settings_key)


def _branch_keys(branch: Object) -> tuple[str, str] | None:
    """Return the properties of the type and of the settings of a branch, or None if it has another form."""
    try:
        ((type_key, condition),) = branch["if"]["properties"].items()
        settings_key = next(iter(branch["then"]["properties"]))
    except (KeyError, ValueError, StopIteration):
        return None
    return (type_key, settings_key) if isinstance(condition.get("const"), str) else None


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One resource: its rows' JSON, what an item stores, and for each type the shape of its settings.

    `path` is that of the collection. `stored`: fact to the property that shows it, in the row's order; `defaults`: fact
    to the value if none was sent, without the settings. `type_fact` and `settings_fact`: None if items
    have no types or settings. `label_fact`: the text by which people know an item. `no_shape`: the shape of a type that
    the document does not know, as the defect `x-update.unsent: blanked` makes one. `told`: each property whose `x-text`
    is one of the placeholders OF_ITEM, to what stands between the braces. `unchanged`: each property that shows the
    time of the last change, to its constant until then, if it has one. `seed`: the rows of a new world.
    """

    name: str
    path: str
    stored: Mapping[str, Property]
    defaults: Mapping[str, Value]
    type_fact: str | None
    settings_fact: str | None
    label_fact: str | None
    types: tuple[str, ...]
    shapes: Mapping[str, SettingsShape]
    no_shape: SettingsShape
    told: Mapping[str, str]
    unchanged: Mapping[str, Any]
    template: Template
    check: Check
    check_text: CheckText
    seed: Array
    write: Writer

    @property
    def facts(self) -> Mapping[str, str]:
        """The fact that each property of a row shows."""
        return self.template.facts

    def shape(self, type_name: str) -> SettingsShape:
        """Return the shape of a type's settings."""
        return self.shapes.get(type_name, self.no_shape)

    def type_of(self, values: Mapping[str, Value]) -> str:
        """Return the type of an item with these values, or an empty text."""
        return "" if self.type_fact is None else str(values.get(self.type_fact, ""))

    def settings_of(self, values: Mapping[str, Value]) -> Mapping[str, str | None]:
        """Return the settings of an item with these values."""
        settings = None if self.settings_fact is None else values.get(self.settings_fact)
        return settings if isinstance(settings, dict) else {}

    def shown(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """Return what a row shows of each stored value, by its fact."""
        shape = self.shape(self.type_of(values))
        shown: dict[str, Any] = {fact: values.get(fact, default) for fact, default in self.defaults.items()}
        if self.settings_fact is not None:
            shown[self.settings_fact] = shape.shown(self.settings_of(values))
        shown.update(shape.beside)
        return shown

    @property
    def tells_site(self) -> bool:
        """Whether the JSON of a row holds SITE."""
        return any(SITE in text for text in self.template.texts)

    def texts_of(self, item_id: int, tell_own: Callable[[str], str]) -> dict[str, str]:
        """Return the text of each `x-text` of a row. It never changes, except for what `tell_own` tells (OF_ITEM)."""
        found = {}
        for text in self.template.texts:
            chance = Random(f"{item_id} {text}")  # noqa: S311 - not for secrets

            def tell(placeholder: str, chance: Random = chance) -> str:
                name, _, form = placeholder.partition(":")
                if name in OF_ITEM:
                    return tell_own(placeholder)
                if name == "site":  # that of each request, filled in as the row is sent
                    return SITE
                return str(item_id) if name == "id" else RANDOM[name](chance, int(form or 0))

            found[text] = told(text, tell)
        return found


def compile_resource(responses: ResponseCompiler, row: RowSchema, forms: Sequence[Form]) -> Resource:
    """Compile one resource. Raises DocumentError if its rows and its forms do not fit together."""
    schemas, write = responses.schemas, responses.write
    stored = {each.fact: each for each in _stored(schemas, row, forms)}
    shapes = _shapes(schemas, row)
    beside = dict.fromkeys(key for each in shapes.values() for key in each.beside)
    no_shape = SettingsShape("object", {}, beside=beside)
    template = compile_template(schemas, row.node, write, facts_of(stored, no_shape.beside))
    for text in template.texts:
        if unknown := [
            name
            for name in PLACEHOLDER.findall(text)
            if name.partition(":")[0] not in {*RANDOM, *OF_ITEM, "id", "site"}
        ]:
            what = f"A row cannot show {{{unknown[0]}}}, because its JSON is written once, when the item changes."
            raise DocumentError(what, row.node.place)
    if "id" not in template.facts.values():
        raise DocumentError("A row needs a property with `x-value: id`.", row.node.place)
    if row.type_key is not None and row.type_fact not in stored:
        what = f"The type {row.type_key!r} needs a form field of its name, or an `x-value`."
        raise DocumentError(what, place_of(row.node["properties"], row.type_key))
    _check_samples(schemas, row, template.facts, stored)
    texts = [fact for fact, each in stored.items() if each.kind == "text" and fact != row.type_fact]
    return Resource(
        name=row.name,
        path=row.path,
        stored=stored,
        defaults={fact: each.default for fact, each in stored.items() if each.kind != "settings"},
        type_fact=row.type_fact,
        settings_fact=next((fact for fact, each in stored.items() if each.kind == "settings"), None),
        label_fact="name" if "name" in texts else next(iter(texts), None),
        types=() if row.type_key is None else tuple(row.properties[row.type_key].get("enum", ())),
        shapes={
            name: replace(each, beside={**no_shape.beside, **each.beside}) for name, each in shapes.items()
        },
        no_shape=no_shape,
        told=_told(row),
        unchanged={
            key: shown for key, node in row.properties.items() if (shown := until_changed(node)) is not None
        },
        template=template,
        check=schemas.check(row.schema),
        check_text=schemas.check_text(row.schema),
        seed=_seed(schemas, row),
        write=write,
    )


def _seed(schemas: Schemas, row: RowSchema) -> Array:
    """Return the rows that a new world begins with. Raises DocumentError."""
    words = row.node.get("x-resource", {})
    if "seed" not in words:
        return Array(row.node.place)
    seed = schemas.at(words["seed"], place_of(words, "seed"))
    if not isinstance(seed, Array):
        what = "The seed must name a list of rows. Correct it."
        raise DocumentError(what, place_of(words, "seed"))
    shape("seed").check(seed)
    return seed


def _stored(schemas: Schemas, row: RowSchema, forms: Sequence[Form]) -> Iterator[Property]:
    """Yield each property of a row that shows a value from a form or a seed."""
    fields = {field.fact: field for form in forms for field in form.fields.values() if field.fact}
    seen = set(OWN)
    for key, node in row.properties.items():
        fact = row.fact(key) or key
        is_settings = fact in {"settings", row.fact(row.settings_key)}
        if fact in seen or ("x-value" not in node and not is_settings and fact not in fields):
            continue
        seen.add(fact)
        if forms and not is_settings and fact not in fields:
            what = f"No form has a field that gives {fact!r}. Add one with `x-value: {fact}`."
            raise DocumentError(what, place_of(node, "x-value"))
        kind = "settings" if is_settings else fields[fact].kind if fact in fields else _kind(node)
        default = _default(kind, node)
        needed = kind != "settings" and (
            key == row.type_key or _complaint(schemas, row, key, default) is not None
        )
        yield Property(key, fact, kind, default, needed)


def _complaint(schemas: Schemas, row: RowSchema, key: str, value: Value) -> str | None:
    """Return what is wrong with a value in a row."""
    if isinstance(value, bool) and "integer" in types_of(row.properties[key]):
        value = int(value)
    return schemas.check(row.node["properties"][key])(value)


def _check_samples(
    schemas: Schemas, row: RowSchema, facts: Mapping[str, str], stored: Mapping[str, Property]
) -> None:
    """Raise DocumentError if a property does not allow a value that the mock will write there."""
    for key, fact in facts.items():
        if "x-text" in row.properties[key]:
            continue  # of a format of its own; the rows are checked when they are written
        is_switch = fact in stored and stored[fact].kind == "switch"
        for sample in (True, False) if is_switch else _SAMPLES.get(fact, ()):
            if complaint := _complaint(schemas, row, key, sample):
                what = f"{key} does not allow what the mock writes there, such as {sample!r}: {complaint}."
                raise DocumentError(what, place_of(row.node["properties"], key))


def _shapes(schemas: Schemas, row: RowSchema) -> dict[str, SettingsShape]:
    """Return the settings of each type, from the branches of `allOf`. Raises DocumentError if a type has none."""
    shapes = {}
    for branch in row.node.get("allOf", ()):
        name = branch["if"]["properties"][row.type_key]["const"]
        nodes = {key: schemas.resolve(node) for key, node in branch["then"]["properties"].items()}
        shape = _shape(schemas, name, nodes.pop(row.settings_key))
        constants = {key: plain(node["const"]) for key, node in nodes.items() if "const" in node}
        shapes[name] = replace(shape, beside=constants)
    types = () if row.type_key is None else row.properties[row.type_key].get("enum", ())
    for name in types:
        if name not in shapes:
            what = (
                f"The type {name!r} has no settings. Give it a branch of allOf, `if: type, then: settings`."
            )
            raise DocumentError(what, place_of(row.node, "allOf"))
    # A merge leaves settings of another type behind, which are shown as they were.
    masks = {name: mask for shape in shapes.values() for name, mask in shape.masks.items()}
    keys = {name: key for shape in shapes.values() for name, key in shape.keys.items()}
    numbers = frozenset(name for shape in shapes.values() for name in shape.numbers)
    alone = frozenset(name for shape in shapes.values() for name in shape.alone)
    fixed = frozenset(name for shape in shapes.values() for name in shape.fixed)
    return {
        name: replace(shape, masks=masks, keys=keys, numbers=numbers, alone=alone, fixed=fixed)
        for name, shape in shapes.items()
    }


def _shape(schemas: Schemas, name: str, settings: Object) -> SettingsShape:
    """Compile the settings of one type.

    Raises DocumentError for one that is shown twice, or is neither a text nor a constant.
    """
    kinds = set(types_of(settings)) or {"object"}
    if not kinds & {"array", "object"}:
        raise DocumentError(f"The settings of {name} must be an object, or an empty array.", settings.place)
    container = "either" if {"array", "object"} <= kinds else "array" if "array" in kinds else "object"
    check_required(settings)
    properties = settings.get("properties", Object(settings.place))
    constants: dict[str, Any] = {}
    masks: dict[str, str | Mapping[str, Any]] = {}
    keys: dict[str, str] = {}
    numbers, alone, fixed = set[str](), set[str](), set[str]()
    for key, node in properties.items():
        setting = schemas.resolve(node)
        field, constant = setting.get("x-field", key), setting.get("const", setting.get("default"))
        if field in constants:
            what = f"Two settings of {name} show the field {field!r}. Remove one."
            raise DocumentError(what, place_of(properties, key))
        if constant is None and "const" not in setting and "string" not in setting.get("type", "string"):
            raise DocumentError(
                f"The setting {key!r} of {name} must be a text, or have a const.", place_of(properties, key)
            )
        constants[field] = constant
        if "x-mask" in setting:
            masks[field] = setting["x-mask"]
        if field != key:
            keys[field] = key
        if "integer" in types_of(setting) and "const" not in setting:
            numbers.add(field)
        if "x-alone" in setting:
            alone.add(field)
        if "const" in setting:
            fixed.add(field)
    return SettingsShape(
        container, constants, masks, keys, frozenset(numbers), frozenset(alone), frozenset(fixed)
    )


def facts_of(stored: Mapping[str, Property], beside: Collection[str] = ()) -> ShownFacts:
    """Return the facts of an item that a body may show; `beside` are the properties that its type decides."""
    kinds = {**OWN, **{fact: _KINDS[each.kind] for fact, each in stored.items()}}
    return ShownFacts({**kinds, **dict.fromkeys(beside, frozenset[str]())}, (*stored, *beside))


def _told(row: RowSchema) -> dict[str, str]:
    """Return each property that shows only a placeholder of OF_ITEM, with the text between the braces."""
    texts = {key: node["x-text"] for key, node in row.properties.items() if "x-text" in node}
    found = {key: PLACEHOLDER.fullmatch(text) for key, text in texts.items()}
    return {key: match[1] for key, match in found.items() if match and match[1].partition(":")[0] in OF_ITEM}


def _kind(node: Object) -> str:
    """Return the kind of a property that no form fills."""
    kinds = types_of(node)
    return "switch" if "boolean" in kinds else "number" if {"integer", "number"} & {*kinds} else "text"


def _default(kind: str, node: Object) -> Value:
    """Return the value that an item stores if none was sent."""
    if kind == "settings":
        return {}
    if "default" not in node:
        return None if "null" in types_of(node) else _ZEROS[kind]
    default: Value = node["default"]
    if kind == "switch":
        return bool(default)
    return default if isinstance(default, (str, int, float, NoneType)) else _ZEROS[kind]
