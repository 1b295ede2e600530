"""Search, filters and order of a list, where the document has parameters for them (evidence: S, siblings)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mock_server.api.parameters import Asked
from mock_server.contract import Contract
from mock_server.state.clock import write_time
from mock_server.state.store import Item, Store

_NARROWING = frozenset({"search", "order-property", "order-direction", "range-start", "range-end"})

# A handler's fact as text, None where it has none yet. The number is the service's offset from UTC, in seconds.
_TEXTS: dict[str, Callable[[Item, int], str | None]] = {
    "id": lambda handler, _: f"{handler.id:020d}",  # so that texts sort as the numbers do
    "type": lambda handler, _: handler.type,
    "name": lambda handler, _: handler.name,
    "enabled": lambda handler, _: "1" if handler.enabled else "0",
    "created": lambda handler, offset: write_time(handler.created, offset),
    "changed": lambda handler, offset: (
        None if handler.changed is None else write_time(handler.changed, offset)
    ),
    "never": lambda _, __: None,
}

COMPARED = frozenset(_TEXTS)
"""The facts that a list can be filtered and ordered by; the document is checked against them."""

Text = Callable[[Item], str | None]


class Selection(NamedTuple):
    """The filters of one list request, over the facts that the document's properties show."""

    contract: Contract
    asked: Asked

    @property
    def narrows(self) -> bool:
        """Tell whether the list is filtered or ordered in any way but the default one."""
        return bool(self.asked.equal) or not _NARROWING.isdisjoint(self.asked.values)

    def apply(self, store: Store, *, newest_first: bool) -> list[Item]:
        """Return the handlers that all filters admit, in the order asked for."""
        handlers = store.page(0, len(store), newest_first=newest_first)
        for admits in (*self._equalities(), *self._search(), *self._range()):
            handlers = [handler for handler in handlers if admits(handler)]
        return self._order(handlers, newest_first=newest_first)

    def _text(self, role: str, default: str) -> Text:
        """Return what reads the fact that a parameter names, such as `search_by=name`."""
        fact = default
        if role in self.asked.values:
            named = str(self.asked.values[role])
            properties = self.contract.resource.template.properties
            fact = properties[self.asked.parameters[role].properties.get(named, named)]
        read, offset = _TEXTS[fact], self.contract.service.time_offset
        return lambda handler: read(handler, offset)

    def _equalities(self) -> list[Callable[[Item], bool]]:
        properties, offset = self.contract.resource.template.properties, self.contract.service.time_offset

        def equality(name: str, wanted: str) -> Callable[[Item], bool]:
            read = _TEXTS[properties[name]]
            return lambda handler: read(handler, offset) == wanted

        return [equality(name, str(value)) for name, value in self.asked.equal.items()]

    def _search(self) -> list[Callable[[Item], bool]]:
        needle = str(self.asked.values.get("search", "")).casefold()
        text = self._text("search-property", "name")
        return [lambda handler: needle in (text(handler) or "").casefold()] if needle else []

    def _range(self) -> list[Callable[[Item], bool]]:
        start, end = (str(self.asked.values.get(role, "")) for role in ("range-start", "range-end"))
        text = self._text("range-property", "created")
        conditions: list[Callable[[Item], bool]] = []
        if start:
            conditions.append(lambda handler: (text(handler) or "") >= start)
        if end:
            # A date without a time means its whole day: "2026-03-01" is followed by "2026-03-01 23:59:59".
            conditions.append(lambda handler: "" < (text(handler) or "")[: len(end)] <= end)
        return conditions

    def _order(self, handlers: list[Item], *, newest_first: bool) -> list[Item]:
        values = self.asked.values
        if "order-property" not in values and "order-direction" not in values:
            return handlers
        descending = str(values.get("order-direction", "DESC" if newest_first else "ASC")).upper() == "DESC"
        text = self._text("order-property", "id")
        # As MySQL's usual collations order: without regard to case, and what has no value comes before all that has.
        return sorted(
            handlers, key=lambda handler: ((text(handler) or "").casefold(), handler.id), reverse=descending
        )
