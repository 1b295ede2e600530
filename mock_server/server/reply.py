"""What an app may ask of the server about one answer, besides its content."""

from typing import Final, Literal

Wire = Literal["drop", "reset", "empty", "truncate", "slow"]
"""How an answer goes wrong on the wire.

`drop`: the connection is closed without a byte. `reset`: it is reset (TCP RST). `empty`: status and
headers, with their Content-Length, but no body, then the end. `truncate`: half of the body, then the
end. `slow`: the whole answer, its body in about ten pieces spread over `delay` seconds.
"""

REPLY: Final = "mock_server.reply"


class Reply:
    """The server puts a fresh one into `environ["mock_server.reply"]` for each request.

    The app may set `delay`, in seconds: the answer is held back so long, other connections go on and
    pipelined answers keep their order. With `wire` set, the fault happens after the delay; `slow`
    spreads the body over it instead.

    An app that waits for something sets `again`, in seconds: it is asked again after them, with the same environ, and
    its answer counts once it leaves `again` at 0, or when the server stops.
    """

    __slots__ = ("again", "delay", "wire")

    def __init__(self) -> None:
        self.again: float = 0.0
        self.delay: float = 0.0
        self.wire: Wire | None = None
