"""The listening socket."""

import errno
import socket
import sys
from typing import Any

BACKLOG = 1024


class CannotBind(OSError):
    """An address that cannot be listened on; its text is one sentence for people."""


class ListeningSocket(socket.socket):
    """A socket that can stay shut while it listens.

    asyncio's `sock_accept`, cancelled just as a client arrives, accepts that client and forgets it. Shut
    before the cancellation, this socket has nobody to accept.
    """

    shut = False

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next client's socket and address; raise `BlockingIOError` if there is none."""
        if self.shut:
            raise BlockingIOError
        return super().accept()


def listening_socket(host: str, port: int) -> ListeningSocket:
    """Return a socket that listens on `host` (a name, an IPv4 or IPv6 address) and `port` (0: any free).

    Raises `CannotBind`.
    """
    family, address = resolved(host, port)
    # Accepted sockets inherit the protocol number, and asyncio sets TCP_NODELAY only where it is TCP's.
    sock = ListeningSocket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":  # pragma: no cover - there, SO_REUSEADDR would steal a port in use
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Only so that a restart need not wait for old connections' TIME_WAIT.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # At once, not when the loop starts: on Linux two sockets may bind one port; only one may listen.
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise CannotBind(_sentence(error, host, port)) from error
    return sock


def resolved(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]:
    """Return the address family and socket address of a host, IPv4 first; raise `CannotBind`."""
    if not 0 <= port <= 65535:
        raise CannotBind(f"There is no port {port}: ports go from 0 to 65535.")
    # A text goes through the codec for international names, which takes some milliseconds to import.
    name = host.encode() if host.isascii() else host
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotBind(f"The host {host!r} is neither an address nor a known name.") from error
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, address


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use: another program listens there."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"This computer has no address {host} to listen on."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} of {host} may not be used: the system refuses permission."
    return f"Port {port} of {host} cannot be listened on: {error.strerror or error}."


def url_host(host: str) -> str:
    """Return how a bound host is written in a URL that a client on this computer can use."""
    shown = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{shown}]" if ":" in shown else shown
