"""A service that behaves, and holds the rows of a stranger: what lies is a subclass that changes one step of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from contract_tests.guard.body import Body
from tests.guard.scripted import Asked, Said, said

KEY = "real-key-1-of-a-stranger"
STRANGERS = 12
TYPES = ("email", "webhook", "internal_notification", "slack")
_DAY = 1_740_823_200

Row = dict[str, Any]


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


class Behaving:
    """The API of one account, in memory.

    `rows` are by the id under which they are kept. `harmed` are rows of the stranger that the service has changed or
    deleted of itself, where no guard can be in the way. `nameless` counts rows that were made without a name. `lock` is
    held while a request is answered.
    """

    unshown: frozenset[Any] = (
        frozenset()
    )  # rows of the stranger that no list shows, so that nobody can miss them

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.rows: dict[Any, Row] = {}
        self.harmed: set[Any] = set()
        self._times: list[int] = [
            0
        ]  # how many were harmed so far, each time that there were more before a write
        self.nameless = 0
        self.last = 0
        for number in range(1, STRANGERS + 1):
            name = "" if number == 5 else f"A stranger's {number}"
            kind = TYPES[number % len(TYPES)]
            settings = (
                {} if kind == "internal_notification" else {kind: f"https://example.com/stranger/{number}"}
            )
            row = self.new_row({"name": name, "type": kind}, settings)
            row["datetime"] = _moment(_DAY + 1000 * number)
        self.strangers = {row: json.dumps(kept) for row, kept in self.rows.items()}

    # What is checked.

    @property
    def touched(self) -> list[Any]:
        """The rows of the stranger that are not as they were, and that the service itself has not harmed."""
        return [
            row
            for row, before in self.strangers.items()
            if row not in self.harmed and json.dumps(self.rows.get(row)) != before
        ]

    @property
    def times_harmed(self) -> int:
        """How often a write came after rows of the stranger had been harmed, or could have come."""
        return len({*self._times, len(self.harmed - self.unshown)}) - 1

    @property
    def left(self) -> list[Any]:
        """The rows that the run has made and that are still there."""
        return [row for row in self.rows if row not in self.strangers]

    # What a lie may change.

    def __call__(self, asked: Asked) -> Said | None:
        """Answer a request; None drops the connection."""
        with self.lock:
            self._times += [len(self.harmed - self.unshown)] if asked.method != "GET" else []
            self.meanwhile(asked)
            return self.answer(asked)

    def meanwhile(self, asked: Asked) -> None:
        """Do what others do before a request is answered."""

    def answer(self, asked: Asked) -> Said | None:
        path, _, query = asked.path.partition("?")
        segments = [
            unquote(part)
            for part in urlsplit(path).path.removeprefix("/api/notification-handlers").split("/")
        ]
        if not path.startswith("/api/notification-handlers") or len(segments) > 3:
            return said({"errors": [{"title": "No such route", "status": 404}]}, 404)
        if asked.headers.get("authorization", "") != f"Bearer {KEY}":
            return self.refused(401, "You do not have access to the API.")
        text = next((part for part in segments if part), "")
        if not text:
            if asked.method == "GET":
                return self.listing({name: values[-1] for name, values in parse_qs(query).items()})
            return (
                self.create(self.form(asked))
                if asked.method == "POST"
                else self.refused(404, "No such method")
            )
        row = self.found(text)
        if asked.method == "GET":
            return self.retrieve(row, text)
        if row is None:
            return self.missing()
        if asked.method == "POST":
            return self.update(row, self.form(asked))
        return self.delete(row) if asked.method == "DELETE" else self.refused(404, "No such method")

    def form(self, asked: Asked) -> dict[str, str]:
        body = Body(asked.headers.get("content-type", ""), asked.body)
        return {field.name: field.value for field in body.fields}

    def found(self, text: str) -> Any:
        """Return the kept id that a text in a path names."""
        return next((row for row in self.rows if str(self.written_id(row)) == text), None)

    def refused(self, status: int, title: str) -> Said:
        return said({"errors": [{"title": title, "status": status}]}, status)

    def missing(self) -> Said:
        return self.refused(404, "The resource you are looking for does not exist.")

    def new_id(self) -> Any:
        self.last += 1
        return self.last

    def written_id(self, row: Any) -> Any:
        """Return an id as answers show it."""
        return row

    def name(self, sent: str) -> str:
        """Return a name as it is stored."""
        return sent

    def new_row(self, form: Mapping[str, str], settings: Mapping[str, str]) -> Row:
        self.nameless += hasattr(self, "strangers") and not form.get("name", "").strip()
        row: Row = {
            "id": 0, "type": form.get("type", ""), "name": self.name(form.get("name", "")), "settings": dict(settings),
            "is_enabled": True, "last_datetime": None, "datetime": _moment(self.clock()),
        }  # fmt: skip
        kept = self.new_id()
        self.rows[kept] = row
        row["id"] = self.written_id(kept)
        return row

    def settings(self, form: Mapping[str, str]) -> dict[str, str]:
        return {name: text for name, text in form.items() if name not in {"name", "type", "is_enabled"}}

    def listing(self, query: Mapping[str, str]) -> Said | None:
        size, page = int(query.get("results_per_page", 10)), max(1, int(query.get("page", 1)))
        rows = self.listed()
        return self.page(rows[size * (page - 1) : size * page], len(rows), page, size)

    def listed(self) -> list[Row]:
        return [self.shown(row) for row in reversed(self.rows)]

    def page(self, rows: list[Row], total: int, page: int, size: int) -> Said | None:
        pages = -(-total // size)
        base = "http://127.0.0.1/api/notification-handlers/?page="
        links = {
            "self": f"{base}{page}",
            "first": f"{base}1",
            "last": f"{base}{pages}",
            "next": None,
            "prev": None,
        }
        meta = {"page": page, "results_per_page": size, "total": total, "total_pages": pages}
        return said({"data": rows, "meta": meta, "links": links})

    def shown(self, row: Any) -> Row:
        """Return a row as answers show it."""
        return self.rows[row]

    def retrieve(self, row: Any, text: str) -> Said | None:
        return self.missing() if row is None else said({"data": self.shown(row)})

    def create(self, form: Mapping[str, str]) -> Said | None:
        if not form.get("name", "").strip() or not form.get("type"):
            return self.refused(401, "You must fill all the required fields.")
        return self.created(self.stored(form))

    def stored(self, form: Mapping[str, str]) -> Any:
        """Store a new row, and return the id under which it is kept."""
        self.new_row(form, self.settings(form))
        return next(reversed(self.rows))

    def created(self, row: Any) -> Said | None:
        """Answer a create."""
        return said({"data": {"id": self.written_id(row)}}, 201)

    def update(self, row: Any, form: Mapping[str, str]) -> Said | None:
        self.changed(row, form)
        return said({"data": {"id": self.written_id(row)}})

    def changed(self, row: Any, form: Mapping[str, str]) -> None:
        kept = self.rows[row]
        if "name" in form:
            kept["name"] = self.name(form["name"])
        if "is_enabled" in form:
            kept["is_enabled"] = form["is_enabled"] not in {"", "0"}
        kept["settings"] = kept["settings"] | self.settings(form)

    def delete(self, row: Any) -> Said | None:
        self.deleted(row)
        return Said(200, b"", {"Content-Type": "text/html"})

    def deleted(self, row: Any) -> None:
        self.rows.pop(row, None)
