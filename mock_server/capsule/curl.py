"""A capsule as a shell script of curl."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from mock_server.capsule.capsule import Capsule
from mock_server.capsule.replay import headers_of
from mock_server.client import Exchange

# Headers that curl writes by itself, or that only the first client meant.
_LEFT_OUT = {"host", "user-agent", "accept", "accept-encoding"}


def write_curl(capsule: Capsule) -> str:
    """Write a POSIX script; it asks a mock at $MOCK, and each world has a new key."""
    lines = [
        "#!/bin/sh",
        f"# {capsule.test}",
        "set -eu",
        "MOCK=${MOCK:-http://127.0.0.1:4055}",
    ]
    for number, world in enumerate(capsule.worlds, 1):
        lines += ["", f"KEY=mock-replay-$$-{number}", _control("PUT", "/state", world["state"])]
        for step in world["steps"]:
            lines += _step(step)
    return "\n".join(lines) + "\n"


def _step(step: Mapping[str, Any]) -> Iterator[str]:
    if "change" in step:
        yield _control(**step["change"])
        return
    exchange = Exchange(step["exchange"])
    yield f"# {exchange.status} at {exchange.record['time']}"
    yield from _request(exchange)


def _control(method: str, path: str, body: Any) -> str:
    data = "" if body is None else f" --data {shlex.quote(json.dumps(body))}"
    return f'curl -sS -o /dev/null --request {method}{data} "$MOCK/_mock{path}?key=$KEY"'


def _request(exchange: Exchange) -> Iterator[str]:
    headers = headers_of(exchange, "$KEY")
    form = _form(exchange)
    if form:
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    words = ["curl -sS -i", f"--request {exchange.method}"]
    for name, value in headers.items():
        if name.lower() not in _LEFT_OUT:
            words.append(f"--header {_double_quoted(f'{name}: {value}')}")
    words += form
    url = f'"$MOCK"{shlex.quote(exchange.target)}'
    body = exchange.request.body
    if body and not form:
        encoded = base64.b64encode(body).decode()
        yield f"printf %s {encoded} | base64 -d | {' '.join(words)} --data-binary @- {url}; echo"
    else:
        yield f"{' '.join(words)} {url}; echo"


def _form(exchange: Exchange) -> list[str]:
    """Return curl's flags for a form of nothing but short text fields, else none."""
    parts = exchange.request.parts
    if not parts or not exchange.request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        return []
    if any(part["kind"] != "text" or len(part["preview"].encode()) != part["bytes"] for part in parts):
        return []
    return [f"--form-string {shlex.quote(part['name'] + '=' + part['preview'])}" for part in parts]


def _double_quoted(text: str) -> str:
    """Quote for a shell, but for $KEY."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`").replace("$", "\\$")
    return '"' + quoted.replace("\\$KEY", "$KEY") + '"'
