"""The way from a listening socket to connections.

Not asyncio's own `create_server`: when that closes, it loses connections that it has just let in.
"""

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from mock_server.server.limits import Limits
    from mock_server.server.listener import ListeningSocket

_log = logging.getLogger("mock_server.server")


class Acceptor:
    """Lets clients in, and hands each to a protocol of its own once it has shaken hands."""

    def __init__(
        self,
        sock: "ListeningSocket",
        protocol: "Callable[[], asyncio.Protocol]",
        context: "ssl.SSLContext | None",
        limits: "Limits",
    ) -> None:
        self._sock = sock
        self._protocol = protocol
        self._context = context
        self._handshake = limits.head_seconds if context else None
        self._farewell = limits.linger_seconds if context else None
        self._loop = asyncio.get_running_loop()
        self._arriving: set[asyncio.Task[None]] = set()
        self._accepting = self._loop.create_task(self._accept())

    async def close(self) -> None:
        """Let in who stands in the system's queue, and nobody after them."""
        self._sock.shut = True
        await turns()  # whoever is at the door is in now: a cancellation would forget them
        self._accepting.cancel()
        await turns()
        self._sock.shut = False
        with contextlib.suppress(OSError):
            while True:
                self._welcome(self._sock.accept()[0])
        self._sock.close()
        await turns()

    async def abandon(self) -> None:
        """Leave those who have not shaken hands, and let the loop close their sockets."""
        for task in self._arriving:
            task.cancel()
        await asyncio.gather(*self._arriving, return_exceptions=True)
        await turns()

    async def _accept(self) -> None:
        while True:
            try:
                conn, _ = await self._loop.sock_accept(self._sock)
            except ConnectionError:
                continue  # it left while it stood in the queue
            except OSError as error:
                # Out of file descriptors, most likely: connections that end will give some back.
                _log.warning("No connection can be accepted: %s", error)
                await asyncio.sleep(0.1)
            else:
                self._welcome(conn)

    def _welcome(self, conn: "socket.socket") -> None:
        task = self._loop.create_task(self._connect(conn))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def _connect(self, conn: "socket.socket") -> None:
        # A handshake that fails is the client's affair: asyncio has closed the socket.
        with contextlib.suppress(OSError):
            await self._loop.connect_accepted_socket(
                self._protocol,
                conn,
                ssl=self._context,
                ssl_handshake_timeout=self._handshake,
                ssl_shutdown_timeout=self._farewell,
            )


async def turns() -> None:
    """Let the loop do what it has begun.

    Eight turns take a connection from the system's queue to the answer of a request that is there.
    """
    for _ in range(8):
        await asyncio.sleep(0)
