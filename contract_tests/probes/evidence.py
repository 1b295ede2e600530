"""An exchange as evidence of an answer: what was sent and what came, without the key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from contract_tests.document.facts import Facts
from contract_tests.guard.body import Body
from contract_tests.guard.exchange import KEY_VARIABLE, MULTIPART, URLENCODED, Exchange, FormField
from contract_tests.target.api import OWN_KEY, TargetResponse


class SentCall(NamedTuple):
    """A request: what `Api.call` was called with, `parts` being the keyword arguments, and the key it had."""

    method: str
    path: str
    parts: Mapping[str, Any]
    key: str


def exchange_of(facts: Facts, url: str, sent: SentCall, answer: TargetResponse) -> Exchange:
    """Return an exchange without the key; `url` is the base URL to show."""
    method, path, parts, key = sent
    query = urlencode(parts.get("query") or {})
    headers = dict(parts.get("headers") or {})
    authorization = parts.get("authorization", OWN_KEY)
    if authorization is not None:
        text = f"Bearer {key}" if authorization is OWN_KEY else str(authorization)
        headers["Authorization"] = text.replace(key, KEY_VARIABLE) if key else text
    form, body = parts.get("form"), Body(headers.get("Content-Type", ""), parts.get("body") or b"")
    media_type = body.media_type
    fields = body.fields if media_type == MULTIPART else ()
    if form is not None:
        media_type = URLENCODED if parts.get("urlencoded") else MULTIPART
        fields = tuple(FormField(name, value) for name, value in form.items())
    return Exchange(
        method=method,
        url=url + path + (f"?{query}" if query else ""),
        operation=_operation(facts, method, path),
        request_headers=tuple(headers.items()),
        media_type=media_type,
        form=fields,
        raw="" if fields else body.exact,
        status=answer.status,
        headers=tuple(answer.headers.items()),
        body=answer.body.decode(errors="replace"),
        milliseconds=0.0,
    )


def _operation(facts: Facts, method: str, path: str) -> str:
    for operation in facts.operations.values():
        pattern = re.sub(r"\\\{[^/]*\\\}", "[^/]+", re.escape(operation.path))
        if operation.method == method and re.fullmatch(pattern, path):
            return operation.id
    return ""
