"""One client's connection: requests in, the app called, answers out in order."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, cast

from mock_server.server.answer import respond
from mock_server.server.delivery import Delivery
from mock_server.server.reader import HEAD, IDLE, RequestReader
from mock_server.server.reply import REPLY, Reply
from mock_server.server.service import PIECE

if TYPE_CHECKING:
    from mock_server.server.service import Service

HELD = 64 * 1024
# To copy a larger body behind its head costs more than to send the two one after the other.
LARGE = 32 * 1024


class Connection(asyncio.Protocol):
    """Calls the app for each request as it is complete, and writes its answer.

    While an answer is held back, or the client takes none, what comes in is set aside unread, and beyond
    a bound no longer taken from the network. A connection that ends after an answer first closes its own
    direction, and throws away what still comes: closing both at once would reset the connection, and
    could take from the client an answer that it has not read yet (RFC 9112, section 9.6).
    """

    __slots__ = (
        "_blocked", "_delivery", "_discarded", "_due", "_ended", "_held", "_lingering", "_moves", "_reader",
        "_service", "_since", "_transport", "_unsent", "_waiting",
    )  # fmt: skip

    _transport: asyncio.Transport
    _reader: RequestReader

    def __init__(self, service: "Service") -> None:
        self._service = service
        self._delivery: Delivery | None = None
        self._held = bytearray()
        self._blocked = self._lingering = self._ended = False
        self._discarded = self._moves = self._unsent = self._due = 0
        self._waiting = b""  # an answer that goes out with those of others
        self._since = 0.0

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Get ready for the first request."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername") or ("", 0)
        environ = {**self._service.environ, "REMOTE_ADDR": peer[0], "REMOTE_PORT": str(peer[1])}
        self._reader = RequestReader(environ, self._service.limits)
        self._since = asyncio.get_running_loop().time()
        self._service.admit(self, self._since)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        del exc  # a client that leaves is no event
        self._service.connections.pop(self, None)
        self._forget()
        if self._delivery is not None:
            self._delivery.cancel()
            self._delivery = None

    def data_received(self, data: bytes) -> None:
        """Take a piece, now or with what arrives for others."""
        self._due += 1
        self._service.arrive(self, data)

    def take(self, data: bytes) -> None:
        """Read a piece and answer the requests that it completes; the last answer may wait for `send`."""
        self._due -= 1
        if self._delivery is not None or self._blocked or self._lingering or len(data) > PIECE:
            self._set_aside(data)
            return
        reader = self._reader
        reader.feed(data)
        self._answer()
        if reader.expects:
            self._advance()

    def eof_received(self) -> bool:
        """Stay half open for a client that has yet to take its answers; otherwise close.

        While an answer is held back, the end means that the client gave up waiting. (It could also have
        closed its own direction only; but those who give up are many, and each would count as a
        connection, and hinder a stop, until its delay is over.) TLS has no half-open connections.
        """
        if self._due:
            self._service.catch_up()
        self._ended = True
        owing = self._delivery is None and (self._blocked or bool(self._held))
        return owing and not self._lingering and self._transport.can_write_eof()

    def pause_writing(self) -> None:
        """Answer nothing more while the client does not take what it has."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Go on; but later: TLS calls this from within a write."""
        self._blocked = False
        asyncio.get_running_loop().call_soon(self._advance)

    # The way of a request.

    def _set_aside(self, data: bytes) -> None:
        if self._lingering:
            self._discarded += len(data)
            if self._discarded > self._service.limits.linger_bytes:
                self._transport.abort()
            return
        self._held += data
        if self._delivery is None and not self._blocked:
            self._advance()
        elif len(self._held) > HELD:
            self._transport.pause_reading()

    def _answer(self) -> None:
        """Answer the requests that are ready, as far as answers may go out now."""
        if self._waiting:
            self.send()
        service, transport, ready = self._service, self._transport, self._reader.ready
        while ready and self._delivery is None and not self._blocked and not self._lingering:
            environ, keep = ready.popleft()
            environ[REPLY] = reply = Reply()
            last = not keep or (service.draining and not ready and not self._held)
            answer = respond(service.app, environ, last)
            if reply.wire is not None or reply.delay > 0 or reply.again > 0:
                ask = partial(respond, service.app, environ, last)
                self._delivery = Delivery(transport, reply, ask, self._delivered)
                self._delivery.start(answer)
                return
            head, body, close = answer
            if len(body) > LARGE:
                transport.write(head)
                transport.write(body)
            elif close or ready or self._held:
                transport.write(head + body)
            else:
                self._waiting = head + body
            if close:
                self._linger()
            elif (ready or self._held) and transport.is_closing():
                self._forget()  # the client is gone: nobody is there for the rest

    def _delivered(self, close: bool) -> None:
        self._delivery = None
        if close:
            self._linger()
        else:
            self._advance()

    def _advance(self) -> None:
        """Go on with what was set aside, as far as answers may go out now."""
        reader, held = self._reader, self._held
        while self._delivery is None and not self._blocked and not self._lingering:
            if reader.ready:
                self._answer()
            elif held:
                piece = bytes(held[:PIECE])
                del held[:PIECE]
                reader.feed(piece)
            else:
                self._caught_up()
                return
        self.send()

    def _caught_up(self) -> None:
        """Everything that came is read and answered."""
        self.send()
        if self._ended:
            self._transport.close()
            return
        self._transport.resume_reading()
        if self._reader.expects:
            self._reader.expects = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _linger(self) -> None:
        """End the connection so that the client can read the last answer."""
        self._forget()
        transport = self._transport
        if self._ended:
            transport.close()
        elif transport.can_write_eof():
            transport.write_eof()
            transport.resume_reading()
        elif self._reader.refused:
            transport.resume_reading()  # TLS: the client ends it, on reading `Connection: close`
        else:
            transport.close()

    def _forget(self) -> None:
        """Take no notice of what came or still comes."""
        self._lingering = True
        self._reader.stop()
        self._reader.ready.clear()
        self._held.clear()

    def _unsent_bytes(self) -> int:
        try:
            return self._transport.get_write_buffer_size()
        except AttributeError:  # asyncio's TLS transport forgets its protocol once it was closed
            return 0

    # What the service calls.

    def send(self) -> None:
        """Write the answer that waits, if any."""
        if self._waiting:
            waiting, self._waiting = self._waiting, b""
            self._transport.write(waiting)

    def check(self, now: float) -> None:
        """Act if the client took longer than it may; asked now and again (nothing is timed per request)."""
        unsent = self._unsent_bytes()
        if unsent != self._unsent or self._reader.moves != self._moves or self._delivery is not None:
            self._unsent, self._moves, self._since = unsent, self._reader.moves, now
        if now - self._since <= self._patience():
            return
        if self._reader.phase != IDLE and not self._unsent and not self._lingering:
            self._reader.refuse("timeout")
            self._answer()
        else:
            self._transport.abort()

    def _patience(self) -> float:
        """Return for how many seconds nothing may happen in the connection's present state."""
        limits, phase = self._service.limits, self._reader.phase
        if self._unsent:
            return limits.write_seconds
        if self._lingering:
            # A server that stops is not to wait for clients that have their answers.
            return min(limits.linger_seconds, 0.25) if self._service.draining else limits.linger_seconds
        if phase == IDLE:
            return limits.idle_seconds
        return limits.head_seconds if phase == HEAD else limits.body_seconds

    def quiet_since(self, now: float) -> float | None:
        """Return since when nothing happens here, in the loop's seconds; None while something does."""
        self.check(now)
        owing = (
            self._delivery or self._blocked or self._held or self._reader.ready or self._due or self._waiting
        )
        return None if owing or self._lingering or self._reader.phase != IDLE else self._since

    def close(self) -> None:
        """Close, once what was written is out."""
        self._transport.close()

    def hurry(self) -> None:
        """Send at once what is held back."""
        while self._delivery is not None:
            self._delivery.hurry()

    def abort(self) -> None:
        """Close without more ado."""
        self._transport.abort()
