"""A mock as a process, and the resources that it uses."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

PATIENCE = 60.0


class Sample(NamedTuple):
    """The resources of a mock at one moment: seconds since the start, resident bytes, threads, open descriptors."""

    at: float
    resident: int
    threads: int
    descriptors: int


class Mock:
    """A running `bitpeak-mock serve`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, said: Path) -> None:
        self.process = process
        self.port = port
        self._said = said
        self._seen = psutil.Process(process.pid)
        self._began = time.monotonic()

    def sample(self) -> Sample:
        """Measure the process."""
        count = getattr(self._seen, "num_fds", None) or self._seen.num_handles  # type: ignore[attr-defined]
        return Sample(
            time.monotonic() - self._began,
            self._seen.memory_info().rss,
            self._seen.num_threads(),
            count(),
        )

    def connect(self) -> http.client.HTTPConnection:
        """Return a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.connect()
        return connection

    def said(self) -> str:
        """Return its output."""
        return self._said.read_text(errors="replace")


@contextmanager
def running(folder: Path) -> Iterator[Mock]:
    """Start a mock, and stop it in any case."""
    port_file, said = folder / "port", folder / "said"
    command = [sys.executable, "-m", "mock_server", "serve", "--quiet"]
    with said.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", "0", "--port-file", str(port_file)], stdout=subprocess.DEVNULL, stderr=output
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not (port_file.exists() and port_file.read_text().strip()):
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, "the mock did not start"
            time.sleep(0.02)
        yield Mock(process, int(port_file.read_text()), said)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait(timeout=PATIENCE)
