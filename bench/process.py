"""The mock as a process: how soon it answers, how much memory it holds."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A start that takes longer than this, in seconds, is a failure and not a figure.
_PATIENCE = 30.0


@contextmanager
def started_mock() -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    """Start `bitpeak-mock serve` and yield process, port and the seconds until its first answer."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        command = [
            sys.executable,
            "-m",
            "mock_server",
            "serve",
            "--port",
            "0",
            "--port-file",
            str(port_file),
            "-q",
        ]
        began = time.perf_counter()
        # An installed package has its bytecode; a shell that forbids to write it would measure the compiler.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            port = _first_answer(process, port_file, began)
            yield process, port, time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(timeout=_PATIENCE)


def _first_answer(process: subprocess.Popen[bytes], port_file: Path, began: float) -> int:
    while time.perf_counter() - began < _PATIENCE and process.poll() is None:
        if port_file.exists() and (text := port_file.read_text().strip()):
            connection = http.client.HTTPConnection("127.0.0.1", int(text), timeout=5)
            connection.request(
                "GET", "/api/notification-handlers/", headers={"Authorization": "Bearer mock-key"}
            )
            if connection.getresponse().status == 200:
                return int(text)
        time.sleep(0.002)
    raise RuntimeError("the mock did not start; try `bitpeak-mock serve`")


def resident_bytes(pid: int) -> int:
    """Return a process's resident memory, as ps tells it."""
    kilobytes = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(kilobytes.stdout) * 1024
