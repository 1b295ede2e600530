"""A world's journal as a list that is read anew each time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, overload

from mock_server.client.control import Control
from mock_server.client.errors import Evicted, NotInTime
from mock_server.client.exchange import Exchange
from mock_server.client.writing import write_duration

_MANY = 1_000_000  # more than any journal holds


def remembered(control: Control, since: int = 0, /, **whose: str | bool) -> Any:
    """Ask for all exchanges with a higher number that are still remembered, by `Journal` of openapi/control.yaml.

    `whose`: `key=` for those of a world, `lobby=True` for those that reached none.
    """
    try:
        return control.ask("GET", "/journal", **whose, bodies=True, since=since)
    except Evicted:  # some are lost: take those that are left
        found = control.ask("GET", "/journal", **whose, bodies=True, limit=_MANY)
        return {**found, "exchanges": [each for each in found["exchanges"] if each["number"] > since]}


class Mark:
    """The number up to which a test no longer looks."""

    def __init__(self) -> None:
        self.since = 0


class Journal(Sequence[Exchange]):
    """The exchanges that fit, oldest first: `len(journal)`, `journal[-1]`, `for exchange in journal`.

    It equals a list of the same exchanges. As a list can, it can change, so it has no hash.
    """

    __slots__ = ("_control", "_key", "_mark", "_wanted")

    def __init__(self, control: Control, key: str, mark: Mark, wanted: Mapping[str, Any]) -> None:
        self._control = control
        self._key = key
        self._mark = mark
        self._wanted = wanted

    def filter(self, **wanted: str | int | bool) -> Journal:
        """Narrow the view by the journal's parameters: method, path, status, operation, refusal, violation, defect."""
        return Journal(self._control, self._key, self._mark, {**self._wanted, **wanted})

    def wait(self, count: int = 1, timeout: str | float | timedelta = 5.0) -> list[Exchange]:
        """Return the exchanges once there are `count` of them. Raises NotInTime.

        It blocks this thread: an async test awaits `asyncio.to_thread(journal.wait, …)`. Within one process it is for
        other threads to make the requests.
        """
        try:
            return self._read(wait=write_duration(timeout), count=count)
        except NotInTime as error:
            every = Journal(self._control, self._key, self._mark, {})  # what came in its place says why
            raise NotInTime(f"{error}{_listed(every)}") from None

    def clear(self) -> None:
        """Look only at what comes from now on. The mock remembers the rest for the report of a failed test."""
        self._mark.since = self._ask(since=0, limit=1)["next"]

    @overload
    def __getitem__(self, index: int) -> Exchange: ...
    @overload
    def __getitem__(self, index: slice) -> list[Exchange]: ...
    def __getitem__(self, index: int | slice) -> Exchange | list[Exchange]:
        return self._read()[index]

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._read())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Journal, list)):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # what equals by what can change has none

    def __repr__(self) -> str:
        wanted = "".join(f" {name}={value!r}" for name, value in self._wanted.items())
        return f"<journal{wanted}:{_listed(self) or ' empty'}>"

    def _read(self, **more: Any) -> list[Exchange]:
        asked = self._ask(**{"since": self._mark.since, **self._wanted, **more})
        return [Exchange(record) for record in asked["exchanges"]]

    def _ask(self, **query: Any) -> Any:
        return self._control.ask("GET", "/journal", key=self._key, bodies=True, **query)


def _listed(exchanges: Iterable[Exchange]) -> str:
    return "".join(f"\n  {exchange!r}" for exchange in exchanges)
