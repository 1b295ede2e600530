"""What leaves the mock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from mock_server import __version__

# On every answer, so that a test can assert that it does not talk to production.
MARKER = ("X-Bitpeak-Mock", __version__)

# On every answer of the API: how well the mock is known to be like a service.
VERIFIED = "X-Bitpeak-Mock-Verified"


Headers = tuple[tuple[str, str], ...]

# Sets of headers that are remembered. The same few are sent again and again, and a journal keeps them: one of each
# will do.
_REMEMBERED = 1024


@dataclass(slots=True)  # not frozen: those take three times as long to make, and each request makes one
class Response:
    """Status and headers as WSGI wants them, and the whole body.

    `delay`: seconds to hold it back. `wire`: how it goes wrong on the wire, by the words of `mock_server.server`.
    """

    status: str
    headers: Headers
    body: bytes
    delay: float = 0.0
    wire: str | None = None

    def with_headers(self, *more: tuple[str, str]) -> Response:
        """Return the answer with these headers, too."""
        return replace(self, headers=self.headers + more)

    def finished(self, more: Headers = ()) -> Response:
        """Take on the headers that every answer has, and these, once; return the same answer."""
        length = None if self.status[:3] == "204" else len(self.body)  # RFC 9110, section 8.6: a 204 has none
        # A redirect says a place that its client has named: of those there is no end.
        complete = _complete if self.status[:1] == "3" else _remembered_complete
        self.headers = complete(self.headers, length, more)
        return self


def _complete(headers: Headers, length: int | None, more: Headers) -> Headers:
    sized = () if length is None else (("Content-Length", str(length)),)
    return (*headers, *sized, MARKER, *more)


_remembered_complete = lru_cache(maxsize=_REMEMBERED)(_complete)
