"""What the connections of one server share."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from mock_server.server.limits import Limits

# Limits are checked, and answers awaited, between two pieces: a client cannot do more than a piece at once.
PIECE = 16 * 1024
# Who is in a batch waits for the others' answers, and meanwhile clients have nothing to do. Of 2, 4, 8 and 32, eight
# were the best: 23 % more creates a second than without batches, 5 % more than with 32.
_BATCH = 8

_log = logging.getLogger("mock_server.server")


class Member(Protocol):
    """What the service needs to know of a connection."""

    def check(self, now: float) -> None:
        """Act if the client took longer than it may."""

    def quiet_since(self, now: float) -> float | None:
        """Return since when nothing happens here, in the loop's seconds; None while something does."""

    def take(self, data: bytes) -> None:
        """Read a piece that arrived and answer the requests that it completes; the last answer may wait for `send`."""

    def send(self) -> None:
        """Write the answer that waits, if any."""

    def close(self) -> None:
        """Close, once what was written is out."""

    def hurry(self) -> None:
        """Send at once what is held back."""

    def abort(self) -> None:
        """Close without more ado."""


class Service:
    """The app, the limits and the open connections, in the order of their opening.

    `draining` is set when the server stops: connections then end as soon as they owe nothing.
    """

    __slots__ = ("_arrived", "app", "connections", "draining", "environ", "limits")

    def __init__(self, app: "WSGIApplication", environ: "WSGIEnvironment", limits: "Limits") -> None:
        self.app = app
        self.environ = environ
        self.limits = limits
        self.connections: dict[Member, None] = {}
        self.draining = False
        self._arrived: list[tuple[Member, bytes]] = []

    def admit(self, member: Member, now: float) -> None:
        """Take a connection in; beyond the cap, the one longest idle goes."""
        self.connections[member] = None
        if len(self.connections) > self.limits.connections:
            idle = (
                (since, each) for each in self.connections if (since := each.quiet_since(now)) is not None
            )
            _, longest = min(idle, key=lambda found: found[0], default=(now, member))
            longest.abort()

    def arrive(self, member: Member, data: bytes) -> None:
        """Let a member take a piece: with all others that come in this turn of the loop, or at once if it is large."""
        if len(data) <= PIECE and len(self.connections) > 1:
            if not self._arrived:
                asyncio.get_running_loop().call_soon(self.catch_up)
            self._arrived.append((member, data))
            return
        self.catch_up()
        member.take(data)
        member.send()

    def catch_up(self) -> None:
        """Let those take what arrived, a batch after the other, and only then send their answers.

        To send takes the processor's caches from the app: in turns with it, sending costs a tenth of all time.
        """
        arrived, self._arrived = self._arrived, []
        for start in range(0, len(arrived), _BATCH):
            batch = arrived[start : start + _BATCH]
            for member, data in batch:
                try:
                    member.take(data)
                except Exception:  # is our own mistake, and must not strike the others
                    _log.exception("A piece could not be read.")
                    member.abort()
            for member, _ in batch:
                member.send()

    def sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look for connections that are out of time, now and again and again."""
        now = loop.time()
        for member in list(self.connections):
            member.check(now)
        loop.call_later(self.limits.sweep_seconds, self.sweep, loop)

    async def drain(self, grace: float) -> None:
        """Answer what was asked, for `grace` seconds; then what is held back at once; then close."""
        loop = asyncio.get_running_loop()
        self.draining = True
        await self._until_empty(loop.time() + grace)
        for member in list(self.connections):
            member.hurry()
        await self._until_empty(loop.time() + 0.2)
        for member in list(self.connections):
            member.abort()

    async def _until_empty(self, deadline: float) -> None:
        """Close what has been quiet for a moment, until all are closed.

        Without that moment, a busy client's next request could meet a closed connection.
        """
        loop = asyncio.get_running_loop()
        while self.connections and (now := loop.time()) < deadline:
            for member in list(self.connections):
                since = member.quiet_since(now)
                if since is not None and now - since >= 0.02:
                    member.close()
            await asyncio.sleep(0.005)


def contain(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what asyncio reports, in place of its own handler, which prints."""
    error = context.get("exception")
    if not isinstance(error, OSError):
        _log.error("%s", context.get("message", "The event loop failed."), exc_info=error)
    else:
        _log.warning("A connection failed: %s", error)
