"""Asks a PHP what it makes of the cases: ``python -m tests.forms.observe_php`` rewrites observed_php82.json.

The observations that are committed come from PHP 8.2 (CLI and its built-in server, default php.ini). Values
longer than 1000 bytes are observed as their length and SHA-256.
"""

import hashlib
import http.client
import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.forms import cases, text_cases

OBSERVED = Path(__file__).with_name("observed_php82.json")
ROUTER = r"""<?php
function hex($v) {
    if (!is_array($v)) return is_string($v) ? bin2hex($v) : $v;
    $seen = [];
    foreach ($v as $k => $x) if ($k !== 'tmp_name') $seen[] = [bin2hex((string) $k), hex($x)];
    return $seen;
}
echo json_encode([hex($_POST), hex($_FILES)]);
"""
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
    """Give bytes as ISO-8859-1, and long ones as a digest."""
    if len(text) > 1000:
        return f"{len(text)} bytes, SHA-256 {hashlib.sha256(text).hexdigest()}"
    return text.decode("latin-1")


def _plain(seen: Any) -> Any:
    if isinstance(seen, list):
        return {bytes.fromhex(key).decode("latin-1"): _plain(value) for key, value in seen}
    return short(bytes.fromhex(seen)) if isinstance(seen, str) else seen


def _file(seen: dict[str, Any]) -> dict[str, Any]:
    return {name: seen[name] for name in ("name", "type", "size", "error")}


class Php:
    """A PHP that is running on a port of its own."""

    def __enter__(self) -> "Php":
        self.folder = tempfile.TemporaryDirectory()
        router = Path(self.folder.name, "router.php")
        router.write_text(ROUTER)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        settings = ["-d", "display_errors=0", "-d", "log_errors=0"]
        command = ["php", *settings, "-S", f"127.0.0.1:{self.port}", str(router)]
        self.server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(1)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.terminate()
        self.server.wait()
        self.folder.cleanup()

    def post(self, content_type: str, body: bytes) -> dict[str, Any]:
        """Give $_POST and $_FILES (without tmp_name)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", "/", body, {"Content-Type": content_type})
        post, files = map(_plain, json.loads(connection.getresponse().read()))
        connection.close()
        return {"post": post, "files": {key: _file(seen) for key, seen in files.items()}}


def _texts(ask: str, texts: list[str]) -> dict[str, Any]:
    asked = json.dumps([[ask, text] for text in texts])
    seen = subprocess.run(
        ["php", "-r", TEXTS], input=asked, capture_output=True, text=True, check=True
    ).stdout
    return dict(zip(texts, json.loads(seen), strict=True))


def observe() -> dict[str, Any]:
    """Ask about every case."""
    version = subprocess.run(["php", "-r", "echo PHP_VERSION;"], capture_output=True, text=True, check=True)
    urlencoded = "application/x-www-form-urlencoded"
    with Php() as php:
        return {
            "php": version.stdout,
            "to_int": _texts("to_int", text_cases.NUMBERS),
            "strip_tags": _texts("strip_tags", text_cases.TAGS),
            "trim": _texts("trim", text_cases.BLANKS),
            "truthy": _texts("truthy", text_cases.TRUTHS),
            "multipart": {case: php.post(cases.TYPE, body) for case, body in cases.BODIES.items()},
            "content types": {
                kind: php.post(kind, cases.of_length(boundary)[1])["post"]
                for kind, boundary in cases.CONTENT_TYPES.items()
            },
            "boundary lengths": {
                str(length): php.post(*cases.of_length(b"x" * length))["post"]
                for length in cases.BOUNDARY_LENGTHS
            },
            "names": {
                name: php.post(cases.TYPE, cases.named(name.encode()) + cases.END)["post"]
                for name in text_cases.NAMES
            },
            "urlencoded": {
                body: php.post(urlencoded, body.encode())["post"] for body in text_cases.URLENCODED
            },
        }


if __name__ == "__main__":
    OBSERVED.write_text(json.dumps(observe(), indent=1, ensure_ascii=False) + "\n")
