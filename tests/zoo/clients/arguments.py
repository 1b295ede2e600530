"""What every client is asked: URL KEY FORM, and for each field `text NAME VALUE` or `file NAME PATH`."""

import sys
from typing import NamedTuple


class Asked(NamedTuple):
    """One request to send; `form` is multipart, urlencoded or chunked."""

    url: str
    headers: dict[str, str]
    form: str
    texts: list[tuple[str, str]]
    files: list[tuple[str, str]]


def asked() -> Asked:
    """Read the command line."""
    url, key, form, *rest = sys.argv[1:]
    fields = list(zip(rest[::3], rest[1::3], rest[2::3], strict=True))
    texts, files = ([(name, value) for kind, name, value in fields if kind == k] for k in ("text", "file"))
    return Asked(url, {"Authorization": f"Bearer {key}"}, form, texts, files)
