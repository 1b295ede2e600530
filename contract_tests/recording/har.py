"""A recording as HAR 1.2, which browsers and proxies read (http://www.softwareishard.com/blog/har-12-spec/)."""

from __future__ import annotations

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
        params = [
            {"name": f.name, "value": f.value, **({"fileName": f.filename} if f.filename else {})}
            for f in exchange.form
        ]
        request["postData"] = {"mimeType": exchange.media_type, "params": params, "text": exchange.raw}
    return request


def _param(field: FormField) -> dict[str, str]:
    file = {"fileName": field.filename} if field.filename else {}
    return {"name": field.name, "value": field.value, **file}


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
