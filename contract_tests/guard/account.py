"""The guard's own calls, with the real key: looking at a row, deleting one, paging through the list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from contract_tests.guard.courier import Courier, Parcel
from contract_tests.guard.entry import Entry
from contract_tests.guard.foreign import Mask
from contract_tests.guard.refusal import TargetFailed
from contract_tests.guard.reply import Reply
from contract_tests.guard.surface import Kind, Surface

_MOST_PAGES = 10_000


class Account:
    """The rows behind one key."""

    def __init__(self, surface: Surface, courier: Courier, path: str, key: str, mask: Mask) -> None:
        self._surface = surface
        self._courier = courier
        self._path = path
        self._authorization = f"Bearer {key}"
        self._mask = mask

    def __repr__(self) -> str:
        return "Account()"

    def look(self, row: int, *, authorization: str | None = None, exempt: bool = False) -> Reply:
        """Retrieve a row, with another Authorization where one is given. Raises TargetFailed and GuardRefusal."""
        return self._call("retrieve", row, authorization=authorization, exempt=exempt)

    def delete(self, row: int) -> Reply:
        """Delete a row, outside of `max_requests`. Raises TargetFailed."""
        return self._call("delete", row, exempt=True)

    def first_page(self, authorization: str) -> Reply:
        """List with another Authorization. Raises TargetFailed and GuardRefusal."""
        return self._call("list", authorization=authorization)

    def highest(self) -> int | None:
        """Return the highest id on the list's largest page, 0 where it is empty, None where it cannot be read."""
        reply = self._call("list", query=self._page(1))
        return max(self._mask.rows(reply.body), default=0) if reply.is_success else None

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each row of the account once, on the largest pages. Raises TargetFailed where a page is no list."""
        surface, seen = self._surface, set[int]()
        for page in range(1, _MOST_PAGES):
            reply = self._call("list", query=self._page(page), exempt=True)
            if not reply.is_success:
                raise TargetFailed("list", f"The list cannot be read: it answers {reply.status}.")
            rows = self._mask.rows(reply.body)
            new = {row: node for row, node in rows.items() if row not in seen}
            yield from new.items()
            seen |= new.keys()
            total = _at(reply.body, surface.total)
            if not new or (isinstance(total, int) and len(seen) >= total):
                return

    def _page(self, number: int) -> str:
        paging = self._surface.paging
        asked = {paging.size: paging.largest, paging.page: number}
        return urlencode({name: value for name, value in asked.items() if name and value})

    def bears(self, entry: Entry, reply: Reply) -> bool:
        """Tell whether an answer shows the row of an entry: by its unique marker, else by a name the run gave it."""
        if not reply.is_success:
            return False
        if entry.marker.encode() in reply.body:
            return True
        row = self._mask.rows(reply.body).get(entry.id if entry.id is not None else 0, {})
        return (row.get(self._surface.row["name"]) or "") in entry.names if row else False

    def listed(self, entries: Iterable[Entry], reply: Reply) -> list[Entry]:
        """Return those entries whose row, with its own marker, a list shows."""
        rows = self._mask.rows(reply.body) if reply.is_success else {}
        return [entry for entry in entries if entry.id in rows and entry.marker in json.dumps(rows[entry.id])]

    def name_in(self, row: int, reply: Reply) -> str | None:
        """Return the name of a row that an answer shows, None where it shows none."""
        found = self._mask.rows(reply.body).get(row) if reply.is_success else None
        return None if found is None else str(found.get(self._surface.row["name"]) or "")

    def lists(self, entry: Entry) -> bool:
        """Tell whether the list shows the row of an entry with its marker. Raises TargetFailed."""
        return any(row == entry.id and entry.marker in json.dumps(node) for row, node in self.rows())

    def _call(
        self,
        kind: Kind,
        row: int | None = None,
        *,
        query: str = "",
        authorization: str | None = None,
        exempt: bool = False,
    ) -> Reply:
        operation = self._surface.of(kind)
        segments = operation.segments if row is None else (*operation.segments[:-1], str(row))
        # The documented spelling: a service may tell it from the other one.
        path = "/".join((self._path, *segments)) + "/" * operation.slashed + (f"?{query}" if query else "")
        value = self._authorization if authorization is None else authorization
        headers = [("Accept", "application/json"), *([("Authorization", value)] if value else [])]
        return self._courier.send(Parcel(operation.method, path, tuple(headers), exempt=exempt))


def _at(body: bytes, steps: tuple[str, ...]) -> Any:
    try:
        node = json.loads(body)
        for step in steps:
            node = node[step]
    except (ValueError, KeyError, TypeError):
        return None
    return node if steps else None
