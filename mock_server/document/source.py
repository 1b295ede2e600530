"""Reads YAML 1.2, and JSON as a part of it, to plain data that remembers its places, and writes data as YAML or JSON.

The core schema decides what a plain scalar means (https://yaml.org/spec/1.2.2/#103-core-schema), so a date, `yes` and
`1_0` stay text. What JSON cannot say is an error: `.inf`, custom tags, keys that are lists or mappings.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import yaml
from yaml.representer import SafeRepresenter

MOST_NODES = 200_000
"""Nodes that a file may hold once its aliases are written out; a file of 30 kB holds about 2,000."""

DEEPEST = 100
"""Levels that a file may nest; an OpenAPI document with its schemas stays under 30."""

LARGEST = 256 << 20
"""Bytes that a file may have. A device or a pipe may have no end."""

WIDTH = 110
"""Columns of a line of written YAML."""

HIGHEST = 2**53 - 1
"""The highest integer that every JSON reader keeps exactly (RFC 8259, section 6)."""

Tree = TypeVar("Tree")

_NODES = (dict, list)  # most values are leaves, and a call for each would take most of the time


class Place(NamedTuple):
    """A line (1-based) of a file, named as the user named it. Its text is `FILE:LINE`."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class DocumentError(ValueError):
    """What is wrong with a document and what to do, after `FILE:LINE: `.

    `place` is None if no file is at fault, as with an answer chosen on a command line.
    """

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message if place is None else f"{place}: {message}")
        self.message = message
        self.place = place


class Object(dict[str, Any]):
    """A dict that knows its own place and that of each key.

    Change it with `put` and `del`: a plain assignment leaves the key at its former place, or at the object's own.
    """

    __slots__ = ("place", "places")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}

    def put(self, key: str, value: Any, place: Place) -> None:
        """Set a key with its place."""
        self[key] = value
        self.places[key] = place

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self.places.pop(key, None)

    def __deepcopy__(self, memo: dict[int, Any]) -> Object:
        return duplicate(self)


class Array(list[Any]):
    """A list that knows its own place and that of each item.

    Change it with `put`, `add` and `del`: other ways leave the places of its items behind.
    """

    __slots__ = ("place", "places")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []

    def put(self, index: int, value: Any, place: Place) -> None:
        """Replace an item, with the new place."""
        self[index] = value
        self.places[index] = place

    def add(self, value: Any, place: Place) -> None:
        """Append an item with its place."""
        self.append(value)
        self.places.append(place)

    def __delitem__(self, index: Any) -> None:
        super().__delitem__(index)
        del self.places[index]

    def __deepcopy__(self, memo: dict[int, Any]) -> Array:
        return duplicate(self)


def place_of(container: Object | Array, key: str | int) -> Place:
    """Return the place of a key or an index, or the container's own for an unknown key."""
    if isinstance(container, Object):
        return container.places.get(str(key), container.place)
    try:
        return container.places[int(key)]
    except IndexError:
        return container.place


def place_at(root: Object | Array, path: Iterable[str | int]) -> Place:
    """Return the place of the value at a path of keys and indices, as a validator gives it."""
    place, below = root.place, cast("Any", root)
    for step in path:
        if not isinstance(below, Object | Array):
            break
        # A validator gives a key of digits, such as a status, as a number.
        key: Any = str(step) if isinstance(below, Object) else step
        place, below = place_of(below, key), below[key]
    return place


def duplicate(value: Tree) -> Tree:
    """Copy a value deeply, with its places."""
    copy: Any = value
    if isinstance(value, Object):
        copy = Object(value.place)
        copy.places = value.places.copy()
        copy.update(value)
        for key, item in value.items():
            if isinstance(item, _NODES):
                copy[key] = duplicate(item)
    elif isinstance(value, Array):
        copy = Array(value.place)
        copy.places = value.places.copy()
        copy.extend([duplicate(item) if isinstance(item, _NODES) else item for item in value])
    return cast("Tree", copy)


def placed(value: Any, place: Place) -> Any:
    """Return JSON whose objects all have this place, except those in lists."""
    if not isinstance(value, dict):
        return value
    record = Object(place)
    for key, item in value.items():
        record.put(key, placed(item, place), place)
    return record


def plain(value: Any) -> Any:
    """Copy a value to plain dicts and lists, for compiled code that accepts no subclasses of list."""
    if isinstance(value, dict):
        return {key: plain(item) if isinstance(item, _NODES) else item for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) if isinstance(item, _NODES) else item for item in value]
    return value


def operations_in(document: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the operations of an OpenAPI document, in its order."""
    paths = document.get("paths")
    for item in paths.values() if isinstance(paths, dict) else ():
        nodes = item.values() if isinstance(item, dict) else ()
        yield from (node for node in nodes if isinstance(node, dict) and "operationId" in node)


def follow(document: Mapping[str, Any], node: Any) -> Any:
    """Return what a node's references lead to, or the node itself. Raises LookupError if they lead nowhere."""
    seen = set()
    while "$ref" in node:
        if node["$ref"] in seen:
            raise LookupError(node["$ref"])
        seen.add(node["$ref"])
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


_TAG = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT = (_TAG + name for name in ("null", "bool", "int", "float"))
_STR, _MAP, _SEQ = (_TAG + name for name in ("str", "map", "seq"))

# For each tag of the core schema: the plain scalars that have it, and how those can begin.
_CORE_SCHEMA: tuple[tuple[str, re.Pattern[str], list[str]], ...] = (
    (_NULL, re.compile(r"(?:null|Null|NULL|~|)\Z"), ["n", "N", "~", ""]),
    (_BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")),
    (_INT, re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"), list("-+0123456789")),
    (
        _FLOAT,
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
        list("-+.0123456789"),
    ),
)
_PATTERNS = {tag: pattern for tag, pattern, _ in _CORE_SCHEMA}

# Now yaml.safe_dump writes these like any dict and list.
SafeRepresenter.add_representer(Object, SafeRepresenter.represent_dict)
SafeRepresenter.add_representer(Array, SafeRepresenter.represent_list)


def core_loader(base: Any) -> Any:
    """Make a loader of PyYAML's that resolves plain scalars by the core schema alone."""
    loader: Any = type("CoreLoader", (base,), {"yaml_implicit_resolvers": {}})
    for tag, pattern, first in _CORE_SCHEMA:
        loader.add_implicit_resolver(tag, pattern, first)
    return loader


_LOADER = core_loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def home() -> Path:
    """Return the folder of the packaged documents: in the wheel, else beside the package in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "openapi"
    return inside if inside.is_dir() else package.parent / "openapi"


def read_bytes(file: Path | str) -> bytes:
    """Return what a file holds. Raises OSError, also for more than `LARGEST` bytes, and ValueError for a NUL in it."""
    with Path(file).open("rb") as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(file))
    return content


def read(file: Path | str) -> Any:
    """Read a file to Objects, Arrays and scalars. Raises DocumentError."""
    name = str(file)
    try:
        content = read_bytes(file)
    except FileNotFoundError:
        raise DocumentError("File not found. Check its name.", Place(name, 1)) from None
    except IsADirectoryError:
        raise DocumentError("This is a folder. Name a file in it.", Place(name, 1)) from None
    except OSError as error:
        reason = error.strerror or "the system refuses"
        raise DocumentError(f"The file cannot be read ({reason}). Check it.", Place(name, 1)) from None
    except ValueError:
        raise DocumentError("A file name cannot hold a NUL. Remove it.", Place(name, 1)) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = "The file is not UTF-8 from here on. Save it as UTF-8."
        raise DocumentError(what, Place(name, line)) from None
    return read_text(text, name)


def read_text(text: str, name: str) -> Any:
    """Read a text as `read` does; `name` is the file name in its places."""
    return duplicate(_read(text, name))


# A process that makes several mocks, or gives a world other answers, reads the same documents. To copy one takes a
# fifth of the time.
@lru_cache(maxsize=8)
def _read(text: str, name: str) -> Any:
    node = _compose(text, name)
    if node is None:
        raise DocumentError("The file is empty. Write a YAML document in it.", Place(name, 1))
    return _Builder(name).build(node, 1)


def read_object(file: Path | str) -> Object:
    """Read a file whose top is a mapping. Raises DocumentError."""
    data = read(file)
    if not isinstance(data, Object):
        place = data.place if isinstance(data, Array) else Place(str(file), 1)
        raise DocumentError("The top of the file must be a mapping. Write `key: value` lines.", place)
    return data


def _compose(text: str, name: str) -> yaml.Node | None:
    loader = None
    try:
        loader = _LOADER(text)
        node: yaml.Node | None = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        # libyaml counts in bytes, PyYAML's own reader in characters, and they name their encodings apart.
        before = text if error.encoding == "unicode" else text.encode().decode("latin-1")
        line = before.count("\n", 0, error.position) + 1
        raise DocumentError("There is a control character here. Remove it.", Place(name, line)) from None
    except yaml.MarkedYAMLError as error:
        raise _broken(error, text, name) from None
    except RecursionError:
        raise DocumentError("The YAML nests too deep. Flatten it.", Place(name, 1)) from None
    finally:
        if loader is not None:
            loader.dispose()
    return node


def _broken(error: yaml.MarkedYAMLError, text: str, name: str) -> DocumentError:
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines() or [""]
    line = min(mark.line + 1 if mark else 1, len(lines))
    place = Place(name, line)
    if error.context == "expected a single document in the stream":
        return DocumentError("A second YAML document begins here. Keep one per file.", place)
    indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
    if "\t" in indent:
        return DocumentError("A tab indents this line. Use spaces.", place)
    problem = (error.problem or "it cannot be read").partition("\n")[0]
    return DocumentError(f"Malformed YAML ({problem}). Correct this line or one above.", place)


class _Builder:
    """Turns the nodes of one file into data; each alias becomes a copy, since it is built again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes = 0

    def build(self, node: yaml.Node, depth: int) -> Any:
        """Return the data of a node that stands `depth` levels deep."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self.error(node, f"The file holds more than {MOST_NODES:,} nodes. Use fewer aliases.")
        if depth > DEEPEST:
            raise self.error(
                node, f"This nests deeper than {DEEPEST} levels. Look for an alias that contains itself."
            )
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        place = self.place(node)
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            mapping = Object(place)
            for key_node, value_node in node.value:
                key = self.key(key_node)
                if key in mapping:
                    first = mapping.places[key].line
                    raise self.error(key_node, f"The key {key!r} is on line {first} already. Keep one.")
                mapping.put(key, self.build(value_node, depth + 1), self.place(key_node))
            return mapping
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            sequence = Array(place)
            for item in node.value:
                sequence.add(self.build(item, depth + 1), self.place(item))
            return sequence
        raise self.unsupported(node)

    def key(self, node: yaml.Node) -> str:
        """Return the text of a key as it is written, so `200:` gives "200"."""
        if not isinstance(node, yaml.ScalarNode):
            raise self.error(node, "A key cannot be a list or a mapping. Write text.")
        if node.value == "<<" and not node.style:
            raise self.error(node, "The merge key `<<` is not supported. Write the keys out.")
        if node.tag != _STR and node.tag not in _PATTERNS:
            raise self.unsupported(node)
        return self.text(node)

    def text(self, node: yaml.ScalarNode) -> str:
        """Return a text. PyYAML's own reader lets half a surrogate pair pass, which UTF-8 cannot write."""
        text = str(node.value)
        if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
            raise self.error(node, "This text holds half a surrogate pair. Remove it.")
        return text

    def scalar(self, node: yaml.ScalarNode) -> Any:
        """Return the value of a scalar by its tag."""
        if node.tag == _STR:
            return self.text(node)
        if node.tag not in _PATTERNS:
            raise self.unsupported(node)
        try:
            return _converted(node.tag, node.value)
        except ValueError:
            shown = node.value if len(node.value) < 40 else node.value[:36] + "…"
            message = f"{shown!r} is not {_NOUNS[node.tag]} that JSON can hold. Quote it if it is text."
            raise self.error(node, message) from None

    def place(self, node: yaml.Node) -> Place:
        """Return the place where a node begins."""
        return Place(self.name, node.start_mark.line + 1)

    def error(self, node: yaml.Node, message: str) -> DocumentError:
        """Make an error at the line where a node begins."""
        return DocumentError(message, self.place(node))

    def unsupported(self, node: yaml.Node) -> DocumentError:
        """Make the error of a tag that JSON has no value for."""
        tag = "!!" + node.tag[len(_TAG) :] if node.tag.startswith(_TAG) else node.tag
        return self.error(node, f"The tag {tag} is not supported. Remove it.")


_NOUNS = {_NULL: "a null", _BOOL: "a boolean", _INT: "an integer", _FLOAT: "a number"}


def _converted(tag: str, text: str) -> Any:
    """Return the value of a scalar. Raises ValueError if JSON has no such value."""
    if not _PATTERNS[tag].match(text):  # only an explicit tag, as in `!!int x`, can fail here
        raise ValueError(tag)
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return text.lower() == "true"
    if tag == _INT:
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    number = float(text)  # `.inf` and `.nan` fail in the next line, as `1e999` does
    if not math.isfinite(number):
        raise ValueError(text)
    return integer_if_whole(number)


def with_integers(value: Any, unchanged: Collection[str] = ()) -> Any:
    """Return JSON with each 1.0 as 1, but for what stands under the keys `unchanged`."""
    if isinstance(value, float):
        return integer_if_whole(value)
    if isinstance(value, dict):
        return {
            key: item if key in unchanged else with_integers(item, unchanged) for key, item in value.items()
        }
    return [with_integers(item, unchanged) for item in value] if isinstance(value, list) else value


def integer_if_whole(number: float) -> float:
    """Return 1.0 as 1: JSON Schema calls both an integer. A number beyond `HIGHEST` stays as it is."""
    return int(number) if number.is_integer() and abs(number) <= HIGHEST else number


# Block style keeps any text within these limits: no odd line breaks or control characters, no space at the start or
# before a line's end, where an editor may strip it, and at most one line break at the end.
_BLOCK = re.compile(r"[^\s][^\x00-\x09\x0b-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]*\n?\Z")
_STRIPPED = re.compile(r"[ ]\n|[ ]\Z|\n\n\Z")
_HALF = re.compile("[\ud800-\udfff]")  # half of a surrogate pair, which YAML cannot hold
# Line breaks to YAML 1.1 alone and the byte order mark, which PyYAML escapes only between double quotes.
_ODD = re.compile(r"[\x85\u2028\u2029\ufeff]")


class _Writer(yaml.SafeDumper):
    """PyYAML's dumper, which quotes what YAML 1.1 would mistake, made to quote what 1.2 would mistake too."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- PyYAML gives it
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 -- likewise
        # Items stand deeper than the key of their list.
        super().increase_indent(flow, False)

    def represent_text(self, text: str) -> yaml.ScalarNode:
        text = _HALF.sub("\ufffd", text)
        is_block = "\n" in text and _BLOCK.match(text) and not _STRIPPED.search(text)
        return yaml.ScalarNode(_STR, text, style="|" if is_block else '"' if _ODD.search(text) else None)

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            if key.style == "|":
                key.style = '"'
        return node


_Writer.add_representer(str, _Writer.represent_text)
for _tag, _pattern, _first in _CORE_SCHEMA:
    _Writer.add_implicit_resolver(_tag, _pattern, _first)
# YAML 1.1 has these for booleans, though PyYAML does not take them so.
_Writer.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"[yYnN]\Z"), list("yYnN"))


def dump_yaml(data: Any) -> str:
    """Write data as YAML: keys in their order, texts of several lines as blocks, ambiguous texts quoted."""
    return yaml.dump(plain(data), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=WIDTH)


def dump_json(data: Any) -> str:
    """Write data as JSON, indented by two, keys in their order, with a line break at the end."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
