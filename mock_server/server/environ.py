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
HEAD_BYTES = "mock_server.head_bytes"
DROPPED = ""
# Clients choose header names, so what is remembered of them is bounded.
_REMEMBERED = 512
SHORT = 256  # bytes of a text that is worth remembering


class _HeaderKeys(dict[bytes, str]):
    """The environ keys of headers, each translated once: a request has several, and most have the same."""

    def __missing__(self, name: bytes) -> str:
        key = DROPPED if b"_" in name else _translated(name)
        if len(self) < _REMEMBERED and len(name) <= SHORT:
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
    """Put method and request target (RFC 9112, section 3.2) into an environ."""
    read = _remembered_target if len(target) <= SHORT else _read_target
    environ.update(read(method, target))


def _read_target(method: str, target: bytes) -> dict[str, str]:
    """Return what a method and a request target say, by the keys of the environ.

    `PATH_INFO` holds the percent-decoded bytes as latin-1, as PEP 3333 asks. In absolute form the
    target's authority replaces the Host header; in CONNECT's authority form there is no path.
    """
    whole = target.decode("latin-1")
    said = {"REQUEST_METHOD": method, "REQUEST_URI": whole, "RAW_URI": whole}
    if not target.startswith(b"/"):
        host, target = _origin_form(method, target)
        if host is not None:
            said["HTTP_HOST"] = host.decode("latin-1")
    path, _, query = target.partition(b"?")
    said["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
    said["QUERY_STRING"] = query.decode("latin-1")
    return said


# Clients ask for the same few things again and again.
_remembered_target = lru_cache(maxsize=1024)(_read_target)


def _origin_form(method: str, target: bytes) -> tuple[bytes | None, bytes]:
    """Return the host that a target names, if any, and its path and query."""
    if method == "CONNECT":
        return None, b""
    _, absolute, rest = target.partition(b"://")
    if not absolute:
        return None, target
    end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    path = rest[end:]
    return rest[:end].rpartition(b"@")[2], path if path.startswith(b"/") else b"/" + path
