"""The content of a request body: its fields as in ``$_POST`` and ``$_FILES``, its parts, and remarks.

A reader makes a ``SentForm`` and adds each part of the body in order. Later names win, and a text and an array of one
name replace each other.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from mock_server.php.values import FieldName

Kind = Literal["text", "file", "array", "ignored"]

UPLOAD_ERR_OK, UPLOAD_ERR_PARTIAL, UPLOAD_ERR_NO_FILE = 0, 3, 4

_SHOWN = 40  # characters of a name that a sentence quotes


class TooManyFields(ValueError):
    """A body holds more than ``limit`` fields, parts or bytes of heads. PHP would silently drop the rest."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body holds more than {limit} fields.")


class FormLimits(NamedTuple):
    """The limits of a body.

    ``fields`` counts texts (PHP: max_input_vars), ``parts`` multipart parts of any kind (PHP: max_multipart_body_parts,
    by default max_input_vars + max_file_uploads), ``heads`` the bytes of the parts' headers. PHP has no limit for
    heads, but to read them takes a hundred times as long as data. Beyond a limit, TooManyFields is raised. After
    ``files`` uploads, further ones are ignored, as in PHP (max_file_uploads).
    """

    fields: int = 1000
    parts: int = 1020
    files: int = 20
    heads: int = 512 << 10


@dataclass(slots=True)
class Part:
    """One part or pair of a body.

    ``name`` is the name as sent, unescaped, or None without one; ``key`` is the name after PHP's mangling, or None
    if PHP keeps nothing of the part. ``data`` are the bytes as sent, after percent-decoding in a urlencoded body.
    ``filename`` and ``content_type`` are what ``$_FILES`` would say: the base name, and the type without its
    parameters. ``error`` is PHP's UPLOAD_ERR_*: 0, 3 (the body ends inside the file) or 4 (the file name is empty: no
    file was chosen).
    """

    name: str | None
    key: str | None
    kind: Kind
    filename: str | None
    content_type: str | None
    data: bytes
    valid_utf8: bool = True
    error: int = UPLOAD_ERR_OK


class Remark(NamedTuple):
    """A remark on a body: a stable ``code``, and one ``sentence`` with the remedy."""

    code: str
    sentence: str


@dataclass(slots=True)
class SentForm:
    """What PHP would make of a body.

    ``fields`` are the texts in ``$_POST`` by their mangled names, each ill-formed UTF-8 sequence replaced by U+FFFD.
    ``arrays`` are the names of arrays there; no name is in both. ``files`` are the last parts of each name in
    ``$_FILES``. ``parts`` are all parts in the order sent. Each of the ``remarks`` is there once.
    """

    limits: FormLimits = field(default=FormLimits(), compare=False)
    fields: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, None] = field(default_factory=dict)
    files: dict[str, Part] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    remarks: dict[Remark, None] = field(default_factory=dict)
    texts: int = field(default=0, compare=False)

    def remark(self, code: str, sentence: str) -> None:
        """Add a remark."""
        self.remarks[Remark(code, sentence)] = None

    def text(self, name: FieldName, data: bytes, content_type: str | None = None) -> None:
        """Add a text field as PHP does. Raises TooManyFields."""
        self.texts += 1
        if self.texts > self.limits.fields:
            raise TooManyFields(self.limits.fields)
        sent, key, path, too_deep = name
        try:
            value, valid = data.decode(), True
        except UnicodeDecodeError:
            value, valid = data.decode(errors="replace"), False
            self.remark("invalid-utf8", f"Field {quoted(sent)} is not valid UTF-8: send texts as UTF-8.")
        kind: Kind = "text"
        if key is None or too_deep:
            kind = "ignored"
            self._drop(sent, key)
        elif path:
            kind = "array"
            self._put_array(key)
        else:
            if key in self.fields or key in self.arrays:
                self._put_again(key)
                self.arrays.pop(key, None)
            if key != sent:
                self.remark("name-changed", f"PHP reads the field name {quoted(sent)} as {quoted(key)}.")
            self.fields[key] = value
        self.parts.append(Part(sent, key, kind, None, content_type, data, valid))

    def upload(self, part: Part) -> None:
        """Add an upload under the key of its part, if it has one."""
        self.parts.append(part)
        if part.key is not None and part.kind == "file":
            self.files[part.key] = part

    def ignored(self, name: str | None = None) -> None:
        """Add a part that PHP ignores."""
        self.parts.append(Part(name, None, "ignored", None, None, b""))

    def _put_array(self, key: str) -> None:
        if self.fields.pop(key, None) is not None:
            self._put_again(key)
        self.arrays[key] = None
        sentence = f"Field {quoted(key)} is sent as an array: drop the brackets from its name."
        self.remark("array-field", sentence)

    def _put_again(self, key: str) -> None:
        sentence = f"Field {quoted(key)} is sent more than once, and the last one wins."
        self.remark("duplicate-field", sentence)

    def _drop(self, sent: str, key: str | None) -> None:
        """Drop a field whose name PHP does not accept. If it is nested too deeply, drop the whole key."""
        if key is None:
            sentence = f"PHP drops the field name {quoted(sent)}: give the field a plain name."
        else:
            self.fields.pop(key, None)
            self.arrays.pop(key, None)
            sentence = f"Field {quoted(key)} is nested too deeply for PHP, which drops it."
        self.remark("name-dropped", sentence)


def quoted(name: str) -> str:
    """Quote a name for a sentence: short, and without control characters."""
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return '"' + "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in shown) + '"'
