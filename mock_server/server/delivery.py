"""One answer that goes out late, is asked for again, or goes wrong on purpose."""

import asyncio
import logging
import socket
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.server.reply import Reply

    Rendered = tuple[bytes, bytes, bool]  # head, body, and whether the connection ends

_log = logging.getLogger("mock_server.server")
_PIECES = 10
# To close with no time to linger is to reset; Windows' struct linger has shorts (winsock2.h).
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Delivery:
    """Sends one answer as its `Reply` asks, on the loop's timers: nothing waits for it.

    `ask` asks the app again, where its answer does not count yet. `done` is called once, never from within `start`,
    with whether the connection ends.
    """

    __slots__ = (
        "_ask",
        "_body",
        "_close",
        "_delay",
        "_done",
        "_head",
        "_loop",
        "_reply",
        "_timer",
        "_transport",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        reply: "Reply",
        ask: "Callable[[], Rendered]",
        done: "Callable[[bool], None]",
    ) -> None:
        self._transport = transport
        self._reply = reply
        self._ask = ask
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def start(self, answer: "Rendered") -> None:
        """Begin with the app's answer: send it later, or piece by piece from now on, or ask for another one."""
        self._head, self._body, self._close = answer
        # Not max(): it would let a NaN through, which breaks the loop's order of timers.
        self._delay = self._reply.delay if self._reply.delay > 0 else 0.0
        if self._reply.again > 0:
            self._timer = self._loop.call_later(self._reply.again, self._repeat)
        elif self._reply.wire == "slow":
            self._transport.write(self._head)
            size = max(1, -(-len(self._body) // _PIECES))
            self._timer = self._loop.call_later(self._delay / _PIECES, self._drip, size)
        else:
            self._timer = self._loop.call_later(self._delay, self._send)

    def hurry(self) -> None:
        """Do at once what is left to do: the server is out of time."""
        self.cancel()
        if self._reply.wire == "slow":
            self._drip(len(self._body))
        else:
            self._send()

    def cancel(self) -> None:
        """Send nothing more: the client is gone."""
        if self._timer is not None:
            self._timer.cancel()

    def _repeat(self) -> None:
        self._reply.again = 0.0
        self.start(self._ask())

    def _drip(self, size: int) -> None:
        piece, self._body = self._body[:size], self._body[size:]
        if piece:
            self._transport.write(piece)
        if self._body:
            self._timer = self._loop.call_later(self._delay / _PIECES, self._drip, size)
        else:
            self._done(self._close)

    def _send(self) -> None:
        wire = self._reply.wire
        close = True
        if wire == "reset":
            reset(self._transport)
        elif wire == "empty":
            self._transport.write(self._head)
        elif wire == "truncate":
            self._transport.write(self._head + self._body[: len(self._body) // 2])
        elif wire != "drop":
            if wire is not None:
                _log.error("There is no wire fault %r: the answer goes out unharmed.", wire)
            self._transport.write(self._head + self._body)
            close = self._close
        self._done(close)


def reset(transport: asyncio.Transport) -> None:
    """Reset a connection (RFC 9293, section 3.5): its peer sees an error, not an end."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
