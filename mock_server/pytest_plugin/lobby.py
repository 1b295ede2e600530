"""The requests that reached no world, as their key was missing or wrong: no test's own journal has them."""

from __future__ import annotations

from mock_server.client import Evicted, Exchange, Mock
from mock_server.client.journal import remembered


class Lobby:
    """The lobbies of the mocks of a run, each read on from where it was read last."""

    def __init__(self) -> None:
        self._seen: dict[Mock, int] = {}

    def news(self, mock: Mock) -> list[Exchange]:
        """Return what came into a mock's lobby since the last time. Raises ControlError, Unreachable."""
        try:
            said = remembered(mock.control, self._seen.get(mock, 0), lobby=True)
        except Evicted:  # for want of room all are forgotten, and none has come since
            return []
        self._seen[mock] = said["next"]
        return [Exchange(each) for each in said["exchanges"]]
