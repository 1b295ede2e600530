"""Bodies compiled from response schemas: literal JSON with holes for the facts of an item or a page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from mock_server.contract.schema import Schemas
from mock_server.contract.text import Quote, write
from mock_server.document import DocumentError, Object, Place, place_of

# How deep the objects of a body may nest. A schema that goes deeper contains itself.
DEEPEST = 30

_ZEROS: dict[str, Any] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "array": [],
    "object": {},
}

# Writes JSON from the JSON texts of facts.
Filled = Callable[[Mapping[str, str]], bytes]


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that a body may show.

    `kinds`: fact to the JSON types that it can have; a property must admit them all. `by_name`: the facts that a
    property without `x-value` shows if it has their name.
    """

    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    by_name: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """JSON text before and after the hole for rows, each written from the JSON texts of facts.

    `hole` is "row", "rows" or None; without one, `tail` is empty. `facts` maps each property at the top level that
    shows a fact to that fact, which is how a seed in the form of the wire is read.
    """

    head: Filled
    tail: Filled
    hole: str | None
    facts: Mapping[str, str]

    @property
    def properties(self) -> Mapping[str, str]:
        """Another name of `facts`."""
        return self.facts

    def ends(self, values: Mapping[str, str]) -> tuple[bytes, bytes]:
        """Return what stands before the hole and after it. `values`: fact to JSON text."""
        return self.head(values), self.tail(values)

    def render(self, values: Mapping[str, str]) -> bytes:
        """Return the body of a template without a hole."""
        return self.head(values)


class Hole(NamedTuple):
    """A place for a fact. `rewrite` gives its JSON text in the property's own type; None: as it is."""

    fact: str
    rewrite: Callable[[str], str] | None = None


Piece = str | Hole

# The fact that a page shows as a list of rows, and the one that is a single row.
_ROW_HOLES = ("rows", "row")


def _filled(pieces: Sequence[Piece]) -> Filled:
    """Return a function that fills the holes. The work that is the same for all bodies is done now."""
    text = "".join("%s" if isinstance(piece, Hole) else piece.replace("%", "%%") for piece in pieces)
    holes = [piece for piece in pieces if isinstance(piece, Hole)]
    if not holes:
        constant = (text % ()).encode()
        return lambda _: constant
    if all(hole.rewrite is None for hole in holes):
        pick = itemgetter(
            *(hole.fact for hole in holes)
        )  # a tuple, or of one fact its text: `%` takes either
        return lambda values: (text % pick(values)).encode()

    def fill(values: Mapping[str, str]) -> bytes:
        texts = (values[fact] if rewrite is None else rewrite(values[fact]) for fact, rewrite in holes)
        return (text % tuple(texts)).encode()

    return fill


def joined(ends: tuple[bytes, bytes], rows: Sequence[bytes]) -> bytes:
    """Return a body: the rows, with commas, between its ends. A large page is copied only once."""
    if len(rows) < 2:
        return b"".join((ends[0], *rows, ends[1]))
    pieces = [*rows]
    pieces[0] = ends[0] + pieces[0]
    pieces[-1] += ends[1]
    return b",".join(pieces)


def compile_template(schemas: Schemas, schema: Object, quote: Quote, facts: Facts) -> Template:
    """Compile an object schema that may show these facts.

    Raises DocumentError if a property shows a fact that is unknown here, or one that its type does not admit.
    """
    writer = _Writer(schemas, quote, facts)
    pieces = [*writer.write_object(schema)]
    holes = [at for at, piece in enumerate(pieces) if isinstance(piece, Hole) and piece.fact in _ROW_HOLES]
    if len(holes) > 1:
        raise DocumentError("A body has one place for its rows. Keep one.", schema.place)
    shown = writer.shown(schema)
    for at in holes:
        return Template(_filled(pieces[:at]), _filled(pieces[at + 1 :]), pieces[at][0], shown)
    return Template(_filled(pieces), _filled(()), None, shown)


def check_required(schema: Object) -> None:
    """Raise DocumentError if a schema requires a property that it does not describe: nothing would fill it."""
    for name in schema.get("required", ()):
        if name not in schema.get("properties", ()):
            what = (
                f"{name!r} is required but not among the properties. Describe it there, or do not require it."
            )
            raise DocumentError(what, place_of(schema, "required"))


def types_of(node: Mapping[str, Any]) -> list[str]:
    """Return the JSON types that a schema names; none if it admits all."""
    kind = node.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


class _Writer(NamedTuple):
    schemas: Schemas
    quote: Quote
    facts: Facts

    def shown(self, schema: Object) -> dict[str, str]:
        """Return the fact of each property of a schema that shows one, by `x-value` or by its name."""
        nodes = {key: self.schemas.resolve(node) for key, node in schema.get("properties", {}).items()}
        facts = {key: node["x-value"] for key, node in nodes.items() if "x-value" in node}
        if "id" in facts.values():  # the object is an item
            facts |= {
                key: key
                for key, node in nodes.items()
                if key in self.facts.by_name and key not in facts and "const" not in node
            }
        return {key: "settings" if fact == "settings-text" else fact for key, fact in facts.items()}

    def write_object(self, schema: Object, depth: int = 0) -> Iterator[Piece]:
        if depth > DEEPEST:
            raise DocumentError("The body has no end: its schema contains itself.", schema.place)
        check_required(schema)
        if types_of(schema) and "object" not in types_of(schema):
            raise DocumentError("A body is an object, which `type` does not admit.", schema.place)
        properties, facts = schema.get("properties") or Object(schema.place), self.shown(schema)
        yield "{"
        for number, (key, node) in enumerate(properties.items()):
            yield f"{',' if number else ''}{write(key, self.quote)}:"
            place = place_of(properties, key)
            yield from self._member(self.schemas.resolve(node), facts.get(key), place, depth)
        yield "}"

    def _member(self, node: Object, fact: str | None, place: Place, depth: int) -> Iterator[Piece]:
        if fact is not None:
            yield from self._hole(fact, node)
        elif "properties" in node or "required" in node:
            yield from self.write_object(node, depth + 1)
        else:
            yield write(_constant(node, place), self.quote)

    def _hole(self, fact: str, node: Object) -> Iterator[Piece]:
        place, admitted = place_of(node, "x-value"), {*types_of(node)}
        kinds = self.facts.kinds.get(fact)
        if kinds is None:
            known = ", ".join(sorted(self.facts.kinds)) or "none"
            raise DocumentError(f"The fact {fact!r} cannot be shown here. Known facts: {known}.", place)
        admitted |= {"integer"} if "number" in admitted else set()
        rewrite = None
        if admitted and not kinds <= admitted:
            rewrite = self._rewriting(kinds, admitted)
            if rewrite is None:
                what = f"The fact {fact!r} is {' or '.join(sorted(kinds))}, which `type` does not admit."
                raise DocumentError(what, place)
        if fact == "never":
            yield "null"
        elif fact == "rows":
            yield from ("[", Hole(fact), "]")
        else:
            yield Hole(fact, rewrite)

    def _rewriting(self, kinds: frozenset[str], admitted: set[str]) -> Callable[[str], str] | None:
        """Return how a fact of these types is written in another one that is admitted, if it can be."""
        if kinds == {"boolean"} and "integer" in admitted:
            return {"true": "1", "false": "0"}.__getitem__
        if kinds == {"object"} and "string" in admitted:
            return self.quote
        return None


def _constant(node: Object, place: Place) -> Any:
    """Return what a property without a fact always shows: a value that its schema gives, else the zero of its type."""
    kinds = types_of(node)
    for key in ("const", "default"):
        if key in node:
            return node[key]
    for key in ("examples", "enum"):
        if node.get(key):
            return node[key][0]
    if "null" in kinds or not kinds:
        return None
    if kinds[0] not in _ZEROS:
        raise DocumentError(f"JSON Schema has no type {kinds[0]!r}.", place)
    return node.get("minimum", _ZEROS[kinds[0]])
