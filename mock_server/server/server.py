"""The server: its address and certificate, a thread with an event loop, and the connections on it."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket

# asyncio itself imports ssl, so to import it late would save nothing.
import ssl
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mock_server.server.connection import Connection
from mock_server.server.request import HEAD, IDLE, ServerLimits, server_environ

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LOG = logging.getLogger("mock_server.server")

# In seconds. Timeouts are looked for this often, or more often if a limit is short.
_SWEEP = 0.5
# How long to wait before the next client is let in when descriptors have run out.
_EXHAUSTED = 0.1
# How long a connection must have been idle to be closed when the server stops. Without a pause, the next request of a
# busy client could meet a closed connection.
_QUIET = 0.02
# How long connections get to send what is left when the server is out of time.
_MOMENT = 0.2

# So many connections call the app before any of them sends. To alternate between the app and the system's sending takes
# the CPU's caches from both: without batches, a quarter fewer requests a second (16 connections). In larger batches,
# clients wait for each other.
_BATCH = 8

_BACKLOG = 1024

# File descriptors that connections leave to the rest of the process: the app reads files, and imports.
_RESERVE = 32
# How often a shortage of descriptors is logged, in seconds.
_LOGGED = 10.0


class CannotBind(OSError):
    """The server cannot listen on the address. The message is one sentence for people."""


class BadCertificate(OSError):
    """A certificate or key cannot be used. The message is one sentence that names the file."""


@dataclass(frozen=True, slots=True)
class TLSFiles:
    """The files of a PEM certificate (with its chain) and its unencrypted PEM private key."""

    cert: Path
    key: Path


class _Loop(asyncio.SelectorEventLoop):
    """The same kind of event loop on every system. Its clock goes on if a test replaces `time`."""

    time = staticmethod(time.monotonic)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop of uvloop if it is installed (`bitpeak-mock[fast]`), else one of asyncio."""
    try:
        uvloop = import_module("uvloop")
    except ImportError:
        return _Loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


class Server:
    """Serves a WSGI app on one address, from a thread of its own.

    `start`, `stop` and `url` may be used from any thread. As a context manager it starts and stops:

        with Server(app) as server:
            requests.get(server.url)

    Assign `app` to serve another app with the same address and connections.
    """

    def __init__(
        self,
        app: WSGIApplication,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: TLSFiles | None = None,
        limits: ServerLimits = ServerLimits(),  # noqa: B008 - it is frozen
    ) -> None:
        self.app = app
        self.host = host
        self.port = port
        self.limits = limits
        self._tls = tls
        self._thread: threading.Thread | None = None
        # What connections use: the environ that all requests share, who is connected, and whether the server stops.
        self.environ = server_environ(host, port, "https" if tls else "http")
        self.connections: set[Connection] = set()
        self.stopping = False
        self._arriving: set[asyncio.Task[None]] = set()
        self._woken: list[Connection] = []
        self._asleep = 0.0
        self._complained = -_LOGGED

    @property
    def url(self) -> str:
        """The URL for clients on this computer, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://{_url_host(self.host)}:{self.port}"

    def start(self) -> None:
        """Listen and serve. When it returns, clients can connect and `port` is the real one.

        Raises `CannotBind`, `BadCertificate`, or `RuntimeError` if the server is running.
        """
        if self._thread is not None and self._thread.is_alive():
            raise RuntimeError("The server is already running.")
        self._context = _tls_context(self._tls) if self._tls else None
        self._socket = _listening_socket(self.host, self.port)
        self._most = _most_connections()
        self.port = self._socket.getsockname()[1]
        self.environ["SERVER_PORT"] = str(self.port)
        self.stopping = False
        self._woken.clear()
        runner = asyncio.Runner(loop_factory=new_event_loop)
        self._loop = runner.get_loop()
        self._stopped: asyncio.Future[float] = self._loop.create_future()
        self._hurry = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(runner,), name="mock-server", daemon=True)
        self._thread.start()

    def stop(self, grace: float = 5.0) -> None:
        """Stop accepting, respond to accepted requests, close, and return when all is closed.

        Responses that are still delayed after `grace` seconds are sent at once. This does nothing if the server is not
        running. If the app itself calls it, it returns at once.
        """
        thread = self._thread
        if thread is None:
            return
        with suppress(RuntimeError):  # another call stopped the server first, and the loop is closed
            self._loop.call_soon_threadsafe(self._stop_soon, grace)
        if thread is not threading.current_thread():
            thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    # What connections call.

    def now(self) -> float:
        """Return the time in seconds, without the time for which this process was stopped."""
        return asyncio.get_running_loop().time() - self._asleep

    def wake(self, connection: Connection) -> None:
        """Let a connection go on, together with others that are woken in this turn of the event loop."""
        if not self._woken:
            asyncio.get_running_loop().call_soon(self._advance)
        self._woken.append(connection)

    async def pause(self, seconds: float) -> bool:
        """Wait, and return true; or return false as soon as the server is out of time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        return not self._hurry.is_set()

    # What runs on the event loop, in the server's thread.

    def _run(self, runner: asyncio.Runner) -> None:
        self._loop.set_exception_handler(_report)
        with self._socket, runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._listen()
        self._sweep(self._loop.time())
        grace = await self._stopped
        self._loop.remove_reader(self._socket)
        while self._accept():
            pass
        self._socket.close()
        if self._arriving:  # without TLS, this takes a few turns of the loop
            await asyncio.wait(self._arriving, timeout=_QUIET)
        self.stopping = True
        await self._until_closed(grace)
        self._hurry.set()
        await self._until_closed(_MOMENT)
        for connection in list(self.connections):
            connection.abort()
        for task in self._arriving:
            task.cancel()
        await asyncio.gather(*self._arriving, return_exceptions=True)
        await self._until_closed(_MOMENT)

    def _stop_soon(self, grace: float) -> None:
        if not self._stopped.done():
            self._stopped.set_result(grace)

    def _listen(self) -> None:
        if not self._stopped.done():
            self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> bool:
        """Accept the next client, and return whether there was one.

        asyncio's own servers lose connections that they have just accepted when they close.
        """
        try:
            if len(self.connections) + len(self._arriving) >= self._most:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))  # noqa: TRY301 - as `accept` does
            client, _ = self._socket.accept()
        except BlockingIOError:
            return False
        except ConnectionError:
            return True  # it left before it was accepted
        except OSError as error:
            self._complain(error)
            self._make_room()
            self._loop.remove_reader(self._socket)
            self._loop.call_later(_EXHAUSTED, self._listen)
            return False
        task = self._loop.create_task(self._connect(client))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)
        return True

    async def _connect(self, client: socket.socket) -> None:
        limits, tls = self.limits, self._context
        # A handshake that fails is the client's problem: asyncio has closed the socket.
        with suppress(OSError):
            await self._loop.connect_accepted_socket(
                lambda: Connection(self),
                client,
                ssl=tls,
                ssl_handshake_timeout=limits.head_seconds if tls else None,
                ssl_shutdown_timeout=limits.linger_seconds if tls else None,
            )

    def _complain(self, error: OSError) -> None:
        """Log that clients cannot be accepted, but not for each client."""
        now = self._loop.time()
        if now - self._complained >= _LOGGED:
            self._complained = now
            _LOG.warning("No connection can be accepted: %s. Idle connections are closed.", error.strerror)

    def _make_room(self) -> None:
        """Close the connections that have been quiet for longest, because there are no more descriptors.

        Connections that have sent a part of a head are closed only if no others are idle.
        """
        for kind in (IDLE, HEAD):
            quiet = sorted(
                (each for each in self.connections if each.rests(kind)), key=lambda each: each.since
            )
            for connection in quiet[: len(quiet) // 8 + 1]:
                connection.abort()
            if quiet:
                return

    def _sweep(self, swept: float) -> None:
        """Check regularly for clients that are too slow."""
        now, limits = self._loop.time(), self.limits
        shortest = min(limits.head_seconds, limits.body_seconds, limits.idle_seconds, limits.write_seconds)
        seconds = min(_SWEEP, max(0.01, min(shortest, limits.linger_seconds) / 4))
        if now - swept > 2 * seconds:
            # This process was stopped, or the computer slept, so requests may be unread.
            self._asleep += now - swept
        for connection in list(self.connections):
            connection.check(self.now())
        self._loop.call_later(seconds, self._sweep, now)

    def _advance(self) -> None:
        """Let the woken connections respond in batches, and then send the responses of each batch."""
        woken, self._woken = self._woken, []
        for start in range(0, len(woken), _BATCH):
            batch = woken[start : start + _BATCH]
            for connection in batch:
                try:
                    connection.advance()
                except Exception:  # a defect of the server, which must not end the other connections
                    _LOG.exception("A connection failed.")
                    connection.abort()
            for connection in batch:
                connection.send()

    async def _until_closed(self, seconds: float) -> None:
        """Close quiet connections, until all are closed or the time is over."""
        deadline = self._loop.time() + seconds
        while self.connections and self._loop.time() < deadline:
            now = self.now()
            for connection in list(self.connections):
                connection.check(now)
                if connection.idle and now - connection.since >= _QUIET:
                    connection.close()
            await asyncio.sleep(0.005)


def _report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log errors of asyncio, whose own handler prints them."""
    error = context.get("exception")
    if isinstance(error, OSError):
        _LOG.warning("A connection failed: %s", error)
    else:
        _LOG.error("%s", context.get("message", "The event loop failed."), exc_info=error)


def _most_connections() -> int:
    """Return how many connections may be open at once."""
    if sys.platform == "win32":  # pragma: no cover - its `select` takes 512 sockets
        return 500
    import resource  # late: Windows has none

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if limit == resource.RLIM_INFINITY else max(1, limit - _RESERVE)


def _listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` (a name, an IPv4 or IPv6 address) and `port` (0: any free one).

    A name with several addresses means its first IPv4 address. Raises `CannotBind`.
    """
    if not 0 <= port <= 65535:
        raise CannotBind(f"Invalid port {port}: use 0–65535.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotBind(f"Unknown host {host!r}: use an address or a name of this computer.") from error
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    # Accepted sockets inherit the protocol number, and asyncio sets TCP_NODELAY only if it is TCP's.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":  # pragma: no cover - there, SO_REUSEADDR would steal a port in use
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Only so that a restart need not wait for old connections' TIME_WAIT.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # At once, not when the loop starts: on Linux two sockets may bind one port, but only one may listen.
        sock.listen(_BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise CannotBind(_sentence(error, host, port)) from error
    return sock


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program. Choose another, or 0 for a free one."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"This computer does not have the address {host}."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"No permission to listen on port {port} of {host}."
    return f"Cannot listen on port {port} of {host}: {error.strerror or error}."


def _url_host(host: str) -> str:
    """Return how a bound host is written in a URL that a client on this computer can use."""
    shown = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{shown}]" if ":" in shown else shown


def _tls_context(files: TLSFiles) -> ssl.SSLContext:
    """Return a server's TLS settings. Raises `BadCertificate`."""
    for path in (files.cert, files.key):
        try:
            path.read_bytes()
        except OSError as error:
            raise BadCertificate(f"Cannot read {path}: {error.strerror}.") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Clients that offer HTTP/2 as well learn here that this server speaks 1.1.
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password of our own, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(files.cert, files.key, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "not a certificate and its unencrypted key, in PEM"
        raise BadCertificate(f"Cannot use {files.cert} and {files.key} for TLS: {reason}.") from error
    return context
