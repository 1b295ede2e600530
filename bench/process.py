"""A server as a process: how soon it responds, and the CPU time and memory of the process and its children."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

# Seconds after which a start has failed.
_PATIENCE = 60.0


class DidNotStartError(Exception):
    """A server ended, or did not respond, instead of starting."""


class StartedServer:
    """A running server. `start_seconds`: from the command to its first response."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, start_seconds: float) -> None:
        self.port = port
        self.start_seconds = start_seconds
        self._process = psutil.Process(process.pid)

    def _tree(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the process and its children so far, user and system."""
        total = 0.0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    @property
    def resident_bytes(self) -> int:
        """Resident memory of the process and its children."""
        total = 0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str], port: int, probe: bytes, folder: Path | None = None, path: str = ""
) -> Iterator[StartedServer]:
    """Start a server, yield it as soon as `probe` succeeds, and stop it in the end. Raises DidNotStartError.

    `path` is prepended to the search path for programs.
    """
    # Allow writing bytecode, or each start would compile the package anew.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if path:
        environ["PATH"] = path + os.pathsep + environ["PATH"]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await_response(process, port, probe, began)
        yield StartedServer(process, port, time.perf_counter() - began)
    finally:
        _stop(process)


def _await_response(process: subprocess.Popen[bytes], port: int, probe: bytes, began: float) -> None:
    while time.perf_counter() - began < _PATIENCE:
        if process.poll() is not None:
            raise DidNotStartError(f"it ended with status {process.returncode}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(probe)
            if sock.recv(65536)[9:12] == b"200":
                return
        time.sleep(0.002)
    raise DidNotStartError(f"no response within {_PATIENCE:.0f} seconds")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children."""
    with suppress(psutil.NoSuchProcess):
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.terminate()
        _, alive = psutil.wait_procs(family, timeout=10)
        for each in alive:
            each.kill()
    process.wait()
