"""The account behind the key: the guard's own calls to it, proof that a row is the run's, clean-up and sweep."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from contract_tests.guard.exchange import GuardRefusal, Reply, TargetFailed
from contract_tests.guard.ledger import Entry, Ledger, Marker, State, is_swept, key_check
from contract_tests.guard.mask import Mask
from contract_tests.guard.surface import Kind, survey
from contract_tests.guard.upstream import Budget, GuardSettings, Parcel, Target, Upstream, read_target, silent
from mock_server.document import Document, load

_MOST_PAGES = 10_000


class Account:
    """The rows behind one key, and the way to them. Making one sends nothing.

    Raises GuardRefusal (`key`, `target`, `plain-http`, `proxy`), and ValueError if the document lacks a needed fact.
    """

    def __init__(self, settings: GuardSettings, document: Document | None, marker: Marker) -> None:
        if not settings.key.strip() or not settings.key.isascii() or not settings.key.isprintable():
            raise GuardRefusal("key", "The key is empty, or is no text that fits a header.")
        surface = self.surface = survey((document or load()).data)
        self.target: Target = read_target(
            settings.target, surface.base_path, allow_plain_http=settings.allow_plain_http
        )
        self.mask = Mask(surface, marker)
        self.upstream = Upstream(self.target, Budget(settings, surface.quota), settings.timeout)
        self._authorization = f"Bearer {settings.key}"

    def __repr__(self) -> str:
        return "Account()"

    def look(self, row: int, *, authorization: str | None = None, exempt: bool = False) -> Reply:
        """Retrieve a row, with another Authorization if one is given. Raises TargetFailed and GuardRefusal."""
        return self._call("retrieve", row, authorization=authorization, exempt=exempt)

    def delete(self, row: int) -> Reply:
        """Delete a row, outside of `max_requests`. Raises TargetFailed."""
        return self._call("delete", row, exempt=True)

    def first_page(self, authorization: str) -> Reply:
        """List with another Authorization. Raises TargetFailed and GuardRefusal."""
        return self._call("list", authorization=authorization)

    def highest(self) -> int | None:
        """Return the highest id on the list's largest page, 0 if it is empty, None if it cannot be read."""
        reply = self._call("list", query=self._page(1))
        return max(self.mask.rows(reply.body), default=0) if reply.is_success else None

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each row of the account once, on the largest pages. Raises TargetFailed if a page is no list."""
        surface, seen = self.surface, set[int]()
        for page in range(1, _MOST_PAGES):
            reply = self._call("list", query=self._page(page), exempt=True)
            if not reply.is_success:
                raise TargetFailed("list", f"The list cannot be read: it answers {reply.status}.")
            rows = self.mask.rows(reply.body)
            new = {row: node for row, node in rows.items() if row not in seen}
            yield from new.items()
            seen |= new.keys()
            total = _at(reply.body, surface.total)
            if not new or (isinstance(total, int) and len(seen) >= total):
                return

    def _page(self, number: int) -> str:
        paging = self.surface.paging
        asked = {paging.size: paging.largest, paging.page: number}
        return urlencode({name: value for name, value in asked.items() if name and value})

    def bears(self, entry: Entry, reply: Reply) -> bool:
        """Tell whether an answer shows the row of an entry: by its unique marker, else by a name the run gave it."""
        if not reply.is_success:
            return False
        if entry.marker.encode() in reply.body:
            return True
        row = self.mask.rows(reply.body).get(entry.id if entry.id is not None else 0, {})
        return (row.get(self.surface.row["name"]) or "") in entry.names if row else False

    def listed(self, entries: Iterable[Entry], reply: Reply) -> list[Entry]:
        """Return those entries whose row, with its own marker, a list shows."""
        rows = self.mask.rows(reply.body) if reply.is_success else {}
        return [entry for entry in entries if entry.id in rows and entry.marker in json.dumps(rows[entry.id])]

    def name_in(self, row: int, reply: Reply) -> str | None:
        """Return the name of a row that an answer shows, None if it shows none."""
        found = self.mask.rows(reply.body).get(row) if reply.is_success else None
        return None if found is None else str(found.get(self.surface.row["name"]) or "")

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
        operation = self.surface.of(kind)
        segments = operation.segments if row is None else (*operation.segments[:-1], str(row))
        # The documented spelling: a service may tell it from the other one.
        path = (
            "/".join((self.target.path, *segments)) + "/" * operation.slashed + (f"?{query}" if query else "")
        )
        value = self._authorization if authorization is None else authorization
        headers = [("Accept", "application/json"), *([("Authorization", value)] if value else [])]
        return self.upstream.send(Parcel(operation.method, path, tuple(headers), exempt=exempt))


def _at(body: bytes, steps: tuple[str, ...]) -> Any:
    try:
        node = json.loads(body)
        for step in steps:
            node = node[step]
    except (ValueError, KeyError, TypeError):
        return None
    return node if steps else None


class Credentials:
    """Swaps the placeholder for the key, and keeps writes with any other Authorization off other accounts.

    An id is only known to be the run's own with the run's key; if each account counts its own ids,
    the same id under another key is another user's row. So an Authorization that opens the list may not create, and
    may write to an id only after a look with that same Authorization has shown the run's row or none.
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
        """Tell whether an Authorization holds the placeholder, in whatever spelling of the scheme."""
        return self._placeholder in authorization

    def real(self, authorization: str) -> str:
        """Return the Authorization to send."""
        return authorization.replace(self._placeholder, self._key)

    def check_create(self, authorization: str) -> None:
        """Raise GuardRefusal (`other-account`) if a create would land in another account."""
        if not self.is_own(authorization) and self._opened(authorization):
            raise GuardRefusal("other-account", "This Authorization opens an account that is not the run's.")

    def check_write(self, authorization: str, entries: tuple[Entry, ...]) -> None:
        """Raise GuardRefusal (`other-account`) if a write could reach another account's row."""
        if self.is_own(authorization) or not entries or not self._opened(authorization):
            return
        for entry in entries:
            reply = self._account.look(entry.id or 0, authorization=authorization)
            if reply.is_success and not self._account.bears(entry, reply):
                raise GuardRefusal(
                    "other-account", "This Authorization opens an account with a row of that id."
                )

    def _opened(self, authorization: str) -> bool:
        """Tell whether an Authorization opens the list; anything but a 4xx counts as open."""
        with self._lock:
            known = self._opens.get(authorization)
        if known is not None:
            return known
        status = self._account.first_page(authorization).status
        opens = not 400 <= status < 500 or status == 429
        with self._lock:
            self._opens[authorization] = opens
        return opens


_ROUNDS = 3
_PAUSE = 5.0  # seconds between two words on how far a clean-up is
_GONE = frozenset({404, 410})
_FINAL = frozenset({State.DELETED, State.LEFT})


@dataclass(slots=True)
class CleanUp:
    """What a clean-up did. All are ids, but `open`: markers of creates whose answer never came.

    `left` are rows that are not, or no longer, the run's. `failed` could not be deleted, or not seen to be gone, with
    the reason; the id 0 stands for the list. While anything failed or is open, the ledger stays unswept.
    """

    deleted: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether nothing of the run is left that is known."""
        return not self.failed and not self.open


class Cleaner:
    """Cleans up after one ledger; doing it again, or being stopped in the midst, does no harm.

    Each row is looked at just before it is deleted and just after. Then the list is searched for the run's marker: for
    creates that were never answered, for what a faulty service said was gone, and, to spare requests, for all whose
    delete was accepted during the run; if there is no list to be had, those are looked at one by one.
    """

    def __init__(self, ledger: Ledger, account: Account, settings: GuardSettings) -> None:
        self._ledger = ledger
        self._account = account
        self._clock, self._tell, self._settle = settings.clock, settings.tell, settings.settle
        self._told = 0.0
        self._done = CleanUp()
        self._listed: set[int] = set()

    def clean(self) -> CleanUp:
        """Delete what is the run's, and finish the ledger if nothing remains. Raises OSError if the disk does."""
        self._done = CleanUp()
        entries = self._ledger.entries
        self._remove_all(
            e for e in entries.values() if e.id is not None and e.state not in {*_FINAL, State.GONE}
        )
        if entries:
            self._say("cleaning up: searching the list for what is left")
            self._search()
            self._remove_all(e for e in entries.values() if e.state is State.GONE)
            self._close_intents()
        if self._done.complete:
            self._ledger.finish()
        return self._done

    def _remove_all(self, entries: Iterable[Entry]) -> None:
        there = list(entries)
        for number, entry in enumerate(there, start=1):
            self._say(f"cleaning up: row {number} of {len(there)}")
            self._guarded(entry, self._remove)

    def _say(self, sentence: str) -> None:
        """Tell how far the clean-up is, unless that was told just now."""
        now = self._clock()
        if now - self._told >= _PAUSE:
            self._told = now
            self._tell(sentence)

    def _guarded(self, entry: Entry, act: Callable[[Entry], None]) -> None:
        try:
            act(entry)
        except TargetFailed as failure:
            self._done.failed[entry.id or 0] = failure.sentence

    def _remove(self, entry: Entry) -> None:
        row = entry.id or 0
        reply = self._account.look(row, exempt=True)
        if reply.status in _GONE:
            self._gone(entry)
        elif self._account.bears(entry, reply):
            self._delete(entry)
        elif reply.is_success and self._account.name_in(row, reply) is not None:
            self._ledger.left(entry)
            self._done.left.append(row)
        else:
            self._done.failed[row] = f"It cannot be looked at: the target answers {reply.status}."

    def _delete(self, entry: Entry) -> None:
        row = entry.id or 0
        reply = self._account.delete(row)
        if reply.is_success:
            entry.state = State.GONE
        after = self._account.look(row, exempt=True)
        if after.status in _GONE:
            self._gone(entry)
        else:
            self._done.failed[row] = (
                f"It is not gone: the delete answered {reply.status}, a look {after.status}."
            )

    def _gone(self, entry: Entry) -> None:
        self._ledger.deleted(entry)
        self._done.failed.pop(entry.id or 0, None)
        if entry.id is not None and entry.id not in self._done.deleted:
            self._done.deleted.append(entry.id)

    def _search(self) -> None:
        """Search the list for the marker until it shows none."""
        try:
            for _ in range(_ROUNDS):
                found = self._bearing()
                if not found:
                    self._list_is_clean()
                    return
                for row, number in found.items():
                    self._take(row, number)
            self._done.failed.update(dict.fromkeys(self._bearing(), "It is still in the list."))
        except TargetFailed as failure:
            if any(entry.state not in _FINAL for entry in self._ledger.entries.values()):
                self._done.failed[0] = failure.sentence

    def _bearing(self) -> dict[int, int]:
        """Return the rows of the list that bear the run's marker, with its number."""
        rows = dict(self._account.rows())
        self._listed = set(rows)
        shown = ((row, self._ledger.marker.number_in(json.dumps(node))) for row, node in rows.items())
        return {row: number for row, number in shown if number is not None}

    def _take(self, row: int, number: int) -> None:
        """Delete a row on the list's evidence."""
        entry = self._ledger.found(number, self._clock())
        if entry.id != row or entry.state in _FINAL:
            self._ledger.created(entry, row)
        self._guarded(entry, self._delete)

    def _list_is_clean(self) -> None:
        """Take for gone what a look could not settle, if a delete of it had been accepted."""
        for entry in self._ledger.entries.values():
            if entry.state is State.GONE and entry.id not in self._listed:
                self._gone(entry)

    def _close_intents(self) -> None:
        if 0 in self._done.failed:
            self._done.open += [e.marker for e in self._ledger.entries.values() if e.state is State.OPEN]
            return
        for entry in list(self._ledger.entries.values()):
            if entry.state is not State.OPEN:
                continue
            if self._clock() - entry.time >= self._settle:
                self._ledger.answered(entry)
            else:
                self._done.open.append(entry.marker)


def sweep(  # noqa: PLR0913 -- each is one thing that the person who sweeps decides
    ledger_file: Path,
    key: str,
    *,
    document: Document | None = None,
    allow_plain_http: bool = False,
    rate: int | None = None,
    settle: float = 60.0,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    tell: Callable[[str], None] = silent,
) -> CleanUp:
    """Delete what a run left, and tell what was done.

    Only rows that the ledger knows, by id or by marker, and that still bear the run's marker. It may be stopped and
    run again; on a finished ledger it does nothing. `rate` counts requests a minute, `settle` is in seconds: a create
    younger than that, which was never answered and is in no list, keeps the ledger open.
    Raises FileNotFoundError, ValueError if the file is not a ledger, GuardRefusal (`key`: another key than the
    run's, `target`, `plain-http`, `proxy`), TargetFailed if nothing answers, and OSError.
    """
    if is_swept(ledger_file):
        return CleanUp()
    ledger = Ledger.read(ledger_file)
    settings = GuardSettings(
        target=ledger.target, key=key, allow_writes=True, allow_plain_http=allow_plain_http, rate=rate, settle=settle,
        clock=clock, sleep=sleep, tell=tell,
    )  # fmt: skip
    if ledger.key_check != key_check(key, ledger.marker.run):
        # With another account's key every row would seem to be gone.
        raise GuardRefusal("key", f"{ledger_file} was written with another key: sweep it with that one.")
    account = Account(settings, document, ledger.marker)
    try:
        _reach(account, ledger)
        return Cleaner(ledger, account, settings).clean()
    finally:
        account.upstream.close()


def _reach(account: Account, ledger: Ledger) -> None:
    """See that the target answers at all, if there is anything to ask it for. Raises TargetFailed."""
    try:
        if ledger.entries:
            account.highest()
    except TargetFailed:
        account.look(1, exempt=True)  # a list that fails alone stops no clean-up
