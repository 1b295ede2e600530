"""A PHP that runs on loopback and says what it makes of a request."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import Any, Self

ROUTER = r"""<?php
function hex($v) {
    if (!is_array($v)) return is_string($v) ? bin2hex($v) : $v;
    $seen = [];
    foreach ($v as $k => $x) $seen[] = [bin2hex((string) $k), hex($x)];
    return $seen;
}
function hashes($paths) {
    return is_array($paths) ? array_map('hashes', $paths) : ($paths === '' ? '' : hash_file('sha256', $paths));
}
foreach ($_FILES as &$file) {
    $file['sha256'] = hashes($file['tmp_name']);
    unset($file['tmp_name'], $file['full_path']);
}
echo json_encode([hex($_POST), hex($_FILES)]);
"""
_SECONDS = 10.0


class Php:
    """PHP's command-line server, with its default settings, on a free port. Raises OSError if PHP is not installed."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        router = Path(self._folder.name, "router.php")
        router.write_text(ROUTER)
        settings = ["-d", "display_errors=0", "-d", "log_errors=0"]
        command = ["php", *settings, "-S", "127.0.0.1:0", str(router)]
        self._server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._server.stderr is not None
        # "[…] PHP 8.2.36 Development Server (http://127.0.0.1:38581) started", and then a line for each request.
        started = self._server.stderr.readline()
        self.port = int(started.rpartition(":")[2].partition(")")[0])
        self._drain = threading.Thread(target=deque, args=(self._server.stderr, 0), daemon=True)
        self._drain.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait()
        self._drain.join()
        assert self._server.stderr is not None
        self._server.stderr.close()
        self._folder.cleanup()

    def post(self, content_type: str, body: bytes) -> dict[str, Any]:
        """Return what PHP makes of a body, as `ask` does."""
        head = f"POST / HTTP/1.1\r\nHost: php\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        return self.ask(head.encode("latin-1") + body)

    def ask(self, request: bytes) -> dict[str, Any]:
        """Send a whole request. Return `post` and `files`: $_POST and $_FILES, their texts decoded as ISO-8859-1."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_SECONDS) as connection:
            connection.sendall(request)
            answer = b""
            while data := connection.recv(65536):
                answer += data
        post, files = map(_plain, json.loads(answer.partition(b"\r\n\r\n")[2]))
        return {"post": post, "files": files}


def version() -> str:
    """Return PHP's version. Raises OSError if PHP is not installed."""
    asked = ["php", "-r", "echo PHP_VERSION;"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


def _plain(seen: Any) -> Any:
    if isinstance(seen, list):
        return {bytes.fromhex(key).decode("latin-1"): _plain(value) for key, value in seen}
    return bytes.fromhex(seen).decode("latin-1") if isinstance(seen, str) else seen
