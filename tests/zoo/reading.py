"""What the mock's parser and a PHP each make of a request, in one shape."""

from __future__ import annotations

import hashlib
from typing import Any

from mock_server.php import FormLimits, Part, SentForm, read
from mock_server.php.body import MULTIPART, URLENCODED

Reading = dict[str, Any]
_READABLE = frozenset({MULTIPART, URLENCODED})
ARRAY = "(array)"


def by_mock(content_type: str, body: bytes) -> Reading:
    """Return what the mock reads. Raises TooManyFields."""
    return of_form(read(content_type, body, FormLimits(), _READABLE))


def of_form(form: SentForm) -> Reading:
    """Return a form's texts and files. An array is only named as such."""
    post = {**form.fields, **dict.fromkeys(form.arrays, ARRAY)}
    return {"post": post, "files": {key: _file(part) for key, part in form.files.items()}}


def _file(part: Part) -> dict[str, Any]:
    if part.error:
        return {"error": part.error}
    digest = hashlib.sha256(part.data).hexdigest()
    return {
        "name": part.filename,
        "type": part.content_type or "",
        "size": len(part.data),
        "error": 0,
        "sha256": digest,
    }


def by_php(seen: Reading) -> Reading:
    """Return PHP's $_POST and $_FILES in the same shape, with ill-formed UTF-8 replaced as the mock replaces it."""
    post = {
        _utf8(key): ARRAY if isinstance(value, dict) else _utf8(value) for key, value in seen["post"].items()
    }
    return {"post": post, "files": {_utf8(key): _php_file(file) for key, file in seen["files"].items()}}


def _php_file(file: dict[str, Any]) -> dict[str, Any]:
    file = {column: _leaf(value) for column, value in file.items()}
    if file["error"]:
        return {"error": file["error"]}
    return {column: _utf8(value) if isinstance(value, str) else value for column, value in file.items()}


def _leaf(value: Any) -> Any:
    """Return the last entry of a file array, which the mock keeps."""
    while isinstance(value, dict):
        value = list(value.values())[-1]
    return value


def _utf8(text: str) -> str:
    return text.encode("latin-1").decode(errors="replace")
