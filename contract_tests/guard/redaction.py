"""The key's text in every spelling in which it may turn up, and its removal."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus, unquote_plus, unquote_to_bytes

_SHOWN = "[key]"


class Redactor:
    """Finds and removes one key. Its repr does not show it."""

    def __init__(self, key: str) -> None:
        escaped = json.dumps(key)[1:-1]
        encoded = base64.b64encode(key.encode()).decode()
        spellings = {key, quote(key, safe=""), quote_plus(key), escaped, escaped.replace("/", "\\/"), encoded}
        self._texts = sorted(spellings - {""}, key=len, reverse=True)
        self._bytes = [text.encode() for text in self._texts]
        self._key = key

    def __repr__(self) -> str:
        return "Redactor()"

    def carries(self, text: str | bytes) -> bool:
        """Tell whether the key stands in a text, percent-encoded or not."""
        if isinstance(text, bytes):
            return any(spelling in text for spelling in self._bytes) or (
                b"%" in text and self._key.encode() in unquote_to_bytes(text)
            )
        return any(spelling in text for spelling in self._texts) or self._key in unquote_plus(text)

    def clean(self, text: str) -> str:
        """Return a text without the key."""
        for spelling in self._texts:
            text = text.replace(spelling, _SHOWN)
        return text

    def clean_bytes(self, body: bytes) -> bytes:
        """Return bytes without the key."""
        for spelling in self._bytes:
            body = body.replace(spelling, _SHOWN.encode())
        return body
