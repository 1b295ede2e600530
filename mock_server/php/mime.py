"""Lines, headers and the words of a Content-Disposition, as PHP's rfc1867.c reads them.

PHP reads a multipart body through a buffer of 5120 bytes. What does not fit is read in slices, and lines are
C strings that end at the first NUL: both can be observed from outside, so both are kept here.
"""

import re
from typing import Final, NamedTuple

BUFFER: Final = 5120  # FILLUNIT
_SPACES: Final = b" \t\n\r\v\f"
_COUNTED: Final = (b"content-disposition", b"content-type")
# A word goes to its stop character; quotes of either kind hide the stop, \" inside them does not end them.
_PAIR = re.compile(rb"""(?:[^;"']|"(?:\\"|[^"])*+"?|'(?:\\'|[^'])*+'?)*+""", re.DOTALL)
_KEY = re.compile(rb"""(?:[^="']|"(?:\\"|[^"])*+"?|'(?:\\'|[^'])*+'?)*+""", re.DOTALL)
_UNQUOTED = re.compile(rb"[^ \t\n\r\v\f]*+")
_QUOTED: Final = {
    34: (re.compile(rb'(?:\\[\\"]|[^"])*+', re.DOTALL), re.compile(rb'\\([\\"])')),
    39: (re.compile(rb"(?:\\[\\']|[^'])*+", re.DOTALL), re.compile(rb"\\([\\'])")),
}


class Head(NamedTuple):
    """The two headers of a part that count, as sent (None: absent)."""

    disposition: bytes | None
    content_type: bytes | None

    @property
    def media_type(self) -> str | None:
        """The content type without its parameters, which is all that ``$_FILES`` says of it."""
        return (
            None
            if self.content_type is None
            else self.content_type.partition(b";")[0].decode(errors="replace")
        )


class Disposition(NamedTuple):
    """A field's name and file name, unescaped (None: absent)."""

    name: bytes | None
    filename: bytes | None


def next_line(body: bytes, at: int, room: int) -> tuple[bytes, int] | None:
    """Give the line at ``at`` and where the next begins; None if the body ends within the line.

    A line ends at LF, and one CR before it is dropped; a line longer than ``room`` bytes comes in slices.
    """
    end = body.find(b"\n", at, at + room)
    if end >= 0:
        line = body[at : end - 1 if end > at and body[end - 1] == 13 else end]
        return line, end + 1
    if len(body) - at >= room:
        return body[at : at + room], at + room
    return None


def after_boundary(body: bytes, at: int, boundary: bytes, room: int) -> int:
    """Give the place after the next line that is exactly ``boundary``, or -1.

    Lines are compared as C strings, so what follows a NUL does not count.
    """
    start = searched = at
    found = body.find(boundary, at)
    while found >= 0:
        line_end = body.rfind(b"\n", searched, found)
        start, searched = (line_end + 1, found) if line_end >= 0 else (start, found)
        if (found - start) % room == 0 and (read := next_line(body, found, room)):
            line, after = read
            if line.partition(b"\0")[0] == boundary:
                return after
        found = body.find(boundary, found + 1)
    return -1


def read_head(body: bytes, at: int, room: int) -> tuple[Head, int]:
    """Read a part's headers from ``at`` on; give them and the place after the empty line that ends them.

    Names are compared without case, the first of a name counts, a line that begins with white space (or has
    no colon) continues the one before.
    """
    headers: dict[bytes, list[bytes]] = {}
    current: list[bytes] | None = None
    while read := next_line(body, at, room):
        line, at = read[0].partition(b"\0")[0], read[1]
        if not line:
            break
        name, colon, value = line.partition(b":")
        if colon and line[0] not in _SPACES:
            name = name.lower()
            # No other header is kept, lest a body of a million headers fills the memory.
            current = [value.lstrip(_SPACES)] if name in _COUNTED and name not in headers else None
            if current is not None:
                headers[name] = current
        elif current is not None:
            current.append(line)
    disposition, content_type = (b"".join(headers[name]) if name in headers else None for name in _COUNTED)
    return Head(disposition, content_type), at


def read_disposition(value: bytes) -> Disposition:
    """Read ``form-data; name="…"; filename="…"`` with PHP's rules of quoting; the last of a name counts."""
    name = filename = None
    at, size = len(value) - len(value.lstrip(_SPACES)), len(value)
    while at < size:
        pair, at = _word(_PAIR, value, at)
        at = _past(_SPACES, value, at)
        if b"=" not in pair:
            continue
        key, rest = _word(_KEY, pair, 0)
        key = key.lower()
        if key == b"name":
            name = _unquote(pair[rest:])
        elif key == b"filename":
            filename = _unquote(pair[rest:])
    return Disposition(name, filename)


def _word(pattern: re.Pattern[bytes], text: bytes, at: int) -> tuple[bytes, int]:
    found = pattern.match(text, at)
    end = found.end() if found else at
    # The stop is skipped, and so is any further one: "a;;b" has two words.
    return text[at:end], _past(text[end : end + 1], text, end)


def _past(signs: bytes, text: bytes, at: int) -> int:
    while at < len(text) and text[at] in signs:
        at += 1
    return at


def _unquote(word: bytes) -> bytes:
    word = word.lstrip(_SPACES)
    if word[:1] not in {b'"', b"'"}:
        found = _UNQUOTED.match(word)
        return found[0].replace(rb"\\", b"\\") if found else b""
    inside, escaped = _QUOTED[word[0]]
    found = inside.match(word, 1)
    return escaped.sub(rb"\1", found[0]) if found else b""
