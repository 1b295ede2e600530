"""One request for each thing that the service swallows in silence, by the mock's code for it."""

from __future__ import annotations

from collections.abc import Callable

from tests.semantics.client import BASE, Client, Reply, multipart

Provoke = Callable[[Client], Reply]

URLENCODED = "application/x-www-form-urlencoded"
GOOD, MULTIPART = multipart([("name", "N"), ("type", "slack"), ("slack", "a")])
LINE = GOOD.partition(b"\r\n")[0]
END = LINE + b"--\r\n"


def form(*fields: tuple[str, str | bytes]) -> Provoke:
    """Return an update with these fields."""
    return lambda client: client.post("/1", fields)


def body(text: bytes, media_type: str | None) -> Provoke:
    """Return an update with this body."""
    return lambda client: client.call("POST", f"{BASE}/1", text, media_type)


def part(head: bytes, text: bytes = b"N") -> bytes:
    """Return a multipart body of one part."""
    return LINE + b"\r\n" + head + b"\r\n\r\n" + text + b"\r\n" + END


def query(text: str) -> Provoke:
    """Return a list with this query."""
    return lambda client: client.get(text)


def upload(name: bytes) -> bytes:
    """Return the head of a part that is a file."""
    return b'Content-Disposition: form-data; name="' + name + b'"; filename="a.txt"'


VIOLATIONS: dict[str, Provoke] = {
    # what the operation makes of the fields
    "unknown-field": form(("name", "M"), ("colour", "red")),
    "foreign-field": form(("slack", "a")),
    "invalid-value": form(("type", "pigeon")),
    "file": body(part(upload(b"name")), MULTIPART),
    "text-cut": form(("name", "n" * 129)),
    "text-cleaned": form(("name", " <b>N</b> ")),
    # queries
    "unknown-parameter": query("?search=a"),
    "loose-parameter": query("?page=02"),
    "invalid-parameter": query("?results_per_page=7"),
    # bodies
    "array-field": form(("name[]", "a")),
    "duplicate-field": form(("name", "a"), ("name", "b")),
    "name-changed": form(("telegram.chat.id", "7")),
    "name-dropped": form(("[name]", "a")),
    "invalid-utf8": form(("name", b"\xff")),
    "content-type-missing": body(b"name=M", None),
    "content-type-unread": body(b'{"name": "M"}', "application/json"),
    "boundary-missing": body(GOOD, "multipart/form-data"),
    "boundary-invalid": body(GOOD, 'multipart/form-data; boundary="a'),
    "boundary-mismatch": body(GOOD, "multipart/form-data; boundary=other"),
    "not-multipart": body(b"name=M", MULTIPART),
    "truncated": body(GOOD[:-10], MULTIPART),
    "lf-line-ends": body(GOOD.replace(b"\r\n", b"\n"), MULTIPART),
    "part-without-name": body(part(b"Content-Disposition: form-data"), MULTIPART),
    "part-without-disposition": body(part(b"X-Name: name"), MULTIPART),
    "file-name-garbled": body(part(upload(b"a[b")), MULTIPART),
    "too-many-files": body(part(upload(b"f")).removesuffix(END) * 21 + END, MULTIPART),
    "json-in-form": body(b'{"name": "M"}', URLENCODED),
    "multipart-in-urlencoded": body(GOOD, URLENCODED),
}  # fmt: skip
