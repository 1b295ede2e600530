"""A capsule played again, in a fresh mock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mock_server.capsule.capsule import Capsule
from mock_server.client import Api, ControlError, Exchange, Mock

# What a request says of its framing and its way is written anew.
_OWN = {"content-length", "transfer-encoding", "connection", "expect"}


class Outcome(NamedTuple):
    """How an exchange went again; `difference` is empty where it went as before."""

    world: int
    exchange: Exchange
    difference: str


def play(capsule: Capsule, mock: Mock) -> Iterator[Outcome]:
    """Restore each world and make its calls again, each at its time. Raises ControlError where that cannot be."""
    for number, world in enumerate(capsule.worlds, 1):
        api = mock.world()
        api.restore(world["state"])
        for step in world["steps"]:
            if "change" in step:
                change = step["change"]
                _again(api, change)
            else:
                exchange = Exchange(step["exchange"])
                yield Outcome(number, exchange, _difference(api, exchange))


def _again(api: Api, change: Mapping[str, Any]) -> None:
    api.mock.control.ask(change["method"], change["path"], change["body"], key=api.api_key)


def headers_of(exchange: Exchange, key: str) -> dict[str, str]:
    """Return the request's headers with another key in the place of the one that was redacted."""
    headers = {name: value for name, value in exchange.request.headers.items() if name.lower() not in _OWN}
    if "Authorization" in headers:
        said = headers["Authorization"]
        redacted: str = exchange.record["key"]
        headers["Authorization"] = said.replace(redacted, key) if redacted in said else f"Bearer {key}"
    return headers


def _difference(api: Api, exchange: Exchange) -> str:
    body = exchange.request.body
    if body is None:
        return "it cannot be asked again: its body was too long to be remembered"
    try:
        api.freeze(exchange.time)
    except ControlError as error:
        return str(error)
    said = api.mock.channel.ask(exchange.method, exchange.target, headers_of(exchange, api.api_key), body)
    if said.status != exchange.status:
        return f"the status was {exchange.status} and is now {said.status}"
    before, now = exchange.answer.body, said.body
    if before is None:  # only its beginning is remembered
        before = (exchange.answer.text or "").encode()
        now = now[: len(before)]
    return "" if _read(before) == _read(now) else f"the body was {_shown(before)} and is now {_shown(now)}"


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def _shown(body: bytes) -> str:
    text = body.decode(errors="replace")
    return text if len(text) <= 500 else f"{text[:500]}…"
