"""Hides the values of rows of others, and the key in every spelling, in responses."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from json.encoder import encode_basestring_ascii
from typing import Any

from contract_tests.guard.exchange import Surface, read_json
from contract_tests.guard.ledger import row_id

# The name that rows of others get, and what replaces an unreadable response.
MARK = "(not of this run)"
HIDDEN = "(hidden)"
# A time in any spelling: digits with signs between them.
_TIME = re.compile(r"\d{2,4}[-./]\d{1,2}[-./]\d{1,4}[T ]?[\d:.]*(?:Z|[+-]\d{2}:?\d{2})?")
UNREADABLE = "(hidden by the guard: it is not {}, and may show rows of others)"

# Tells whether a row, as a response shows it, is the run's own.
Judge = Callable[[Mapping[str, Any]], bool]


class Mask:
    """Masks the rows in responses to the requests of one run.

    A row is anything at the documented place of rows, and any object with two or more of a row's properties at any
    depth: a faulty service may put it anywhere. A masked row keeps its shape: keys, JSON types, documented types of
    handlers, constants of the document, and the form of times. So its faults still show.
    """

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._keys = frozenset(surface.facts.row.values())
        self._id, self._name = surface.id, surface.name
        self._constants: dict[str, list[Any]] = {}
        for shape in surface.facts.shapes.values():
            for key, value in shape.constants.items():
                self._constants.setdefault(shape.keys.get(key, key), []).append(value)

    def apply(self, body: bytes, is_own: Judge, *, risky: bool) -> bytes:
        """Return the body without rows of others; the same bytes if none exists.

        `risky`: the response may show rows of others, so it is replaced if it is not JSON.
        """
        if not body.strip():
            return body
        try:
            tree = read_json(body)
            masked = self._walk(tree, is_own, self._surface.rows)
        except (ValueError, RecursionError) as error:
            return _unreadable(error) if risky else body
        return body if masked is tree else _write(masked, body)

    def _walk(self, node: Any, is_own: Judge, here: tuple[str, ...] | None) -> Any:
        """Return a node without rows of others; the same object if nothing changed. `here` is the path to the rows."""
        if isinstance(node, list):
            return self._list(node, is_own, rows=here == ())
        if not isinstance(node, dict):
            return node
        if here == () or len(self._keys & node.keys()) > 1:
            return node if is_own(node) else {key: self._value(key, value) for key, value in node.items()}
        below = {key: self._walk(item, is_own, _step(here, key)) for key, item in node.items()}
        return below if any(below[key] is not node[key] for key in node) else node

    def _list(self, node: list[Any], is_own: Judge, *, rows: bool) -> Any:
        below = [
            self._walk(item, is_own, () if rows else None)
            if isinstance(item, (dict, list)) or not rows
            else _neutral(item)
            for item in node
        ]
        return below if any(after is not before for after, before in zip(below, node, strict=True)) else node

    def _value(self, key: str, value: Any) -> Any:
        if key == self._id:
            return value if row_id(value) is not None else _neutral(value)
        if key == self._name and isinstance(value, str):
            return MARK
        schema = self._surface.facts.properties.get(key)
        if schema is None:
            return _neutral(value)
        if isinstance(value, str) and value in schema.get("enum", ()):
            return value  # a word of the document, which says what else the row must have
        if isinstance(value, int) and not isinstance(value, bool) and value in schema.get("enum", ()):
            return schema["enum"][0]
        if "const" in schema and value == schema["const"]:
            return value
        if isinstance(value, dict):  # the settings: constants of the document say nothing about their owner
            return {
                name: item if item in self._constants.get(name, ()) else _hidden(item)
                for name, item in value.items()
            }
        return _hidden(value)


def _step(here: tuple[str, ...] | None, key: str) -> tuple[str, ...] | None:
    return here[1:] if here and here[0] == key else None


def _hidden(value: Any) -> Any:
    """Return an empty value of the same shape, so that a wrong shape still shows."""
    if isinstance(value, str):
        return re.sub(r"\d", "0", value) if _TIME.fullmatch(value) else HIDDEN if value else value
    if isinstance(value, dict):
        return {key: _hidden(item) for key, item in value.items()}
    return True if isinstance(value, bool) else _neutral(value)


def _neutral(value: Any) -> Any:
    """Return an empty value of the same JSON type."""
    return None if value is None else type(value)()


def _write(tree: Any, like: bytes) -> bytes:
    """Write compact JSON with the same escapes as the body that it replaces."""
    if b"\\/" in like:
        return _as_php(tree).encode()
    text = json.dumps(tree, separators=(",", ":"), ensure_ascii=like.isascii())
    return text.encode(errors="surrogatepass")


def _as_php(node: Any) -> str:
    if isinstance(node, Mapping):
        return "{" + ",".join(f"{_as_php(key)}:{_as_php(item)}" for key, item in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ",".join(_as_php(item) for item in node) + "]"
    return encode_basestring_ascii(node).replace("/", "\\/") if isinstance(node, str) else json.dumps(node)


_SHOWN = "[key]"
_ENTITIES = {
    "&": "amp",
    "<": "lt",
    ">": "gt",
    '"': "quot",
    "'": "apos",
    "+": "plus",
    "/": "sol",
    "=": "equals",
}
_SHORTEST = 4  # fewer characters of Base64 would match by chance


class Redactor:
    """Finds and removes one key in any spelling. Its repr does not show the key.

    Each character may be percent-encoded, an escape of JSON, JavaScript or quoted-printable, or an HTML entity, also
    twice over; the whole may be UTF-16, UTF-32 or hexadecimal, or part of a text in Base64, as in a header.
    """

    def __init__(self, key: str) -> None:
        # Each pattern begins with a literal, so that `re` quickly skips other text.
        # NULs between the characters are those of UTF-16 and UTF-32.
        spelled = "\0{0,3}".join(f"(?:{'|'.join(_spellings_of(sign))})" for sign in key)
        patterns = [spelled, f"(?i:{key.encode().hex()})", *_in_base64(key)]
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def __repr__(self) -> str:
        return "Redactor()"

    def carries(self, text: str | bytes) -> bool:
        """Tell whether the key stands in a text."""
        if isinstance(text, bytes):
            text = text.decode("latin-1")  # a character for each byte
        return any(pattern.search(text) for pattern in self._patterns)

    def clean(self, text: str) -> str:
        """Return a text without the key."""
        for pattern in self._patterns:
            text = pattern.sub(_SHOWN, text)
        return text

    def clean_bytes(self, body: bytes) -> bytes:
        """Return bytes without the key."""
        return self.clean(body.decode("latin-1")).encode("latin-1")


def _spellings_of(sign: str) -> list[str]:
    """Return a pattern for each spelling of one ASCII character."""
    code = ord(sign)
    names = [f"#0*{code}", f"#[xX]0*(?i:{code:x})", *([_ENTITIES[sign]] if sign in _ENTITIES else [])]
    digits = f"(?i:{code:02x})"
    ways = [re.escape(sign), rf"%(?:25)*{digits}", f"={digits}", rf"\\\\*(?:x|u00){digits}"]
    ways += [rf"&(?:amp;)*(?:{'|'.join(names)});?"]
    ways += [] if sign.isalnum() else [rf"\\\\*{re.escape(sign)}"]
    return [*ways, re.escape("+")] if sign == " " else ways


def _in_base64(key: str) -> Iterator[str]:
    """Yield a pattern for each of the three alignments of a key in Base64."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + key.encode()).decode().rstrip("=")
        # Only some bits of the first and the last character belong to the key.
        whole = 6 * len(text) == 8 * (before + len(key))
        core = text[-(-8 * before // 6) : len(text) if whole else -1]
        if len(core) >= _SHORTEST:
            signs = "".join({"+": "[+-]", "/": r"(?:\\*/|_)"}.get(sign, sign) for sign in core)
            yield f"{signs}[0-9A-Za-z_+/-]?={{0,2}}"


def _unreadable(error: Exception) -> bytes:
    """Return what replaces a body. A parser's reason is not told: it could repeat what must be hidden."""
    is_ours = not isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError)
    return UNREADABLE.format(f"readable ({error})" if is_ours else "JSON").encode()
