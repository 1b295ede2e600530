"""What one client may ask of the server: sizes in bytes, times in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one server.

    `head_bytes` and `header_count` bound a request's head (431 beyond), `body_bytes` its body (413
    beyond). `head_seconds` is the time to receive a whole head once its first byte is there,
    `body_seconds` the longest pause between two pieces of a body (408 beyond either).
    `idle_seconds` is how long a connection may stay open without a request, `write_seconds` how long a
    client may take nothing of an answer. `connections` is a soft cap: beyond it the longest idle
    connection makes room. After an answer that ends a connection, up to `linger_bytes` are read and
    thrown away for at most `linger_seconds`, so that the client gets to read that answer.
    """

    head_bytes: int = 64 * 1024
    header_count: int = 100
    body_bytes: int = 8 * 1024 * 1024
    head_seconds: float = 30.0
    body_seconds: float = 30.0
    idle_seconds: float = 75.0
    write_seconds: float = 30.0
    linger_seconds: float = 2.0
    linger_bytes: int = 128 * 1024 * 1024
    connections: int = 2000

    @property
    def sweep_seconds(self) -> float:
        """How often timeouts are looked for: they may come late by this much."""
        times = (self.head_seconds, self.body_seconds, self.idle_seconds, self.write_seconds)
        return min(0.5, max(0.01, min(*times, self.linger_seconds) / 4))
