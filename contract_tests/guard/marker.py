"""The run's marker: what tells a row of this run from every other, invisible to the suites.

It stands inside the stored name, `bpm-1a2b3c4d-00007:Example`, after whatever white space the name begins with: a
service that trims and one that does not then both give back, the marker taken out, what they would have given without
it. What the marker costs is room: where a service cuts a name at 128 characters, a suite sees `Marker.LENGTH` fewer.
Ordering by name becomes ordering by creation.
"""

from __future__ import annotations

import re
import secrets

_BLANKS = re.compile(r"[\s\0]*")


class Marker:
    """The marker of one run, `bpm-` and eight hex digits, and that of each create in it."""

    LENGTH = 19
    LAST = 99_999

    def __init__(self, run: str | None = None) -> None:
        self.run = run or f"bpm-{secrets.token_hex(4)}"
        self._text = re.compile(re.escape(self.run) + r"-(\d{5}):")
        self._bytes = re.compile(self._text.pattern.encode())

    def of(self, number: int) -> str:
        """Return the unique marker of a create; 0 is for a write that should create nothing."""
        return f"{self.run}-{number:05}:"

    @staticmethod
    def is_blank(name: str) -> bool:
        """Tell whether a name is empty or white space."""
        found = _BLANKS.match(name)
        return found is not None and found.end() == len(name)

    def insert(self, name: str, number: int) -> str:
        """Return the name with the marker in it; a blank name stays as it is, since it should be refused."""
        found = _BLANKS.match(name)
        start = found.end() if found else 0
        return name if start == len(name) else name[:start] + self.of(number) + name[start:]

    def strip(self, body: bytes) -> bytes:
        """Return a body without any marker of the run, all else as it was."""
        return self._bytes.sub(b"", body)

    def strip_text(self, text: str) -> str:
        """Return a text without any marker of the run."""
        return self._text.sub("", text)

    def number_in(self, text: str) -> int | None:
        """Return the number of the first marker of the run in a text."""
        found = self._text.search(text)
        return int(found[1]) if found else None
