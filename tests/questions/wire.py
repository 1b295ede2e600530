"""Probes of the questions about headers and JSON on the wire."""

from __future__ import annotations

from typing import Any

from tests.questions.probe import Probe
from tests.semantics.client import BASE, Client


def response_charset(client: Client) -> Any:
    replies = [client.get(), client.get("/9"), client.call("GET", "/api/none"), client.delete(1)]
    return [reply.headers["content-type"] for reply in replies]


def json_escapes(client: Client) -> Any:
    made = client.created(name="żółw/😀", type="email")
    return client.get(f"/{made['id']}").body.decode().partition('"name":')[2].partition(",")[0]


def cors(client: Client) -> Any:
    asked: dict[str, Any] = {
        "HTTP_ORIGIN": "https://example.com",
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "DELETE",
    }
    preflight = client.call("OPTIONS", f"{BASE}/1", HTTP_AUTHORIZATION=None, **asked)
    replies = [preflight, client.get(HTTP_ORIGIN="https://example.com"), client.get("/9")]
    methods = preflight.headers.get("access-control-allow-methods")
    return [[[reply.status, reply.headers.get("access-control-allow-origin")] for reply in replies], methods]


PROBES = {
    "response-charset": Probe(
        response_charset,
        {
            "none": ["application/json", "application/json", "text/html", "application/json"],
            "utf-8": [
                f"{kind}; charset=utf-8"
                for kind in ("application/json", "application/json", "text/html", "application/json")
            ],
        },
    ),
    "json-escapes": Probe(
        json_escapes,
        {"php": r'"\u017c\u00f3\u0142w\/\ud83d\ude00"', "plain": '"żółw/😀"'},
    ),
    "cors": Probe(
        cors,
        {
            "closed": [[[401, None], [200, None], [404, None]], None],
            "open": [[[204, "*"], [200, "*"], [404, "*"]], "GET, POST, DELETE"],
        },
    ),
}
