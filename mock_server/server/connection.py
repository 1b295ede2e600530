"""One client's connection: requests in, the app called, responses out in order."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from mock_server.server.request import HEAD, IDLE, PIECE, RequestReader
from mock_server.server.response import REPLY, Outgoing, ReplyOptions, respond

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mock_server.server.server import Server

# The bytes that a client may send while it waits for a response. Beyond them, nothing more is read.
_UNREAD = 64 * 1024
# A close without lingering resets the connection. Windows' struct linger has shorts (winsock2.h).
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Connection(asyncio.Protocol):
    """Calls the app for each request once it is complete, and sends the response.

    While a response is delayed, or the client does not read, incoming bytes stay unread. If a connection ends after a
    response, it first closes its own direction and discards what still comes. To close both at once would reset the
    connection, and the client could lose a response that it has not read yet (RFC 9112, section 9.6).
    """

    _transport: asyncio.Transport
    _requests: RequestReader

    def __init__(self, server: Server) -> None:
        self._server = server
        self._unread = bytearray()
        self._outgoing: list[bytes] = []  # responses that `send` writes
        self._delivery: asyncio.Task[None] | None = None  # sends a response that is not plain
        self._blocked = False  # the client does not take what it has
        self._ended = False  # the client sends no more
        self._lingering = False  # we send no more
        self._discarded = 0
        self._state = (0, 0)
        self.since = 0.0  # when something happened here last, by the server's clock

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Get ready for the first request."""
        self._transport = cast("asyncio.Transport", transport)
        host, port, *_ = transport.get_extra_info("peername") or ("", 0)
        environ = {**self._server.environ, "REMOTE_ADDR": host, "REMOTE_PORT": str(port)}
        self._requests = RequestReader(environ, self._server.limits)
        self.since = self._server.now()
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything. A client may leave at any time."""
        del exc
        self._server.connections.discard(self)
        self._forget()
        self._outgoing.clear()
        if self._delivery is not None:
            self._delivery.cancel()

    def data_received(self, data: bytes) -> None:
        """Respond to the requests that this completes, together with those of other connections."""
        if self._lingering:
            self._discarded += len(data)
            if self._discarded > self._server.limits.linger_bytes:
                self._transport.abort()
            return
        self._unread += data
        if len(self._unread) > _UNREAD and not self._may_respond:
            self._transport.pause_reading()
        else:
            self._server.wake(self)

    def eof_received(self) -> bool:
        """Stay half open if the client has not read all responses. Otherwise close.

        While a response is delayed, the end means that the client gave up waiting. (It may have closed only its own
        direction. But many clients give up, and each would delay a stop of the server.) TLS has no half-open
        connections.
        """
        self.advance()
        self.send()
        self._ended = True
        owing = self._delivery is None and (self._blocked or bool(self._unread))
        return owing and not self._lingering and self._transport.can_write_eof()

    def pause_writing(self) -> None:
        """Do not respond while the client does not read."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Go on, but later: TLS calls this from within a write."""
        self._blocked = False
        self._server.wake(self)

    # The way of a request.

    def advance(self) -> None:
        """Respond to the requests so far, if responses may be sent now. `send` sends the last ones."""
        requests, unread = self._requests, self._unread
        while self._may_respond:
            while unread and not requests.ready:
                piece = unread[:PIECE]
                del unread[:PIECE]
                requests.feed(piece)
            if not requests.ready:
                self._caught_up()
                return
            self._respond(*requests.ready.popleft())

    @property
    def _may_respond(self) -> bool:
        return not (self._delivery or self._blocked or self._lingering or self._transport.is_closing())

    def _respond(self, environ: WSGIEnvironment, keep: bool) -> None:
        server = self._server
        environ[REPLY] = reply = ReplyOptions()
        more = bool(self._requests.ready or self._unread)
        last = not keep or (server.stopping and not more)
        outgoing = respond(server.app, environ, last)
        if not reply.plain:
            self.send()
            self._delivery = asyncio.create_task(self._deliver(environ, reply, outgoing))
            return
        self._outgoing.append(outgoing.head + outgoing.body)
        if outgoing.close:
            self._linger()
        elif more:
            self.send()

    async def _deliver(self, environ: WSGIEnvironment, reply: ReplyOptions, outgoing: Outgoing) -> None:
        """Send a response by its `ReplyOptions`, and go on."""
        server = self._server
        while reply.again > 0 and await server.pause(reply.again):
            reply.again = 0.0
            outgoing = respond(server.app, environ, outgoing.close)
        for seconds, piece in outgoing.pieces(reply):
            await server.pause(seconds)
            self._transport.write(piece)
        self._delivery = None
        if reply.wire == "reset":
            self._forget()
            _reset(self._transport)
        elif outgoing.ends(reply):
            self._linger()
        else:
            self._server.wake(self)

    def send(self) -> None:
        """Write the responses that are ready."""
        if self._outgoing:
            pieces, self._outgoing = self._outgoing, []
            self._transport.write(b"".join(pieces))

    def _caught_up(self) -> None:
        """Go on reading, as all requests so far have responses."""
        if self._ended:
            self.send()
            self._transport.close()
            return
        self._transport.resume_reading()
        if self._requests.expects:
            self._requests.expects = False
            self.send()
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _linger(self) -> None:
        """End the connection so that the client can read the last response."""
        self.send()
        self._forget()
        transport = self._transport
        if self._ended:
            transport.close()
        elif transport.can_write_eof():
            with suppress(OSError):  # the client has reset the connection
                transport.write_eof()
            transport.resume_reading()
        elif self._requests.refused:
            transport.resume_reading()  # TLS: the client ends it when it reads `Connection: close`
        else:
            transport.close()

    def _forget(self) -> None:
        """Ignore all unread and further bytes."""
        self._lingering = True
        self._requests.stop()
        self._requests.ready.clear()
        self._unread.clear()

    # What the server calls.

    @property
    def idle(self) -> bool:
        """Whether the client has all responses and has sent nothing of a next request."""
        return self.rests(IDLE)

    def rests(self, phase: int) -> bool:
        """Tell whether the client has all responses, and its next request is in this phase."""
        owing = self._delivery or self._blocked or self._outgoing or self._requests.ready or self._unread
        return not owing and not self._lingering and self._requests.phase == phase

    def check(self, now: float) -> None:
        """Act if the client is too slow. This is called regularly, so that requests need no timers."""
        state = (self._unsent(), self._requests.moves)
        if state != self._state or self._delivery is not None:
            self._state, self.since = state, now
        if now - self.since <= self._patience():
            return
        if self._requests.phase != IDLE and not self._unsent():
            self._requests.refuse("timeout")
            self._server.wake(self)
        else:
            self._transport.abort()

    def _unsent(self) -> int:
        try:
            return self._transport.get_write_buffer_size()
        except AttributeError:  # asyncio's TLS transport forgets its protocol when it is closed
            return 0

    def _patience(self) -> float:
        """Return how many seconds the connection may stay in its present state."""
        limits, phase = self._server.limits, self._requests.phase
        if self._unsent():
            return limits.write_seconds
        if self._lingering:
            # A server that stops does not wait for clients that have their responses.
            return min(limits.linger_seconds, 0.25) if self._server.stopping else limits.linger_seconds
        if phase == IDLE:
            return limits.idle_seconds
        return limits.head_seconds if phase == HEAD else limits.body_seconds

    def close(self) -> None:
        """Close after everything was sent."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()


def _reset(transport: asyncio.Transport) -> None:
    """Reset a connection (RFC 9293, section 3.5): its peer sees an error, not an end."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
