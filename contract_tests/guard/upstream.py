"""The connections to the target: where they may lead, how many requests they carry, how fast, and their exact bytes."""

from __future__ import annotations

import base64
import email.utils
import http.client
import io
import ipaddress
import os
import re
import socket
import ssl
import threading
import time
import urllib.request
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import certifi
from urllib3.util.wait import wait_for_read

from contract_tests.document import Facts
from contract_tests.guard.exchange import HOP_BY_HOP, GuardRefusal, Headers, Reply, TargetFailed

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PORTS = {"http": 80, "https": 443}
_LARGEST = 64 * 1024 * 1024
_MINUTE = 60.0
_LONG = 5.0  # a wait this long, in seconds, is told
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_MOST_CODINGS = 3
_TOO_MANY = 429
_PATIENCE = 6  # how often a 429 is waited out
_LONGEST_WAIT = 900.0  # seconds that a 429 may ask for
# OpenSSL's reason for a server that does not speak TLS.
_NO_TLS = frozenset({"wrong version number", "packet length too long", "record layer failure"})
# Retries of a GET if the connection fails. A timeout is not repeated: the next one would come, too.
_TRIES = 3
_FINAL = frozenset({"timeout", "coding", "too-large"})


def silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """What the user decides for a run's guard.

    `target` is the API's base URL, as in the document's `servers`; without a path it gets the document's. `key` is the
    real key, which only the guard holds. `rate` counts requests a minute, None does not slow down. `max_requests` is
    for the whole run; what the clean-up needs comes on top. `live_rows` is how many of its own rows may exist at a
    time. All times are in seconds: `timeout` for one response, to its last byte, `drain` for requests under way at the
    end, `settle` until a create without a response that no list shows counts as not done. `clock` gives seconds since
    1970 and `sleep` waits; tests replace both. `tell` is called with a sentence about what takes long: a wait for the
    budget, and the progress of the clean-up. `sweepable` is False if the key will be forgotten, so that no sweep could
    finish the clean-up: then the ledger is kept in memory only.
    """

    target: str
    key: str = field(repr=False)
    allow_writes: bool = False
    allow_plain_http: bool = False
    max_requests: int | None = None
    rate: int | None = None
    live_rows: int = 30
    ledger_dir: Path = Path(".bitpeak-ledger")
    sweepable: bool = True
    timeout: float = 30.0
    drain: float = 10.0
    settle: float = 60.0
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = silent


@dataclass(frozen=True, slots=True)
class Target:
    """The base URL taken apart. `path` has no slash at its end; `host_header` is what HTTP's Host says."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The host as in a URL, with the port if it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.host_header}"

    @property
    def url(self) -> str:
        """The base URL in its one spelling."""
        return self.origin + self.path

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this computer."""
        return is_loopback(self.host)

    def is_home(self, location: str, path: str) -> bool:
        """Tell whether a redirect from a path stays at this origin, and names no credentials."""
        place = location.strip().replace("\\", "/")
        if _SCHEME.match(place) and "://" not in place[:10]:  # some clients take what follows as a host
            return False
        try:
            there = urlsplit(urljoin(self.origin + path, place))
            return "@" not in there.netloc and (
                there.scheme,
                there.hostname,
                there.port or _PORTS.get(there.scheme),
            ) == (
                self.scheme,
                self.host,
                self.port,
            )
        except ValueError:
            return False

    def is_secured_by(self, location: str) -> bool:
        """Tell whether a redirect leads to https on the same host."""
        try:
            there = urlsplit(location.strip())
        except ValueError:
            return False
        return self.scheme == "http" and (there.scheme, there.hostname) == ("https", self.host)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this computer, without a name server."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_target(url: str, base_path: str, *, allow_plain_http: bool) -> Target:
    """Read a base URL; one without a path gets `base_path`. Raises GuardRefusal (`target`, `plain-http`)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise GuardRefusal("target", "The target is not a plain base URL: write https://HOST/PATH.")
    path = parts.path.rstrip("/") or base_path
    target = Target(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], path)
    if target.scheme == "http" and not target.is_loopback and not allow_plain_http:
        raise GuardRefusal(
            "plain-http",
            f"{target.url} would send the key in the clear: use https, or allow it with --allow-plain-http.",
        )
    return target


def proxy_for(target: Target) -> SplitResult | None:
    """Return the proxy that the environment names for a target; loopback has none.

    Raises GuardRefusal (`proxy`) if it is not an HTTP proxy.
    """
    if target.is_loopback or urllib.request.proxy_bypass(target.host):
        return None
    proxies = urllib.request.getproxies()
    url = proxies.get(target.scheme) or proxies.get("all")
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise GuardRefusal(
            "proxy", "The environment names a proxy that is not an HTTP proxy: write http://HOST:PORT."
        )
    return parts


class RateHeaders(NamedTuple):
    """The names of the rate headers in lower case, empty without them, and the window in seconds."""

    remaining: str
    reset: str
    window: float


def rate_headers(facts: Facts) -> RateHeaders:
    """Read what the document says about the rate."""
    window = (facts.service.get("quota") or {}).get("seconds", _MINUTE)
    remaining, reset = (facts.headers.get(word, "") for word in ("quota-remaining", "quota-reset"))
    return RateHeaders(remaining, reset, float(window))


class Budget:
    """How many requests a guard may send, and how fast. It waits so that suites need not. Safe from any thread.

    Within any 60 seconds no more than `rate` are sent. If the service says that none are left in its window, it
    waits until the window must have ended.
    """

    def __init__(self, settings: GuardSettings, quota: RateHeaders) -> None:
        self._settings = settings
        self._quota = quota
        self._recent: deque[float] = deque()
        self._closed_until = 0.0
        self._opened = 0.0
        self._remaining: int | None = None
        self._lock = threading.Lock()
        self.sent = 0
        self.waited = 0.0

    def take(self, *, patient: bool = True, exempt: bool = False) -> None:
        """Wait until one more request may be sent, and count it.

        Not `patient`: ignore it if the service says that none are left. `exempt` from `max_requests`. Raises
        GuardRefusal (`budget`).
        """
        self._pass(1, patient=patient, exempt=exempt)

    def wait_for(self, count: int) -> None:
        """Wait until this many requests may be sent without a pause between them."""
        self._pass(count, takes=False)

    def _pass(self, count: int, *, patient: bool = True, exempt: bool = True, takes: bool = True) -> None:
        while True:
            with self._lock:
                most = self._settings.max_requests
                if not exempt and most is not None and self.sent >= most:
                    raise GuardRefusal(
                        "budget", f"All {most} requests that this run may make have been made."
                    )
                now = self._settings.clock()
                wait = self._wait(now, patient=patient, count=count)
                if wait <= 0:
                    if takes:
                        self._recent.append(now)
                        self.sent += 1
                    return
                self.waited += wait
            self._tell(wait, now)
            self._settings.sleep(wait)

    def _tell(self, wait: float, now: float) -> None:
        if wait >= _LONG:
            is_asked = self._closed_until - now >= wait
            rate = f"the rate is {self._settings.rate} requests a minute"
            self._settings.tell(f"waiting {wait:.0f} s: {'the service asks for it' if is_asked else rate}")

    def _wait(self, now: float, *, patient: bool, count: int) -> float:
        while self._recent and self._recent[0] <= now - _MINUTE:
            self._recent.popleft()
        rate = self._settings.rate
        wait = 0.0
        if rate is None:
            self._recent.clear()
        elif (over := len(self._recent) + min(count, rate) - rate) > 0:
            wait = self._recent[over - 1] + _MINUTE - now
        return max(wait, self._closed_until - now) if patient else wait

    def learn(self, reply: Reply) -> None:
        """Note how many requests a response says are left."""
        text = reply.header(self._quota.remaining)
        if not (text.isascii() and text.isdigit()) or len(text) > 18:
            return
        with self._lock:
            now, left = self._settings.clock(), int(text)
            if self._remaining is None or left > self._remaining:
                self._opened = now
            self._remaining = left
            if left == 0:
                self._closed_until = max(self._closed_until, self._opened + self._quota.window)

    def close(self, reply: Reply) -> bool:
        """Send nothing for as long as a 429 says; False if that is too long."""
        wait = self._asked(reply)
        if wait > _LONGEST_WAIT:
            return False
        with self._lock:
            self._closed_until = max(self._closed_until, self._settings.clock() + wait)
            self._remaining = None
        return True

    def _asked(self, reply: Reply) -> float:
        """Return the seconds that a 429 asks for: Retry-After, else the document's header, else a whole window."""
        for text in (reply.header("retry-after"), reply.header(self._quota.reset)):
            if text.isascii() and text.isdigit() and len(text) < 10:
                # The other clock may be a little ahead of ours.
                return float(text) or 1.0
            try:
                moment = email.utils.parsedate_to_datetime(text).timestamp()
            except (TypeError, ValueError):
                continue
            return max(1.0, moment - self._settings.clock())
        return self._quota.window


class Parcel(NamedTuple):
    """A request to the target. Not `patient`: return a 429 at once. `exempt` from the budget's `max_requests`."""

    method: str
    path: str
    headers: Headers
    body: bytes = b""
    patient: bool = True
    exempt: bool = False


class Upstream:
    """Sends requests to one target, from any thread, within a budget; `retried` counts what was sent again.

    TLS is verified, the environment's proxy is used, and no redirect is ever followed.
    """

    def __init__(self, target: Target, budget: Budget, timeout: float) -> None:
        self.budget = budget
        self.retried = 0
        self._target = target
        self._timeout = timeout
        self._proxy = proxy_for(target)
        self._context = _tls() if target.scheme == "https" else None
        self._idle: list[http.client.HTTPConnection] = []
        self._is_closed = False
        self._lock = threading.Lock()

    def send(self, parcel: Parcel, again: Callable[[], object] | None = None) -> Reply:
        """Return the target's response; a 429 only if the parcel is not `patient`, or if it asks for too long a wait.

        It repeats only what is safe: a GET after a failed connection, and what a 429 has refused. Before the latter it
        calls `again`, since much may have happened during the wait. Raises TargetFailed and
        GuardRefusal (`budget`, `malformed-request`).
        """
        reply = self._answered(parcel)
        for _ in range(_PATIENCE):
            if reply.status != _TOO_MANY or not parcel.patient or not self.budget.close(reply):
                break
            self.retried += 1
            if again is not None:
                again()
            reply = self._answered(parcel)
        return reply

    def _answered(self, parcel: Parcel) -> Reply:
        tries = _TRIES if parcel.method == "GET" else 1
        while True:
            self.budget.take(patient=parcel.patient, exempt=parcel.exempt)
            tries -= 1
            try:
                reply = self._once(parcel)
            except TargetFailed as failure:
                if not tries or failure.reason in _FINAL:
                    raise
                self.retried += 1
                continue
            self.budget.learn(reply)
            return reply

    def _once(self, parcel: Parcel) -> Reply:
        """Send one request, once, on a connection of its own."""
        connection = self._connection()
        through_proxy = self._proxy is not None and self._context is None
        url = self._target.origin + parcel.path if through_proxy else parcel.path
        try:
            if connection.sock is not None:
                connection.sock.settimeout(self._timeout)
            response = partial(_Response, deadline=time.monotonic() + self._timeout)
            connection.response_class = cast("type[http.client.HTTPResponse]", response)
            _write_head(connection, parcel.method, url, [*self._own_headers(parcel), *parcel.headers])
            connection.endheaders(parcel.body or None)
            reply, reusable = _read(connection.getresponse(), parcel.method)
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise _failure(error, self._timeout) from None
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if reusable and not self._is_closed:
                self._idle.append(connection)
                return reply
        connection.close()
        return reply

    def close(self) -> None:
        """Close idle connections now, and busy ones after their response."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        """Return an idle connection that the target has not closed, or a new one."""
        while True:
            with self._lock:
                if not self._idle:
                    return self._new()
                connection = self._idle.pop()
            # If a byte or the end waits on an idle connection, the target is done with it. A create that is sent
            # there would be lost without a response.
            if connection.sock is not None and not wait_for_read(connection.sock, 0):
                return connection
            connection.close()

    def _new(self) -> http.client.HTTPConnection:
        target, proxy = self._target, self._proxy
        host, port = (target.host, target.port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
        if self._context is None:
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._context)
        if proxy is not None:
            connection.set_tunnel(target.host, target.port, _proxy_headers(proxy))
        return connection

    def _own_headers(self, parcel: Parcel) -> Iterator[tuple[str, str]]:
        """Yield the guard's own headers to the target, and to a proxy in plain http."""
        yield "Host", self._target.host_header
        yield "Accept-Encoding", "identity"
        if self._proxy is not None and self._context is None:
            yield from _proxy_headers(self._proxy).items()
        if parcel.body or parcel.method in {"POST", "PUT", "PATCH"}:
            yield "Content-Length", str(len(parcel.body))


class _Response(http.client.HTTPResponse):
    """A response that is never an interim one, and that must be complete by `deadline`."""

    def __init__(self, sock: socket.socket, *given: Any, deadline: float, **more: Any) -> None:
        super().__init__(sock, *given, **more)
        self.fp = io.BufferedReader(_Bounded(sock, self.fp.detach(), deadline))

    def _read_status(self) -> tuple[str, int, str]:
        """Read the status line of the final response; skip interim ones such as 103 Early Hints."""
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed leaves it out
            if not 100 <= status < 200 or status == http.client.SWITCHING_PROTOCOLS:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _Bounded(io.RawIOBase):
    """Reads from a socket until a moment of `time.monotonic`, then raises TimeoutError."""

    def __init__(self, sock: socket.socket, stream: io.RawIOBase, deadline: float) -> None:
        self._socket, self._stream, self._deadline = sock, stream, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _write_head(
    connection: http.client.HTTPConnection, method: str, url: str, headers: Iterable[tuple[str, str]]
) -> None:
    """Write the head into the connection's buffer, without sending it."""
    try:
        connection.putrequest(method, url, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
    except (ValueError, http.client.HTTPException) as error:
        what = f"The request cannot be written as HTTP ({type(error).__name__})."
        raise GuardRefusal("malformed-request", what) from None


def _read(response: http.client.HTTPResponse, method: str) -> tuple[Reply, bool]:
    body = response.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise TargetFailed("too-large", f"The target's answer is larger than {_LARGEST} bytes.")
    if not response.isclosed():
        response.read()
    headers = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
    length = response.getheader("Content-Length")
    if method == "HEAD" and length is not None:
        headers.append(("Content-Length", length))
    body, headers = _decoded(body, headers)
    return Reply(response.status, response.reason, tuple(headers), body), not response.will_close


def _decoded(body: bytes, headers: list[tuple[str, str]]) -> tuple[bytes, list[tuple[str, str]]]:
    """Undo gzip and deflate, also several of them, even though none was requested: rows inside must be masked.

    Raises TargetFailed (`coding`, `too-large`) for a body that cannot be read, or grows too large.
    """
    said = ",".join(value for name, value in headers if name.lower() == "content-encoding").lower()
    codings = [coding.strip() for coding in said.split(",") if coding.strip() not in {"", "identity"}]
    if not codings or not body:
        return body, headers
    if len(codings) > _MOST_CODINGS or not _CODINGS.issuperset(codings):
        raise TargetFailed("coding", "The target's answer is in a coding that was not asked for.")
    for _ in codings:
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            body = decoder.decompress(body, _LARGEST)
        except zlib.error:
            raise TargetFailed("coding", "The target's answer is not in the coding that it names.") from None
        if decoder.unconsumed_tail:
            raise TargetFailed("too-large", f"The target's answer is larger than {_LARGEST} bytes.")
    return body, [(name, value) for name, value in headers if name.lower() != "content-encoding"]


def _tls() -> ssl.SSLContext:
    """Trust the certificates of the system and certifi, or only the file that the environment names."""
    chosen = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    context = ssl.create_default_context(cafile=chosen or None)
    if not chosen:
        context.load_verify_locations(certifi.where())
    return context


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _tls_failure(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = "If you trust it, name the certificate of its authority in SSL_CERT_FILE."
        return f"The target's certificate is not trusted: {error.verify_message.rstrip('.')}. {remedy}"
    why = str(error.reason or type(error).__name__).lower().replace("_", " ")
    hint = " Its port may speak plain http: then begin the URL with http://." if why in _NO_TLS else ""
    return f"TLS with the target failed: {why}.{hint}"


_UNREACHED: dict[type[Exception], str] = {
    socket.gaierror: "No host of this name is known.",
    ConnectionRefusedError: "Nothing listens at this address.",
}


def _failure(error: Exception, timeout: float) -> TargetFailed:
    """Say what went wrong without a text of the exchange."""
    if isinstance(error, ssl.SSLError):
        return TargetFailed("tls", _tls_failure(error))
    if isinstance(error, TimeoutError):
        return TargetFailed("timeout", f"The target gave no whole answer within {timeout:g} s.")
    if isinstance(error, (ConnectionRefusedError, http.client.InvalidURL)) or (
        isinstance(error, OSError) and not isinstance(error, ConnectionError)
    ):
        return TargetFailed(
            "connect", _UNREACHED.get(type(error), f"No connection ({type(error).__name__}).")
        )
    return TargetFailed("no-answer", f"The target gave no whole answer ({type(error).__name__}).")
