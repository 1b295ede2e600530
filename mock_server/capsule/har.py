"""A capsule as an HTTP archive (HAR 1.2), which browsers and proxies read."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mock_server import __version__
from mock_server.capsule.capsule import Capsule
from mock_server.client import Exchange, Message


def write_har(capsule: Capsule) -> dict[str, Any]:
    """Return the archive. Keys are redacted in it."""
    entries = [_entry(Exchange(record)) for record in capsule.exchanges]
    creator = {"name": "bitpeak-mock", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries, "comment": capsule.test}}


def _entry(exchange: Exchange) -> dict[str, Any]:
    record, request, answer = exchange.record, exchange.request, exchange.answer
    url = f"http://{request.headers.get('Host', 'localhost')}{exchange.target}"
    asked: dict[str, Any] = {
        "method": exchange.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(request),
        "queryString": [
            {"name": k, "value": v} for k, v in parse_qsl(urlsplit(url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": request.record["bytes"],
    }
    if request.record["bytes"]:
        asked["postData"] = {"mimeType": request.headers.get("Content-Type", ""), **_body(request)}
    return {
        "startedDateTime": record["time"],
        "time": record["milliseconds"],
        "request": asked,
        "response": {
            "status": exchange.status,
            "statusText": _phrase(exchange.status),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _headers(answer),
            "content": _content(answer),
            "redirectURL": answer.headers.get("Location", ""),
            "headersSize": -1,
            "bodySize": answer.record["bytes"],
        },
        "cache": {},
        "timings": {"send": 0, "wait": record["milliseconds"], "receive": 0},
    }


def _headers(message: Message) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in message.headers.items()]


def _content(answer: Message) -> dict[str, Any]:
    return {
        "size": answer.record["bytes"],
        "mimeType": answer.headers.get("Content-Type", ""),
        **_body(answer),
    }


def _body(message: Message) -> dict[str, str]:
    """Write a body: as text, or where it is none in Base64.

    HAR 1.2 has `encoding` for answers only. For requests too it is what most tools write and read that do not lose
    such bodies.
    """
    body = message.body
    if body is None:
        what = f"The beginning of {message.record['bytes']} bytes: the mock remembers no more of them."
        return {"text": message.text or "", "comment": what}
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
