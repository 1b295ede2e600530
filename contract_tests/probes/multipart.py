"""A multipart body with what `requests` would not send: repeated names, and bytes that are no text."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

# A field's name and bytes, and whether it goes as a file.
Pairs = Iterable[tuple[str, bytes] | tuple[str, bytes, bool]]

_FILE = '; filename="value.txt"\r\nContent-Type: text/plain'


def multipart(pairs: Pairs) -> dict[str, Any]:
    """Return the keyword arguments of `Api.call` for a body of these fields."""
    boundary = secrets.token_hex(12)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{_FILE if any(file) else ""}\r\n\r\n'.encode()
        + value
        + b"\r\n"
        for name, value, *file in pairs
    ]
    return {
        "body": b"".join(parts) + f"--{boundary}--\r\n".encode(),
        "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    }
