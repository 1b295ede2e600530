"""Where all processes of a test run find their one mock.

The first that needs it starts it, and the run's own process ends it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Seconds that a mock may take to start, on a machine that is busy with tests.
_PATIENCE = 60.0
_AGAIN = 0.01


class CannotStart(Exception):
    """The mock does not start; the sentence is its own."""


class Rendezvous:
    """A folder that the processes of a run share, and the port whose listener keeps the mocks of the run alive."""

    def __init__(self, folder: Path, lifeline: int) -> None:
        self.folder = folder
        self.lifeline = lifeline

    def url(self, flags: Sequence[str]) -> str:
        """Return where the mock with these flags of `serve` is; start it where it is not. Raises CannotStart."""
        name = hashlib.sha256(json.dumps(list(flags)).encode()).hexdigest()[:12]
        port_file = self.folder / f"{name}.port"
        starter = self._start(name, flags) if self._first(name) else None
        deadline = time.monotonic() + _PATIENCE
        while not port_file.exists():
            self._look(name, starter)
            if time.monotonic() > deadline:
                raise CannotStart(f"The mock did not start within {_PATIENCE:g} seconds. {self._log(name)}")
            time.sleep(_AGAIN)
        if starter is not None:
            # It is not for this process to wait for: a worker may end before the others. Told so, Popen is content.
            starter.returncode = 0
        return f"http://127.0.0.1:{port_file.read_text(encoding='ascii').strip()}"

    def _first(self, name: str) -> bool:
        try:
            (self.folder / f"{name}.starting").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _start(self, name: str, flags: Sequence[str]) -> subprocess.Popen[bytes]:
        where = [
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--port-file",
            str(self.folder / f"{name}.port"),
            "--quiet",
        ]
        command = [sys.executable, "-m", "mock_server.lifeline", str(self.lifeline), "serve", *flags, *where]
        # A group of its own: Ctrl-C is for the run, which then ends the mock.
        own: dict[str, Any] = (
            {
                "creationflags": 0x200
            }  # CREATE_NEW_PROCESS_GROUP, which other systems' subprocess does not have
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **own)  # noqa: S603

    def _look(self, name: str, starter: subprocess.Popen[bytes] | None) -> None:
        """Raise CannotStart where the mock has ended, for the other processes too."""
        failed = self.folder / f"{name}.failed"
        if starter is not None and starter.poll() is not None:
            failed.touch()
        if failed.exists():
            raise CannotStart(self._log(name))

    def _log(self, name: str) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace").strip()
        return ""


class Host:
    """The run's own process: it makes the rendezvous and ends what met there."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        folder = Path(tempfile.mkdtemp(prefix="bitpeak-mock-"))
        self.rendezvous = Rendezvous(folder, self._listener.getsockname()[1])

    def urls(self) -> list[str]:
        """Return where the mocks are that were started."""
        ports = (
            path.read_text(encoding="ascii").strip() for path in sorted(self.rendezvous.folder.glob("*.port"))
        )
        return [f"http://127.0.0.1:{port}" for port in ports]

    def close(self) -> None:
        """End the mocks and remove the folder. A mock's port file goes when it does."""
        self._listener.close()
        deadline = time.monotonic() + 5.0
        while any(self.rendezvous.folder.glob("*.port")) and time.monotonic() < deadline:
            time.sleep(_AGAIN)
        shutil.rmtree(self.rendezvous.folder, ignore_errors=True)
