"""One request and its answer, fit to be shown: without the key, and without rows of others."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import NamedTuple

# The shell variable that stands for the key wherever a request is shown.
KEY_VARIABLE = "$BITPEAK_API_KEY"

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
_ESCAPES = {"\r": "\\r", "\n": "\\n", "\t": "\\t"}

Headers = tuple[tuple[str, str], ...]


class FormField(NamedTuple):
    """A field as the suite sent it; `filename` is None where it was sent as text."""

    name: str
    value: str
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What passed the guard, or did not.

    `url` is the target's. `operation` is an operationId, empty where the document has none. Names are those that the
    suite sent and saw, without the run's marker. `media_type` is that of the request's body: `multipart/form-data`,
    another one or empty; `form` holds its fields, `raw` its text where it is sent as no form. Both are UTF-8 with other
    bytes as lone surrogates. `status` is 0 where the target did not answer. `refused` and `failed` are reasons, empty
    for an exchange that took place.
    """

    method: str
    url: str
    operation: str
    request_headers: Headers
    media_type: str
    form: tuple[FormField, ...]
    raw: str
    status: int
    headers: Headers
    body: str
    milliseconds: float
    refused: str = ""
    failed: str = ""

    def as_curl(self) -> str:
        """Return one line for a POSIX shell that repeats the request, with the key in `$BITPEAK_API_KEY`."""
        words = ["curl", "--request", shlex.quote(self.method), shlex.quote(self.url)]
        for name, value in self.request_headers:
            if name.lower() == "authorization":
                words += ["--header", _quoted(f"Authorization: {value}")]
        flag = {MULTIPART: "--form-string", URLENCODED: "--data-urlencode"}.get(self.media_type, "")
        if flag and self.form:
            words += [word for f in self.form for word in (flag, _argument(f"{f.name}={f.value}"))]
        elif self.raw:
            kind = next((v for name, v in self.request_headers if name.lower() == "content-type"), "")
            words += ["--header", shlex.quote(f"Content-Type: {kind or self.media_type}"), "--data-binary"]
            if not _is_plain(self.raw):  # an argument would lose a line's end or a byte
                return f"printf {_escapes(self.raw)} | {' '.join(words)} @-"
            words.append(shlex.quote(self.raw))
        return " ".join(words)


def _is_plain(text: str) -> bool:
    """Tell whether a text can be pasted into a terminal and is itself there."""
    return text.isprintable()


def _argument(text: str) -> str:
    """Quote an argument; one with signs that nobody can paste is spelled by printf."""
    return shlex.quote(text) if _is_plain(text) or text.endswith("\n") else f'"$(printf {_escapes(text)})"'


def _escapes(text: str) -> str:
    """Return a format for printf, of ASCII letters alone."""
    plain = text.replace("\\", "\\\\").replace("%", "%%")
    spelled = "".join(
        sign if sign.isascii() and sign.isprintable() else _ESCAPES.get(sign) or _octal(sign)
        for sign in plain
    )
    # A body of several parts begins with a dash, which printf would take for an option.
    return shlex.quote(f"\\055{spelled[1:]}" if spelled.startswith("-") else spelled)


def _octal(sign: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in sign.encode(errors="surrogateescape"))


def _quoted(text: str) -> str:
    """Quote for a shell, but let the one variable be seen."""
    before, variable, after = text.partition(KEY_VARIABLE)
    if not variable:
        return shlex.quote(text)
    return f'"{_escaped(before)}{variable}{_escaped(after)}"'


def _escaped(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", text)
