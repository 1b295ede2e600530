"""One request and its answer, fit to be shown: without the key, and without rows of others."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import NamedTuple

# The shell variable that stands for the key wherever a request is shown.
KEY_VARIABLE = "$BITPEAK_API_KEY"

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
    another one or empty; `form` holds its fields, `raw` its text where it is no form. `status` is 0 where the target
    did not answer. `refused` and `failed` are reasons, empty for an exchange that took place.
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
        return " ".join(words + self._body_words())

    def _body_words(self) -> list[str]:
        if self.media_type == "multipart/form-data" and self.form:
            return [w for f in self.form for w in ("--form-string", shlex.quote(f"{f.name}={f.value}"))]
        if self.media_type == "application/x-www-form-urlencoded" and self.form:
            return [w for f in self.form for w in ("--data-urlencode", shlex.quote(f"{f.name}={f.value}"))]
        raw = self.raw
        if self.form and self.media_type.endswith("json"):
            raw = json.dumps({field.name: field.value for field in self.form}, ensure_ascii=False)
        if not raw:
            return []
        return [
            *("--header", shlex.quote(f"Content-Type: {self.media_type}")),
            *("--data-binary", shlex.quote(raw)),
        ]


def _quoted(text: str) -> str:
    """Quote for a shell, but let the one variable be seen."""
    before, variable, after = text.partition(KEY_VARIABLE)
    if not variable:
        return shlex.quote(text)
    return f'"{_escaped(before)}{variable}{_escaped(after)}"'


def _escaped(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", text)
