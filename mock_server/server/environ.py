"""From what HTTP says to what WSGI calls it (PEP 3333, RFC 3875)."""

import sys
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import WSGIEnvironment

WIRE_ERROR = "mock_server.wire_error"
HEADERS = "mock_server.headers"
DROPPED = ""
# Clients choose header names, so what is remembered of them is bounded.
_REMEMBERED = 512
SHORT = 256  # bytes of a text that is worth remembering


class _HeaderKeys(dict[bytes, str]):
    """The environ keys of headers, each translated once: a request has several, and most have the same."""

    def __missing__(self, name: bytes) -> str:
        key = DROPPED if b"_" in name else _translated(name)
        if len(self) < _REMEMBERED:
            self[name] = key
        return key


def server_environ(host: str, port: int, scheme: str) -> "WSGIEnvironment":
    """Return the part of the environ that all requests to one server share."""
    return {
        "REQUEST_METHOD": "",
        "SCRIPT_NAME": "",
        "PATH_INFO": "",
        "QUERY_STRING": "",
        "REQUEST_URI": "",
        "RAW_URI": "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "bitpeak-mock",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _translated(name: bytes) -> str:
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


HEADER_KEYS = _HeaderKeys()
"""A header's environ key by its name, or `DROPPED`.

A name with an underscore is dropped: `Content_Length` would have the key of `Content-Length`.
"""


def fields_of(lines: "Iterable[tuple[bytes, bytes]]") -> dict[str, str]:
    """Return headers by their environ keys; those of one name are joined (RFC 9110, section 5.3; RFC 6265)."""
    fields: dict[str, str] = {}
    for name, value in lines:
        key = HEADER_KEYS[name]
        if key in fields:
            fields[key] += ("; " if key == "HTTP_COOKIE" else ",") + value.rstrip().decode("latin-1")
        elif key is not DROPPED:
            fields[key] = text_of(value) if len(value) <= SHORT else value.rstrip().decode("latin-1")
    return fields


@lru_cache(maxsize=1024)
def text_of(value: bytes) -> str:
    """Return a header's value, or a method, as WSGI has it.

    Clients send the same values again and again, and an app may keep them: one of each will do. Only for short ones,
    since what is remembered is bounded by their number.
    """
    return value.rstrip().decode("latin-1")


def set_target(environ: "WSGIEnvironment", method: str, target: bytes) -> None:
    """Put method and request target (RFC 9112, section 3.2) into an environ.

    `PATH_INFO` holds the percent-decoded bytes as latin-1, as PEP 3333 asks. In absolute form the
    target's authority replaces the Host header; in CONNECT's authority form there is no path.
    """
    environ["REQUEST_METHOD"] = method
    whole = text_of(target) if len(target) <= SHORT else target.decode("latin-1")
    environ["REQUEST_URI"] = environ["RAW_URI"] = whole
    if not target.startswith(b"/"):
        target = _origin_form(environ, method, target)
    elif b"?" not in target and b"%" not in target:
        environ["PATH_INFO"] = environ["REQUEST_URI"]
        return
    path, _, query = target.partition(b"?")
    environ["PATH_INFO"] = (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")
    environ["QUERY_STRING"] = query.decode("latin-1")


def _origin_form(environ: "WSGIEnvironment", method: str, target: bytes) -> bytes:
    if method == "CONNECT":
        return b""
    _, absolute, rest = target.partition(b"://")
    if not absolute:
        return target
    end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    environ["HTTP_HOST"] = rest[:end].rpartition(b"@")[2].decode("latin-1")
    path = rest[end:]
    return path if path.startswith(b"/") else b"/" + path
