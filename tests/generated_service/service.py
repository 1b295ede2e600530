"""The service itself: a WSGI app that does what its house decides. It shares no code with the mock."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, quote

from werkzeug.formparser import parse_form_data

from tests.generated_service.forms import (
    BadForm,
    Fields,
    Problem,
    Sent,
    read_create,
    read_update,
    unsent_settings,
)
from tests.generated_service.house import House
from tests.generated_service.replies import Refused, Replies, Reply

COLLECTION = "/api/notification-handlers"
SIZES = (10, 25, 50, 100, 250, 500, 1000)
ID_STEPS = {"one": 1, "three": 3, "ten": 10}


@dataclass
class Row:
    """One stored handler. Times are seconds since 1970 UTC."""

    id: int
    type: str
    name: str
    settings: dict[str, str | None]
    enabled: bool
    created: int
    changed: int | None = None
    written: int = 0  # the later it was made or changed, the higher


@dataclass
class Account:
    """The rows of one key, by id, oldest first."""

    rows: dict[int, Row] = field(default_factory=dict)


@dataclass
class Request:
    """What arrived, with what the stages found out so far."""

    method: str
    path: str
    query: str
    host: str
    headers: Mapping[str, str]
    body: bytes
    account: Account = field(default_factory=Account)
    sent: Sent = field(default_factory=dict)
    fields: Fields = field(default_factory=Fields)
    id: int = 0
    row: Row | None = None


class GeneratedService:
    """Serve it as a WSGI app. `keys` maps each key to the number of rows that its account begins with.

    `log` has (method, path, status) of each request. `bug` names one planted fault, see `tests.generated_service.bugs`.
    """

    def __init__(self, house: House, keys: Mapping[str, int] | None = None, bug: str = "") -> None:
        self.house = house
        self.bug = bug
        self.replies = Replies(house)
        self.log: list[tuple[str, str, int]] = []
        self._lock = threading.Lock()
        self._step = ID_STEPS[house["id-step"]]
        self._last_id = 40
        self._writes = 0
        self.accounts: dict[str, Account] = {}
        for key, count in (keys or {"live-key": 3, "other-key": 2}).items():
            self.accounts[key] = account = Account()
            for number in range(count):
                settings: dict[str, str | None] = {"email": f"user{number}@example.com"}
                self._store(account, "email", f"Row {number}", settings, enabled=True, now=1_700_000_000)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        headers = {
            name[5:].replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        headers["Content-Type"] = environ.get("CONTENT_TYPE", "")
        request = Request(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            environ.get("QUERY_STRING", ""),
            f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}",
            headers,
            environ["wsgi.input"].read(length) if length else b"",
        )
        with self._lock:
            try:
                reply = self._answer(request)
            except Refused as no:
                query = f"?{request.query}" if request.query else ""
                reply = self.replies.refusal(no, f"{quote(request.path)}{query}")
        self.log.append((request.method, request.path, int(reply.status[:3])))
        if request.method == "HEAD" and reply.status[0] == "4" and self.house["head-type"] == "none":
            reply = reply._replace(headers=[each for each in reply.headers if each[0] != "Content-Type"])
        start_response(reply.status, reply.headers)
        return [b"" if request.method == "HEAD" else reply.body]

    # The way of a request

    def _answer(self, request: Request) -> Reply:
        slashed = request.path.endswith("/")
        path = request.path.rstrip("/") if slashed else request.path
        is_list = path == COLLECTION
        named = re.fullmatch(re.escape(COLLECTION) + r"/([^/]+)", path)
        if not is_list and not named:
            raise Refused("unknown-route", 404)
        heads = self.house["list-head"] == "redirected" or self.house["head"] == "like-get"
        led = request.method == "GET" or (request.method == "HEAD" and heads)
        if is_list and not slashed and led and self.house["list-slash"] != "same":
            query = f"?{request.query}" if request.query else ""
            return self.replies.redirect(int(self.house["list-slash"][-3:]), f"{request.host}{path}/{query}")
        # The page has both spellings of the list; of the others it has one.
        if slashed and not (is_list and request.method in {"GET", "HEAD"}):
            slash = self.house["create-slash"] if is_list and request.method == "POST" else "as-rows"
            slash = self.house["slash"] if slash == "as-rows" else slash
            if slash == "distinct":
                raise Refused("unknown-route", 404)
            if slash != "same":
                query = f"?{request.query}" if request.query else ""
                return self.replies.redirect(int(slash[-3:]), request.host + path + query)
        methods = ["GET", "POST"] if is_list else ["DELETE", "GET", "POST"]
        if self.house["head"] == "like-get":
            methods.append("HEAD")
        method = "GET" if request.method == "HEAD" and "HEAD" in methods else request.method
        self._check(request, methods, method, named[1] if named else None)
        if is_list:
            return self._list(request) if method == "GET" else self._create(request)
        return {"GET": self._retrieve, "POST": self._update, "DELETE": self._delete}[method](request)

    def _check(self, request: Request, methods: list[str], method: str, named: str | None) -> None:
        """Walk the stages in the house's order. Raises Refused."""
        stages = self.house["stages"].split("-")
        if "method" not in stages:
            stages.insert(stages.index("key") + 1, "method")
        for stage in stages:
            if stage == "method" and request.method not in methods:
                raise self.replies.wrong_method(methods)
            if stage == "key":
                self._find_account(request)
            elif stage == "body" and method == "POST":
                self._read_body(request)
            elif stage == "id" and named is not None:
                self._read_id(request, named)
            elif stage == "fields" and method == "POST":
                self._read_fields(request, creates=named is None)
            elif stage == "row" and named is not None:
                self._find_row(request)
        if problems := request.fields.unavailable(request.row.type if request.row else ""):
            raise Refused("invalid", self.replies.invalid_status, problems)

    def _find_account(self, request: Request) -> None:
        sent = request.headers.get("Authorization", "")
        scheme, _, key = sent.partition(" ")
        known = scheme == "Bearer" if self.house["scheme-case"] == "exact" else scheme.lower() == "bearer"
        if not known or not key.strip():
            raise Refused("no-bearer", 401)
        if self.bug == "auth-hole" and key.strip() not in self.accounts:
            request.account = next(iter(self.accounts.values()))
            return
        if key.strip() not in self.accounts:
            raise Refused("wrong-key", int(self.house["status-wrong-key"]))
        request.account = self.accounts[key.strip()]

    def _read_body(self, request: Request) -> None:
        if not request.body:
            return
        kind = request.headers["Content-Type"].partition(";")[0].strip().lower()
        readable = {"multipart/form-data"}
        for media_type, word in (
            ("application/x-www-form-urlencoded", "urlencoded"),
            ("application/json", "json"),
        ):
            if self.house[word] == "read":
                readable.add(media_type)
            elif kind == media_type and self.house[word] == "no-fields":
                return
        if kind not in readable:
            raise Refused("media-type", int(self.house["status-media-type"]))
        if kind == "application/json":
            try:
                data = json.loads(request.body)
            except ValueError:
                raise Refused("unreadable", 400) from None
            pairs = data.items() if isinstance(data, dict) else ()
            request.sent = {
                name: [(str(value), False)] for name, value in pairs if not isinstance(value, dict | list)
            }
            return
        request.sent = self._sent(request)

    def _sent(self, request: Request) -> Sent:
        """Read a form into (text, is a file) by name."""
        environ: dict[str, Any] = {
            "wsgi.input": BytesIO(request.body),
            "CONTENT_LENGTH": str(len(request.body)),
            "CONTENT_TYPE": request.headers["Content-Type"],
            "REQUEST_METHOD": "POST",
        }
        sent: Sent = {}
        if "urlencoded" in environ["CONTENT_TYPE"]:
            pairs = parse_qsl(request.body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
            for name, text in pairs:
                sent.setdefault(self._decoded(name), []).append((self._decoded(text), False))
            return sent
        try:
            request.body.decode()
        except UnicodeDecodeError:
            environ = self._reread(environ)
        try:
            _, fields, files = parse_form_data(environ, silent=False)
        except ValueError:
            raise Refused("unreadable", 400) from None
        for name, text in fields.items(multi=True):
            sent.setdefault(name or "", []).append(
                (text, False)
            )  # werkzeug gives None for a part without a name
        for name, file in files.items(multi=True):
            with closing(file):
                sent.setdefault(name or "", []).append((file.read().decode("utf-8", "replace"), True))
        return sent

    def _reread(self, environ: dict[str, Any]) -> dict[str, Any]:
        """Turn a body that is not UTF-8 into one that is, as the house decides."""
        word, body = self.house["not-utf-8"], environ["wsgi.input"].getvalue()
        if word == "refuse":
            raise Refused("unreadable", 400)
        data = (body.decode("utf-8", "replace") if word == "replace" else body.decode("latin-1")).encode()
        return {**environ, "wsgi.input": BytesIO(data), "CONTENT_LENGTH": str(len(data))}

    def _decoded(self, text: str) -> str:
        data = text.encode("latin-1")
        try:
            return data.decode()
        except UnicodeDecodeError:
            if self.house["not-utf-8"] == "refuse":
                raise Refused("unreadable", 400) from None
            return data.decode("utf-8", "replace") if self.house["not-utf-8"] == "replace" else text

    def _read_id(self, request: Request, text: str) -> None:
        if self.house["bad-id"] == "cast":
            digits = re.match(r"\d{1,18}", text)
            request.id = int(digits[0]) if digits else 0
        elif re.fullmatch(r"[1-9]\d{0,17}", text):
            request.id = int(text)
        else:
            raise Refused("bad-id", int(self.house["status-bad-id"]))

    def _read_fields(self, request: Request, *, creates: bool) -> None:
        is_bare = not request.body and not request.headers["Content-Type"]
        if is_bare and self.house["no-body"] == "refuse":
            raise Refused("no-body", self.replies.invalid_status)
        try:
            request.fields = (read_create if creates else read_update)(self.house, request.sent)
        except BadForm as bad:
            raise Refused("invalid", self.replies.invalid_status, bad.problems) from None

    def _find_row(self, request: Request) -> None:
        accounts = self.accounts.values() if self.bug == "foreign-row" else [request.account]
        request.row = next((one.rows[request.id] for one in accounts if request.id in one.rows), None)
        if request.row is None:
            status = self.house["missing-status"]
            was_here = int(request.id) <= self._last_id if str(request.id).isdigit() else False
            raise Refused("not-found", {"400": 400, "410-deleted": 410 if was_here else 404}.get(status, 404))

    # The five operations

    def _list(self, request: Request) -> Reply:
        house, rows = self.house, [*request.account.rows.values()]
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        for name in query:
            if name not in {"page", "results_per_page"} and house["unknown-parameter"] == "refuse":
                raise Refused(
                    "invalid", self.replies.invalid_status, [Problem(name, "unknown", name, "query")]
                )
        size = self._size(query.get("results_per_page"))
        number = self._page(query.get("page"))
        total = len(rows) + (1 if self.bug == "wrong-total" else 0)
        pages = -(-total // size) or (0 if house["empty-list"] != "one" else 1)
        if number > max(pages, 1):
            if house["page-beyond"] == "not-found":
                raise self.replies.no_page(max(pages, 1))
            if house["page-beyond"] == "last-page":
                number = max(pages, 1)
        if house["order"] == "newest":
            rows.reverse()
        if house["sorted-again"] == "by-change":
            rows.sort(key=lambda row: row.written, reverse=True)
        elif house["sorted"] != "time":
            rows.sort(key=lambda row: str(getattr(row, house["sorted"])))
        page = rows[(number - 1) * size : number * size]
        if self.bug == "skipped-row" and number > 1:
            page = rows[(number - 1) * size + 1 : number * size + 1]
        if self.bug == "repeated-row" and number > 1:
            page = rows[(number - 1) * size - 1 : number * size - 1]
        meta: dict[str, Any] = {
            "page": number,
            "results_per_page": size,
            "total": total,
            "total_pages": pages,
        }
        meta |= self.replies.meta_extra(len(page), meta)
        links = self._links(request, query, meta)
        body = {"data": [self._shown(row) for row in page], "meta": meta, "links": links}
        return self.replies.success("200", body, request.host)

    def _size(self, text: str | None) -> int:
        if text is None:
            return 25
        if re.fullmatch(r"\d{1,9}", text) and int(text) in SIZES:
            return int(text)
        if self.house["size-unlisted"] == "refuse":
            raise Refused(
                "invalid", self.replies.invalid_status, [Problem("results_per_page", "size", text, "query")]
            )
        if self.house["size-unlisted"] == "nearest" and re.fullmatch(r"\d{1,9}", text):
            return _rounded(int(text), self.house["size-rounding"])
        return 25

    def _page(self, text: str | None) -> int:
        if text is None:
            return 1
        if re.fullmatch(r"[1-9]\d{0,8}", text):
            return int(text)
        is_number = re.fullmatch(r"-?\d+", text)
        word = self.house["page-zero" if is_number else "page-word"]
        if word == "refuse":
            raise Refused("invalid", self.replies.invalid_status, [Problem("page", "page", text, "query")])
        digits = re.match(r"\d{1,9}", text) if word == "cast" else None
        return max(1, int(digits[0])) if digits else 1

    def _links(self, request: Request, query: Mapping[str, str], meta: Mapping[str, int]) -> dict[str, Any]:
        house = self.house
        number, size, pages = meta["page"], meta["results_per_page"], meta["total_pages"]
        asked = size if query.get("results_per_page") == str(size) else None
        shown = {
            "accepted-first": asked, "accepted-last": asked, "always": size, "never": None,
            "unless-default": size if size != 25 else None,
        }[house["links"]]  # fmt: skip

        def link(page: int | None) -> str | None:
            if page is None:
                return None
            parts = [f"page={page}"]
            if shown is not None:
                parts.insert(0 if house["links"] == "accepted-first" else 1, f"results_per_page={shown}")
            return f"{request.host}{COLLECTION}?{'&'.join(parts)}"

        before = number - 1 or None
        is_linked = house["prev-of-next"] == "yes" and number == max(1, pages) + 1
        if number > pages and not is_linked:
            before = {"one-less": before, "last": pages or None, "null": None}[house["prev-beyond"]]
        last = pages or {"zero-null": None, "zero-first": 1}.get(house["empty-list"], 1)
        return {
            "first": link(1), "last": link(last), "next": link(number + 1 if number < pages else None),
            "prev": link(before), "self": link(number),
        }  # fmt: skip

    def _retrieve(self, request: Request) -> Reply:
        assert request.row is not None
        reply = self.replies.success("200", {"data": self._shown(request.row)}, request.host)
        return reply._replace(body=reply.body[:-1] + b",}") if self.bug == "broken-json" else reply

    def _create(self, request: Request) -> Reply:
        fields, account = request.fields, request.account
        name, kind = fields.texts["name"], fields.texts["type"]
        if self.bug == "refused-type" and kind == "discord":
            raise Refused("invalid", self.replies.invalid_status, [Problem("type", "type", kind)])
        self._check_unique(request, name, None)
        settings = {**unsent_settings(self.house, kind), **fields.own(kind)}
        enabled = self.house["switch-unsent"] == "on" if fields.enabled is None else fields.enabled
        row = self._store(account, kind, name, settings, enabled=enabled, now=int(time.time()))
        body = {"data": {"id": row.id}, **self._message("Created")}
        return self.replies.success(self.house["create-status"], body, request.host, f"{COLLECTION}/{row.id}")

    def _message(self, text: str) -> dict[str, str]:
        return {"message": text} if self.house["write-extra"] == "message" else {}

    def _check_unique(self, request: Request, name: str, own: Row | None) -> None:
        others = (row.name for row in request.account.rows.values() if row is not own)
        if self.house["name-unique"] == "yes" and name in others:
            raise Refused("taken", 409, [Problem("name", "unique", name)])

    def _store(
        self,
        account: Account,
        kind: str,
        name: str,
        settings: dict[str, str | None],
        *,
        enabled: bool,
        now: int,
    ) -> Row:
        if not (self.bug == "reused-id" and account.rows):
            self._last_id += self._step
        row = Row(self._last_id, kind, name, settings, enabled, now, None, self._next_write())
        account.rows[row.id] = row
        return row

    def _next_write(self) -> int:
        self._writes += 1
        return self._writes

    def _update(self, request: Request) -> Reply:
        row, fields, house = request.row, request.fields, self.house
        assert row is not None
        body = {"data": {"id": row.id}, **self._message("Updated")}
        reply = self.replies.success(self.house["update-status"], body, request.host)
        if self.bug == "forgotten-update":
            return reply
        if self.bug == "crash" and fields.enabled is False:
            raise Refused("crash", 500)
        if "name" in fields.texts:
            self._check_unique(request, fields.texts["name"], row)
        before = row.type, row.name, row.settings, row.enabled
        kind = fields.texts.get("type", row.type)
        new, unsent = fields.own(kind), unsent_settings(house, kind)
        if kind != row.type:
            row.settings = {**(row.settings if house["type-change"] == "merge" else {}), **unsent, **new}
        elif house["same-type"] == "merge":
            row.settings = {**row.settings, **new}
        elif new:
            row.settings = {**unsent, **new}
        row.type = kind
        row.name = fields.texts.get("name", row.name)
        row.enabled = row.enabled if fields.enabled is None else fields.enabled
        row.written = self._next_write()
        is_change = (
            house["counts"] == "any-update" or (row.type, row.name, row.settings, row.enabled) != before
        )
        if house["changed-by"] == "switch":
            is_change = row.enabled != before[-1]
        if house["changed"] == "update" and is_change:
            row.changed = int(time.time())
        return reply

    def _delete(self, request: Request) -> Reply:
        assert request.row is not None
        if self.bug != "returned-row":
            del request.account.rows[request.row.id]
        return self.replies.deleted(request.row.id, request.host)

    # How a row looks

    def _shown(self, row: Row) -> dict[str, Any]:
        zone = int(self.house["zone"]) * 3600

        def told(seconds: int | None) -> str | None:
            return (
                None if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds + zone))
            )

        shown = {
            "id": row.id,
            "type": "mail" if self.bug == "changed-constant" and row.type == "email" else row.type,
            "name": row.name,
            "settings": self.replies.settings(row.type, row.settings),
            "is_enabled": str(row.enabled) if self.bug == "changed-type" else row.enabled,
            "last_datetime": told(row.changed),
            "datetime": told(row.created),
        }
        if self.bug == "missing-key":
            del shown["is_enabled"]
        return {**shown, **self.replies.row_extra(row.id, row.type)}


def _rounded(size: int, how: str) -> int:
    """Return the size that a page has in place of one that is not listed."""
    listed = sorted(SIZES)
    if how == "higher":
        return next((each for each in listed if each >= size), listed[-1])
    if how == "lower":
        return next((each for each in reversed(listed) if each <= size), listed[0])
    if how == "at-most":
        return listed[-1] if size > listed[-1] else 25
    return min(listed, key=lambda each: abs(each - size))
