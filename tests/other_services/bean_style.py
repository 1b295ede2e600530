"""A service in the style of Spring Boot: a time stamp and the path in each error, secrets masked, nothing trimmed."""

from __future__ import annotations

import re
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, jsonify, redirect, request

ROWS = "/api/notification-handlers"
SIZES = (10, 25, 50, 100, 250, 500, 1000)
ADDRESSES = ("webhook", "slack", "discord", "microsoft_teams", "google_chat")
OWN: dict[str, tuple[str, ...]] = {
    "email": ("email",),
    **{kind: (kind,) for kind in ADDRESSES},
    "telegram": ("telegram", "telegram_chat_id"),
    "x": ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret"),
    "internal_notification": (),
}
EVERY = tuple(name for names in OWN.values() for name in names)
SECRET = {"telegram", *OWN["x"]}
REASONS = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    415: "Unsupported Media Type",
}


class Problem(Exception):
    """The request is refused."""

    def __init__(self, status: int, message: str = "", fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.fields = status, message, fields


class Account:
    """The rows of one key."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}


def create_service(*keys: str) -> Flask:
    """Make the service; each key has an account of its own, with one row in it."""
    app, lock = Flask("bean_style"), threading.Lock()
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    accounts = {key: Account() for key in keys or ("live-key", "other-key")}
    last = [7000]

    def store(account: Account, fields: dict[str, Any]) -> int:
        last[0] += 7
        account.rows[last[0]] = {
            "id": last[0],
            "type": fields["type"],
            "name": fields["name"],
            "settings": {name: fields[name] for name in OWN[fields["type"]] if name in fields},
            "is_enabled": fields.get("is_enabled", True),
            "last_datetime": None,
            "datetime": _now(),
            "etag": uuid.uuid4().hex[:16],
        }
        return last[0]

    for account in accounts.values():
        store(account, {"name": "Desk", "type": "internal_notification"})

    @app.before_request
    def check_key() -> Any:
        if request.path.rstrip("/") != ROWS and not request.path.startswith(f"{ROWS}/"):
            raise Problem(404, f"No static resource {request.path.lstrip('/')}.")
        found = re.match(r"(?i)bearer +(\S+)$", request.headers.get("Authorization", ""))
        if found is None or found[1] not in accounts:
            challenge = 'Bearer error="invalid_token"' if found else "Bearer"
            return Response(status=401, headers={"WWW-Authenticate": challenge})
        request.environ["account"] = accounts[found[1]]
        if request.path.endswith("/") and request.path != f"{ROWS}/":
            return redirect(request.path.rstrip("/"), 308)
        return None

    def row_of(text: str) -> dict[str, Any]:
        if not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise Problem(400, f"Failed to convert 'id' with value: '{text}'")
        row = request.environ["account"].rows.get(int(text))
        if row is None:
            raise Problem(404, f"Notification handler {int(text)} was not found")
        return dict(row)

    @app.get(ROWS)
    def index() -> Any:
        rows = sorted(request.environ["account"].rows.values(), key=lambda row: -row["id"])
        number, size = _number("page", 1), _number("results_per_page", 25)
        if size not in SIZES:
            raise Problem(400, "Validation failure", {"results_per_page": "must be one of the page sizes"})
        if number < 1:
            raise Problem(400, "Validation failure", {"page": "must be greater than or equal to 1"})
        pages = -(-len(rows) // size)

        def link(page: int) -> str:
            return f"{request.host_url.rstrip('/')}{ROWS}?results_per_page={size}&page={page}"

        shown = [_shown(row) for row in rows[(number - 1) * size : number * size]]
        meta = {"page": number, "results_per_page": size, "total": len(rows), "total_pages": pages}
        meta |= {"first": number == 1, "last": number >= pages}
        links = {
            "first": link(1),
            "last": link(max(pages, 1)),
            "next": link(number + 1) if number < pages else None,
            "prev": link(number - 1) if number > 1 else None,
            "self": link(number),
        }
        return jsonify({"data": shown, "meta": meta, "links": links})

    @app.post(ROWS)
    def create() -> Any:
        with lock:
            account = request.environ["account"]
            fields = _fields(None)
            _unique(account, fields["name"], None)
            number = store(account, fields)
        return jsonify({"data": {"id": number}}), 201, {"Location": f"{ROWS}/{number}"}

    @app.get(f"{ROWS}/<text>")
    def retrieve(text: str) -> Any:
        return jsonify({"data": _shown(row_of(text))})

    @app.post(f"{ROWS}/<text>")
    def update(text: str) -> Any:
        with lock:
            row, account = row_of(text), request.environ["account"]
            fields = _fields(row)
            _unique(account, fields.get("name"), row["id"])
            kind = fields.get("type", row["type"])
            kept = row["settings"] if kind == row["type"] else {}
            row["settings"] = {**kept, **{name: fields[name] for name in OWN[kind] if name in fields}}
            row |= {name: fields[name] for name in ("name", "type", "is_enabled") if name in fields}
            row["last_datetime"] = _now()
            account.rows[row["id"]] = row
        return jsonify({"data": {"id": row["id"]}})

    @app.delete(f"{ROWS}/<text>")
    def delete(text: str) -> Any:
        row = row_of(text)
        del request.environ["account"].rows[row["id"]]
        return Response(status=204)

    @app.errorhandler(Problem)
    def problem(no: Problem) -> Any:
        body: dict[str, Any] = {
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "status": no.status,
            "error": REASONS[no.status],
            "message": no.message,
            "path": request.path,
        }
        if no.fields:
            body["errors"] = [{"field": name, "defaultMessage": text} for name, text in no.fields.items()]
        return jsonify(body), no.status

    @app.errorhandler(405)
    def method(error: Any) -> Any:
        response, status = problem(Problem(405, f"Method '{request.method}' is not supported."))
        return response, status, {"Allow": ",".join(sorted(error.valid_methods))}

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-cache, no-store, max-age=0, must-revalidate"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-XSS-Protection"] = "0"
        return response

    return app


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not re.fullmatch(r"[+-]?\d{1,9}", text):
        raise Problem(400, f"Failed to convert '{name}' with value: '{text}'")
    return int(text)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    settings = {name: _masked(text) if name in SECRET else text for name, text in row["settings"].items()}
    return {**row, "settings": settings}


def _masked(text: str) -> str:
    return "*" * max(len(text) - 4, 0) + text[-4:] if len(text) > 4 else "*" * len(text)


def _unique(account: Account, name: str | None, own: int | None) -> None:
    if any(row["name"] == name and row["id"] != own for row in account.rows.values()):
        raise Problem(409, f"A notification handler named '{name}' exists already")


def _fields(row: dict[str, Any] | None) -> dict[str, Any]:
    """Read the form of a create (no row) or of an update. Raises Problem."""
    if request.mimetype not in {"multipart/form-data", "application/x-www-form-urlencoded", ""}:
        raise Problem(415, f"Content-Type '{request.headers.get('Content-Type')}' is not supported")
    sent: dict[str, Any] = {name: values[0] for name, values in request.form.lists()}
    wrong: dict[str, str] = {}
    fields: dict[str, Any] = {}
    for name in ("name", "type", *EVERY):
        text = sent.get(name)
        if text is None:
            if row is None and name in {"name", "type"}:
                wrong[name] = "must not be null"
            continue
        if name == "type" and text not in OWN:
            wrong[name] = "must be a known type"
        elif name == "name" and not text.strip():
            wrong[name] = "must not be blank"
        elif len(text) > (255 if name == "name" else 2048):
            wrong[name] = f"size must be between 0 and {255 if name == 'name' else 2048}"
        elif name == "email" and text and not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
            wrong[name] = "must be a well-formed email address"
        fields[name] = text
    if "is_enabled" in sent:
        word = sent["is_enabled"].lower()
        if word in {"true", "on", "yes", "1"}:
            fields["is_enabled"] = True
        elif word in {"false", "off", "no", "0"}:
            fields["is_enabled"] = False
        elif word:
            raise Problem(400, f"Failed to convert 'is_enabled' with value: '{sent['is_enabled']}'")
    if wrong:
        raise Problem(400, "Validation failure", wrong)
    return fields
