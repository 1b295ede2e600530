"""What leaves the mock."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from mock_server import __version__

# On every answer, so that a test can assert that it does not talk to production.
MARKER = ("X-Bitpeak-Mock", __version__)

# On every answer of the API: how well the mock is known to be like a service.
VERIFIED = "X-Bitpeak-Mock-Verified"


@lru_cache(maxsize=1024)
def header(name: str, value: str | int) -> tuple[str, str]:
    """Return a header. The same few are sent again and again, and a journal keeps them: one of each will do."""
    return name, str(value)


class Answer(NamedTuple):
    """Status and headers as WSGI wants them, and the whole body.

    `delay`: seconds to hold it back. `wire`: how it goes wrong on the wire, by the words of `mock_server.server`.
    """

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    delay: float = 0.0
    wire: str | None = None

    def finished(self, *more: tuple[str, str]) -> Answer:
        """Return the answer with the headers that every answer has, and these."""
        if self.status[:3] != "204":  # RFC 9110, section 8.6: a 204 has none
            self.headers.append(header("Content-Length", len(self.body)))
        self.headers.append(MARKER)
        self.headers.extend(more)
        return self
