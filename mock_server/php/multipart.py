"""multipart/form-data bodies as PHP 8.2 reads them (rfc1867.c), which is not RFC 7578.

PHP goes on after the closing boundary, stops at a part without a name, and takes what it has of a truncated body. It
reads through a buffer of 5120 bytes: a longer line comes in slices, and lines are C strings that end at the first NUL.
Both can be observed from outside, so both are imitated. Not imitated are upload_max_filesize, MAX_FILE_SIZE and other
errors of uploads.
"""

import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mock_server.php.form import (
    UPLOAD_ERR_NO_FILE,
    UPLOAD_ERR_OK,
    UPLOAD_ERR_PARTIAL,
    FormLimits,
    Kind,
    Part,
    Remark,
    SentForm,
    TooManyFields,
)
from mock_server.php.values import NESTING, FieldName, field_name

BUFFER: Final = 5120  # FILLUNIT
_LONGEST_BOUNDARY: Final = BUFFER - 4  # longer ones are "too large" since the fix of CVE-2024-8925
_SMALL_HEAD: Final = 400  # the most bytes of a head that is remembered
_SPACES: Final = b" \t\n\r\v\f"
_COUNTED: Final = (b"content-disposition", b"content-type")
_CR: Final = 13

# A word ends at its stop character, but not within quotes of either kind, which \" does not end.
_PAIR = re.compile(rb"""(?:[^;"']|"(?:\\"|[^"])*+"?|'(?:\\'|[^'])*+'?)*+""", re.DOTALL)
_KEY = re.compile(rb"""(?:[^="']|"(?:\\"|[^"])*+"?|'(?:\\'|[^'])*+'?)*+""", re.DOTALL)
_UNQUOTED = re.compile(rb"[^ \t\n\r\v\f]*+")
_QUOTED: Final = {
    ord('"'): (re.compile(rb'(?:\\[\\"]|[^"])*+', re.DOTALL), re.compile(rb'\\([\\"])')),
    ord("'"): (re.compile(rb"(?:\\[\\']|[^'])*+", re.DOTALL), re.compile(rb"\\([\\'])")),
}


MISSING: Final = Remark(
    "boundary-missing", "Content-Type was set by hand without a boundary: let the HTTP client set it."
)
INVALID: Final = Remark(
    "boundary-invalid",
    "The boundary in Content-Type has no closing quote or is too long: let the HTTP client set Content-Type.",
)
MISMATCH: Final = Remark(
    "boundary-mismatch",
    "The body does not begin with the boundary that Content-Type names: let the HTTP client set both.",
)
TRUNCATED: Final = Remark(
    "truncated",
    "The body ends before its closing boundary: send it whole, with the Content-Length of what is sent.",
)
LINE_ENDS: Final = Remark("lf-line-ends", "The body's lines end in LF alone: end them in CRLF.")
NAMELESS: Final = Remark(
    "part-without-name", 'PHP stops reading at a part without a name: give every part a name="…".'
)
UNDISPOSED: Final = Remark(
    "part-without-disposition",
    'PHP skips a part without Content-Disposition: send Content-Disposition: form-data; name="…" with it.',
)
GARBLED: Final = Remark(
    "file-name-garbled",
    "The name of a file field has unbalanced brackets: PHP skips it and all later files; use a plain name.",
)
FILES: Final = Remark("too-many-files", "PHP skips files beyond its limit per request: send fewer files.")


@dataclass(frozen=True, slots=True)
class Head:
    """The needed parts of a part's headers: whether there is a Content-Disposition, and what it says. None is absent.

    ``media_type`` is the Content-Type without its parameters, as ``$_FILES`` has it.
    """

    disposed: bool
    name: FieldName | None
    filename: bytes | None
    media_type: str | None


def parse(content_type: str, body: bytes, limits: FormLimits) -> SentForm:
    """Read a multipart/form-data body.

    ``content_type`` is the header's value, decoded as ISO-8859-1. Raises only TooManyFields, for any bytes. Takes
    linear time and memory.
    """
    boundary = boundary_of(content_type)
    if isinstance(boundary, bytes) and (b"\n" in boundary or b"\0" in boundary):
        boundary = MISMATCH  # a line has neither
    if isinstance(boundary, Remark):
        form = SentForm(limits)
        form.remark(*boundary)
        return form
    return _Reader(body, b"--" + boundary, limits).read()


def boundary_of(content_type: str) -> bytes | Remark:
    """Return the boundary that a Content-Type names, without the leading dashes, or what is wrong with it.

    PHP looks for the text "boundary", first in lower case, then in any case, and for the next "=", wherever they are. A
    value ends at its closing quote or, if unquoted, at "," or ";".
    """
    at = content_type.find("boundary")
    if at < 0:
        at = content_type.lower().find("boundary")
    _, equals, value = content_type[at:].partition("=") if at >= 0 else ("", "", "")
    if not equals:
        return MISSING
    if value.startswith('"'):
        value, closed, _ = value[1:].partition('"')
        if not closed:
            return INVALID
    else:
        value = value.partition(";")[0].partition(",")[0]
    boundary = value.encode("latin-1", "replace")
    return boundary if len(boundary) <= _LONGEST_BOUNDARY else INVALID


class _Reader:
    """Reads a body from boundary line to boundary line. ``line`` is such a line: two dashes and the boundary."""

    def __init__(self, body: bytes, line: bytes, limits: FormLimits) -> None:
        self.body = body
        self.line = line
        self.end_of_data = b"\n" + line  # whatever follows it
        self.usual_line = line + b"\r\n"
        self.room = max(BUFFER, len(line) + 4)  # the longest line that is not sliced
        self.form = SentForm(limits)
        self.nameless_files = 0
        self.uploads = 0
        self.skips_files = False  # once a file was skipped, PHP skips all further ones

    def read(self) -> SentForm:
        """Read all parts that PHP reads."""
        body, form, limits, count, heads, at = self.body, self.form, self.form.limits, 0, 0, 0
        most, usual, width = limits.parts, self.usual_line, len(self.usual_line)
        # To look for the usual boundary line here and not in `_next_part` saves a create a microsecond.
        while (begin := at + width if body.startswith(usual, at) else self._next_part(at)) is not None:
            if not count and body[begin - 2] != _CR:
                form.remark(*LINE_ENDS)
            count += 1
            if count > most:
                raise TooManyFields(most)
            end = body.find(b"\r\n\r\n", begin, begin + _SMALL_HEAD)
            if end >= 0:
                head, length = read_small_head(body[begin : end + 4])
            else:
                head, length = read_head(body, begin, self.room, limits.heads)
            at = begin + length
            heads += length
            if heads > limits.heads:
                raise TooManyFields(limits.heads)
            if head.filename is not None:
                at = self._take_file(head, head.filename, at)
            elif head.name is not None:
                data, at, _ = self._data(at)
                form.text(head.name, data, head.media_type)
            else:
                form.ignored()
                form.remark(*(NAMELESS if head.disposed else UNDISPOSED))
                if head.disposed:
                    return form
        if not count and body.startswith(self.line + b"--"):  # a form without fields
            return form
        if not count:
            form.remark(*MISMATCH)
        elif body.find(self.line + b"--", at) < 0:
            form.remark(*TRUNCATED)
        return form

    def _next_part(self, start: int) -> int | None:
        """Return the place after the next line that is exactly the boundary, or None."""
        body, line, room = self.body, self.line, self.room
        while (found := body.find(line, start)) >= 0:
            begin = body.rfind(b"\n", start, found) + 1 or start
            begin += (found - begin) // room * room  # the slice of a long line
            if found != begin:
                end = body.find(b"\n", found, begin + room)
                start = end + 1 if end >= 0 else begin + room
                continue
            text, start = _line(body, begin, room)
            if text is None:
                return None
            if text == line:
                return start
        return None

    def _data(self, start: int) -> tuple[bytes, int, bool]:
        """Return what comes before the next LF and boundary, where the boundary begins, and whether there was one."""
        body = self.body
        end = body.find(self.end_of_data, start)
        complete = end >= 0
        if not complete:  # the end of the body may cut off a boundary that has begun
            end = body.rfind(b"\n", max(start, len(body) - len(self.end_of_data)))
            if end < 0 or not self.end_of_data.startswith(body[end:]):
                return body[start:], len(body), False
        return body[start : end - 1 if end > start and body[end - 1] == _CR else end], end + 1, complete

    def _take_file(self, head: Head, filename: bytes, at: int) -> int:
        """Take a file, and return the place where it ends."""
        form, name = self.form, head.name
        if self.uploads >= form.limits.files:
            self.skips_files = True
            form.remark(*FILES)
        if name is None:
            name = field_name(str(self.nameless_files))  # PHP numbers them
            self.nameless_files += 1
        if not self.skips_files and not _balanced(name.sent):
            self.skips_files = True
            form.remark(*GARBLED)
        if self.skips_files:
            form.ignored(name.sent)
            return at
        data, error = b"", UPLOAD_ERR_NO_FILE
        if filename:
            data, at, complete = self._data(at)
            error = UPLOAD_ERR_OK if complete else UPLOAD_ERR_PARTIAL
            self.uploads += 1
        # $_FILES has one level more than the name: file[name][x].
        key = None if name.too_deep or len(name.path) >= NESTING else name.key
        kind: Kind = "ignored" if key is None else "file"
        base = min(filename.rpartition(b"/")[2], filename.rpartition(b"\\")[2], key=len)
        shown = base.decode(errors="replace")
        form.upload(Part(name.sent, key, kind, shown, head.media_type, data, error=error))
        return at


def read_head(body: bytes, begin: int, room: int, most: int = sys.maxsize) -> tuple[Head, int]:
    """Read a part's headers from ``begin`` on, and return their length with the empty line that ends them.

    Raises TooManyFields if they are longer than ``most`` bytes.

    Names are compared without case, and the first of a name counts. A line that begins with white space, or has no
    colon, continues the one before.
    """
    headers: dict[bytes, list[bytes]] = {}
    current: list[bytes] | None = None
    at = begin
    while True:
        line, at = _line(body, at, room)
        if not line:
            break
        if at - begin > most:
            raise TooManyFields(most)
        header, colon, value = line.partition(b":")
        if colon and line[0] not in _SPACES:
            header = header.lower()
            # No other header is kept, so that a million headers do not fill the memory.
            current = [value.lstrip(_SPACES)] if header in _COUNTED and header not in headers else None
            if current is not None:
                headers[header] = current
        elif current is not None:
            current.append(line)
    disposition, content_type = (b"".join(headers[name]) if name in headers else None for name in _COUNTED)
    name, filename = (None, None) if disposition is None else read_disposition(disposition)
    field = None if name is None else field_name(name.decode(errors="replace"))
    media_type = None if content_type is None else content_type.partition(b";")[0].decode(errors="replace")
    return Head(disposition is not None, field, filename, media_type), at - begin


@lru_cache(maxsize=512)
def read_small_head(block: bytes) -> tuple[Head, int]:
    """Read a small head with the empty line that ends it, and return its length.

    Clients repeat the same few heads. If they are not remembered, a create takes two thirds longer.
    """
    return read_head(block, 0, BUFFER)


def read_disposition(value: bytes) -> tuple[bytes | None, bytes | None]:
    """Return name and file name of ``form-data; name="…"; filename="…"``, by PHP's rules of quoting.

    The last of a name counts.
    """
    words: dict[bytes, bytes] = {}
    at, size = len(value) - len(value.lstrip(_SPACES)), len(value)
    while at < size:
        pair, at = _word(_PAIR, value, at)
        at = _skip(_SPACES, value, at)
        if b"=" in pair:
            key, rest = _word(_KEY, pair, 0)
            words[key.lower()] = pair[rest:]
    name, filename = words.get(b"name"), words.get(b"filename")
    return None if name is None else _unquote(name), None if filename is None else _unquote(filename)


def _line(body: bytes, at: int, room: int) -> tuple[bytes | None, int]:
    """Return the line at ``at`` as a C string, or None if the body ends within it, and the place of the next line.

    A line ends at LF, and one CR before it is dropped. A line longer than ``room`` bytes comes in slices.
    """
    end = body.find(b"\n", at, at + room)
    if end >= 0:
        line, after = body[at : end - 1 if end > at and body[end - 1] == _CR else end], end + 1
    elif len(body) - at >= room:
        line, after = body[at : at + room], at + room
    else:
        return None, at
    return line.partition(b"\0")[0], after


def _word(pattern: re.Pattern[bytes], text: bytes, at: int) -> tuple[bytes, int]:
    found = pattern.match(text, at)
    end = found.end() if found else at
    # All stops are skipped: "a;;b" has two words.
    return text[at:end], _skip(text[end : end + 1], text, end)


def _skip(signs: bytes, text: bytes, at: int) -> int:
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


def _balanced(name: str) -> bool:
    """Tell whether PHP accepts a file of this name: each bracket is closed, and only indices follow an index."""
    depth = 0
    for at, sign in enumerate(name):
        if sign == "[":
            depth += 1
        elif sign == "]":
            depth -= 1
            if depth < 0 or name[at + 1 : at + 2] not in {"", "["}:
                return False
    return depth == 0
