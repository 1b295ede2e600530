"""A request, what is known about it, and a reply."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from tests.second_opinion.rows import Account, Row


@dataclass(frozen=True)
class Request:
    """A request as it came. Header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query; the last of several texts of a name counts."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))


@dataclass
class Reply:
    """A reply; without a content type it has no body either."""

    status: int
    body: str = ""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """What is known about a request so far."""

    request: Request
    id: int | None = None
    key: str | None = None
    account: Account | None = None
    row: Row | None = None
    written: int | None = None

    @property
    def owner(self) -> Account:
        """The account, once the key is checked."""
        assert self.account is not None
        return self.account
