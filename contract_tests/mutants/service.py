"""The mock as a process of its own: what stands behind the saboteur."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 120.0  # seconds for the mock to be ready, on a machine that has other things to do
_PAUSE = 0.05


@contextmanager
def service(answers: Sequence[str] = ()) -> Iterator[int]:
    """Serve the mock with answers to open questions, and yield its port. Raises RuntimeError if it does not start."""
    with tempfile.TemporaryDirectory() as folder:
        port = Path(folder, "port")
        command = [
            sys.executable,
            "-m",
            "mock_server",
            "serve",
            "--port",
            "0",
            "--port-file",
            str(port),
            "--quiet",
        ]
        command += [word for answer in answers for word in ("--answer", answer)]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603  # our own program
        try:
            yield _wait(process, port)
        finally:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: Path) -> int:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        text = port.read_text(encoding="ascii") if port.exists() else ""
        if text.strip():
            return int(text)
        time.sleep(_PAUSE)
    raise RuntimeError("the mock does not start")
