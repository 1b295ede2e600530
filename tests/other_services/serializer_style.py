"""A service in the style of Django REST framework: a list of messages for each field, `detail` for everything else."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, jsonify, request

ROWS = "/api/notification-handlers"
SIZES = (10, 25, 50, 100, 250, 500, 1000)
FIELDS: dict[str, tuple[str, ...]] = {
    **{kind: (kind,) for kind in ("email", "webhook", "slack", "discord", "microsoft_teams", "google_chat")},
    "telegram": ("telegram", "telegram_chat_id"),
    "x": ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret"),
    "internal_notification": (),
}
OWNED = [name for names in FIELDS.values() for name in names]
URLS = ("webhook", "slack", "discord", "microsoft_teams", "google_chat")
TRUE = {"t", "y", "yes", "true", "on", "1"}
FALSE = {"f", "n", "no", "false", "off", "0"}

Row = dict[str, Any]
Errors = dict[str, list[str]]


class Refused(Exception):
    """The request is refused with this status and body."""

    def __init__(self, status: int, body: Any, **headers: str) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


def create_service(*keys: str) -> Flask:
    """Make the service; each key has an account of its own, with two rows in it."""
    app, lock = Flask("serializer_style"), threading.Lock()
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    accounts: dict[str, dict[int, Row]] = {}
    ids = iter(range(10_001, 1_000_000))
    for key in keys or ("live-key", "other-key"):
        accounts[key] = {}
        for name in ("Ops", "Team"):
            row = _new(next(ids), {"name": name, "type": "email", "email": f"{name.lower()}@example.com"})
            accounts[key][row["id"]] = row

    def account() -> dict[int, Row]:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Refused(
                401,
                {"detail": "Authentication credentials were not provided."},
                **{"WWW-Authenticate": "Bearer"},
            )
        if key not in accounts:
            raise Refused(401, {"detail": "Invalid token."}, **{"WWW-Authenticate": "Bearer"})
        return accounts[key]

    def found(number: str) -> Row:
        rows = account()
        if not re.fullmatch(r"\d{1,18}", number) or int(number) not in rows:
            raise Refused(404, {"detail": "No NotificationHandler matches the given query."})
        return rows[int(number)]

    @app.get(ROWS)
    def index() -> Any:
        rows = list(account().values())[::-1]
        return _page(rows)

    @app.post(ROWS)
    def create() -> Any:
        rows = account()
        with lock:
            fields = _validated(None)
            row = _new(next(ids), fields)
            rows[row["id"]] = row
        return jsonify({"data": {"id": row["id"]}}), 201

    @app.get(f"{ROWS}/<number>")
    def retrieve(number: str) -> Any:
        return jsonify({"data": _shown(found(number))})

    @app.post(f"{ROWS}/<number>")
    def update(number: str) -> Any:
        row = found(number)
        with lock:
            fields = _validated(row)
            if fields.get("type", row["type"]) != row["type"]:
                row["type"] = fields["type"]
                row["settings"] = dict.fromkeys(FIELDS[row["type"]])
            row["settings"] |= {name: fields[name] for name in FIELDS[row["type"]] if name in fields}
            row["name"] = fields.get("name", row["name"])
            row["is_enabled"] = fields.get("is_enabled", row["is_enabled"])
        return jsonify({"data": {"id": row["id"]}})

    @app.delete(f"{ROWS}/<number>")
    def delete(number: str) -> Any:
        row = found(number)
        del account()[row["id"]]
        return "", 204

    @app.errorhandler(Refused)
    def refused(no: Refused) -> Any:
        return jsonify(no.body), no.status, no.headers

    @app.errorhandler(404)
    def unknown(_: Exception) -> Any:
        return "<h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n", 404

    @app.errorhandler(405)
    def method(error: Any) -> Any:
        try:
            account()
        except Refused as no:
            return refused(no)
        allow = ", ".join(sorted(error.valid_methods))
        return jsonify({"detail": f'Method "{request.method}" not allowed.'}), 405, {"Allow": allow}

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Vary"] = "Accept"
        return response

    return app


def _new(number: int, fields: dict[str, Any]) -> Row:
    kind = fields["type"]
    return {
        "id": number, "type": kind, "name": fields["name"],
        "settings": {name: fields.get(name) for name in FIELDS[kind]},
        "is_enabled": True, "last_datetime": None,
        "datetime": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
    }  # fmt: skip


def _shown(row: Row) -> Row:
    return {**row, "url": f"{request.host_url.rstrip('/')}{ROWS}/{row['id']}"}


def _page(rows: list[Row]) -> Any:
    asked = request.args.get("results_per_page", "")
    size = int(asked) if asked in map(str, SIZES) else 25
    pages = max(1, -(-len(rows) // size))
    text = request.args.get("page", "1")
    number = pages if text == "last" else int(text) if re.fullmatch(r"\d{1,9}", text) else 0
    if not 1 <= number <= pages:
        raise Refused(404, {"detail": "Invalid page."})

    def link(page: int | None) -> str | None:
        if page is None:
            return None
        extra = f"&results_per_page={size}" if asked in map(str, SIZES) else ""
        return f"{request.host_url.rstrip('/')}{ROWS}?page={page}{extra}"

    shown = [_shown(row) for row in rows[(number - 1) * size : number * size]]
    return jsonify({
        "data": shown,
        "meta": {"page": number, "results_per_page": size, "total": len(rows), "total_pages": pages},
        "links": {
            "first": link(1), "last": link(pages), "next": link(number + 1 if number < pages else None),
            "prev": link(number - 1 or None), "self": link(number),
        },
    })  # fmt: skip


def _validated(row: Row | None) -> dict[str, Any]:
    """Read the form of a create (no row) or an update. Raises Refused with every field's messages."""
    if request.mimetype not in {"multipart/form-data", "application/x-www-form-urlencoded", ""}:
        raise Refused(415, {"detail": f'Unsupported media type "{request.mimetype}" in request.'})
    errors: Errors = {}
    fields: dict[str, Any] = {}
    for name in ("name", "type", *OWNED, *(("is_enabled",) if row else ())):
        text = request.form.getlist(name)[-1] if name in request.form else None
        if name in request.files:
            errors[name] = ["Not a valid string."]
        elif text is not None:
            _validate(name, text, fields, errors)
        elif row is None and name in {"name", "type"}:
            errors[name] = ["This field is required."]
    if not errors:
        kind = str(fields.get("type", row["type"] if row else ""))
        errors = {
            name: [f"This field is not used by handlers of type {kind}."]
            for name in fields
            if name in OWNED and name not in FIELDS[kind]
        }
    if errors:
        raise Refused(400, errors)
    return fields


def _validate(name: str, text: str, fields: dict[str, Any], errors: Errors) -> None:
    stripped, problem = text.strip(), ""
    most = 100 if name == "name" else 254 if name == "email" else 1000
    if name == "is_enabled":
        if stripped.lower() not in TRUE | FALSE:
            errors[name] = ["Must be a valid boolean."]
        fields[name] = stripped.lower() in TRUE
        return
    if "\x00" in stripped:
        problem = "Null characters are not allowed."
    elif name == "type":
        problem = "" if text in FIELDS else f'"{text}" is not a valid choice.'
        stripped = text
    elif stripped == "":
        problem = "This field may not be blank."
    elif len(stripped) > most:
        problem = f"Ensure this field has no more than {most} characters."
    elif name == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}", stripped):
        problem = "Enter a valid email address."
    elif name in URLS and not re.fullmatch(r"https?://[^\s/?#]+\S*", stripped):
        problem = "Enter a valid URL."
    if problem:
        errors[name] = [problem]
    fields[name] = stripped
