"""multipart/form-data bodies as PHP 8.2 reads them.

Usual bodies (CRLF, exact boundary lines, one text per name) are split in one go; any other is walked line by
line as PHP does. Both ways give the same Form.
"""

from functools import lru_cache, partial
from typing import Final

from mock_server.php import mime, walk
from mock_server.php.form import Form, Limits, Part, Remark, empty
from mock_server.php.values import field_name

MISSING: Final = Remark(
    "boundary-missing", "Content-Type was set by hand without a boundary: let the HTTP client set it."
)
INVALID: Final = Remark(
    "boundary-invalid",
    "The boundary in Content-Type has no closing quote or is too long: let the HTTP client set Content-Type.",
)
_LONGEST: Final = mime.BUFFER - 4  # longer ones are refused as "too large" since the fix of CVE-2024-8925
_SMALL: Final = 400  # characters of a header block that is worth remembering
_ENDS: Final = ("--\r\n", "--")  # what may follow the last boundary of a usual body
_BLANK: Final = "\r\n\r\n"  # ends a header block
_NO_NAMES: Final[frozenset[str]] = frozenset()


def boundary_of(content_type: str) -> bytes | Remark:
    """Give the boundary that a Content-Type names, without the leading dashes, or what is wrong with it.

    PHP looks for the letters "boundary" and the next "=", wherever they are; a value ends at its closing
    quote or, unquoted, at "," or ";".
    """
    _, named, rest = content_type.partition("boundary")
    if not named:
        at = content_type.lower().find("boundary")
        rest = content_type[at:] if at >= 0 else ""
    _, equals, value = rest.partition("=")
    if not equals:
        return MISSING
    if value[:1] == '"':
        value, closed, _ = value[1:].partition('"')
        if not closed:
            return INVALID
    elif "," in value or ";" in value:
        value = value.replace(",", ";").partition(";")[0]
    boundary = value.encode("latin-1", "replace")
    return boundary if len(boundary) <= _LONGEST else INVALID


def parse(content_type: str, body: bytes, limits: Limits) -> Form:
    """Read a multipart/form-data body.

    ``content_type`` is the header's value, decoded as ISO-8859-1. Raises TooManyFields, and nothing else for
    any bytes. Time and memory grow linearly with the body.
    """
    boundary = boundary_of(content_type)
    if isinstance(boundary, Remark):
        return empty(boundary)
    line = b"--" + boundary
    return _usual(body, line, limits) or walk.parse(body, line, limits)


def _usual(body: bytes, line: bytes, limits: Limits) -> Form | None:
    """Read a body of plain, well-formed and distinct text parts; None if it is not one."""
    try:
        text, mark = body.decode(), line.decode()
    except UnicodeDecodeError:
        return None
    # Data ends at LF and the boundary, whatever follows: each of those must be a boundary line or the end.
    count = text.count("\n" + mark)
    if not 0 < count <= limits.fields or not text.startswith(mark) or "\0" in mark:
        return None
    pieces = text.split("\r\n" + mark)
    # A long epilogue may hold further parts: PHP does not stop at the closing boundary.
    if pieces.pop() not in _ENDS or len(pieces) != count:
        return None
    pieces[0] = pieces[0][len(mark) :]
    fields: dict[str, str] = {}
    for piece in pieces:
        block, ended, value = piece.partition(_BLANK)
        if not ended or len(block) >= _SMALL:
            return None
        head = _plain_head(block)
        if head is None or head[1] in fields:
            return None
        fields[head[1]] = value
    return Form(fields, {}, _NO_NAMES, partial(_parts, pieces), ())


def _parts(pieces: list[str]) -> tuple[Part, ...]:
    """Make the parts of a usual body, of which each piece is one, from the end of its boundary on."""
    parts = []
    for block, _, value in (piece.partition(_BLANK) for piece in pieces):
        if (head := _plain_head(block)) is not None:
            name, key, content_type = head
            parts.append(Part(name, key, "text", None, content_type, value.encode(), value))
    return tuple(parts)


@lru_cache(maxsize=512)
def _plain_head(text: str) -> tuple[bytes, str, str | None] | None:
    """Read a small header block of a text part, line end first: its name, key and type; None if anything is unusual.

    Remembered, because clients send the same few blocks again and again.
    """
    block = text.encode()
    if b"\0" in block or block.count(b"\n") != block.count(b"\r\n") or not block.startswith(b"\r\n"):
        return None
    head, end = mime.read_head(block + b"\r\n\r\n", 2, mime.BUFFER)
    if head.disposition is None or end != len(block) + 4:
        return None
    name, filename = mime.read_disposition(head.disposition)
    if name is None or filename is not None:
        return None
    shown = name.decode(errors="replace")
    filed = field_name(shown)
    if filed.key != shown or filed.path:
        return None
    return name, filed.key, head.media_type
