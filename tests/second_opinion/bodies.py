"""What a request's body sends: named bytes, or lists of them for names like `name[]`."""

import json
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from urllib.parse import unquote_to_bytes

Sent = dict[str, bytes | list[bytes]]


def read_body(body: bytes, content_type: str) -> tuple[str, Sent]:
    """Return the kind of a body (multipart, urlencoded, json or none) and what it sends."""
    header = Message()
    header["Content-Type"] = content_type
    kind = header.get_content_type() if content_type else ""
    if kind == "multipart/form-data":
        boundary = header.get_boundary()
        return "multipart", gather(_multipart(body, boundary.encode("latin-1")) if boundary else ())
    if kind == "application/x-www-form-urlencoded":
        return "urlencoded", gather(_urlencoded(body))
    if kind == "application/json":
        return "json", gather(_json(body))
    return "none", {}


def gather(pairs: Iterable[tuple[str, bytes]]) -> Sent:
    """Gather pairs as PHP does: a later text replaces an earlier one, brackets make a list."""
    sent: Sent = {}
    for name, value in pairs:
        base, bracket, _ = name.partition("[")
        if bracket and base:
            earlier = sent.get(base)
            sent[base] = [*earlier, value] if isinstance(earlier, list) else [value]
        else:
            sent[name] = value
    return sent


def _multipart(body: bytes, boundary: bytes) -> Iterator[tuple[str, bytes]]:
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if part.startswith(b"--"):
            return
        head, found, value = part.partition(b"\r\n\r\n")
        header = BytesHeaderParser().parsebytes(head.lstrip())
        name = header.get_param("name", header="content-disposition")
        # A part with a file name is a file, not a field.
        if found and isinstance(name, str) and header.get_filename() is None:
            yield name, value


def _urlencoded(body: bytes) -> Iterator[tuple[str, bytes]]:
    for pair in body.split(b"&"):
        name, _, value = (unquote_to_bytes(text) for text in pair.replace(b"+", b" ").partition(b"="))
        if name:
            yield name.decode("utf-8", "replace"), value


def _json(body: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        members = json.loads(body)
    except (ValueError, RecursionError):
        return
    for name, value in members.items() if isinstance(members, dict) else ():
        if isinstance(value, list | dict):
            items = value.values() if isinstance(value, dict) else value
            yield from ((f"{name}[]", _scalar(item)) for item in items)
        elif value is not None:
            yield name, _scalar(value)


def _scalar(value: object) -> bytes:
    if isinstance(value, bool):
        return b"1" if value else b"0"
    return str(value).encode("utf-8", "surrogatepass")
