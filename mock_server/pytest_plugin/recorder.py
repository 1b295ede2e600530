"""What happens in the worlds of one test: the state at its beginning, then changes and exchanges in their order."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from mock_server.client import Api, Change, Exchange, Mock, Unreachable, Violated, WentWrong
from mock_server.client.journal import remembered
from mock_server.client.world import check
from mock_server.pytest_plugin.lobby import Lobby


class Recorded:
    """One world. `steps` are `{"change": …}` and `{"exchange": …}`, by the words of openapi/control.yaml."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.state = api.snapshot()
        self.steps: list[dict[str, Any]] = []
        self._seen = 0

    def catch_up(self) -> None:
        """Take what the journal has got since the last time."""
        said = remembered(self.api.mock.control, self._seen, key=self.api.api_key)
        self.steps += [{"exchange": each} for each in said["exchanges"]]
        self._seen = said["next"]

    def change(self, change: Change) -> None:
        """Note a change that was made."""
        self.steps.append({"change": change._asdict()})
        if change.path == "/reset":
            self._seen = 0

    @property
    def exchanges(self) -> list[Exchange]:
        """The exchanges, oldest first."""
        return [Exchange(step["exchange"]) for step in self.steps if "exchange" in step]


class Recorder:
    """Watches the worlds that one test takes. `passed`: whether its body did; `tampering`: answers are made wrong.

    `refused` are the requests that reached no world meanwhile, where a lobby is watched too.
    """

    tampering = False

    def __init__(self, lobby: Lobby | None = None) -> None:
        self.worlds: list[Recorded] = []
        self.refused: list[Exchange] = []
        self.passed = False
        self._lobby = lobby

    def opened(self, api: Api) -> None:
        """Begin with a world."""
        if self._lobby is not None and api.mock not in self._mocks():
            self._lobby.news(api.mock)  # what came before the test is none of its business
        self.worlds.append(Recorded(api))

    def limit(self) -> AbstractContextManager[None]:
        """Return what the test's body runs in."""
        return nullcontext()

    def before(self, api: Api, change: Change) -> None:  # noqa: ARG002 - what was before it is the same for any
        """Note what happened before the change."""
        self._of(api).catch_up()

    def after(self, api: Api, change: Change) -> None:
        """Note the change."""
        self._of(api).change(change)

    def catch_up(self) -> None:
        """Take what happened since in all worlds."""
        for world in self.worlds:
            world.catch_up()

    def look_outside(self) -> None:
        """Take what reached no world since the test took the first one of its mock."""
        if self._lobby is not None:
            for mock in self._mocks():
                self.refused += self._lobby.news(mock)

    def complaint(self) -> str:
        """Say what went wrong beside the test: a defect of the mock, a violation in a strict world; else nothing."""
        try:
            self.check()
        except (WentWrong, Violated, Unreachable) as error:
            return str(error)
        return ""

    def check(self) -> None:
        """Raise WentWrong for a defect of the mock, Violated for a violation in a strict world."""
        self.catch_up()
        for world in self.worlds:
            exchanges = world.exchanges
            violated = any(each.violations for each in exchanges)
            check(exchanges, strict=violated and world.api.strict)

    def _mocks(self) -> set[Mock]:
        return {world.api.mock for world in self.worlds}

    def _of(self, api: Api) -> Recorded:
        return next(world for world in self.worlds if world.api is api)
