"""PHP's walk over a multipart body, from boundary line to boundary line (rfc1867.c), which is not RFC 7578.

It goes on after the closing boundary, stops at a part without a name, and takes what it has of a body that
was cut off. Not imitated: upload_max_filesize, MAX_FILE_SIZE and whatever else turns an upload into an error.
"""

from typing import Final

from mock_server.php import mime
from mock_server.php.form import (
    UPLOAD_ERR_NO_FILE,
    UPLOAD_ERR_OK,
    UPLOAD_ERR_PARTIAL,
    Form,
    Kind,
    Limits,
    Part,
    Remark,
    TooManyFields,
)
from mock_server.php.gather import Gathering
from mock_server.php.values import NESTING, field_name

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
_CR: Final = 13


def parse(body: bytes, line: bytes, limits: Limits) -> Form:
    """Read ``body`` part by part; ``line`` is "--" and the boundary. Raises TooManyFields."""
    return _Walk(body, line, limits).run()


class _Walk:
    def __init__(self, body: bytes, line: bytes, limits: Limits) -> None:
        self.body = body
        self.line = line
        self.room = max(mime.BUFFER, len(line) + 4)
        self.at = 0
        self.limits = limits
        self.nameless_files = 0
        self.uploads = 0
        self.skips_files = False  # once a file was skipped, PHP skips all further ones
        self.gathering = Gathering(limits)

    def run(self) -> Form:
        count = 0
        while (at := mime.after_boundary(self.body, self.at, self.line, self.room)) >= 0:
            if not count and self.body[at - 2] != _CR:
                self.gathering.remark(LINE_ENDS)
            count += 1
            if count > self.limits.parts:
                raise TooManyFields(self.limits.parts)
            head, self.at = mime.read_head(self.body, at, self.room)
            if not self._part(head):
                return self.gathering.form()
        if not count:
            self.gathering.remark(MISMATCH)
        elif self.body.find(self.line + b"--", self.at) < 0:
            self.gathering.remark(TRUNCATED)
        return self.gathering.form()

    def _part(self, head: mime.Head) -> bool:
        """Take the part whose headers were just read; False if PHP reads no further."""
        if head.disposition is None:
            self.gathering.ignored()
            self.gathering.remark(UNDISPOSED)
            return True
        name, filename = mime.read_disposition(head.disposition)
        if filename is not None:
            self._file(name, filename, head.media_type)
        elif name is not None:
            self.gathering.text(name, self._data()[0], head.media_type)
        else:
            self.gathering.ignored()
            self.gathering.remark(NAMELESS)
            return False
        return True

    def _data(self) -> tuple[bytes, bool]:
        """Read up to the next LF and boundary, whatever follows it; say whether there was one."""
        needle = b"\n" + self.line
        start, end = self.at, self.body.find(needle, self.at)
        complete = end >= 0
        if not complete:
            end = _begun(self.body, start, needle)
        if start < end < len(self.body) and self.body[end - 1] == _CR:
            end -= 1
        self.at = end
        return self.body[start:end], complete

    def _file(self, name: bytes | None, filename: bytes, media_type: str | None) -> None:
        if self.uploads >= self.limits.files:
            self.skips_files = True
            self.gathering.remark(FILES)
        if name is None:
            name = b"%d" % self.nameless_files  # PHP numbers them
            self.nameless_files += 1
        if not self.skips_files and not _balanced(name):
            self.skips_files = True
            self.gathering.remark(GARBLED)
        if self.skips_files:
            self.gathering.ignored(name)
        else:
            self._upload(name, filename, media_type)

    def _upload(self, name: bytes, filename: bytes, media_type: str | None) -> None:
        data, complete, error = b"", True, UPLOAD_ERR_NO_FILE
        if filename:
            data, complete = self._data()
            error = UPLOAD_ERR_OK if complete else UPLOAD_ERR_PARTIAL
            self.uploads += 1
        filed = field_name(name.decode(errors="replace"))
        # $_FILES has one level more than the name: file[name][x].
        key = None if filed.too_deep or len(filed.path) >= NESTING else filed.key
        base = min(filename.rpartition(b"/")[2], filename.rpartition(b"\\")[2], key=len)
        shown = base.decode(errors="replace")
        kind: Kind = "ignored" if key is None else "file"
        self.gathering.upload(Part(name, key, kind, shown, media_type, data, None, error=error))


def _begun(body: bytes, at: int, needle: bytes) -> int:
    """Give the place where a boundary has begun that the end of the body cuts off, or the end."""
    at = body.find(b"\n", max(at, len(body) - len(needle)))
    while at >= 0:
        if needle.startswith(body[at:]):
            return at
        at = body.find(b"\n", at + 1)
    return len(body)


def _balanced(name: bytes) -> bool:
    # C strings end at NUL, but a header line was cut there already.
    depth = 0
    for at, sign in enumerate(name):
        if sign == ord("["):
            depth += 1
        elif sign == ord("]"):
            depth -= 1
            if depth < 0 or name[at + 1 : at + 2] not in {b"", b"["}:
                return False
    return depth == 0
