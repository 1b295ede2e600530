"""The account behind the key: the guard's own calls, and the proof that a row belongs to the run."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlencode

from contract_tests.document import NOBODYS, by_form
from contract_tests.guard.exchange import GuardRefusal, Reply, Surface, at, read_json
from contract_tests.guard.ledger import CreateState, Id, LedgerEntry, Marker, row_id
from contract_tests.guard.mask import Mask, Redactor
from contract_tests.guard.upstream import (
    Budget,
    GuardSettings,
    Parcel,
    Target,
    Upstream,
    rate_headers,
    read_target,
)
from mock_server.document import Document, load

# What a response shows of rows, by id.
Rows = dict[Id, Mapping[str, Any]]

GONE = frozenset({404, 410})
# Seconds to wait before a row that was just created, or deleted, is asked for again: a service may be late with it.
PAUSES = (0.0, 1.0, 2.0, 4.0)
_SOUGHT = 3  # how many of the lowest and of the highest ids are looked at if the list lacks rows of others
SERVER = 500  # from this status on, the service has failed
_LATER = frozenset({408, 425, 429})  # the request came too slowly, too early or too often
_KEYS = frozenset({401, 407})  # the key is refused, which says nothing about a row


@dataclass(slots=True)
class Census:
    """The list, read from its first page to its last.

    `gap` says why it cannot be the whole list; it is empty if it is. `is_miscounted`: the only fault is a total that
    differs from the number of rows. `is_counted`: the total is the number of rows. `has_failed`: the service failed to
    show the list, and may show it later.
    """

    rows: Rows = field(default_factory=dict)
    gap: str = ""
    is_miscounted: bool = False
    is_counted: bool = False
    has_failed: bool = False


def has_failed(reply: Reply) -> bool:
    """Tell whether a response only says that the service failed, and may work later."""
    return reply.status >= SERVER or reply.status in _LATER


def _is_response(reply: Reply) -> bool:
    return not has_failed(reply)


class Account:
    """The rows behind one key, and the calls that reach them. The constructor sends nothing.

    Raises GuardRefusal (`key`, `target`, `plain-http`, `proxy`), and ValueError if the document lacks a needed fact.
    Its calls raise TargetFailed, and GuardRefusal (`budget`) unless they are `exempt` from `max_requests`.
    """

    def __init__(self, settings: GuardSettings, document: Document | None, marker: Marker) -> None:
        if not settings.key.strip() or not settings.key.isascii() or not settings.key.isprintable():
            raise GuardRefusal("key", "The key is empty, or is not a text that fits a header.")
        surface = self.surface = Surface((document or load()).data)
        self.target: Target = read_target(
            settings.target, surface.facts.base_path, allow_plain_http=settings.allow_plain_http
        )
        self.mask = Mask(surface)
        self.upstream = Upstream(self.target, Budget(settings, rate_headers(surface.facts)), settings.timeout)
        self.lateness = 0.0  # seconds spent so far on waits for a service that is late or fails
        self._sleep = settings.sleep
        self._marker = marker
        self._authorization = f"Bearer {settings.key}"
        self._redactor = Redactor(settings.key)
        self._unknown: Reply | None = None  # the response to an id that no row has, once it is needed
        self.standing: list[Id] = []  # rows of others, which looks must find

    def __repr__(self) -> str:
        return "Account()"

    def look(self, row: Id, *, authorization: str | None = None, exempt: bool = False) -> Reply:
        """Retrieve a row, with another Authorization if one is given."""
        return self._call("retrieve", row, authorization=authorization, exempt=exempt)

    def look_until(self, row: Id, is_settled: Callable[[Reply], bool], *, exempt: bool = False) -> Reply:
        """Retrieve a row until `is_settled` accepts the response, or for a few seconds if the service is late."""
        reply = self.look(row, exempt=exempt)
        for pause in PAUSES[1:]:
            if is_settled(reply):
                break
            self.wait(pause)
            reply = self.look(row, exempt=exempt)
        return reply

    def wait(self, seconds: float) -> None:
        """Wait for a service that is late or fails; `lateness` is the sum of all waits."""
        self._sleep(seconds)
        self.lateness += seconds

    def is_gone(self, reply: Reply) -> bool:
        """Tell whether a look says that the row does not exist: by 404 or 410, or with the response to an unused id.

        The page names no status for an unknown id. So 400 will do if every unknown id gets it, and a row of others
        does not.
        """
        if reply.status in GONE:
            return True
        if not 400 <= reply.status < SERVER or reply.status in _LATER | _KEYS:
            return False
        if self._unknown is None:
            self._unknown = self.look(NOBODYS, exempt=True)
        is_same = reply.status == self._unknown.status and _timeless(reply) == _timeless(self._unknown)
        return is_same and self.finds_others()

    def finds_others(self) -> bool:
        """Tell whether looks find rows of others; True if no such row is known."""
        some = self.standing[:_SOUGHT]
        return not some or any(self.look_until(row, _is_response, exempt=True).is_success for row in some)

    def is_nobodys(self, row: Id) -> bool:
        """Tell whether an id is unused. Unless a look returns 404 or 410, this also reads the list."""
        reply = self.look(row)
        if reply.status in GONE:
            return True
        if not self.is_gone(reply):
            return False
        census = self.census()
        return not census.gap and str(row) not in map(str, census.rows)

    def shown_elsewhere(self, entry: LedgerEntry, others: Iterable[Id], *, exempt: bool = False) -> Id | None:
        """Return another id that shows a row of the run, too, so that looks prove nothing. None if all is well.

        `others` are ids of other rows. If there are none, an id is tried that no create returned.
        """
        beyond = [entry.id + 1] if isinstance(entry.id, int) else []
        for row in [*sorted(others, key=str), *beyond][:1]:
            shown = self.shown(self.look_until(row, _is_response, exempt=exempt), "retrieve")
            if any(self.number_in(node) == entry.number for node in shown.values()):
                return row
        return None

    def delete(self, row: Id) -> Reply:
        """Delete a row, outside of `max_requests`."""
        return self._call("delete", row, exempt=True)

    def first_page(self, authorization: str) -> Reply:
        """List with another Authorization."""
        return self._call("list", authorization=authorization)

    def census(self, *, exempt: bool = False, showing: Set[Id] = frozenset()) -> Census:
        """Read the whole list. If it lacks a row of `showing`, it may be stale, so read it again for a few seconds."""
        found = self._census(exempt=exempt)
        for pause in PAUSES:
            if found.gap or not showing - found.rows.keys():
                break
            self.wait(pause)
            found = self._census(exempt=exempt)
        return found

    def _census(self, *, exempt: bool) -> Census:
        """Read the whole list. Read it again if rows came or went meanwhile, or if the service failed."""
        found, before = Census(), Census()
        for pause in PAUSES:
            if found.has_failed:
                self.wait(pause)
            before, found = found, Census()
            try:
                moved = self._read_list(found, exempt=exempt)
            except ValueError as error:
                found.gap = f"The list cannot be read: {error}."
                moved = found.has_failed
            if not moved or (found.is_miscounted and found.rows == before.rows):
                break
        return found

    def looks(self, rows: Iterable[Id]) -> Iterator[tuple[Id, Reply]]:
        """Look at some rows; of many, only at those with the lowest and the highest ids."""
        ids = sorted(rows, key=lambda row: (isinstance(row, str), row))
        for row in dict.fromkeys([*ids[:_SOUGHT], *ids[-_SOUGHT:]]):
            yield row, self.look_until(row, _is_response)

    def _read_list(self, found: Census, *, exempt: bool) -> bool:
        """Read page after page. Also tell whether a fault may be due to rows that came or went.

        A list without a total ends with a page that is empty, refused or a repetition. A short page does not prove the
        end: the service may cap the size of pages.
        """
        facts, before, number = self.surface.facts, list[Id](), 0
        largest, most = max(facts.sizes), None
        while True:
            number += 1
            query = urlencode({facts.size_parameter: largest, facts.page_parameter: number})
            reply = self._call("list", query=query, exempt=exempt)
            if before and most is None and 400 <= reply.status < SERVER and not has_failed(reply):
                break
            if not reply.is_success:
                found.has_failed = has_failed(reply)
                raise ValueError(f"it answers {reply.status}")
            tree = read_json(reply.body)
            rows, total = self._listed(tree), at(tree, self.surface.total)
            most = row_id(total)
            if rows is None or not (total is None or isinstance(most, int)):
                raise ValueError(f"its page {number} shows no rows, or no number of them")
            ids = [row for row, _ in rows]
            if not ids or ids == before:  # a service may repeat its last page for those beyond it
                break
            if len(set(ids)) < len(ids) or found.rows.keys() & set(ids):
                found.gap = f"The list shows a row twice on its pages 1 to {number}."
                return True
            found.rows.update(rows)
            if len(ids) < largest and isinstance(most, int) and len(found.rows) >= most:
                break
            before = ids
        if isinstance(most, int) and len(found.rows) != most:
            found.gap = f"The list says that there are {most} rows, and shows {len(found.rows)}."
            found.is_miscounted = bool(found.rows) or most < len(found.rows)
        elif most is None and number == 2 and len(before) == largest and ids == before:
            found.gap = "The list says not how many rows there are, and shows its first page again."
        found.is_counted = isinstance(most, int) and not found.gap
        return bool(found.gap)

    def _listed(self, tree: Any) -> list[tuple[Id, Mapping[str, Any]]] | None:
        nodes, found = at(tree, self.surface.rows), list[tuple[Id, Mapping[str, Any]]]()
        for node in nodes if isinstance(nodes, list) else [None]:
            row = self._id_of(node.get(self.surface.id)) if isinstance(node, dict) else None
            if row is None or not isinstance(node, dict):
                return None
            found.append((row, node))
        return found

    def shown(self, reply: Reply, kind: str) -> Rows:
        """Return the rows by id that a successful list or retrieve shows; empty if it cannot be read."""
        try:
            tree = read_json(reply.body) if reply.is_success else None
        except ValueError:
            return {}
        if kind == "list":
            return dict(self._listed(tree) or ())
        node = at(tree, self.surface.retrieved)
        row = self._id_of(node.get(self.surface.id)) if isinstance(node, dict) else None
        return {} if row is None else {row: node}

    def born(self, rows: Rows) -> dict[Id, str]:
        """Return the time of creation of each row, as the response shows it."""
        word = self.surface.facts.row.get("created", "")
        return {row: str(node.get(word, "")) for row, node in rows.items()}

    def number_in(self, node: Mapping[str, Any]) -> int | None:
        """Return the number of the run's marker in a row's name or settings; None if there is no marker."""
        places = (node.get(self.surface.facts.row.get(word, "")) for word in ("name", "settings"))
        found = (self._marker.number_in(json.dumps(place, ensure_ascii=False)) for place in places)
        return next((number for number in found if number is not None), None)

    def bare_id(self, node: Mapping[str, Any]) -> Id:
        """Return the id of an object that has no other property of a row; empty for other objects."""
        others = {*self.surface.facts.row.values()} - {self.surface.id}
        row = None if node.keys() & others else self._id_of(node.get(self.surface.id))
        return "" if row is None else row

    def is_marked(self, entry: LedgerEntry, word: Literal["name", "settings"]) -> bool:
        """Tell whether a row's name or settings bore its marker at the last look."""
        shown = (entry.row or {}).get(self.surface.facts.row.get(word, ""))
        return self._marker.number_in(json.dumps(shown, ensure_ascii=False)) == entry.number

    def total(self, reply: Reply) -> int | None:
        """Return how many rows a list says there are, if it can be read."""
        try:
            total = row_id(at(read_json(reply.body), self.surface.total))
        except ValueError:
            return None
        return total if isinstance(total, int) else None

    def is_whole(self, target: str, reply: Reply) -> bool:
        """Tell whether a list is complete: a first page that is not full, and whose total is the number of its rows.

        A full page proves nothing, since its total may be wrong.
        """
        facts, query = self.surface.facts, dict(parse_qsl(target.partition("?")[2]))
        size = query.get(facts.size_parameter, str(facts.default_size))
        count = len(self.shown(reply, "list"))
        is_first = query.get(facts.page_parameter, "1") == "1"
        return is_first and size in map(str, facts.sizes) and count < int(size) and count == self.total(reply)

    def proves(self, reply: Reply, number: int, row: Id | None) -> bool:
        """Tell whether a retrieve shows an id and the marker of a create at the documented place: a row of the run."""
        shown = self.shown(reply, "retrieve")
        return row is not None and row in shown and self.number_in(shown[row]) == number

    def fault_in(
        self, reply: Reply, entry: LedgerEntry
    ) -> tuple[Literal["ids", "mark", "json", "status"], str]:
        """Say in a clause why a retrieve does not prove that a row belongs to the run.

        If a row that was seen before shows another name now, another row has taken its id.
        """
        if not reply.is_success:
            return "status" if reply.status >= 500 else "mark", f"it returns {reply.status}"
        try:
            read_json(reply.body)
        except ValueError:
            return "json", f"it returns {reply.status}, and not with JSON"
        shown = self.shown(reply, "retrieve")
        if not shown:
            return "mark", "it has no row with an id at the documented place"
        if entry.id not in shown:
            return "ids", f"it shows the row {next(iter(shown))}"
        if self.number_in(shown[entry.id]) is not None:
            return "mark", "its name is that of another row of this run"
        if entry.state is CreateState.CLAIMED:
            return "mark", "its name is not the one sent"
        if not isinstance(shown[entry.id].get(self.surface.name), str):
            return "mark", "it shows no name"
        return "ids", "it shows another row"

    def written_id(self, reply: Reply) -> Id | None:
        """Return the id in a create's response."""
        try:
            return (
                self._id_of(at(read_json(reply.body), self.surface.written_id)) if reply.is_success else None
            )
        except ValueError:
            return None

    def _id_of(self, value: Any) -> Id | None:
        """Return an id as a response shows it. None if it contains the key: ids are stored and shown."""
        row = row_id(value)
        return None if isinstance(row, str) and self._redactor.carries(row) else row

    def path_of(self, kind: str, row: Id | None = None) -> str:
        """Return the path of an operation in the documented spelling, with or without the slash at its end."""
        operation = self.surface.facts.operation(kind)
        segments = operation.segments if row is None else (*operation.segments[:-1], quote(str(row), safe=""))
        return "/".join((self.target.path, *segments)) + "/" * operation.path.endswith("/")

    def _call(
        self,
        kind: str,
        row: Id | None = None,
        *,
        query: str = "",
        authorization: str | None = None,
        exempt: bool = False,
    ) -> Reply:
        path = self.path_of(kind, row)
        value = self._authorization if authorization is None else authorization
        headers = (("Accept", "application/json"), *([("Authorization", value)] if value else []))
        parcel = Parcel(
            self.surface.facts.operation(kind).method,
            f"{path}?{query}" if query else path,
            headers,
            exempt=exempt,
        )
        return self.upstream.send(parcel)


def _timeless(reply: Reply) -> str:
    """Return a body without numbers, such as the requested id, and without values that are new each time."""
    return re.sub("[0-9]+", "0", by_form(reply.body.decode(errors="replace")))


class Credentials:
    """Swaps the placeholder for the key, and keeps writes with any other Authorization off other accounts.

    An id is known to be the run's own only with the run's key. If each account counts its own ids, the same id is
    another user's row under another key. So another Authorization that opens the list may not create. It may write to
    an id only after a look with the same Authorization has shown the run's row, or no row.
    """

    def __init__(self, key: str, placeholder: str, account: Account) -> None:
        self._key = key
        self._placeholder = placeholder
        self._account = account
        self._opens: dict[str, bool] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "Credentials()"

    def is_own(self, authorization: str) -> bool:
        """Tell whether an Authorization holds the placeholder, with any spelling of the scheme."""
        return self._placeholder in authorization

    def real(self, authorization: str) -> str:
        """Return the Authorization to send."""
        return authorization.replace(self._placeholder, self._key)

    def check_create(self, authorization: str) -> None:
        """Raise GuardRefusal (`other-account`) if a create would land in another account."""
        if not self.is_own(authorization) and self._opened(authorization):
            raise GuardRefusal("other-account", "This Authorization opens an account that is not the run's.")

    def check_write(self, authorization: str, entry: LedgerEntry | None) -> None:
        """Raise GuardRefusal (`other-account`) if a write could reach another account's row."""
        if self.is_own(authorization) or entry is None or not self._opened(authorization):
            return
        reply = self._account.look(entry.id or 0, authorization=authorization)
        if reply.is_success and not self._account.proves(reply, entry.number, entry.id):
            raise GuardRefusal("other-account", "This Authorization opens an account with a row of that id.")

    def _opened(self, authorization: str) -> bool:
        """Tell whether an Authorization opens the list; every status but a 4xx counts as open."""
        with self._lock:
            known = self._opens.get(authorization)
        if known is not None:
            return known
        return self.note_list(authorization, self._account.first_page(authorization).status)

    def note_list(self, authorization: str, status: int) -> bool:
        """Note the response to a list with an Authorization, and tell whether it was opened."""
        opens = not 400 <= status < 500 or status == 429
        with self._lock:
            self._opens[authorization] = opens
        return opens
