"""A request, what becomes known of it, and a reply."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from tests.second_opinion.rows import Account, Row


@dataclass(frozen=True)
class Request:
    """A request as the wire hands it over; header names are in small letters."""

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
        """The query; of a name that comes twice the last text counts."""
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
    """What is known of a request while it is being answered."""

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
