"""A request's body: its form fields read, and changed one by one with every other byte left alone.

Texts are UTF-8 with other bytes as lone surrogates, so that a field that is not changed goes out as it came in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from contract_tests.guard.exchange import MULTIPART, URLENCODED, FormField
from contract_tests.guard.multipart import Multipart

# Takes a field's name and value, and returns the value to send.
Change = Callable[[str, str], str]


class Body:
    """A body and its Content-Type. `readable` is False where it holds something that is no form."""

    def __init__(self, content_type: str, data: bytes) -> None:
        self.media_type = content_type.partition(";")[0].partition(",")[0].strip().lower()
        self.data = data
        self.fields: tuple[FormField, ...] = ()
        self._multipart = Multipart.read(content_type, data) if self.media_type == MULTIPART else None
        self._json: Any = None
        self.readable = not data or self._read()

    def _read(self) -> bool:
        if self._multipart is not None:
            self.fields = tuple(self._multipart.fields())
            return True
        if self.media_type == URLENCODED:
            self.fields = tuple(_pair(pair) for pair in self.data.split(b"&") if pair)
            return True
        return self._read_json() if self.media_type.endswith("json") else False

    def _read_json(self) -> bool:
        try:
            self._json = json.loads(self.data)
        except (ValueError, RecursionError):
            return False
        if not isinstance(self._json, dict):
            return False
        self.fields = tuple(FormField(name, _shown(value)) for name, value in self._json.items())
        return True

    @property
    def text(self) -> str:
        """The whole body as text, for a search or for show."""
        return self.data.decode(errors="replace")

    @property
    def exact(self) -> str:
        """The whole body as text, with bytes that are no UTF-8 as lone surrogates."""
        return self.data.decode(errors="surrogateescape")

    def changed(self, change: Change) -> bytes:
        """Return the body with each field's value changed."""
        if self._multipart is not None:
            return self._multipart.changed(change)
        if self.media_type == URLENCODED:
            return b"&".join(_changed_pair(pair, change) if pair else pair for pair in self.data.split(b"&"))
        if isinstance(self._json, dict):
            return _changed_json(self._json, change, self.data)
        return self.data


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _pair(pair: bytes) -> FormField:
    name, _, value = pair.partition(b"=")
    return FormField(_decoded(name), _decoded(value))


def _decoded(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode(errors="surrogateescape")


def _changed_pair(pair: bytes, change: Change) -> bytes:
    name, value = _pair(pair)[:2]
    changed = change(name, value)
    if changed == value:
        return pair
    encoded = quote_from_bytes(changed.encode(errors="surrogateescape"), safe="")
    return pair.partition(b"=")[0] + b"=" + encoded.encode()


def _changed_json(members: dict[str, Any], change: Change, data: bytes) -> bytes:
    texts = {name: value for name, value in members.items() if isinstance(value, str)}
    changed = {name: change(name, value) for name, value in texts.items()}
    return data if changed == texts else json.dumps({**members, **changed}).encode()
