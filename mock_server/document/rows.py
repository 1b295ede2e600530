"""The behaviour table: a list of rows for each field and parameter, which say what happens to an input.

A text walks down the list of its field. If a row's treatment holds, the row acts: it changes the text, and the walk
goes on, or it ends the walk. At the end of the list the text is taken as it is then. `x-rows` says a list outright:

    x-rows:
      name:
        - {when: absent, refuse: invalid}
        - {when: padded, change: [trim]}
        - {when: {longer-than: 128}, change: [{cut: 128}]}

A field without a list has the rows that follow from the shorthand: `x-clean`, `x-cut`, `x-refusals`, `required`,
`x-own-field-unsent`, and the words of `x-service`. In a list, the word `shorthand` stands for those rows. The mock
executes rows, and the judge looks them up here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mock_server.document.shape import is_linear, shape, unknown_word
from mock_server.document.source import Array, DocumentError, Object, Place, follow, place_of, plain
from mock_server.document.treatments import (
    ARRAY,
    CLEANERS,
    CUT,
    ESCAPE,
    JOIN,
    NOT_UTF_8,
    PREFIX,
    TRANSFORMATIONS,
    TREATMENTS,
    Schema,
    SentInput,
    change_of,
    chooses,
)

REACTIONS = ("change", "refuse", "drop", "keep", "value", "omit", "otherwise")

# Lists for several fields: those of the item's own type, those of other types, and unknown ones.
OWN, FOREIGN, UNKNOWN, NOTHING = "{own}", "{foreign}", "{unknown}", "{nothing}"

# The order in which problems of the shorthand are told, before those of the form's words.
_RANK_NOT_UTF_8, _UNKNOWN, _FOREIGN = -3, -2, -1

# The words of a field's schema that judge a text as it was sent, with the treatment that says the same, and whether
# that needs the word's value.
_WORDS: Mapping[str, tuple[str, bool]] = {
    "enum": ("not-listed", False),
    "pattern": ("malformed", False),
    "minLength": ("shorter-than", True),
}

_SWITCHES = frozenset({"php-integer-boolean", "php-boolean", "spelled-boolean"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what an input is like, and what happens to it.

    `treatment` and its `argument` are what `when` says. `reaction` is a word of REACTIONS, and `effect` what stands
    beside it: transformations with their arguments, the name of a refusal, a value, or what was seen. `item` is what a
    refusal lists of the problem, `told` fills placeholders of its texts, and `rank` is the order in which problems are
    told. `source` points to the row in the form, or in the document if it begins with a slash.
    """

    treatment: str
    argument: Any
    reaction: str
    effect: Any
    source: str = ""
    item: Any = None
    told: Mapping[str, str] | None = None
    rank: int = 0
    grade: str = ""
    questions: tuple[str, ...] = ()
    place: Place | None = None

    @property
    def refusal(self) -> str:
        """The name of the refusal, or an empty text."""
        return self.effect if self.reaction == "refuse" else ""

    def __str__(self) -> str:
        about = self.treatment if self.argument is None else f"{self.treatment} {self.argument}"
        effect = "" if self.effect is True else f" {self.effect!r}"
        return f"{about}: {self.reaction}{effect}"


Rows = tuple[Row, ...]


@dataclass(slots=True)
class Reaction:
    """What happens to an input.

    `outcome` is "taken" at the end of the list, else the reaction of the row that ended the walk. `text` is the text as
    the rows left it, or None. `row`: the row that ended the walk; `changed`: the rows that changed the text. `chosen`:
    the text that a row chose from all that was sent, or None.
    """

    outcome: str
    text: str | None
    row: Row | None = None
    changed: tuple[Row, ...] = ()
    chosen: str | None = None

    @property
    def is_taken(self) -> bool:
        """Whether a value is stored."""
        return self.outcome in {"taken", "value", "otherwise"}

    def repeated(self, sent: SentInput) -> str:
        """Return the text that a refusal repeats: of all that was sent, what a row chose, or the last."""
        return sent.shown if self.chosen is None else self.chosen

    @property
    def refusing(self) -> Row | None:
        """The row that refuses the input, if one does."""
        return self.row if self.outcome == "refuse" else None

    @property
    def value(self) -> Any:
        """What is stored: the value that the row gives, else the text."""
        return self.row.effect if self.outcome == "value" and self.row is not None else self.text


# Sends an input down a list of rows.
Walk = Callable[[SentInput], Reaction]


def react(rows: Rows, sent: SentInput | str | None, schema: Schema) -> Reaction:
    """Return what happens to an input. `schema` is the field's own, with references resolved.

    >>> react(parse_rows([{"when": "empty", "refuse": "invalid"}]), "", {}).outcome
    'refuse'
    """
    return compile_rows(rows, schema)(sent if isinstance(sent, SentInput) else SentInput(sent))


def compile_rows(rows: Rows, schema: Schema, cleaners: Mapping[str, Callable[[str], str]] = CLEANERS) -> Walk:
    """Compile the rows of a field to one function. `cleaners` are the transformations that need nothing but a text."""
    steps = [
        (
            TREATMENTS[row.treatment].holds(row.argument, schema),
            change_of(row.effect, schema, cleaners) if row.reaction == "change" else None,
            row.reaction == "change" and chooses(row.effect),
            row,
        )
        for row in rows
    ]
    of_text = [step for step in steps if step[-1].treatment != "absent"]  # which holds for no text
    absent = next((row for row in rows if row.treatment == "absent"), None)
    unsent = Reaction("drop" if absent is None else absent.reaction, None, absent)

    def walk(sent: SentInput) -> Reaction:
        text = sent.text
        changed: Rows = ()
        chosen: str | None = None
        for holds, change, is_choice, row in steps if text is None else of_text:
            if not holds(text, sent):
                continue
            if change is None:
                dropped = row.reaction == "drop" and row is not absent
                return (
                    Reaction(unsent.outcome, text, absent)
                    if dropped
                    else Reaction(row.reaction, text, row, changed, chosen)
                )
            before, text = text, change(text, sent)
            if is_choice:
                chosen = text
            if text != before:
                changed += (row,)
        return unsent if text is None else Reaction("taken", text, None, changed, chosen)

    return walk


# Reading `x-rows`


def parse_rows(
    node: Sequence[Mapping[str, Any] | str], source: str = "x-rows", shorthand: Iterable[Row] = ()
) -> Rows:
    """Read a list of rows. `source` is its place, and `shorthand` are the rows that this word means.

    Raises DocumentError, with file and line.
    """
    if isinstance(node, Array):
        shape("rows").check(node)
    rows: list[Row] = []
    for number, each in enumerate(node):
        rows += shorthand if isinstance(each, str) else [_row(each, f"{source}/{number}")]
    return tuple(rows)


def _row(node: Mapping[str, Any], source: str) -> Row:
    place = node.place if isinstance(node, Object) else None
    reactions = [word for word in REACTIONS if word in node]
    if len(reactions) != 1:
        found = " and ".join(reactions) or "none"
        what = f"A row needs exactly one of {', '.join(REACTIONS)}. This one has {found}."
        raise DocumentError(what, place)
    reaction = reactions[0]
    treatment, argument = _treatment(node["when"], _place(node, "when"))
    effect = node[reaction]
    if reaction == "change":
        effect = tuple(_transformation(each, _place(node, "change")) for each in effect)
        if treatment == "absent":
            raise DocumentError("An absent text cannot be changed. Use `value` or `refuse`.", place)
    for word in ("item", "with"):
        if word in node and reaction != "refuse":
            raise DocumentError(f"`{word}` is for a refusal. Remove it, or add `refuse`.", _place(node, word))
    questions = node.get("x-question", ())
    return Row(
        treatment=treatment,
        argument=argument,
        reaction=reaction,
        effect=effect,
        source=source,
        item=plain(node.get("item")),
        told=dict(node.get("with", {})),
        rank=node.get("rank", 0),
        grade=node.get("x-grade", ""),
        questions=(questions,) if isinstance(questions, str) else tuple(questions),
        place=place,
    )


def _place(node: Mapping[str, Any], key: str) -> Place | None:
    return place_of(node, key) if isinstance(node, Object) else None


def _named(word: Any) -> tuple[str, Any]:
    """Return a name and its argument: `empty`, or `{longer-than: 128}`."""
    if isinstance(word, str):
        return word, None
    ((name, argument),) = word.items()
    return name, argument


def _treatment(word: Any, place: Place | None) -> tuple[str, Any]:
    name, argument = _named(word)
    if name not in TREATMENTS:
        raise DocumentError(unknown_word("treatment", name, TREATMENTS), place)
    match TREATMENTS[name].argument:
        case "none":
            is_right, how = argument is None, f"{name!r} stands alone. Write `when: {name}`."
        case "number":
            is_right = isinstance(argument, int) and not isinstance(argument, bool) and argument >= 0
            how = f"{name!r} needs a number of characters. Write `when: {{{name}: 128}}`."
        case "texts":
            is_right = isinstance(argument, list) and all(isinstance(text, str) for text in argument)
            how = f"{name!r} needs a list of texts. Write `when: {{{name}: ['1', 'on']}}`."
        case "pattern":
            is_right = isinstance(argument, str) and is_linear(argument)
            how = f"{name!r} needs a regular expression without look-around and back-references. Correct it."
    if not is_right:
        raise DocumentError(how, place)
    return name, tuple(argument) if isinstance(argument, list) else argument


def _transformation(word: Any, place: Place | None) -> tuple[str, Any]:
    name, argument = _named(word)
    if name not in TRANSFORMATIONS:
        raise DocumentError(unknown_word("transformation", name, TRANSFORMATIONS), place)
    match name:
        case "join":
            is_right, how = isinstance(argument, str), f"Write `{{{JOIN}: ','}}`."
        case "prefix":
            is_right, how = isinstance(argument, str), f"Write `{{{PREFIX}: 'https://'}}`."
        case "cut":
            is_right, how = isinstance(argument, int) and argument >= 0, f"Write `{{{CUT}: 128}}`."
        case "escape":
            is_right = isinstance(argument, Mapping) and all(
                len(sign) == 1 and isinstance(text, str) for sign, text in argument.items()
            )
            how = f"Write `{{{ESCAPE}: {{'<': '&lt;'}}}}`, one character each."
        case _:
            is_right, how = argument is None, f"Write `{name}` alone."
    if not is_right:
        raise DocumentError(f"Invalid transformation {name!r}. {how}", place)
    return name, dict(argument) if isinstance(argument, Mapping) else argument


# The rows of a form


@dataclass(frozen=True, slots=True, eq=False)
class FormRows:
    """The rows of a form: of each field, of fields of other types, and of unknown fields."""

    fields: Mapping[str, Rows]
    foreign: Rows
    nothing: Rows
    unknown: Rows

    @property
    def refusals(self) -> frozenset[str]:
        """The names of all refusals in the rows."""
        rows = (
            *self.foreign,
            *self.unknown,
            *self.nothing,
            *(row for each in self.fields.values() for row in each),
        )
        return frozenset(row.refusal for row in rows if row.refusal)


def form_rows(form: Schema, fields: Mapping[str, Schema], service: Schema) -> FormRows:
    """Return the rows of a form: those of `x-rows`, else those of the shorthand.

    `form` and `fields` are its schema and those of its fields, with references resolved; `service` is `x-service`.
    If a list has no row `absent`, `x-own-field-unsent` decides. Raises DocumentError, with file and line, if `x-rows`
    is wrong.
    """
    said = form.get("x-rows", {})
    lists = (OWN, FOREIGN, UNKNOWN, NOTHING)
    for name in said.keys() - fields.keys() - {*lists}:
        what = unknown_word("field", name, [*fields, *lists])
        raise DocumentError(f"x-rows: {what}", _place(said, name))
    of_fields = {}
    for name, schema in fields.items():
        of_field = tuple(_derived(form, name, schema, service))
        key = name if name in said else OWN
        if key in said and (key == name or "x-available-when" in schema):
            of_field = parse_rows(said[key], f"x-rows/{key}", of_field)
        if not any(row.treatment == "absent" for row in of_field):
            of_field = (*of_field, *_derived_unsent(form, schema))
        of_fields[name] = of_field
    foreign = _derived_class(service, "foreign-fields", _FOREIGN)
    unknown = _derived_class(service, "unknown-fields", _UNKNOWN)
    if FOREIGN in said:
        foreign = parse_rows(said[FOREIGN], f"x-rows/{FOREIGN}", foreign)
    if UNKNOWN in said:
        unknown = parse_rows(said[UNKNOWN], f"x-rows/{UNKNOWN}", unknown)
    nothing = parse_rows(said[NOTHING], f"x-rows/{NOTHING}") if NOTHING in said else ()
    return FormRows(of_fields, foreign, nothing, unknown)


def _refuse(treatment: str, name: str, source: str, rank: int, argument: Any = None) -> Row:
    return Row(treatment, argument, "refuse", name, source, rank=rank)


def _derived_class(service: Schema, word: str, rank: int) -> Rows:
    """Return the rows of unknown fields, or of fields of another type."""
    name = service.get(word, "ignored")
    refused = () if name == "ignored" else (_refuse("any", name, f"/x-service/{word}", rank),)
    return (*_derived_sending(service), *refused)


def _derived_sending(service: Schema) -> Iterator[Row]:
    """Yield the rows about how a field is sent."""
    name = service.get("invalid-utf-8", "replaced")
    if name != "replaced":
        yield _refuse(NOT_UTF_8, name, "/x-service/invalid-utf-8", _RANK_NOT_UTF_8)


def _derived(form: Schema, name: str, schema: Schema, service: Schema) -> Iterator[Row]:
    """Yield the rows of one field, as the shorthand says them."""
    here, refusals = f"properties/{name}", form.get("x-refusals", {})
    yield from _derived_sending(service)
    if service.get("array-fields") == "last-item":
        yield Row(ARRAY, None, "change", (("last", None),), "/x-service/array-fields")
    is_switch = schema.get("x-cast") in _SWITCHES
    for rank, (word, refusal) in enumerate(refusals.items()):
        if word == "required":
            yield from _derived_required(form, name, schema, refusal, rank)
        elif word in _WORDS and word in schema and not is_switch:
            treatment, has_argument = _WORDS[word]
            argument = schema[word] if has_argument else None
            yield _refuse(treatment, refusal, f"x-refusals/{word}", rank, argument)
    yield from _derived_unsent(form, schema)
    if is_switch and "enum" in schema and "x-otherwise" in schema:
        yield _refuse("not-listed", schema["x-otherwise"], f"{here}/x-otherwise", len(refusals))
    # What violates a word that no refusal is for counts as not sent.
    tolerated = [word for word in _WORDS if word in schema and word not in refusals and not is_switch]
    for word in tolerated:
        treatment, has_argument = _WORDS[word]
        yield Row(treatment, schema[word] if has_argument else None, "keep", True, f"{here}/{word}")
    if schema.get("x-clean"):
        yield Row("any", None, "change", tuple((each, None) for each in schema["x-clean"]), f"{here}/x-clean")
    if "maxLength" in schema and not is_switch:
        most, rank = schema["maxLength"], [*refusals].index("maxLength") if "maxLength" in refusals else 0
        if "maxLength" in refusals:
            yield _refuse("longer-than", refusals["maxLength"], "x-refusals/maxLength", rank, most)
        else:
            yield Row("longer-than", most, "keep", True, f"{here}/maxLength")
    if "x-cut" in schema:
        most = schema["x-cut"]
        yield Row("longer-than", most, "change", ((CUT, most),), f"{here}/x-cut")


def _derived_required(form: Schema, name: str, schema: Schema, refusal: str, rank: int) -> Iterator[Row]:
    is_own = "x-available-when" in schema and form.get("x-own-field-unsent") == "refused"
    if name not in form.get("required", ()) and not is_own:
        return
    yield _refuse("absent", refusal, "required", rank)
    # An empty text counts as missing, unless the field has a refusal of its own for it.
    if "minLength" not in schema or "minLength" not in form["x-refusals"]:
        yield _refuse("empty", refusal, "required", rank)


def _derived_unsent(form: Schema, schema: Schema) -> Iterator[Row]:
    """Yield what a type's own field becomes if it is not sent."""
    unsent = form.get("x-own-field-unsent", "empty")
    if "x-available-when" not in schema or unsent == "refused":
        return
    reaction, effect = ("omit", True) if unsent == "omitted" else ("value", None if unsent == "null" else "")
    yield Row("absent", None, reaction, effect, "x-own-field-unsent")


# The rows of a parameter


def parameter_rows(parameter: Schema, schema: Schema) -> Rows:
    """Return the rows of a parameter of path or query: those of its `x-rows`, else those of `x-cast` and `x-otherwise`.

    References are resolved in both arguments. If a text is dropped, the default counts. If the schema wants a number,
    the text that is taken is one. Raises DocumentError, with file and line, if `x-rows` is wrong.
    """
    derived = tuple(_derived_parameter(parameter, schema))
    return parse_rows(parameter["x-rows"], shorthand=derived) if "x-rows" in parameter else derived


def check_rows(document: Object) -> None:
    """Read each `x-rows` of a document once. Raises DocumentError, with file and line, at the first that is wrong."""
    unknown_parameter_rows(document.get("x-service", {}))
    nodes: list[Any] = [document]
    while nodes:
        node = nodes.pop()
        nodes += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        rows = node.get("x-rows") if isinstance(node, dict) else None
        if isinstance(rows, list):
            parse_rows(rows)
        elif isinstance(rows, dict) and all(isinstance(each, list) for each in rows.values()):
            with suppress(LookupError):  # a broken reference is an error of its own
                fields = {name: follow(document, field) for name, field in node.get("properties", {}).items()}
                form_rows(node, fields, document.get("x-service", {}))


def unknown_parameter_rows(service: Schema) -> Rows:
    """Return the rows of unknown parameters. `service` is `x-service`."""
    said = service.get("unknown-parameters", "ignored")
    if not isinstance(said, str):
        return parse_rows(said, "/x-service/unknown-parameters")
    return () if said == "ignored" else (_refuse("any", said, "/x-service/unknown-parameters", 0),)


def _derived_parameter(parameter: Schema, schema: Schema) -> Iterator[Row]:
    otherwise, is_number = parameter.get("x-otherwise", "default"), schema.get("type") == "integer"
    of_number, of_word = (
        (otherwise, otherwise) if isinstance(otherwise, str) else (otherwise["number"], otherwise["word"])
    )
    is_lenient = parameter.get("x-cast") == "php-integer"
    if is_number and is_lenient:
        yield Row("any", None, "change", (("cast", None),), "x-cast")
    elif is_number:
        yield _derived_otherwise("not-integer", of_word)
    # A page below the first is shown as the first one, and links show the number as it was cast.
    if not (is_lenient and otherwise == "default" and parameter.get("x-role") == "page"):
        yield _derived_otherwise("not-allowed", of_number if is_number else of_word)


def _derived_otherwise(treatment: str, name: str) -> Row:
    if name == "default":
        return Row(treatment, None, "drop", True, "x-otherwise")
    return _refuse(treatment, name, "x-otherwise", 0)
