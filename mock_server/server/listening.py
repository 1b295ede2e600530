"""The address and the certificate of a server."""

from __future__ import annotations

import errno
import socket

# asyncio itself imports ssl, so to import it late would save nothing.
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

_BACKLOG = 1024


class CannotBind(OSError):
    """An address that the server cannot listen on; its text is one sentence for people."""


class BadCertificate(OSError):
    """A certificate or key that cannot be used; its text is one sentence that names the file."""


@dataclass(frozen=True, slots=True)
class TLSFiles:
    """The files of a PEM certificate (with its chain) and its unencrypted PEM private key."""

    cert: Path
    key: Path


def listening_socket(host: str, port: int) -> socket.socket:
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
        return f"Port {port} of {host} is in use by another program."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"This computer does not have the address {host}."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"The system does not permit to listen on port {port} of {host}."
    return f"Cannot listen on port {port} of {host}: {error.strerror or error}."


def url_host(host: str) -> str:
    """Return how a bound host is written in a URL that a client on this computer can use."""
    shown = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{shown}]" if ":" in shown else shown


def tls_context(files: TLSFiles) -> ssl.SSLContext:
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
