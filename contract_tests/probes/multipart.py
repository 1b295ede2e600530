"""A multipart body with what `requests` would not send: repeated names, and bytes that are no text."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

Pairs = Iterable[tuple[str, bytes]]


def multipart(pairs: Pairs) -> dict[str, Any]:
    """Return the keyword arguments of `Api.call` for a body of these fields."""
    boundary = secrets.token_hex(12)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in pairs
    ]
    return {
        "body": b"".join(parts) + f"--{boundary}--\r\n".encode(),
        "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    }
