"""Sends control requests to a mock, over HTTP or in this process."""

from __future__ import annotations

import http.client
import json
import math
import selectors
import ssl
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from operator import methodcaller
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlencode, urlsplit

from mock_server import settings
from mock_server.client.vocabulary import Duration

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_PREFIX = "/_mock"
_TOKEN = "X-Bitpeak-Mock-Token"  # noqa: S105 - the name of a header
# Seconds to wait for a response, and for one that the mock holds back until something happens.
_PATIENCE, _LONG_POLL = 30.0, 86_400.0


class ControlError(Exception):
    """The mock refused a control request, with the mock's own message."""


class Evicted(ControlError):
    """The journal no longer remembers calls that might match."""


class Unreachable(Exception):
    """No mock responds at the URL."""


class Interrupted(Unreachable):
    """The connection ended before the whole response arrived, for example by a fault on the wire."""


class NotInTime(AssertionError):
    """The awaited calls did not arrive in time."""


class TooMany(AssertionError):
    """There are more calls than a test expected."""


class WentWrong(AssertionError):
    """The mock broke its own document. This is a defect of bitpeak-mock, not of the code under test."""


class Violated(AssertionError):
    """In a strict world, the code under test sent something that the service would silently ignore or change."""


# pytest shows no frame of a module that has the name `__tracebackhide__`, if this is true of the error: the report of a
# mistake shows the line of the test, and not ours.
IS_A_MISTAKE = methodcaller(
    "errisinstance", (ControlError, Unreachable, AssertionError, RuntimeError, TypeError, ValueError)
)
__tracebackhide__ = IS_A_MISTAKE

_ERRORS: dict[int, type[Exception]] = {HTTPStatus.CONFLICT: NotInTime, HTTPStatus.GONE: Evicted}


class Headers(Mapping[str, str]):
    """Headers by name, in any case: `headers["retry-after"]`."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = {name.lower(): (name, value) for name, value in pairs}

    def __getitem__(self, name: str) -> str:
        return self._pairs[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._pairs.values())

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        return repr(dict(self))


class ClientResponse(NamedTuple):
    """A response with its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Parse the body. Raises ValueError if it is not JSON."""
        return json.loads(self.body)


class HTTPChannel:
    """Sends requests to a mock, over a pool of connections that threads may share. Raises Unreachable for a wrong URL.

    `app` is the mock itself, if it runs in this process. A mock that other computers can reach needs the `token`.
    """

    def __init__(self, url: str, app: WSGIApplication | None = None, token: str | None = None) -> None:
        self._parts = urlsplit(url)
        if self._parts.scheme not in {"http", "https"} or not self._parts.hostname:
            raise Unreachable(f"Invalid URL of a mock: {url!r}. Use for example http://127.0.0.1:4055.")
        self.url = f"{self._parts.scheme}://{self._parts.netloc}"
        self.app = app
        self._headers = {"Content-Type": "application/json"} | ({_TOKEN: token} if token else {})
        self._idle: list[http.client.HTTPConnection] = []
        self._closed = False

    def control(self, method: str, path: str, body: Any = None, /, **query: Any) -> Any:
        """Send a control request. Return the JSON of the response, or its text. Parameters that are None are not sent.

        Raises ControlError, Unreachable, NotInTime, Evicted. Example:
        `channel.control("PATCH", "/clock", {"advance": "1h"}, key="mock-anna")`
        """
        sent = {name: _text(value) for name, value in query.items() if value is not None}
        target = _PREFIX + path + (f"?{urlencode(sent)}" if sent else "")
        # `default=str`, because a YAML file may have dates, which are texts in the API.
        data = b"" if body is None else json.dumps(body, default=str).encode()
        response = self.ask(method, target, self._headers, data, _LONG_POLL if "wait" in sent else _PATIENCE)
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _ERRORS.get(response.status, ControlError)(_message(response, self.url))
        if response.headers.get("Content-Type", "").startswith("application/json"):
            return response.json()
        return response.body.decode()

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        timeout: float = _PATIENCE,
    ) -> ClientResponse:
        """Send a request once, over an idle connection if there is one. Raises Unreachable, Interrupted."""
        request = method, target, body or None, dict(headers)
        connection = self._take_idle() or self._connect()
        try:
            connection.timeout = timeout
            if connection.sock is None:
                connection.connect()
        except OSError as error:
            raise Unreachable(f"No mock responds at {self.url}: {_reason(error)}.") from error
        try:
            return self._send(connection, request)
        except (OSError, http.client.HTTPException) as error:
            raise Interrupted(f"The response of {self.url} was cut off: {_reason(error)}.") from error

    def _send(self, connection: http.client.HTTPConnection, request: tuple[Any, ...]) -> ClientResponse:
        try:
            connection.sock.settimeout(connection.timeout)
            connection.request(*request)
            response = connection.getresponse()
            received = ClientResponse(response.status, Headers(response.getheaders()), response.read())
        except BaseException:
            connection.close()
            raise
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)
        return received

    def close(self) -> None:
        """Close idle connections. Later requests use a one-off connection."""
        self._closed = True
        while (connection := self._take_idle()) is not None:
            connection.close()

    def _take_idle(self) -> http.client.HTTPConnection | None:
        """Return an idle connection that the mock has not closed."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if not _has_ended(connection):
                return connection
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port)
        return http.client.HTTPSConnection(host, port, context=ssl.create_default_context())


def _has_ended(connection: http.client.HTTPConnection) -> bool:
    """Tell whether the mock has closed an idle connection, which can then be read."""
    if connection.sock is None:  # after a response with `Connection: close`
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


class AppChannel(HTTPChannel):
    """Calls a mock in this process, without a socket."""

    def __init__(self, app: WSGIApplication) -> None:
        # A name that never resolves (RFC 6761): a client without our transport must not reach a real host.
        super().__init__("http://bitpeak-mock.invalid", app)
        self._closed = True  # a connection costs nothing, so each request makes one

    def _connect(self) -> http.client.HTTPConnection:
        # Imported here because a client over HTTP needs nothing of the server.
        from mock_server.transports import InProcessConnection

        return InProcessConnection(cast("WSGIApplication", self.app), self._parts.hostname or "")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _message(response: ClientResponse, url: str) -> str:
    try:
        title: str = response.json()["errors"][0]["title"]
    except (ValueError, LookupError, TypeError):
        return f"{url} sent {response.status} to a control request. It is not a bitpeak-mock of this version."
    return title


def write_duration(value: Duration) -> str:
    """Write a duration for the control. A number is in seconds; a text is sent as it is. Raises ValueError."""
    if isinstance(value, str):
        return value
    seconds: object = value.total_seconds() if isinstance(value, timedelta) else value
    if not isinstance(seconds, (int, float)) or not 0 <= seconds < math.inf:
        raise ValueError(
            f"Invalid duration {value!r}: use a number of seconds from 0, or a text such as '2m'."
        )
    return settings.write_duration(seconds)


def write_latency(value: Duration | tuple[float, float]) -> str:
    """Write a latency for the control. Two numbers are a range in seconds."""
    if isinstance(value, tuple):
        return "..".join(write_duration(end) for end in value)
    return write_duration(value)


def write_moment(value: str | datetime) -> str:
    """Write a moment for the control. Without a time zone it is in UTC."""
    if isinstance(value, str):
        return value
    at = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return at.isoformat()
