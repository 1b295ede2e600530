"""Runs a command for as long as a listening socket exists: `python -m mock_server.lifeline PORT serve …`.

A test run starts its mock in this way and listens on PORT. When the run ends, even if it is killed, the operating
system closes the socket, and the mock ends, too. The run needs no thread, and need not accept the connection.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time

from mock_server.cli import main as run_command

# Seconds to wait until the command ends by itself.
_GRACE = 5.0


def main() -> None:
    """Run the command that follows the port."""
    port, *arguments = sys.argv[1:]
    line = socket.create_connection(("127.0.0.1", int(port)))
    threading.Thread(target=_hold, args=(line,), name="lifeline", daemon=True).start()
    sys.argv = [sys.argv[0], *arguments]
    run_command()


def _hold(line: socket.socket) -> None:
    """End this process when the other end of the connection is gone."""
    line.settimeout(None)
    with contextlib.suppress(OSError):  # a reset means the same as an end
        line.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)


if __name__ == "__main__":
    main()
