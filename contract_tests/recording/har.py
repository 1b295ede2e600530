"""A recording as HAR 1.2, which browsers and proxies read (http://www.softwareishard.com/blog/har-12-spec/)."""

from __future__ import annotations

import base64
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.guard.exchange import Exchange, FormField
from contract_tests.recording.tape import Recorded, Recording

_UNKNOWN = -1


def as_har(recording: Recording) -> dict[str, Any]:
    """Return a recording as the data of a HAR file."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "bitpeak-mock", "version": version("bitpeak-mock")},
            "comment": f"{recording.target}, {recording.date:%Y-%m-%d}; keys and rows of others are taken out",
            "entries": [_entry(each) for each in recording.exchanges],
        }
    }


def _entry(recorded: Recorded) -> dict[str, Any]:
    exchange = recorded.exchange
    return {
        "startedDateTime": recorded.at,
        "time": exchange.milliseconds,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": exchange.milliseconds, "receive": 0},
        "comment": exchange.operation,
    }


def _request(exchange: Exchange) -> dict[str, Any]:
    query = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(exchange.request_headers),
        "queryString": _named(query),
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN,
    }
    if exchange.media_type:
        # HAR 1.2 has either: the fields as they were read, or the text where there are none.
        sent = (
            {"params": [_param(field) for field in exchange.form]} if exchange.form else _body(exchange.raw)
        )
        request["postData"] = {"mimeType": exchange.media_type, **sent}
    return request


def _param(field: FormField) -> dict[str, str]:
    file = {"fileName": field.filename} if field.filename else {}
    return {"name": field.name, **_body(field.value, "value"), **file}


def _body(text: str, name: str = "text") -> dict[str, str]:
    """Write a text whose bytes that are no UTF-8 are lone surrogates: as it is, or where it has those in Base64.

    HAR 1.2 has `encoding` for answers only. For requests too it is what most tools write and read that do not lose
    such bodies.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return {name: base64.b64encode(_bytes(text)).decode(), "encoding": "base64"}
    return {name: text}


def _bytes(text: str) -> bytes:
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # a recording that somebody has edited
        return text.encode(errors="surrogatepass")


def _response(exchange: Exchange) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in exchange.headers}
    return {
        "status": exchange.status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(exchange.headers),
        "content": {
            "size": len(exchange.body.encode(errors="surrogatepass")),
            "mimeType": headers.get("content-type", ""),
            "text": exchange.body,
        },
        "redirectURL": headers.get("location", ""),
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN,
    }


def _named(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
