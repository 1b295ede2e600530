"""Asks a PHP what it makes of the cases: ``python -m tests.forms.observe_php`` rewrites observed_php82.json.

The observations that are committed come from PHP 8.2 (CLI and its built-in server, default php.ini). Values
longer than 1000 bytes are observed as their length and SHA-256.
"""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from tests.forms import cases, live_php, text_cases

OBSERVED = Path(__file__).with_name("observed_php82.json")
TEXTS = r"""
foreach (json_decode(stream_get_contents(STDIN)) as [$ask, $text])
    $seen[] = match ($ask) {
        'to_int' => (int) $text,
        'strip_tags' => strip_tags($text),
        'trim' => trim($text),
        'truthy' => (bool) $text,
    };
echo json_encode($seen);
"""


def short(text: bytes) -> str:
    """Return bytes decoded as ISO-8859-1, or a digest of long ones."""
    if len(text) > 1000:
        return f"{len(text)} bytes, SHA-256 {hashlib.sha256(text).hexdigest()}"
    return text.decode("latin-1")


def _short(seen: Any) -> Any:
    if isinstance(seen, dict):
        return {key: _short(value) for key, value in seen.items()}
    return short(seen.encode("latin-1")) if isinstance(seen, str) else seen


def _observed(seen: dict[str, Any]) -> dict[str, Any]:
    files = {
        key: {column: file[column] for column in ("name", "type", "size", "error")}
        for key, file in seen["files"].items()
    }
    return {"post": _short(seen["post"]), "files": _short(files)}


def _texts(ask: str, texts: list[str]) -> dict[str, Any]:
    asked = json.dumps([[ask, text] for text in texts])
    seen = subprocess.run(
        ["php", "-r", TEXTS], input=asked, capture_output=True, text=True, check=True
    ).stdout
    return dict(zip(texts, json.loads(seen), strict=True))


def observe() -> dict[str, Any]:
    """Ask about every case."""
    urlencoded = "application/x-www-form-urlencoded"
    with live_php.Php() as php:

        def post(content_type: str, body: bytes) -> dict[str, Any]:
            return _observed(php.post(content_type, body))

        return {
            "php": live_php.version(),
            "to_int": _texts("to_int", text_cases.NUMBERS),
            "strip_tags": _texts("strip_tags", text_cases.TAGS),
            "trim": _texts("trim", text_cases.BLANKS),
            "truthy": _texts("truthy", text_cases.TRUTHS),
            "multipart": {case: post(cases.TYPE, body) for case, body in cases.BODIES.items()},
            "content types": {
                kind: post(kind, cases.of_length(boundary)[1])["post"]
                for kind, boundary in cases.CONTENT_TYPES.items()
            },
            "boundary lengths": {
                str(length): post(*cases.of_length(b"x" * length))["post"]
                for length in cases.BOUNDARY_LENGTHS
            },
            "names": {
                name: post(cases.TYPE, cases.named(name.encode()) + cases.END)["post"]
                for name in text_cases.NAMES
            },
            "urlencoded": {body: post(urlencoded, body.encode())["post"] for body in text_cases.URLENCODED},
        }


if __name__ == "__main__":
    OBSERVED.write_text(json.dumps(observe(), indent=1, ensure_ascii=False) + "\n")
