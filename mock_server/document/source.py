"""Reads YAML 1.2, and JSON as a part of it, to plain data with places.

The core schema decides what a plain scalar means (https://yaml.org/spec/1.2.2/#103-core-schema), so that
a date, `yes` and `1_0` stay text. What JSON cannot say is an error: `.inf`, custom tags, keys that are
no scalars.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from yaml.representer import SafeRepresenter

from mock_server.document.places import Array, DocumentError, Object, Place

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_NODES = 200_000
"""Nodes a file may hold once its aliases are written out; a file of 30 kB holds about 2,000."""

DEEPEST = 100
"""Levels a file may nest; an OpenAPI document with its schemas stays under 30."""

_TAG = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT = (_TAG + name for name in ("null", "bool", "int", "float"))
_STR, _MAP, _SEQ = (_TAG + name for name in ("str", "map", "seq"))

CORE_SCHEMA: tuple[tuple[str, re.Pattern[str], list[str]], ...] = (
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
"""For each tag of the core schema: the plain scalars that have it, and how those can begin."""

_PATTERNS = {tag: pattern for tag, pattern, _ in CORE_SCHEMA}

# Anyone's yaml.safe_dump then takes these for the dict and the list they are.
SafeRepresenter.add_representer(Object, SafeRepresenter.represent_dict)
SafeRepresenter.add_representer(Array, SafeRepresenter.represent_list)


def core_loader(base: Any) -> Any:
    """Make a loader of PyYAML's that resolves plain scalars by the core schema alone."""
    loader: Any = type("CoreLoader", (base,), {"yaml_implicit_resolvers": {}})
    for tag, pattern, first in CORE_SCHEMA:
        loader.add_implicit_resolver(tag, pattern, first)
    return loader


_LOADER = core_loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def read(file: Path | str) -> Any:
    """Read a file to Objects, Arrays and scalars, or raise DocumentError."""
    name = str(file)
    try:
        content = Path(file).read_bytes()
    except FileNotFoundError:
        raise DocumentError("there is no such file, check its name", Place(name, 1)) from None
    except IsADirectoryError:
        raise DocumentError("this is a folder, name a file in it", Place(name, 1)) from None
    except OSError as error:
        reason = error.strerror or "the system refuses"
        raise DocumentError(f"the file cannot be read ({reason}), check it", Place(name, 1)) from None
    except ValueError:
        raise DocumentError("this is no file name, it holds a NUL", Place(name, 1)) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            "the file is not UTF-8 from here on, save it as UTF-8", Place(name, line)
        ) from None
    return read_text(text, name)


def read_text(text: str, name: str) -> Any:
    """Read a text as `read` does; `name` stands for the file in the places."""
    node = _compose(text, name)
    if node is None:
        raise DocumentError("the file is empty, write a YAML document in it", Place(name, 1))
    return _Builder(name).build(node, 1)


def read_object(file: Path | str) -> Object:
    """Read a file whose top is a mapping, or raise DocumentError."""
    data = read(file)
    if not isinstance(data, Object):
        place = data.place if isinstance(data, Array) else Place(str(file), 1)
        raise DocumentError("the top of the file is no mapping, write `key: value` lines", place)
    return data


def _compose(text: str, name: str) -> yaml.Node | None:
    loader = None
    try:
        loader = _LOADER(text)
        node: yaml.Node | None = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = _line_at(text, error)
        raise DocumentError("a control character stands here, remove it", Place(name, line)) from None
    except yaml.MarkedYAMLError as error:
        raise _broken(error, text, name) from None
    except RecursionError:
        raise DocumentError("the YAML nests too deep, flatten it", Place(name, 1)) from None
    finally:
        if loader is not None:
            loader.dispose()
    return node


def _line_at(text: str, error: yaml.reader.ReaderError) -> int:
    # libyaml counts in bytes, PyYAML's own reader in characters, and they name their encodings apart.
    if error.encoding == "unicode":
        return text.count("\n", 0, error.position) + 1
    return text.encode().count(b"\n", 0, error.position) + 1


def _broken(error: yaml.MarkedYAMLError, text: str, name: str) -> DocumentError:
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines() or [""]
    line = min(mark.line + 1 if mark else 1, len(lines))
    place = Place(name, line)
    if error.context == "expected a single document in the stream":
        return DocumentError("a second YAML document begins here, keep one to a file", place)
    indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
    if "\t" in indent:
        return DocumentError("a tab indents this line, use spaces", place)
    problem = (error.problem or "it cannot be read").partition("\n")[0]
    return DocumentError(f"this is not well-formed YAML ({problem}), mend this line or one above", place)


class _Builder:
    """Turns the nodes of one file into data; each alias becomes a copy, since it is built again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes = 0

    def build(self, node: yaml.Node, depth: int) -> Any:
        """Give the data of a node that stands `depth` levels deep."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self.error(node, f"the file holds more than {MOST_NODES:,} nodes, use fewer aliases")
        if depth > DEEPEST:
            raise self.error(node, f"this nests deeper than {DEEPEST} levels, look for an alias in itself")
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            return self.object(node, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            return self.array(node, depth)
        raise self.error(node, f"the tag {_short(node.tag)} is not supported, remove it")

    def object(self, node: yaml.MappingNode, depth: int) -> Object:
        """Build a mapping whose keys are text as written, so `200:` gives "200"."""
        result = Object(self.place(node))
        for key_node, value_node in node.value:
            key = self.key(key_node)
            if key in result:
                first = result.places[key].line
                raise self.error(key_node, f"the key {key!r} stands on line {first} already, keep one")
            result.put(key, self.build(value_node, depth + 1), self.place(key_node))
        return result

    def array(self, node: yaml.SequenceNode, depth: int) -> Array:
        """Build a sequence."""
        result = Array(self.place(node))
        for item in node.value:
            result.add(self.build(item, depth + 1), self.place(item))
        return result

    def key(self, node: yaml.Node) -> str:
        """Give the text of a key."""
        if not isinstance(node, yaml.ScalarNode):
            raise self.error(node, "a key is a list or a mapping, write text")
        if node.value == "<<" and not node.style:
            raise self.error(node, "the merge key `<<` is not supported, write the keys out")
        if node.tag != _STR and node.tag not in _PATTERNS:
            raise self.error(node, f"the tag {_short(node.tag)} is not supported, remove it")
        return str(node.value)

    def scalar(self, node: yaml.ScalarNode) -> Any:
        """Give the value of a scalar by its tag."""
        if node.tag == _STR:
            return str(node.value)
        convert = _CONVERTERS.get(node.tag)
        if convert is None:
            raise self.error(node, f"the tag {_short(node.tag)} is not supported, remove it")
        try:
            return convert(_checked(node.tag, node.value))
        except ValueError:
            shown = node.value if len(node.value) < 40 else node.value[:36] + "…"
            message = f"{shown!r} is no {_NOUNS[node.tag]} that JSON can hold, quote it if it is text"
            raise self.error(node, message) from None

    def place(self, node: yaml.Node) -> Place:
        """Give the place where a node begins."""
        return Place(self.name, node.start_mark.line + 1)

    def error(self, node: yaml.Node, message: str) -> DocumentError:
        """Make an error at the line where a node begins."""
        return DocumentError(message, self.place(node))


def _checked(tag: str, text: str) -> str:
    # Only an explicit tag, as in `!!int x`, can fail here.
    if not _PATTERNS[tag].match(text):
        raise ValueError(tag)
    return text


def _short(tag: str) -> str:
    return "!!" + tag[len(_TAG) :] if tag.startswith(_TAG) else tag


def _integer(text: str) -> int:
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _float(text: str) -> float:
    number = float(text)  # `.inf` and `.nan` fail here, `1e999` below
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    _NULL: lambda _: None,
    _BOOL: lambda text: text.lower() == "true",
    _INT: _integer,
    _FLOAT: _float,
}
_NOUNS = {_NULL: "null", _BOOL: "boolean", _INT: "integer", _FLOAT: "number"}
