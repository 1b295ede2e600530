"""An answer of the target, as it came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

Headers = tuple[tuple[str, str], ...]

# What belongs to one connection and is not passed on; bodies are re-framed.
HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade", "content-length"),
    }
)


class Reply(NamedTuple):
    """Status, reason, headers in their order, body without transfer or content coding."""

    status: int
    reason: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's first value, empty where there is none; `name` in lower case."""
        return next(self.values(name), "")

    def values(self, name: str) -> Iterator[str]:
        """Yield a header's values."""
        return (value.strip() for key, value in self.headers if key.lower() == name)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300
