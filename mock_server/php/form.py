"""What a request body held: its fields, its parts and what was odd about it.

A body is read in one pass into a ``Form``, whose texts, files and arrays are what ``$_POST`` and ``$_FILES``
would hold in PHP 8.2; the parts behind them are kept as sent, for whoever shows or checks the request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["text", "file", "array", "ignored"]

UPLOAD_ERR_OK, UPLOAD_ERR_PARTIAL, UPLOAD_ERR_NO_FILE = 0, 3, 4


class TooManyFields(ValueError):
    """A body holds more than ``limit`` fields (or parts); PHP would drop the rest without a word."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body holds more than {limit} fields.")
        self.limit = limit


class Limits(NamedTuple):
    """How many things a body may hold.

    ``fields`` counts names with a value (PHP: max_input_vars); ``parts`` counts multipart parts of any kind
    (PHP: max_multipart_body_parts, which defaults to max_input_vars + max_file_uploads). Passing either
    raises TooManyFields. After ``files`` uploads PHP ignores further ones, and so do we
    (PHP: max_file_uploads).
    """

    fields: int = 1000
    parts: int = 1020
    files: int = 20


class Part(NamedTuple):
    """One part or pair of a body, in the order sent.

    A NamedTuple and not a dataclass: a frozen dataclass takes a microsecond to build, and a body has several.

    ``name`` is the name as sent, unescaped (None: the part had none); ``key`` is the name after PHP's
    mangling, None when PHP keeps nothing of the part. ``data`` are the bytes as sent, after percent-decoding
    in a urlencoded body; ``value`` is that data as text, each ill-formed UTF-8 sequence replaced by U+FFFD,
    and None for files and ignored parts. ``filename`` and ``content_type`` are what ``$_FILES`` would say:
    the base name, and the type without its parameters. ``error`` is PHP's UPLOAD_ERR_*: 0, 3 (the body ends
    inside the file) or 4 (empty file name: no file was chosen).
    """

    name: bytes | None
    key: str | None
    kind: Kind
    filename: str | None
    content_type: str | None
    data: bytes
    value: str | None
    valid_utf8: bool = True
    error: int = UPLOAD_ERR_OK

    @property
    def size(self) -> int:
        """Length of the data in bytes."""
        return len(self.data)


class Remark(NamedTuple):
    """Something odd about a body: a stable ``code``, and one ``sentence`` with the remedy."""

    code: str
    sentence: str


@dataclass(slots=True)
class Form:
    """What PHP would make of a body.

    ``fields`` are the texts in ``$_POST`` by mangled name, ``arrays`` the names that hold an array there
    (a name is in one of both only: the last one sent wins), ``files`` the last part of each name in
    ``$_FILES``. Not to be changed after it was built. ``sent`` are the parts, or what makes them.
    """

    fields: dict[str, str]
    files: dict[str, Part]
    arrays: frozenset[str]
    sent: tuple[Part, ...] | Callable[[], tuple[Part, ...]]
    remarks: tuple[Remark, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts, in the order sent. Few ask for those of a usual body, so they are made when somebody does."""
        if not isinstance(self.sent, tuple):
            self.sent = self.sent()
        return self.sent

    def __eq__(self, other: object) -> bool:
        """Compare what was read, and not whether the parts were asked for."""
        return isinstance(other, Form) and all(
            getattr(self, name) == getattr(other, name)
            for name in ("fields", "files", "arrays", "parts", "remarks")
        )

    __hash__ = None  # type: ignore[assignment]  # its dicts have none


def empty(*remarks: Remark) -> Form:
    """Give a form without any field."""
    return Form({}, {}, frozenset(), (), remarks)
