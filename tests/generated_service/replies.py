"""How the service words what it says: statuses, headers, envelopes, links and masks."""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from tests.generated_service.forms import FIELDS, URLS, Problem
from tests.generated_service.house import House

TITLES = {
    "no-bearer": "Authentication is required",
    "wrong-key": "The key is not valid",
    "unknown-route": "Not Found",
    "method": "Method Not Allowed",
    "media-type": "Unsupported body",
    "unreadable": "The body cannot be read",
    "no-body": "A body is required",
    "bad-id": "The id is not valid",
    "not-found": "No such notification handler",
    "invalid": "The request is not valid",
    "taken": "The name is taken",
    "crash": "Something went wrong",
}
RULES = {
    "required": "{field} is required",
    "type": "{field} must be a known type",
    "long": "{field} is too long",
    "control": "{field} has control characters",
    "format": "{field} has the wrong format",
    "foreign": "{field} is not available for this type",
    "unknown": "{field} is not known",
    "once": "{field} is given twice",
    "text": "{field} must be a text",
    "boolean": "{field} must be a boolean",
    "page": "{field} must be a number from 1",
    "beyond": "{field} must not be beyond",
    "size": "{field} is not an allowed size",
    "unique": "{field} is taken",
    "nothing": "{field} has nothing to change",
}
SECRETS = frozenset(
    {*URLS, "telegram", "x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret"}
)


class Reply(NamedTuple):
    """A response, as WSGI wants it."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Refused(Exception):
    """The service says no: the kind gives the words, `problems` the details."""

    def __init__(
        self,
        kind: str,
        status: int,
        problems: Sequence[Problem] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(kind)
        self.kind, self.status, self.problems, self.headers = kind, status, problems, headers


class Replies:
    """Words responses as the house decides."""

    def __init__(self, house: House) -> None:
        self.house = house

    @property
    def invalid_status(self) -> int:
        """The status of a form or query that breaks a rule."""
        return int(self.house["status-invalid"])

    # Successes

    def success(self, status: str, body: Mapping[str, Any], host: str, location: str = "") -> Reply:
        """Return a success with a JSON body; `location` is the path of a new row."""
        where = self.house["location"]
        headers = (
            [("Location", (host if where == "absolute" else "") + location)]
            if location and where != "none"
            else []
        )
        return self._reply(int(status), self._json_type(), self._json({**body, **self._top_extra()}), headers)

    def deleted(self, row_id: int, host: str) -> Reply:
        """Return what a delete gets."""
        word = self.house["delete"]
        if word == "id":
            return self.success("200", {"data": {"id": row_id}}, host)
        if word == "flag":
            return self._reply(200, self._json_type(), self._json({"deleted": True}))
        if word == "no-content":
            return self._reply(204, None, b"")
        return self._reply(200, self._json_type() if word == "empty-typed" else None, b"")

    def redirect(self, status: int, target: str) -> Reply:
        """Return a redirect."""
        return self._reply(status, None, b"", [("Location", target)])

    def meta_extra(self, count: int, meta: Mapping[str, int]) -> dict[str, Any]:
        """Return what a list's meta has beside the documented properties; `count` rows are on this page."""
        extra = {
            "count": str(count) if self.house["count-as"] == "text" else count,
            "has-more": meta["page"] < meta["total_pages"],
            "offset": (meta["page"] - 1) * meta["results_per_page"],
        }
        word = self.house["meta-extra"]
        return {key.replace("-", "_"): value for key, value in extra.items() if word in {"all", key}}

    def row_extra(self, row_id: int, kind: str) -> dict[str, Any]:
        """Return the property that a row has beside the documented ones."""
        word = self.house["row-extra"]
        if word == "uuid":
            return {"uuid": str(uuid.UUID(hashlib.md5(str(row_id).encode()).hexdigest()))}
        values: dict[str, dict[str, Any]] = {
            "constant": {"user_id": 7},
            "by-type": {"channel": kind[:4]},
            "null": {"deleted_at": None},
        }
        return values.get(word, {})

    def _key(self, field: str) -> str:
        """Return the key that shows a field in the settings; the page shows that of `email` alone."""
        match self.house["settings-keys"]:
            case "url" if field in {"webhook", "slack", "discord", "microsoft_teams", "google_chat"}:
                return "url"
            case "short" if field != "email":
                return {"telegram": "token", "telegram_chat_id": "chat_id"}.get(
                    field, field.removeprefix("x_")
                )
            case _:
                return field

    def settings(self, kind: str, settings: Mapping[str, str | None]) -> dict[str, Any] | list[Any]:
        """Return a row's settings as they are shown: PHP writes an object without keys as a list."""
        shown: dict[str, Any] = {
            self._key(name): self._masked(name, value) for name, value in settings.items()
        }
        for key in {"chat_id", "telegram_chat_id"} & shown.keys():
            if self.house["chat-id"] == "number" and re.fullmatch(r"-?[1-9][0-9]{0,17}", str(shown[key])):
                shown[key] = int(shown[key])
        if not shown and not FIELDS[kind] and self.house["bare-settings"] == "own-name":
            shown = {kind: ""}
        word = self.house["settings-extra"]
        if word == "format":
            shown["format"] = "html" if kind == "email" else "json" if kind == "webhook" else "text"
        elif word == "version":
            shown["version"] = 2
        return [] if not shown and self.house["no-settings"] == "array" else shown

    def _masked(self, name: str, value: str | None) -> str | None:
        word = self.house["secrets"]
        if not value or name not in SECRETS or word == "shown":
            return value
        if self.house["masked"] == "named-secret" and "secret" not in name:
            return value
        return {
            "stars": "*" * len(value),
            "last-four": "****" + value[-4:],
            "first-three": value[:3] + "…",
            "fixed": "(hidden)",
        }[word]

    # Refusals

    def wrong_method(self, methods: Sequence[str]) -> Refused:
        """Return the refusal of a method that a path does not have."""
        status, _, allow = self.house["method"].partition("-")
        return Refused("method", int(status), headers=[("Allow", ", ".join(methods))] if allow else [])

    def no_page(self, last: int) -> Refused:
        """Return the refusal of a page beyond the last one."""
        told = self.house["numbers"] == "told"
        return Refused("not-found", 404, [Problem("page", "beyond", str(last), "query")] if told else [])

    def refusal(self, no: Refused, target: str) -> Reply:
        """Return a refusal in the house's envelope; `target`: the path with its query, which it may show."""
        headers = [*no.headers]
        if no.kind in {"no-bearer", "wrong-key"} and self.house["challenge"] != "none":
            realm = ' realm="api"' if self.house["challenge"] == "realm" else ""
            headers.append(("WWW-Authenticate", f"Bearer{realm}"))
        if no.kind == "unknown-route" and self.house["unknown-route"] != "json":
            text = "<!doctype html><title>Not Found</title><h1>Not Found</h1>"
            if self.house["unknown-route"] == "text":
                return self._reply(404, "text/plain; charset=utf-8", b"404 page not found\n", headers)
            return self._reply(404, "text/html; charset=utf-8", text.encode(), headers)
        problems = no.problems[:1] if self.house["told"] == "first" else no.problems
        return self._envelope(no, problems, headers, target)

    def _envelope(
        self, no: Refused, problems: Sequence[Problem], headers: list[tuple[str, str]], target: str
    ) -> Reply:
        word, items = self.house["envelope"], [self._item(problem) for problem in problems]
        kind, status, title = no.kind, no.status, TITLES[no.kind]
        message = self._message(problems[0]) if problems else title
        if word == "empty":
            return self._reply(status, None, b"", headers)
        if word == "text":
            return self._reply(status, "text/plain; charset=utf-8", message.encode(), headers)
        if word == "html":
            page = f"<!doctype html><title>{status}</title><p>{message.replace('<', '&lt;')}</p>"
            return self._reply(status, "text/html", page.encode(), headers)
        fields: dict[str, list[str]] = {}
        for problem in problems:
            fields.setdefault(problem.field, []).append(self._message(problem))
        listed = {"errors": items} if items else {}
        bodies: dict[str, dict[str, Any]] = {
            "errors": {"errors": items or [{"title": title, "status": status}]},
            "detail": {"detail": items or title},
            "problem": {"type": "about:blank", "title": title, "status": status, **listed},
            "code": {"error": {"code": kind, "message": message, **listed}},
            "success-false": {"success": False, "message": message, "errors": items},
            "laravel": {"message": message, **({"errors": fields} if fields else {})},
        }
        body = bodies[word]
        if self.house["error-target"] == "path-and-query":
            body["instance"] = target
        if self.house["error-ids"] != "none":
            body["trace"] = str(uuid.uuid4()) if self.house["error-ids"] == "uuid" else uuid.uuid4().hex
        kinds = {
            "same": self._json_type(),
            "charset": "application/json; charset=utf-8",
            "problem": "application/problem+json",
        }
        return self._reply(status, kinds[self.house["error-type"]], self._json(body), headers)

    def _message(self, problem: Problem) -> str:
        message = RULES[problem.rule].format(field=problem.field)
        if problem.rule == "beyond":
            return f"{message} {problem.value}"
        if problem.rule == "long" and self.house["numbers"] == "told":
            message += f" (it has {len(problem.value)} characters)"
        return (
            f"{message}, not {problem.value[:40]!r}"
            if self.house["echo"] == "value" and problem.value
            else message
        )

    def _item(self, problem: Problem) -> Any:
        message = self._message(problem)
        if self.house["items"] == "texts":
            return message
        if self.house["items"] == "locations":
            return {"type": problem.rule, "loc": [problem.place, problem.field], "msg": message}
        return {"field": problem.field, "message": message}

    # Everything

    def _reply(
        self, status: int, media_type: str | None, body: bytes, headers: Sequence[tuple[str, str]] = ()
    ) -> Reply:
        house = self.house
        shown = [("Content-Type", media_type)] if media_type else []
        if status != HTTPStatus.NO_CONTENT:
            shown.append(("Content-Length", str(len(body))))
        if house["headers"] in {"nosniff", "many"}:
            shown.append(("X-Content-Type-Options", "nosniff"))
        if house["headers"] in {"powered", "many"}:
            shown.append(("X-Powered-By", "PHP/8.2.12"))
        if house["headers"] == "many":
            shown += [("Cache-Control", "no-store, private"), ("Referrer-Policy", "same-origin")]
        if house["request-id"] != "none":
            shown.append(
                ("X-Request-ID", uuid.uuid4().hex if house["request-id"] == "hex" else str(uuid.uuid4()))
            )
        if house["quota-headers"] == "limit":
            shown.append(("X-RateLimit-Limit", "1000"))
        return Reply(f"{status} {HTTPStatus(status).phrase}", [*shown, *headers], body)

    def _top_extra(self) -> dict[str, Any]:
        word = self.house["top-extra"]
        if word == "time":
            return {"server_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        values: dict[str, dict[str, Any]] = {
            "constant": {"success": True},
            "uuid": {"request_id": str(uuid.uuid4())},
        }
        return values.get(word, {})

    def _json_type(self) -> str:
        return "application/json" + ("; charset=utf-8" if self.house["charset"] == "utf-8" else "")

    def _json(self, body: Any) -> bytes:
        text = json.dumps(body, ensure_ascii=self.house["escapes"] == "php", separators=(",", ":"))
        return (text.replace("/", "\\/") if self.house["escapes"] == "php" else text).encode()
